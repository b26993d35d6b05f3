# SPDX-License-Identifier: Apache-2.0
"""DBF tables (dBASE, FoxPro) as grids: the first line holds the field names, deleted records are left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Cell, Grid, Line
from gateway.model.finding import Finding
from gateway.model.words import Words

_TRUTH: Final = {b"T": True, b"t": True, b"Y": True, b"y": True, b"F": False, b"f": False, b"N": False, b"n": False}
_MEMOS: Final = frozenset("MGPB")
_HEADER: Final = 32
_DESCRIPTOR: Final = 32


class _WrongField(Exception):  # it refuses one row and is no fault of the program
    """A field that does not hold what its type says."""


def read_dbf(path: Path, encoding: str = "gb18030") -> Grid:
    """Return a DBF table as a grid that is read as it is walked over; line 1 holds the names, record n is line n + 1.

    Walking raises OSError where the file can't be read; what is wrong in it comes as findings in their places.
    """
    return Grid(path.stem, _Lines(path, gb18030.codec(encoding)), str(path))


@dataclass(frozen=True, slots=True)
class _Lines:
    path: Path
    encoding: str

    def __iter__(self) -> Iterator[Line | Finding]:
        import dbfread

        try:
            table = dbfread.DBF(str(self.path), encoding="latin-1", raw=True, ignore_missing_memofile=True)
        except Exception as fault:  # noqa: BLE001 # the fence around a foreign reader
            yield _refused(Words("文件头损坏", f"the header is damaged ({type(fault).__name__})"))
            return
        memos = [field.name for field in table.fields if field.type in _MEMOS]
        if memos:
            yield _refused(Words(f"有备注字段 {'、'.join(memos)}", f"it has memo fields {', '.join(memos)}"))
            return
        size = self.path.stat().st_size
        contradicted = _contradicted(table, size)
        if contradicted is not None:
            yield _refused(contradicted)
            return
        yield Line(1, tuple(field.name for field in table.fields))
        yield from self._rows(table)
        header = table.header
        there = (size - header.headerlen) // header.recordlen
        if there < header.numrecords:
            words = Words(
                f"应有 {header.numrecords} 条记录,文件不完整", f"{header.numrecords} records expected, it is cut off"
            )
            yield _refused(words)
        elif there > header.numrecords:
            yield _refused(
                Words(
                    f"文件头写 {header.numrecords} 条记录,实有 {there} 条",
                    f"the header says {header.numrecords} records, there are {there}",
                )
            )

    def _rows(self, table: Any) -> Iterator[Line | Finding]:
        with self.path.open("rb") as file:
            file.seek(table.header.headerlen)
            for number in range(2, table.header.numrecords + 2):
                record = file.read(table.header.recordlen)
                if len(record) < table.header.recordlen:
                    return
                if record[:1] == b"*":
                    continue
                yield self._row(table, record, number)

    def _row(self, table: Any, record: bytes, number: int) -> Line | Finding:
        cells: list[Cell] = []
        start = 1
        for at, field in enumerate(table.fields, 1):
            raw = record[start : start + field.length]
            start += field.length
            try:
                cells.append(_cell(field.type, raw, self.encoding))
            except UnicodeDecodeError:
                return doc_finding(Doc.WRONG_BYTES, self.encoding.upper(), line=number, column=at)
            except (_WrongField, ValueError):
                return tab_finding(Tab.WRONG_CELL, f"{field.name}", line=number, column=at)
        return Line(number, tuple(cells))


def _contradicted(table: Any, size: int) -> Words | None:
    """Return what the header says against its own list of fields or the size of the file (dBASE III: 32 bytes a field)."""
    header = table.header
    record = 1 + sum(field.length for field in table.fields)
    if header.recordlen != record:
        return Words(
            f"记录长度 {header.recordlen},各字段合计 {record}",
            f"records of {header.recordlen} bytes, fields of {record}",
        )
    least = _HEADER + _DESCRIPTOR * len(table.fields) + 1
    if not least <= header.headerlen <= size:
        return Words(
            f"文件头长度 {header.headerlen},应为 {least} 至文件大小 {size}",
            f"a header of {header.headerlen} bytes, should be {least} to the size of the file, {size}",
        )
    return None


def _cell(kind: str, raw: bytes, encoding: str) -> Cell:
    if kind == "I":
        return int.from_bytes(raw, "little", signed=True)
    bare = raw.strip(b" \x00")
    if kind == "L":
        if bare in (b"", b"?"):
            return None
        if bare not in _TRUTH:
            raise _WrongField(kind)
        return _TRUTH[bare]
    if kind in "NF":
        float(bare or b"0")
        return bare.decode("ascii") or None
    if kind == "D":
        if not bare or bare == b"00000000":
            return None
        if len(bare) != 8 or not bare.isdigit():
            raise _WrongField(kind)
        text = bare.decode("ascii")
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if kind not in "CV":
        raise _WrongField(kind)
    kept = raw.rstrip(b" \x00")
    return gb18030.decoder(encoding)(kept) or None


def _refused(words: Words) -> Finding:
    return tab_finding(Tab.REFUSED, words)
