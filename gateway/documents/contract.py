# SPDX-License-Identifier: Apache-2.0
"""Reads messages that must be exactly what the contract says: every child in its order, nothing beside it."""

import re
from datetime import datetime
from typing import Final

from lxml import etree

from gateway.documents.render import NAMESPACE
from gateway.errors import BadGateway

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
PARTY: Final = re.compile(r"[0-9A-Z]{9}|[0-9A-Z]{18}")
CODE: Final = re.compile(r"[0-9]{4}")
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?\+08:00")
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
COUNT: Final = re.compile(r"\d{1,18}")
TEXT: Final = re.compile(r".{0,2000}", re.DOTALL)


class Children:
    """The children of an element, taken one after the other; anything unexpected raises BadGateway.

    Error details name elements, never their content: an answer may quote personal data.
    """

    def __init__(
        self, element: "etree._Element", attributes: frozenset[str] = frozenset(), namespace: str = NAMESPACE
    ) -> None:
        self._name = _local(element)
        self._namespace = namespace
        if set(element.attrib) - attributes:
            raise self._wrong("属性 / attributes")
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            raise self._wrong("文字 / text")
        self._rest = list(reversed(element))

    def element(self, name: str) -> "etree._Element":
        """Take the next child, which must be ``name``."""
        found = self.element_if(name)
        if found is None:
            raise self._wrong(name)
        return found

    def element_if(self, name: str) -> "etree._Element | None":
        """Take the next child if it is ``name``."""
        if self._rest and self._rest[-1].tag == f"{{{self._namespace}}}{name}":
            return self._rest.pop()
        return None

    def foreign(self, tag: str) -> "etree._Element":
        """Take the next child, which must have the full tag ``{namespace}name``."""
        if not self._rest or self._rest[-1].tag != tag:
            raise self._wrong(tag.rpartition("}")[2])
        return self._rest.pop()

    def foreign_if(self, tag: str) -> "etree._Element | None":
        """Take the next child if it has the full tag ``{namespace}name``."""
        return self._rest.pop() if self._rest and self._rest[-1].tag == tag else None

    def any_element(self) -> "etree._Element":
        """Take the next child, an element of the standard's namespace."""
        if not self._rest or not str(self._rest[-1].tag).startswith(f"{{{NAMESPACE}}}"):
            raise self._wrong("*")
        return self._rest.pop()

    def text(self, name: str, form: re.Pattern[str] = TEXT) -> str:
        """Take the text of the next child, which must be ``name`` and of the given form."""
        return leaf(self.element(name), form)

    def text_if(self, name: str, form: re.Pattern[str] = TEXT) -> str | None:
        """Take the text of the next child if it is ``name``."""
        found = self.element_if(name)
        return None if found is None else leaf(found, form)

    def number(self, name: str) -> int:
        """Take a whole number from 0 (at most 18 digits)."""
        return int(self.text(name, COUNT))

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._rest:
            raise self._wrong(_local(self._rest[-1]))

    def _wrong(self, what: str) -> BadGateway:
        return BadGateway(f"{self._name}/{what}: 不符合接口规范 / not of the contract")


def leaf(element: "etree._Element", form: re.Pattern[str]) -> str:
    """Return the text of an element without children or attributes, of the given form; raises BadGateway."""
    text = element.text or ""
    if len(element) or element.attrib or not form.fullmatch(text):
        raise BadGateway(f"{_local(element)}: 不符合接口规范 / not of the contract")
    return text


def moment(text: str) -> datetime:
    """Return an Instant as an aware time; raises BadGateway for a day that does not exist."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise BadGateway("时间无效 / not a time") from None


def _local(element: "etree._Element") -> str:
    tag: object = element.tag  # a comment's tag is a function
    return tag.rpartition("}")[2] if isinstance(tag, str) else "注释 / comment"
