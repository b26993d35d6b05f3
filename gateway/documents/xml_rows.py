# SPDX-License-Identifier: Apache-2.0
"""XML of any schema as a stream of row elements (行元素): a file of a gigabyte needs the memory of one row.

Hardened as ``safexml`` is: a DOCTYPE is refused before anything is parsed, entities, network and files are out of reach,
nesting and the size of one row are capped (promises.md S7). Names are compared without their namespaces.
"""

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from lxml import etree

from gateway.documents import gb18030, safexml
from gateway.documents.faults import Doc, RefusedDocument, doc_finding
from gateway.documents.render import NAMESPACE
from gateway.documents.schema import RECORD

_PIECE: Final = 64 * 1024
_PARTS: Final = frozenset(("recordId", "key", "version", "contentDigest"))
_PACKAGED: Final = ("Package", "Body", "Record", "*")


@dataclass(frozen=True, slots=True)
class XmlRow:
    """One row element, valid until the next is asked for; ``carried`` are values of the elements around it."""

    element: safexml.Element
    carried: dict[str, str]


class NoRowPath(Exception):  # the caller says in its own words what is missing
    """The root element is not of the standard and no row path is declared; ``root`` is its name."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.root = root


def local(element: safexml.Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def read_xml_rows(
    path: Path, row_path: Sequence[str] | None, carry: Sequence[str], encoding: str = "utf-8"
) -> Iterator[XmlRow]:
    """Yield the elements at ``row_path`` (names from the root down, ``*`` for any) in their order.

    Without a path a ``Package`` yields its payloads, ``Records`` its children, any other element of the standard itself.
    ``carry`` names values around the rows by dotted path from the root, attributes as ``@name``. ``encoding`` is that of
    a file that declares none. Raises RefusedDocument where no more can be read, NoRowPath, OSError.
    """
    with path.open("rb") as file:
        head = file.read(_PIECE)
        codec = _codec(head, encoding)
        file.seek(0)
        rows = _Rows(row_path, carry)
        for text in _utf8(file, codec):
            yield from rows.feed(text)
        yield from rows.close()


def _codec(head: bytes, encoding: str) -> str:
    """Return the codec that a file declares, by its own words or, where it has none, by ``encoding``."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return safexml.encoding_of(head)
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()[:200]
    declares = begin.startswith(b"<?xml") and b"encoding" in begin.partition(b"?>")[0]
    if not declares and begin and not head.startswith(codecs.BOM_UTF8) and encoding in gb18030.NAMES:
        return "gb18030"
    return safexml.encoding_of(head)


