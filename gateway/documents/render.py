# SPDX-License-Identifier: Apache-2.0
"""Text and elements written straight in exclusive canonical form, so that a document's digest is that of its bytes."""

import re
import unicodedata
from typing import Final

from gateway.errors import TranslationError

NAMESPACE: Final = "urn:jx:power-exchange:1.0"
"""Namespace of the wire messages (standard.md §4)."""

_UNUSUAL = re.compile("[&<>\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class ForbiddenCharacter(TranslationError):
    """A text holds a character that no document may carry: controls, line breaks, half surrogates (standard.md §1)."""

    def __init__(self, character: str, position: int) -> None:
        super().__init__(f"U+{ord(character):04X} @ {position}")
        self.character = character
        self.position = position


def escape_text(text: str) -> str:
    """Return ``text`` as canonical character data.

    Raises ForbiddenCharacter for any control character: a document is one line, so the caller turns line breaks and
    tabs into spaces first (``one_line``).
    """
    if _UNUSUAL.search(text) is None:
        return text
    found = _FORBIDDEN.search(text)
    if found:
        raise ForbiddenCharacter(found.group(), found.start())
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str) -> str:
    """Return ``text`` with each run of line breaks and tabs turned into one space."""
    return _BREAKS.sub(" ", text) if _BREAKS.search(text) else text


_BREAKS = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")


def composed(text: str) -> str:
    """Return ``text`` in normal form NFC, as the standard counts and compares it (standard.md §1)."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def element(name: str, text: str | int) -> str:
    """Return ``<name>text</name>`` with the text escaped."""
    return f"<{name}>{escape_text(str(text))}</{name}>"


def optional(name: str, text: str | int | None) -> str:
    """Return the element, or nothing where there is no text."""
    return "" if text is None else element(name, text)
