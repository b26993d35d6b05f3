# SPDX-License-Identifier: Apache-2.0
"""Large record files (记录文件): read record by record, so that a file of a gigabyte needs the memory of a few records.

A file holds one record a line, with or without a ``Records`` wrapper; records over several lines are put together as
long as each begins on a line of its own. One broken record does not sink those behind it.
"""

import io
import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gateway.documents import gb18030, safexml
from gateway.documents.faults import SYNTAX, Doc, RefusedDocument, doc_finding
from gateway.documents.lines import capped_lines
from gateway.documents.record_file import Part, with_namespace
from gateway.documents.schema import RECORD
from gateway.model.finding import Finding

_HEAD: Final = 64 * 1024  # bytes in which the root element must begin
_PROLOG: Final = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_TAG: Final = re.compile(rb"\s*<((?:[A-Za-z_][\w.-]*:)?[A-Za-z_][\w.-]*)")
_WRAPPER: Final = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?Records)(\s[^<>]*)?>")
_SELF_CLOSED: Final = re.compile(rb"\s*<[^<>]*/>\s*")


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file of records, not opened yet."""

    path: Path

    def content(self) -> bytes | None:
        """Return the whole file, or None where it is over 8 MB and must be read with ``records``; raises OSError."""
        return self.path.read_bytes() if self.path.stat().st_size <= safexml.DEFAULT.size else None

    def records(self, elements: Container[str]) -> Iterator[Part | Finding]:
        """Yield its records as ``read_records`` does."""
        return read_records(self.path, elements)


def read_records(path: Path, elements: Container[str]) -> Iterator[Part | Finding]:
    """Yield the records of a large file in order, or what keeps one, or the whole file, from being read.

    ``elements`` are the names of payload elements: where one begins a line, a record that was not closed has ended.
    Raises OSError where the file can't be read.
    """
    with path.open("rb") as file:
        try:
            codec = safexml.encoding_of(file.read(_HEAD))
        except RefusedDocument as refused:
            yield refused.finding
            return
        file.seek(0)
        yield from _Reader(_lines(file, codec), elements).read()


def _lines(file: IO[bytes], codec: str) -> Iterator[tuple[int, bytes | Finding]]:
    """Yield number and UTF-8 text of every line, or what is wrong with it."""
    if codec == "utf-16":  # its line ends can't be found in the bytes
        text = io.TextIOWrapper(file, encoding="utf-16", newline="\n")
        try:
            yield from _capped(lambda most: text.readline(most).encode("utf-8", "surrogatepass"))
        except UnicodeDecodeError:
            yield 1, doc_finding(Doc.WRONG_BYTES, "UTF-16", line=1)
        finally:
            text.detach()
        return
    for number, line in _capped(file.readline):
        yield number, line if codec == "utf-8" or isinstance(line, Finding) else _decoded(line, codec, number)


def _capped(readline: Callable[[int], bytes]) -> Iterator[tuple[int, bytes | Finding]]:
    """Number the lines; one that is longer than a record may be is a finding, whatever it holds."""
    return capped_lines(readline, RECORD.size, Doc.TOO_LARGE)


def _decoded(line: bytes, codec: str, number: int) -> bytes | Finding:
    try:
        return gb18030.decoder(codec)(line).encode()
    except UnicodeDecodeError as wrong:
        return doc_finding(Doc.WRONG_BYTES, codec.upper(), line=number, column=wrong.start + 1)


class _Reader:
    """Puts lines together to records."""

    def __init__(self, lines: Iterator[tuple[int, bytes | Finding]], elements: Container[str]) -> None:
        self._lines = lines
        self._elements = elements
        self._wrapper: bytes | None = None
        self._namespace = b""
        self._open: list[bytes] = []
        self._size = 0
        self._name = b""
        self._indent = b""
        self._begin = 1
        self._last = 1
        self._skips = False
        self._early: list[Finding] = []

    def read(self) -> Iterator[Part | Finding]:
        """Yield records and findings."""
        first = self._prolog()
        yield from self._early  # without the one that is all there is
        if isinstance(first, Finding):
            yield first
            return
        number, text = first
        found = False
        for each in self._body(number, text):
            found = True
            yield each
        if not found:
            yield doc_finding(Doc.NO_RECORD)

    def _prolog(self) -> tuple[int, bytes] | Finding:
        """Read up to the root element; return line and text of what follows it (or of it, where it is a record)."""
        head = b""
        for number, line in self._lines:
            if isinstance(line, Finding):  # the first record's own trouble: the next line may do
                self._early.append(line)
                continue
            head += line
            prolog = _PROLOG.match(head)
            rest = head[prolog.end() :] if prolog else head
            if rest[:9].lower() == b"<!doctype":
                return doc_finding(Doc.DOCTYPE, line=number)
            unfinished = rest.startswith((b"<!--", b"<?")) or (rest.startswith(b"<Records") and b">" not in rest)
            if rest and not unfinished:
                return self._root(number, rest)
            if len(head) > _HEAD:
                break
        return self._early.pop() if self._early else doc_finding(Doc.NO_RECORD)

    def _root(self, number: int, rest: bytes) -> tuple[int, bytes] | Finding:
        tag = _TAG.match(rest)
        if tag is not None and tag.group(1).rpartition(b":")[2] == b"Package":
            return doc_finding(Doc.TOO_LARGE, str(safexml.DEFAULT.size), path="Package")
        wrapper = _WRAPPER.match(rest)
        if wrapper is not None:
            self._wrapper, self._namespace = wrapper.group(1), re.sub(rb"\s+", b" ", wrapper.group(2) or b"")
            rest = rest[wrapper.end() :]
        return number, rest

    def _body(self, number: int, text: bytes) -> Iterator[Part | Finding]:
        self._last = number
        yield from self._line(number, text)
        for at, line in self._lines:
            self._last = at
            if isinstance(line, Finding):
                self._skips = self._skips or bool(self._open)
                self._open = []
                yield line
            else:
                yield from self._line(at, line)
        yield from self._flush()
        if self._wrapper is not None:
            yield doc_finding(Doc.NOT_WELL_FORMED, SYNTAX[77], line=self._last)

    def _line(self, number: int, line: bytes) -> Iterator[Part | Finding]:
        closing = b"</" + self._wrapper + b">" if self._wrapper is not None else None
        stripped = line.rstrip()
        ends = closing is not None and stripped.endswith(closing)
        if ends and closing is not None:
            line = stripped[: -len(closing)]
        if line.strip():
            yield from self._part(number, line)
        if ends:
            yield from self._flush()
            self._wrapper = None

    def _part(self, number: int, line: bytes) -> Iterator[Part | Finding]:
        tag = _TAG.match(line)
        indent = line[: len(line) - len(line.lstrip())]
        if self._open or self._skips:
            if tag is None or not self._begins(tag.group(1), indent):
                yield from self._more(line)
                return
            yield from self._flush()
        self._skips = False
        self._name, self._indent, self._begin = tag.group(1) if tag else b"", indent, number
        self._open, self._size = [line], len(line)
        if tag is None or self._ends(line) or _SELF_CLOSED.fullmatch(line):
            yield from self._flush()

    def _begins(self, name: bytes, indent: bytes) -> bool:
        """Tell whether a tag begins the next record while the one before it is still open."""
        known = name.rpartition(b":")[2].decode("utf-8", "replace") in self._elements
        return name == self._name or (known and indent == self._indent)

    def _more(self, line: bytes) -> Iterator[Part | Finding]:
        if self._skips:
            return
        self._open.append(line)
        self._size += len(line)
        if self._size > RECORD.size:
            self._open, self._skips = [], True
            yield doc_finding(Doc.TOO_LARGE, str(RECORD.size), line=self._begin)
        elif self._ends(line):
            yield from self._flush()

    def _ends(self, line: bytes) -> bool:
        return line.rstrip().endswith(b"</" + self._name + b">")

    def _flush(self) -> Iterator[Part | Finding]:
        if self._open:
            document = b"".join(self._open).strip()
            self._open = []
            yield Part(with_namespace(document, self._namespace), self._begin)
