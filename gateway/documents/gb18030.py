# SPDX-License-Identifier: Apache-2.0
"""GB 18030 text as the 2022 edition reads it; GB2312 and GBK are read the same way.

Python's codec keeps some two-byte codes of the 2000 edition in the private use area, so that rare characters of names
(龴 龵 ḿ) and vertical punctuation would arrive as blanks. ``ROWS`` is the whole difference: every other of the 23,940
two-byte codes reads alike. Codes of the true user-defined zones, and the six that the 2022 edition itself leaves
private (FE51 FE52 FE53 FE6C FE76 FE91), stay as they are; ``private_use`` finds them.

Of the four-byte codes, 8135F437 is read as ḿ (2000 edition, so older Java writes it) and not as private use.
"""

import re
from collections.abc import Callable
from typing import Final

NAMES: Final = frozenset(
    {"gb2312", "gb_2312-80", "euc-cn", "gbk", "cp936", "ms936", "windows-936", "x-gbk", "gb18030", "gb18030-2000",
     "gb18030-2005", "gb18030-2022"}
)  # fmt: skip
"""Declared names (lower case) that are read as GB 18030: files declared GB2312 regularly hold GBK characters."""

ROWS: Final[tuple[tuple[str, str, str], ...]] = (
    ("A3A0", "\ue5e5", "\u3000"),  # not the 2022 edition but what files hold: a full-width blank (WHATWG reads it so)
    ("A6D9", "\ue78d", "\ufe10"),
    ("A6DA", "\ue78e", "\ufe12"),
    ("A6DB", "\ue78f", "\ufe11"),
    ("A6DC", "\ue790", "\ufe13"),
    ("A6DD", "\ue791", "\ufe14"),
    ("A6DE", "\ue792", "\ufe15"),
    ("A6DF", "\ue793", "\ufe16"),
    ("A6EC", "\ue794", "\ufe17"),
    ("A6ED", "\ue795", "\ufe18"),
    ("A6F3", "\ue796", "\ufe19"),
    ("A8BC", "\ue7c7", "\u1e3f"),
    ("FE59", "\ue81e", "\u9fb4"),
    ("FE61", "\ue826", "\u9fb5"),
    ("FE66", "\ue82b", "\u9fb6"),
    ("FE67", "\ue82c", "\u9fb7"),
    ("FE6D", "\ue832", "\u9fb8"),
    ("FE7E", "\ue843", "\u9fb9"),
    ("FE90", "\ue854", "\u9fba"),
    ("FEA0", "\ue864", "\u9fbb"),
)
"""Code (hex), what Python's codec makes of it, what it is."""

_READ: Final = str.maketrans({given: real for _code, given, real in ROWS})
_WRITTEN: Final = str.maketrans({real: given for code, given, real in ROWS if code != "A3A0"})
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")


def decode(data: bytes) -> str:
    """Return the text of ``data``; raises UnicodeDecodeError at the first byte that is not GB 18030."""
    text = data.decode("gb18030")
    return text if text.isascii() else text.translate(_READ)


def codec(declared: str) -> str:
    """Return the codec that reads a declared encoding: GB 18030 for its whole family, else the name itself."""
    return "gb18030" if declared.lower() in NAMES else declared


def decoder(declared: str) -> Callable[[bytes], str]:
    """Return how bytes of a declared encoding become text, strictly; what it returns raises UnicodeDecodeError."""
    name = codec(declared)
    return decode if name == "gb18030" else lambda data: data.decode(name)


def encode(text: str) -> bytes:
    """Return ``text`` in GB 18030; raises UnicodeEncodeError for a lone surrogate."""
    return text.translate(_WRITTEN).encode("gb18030")


def private_use(text: str) -> str | None:
    """Return the first private-use character (自造字) of ``text``, which nobody else can read, or None."""
    found = None if text.isascii() else _PRIVATE.search(text)
    return None if found is None else found.group()
