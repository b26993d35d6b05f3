# SPDX-License-Identifier: Apache-2.0
"""Tables of a file: which sheets and sibling files belong together, and the records they make."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.grids.csv_file import read_csv
from gateway.grids.excel import WorkbookRefused, open_workbook
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Grid, Line, blank
from gateway.model.finding import Finding
from gateway.pack import Pack
from gateway.tabular.forms import Form, Forms, Given, is_ignored
from gateway.tabular.records import Spot, TableReader, TableRecord

SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".csv"})
"""Suffixes (lower case) of files that are read as tables."""

Read = TableRecord | tuple[Spot, Finding]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A workbook or CSV file, not opened yet.

    ``type_code`` says what it holds where its names do not; ``encoding`` is that of CSV.
    """

    path: Path
    type_code: str | None = None
    encoding: str = "utf-8"


class Tables:
    """Reads tables by the templates of one pack."""

    def __init__(self, pack: Pack, given: Given | None = None) -> None:
        """Prepare; the templates are described on first use. ``given`` is what tables need not hold."""
        self._pack = pack
        self._forms = Forms(pack, given)

    def read(self, file: TableFile) -> Iterator[Read]:
        """Yield the records of a workbook or CSV file and what is wrong with it as such; raises OSError."""
        path, type_code, encoding = file.path, file.type_code, file.encoding
        if path.suffix.lower() == ".csv":
            yield from self._csv(path, type_code, encoding)
            return
        try:
            with open_workbook(path, str(path)) as grids:
                yield from self._workbook(path, grids, type_code)
        except WorkbookRefused as refused:
            yield Spot(str(path), 1, None, ""), refused.finding

    def is_part(self, path: Path) -> bool:
        """Tell whether a CSV file is a part of records whose main file lies beside it: it is read with that one."""
        form = self._forms.named(path.stem) if path.suffix.lower() == ".csv" else None
        return form is not None and form.layout.parent is not None and self._beside(path, form.code) is not None

    def _csv(self, path: Path, type_code: str | None, encoding: str) -> Iterator[Read]:
        form = self._forms.named(path.stem)
        if form is None and type_code is not None:
            form = self._forms.of(type_code)[0]
        spot = Spot(str(path), 1, None, "")
        if form is None:
            yield spot, tab_finding(Tab.NO_SHEET, path.name)
        elif form.layout.parent is not None:
            yield spot, tab_finding(Tab.NO_PARENT, f"{form.code}.csv")
        else:
            grids = [(form, read_csv(path, encoding))]
            for part in self._forms.of(form.code)[1:]:
                file = self._sibling(path, form, part)
                if file is not None:
                    grids.append((part, read_csv(file, encoding)))
            yield from TableReader(self._pack, grids).read()

    def _sibling(self, path: Path, main: Form, part: Form) -> Path | None:
        """Return the file of a part: named as the main file is, its name or title put in the place of the main one's."""
        for of_main, of_part in ((main.sheet.name, part.sheet.name), (main.sheet.title, part.sheet.title)):
            file = path.with_name(path.name.replace(of_main, of_part, 1))
            if file != path and file.is_file():
                return file
        return None

    def _beside(self, path: Path, code: str) -> Path | None:
        main = self._forms.of(code)[0]
        for file in sorted(path.parent.glob("*.[cC][sS][vV]")):
            form = self._forms.named(file.stem)
            if form is not None and form.sheet == main.sheet:
                parts = [self._sibling(file, main, part) for part in self._forms.of(code)[1:]]
                if path in parts:
                    return file
        return None

    def _workbook(self, path: Path, grids: Sequence[Grid], type_code: str | None) -> Iterator[Read]:
        named: dict[str, list[tuple[Form, Grid]]] = {}
        strange: list[Grid] = []
        for grid in grids:
            if is_ignored(grid.name):
                continue
            form = self._forms.named(grid.name)
            if form is None:
                strange.append(grid)
            else:
                named.setdefault(form.code, []).append((form, grid))
        if not named and strange:
            form = self._forms.of(type_code)[0] if type_code else self._forms.named(path.stem)
            if form is not None and form.layout.parent is None:
                named[form.code] = [(form, strange.pop(0))]
        for grid in strange:
            if _holds_something(grid):
                yield Spot(str(path), 1, None, grid.name), tab_finding(Tab.NO_SHEET, grid.name)
        if not named and not strange:
            yield Spot(str(path), 1, None, ""), tab_finding(Tab.NO_SHEET, path.name)
        for code, forms in named.items():
            yield from self._one_type(path, code, forms)

    def _one_type(self, path: Path, code: str, forms: list[tuple[Form, Grid]]) -> Iterator[Read]:
        order = [form.sheet.name for form in self._forms.of(code)]
        forms.sort(key=lambda each: order.index(each[0].sheet.name))
        if forms[0][0].layout.parent is not None:
            yield Spot(str(path), 1, None, ""), tab_finding(Tab.NO_SHEET, self._pack.types[code].label)
            return
        yield from TableReader(self._pack, forms).read()


def _holds_something(grid: Grid) -> bool:
    return any(isinstance(line, Line) and any(not blank(cell) for cell in line.cells) for line in grid.lines)
