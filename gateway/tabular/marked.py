# SPDX-License-Identifier: Apache-2.0
"""A workbook given back with what was found: the cell coloured, a note on it, the sentence in the problem column."""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, cast

from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from gateway.dictionary.workbook import PROBLEM
from gateway.model.finding import Finding
from gateway.tabular.records import Spot

AUTHOR: Final = "gateway-check"
"""Author of the notes that a check leaves; notes of anybody else stay."""
_ERROR, _WARNING, _GOOD = "FF9999", "FFEB9C", "C6EFCE"
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one row, and where each finding about it stands."""

    spot: Spot
    outcome: str
    findings: tuple[tuple[Spot, Finding], ...] = ()


def marked(path: Path, marks: Iterable[Mark], faults: Iterable[tuple[Spot, Finding]] = ()) -> bytes:
    """Return the workbook with the marks of this check and none of one before."""
    book = load_workbook(path)
    pages = cast("list[Worksheet]", book.worksheets)
    for each in pages:
        _clear(each)
    for mark in marks:
        page = _page(pages, mark.spot)
        if page is None:
            continue
        for spot, finding in mark.findings:
            _note(_page(pages, spot) or page, spot, finding)
        at = _problem_column(page)
        if at is not None:
            cell = page.cell(mark.spot.row, at)
            cell.value = _told(mark)
            cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            refused = any(finding.refuses for _spot, finding in mark.findings)
            cell.fill = PatternFill("solid", fgColor=_ERROR if refused else _WARNING if mark.findings else _GOOD)
    for spot, finding in faults:
        page = _page(pages, spot)
        if page is not None:
            _note(page, spot, finding)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _page(pages: list[Worksheet], spot: Spot) -> Worksheet | None:
    title = spot.address.rpartition("!")[0]
    return next((page for page in pages if page.title == title), None)


def _clear(page: Worksheet) -> None:
    at = _problem_column(page)
    for row in page.iter_rows(min_row=1):
        for cell in row:
            if not isinstance(cell, Cell):
                continue  # hidden below a merged one
            if cell.comment is not None and cell.comment.author == AUTHOR:
                cell.comment = None
                if cell.row > 1:
                    cell.fill = PatternFill()
            if cell.column == at and cell.row > 1:
                cell.value, cell.fill = None, PatternFill()


def _note(page: Worksheet, spot: Spot, finding: Finding) -> None:
    cell = page.cell(spot.row, spot.column or 1)
    if not isinstance(cell, Cell):
        return
    told = f"{finding.code} {finding.message.zh}\n改法:{finding.hint.zh}"
    before = cell.comment.text + "\n" if cell.comment is not None and cell.comment.author == AUTHOR else ""
    if before or cell.comment is None:
        cell.comment = Comment((before + told)[:_LONGEST], AUTHOR, height=160, width=320)
    cell.fill = PatternFill("solid", fgColor=_ERROR if finding.refuses else _WARNING)


def _told(mark: Mark) -> str:
    found = [f"{spot.address.rpartition('!')[2]}:{each.code} {each.message.zh}" for spot, each in mark.findings]
    return ";".join([mark.outcome, *found])[:_LONGEST]


def _problem_column(page: Worksheet) -> int | None:
    return next((cell.column for cell in page[1] if cell.value == PROBLEM), None)
