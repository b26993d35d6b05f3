# SPDX-License-Identifier: Apache-2.0
"""Inspect tables: workbooks and CSV files against the pack, every finding with its cell."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from gateway.documents.faults import Doc, doc_finding
from gateway.documents.record_file import Part
from gateway.flow.inspect import Inspector, Placed
from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.tabular.reading import TableFile, Tables
from gateway.tabular.records import Spot, TableRecord

_KEPT: Final = 2_000  # records whose cells are remembered; findings about a whole case come later and name the row


class TableInspector:
    """Checks tables against one pack with the rules of an ``Inspector``."""

    def __init__(self, inspector: Inspector, tables: Tables) -> None:
        self._inspector = inspector
        self._tables = tables

    def inspect_file(self, file: TableFile, advance: Callable[[int], None] = lambda _n: None) -> Iterator[Placed]:
        """Yield what is wrong with a workbook or CSV file; ``line`` is the row, ``column`` the column, both from 1."""
        try:
            yield from _Reading(self._tables, file).inspect(self._inspector, advance)
        except OSError as fault:
            yield Placed("", "", doc_finding(Doc.UNREADABLE, fault.strerror or type(fault).__name__))


class _Reading:
    """One pass over one file."""

    def __init__(self, tables: Tables, file: TableFile) -> None:
        self._read = tables.read(file)
        self._type = file.type_code
        self._path = str(file.path)
        self._waiting: deque[Placed] = deque()
        self._records: OrderedDict[int, TableRecord] = OrderedDict()
        self._rows: list[int] = []

    def inspect(self, inspector: Inspector, advance: Callable[[int], None]) -> Iterator[Placed]:
        for placed in inspector.inspect_parts(self._parts(), self._type, advance):
            yield from self._drain()
            found = self._in_its_cell(placed)
            if found is not None:
                yield found
        yield from self._drain()

    def _drain(self) -> Iterator[Placed]:
        while self._waiting:
            yield self._waiting.popleft()

    def _parts(self) -> Iterator[Part]:
        """Yield documents; their line is the number of the record, by which its cells are found again."""
        for each in self._read:
            if not isinstance(each, TableRecord):
                self._waiting.append(self._placed("", "", *each))
                continue
            self._rows.append(each.spot.row)
            number = len(self._rows)
            self._records[number] = each
            if len(self._records) > _KEPT:
                self._records.popitem(last=False)
            for spot, finding in each.findings:
                self._waiting.append(self._placed(f"#{number}", each.type, spot, finding))
            yield Part(each.document, number)

    def _placed(self, record: str, type_code: str, spot: Spot, finding: Finding) -> Placed:
        return Placed(record, type_code, finding, spot.file if spot.file != self._path else None)

    def _in_its_cell(self, placed: Placed) -> Placed | None:
        """Return a finding with the cell it speaks of; None where a cell of that element was refused already."""
        number = placed.finding.line or 0
        record = self._records.get(number)
        if record is None:
            row = self._rows[number - 1] if 0 < number <= len(self._rows) else None
            return replace(placed, finding=replace(placed.finding, line=row))
        path = placed.finding.path
        if any(finding.path == path for _spot, finding in record.findings if path):
            return None
        spot = record.place(path.partition("/")[2])
        finding = replace(placed.finding, line=spot.row, column=spot.column)
        if "!" in spot.address:
            message = finding.message
            where = spot.address if spot.column is not None else f"{spot.address.partition('!')[0]}!{spot.row}"
            told = Words(f"{message.zh}(单元格 {where})", f"{message.en} (cell {where})")
            finding = replace(finding, message=told)
        return self._placed(placed.record, placed.type, spot, finding)
