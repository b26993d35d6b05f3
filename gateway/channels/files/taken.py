# SPDX-License-Identifier: Apache-2.0
"""What one row of a file is, taken or not."""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.model.finding import Finding
from gateway.model.record import Scalar, Spot


class Taken(NamedTuple):
    """One row: its place and its values by column."""

    spot: Spot
    values: dict[str, Scalar]


class Bad(NamedTuple):
    """One row that is not taken: its line, why, and its values as far as they could be read."""

    line: int
    finding: Finding
    values: Mapping[str, Scalar]
