# SPDX-License-Identifier: Apache-2.0
"""GB 18030 text as the 2022 edition reads it; GB2312 and GBK are read the same way.

Python's codec keeps some two-byte codes of the 2000 edition in the private use area, so that rare characters of names
(龴 龵 ḿ) would arrive as blanks. Codes of the true user-defined zones stay as they are.
"""

from typing import Final

NAMES: Final = frozenset(
    {"gb2312", "gb_2312-80", "gbk", "cp936", "ms936", "windows-936", "x-gbk", "gb18030", "gb18030-2000"}
)
"""Declared names (lower case) that are read as GB 18030: files declared GB2312 regularly hold GBK characters."""

_MOVED: Final = {
    0xE78D: 0xFE10, 0xE78E: 0xFE12, 0xE78F: 0xFE11, 0xE790: 0xFE13, 0xE791: 0xFE14, 0xE792: 0xFE15, 0xE793: 0xFE16,
    0xE794: 0xFE17, 0xE795: 0xFE18, 0xE796: 0xFE19, 0xE7C7: 0x1E3F, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6,
    0xE82C: 0x9FB7, 0xE832: 0x9FB8, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE864: 0x9FBB,
}  # fmt: skip


def decode(data: bytes) -> str:
    """Return the text of ``data``; raises UnicodeDecodeError at the first byte that is not GB 18030."""
    text = data.decode("gb18030")
    return text if text.isascii() else text.translate(_MOVED)
