# SPDX-License-Identifier: Apache-2.0
"""Files of fixed columns (定长文件) as grids: widths are bytes of the declared encoding, as vendors' programs write them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.lines import capped_lines
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Grid, Line
from gateway.model.finding import Finding
from gateway.model.words import Words


def read_fixed(path: Path, widths: Sequence[int], encoding: str = "utf-8") -> Grid:
    """Return a file of fixed columns as a grid that is read as it is walked over; fillers at the right are cut off.

    Walking raises OSError where the file can't be read; what is wrong in it comes as findings in their places.
    """
    return Grid(path.stem, _Lines(path, tuple(widths), gb18030.codec(encoding)), str(path))


@dataclass(frozen=True, slots=True)
class _Lines:
    path: Path
    widths: tuple[int, ...]
    encoding: str

    def __iter__(self) -> Iterator[Line | Finding]:
        wanted = sum(self.widths)
        with self.path.open("rb") as file:
            for number, raw in capped_lines(file.readline):
                if isinstance(raw, Finding):
                    yield raw
                    continue
                line = raw.rstrip(b"\r\n\x1a")
                if not line:
                    continue
                if len(line) != wanted:
                    detail = Words(f"{len(line)} 字节,应为 {wanted}", f"{len(line)} bytes, should be {wanted}")
                    yield tab_finding(Tab.RAGGED, detail, line=number)
                else:
                    yield self._cut(number, line)

    def _cut(self, number: int, line: bytes) -> Line | Finding:
        decode = gb18030.decoder(self.encoding)
        cells = []
        start = 0
        for at, width in enumerate(self.widths, 1):
            piece = line[start : start + width]
            start += width
            try:
                text = decode(piece)
            except UnicodeDecodeError:
                return doc_finding(Doc.WRONG_BYTES, self.encoding.upper(), line=number, column=at)
            cells.append(text.rstrip(" \u3000"))
        return Line(number, tuple(cells))
