# SPDX-License-Identifier: Apache-2.0
"""Text as vendors type it: null tokens with their variants, full-width forms, line breaks."""

from collections.abc import Iterable
from typing import Final

from gateway.documents.render import composed, one_line

_TO_HALF: Final = {0x3000: " "} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_TO_FULL: Final = {0x20: "\u3000"} | {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
_ALIKE: Final = {"-": ("\u2014", "\u2013", "\u2015", "\uff0d", "\u2010", "\u2212"), "无": ("無",), "無": ("无",)}


def half_width(text: str) -> str:
    """Return ``text`` with full-width ASCII (U+FF01-FF5E) and the ideographic space as their half-width forms."""
    return text.translate(_TO_HALF)


def null_tokens(tokens: Iterable[str]) -> frozenset[str]:
    """Return the tokens with case and width variants; the empty text is always among them."""
    found = {""}
    for token in tokens:
        plain = half_width(composed(token)).strip()
        for alike in (plain, *_ALIKE.get(plain, ())):
            for case in (alike, alike.upper(), alike.lower(), alike.capitalize()):
                found |= {case, case.translate(_TO_FULL)}
    return frozenset(found)


def clean(text: str, *, narrow: bool = False) -> str:
    """Return ``text`` half-width where asked for, on one line, in NFC, without outer white space."""
    return composed(one_line(half_width(text) if narrow else text)).strip()
