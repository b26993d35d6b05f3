# SPDX-License-Identifier: Apache-2.0
"""CSV files as grids, read strictly: declared encoding, quotes in their places, the same number of columns in each row."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.lines import LINE_CAP, MARK, capped_lines
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Grid, Line
from gateway.model.finding import Finding
from gateway.model.words import Words

ENCODINGS: Final = ("utf-8", "gb18030", "gbk", "gb2312", "utf-16")
"""Encodings that may be declared; GBK and GB2312 are read as GB 18030."""

_UNDECODED: Final = re.compile("[\udc80-\udcff]")
_MARKS: Final = {MARK: "utf-8", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class _Refused(Exception):
    finding: Finding


def read_csv(path: Path, encoding: str = "utf-8", delimiter: str = ",", continued: str | None = None) -> Grid:
    """Return a CSV file (RFC 4180, comma by default, header first) as a grid that is read as it is walked over.

    A line that begins with ``continued`` goes on with the line before it (续行).

    Walking raises OSError where the file can't be read; what is wrong in it comes as findings in their places.
    """
    return Grid(path.stem, _Lines(path, gb18030.codec(encoding), delimiter, continued), str(path))


@dataclass(frozen=True, slots=True)
class _Lines:
    path: Path
    encoding: str
    delimiter: str = ","
    continued: str | None = None

    def __iter__(self) -> Iterator[Line | Finding]:
        with self.path.open("rb") as file:
            head = file.read(3)
            marked = next((codec for mark, codec in _MARKS.items() if head.startswith(mark)), None)
            if marked not in (None, self.encoding):
                yield doc_finding(Doc.ENCODING_CONTRADICTED, self.encoding, line=1, column=1)
                return
            if self.encoding == "utf-16" and marked is None:
                yield doc_finding(Doc.ENCODING_UNKNOWN, "UTF-16 (no BOM)", line=1, column=1)
                return
            file.seek(3 if head in _MARKS else 0)
            try:
                yield from self._rows(file)
            except _Refused as refused:
                yield refused.finding

    def _rows(self, file: IO[bytes]) -> Iterator[Line | Finding]:
        starts: list[int] = []
        text = self._text(file) if self.continued is None else self._joined(self._text(file), starts)
        reader = csv.reader(text, strict=True, delimiter=self.delimiter)
        width: int | None = None
        while True:
            begin = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                # What follows begins with a line of its own: one bad quote does not take the rest of the file with it.
                yield tab_finding(Tab.QUOTES, str(fault), line=starts[0] if starts else begin)
                starts.clear()
                continue
            begin = starts[0] if starts else begin
            starts.clear()
            if not row or row == [""]:
                continue
            width = len(row) if width is None else width
            wrong = next((at for at, cell in enumerate(row, 1) if _UNDECODED.search(cell)), None)
            if wrong is not None:
                yield doc_finding(Doc.WRONG_BYTES, self.encoding.upper(), line=begin, column=wrong)
            elif len(row) == width:
                yield Line(begin, tuple(row))
            else:
                detail = Words(f"{len(row)} 列,表头 {width} 列", f"{len(row)}, the header has {width}")
                yield tab_finding(Tab.RAGGED, detail, line=begin, column=min(len(row), width) + 1)

    def _joined(self, lines: Iterator[str], starts: list[int]) -> Iterator[str]:
        """Join lines that go on to the one before them; ``starts`` are told where each begins."""
        held, begun = "", 0
        for number, line in enumerate(lines, 1):
            if begun and line.startswith(self.continued or ""):
                held = held.rstrip("\r\n") + line[len(self.continued or "") :]
                if len(held) > LINE_CAP:
                    raise _Refused(doc_finding(Doc.TEXT_TOO_LONG, str(LINE_CAP), line=begun))
                continue
            if begun:
                starts.append(begun)
                yield held
            held, begun = line, number
        if begun:
            starts.append(begun)
            yield held

    def _text(self, file: IO[bytes]) -> Iterator[str]:
        if self.encoding == "utf-16":
            yield from self._utf16(file)
            return
        decode = gb18030.decoder(self.encoding)
        for _number, line in capped_lines(file.readline):
            if isinstance(line, Finding):
                raise _Refused(line)
            try:
                yield decode(line)
            except UnicodeDecodeError:
                # The row that holds the bad bytes is found by their stand-ins; the others are none the worse.
                yield line.decode(self.encoding, "surrogateescape")

    def _utf16(self, file: IO[bytes]) -> Iterator[str]:
        text = io.TextIOWrapper(file, encoding="utf-16", newline="")
        try:
            while line := text.readline(LINE_CAP):
                yield line
        except UnicodeError as wrong:
            raise _Refused(doc_finding(Doc.WRONG_BYTES, "UTF-16", line=1)) from wrong
        finally:
            text.detach()
