# SPDX-License-Identifier: Apache-2.0
"""Rows of tables as documents of the standard, each element with the cell that it came from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Grid, Line, blank
from gateway.model.finding import Finding
from gateway.pack import Element, Pack
from gateway.tabular.cells import escaped, finding_of, text_of
from gateway.tabular.forms import Form, Head, headless, number_of, read_head


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell: its file, row and column (from 1), and its address in words."""

    file: str
    row: int
    column: int | None
    address: str


@dataclass(slots=True)
class TableRecord:
    """One record of a table: its document, the cell of every element path, and what was wrong with its cells."""

    type: str
    document: bytes
    spot: Spot
    places: dict[str, Spot] = field(default_factory=dict)
    findings: list[tuple[Spot, Finding]] = field(default_factory=list)
    beside: Mapping[str, str] = field(default_factory=dict)

    def place(self, path: str) -> Spot:
        """Return the cell of a path below the payload element, or the nearest above it that has one."""
        while path:
            if path in self.places:
                return self.places[path]
            first = f"{path}[1]"
            if first in self.places:
                return self.places[first]
            path = path.rpartition("/")[0]
        return self.spot


@dataclass(slots=True)
class _Row:
    """One row of a table: texts by element path, where they stand, owner and line numbers."""

    spot: Spot
    texts: dict[str, tuple[str, Spot]]
    owner: tuple[str | None, ...]
    lines: tuple[int | None, ...]
    findings: list[tuple[Spot, Finding]]
    beside: dict[str, str] = field(default_factory=dict)


_Children = Mapping[str, Mapping[tuple[str | None, ...], Sequence[_Row]]]
_NUMBERLESS: Final = 1_000_000_000


class TableReader:
    """Makes the records of one record type out of its table and the tables that hang below it."""

    def __init__(self, pack: Pack, forms: Sequence[tuple[Form, Grid]]) -> None:
        """Take the grids of one record type; the first one is that of the record itself."""
        self._pack = pack
        self._main = forms[0]
        self._parts = forms[1:]
        self._code = forms[0][0].code
        self._shape = pack.shape(self._code)

    def read(self) -> Iterator[TableRecord | tuple[Spot, Finding]]:
        """Yield the records in the order of their rows, and what is wrong with tables as such."""
        children: dict[str, dict[tuple[str | None, ...], list[_Row]]] = {}
        for form, grid in self._parts:
            held: dict[tuple[str | None, ...], list[_Row]] = defaultdict(list)
            for each in self._rows(form, grid):
                if isinstance(each, _Row):
                    held[each.owner].append(each)
                else:
                    yield each
            children[form.layout.path] = dict(held)
        seen: set[tuple[str | None, ...]] = set()
        for each in self._rows(*self._main):
            if isinstance(each, _Row):
                seen.add(each.owner)
                yield self._record(each, children)
            else:
                yield each
        for held in children.values():
            for owner, rows in held.items():
                if owner not in seen:
                    names = ":".join(text or "" for text in owner)
                    yield rows[0].spot, tab_finding(Tab.ORPHAN, names, line=rows[0].spot.row)

    def _rows(self, form: Form, grid: Grid) -> Iterator[_Row | tuple[Spot, Finding]]:
        """Read a table row by row; one whose header is wrong or that has merged cells is not read at all."""
        head: Head | None = None
        refused = False
        for line in grid.lines:
            if isinstance(line, Finding):
                refused = refused or line.code == Tab.MERGED
                yield Spot(grid.file, line.line or 1, line.column, grid.name), line
                continue
            if refused or all(blank(cell) for cell in line.cells):
                continue
            if head is None:
                read = read_head(form, grid, line)
                if isinstance(read, Head):
                    head = read
                    continue
                yield from ((self._spot(grid, line.number, each.column), each) for each in read)
                return
            yield self._row(form, grid, head, line)

    def _row(self, form: Form, grid: Grid, head: Head, line: Line) -> _Row:
        row = _Row(self._spot(grid, line.number, None), {}, (), (), [])
        for each in headless(head, grid, line):
            row.findings.append((self._spot(grid, line.number, each.column), each))
        owner: dict[str, str | None] = {}
        lines: list[int | None] = []
        for at, heading in head.headings.items():
            cell = line.cells[at] if at < len(line.cells) else None
            if heading.column is None:
                lines.append(number_of(cell))
                continue
            element = heading.column.described.element
            spot = self._spot(grid, line.number, at + 1)
            text = text_of(cell, element)
            if isinstance(text, Tab):
                path = f"{self._shape.element}/{element.path}"
                row.findings.append((spot, finding_of(text, element, path, spot.address, line.number, at + 1)))
                text = None
            if text is None:
                continue
            if heading.owner or heading.column.key:
                owner[element.path] = text
            if not heading.owner:
                row.texts[element.path] = (text, spot)
        row.beside = {
            name: str(line.cells[at]).strip()
            for at, name in head.beside.items()
            if at < len(line.cells) and not blank(line.cells[at])
        }
        if form.layout.parent is None:
            row.texts.update({path: (text, row.spot) for path, text in form.fixed.items()})
        row.owner = tuple(owner.get(column.described.element.path) for column in form.layout.key)
        row.lines = tuple(lines)
        return row

    def _spot(self, grid: Grid, row: int, column: int | None) -> Spot:
        return Spot(grid.file, row, column, grid.address(row, column or 1))

    def _record(self, row: _Row, children: _Children) -> TableRecord:
        record = TableRecord(self._code, b"", row.spot, findings=list(row.findings), beside=row.beside)
        below = {path: held.get(row.owner, ()) for path, held in children.items()}
        for rows in below.values():
            for each in rows:
                record.findings.extend(each.findings)
        inner = _Writer(record, self._shape.element, below).children(self._shape.children, row, "", ())
        space = self._shape.namespace
        record.document = f'<{self._shape.element} xmlns="{space}">{inner}</{self._shape.element}>'.encode()
        return record


