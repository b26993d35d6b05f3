# SPDX-License-Identifier: Apache-2.0
"""Files of every format as rows of named values, each with its place; what is wrong in one comes as findings."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from gateway.channels.files.block_file import block_rows
from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.json_file import json_rows
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.channels.files.xml_file import xml_rows
from gateway.grids.csv_file import read_csv
from gateway.grids.dbf import read_dbf
from gateway.grids.excel import WorkbookRefused, open_workbook
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.fixed import read_fixed
from gateway.grids.grid import Area, BadCell, Cell, Grid, Line, MergeSweep, blank
from gateway.model.finding import Finding
from gateway.model.record import Scalar, Spot
from gateway.model.words import Words

BY_SUFFIX: Final = {
    ".csv": "csv", ".txt": "csv", ".psv": "pipe", ".tsv": "tab", ".xls": "excel", ".xlsx": "excel", ".xlsm": "excel",
    ".dbf": "dbf", ".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "xml",
}  # fmt: skip
"""Formats by suffix, where the format is ``auto``."""

EXPLANATIONS: Final = ("表格说明", "填表说明", "填报说明", "说明", "代码", "代码表", "模板信息")
"""Titles of sheets that explain and hold no rows."""

_DELIMITERS: Final = {"csv": ",", "pipe": "|", "tab": "\t"}
_EXACT: Final = 10**15
"""Numbers from here on have lost digits in a spreadsheet, which keeps fifteen."""


def format_of(name: str, options: FileOptions) -> str:
    """Return the format of a file; raises FileRefused for one that is not read."""
    if options.format != "auto":
        return options.format
    found = BY_SUFFIX.get(Path(name).suffix.lower())
    if found is None:
        raise FileRefused(file_finding("FIL-009", name))
    return found


def rows_of(path: Path, name: str, options: FileOptions) -> Iterator[Taken | Bad]:
    """Yield the rows of a file in their order; raises FileRefused where no more can be read, OSError for a lost file."""
    kind = format_of(name, options)
    if kind == "jsonl":
        yield from json_rows(path, name, options)
        return
    if kind == "xml":
        yield from xml_rows(path, name, options)
        return
    if kind == "blocks":
        yield from block_rows(path, name, options)
        return
    with ExitStack() as held:
        grid = _grid(path, name, kind, options, held)
        yield from _Table(grid, name, options, kind).rows()


def _grid(path: Path, name: str, kind: str, options: FileOptions, held: ExitStack) -> Grid:
    if kind == "excel":
        try:
            return _sheet(held.enter_context(open_workbook(path, name)), name, options)
        except WorkbookRefused as refused:
            raise FileRefused(refused.finding) from refused
    if kind == "dbf":
        return read_dbf(path, options.encoding)
    if kind == "fixed":
        return read_fixed(path, options.widths or (), options.encoding)
    return read_csv(path, options.encoding, _DELIMITERS[kind], options.continued)


def _sheet(grids: Sequence[Grid], name: str, options: FileOptions) -> Grid:
    wanted = [
        grid
        for grid in grids
        if (grid.name.strip() == options.sheet if options.sheet else grid.name.strip() not in EXPLANATIONS)
    ]
    if not wanted:
        words = Words(f"没有工作表 {options.sheet or ''}", f"no sheet {options.sheet or ''}")
        raise FileRefused(file_finding("FIL-010", name, words))
    return wanted[0]


class _Table:
    """Rows of one grid below its header."""

    def __init__(self, grid: Grid, name: str, options: FileOptions, kind: str) -> None:
        self._grid = grid
        self._name = name
        self._options = options
        self._header = 0 if kind == "fixed" else 1 if kind == "dbf" else options.header
        self._skip = options.skip
        self._names: tuple[str | None, ...] = options.columns or () if self._header == 0 else ()
        self._columns: dict[str, int] = {}
        self._fills: dict[tuple[int, int], Cell] = {}
        self._touched: Sequence[Area] = ()

    def rows(self) -> Iterator[Taken | Bad]:
        """Yield the rows; raises FileRefused for a header that can't be used."""
        heads: list[Line] = []
        if self._header == 0:
            self._know(self._names)
        for line in self._lines():
            if isinstance(line, Finding):
                if len(heads) < self._header or line.code == Tab.REFUSED:
                    raise FileRefused(line)
                yield Bad(line.line or 1, line, {})
            elif line.number <= self._skip:
                continue
            elif len(heads) < self._header:
                heads.append(line)
                if len(heads) == self._header:
                    self._know(self._headings(heads))
            elif not all(map(blank, line.cells)) and not self._is_footer(line):
                yield self._row(line)
        if len(heads) < self._header:
            raise FileRefused(file_finding("FIL-010", self._name, Words("没有表头", "no header")))

    def _lines(self) -> Iterator[Line | Finding]:
        """Yield lines without what is judged here by itself: merged cells and errors of formulas."""
        sweep = MergeSweep(self._grid.merges)
        for line in self._grid.lines:
            if isinstance(line, Finding):
                if line.code not in (Tab.MERGED, Tab.FORMULA_ERROR):
                    yield line
            else:
                self._touched = sweep.at(line.number)
                yield self._filled(line) if self._touched else line

    def _filled(self, line: Line) -> Line:
        """Give every cell of a merged area the content of its first one."""
        cells = list(line.cells)
        for area in self._touched:
            cells.extend([None] * (area.right - len(cells)))
            if line.number == area.top:
                self._fills[area.top, area.left] = cells[area.left - 1]
            for column in range(area.left, area.right + 1):
                cells[column - 1] = self._fills.get((area.top, area.left))
        return Line(line.number, tuple(cells))

    def _headings(self, heads: Sequence[Line]) -> tuple[str | None, ...]:
        """Join the rows of headings of each column by a dot; the same text over itself stands once."""
        width = max(len(line.cells) for line in heads)
        names: list[str | None] = []
        for at in range(width):
            parts: list[str] = []
            for line in heads:
                cell = line.cells[at] if at < len(line.cells) else None
                text = "".join(str(cell).split()) if not blank(cell) else ""
                if text and text not in parts[-1:]:
                    parts.append(text)
            names.append(".".join(parts) or None)
        while names and names[-1] is None:
            names.pop()
        return tuple(names)

    def _know(self, names: Sequence[str | None]) -> None:
        twice = sorted({name for name in names if name is not None and names.count(name) > 1})
        if twice:
            raise FileRefused(file_finding("FIL-015", self._name, ", ".join(twice)))
        self._names = tuple(names)
        self._columns = {name: at for at, name in enumerate(names, 1) if name is not None}
        wanted = dict.fromkeys((*(self._options.columns or ()), *(self._options.row_id or ())))
        missing = [name for name in wanted if name not in self._columns]
        if missing:
            raise FileRefused(file_finding("FIL-010", self._name, ", ".join(missing)))

    def _is_footer(self, line: Line) -> bool:
        first = next((str(cell).strip() for cell in line.cells if not blank(cell)), "")
        return any(first.startswith(word) for word in self._options.footer or ())

    def _row(self, line: Line) -> Taken | Bad:
        values: dict[str, Scalar] = {}
        wrong: Finding | None = self._merged(line)
        for at, cell in enumerate(line.cells, 1):
            name = self._names[at - 1] if at <= len(self._names) else None
            if name is None:
                if not blank(cell):
                    address = self._grid.address(line.number, at)
                    wrong = wrong or tab_finding(Tab.NO_HEADER, address, line=line.number, column=at)
                continue
            shown = scalar(cell)
            if isinstance(shown, Tab):
                address = self._grid.address(line.number, at)
                wrong = wrong or tab_finding(shown, address, path=name, line=line.number, column=at)
            else:
                values[name] = shown
        for name in self._columns:
            values.setdefault(name, None)
        if wrong is not None:
            return Bad(line.number, wrong, values)
        return Taken(Spot(line.number, self._columns, self._grid.sheet), values)

    def _merged(self, line: Line) -> Finding | None:
        if self._options.merged == "fill" or not self._touched:
            return None
        area = self._touched[0]
        return tab_finding(Tab.MERGED, self._grid.address(area.top, area.left), line=line.number, column=area.left)


def scalar(cell: Cell) -> Scalar | Tab:
    """Return a cell as the value of a row, or what is wrong with it."""
    if cell is None:
        return None
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, BadCell):
        return Tab.FORMULA_ERROR
    if isinstance(cell, bool):
        return int(cell)
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, timedelta):
        return str(cell)
    return _moment(cell)


def _number(cell: float) -> Scalar | Tab:
    if abs(cell) >= _EXACT:
        return Tab.NUMBER_FOR_TEXT
    if cell == int(cell):
        return int(cell)
    return format(Decimal(f"{cell:.15g}"), "f")


def _moment(cell: date | datetime | time) -> str:
    return cell.isoformat()
