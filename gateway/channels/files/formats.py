# SPDX-License-Identifier: Apache-2.0
"""Files of every format as rows of named values, each with its place; what is wrong in one comes as findings."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from gateway.channels.files.block_file import block_rows
from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.channels.files.xml_file import xml_rows
from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.grids.csv_file import read_csv
from gateway.grids.dbf import read_dbf
from gateway.grids.excel import WorkbookRefused, open_workbook
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.fixed import read_fixed
from gateway.grids.grid import Area, BadCell, Cell, Grid, Line, blank
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
_LINE_CAP: Final = 1024 * 1024
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
        yield from _json_lines(path, name, options)
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
        areas = self._grid.merges
        for line in self._grid.lines:
            if isinstance(line, Finding):
                if line.code not in (Tab.MERGED, Tab.FORMULA_ERROR):
                    yield line
            else:
                yield self._filled(line, areas) if areas else line

    def _filled(self, line: Line, areas: Sequence[Area]) -> Line:
        """Give every cell of a merged area the content of its first one."""
        touched = [area for area in areas if area.top <= line.number <= area.bottom]
        if not touched:
            return line
        cells = list(line.cells)
        for area in touched:
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
        if self._options.merged == "fill":
            return None
        for area in self._grid.merges:
            if area.top <= line.number <= area.bottom:
                first = self._grid.address(area.top, area.left)
                return tab_finding(Tab.MERGED, first, line=line.number, column=area.left)
        return None


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


def _json_lines(path: Path, name: str, options: FileOptions) -> Iterator[Taken | Bad]:
    decode = gb18030.decode if options.encoding in gb18030.NAMES else lambda data: data.decode("utf-8")
    wanted = tuple(dict.fromkeys((*(options.columns or ()), *(options.row_id or ()))))
    with path.open("rb") as file:
        if options.encoding == "utf-16":
            raise FileRefused(file_finding("FIL-009", name, "UTF-16"))
        number = 0
        while line := file.readline(_LINE_CAP):
            number += 1
            if len(line) == _LINE_CAP and not line.endswith(b"\n"):
                raise FileRefused(doc_finding(Doc.TEXT_TOO_LONG, str(_LINE_CAP), line=number))
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.strip():
                continue
            try:
                values = _object(decode(line))
            except UnicodeDecodeError as wrong:
                finding = doc_finding(Doc.WRONG_BYTES, options.encoding.upper(), line=number, column=wrong.start + 1)
                yield Bad(number, finding, {})
                continue
            except (ValueError, RecursionError) as fault:
                column = getattr(fault, "colno", None)
                yield Bad(number, file_finding("FIL-013", name, str(fault)[:80], line=number, column=column), {})
                continue
            missing = [each for each in wanted if each not in values]
            if missing:
                words = ", ".join(missing)
                yield Bad(number, file_finding("FIL-010", missing[0], words, line=number), values)
            else:
                yield Taken(Spot(number, {}), values)


def _object(text: str) -> dict[str, Scalar]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        held = dict(found)
        if len(held) < len(found):
            raise ValueError("a key appears twice")
        return held

    given = json.loads(text, object_pairs_hook=pairs, parse_float=Decimal, parse_constant=_no_constant)
    if not isinstance(given, dict):
        raise ValueError("no object")  # noqa: TRY004 # one kind of fault for a line that is none
    return {str(name): json_scalar(value) for name, value in given.items()}


def json_scalar(value: Any) -> Scalar:
    """Return a JSON value as the value of a row: decimals as text, groups and lists as JSON text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_decimal)


def _decimal(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _no_constant(name: str) -> None:
    raise ValueError(name)