class _Writer:
    """Writes one record in the order of its shape."""

    def __init__(self, record: TableRecord, root: str, below: Mapping[str, Sequence[_Row]]) -> None:
        self._record = record
        self._root = root
        self._below = below

    def children(self, elements: Sequence[Element], row: _Row, path: str, lines: tuple[int | None, ...]) -> str:
        """Return the elements that have something to say; ``path`` has the numbers of repeated groups above."""
        written = []
        for element in elements:
            own = f"{path}/{element.name}" if path else element.name
            if element.max != 1 and element.kind != "extension":
                written.append(self._repeated(element, own, lines))
            elif element.children:
                inner = self.children(element.children, row, own, lines)
                written.append(f"<{element.name}>{inner}</{element.name}>" if inner else "")
            elif element.path in row.texts:
                written.append(self._leaf(element, own, *row.texts[element.path]))
        return "".join(written)

    def _repeated(self, element: Element, path: str, lines: tuple[int | None, ...]) -> str:
        rows = [row for row in self._below.get(element.path, ()) if row.lines[: len(lines)] == lines or not lines]
        rows.sort(key=lambda row: row.lines[-1] if row.lines and row.lines[-1] is not None else _NUMBERLESS)
        self._check_numbers(rows)
        written = []
        for number, row in enumerate(rows, 1):
            own = f"{path}[{number}]" if len(rows) > 1 else path
            self._record.places.setdefault(own, row.spot)
            if element.children:
                inner = self.children(element.children, row, own, row.lines)
                written.append(f"<{element.name}>{inner}</{element.name}>")
            elif element.path in row.texts:
                written.append(self._leaf(element, own, *row.texts[element.path]))
        return "".join(written)

    def _check_numbers(self, rows: Sequence[_Row]) -> None:
        seen: set[tuple[int | None, ...]] = set()
        for row in rows:
            if row.lines and row.lines[-1] is not None and row.lines in seen:
                finding = tab_finding(Tab.REPEATED_LINE, str(row.lines[-1]), line=row.spot.row)
                self._record.findings.append((row.spot, finding))
            seen.add(row.lines)

    def _leaf(self, element: Element, path: str, text: str, spot: Spot) -> str:
        self._record.places[path] = spot
        safe = escaped(text)
        if safe is None:
            where = f"{self._root}/{path}"
            finding = finding_of(Tab.CHARACTER, element, where, spot.address, spot.row, spot.column or 1)
            self._record.findings.append((spot, finding))
            return ""
        return f"<{element.name}>{safe}</{element.name}>"
