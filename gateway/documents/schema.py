# SPDX-License-Identifier: Apache-2.0
"""Documents against the XSD: a chunk is parsed and validated in one go, every error goes back to its own record."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, cast

from lxml import etree

from gateway.documents import safexml
from gateway.documents.attribution import attribute, locate
from gateway.documents.content import Mended, content_findings
from gateway.documents.faults import RefusedDocument
from gateway.documents.guide import NOBODY, Guide
from gateway.documents.render import NAMESPACE
from gateway.documents.safexml import line_of
from gateway.model.finding import Finding

MOST_FINDINGS: Final = 50
"""Findings kept of one record; what follows is mostly noise."""

RECORD: Final = safexml.Limits(size=1024 * 1024, elements=20_000, attributes=1_000, text=200_000)
"""Caps of one record."""

_CHUNK: Final = safexml.Limits(
    size=256 * 1024 * 1024, depth=RECORD.depth + 1, elements=5_000_000, attributes=5_000_000, text=10_000_000
)
_LARGE: Final = (
    4 * RECORD.elements
)  # bytes; a smaller document can't hold more elements or text than a record may (``<a/>``)
_TAIL: Final = "\n"
_ELEMENTS: Final = etree.XPath("count(*)")


class Checked(NamedTuple):
    """One document after the schema: its root (None where it could not be parsed) and what is wrong with it."""

    element: "etree._Element | None"
    findings: tuple[Finding, ...] = ()


class Schema:
    """An XSD compiled once.

    The wrapper element ``Records`` of the pack lets a chunk be validated as one document with one record a line, so
    that the line of an error names its record even where libxml2 gives no path (keyref).
    """

    def __init__(self, path: Path, root: Path | None = None) -> None:
        """Compile the XSD at ``path``, which reads no file outside ``root`` (its own folder by default)."""
        self._compiled = safexml.load_schema(path, root or path.parent)
        self._opening = f'<Records xmlns="{NAMESPACE}">\n'.encode()
        # libxml2 reports into the schema object itself: two threads would read each other's errors
        self._lock = threading.Lock()

    def check(self, documents: Sequence[bytes], guide: Guide = NOBODY) -> list[Checked]:
        """Check each document (UTF-8, one payload element each); results in the order given."""
        together = self._together(documents)
        if together is None:
            return [self.check_one(document, guide) for document in documents]
        with self._lock:
            clean = self._compiled.validate(cast("etree._Element", together[0].getparent()))
            errors = [] if clean else self._errors()
        checked = list(map(Checked, together))
        if clean:
            return checked
        if any(_hides_the_rest(error) for error in errors):
            return [self.check_one(document, guide) for document in documents]
        by_line: dict[int, list[etree._LogEntry]] = defaultdict(list)
        for error in errors:
            by_line[error.line].append(error)
        for line, of_record in by_line.items():
            if 0 <= (at := line - 2) < len(checked):
                element = together[at]
                checked[at] = Checked(element, self._findings(element, of_record, guide))
        return checked

    def check_one(self, document: bytes, guide: Guide = NOBODY) -> Checked:
        """Parse and check one document by itself, with all caps; lines are those of the document."""
        try:
            element = safexml.parse(document, RECORD)
        except RefusedDocument as refused:
            return Checked(None, (refused.finding,))
        return Checked(element, self.check_element(element, guide, with_lines=b"\n" in document))

    def check_element(
        self, element: "etree._Element", guide: Guide = NOBODY, *, with_lines: bool = True
    ) -> tuple[Finding, ...]:
        """Return the findings of a root element that is already parsed."""
        with self._lock:
            if self._compiled.validate(element):
                return ()
            errors = self._errors()
        return self._findings(element, errors, guide, with_lines=with_lines)

    def _findings(
        self, record: "etree._Element", errors: Iterable["etree._LogEntry"], guide: Guide, *, with_lines: bool = False
    ) -> tuple[Finding, ...]:
        """Return the findings of the errors of one record; behind a content error that is understood, it reads on."""
        seen: dict[tuple[str, str, str], Finding] = {}
        taught = False
        for error in islice(errors, MOST_FINDINGS):
            told = _taught(error, record, guide)
            taught = taught or bool(told)
            for each in told or (attribute(error, record, guide, error.line),):
                seen.setdefault((each.path, each.code, each.message.zh), each)
        for each in self._behind(record, guide) if taught else ():
            seen.setdefault((each.path, each.code, each.message.zh), each)
        kept = tuple(islice(seen.values(), MOST_FINDINGS))
        return kept if with_lines else tuple(replace(each, line=None) for each in kept)

    def _behind(self, record: "etree._Element", guide: Guide) -> Iterator[Finding]:
        """Yield what libxml2 skipped behind a content error, found in a mended copy."""
        mended = Mended(record, guide)
        with self._lock:
            errors = [] if self._compiled.validate(mended.record) else self._errors()
        for error in errors:
            node = locate(error, mended.record)
            origin = None if node is None else mended.origin(node)
            if origin is not None:
                yield from _taught(error, record, guide, origin) or (
                    attribute(error, record, guide, line_of(origin), origin),
                )

    def _errors(self) -> list["etree._LogEntry"]:
        return list(cast("Iterable[etree._LogEntry]", self._compiled.error_log))

    def _together(self, documents: Sequence[bytes]) -> "list[etree._Element] | None":
        """Parse all documents as children of one wrapper and return them, or None where they don't fit in lines."""
        if len(documents) < 2 or max(map(len, documents)) > _LARGE:
            return None
        joined = b"%s%s\n</Records>" % (self._opening, b"\n".join(documents))
        if joined.count(b"\n") != len(documents) + 1:
            return None
        try:
            wrapper = safexml.parse(joined, _CHUNK)
        except RefusedDocument:
            return None
        children, many = list(wrapper), len(documents)
        # documents that are not well-formed alone could be so together: each must own exactly its line, and be an element
        apart = (
            [cast(int, child.sourceline) for child in children] == list(range(2, many + 2))
            and {child.tail for child in children} == {_TAIL}
            and _ELEMENTS(wrapper) == many
        )
        return children if apart else None


def _taught(
    error: "etree._LogEntry", record: "etree._Element", guide: Guide, node: "etree._Element | None" = None
) -> tuple[Finding, ...]:
    """Return the findings of a content error whose parent the guide knows; none for any other error."""
    if error.type_name != "SCHEMAV_ELEMENT_CONTENT" or guide is NOBODY:
        return ()
    if node is None:
        node = locate(error, record)
    if node is None:
        return ()
    parent = node if "Missing child element" in str(error.message) else node.getparent()
    return (
        ()
        if parent is None or (node is record and parent is not node)
        else tuple(content_findings(record, parent, guide))
    )


def _hides_the_rest(error: "etree._LogEntry") -> bool:
    """Tell whether an error stands at the wrapper: libxml2 then skips the records that follow."""
    at_record = error.path is not None and error.path.count("/") <= 2
    return (
        at_record
        and error.type_name in ("SCHEMAV_ELEMENT_CONTENT", "SCHEMAV_CVC_ELT_1")
        and "Missing" not in error.message
    )
