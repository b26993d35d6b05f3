# SPDX-License-Identifier: Apache-2.0
"""Record files (记录文件): a package, a ``Records`` wrapper, one record a line, or one single record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.documents import safexml
from gateway.documents.faults import Doc, RefusedDocument, doc_finding
from gateway.documents.render import NAMESPACE
from gateway.model.finding import Finding

_FIRST_TAG = re.compile(rb"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_LINE = re.compile(rb"\s*<([A-Za-z_][\w.-]*)(\s[^<>]*)?><.*</\1\s*>\s*")  # a whole record, not a mere field
_OPENING = re.compile(rb"\s*<Records(\s[^<>]*)?>\s*")
_CLOSING = re.compile(rb"\s*</Records\s*>\s*")
_ONE_LINE_MAY_CAUSE: Final = frozenset(
    {Doc.NOT_WELL_FORMED, Doc.WRONG_BYTES, Doc.CONTROL_CHARACTER, Doc.ENTITY, Doc.TOO_LARGE, Doc.TOO_DEEP,
     Doc.TOO_MANY_ELEMENTS, Doc.TOO_MANY_ATTRIBUTES, Doc.TEXT_TOO_LONG}
)  # fmt: skip
_PARTS: Final = frozenset(f"{{{NAMESPACE}}}{name}" for name in ("recordId", "key", "version", "contentDigest"))
_PLACEHOLDER: Final = f"{{{NAMESPACE}}}payload"


@dataclass(frozen=True, slots=True)
class Part:
    """One record of a file as a document of its own; ``line`` is where it begins in the file (from 1)."""

    document: bytes
    line: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What a file holds: its records, the package they came in, and what keeps the file as a whole from being read."""

    parts: tuple[Part, ...] = ()
    package: "etree._Element | None" = None
    finding: Finding | None = None


def lay_out(data: bytes) -> Layout:
    """Tell the records of a file apart; what is wrong with the file as a whole comes back as a finding."""
    try:
        root = safexml.parse(data)
    except RefusedDocument as refused:
        apart = refused.finding.code in _ONE_LINE_MAY_CAUSE and not _is_package(data)
        by_line = _lines(data) if apart else ()
        return Layout(by_line) if by_line else Layout(finding=refused.finding)
    if root.tag == f"{{{NAMESPACE}}}Package":
        return Layout(tuple(_payloads(root)), package=root)
    if root.tag == f"{{{NAMESPACE}}}Records":
        return _or_empty(tuple(_part(child) for child in root if not callable(child.tag)))
    return Layout((Part(data, 1),))


def skeleton(package: "etree._Element") -> "etree._Element":
    """Return a copy of a package whose payloads are mere placeholders, to check the package itself."""
    bare = safexml.parse(safexml.canonical(package))
    for payload in _payload_elements(bare):
        held = etree.Element(_PLACEHOLDER)
        held.tail = payload.tail
        parent = payload.getparent()
        if parent is not None:
            parent.replace(payload, held)
    return bare


def _or_empty(parts: tuple[Part, ...]) -> Layout:
    return Layout(parts) if parts else Layout(finding=doc_finding(Doc.NO_RECORD, path="Records"))


def _part(element: "etree._Element") -> Part:
    return Part(safexml.canonical(element), safexml.line_of(element))


def _payloads(package: "etree._Element") -> Iterator[Part]:
    return map(_part, _payload_elements(package))


def _payload_elements(package: "etree._Element") -> list["etree._Element"]:
    records = package.iterfind(f"{{{NAMESPACE}}}Body/{{{NAMESPACE}}}Record")
    return [child for record in records for child in record if not callable(child.tag) and child.tag not in _PARTS]


def _is_package(data: bytes) -> bool:
    prolog = _PROLOG.match(data.removeprefix(b"\xef\xbb\xbf")[:4096])
    found = _FIRST_TAG.match(data.removeprefix(b"\xef\xbb\xbf"), prolog.end() if prolog else 0)
    return found is not None and found.group(2) == b"Package"


def _lines(data: bytes) -> tuple[Part, ...]:
    """Return the records of a file that holds one a line, with or without a ``Records`` wrapper; else nothing.

    One bad record then does not sink the file. The wrapper's namespace is given to records that declare none.
    """
    found: list[Part] = []
    whole = 0
    namespace = b""
    for number, line in enumerate(_decoded(data).split(b"\n"), 1):
        opening = _OPENING.fullmatch(line)
        if opening:
            namespace = opening.group(1) or b""
        elif line.strip() and not _CLOSING.fullmatch(line) and not line.lstrip().startswith(b"<?xml"):
            whole += _LINE.fullmatch(line) is not None
            found.append(Part(with_namespace(line.strip(), namespace), number))
    return tuple(found) if len(found) > 1 and 2 * whole >= len(found) else ()


def _decoded(data: bytes) -> bytes:
    try:
        return safexml.as_utf8(data)
    except RefusedDocument:  # the bad bytes may be those of one line: each line is judged by itself
        return data.removeprefix(b"\xef\xbb\xbf")


def with_namespace(line: bytes, namespace: bytes) -> bytes:
    """Give a record the attributes of the wrapper it was in (its namespaces) where it declares none of its own."""
    first = _FIRST_TAG.match(line)
    if not namespace or first is None or b"xmlns" in line[: line.find(b">")]:
        return line
    return line[: first.end()] + namespace + line[first.end() :]