def _utf8(file: IO[bytes], codec: str) -> Iterator[bytes]:
    """Yield the file as UTF-8, in pieces that begin and end anywhere."""
    if codec == "gb18030":
        yield from _from_gb18030(file)
        return
    decoder = codecs.getincrementaldecoder("utf-8-sig" if codec == "utf-8" else codec)()
    line = 1
    while True:
        piece = file.read(_PIECE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError:
            raise RefusedDocument(doc_finding(Doc.WRONG_BYTES, codec.upper(), line=line)) from None
        line += text.count("\n")
        yield text.encode()
        if not piece:
            return


def _from_gb18030(file: IO[bytes]) -> Iterator[bytes]:
    """Cut behind a ``>``, which is no part of any longer character of GB 18030, so that nothing is cut in two."""
    kept = b""
    line = 1
    while True:
        piece = file.read(_PIECE)
        kept += piece
        end = kept.rfind(b">") + 1 if piece else len(kept)
        if not end and len(kept) > RECORD.size:
            raise RefusedDocument(doc_finding(Doc.TEXT_TOO_LONG, str(RECORD.size), line=line))
        try:
            text = gb18030.decode(kept[:end])
        except UnicodeDecodeError as wrong:
            at = line + kept.count(b"\n", 0, wrong.start)
            column = wrong.start - kept.rfind(b"\n", 0, wrong.start)
            raise RefusedDocument(doc_finding(Doc.WRONG_BYTES, "GB18030", line=at, column=column)) from None
        line += kept.count(b"\n", 0, end)
        kept = kept[end:]
        yield text.encode()
        if not piece:
            return


class _Rows:
    """Follows the parser: where it stands, what it carries, and which elements are rows."""

    def __init__(self, row_path: Sequence[str] | None, carry: Sequence[str]) -> None:
        self._parser = safexml.pull_parser()
        self._wanted = tuple(row_path) if row_path else None
        self._carry = frozenset(carry)
        self._stack: list[str] = []
        self._carried: dict[str, str] = {}
        self._row: safexml.Element | None = None
        self._elements = 0
        self._size = 0
        self._prolog = b""
        self._begun = False

    def feed(self, text: bytes) -> Iterator[XmlRow]:
        """Take the next piece and yield the rows that it ends."""
        if not self._begun:
            self._prolog += text
            if not self._past_prolog():
                return
            text = self._prolog
        self._size = self._size + len(text) if self._row is not None else 0
        if self._size > RECORD.size + _PIECE * 2:
            raise RefusedDocument(doc_finding(Doc.TOO_LARGE, str(RECORD.size), line=self._line()))
        yield from self._parsed(lambda: self._parser.feed(text))

    def close(self) -> Iterator[XmlRow]:
        """Tell the parser that there is no more."""
        if not self._begun:
            safexml.parse(self._prolog)  # says what is wrong with a document that never begins
            self._begun = True
            yield from self._parsed(lambda: self._parser.feed(self._prolog))
        yield from self._parsed(self._parser.close)

    def _past_prolog(self) -> bool:
        """Tell whether the root element has begun; raises RefusedDocument for a DOCTYPE or a prolog without end."""
        self._begun = safexml.root_begins(self._prolog)
        if not self._begun and len(self._prolog) > 2 * _PIECE:
            raise RefusedDocument(doc_finding(Doc.NO_RECORD))
        return self._begun

    def _parsed(self, act: Callable[[], object]) -> Iterator[XmlRow]:
        """Yield the rows that are whole; then raise what was wrong behind them."""
        fault: etree.XMLSyntaxError | None = None
        try:
            act()
        except etree.XMLSyntaxError as error:
            fault = error
        try:
            yield from self._events()
        except etree.XMLSyntaxError as error:
            fault = fault or error
        # Some errors only end the events: the parser is asked what it met first, whether it raised or not.
        for entry in self._parser.feed_error_log:
            if entry.level >= etree.ErrorLevels.FATAL:
                said = safexml.Said(entry.type, entry.message, entry.line, entry.column)
                raise RefusedDocument(safexml.syntax_finding(said, b""))
        if fault is not None:
            said = safexml.Said(getattr(fault, "code", 0), str(fault.msg), fault.lineno or 1, fault.offset or 0)
            raise RefusedDocument(safexml.syntax_finding(said, b""))

    def _events(self) -> Iterator[XmlRow]:
        for event, element in self._parser.read_events():
            if not isinstance(element, safexml.Element):
                continue  # no other event is asked for
            if event == "start":
                self._start(element)
            elif element is self._row:
                yield XmlRow(element, dict(self._carried))
                self._row = None
                self._end(element)
            elif self._row is None:
                self._leave(element)
                self._end(element)
            else:
                self._stack.pop()

    def _start(self, element: safexml.Element) -> None:
        name = local(element)
        self._stack.append(name)
        if len(self._stack) > safexml.DEFAULT.depth:
            raise RefusedDocument(doc_finding(Doc.TOO_DEEP, str(safexml.DEFAULT.depth), line=safexml.line_of(element)))
        if len(self._stack) == 1:
            self._root(element, name)
        if self._row is not None:
            self._elements += 1
            if self._elements > RECORD.elements:
                raise RefusedDocument(doc_finding(Doc.TOO_MANY_ELEMENTS, str(RECORD.elements), line=self._line()))
        elif self._is_row():
            self._row, self._elements, self._size = element, 0, 0
        elif self._carry:
            self._forget(".".join(self._stack))
            for attribute, value in element.attrib.items():
                self._note(f"{'.'.join(self._stack)}.@{str(attribute).rpartition('}')[2]}", str(value))

    def _root(self, element: safexml.Element, name: str) -> None:
        if element.getroottree().docinfo.internalDTD is not None:
            raise RefusedDocument(doc_finding(Doc.DOCTYPE))
        if self._wanted is not None:
            return
        if not str(element.tag).startswith(f"{{{NAMESPACE}}}"):
            raise NoRowPath(name)
        if name == "Package":
            self._wanted = _PACKAGED
            self._carry |= {f"Package.Body.Record.{part}" for part in _PARTS}
        else:
            self._wanted = ("Records", "*") if name == "Records" else (name,)

    def _is_row(self) -> bool:
        wanted = self._wanted or ()
        if len(wanted) != len(self._stack):
            return False
        if wanted is _PACKAGED and self._stack[-1] in _PARTS:
            return False
        return all(name in ("*", here) for name, here in zip(wanted, self._stack, strict=True))

    def _leave(self, element: safexml.Element) -> None:
        """Keep the text of an element around the rows where it is wanted."""
        if self._carry and element.text and element.text.strip():
            self._note(".".join(self._stack), element.text.strip())

    def _note(self, path: str, value: str) -> None:
        if path in self._carry:
            self._carried[path] = value

    def _forget(self, path: str) -> None:
        """What was carried out of the last element of this path is not of the one that begins."""
        for held in [each for each in self._carried if each == path or each.startswith(path + ".")]:
            del self._carried[held]

    def _end(self, element: safexml.Element) -> None:
        """Let go of an element that is done with, and of all before it."""
        self._stack.pop()
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]

    def _line(self) -> int | None:
        return None if self._row is None else safexml.line_of(self._row)
