# SPDX-License-Identifier: Apache-2.0
"""Which table is which: sheets and files of the pack's templates by name, and their columns by header."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from gateway.dictionary.layout import LINE_LABEL, Column, Layout, layouts
from gateway.dictionary.sheets import Heading, Sheet, sheets
from gateway.dictionary.workbook import CODES, GUIDE, STAMP
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Cell, Grid, Line, blank
from gateway.model.finding import Finding
from gateway.pack import Pack

IGNORED: Final = frozenset({GUIDE, CODES, STAMP})


def is_ignored(title: str) -> bool:
    """Tell whether a sheet explains and holds no records."""
    return title in IGNORED or title.startswith(GUIDE)


_NOISE: Final = re.compile(r"[\s*()()【】\[\]]+")
_DOTS: Final = re.compile(r"[.．。·/、\-—>]+")


@dataclass(frozen=True, slots=True)
class Given:
    """What a table need not hold: texts by element path of each record type, which always stand.

    ``beside`` are headers of columns that are not of the record and are handed on with it.
    """

    fixed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Form:
    """One table of a record type: the sheet of the template and how it hangs together with the others.

    ``fixed`` are texts of the record that no column holds, ``beside`` headers of columns that are not of it.
    """

    code: str
    sheet: Sheet
    layout: Layout
    fixed: Mapping[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()

    def gives(self, heading: Heading) -> bool:
        """Tell whether a heading may be missing, as its text is given."""
        return heading.column is not None and heading.column.described.element.path in self.fixed


class Forms:
    """All tables of a pack by name and title."""

    def __init__(self, pack: Pack, given: Given | None = None) -> None:
        """Prepare; tables are described on first use."""
        self._pack = pack
        self._given = given or Given()

    @cached_property
    def _by_name(self) -> Mapping[str, Form]:
        found: dict[str, Form] = {}
        for code in self._pack.types:
            for form in self.of(code):
                found[form.sheet.name.upper()] = form
                found[form.sheet.title] = found[form.sheet.title.replace("/", "-")] = form
        return found

    def of(self, code: str) -> tuple[Form, ...]:
        """Return the tables of a record type, its own first."""
        fixed, beside = self._given.fixed.get(code, {}), self._given.beside
        return tuple(
            Form(code, sheet, layout, fixed, beside)
            for sheet, layout in zip(sheets(self._pack, code), layouts(self._pack, code), strict=True)
        )

    def named(self, name: str) -> Form | None:
        """Return the table that a sheet or file name (without suffix) speaks of: its code, its title, or both.

        What follows code or title after ``-``, ``_``, a blank or a bracket is the sender's own (``CF_JD-2024``).
        """
        text = name.strip()
        exact = self._by_name.get(text.upper()) or self._by_name.get(text)
        if exact is not None:
            return exact
        fits = [key for key in self._by_name if re.match(re.escape(key) + r"[-_\s(（.]", text, re.IGNORECASE)]
        return self._by_name[max(fits, key=len)] if fits else None


@dataclass(frozen=True, slots=True)
class Head:
    """A header understood: the form's headings, in the form's order, by column number (from 0); and what stands beside."""

    headings: Mapping[int, Heading]
    beside: Mapping[int, str] = field(default_factory=dict)


def read_head(form: Form, grid: Grid, line: Line) -> Head | list[Finding]:
    """Match a header row with the form; where it does not fit, return every fault of it."""
    known = _known(form.sheet.headings)
    found: dict[int, Heading] = {}
    beside: dict[int, str] = {}
    faults: list[Finding] = []
    for at, cell in enumerate(line.cells):
        if blank(cell):
            continue
        if str(cell).strip() in form.beside:
            beside[at] = str(cell).strip()
            continue
        heading = known.get(_plain(str(cell)))
        where = f"{str(cell).strip()[:50]}({grid.address(line.number, at + 1)})"
        if heading is None:
            faults.append(tab_finding(Tab.UNKNOWN_HEADER, where, line=line.number, column=at + 1))
        elif heading in found.values():
            faults.append(tab_finding(Tab.REPEATED_HEADER, where, line=line.number, column=at + 1))
        else:
            found[at] = heading
    for heading in form.sheet.headings:
        required = heading.owner or (heading.column is not None and heading.column.required)
        if required and heading not in found.values() and not form.gives(heading):
            faults.append(tab_finding(Tab.MISSING_HEADER, _called(heading), line=line.number))
    order = {id(heading): at for at, heading in enumerate(form.sheet.headings)}
    return faults or Head(dict(sorted(found.items(), key=lambda each: order[id(each[1])])), beside)


def headless(head: Head, grid: Grid, line: Line) -> list[Finding]:
    """Return a finding for every cell of a row that has content but no header above it."""
    return [
        tab_finding(Tab.NO_HEADER, grid.address(line.number, at + 1), line=line.number, column=at + 1)
        for at, cell in enumerate(line.cells)
        if at not in head.headings and at not in head.beside and not blank(cell)
    ]


def _called(heading: Heading) -> str:
    return f"{heading.header} {heading.column.name}" if heading.column is not None else heading.header


def _known(headings: tuple[Heading, ...]) -> dict[str, Heading]:
    """Return headings by every way to write them: Chinese, pinyin code, one behind the other."""
    known: dict[str, Heading] = {}
    for heading in headings:
        column: Column | None = heading.column
        code = column.name if column is not None else {LINE_LABEL: "HH"}.get(heading.header, "SJHH")
        for text in (heading.header, code, f"{heading.header}{code}", f"{code}{heading.header}"):
            known.setdefault(_plain(text), heading)
    return known


def _plain(text: str) -> str:
    return _DOTS.sub(".", _NOISE.sub("", text)).replace("_", "").upper().strip(".")


def number_of(cell: Cell) -> int | None:
    """Return a line number, or None where the cell holds none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if int(cell) == cell else None
    text = cell.strip() if isinstance(cell, str) else ""
    return int(text) if text.isascii() and text.isdecimal() else None
