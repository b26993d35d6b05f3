# SPDX-License-Identifier: Apache-2.0
"""Exact numbers: the point is moved as text, never through binary floats."""

import re
from typing import Final

UNITS: Final = {
    "厘": -3, "分": -2, "角": -1, "元": 0, "百元": 2, "千元": 3, "万元": 4, "百万元": 6, "千万元": 7, "亿元": 8, "1": 0,
}  # fmt: skip
"""Power of ten from a source's unit to yuan; ``1`` says that the number is no money."""

_DECIMAL = re.compile(r"([+-]?)(\d*)(?:\.(\d+))?", re.ASCII)
_INTEGER = re.compile(r"([+-]?)(\d+)(?:\.0+)?", re.ASCII)


def ungrouped(text: str, mark: str) -> str | None:
    """Return ``text`` without thousands marks, or None where they do not stand at thousands."""
    whole, point, rest = text.partition(".")
    if mark not in whole:
        return text
    first, *others = whole.split(mark)
    if not 1 <= len(first.lstrip("+-")) <= 3 or any(len(group) != 3 for group in others):
        return None
    return first + "".join(others) + point + rest


def decimal(text: str, scale: int = 0, fraction_digits: int | None = None) -> str | None:
    """Return the canonical decimal of ``text`` times ten to the ``scale``: no exponent, no idle zeros, no ``-0``.

    None where ``text`` is no number, or would need more than ``fraction_digits`` digits after the point.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        return None
    sign, whole, part = match[1], match[2], match[3] or ""
    if scale >= 0:
        part = part.ljust(scale, "0")
        whole, part = whole + part[:scale], part[scale:]
    else:
        whole = whole.rjust(-scale, "0")
        whole, part = whole[:scale], whole[scale:] + part
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    if fraction_digits is not None and len(part) > fraction_digits:
        return None
    number = f"{whole}.{part}" if part else whole
    return f"-{number}" if sign == "-" and number != "0" else number


def integer(text: str) -> str | None:
    """Return the canonical integer of ``text`` (``12``, ``012``, ``12.0``), or None."""
    match = _INTEGER.fullmatch(text)
    if match is None:
        return None
    number = match[2].lstrip("0") or "0"
    return f"-{number}" if match[1] == "-" and number != "0" else number


BOOLEANS: Final = {"true": "true", "false": "false", "1": "true", "0": "false"}
"""Texts that are truth values without a crosswalk."""
