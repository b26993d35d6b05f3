# SPDX-License-Identifier: Apache-2.0
"""The id of a row (行标识) as one text: several columns are joined by ``|``, a ``|`` or ``\\`` inside them is escaped."""

import re
from collections.abc import Sequence


def join_row_id(parts: Sequence[str]) -> str:
    r"""Return the row id of the columns that make it; one column stands as it is.

    >>> join_row_id(["a|b", "c"])
    'a\\|b|c'
    """
    if len(parts) == 1:
        return parts[0]
    return "|".join([part.replace("\\", "\\\\").replace("|", "\\|") for part in parts])


def split_row_id(row_id: str, parts: int) -> list[str]:
    r"""Return the columns of a row id as ``join_row_id`` joined them.

    >>> split_row_id("a\\|b|c", 2)
    ['a|b', 'c']
    """
    if parts == 1:
        return [row_id]
    found = [re.sub(r"\\(.)", r"\1", part) for part in re.findall(r"((?:[^|\\]|\\.)*)(?:\||$)", row_id)]
    return found[:parts]
