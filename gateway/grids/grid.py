# SPDX-License-Identifier: Apache-2.0
"""Grids: what Excel sheets and CSV files have in common, rows of cells with their addresses."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from gateway.model.finding import Finding


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that shows an error of a formula."""


Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | BadCell | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its number (in CSV the line on which it begins, from 1) and its cells."""

    number: int
    cells: tuple[Cell, ...]


class Area(NamedTuple):
    """Merged cells: first and last row, first and last column, all from 1."""

    top: int
    bottom: int
    left: int
    right: int


class MergeSweep:
    """Tells of each row in turn which merged areas it lies in; every area is looked at once, not once for every row."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._coming = deque(sorted(areas))
        self._open: list[Area] = []

    def at(self, row: int) -> Sequence[Area]:
        """Return the areas that ``row`` lies in; rows are asked for in their order."""
        while self._coming and self._coming[0].top <= row:
            self._open.append(self._coming.popleft())
        if self._open:
            self._open = [area for area in self._open if area.bottom >= row]
        return self._open


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet or CSV file: the header first; a finding stands where a row could not be read.

    ``sheet`` is None for CSV, whose columns have numbers and no letters. ``merges`` are the merged areas.
    """

    name: str
    lines: Iterable[Line | Finding]
    file: str
    sheet: str | None = None
    merges: tuple[Area, ...] = ()

    def address(self, row: int, column: int) -> str:
        """Return where a cell is, as people say it: ``处罚决定!C5``, or row and column of a CSV file."""
        return f"{self.sheet}!{letters(column)}{row}" if self.sheet is not None else f"R{row}C{column}"


def letters(column: int) -> str:
    """Return the letters of a column, counted from 1.

    >>> letters(1), letters(28)
    ('A', 'AB')
    """
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def number_of_letters(name: str) -> int:
    """Return the number of a column, from 1.

    >>> number_of_letters("AB")
    28
    """
    number = 0
    for letter in name:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def blank(cell: Cell) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())
