# SPDX-License-Identifier: Apache-2.0
"""A filled-in template of a hosted department: its stamp, its records with their cells, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from openpyxl import load_workbook

from gateway.dictionary.workbook import DRAFT, PROBLEM, STAMP, STATUS, SUBMIT, ItemTemplate, dictionary_digest
from gateway.grids.excel import WorkbookRefused, open_workbook
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import letters
from gateway.model.finding import Finding
from gateway.pack import Pack
from gateway.tabular.forms import Given, is_ignored
from gateway.tabular.reading import TableFile, Tables
from gateway.tabular.records import Spot, TableRecord

SUFFIX: Final = ".xlsx"
_STATUSES: Final = {"": False, SUBMIT: False, DRAFT: True}


@dataclass(slots=True)
class Filled:
    """One record as it was filled in; a draft is looked at and nothing more. ``findings`` have their cells."""

    record: TableRecord
    draft: bool
    findings: list[tuple[Spot, Finding]]


@dataclass(slots=True)
class Upload:
    """What a workbook holds; with ``faults`` nothing of it is taken."""

    records: list[Filled] = field(default_factory=list)
    faults: list[tuple[Spot, Finding]] = field(default_factory=list)


def stamp_of(path: Path) -> Mapping[str, str]:
    """Return what a template says that it was made from; empty where the workbook is none. The archive is held to caps."""
    with open_workbook(path, path.name):
        pass
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as fault:
        raise WorkbookRefused(tab_finding(Tab.REFUSED, type(fault).__name__)) from None
    try:
        if STAMP not in book.sheetnames:
            return {}
        rows = book[STAMP].iter_rows(max_row=50, max_col=2, values_only=True)
        return {str(row[0]): str(row[1]) for row in rows if len(row) > 1 and row[0] is not None}
    finally:
        book.close()


def stale(pack: Pack, stamp: Mapping[str, str]) -> Finding | None:
    """Return the finding of a template that this pack would make otherwise today, or of a workbook that is none."""
    if not stamp.get("item") or not stamp.get("source"):
        return tab_finding(Tab.NOT_A_TEMPLATE, "_stamp")
    made = (stamp.get("pack"), stamp.get("version"), stamp.get("dictionary_digest"), stamp.get("code_list_version"))
    if made == (pack.name, pack.version, dictionary_digest(pack), pack.code_list_version):
        return None
    told = f"{stamp.get('pack')} {stamp.get('version')} {stamp.get('code_list_version')}"
    now = f"{pack.name} {pack.version} {pack.code_list_version}"
    return tab_finding(Tab.OLD_TEMPLATE, f"{told} → {now}"[:200])


def read_upload(pack: Pack, path: Path, template: ItemTemplate) -> Upload:
    """Read the records of a workbook. Raises WorkbookRefused for one that can't be opened at all."""
    upload = Upload()
    formulas = _formulas(path)
    by_row: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for address, (sheet, row, column) in formulas.items():
        by_row.setdefault((sheet, row), []).append((address, column))
    tables = Tables(pack, Given(template.fixed, frozenset({STATUS, PROBLEM})))
    for each in tables.read(TableFile(path)):
        if not isinstance(each, TableRecord):
            upload.faults.append(each)
        elif each.type not in template.types:
            upload.faults.append((each.spot, tab_finding(Tab.NO_SHEET, each.type, line=each.spot.row)))
        else:
            upload.records.append(_filled(each, by_row))
    used = {spot.address for filled in upload.records for spot, _ in filled.findings}
    for address, (sheet, row, column) in formulas.items():
        if address not in used:  # in a table below a record, or in a row that is none
            finding = tab_finding(Tab.FORMULA, address, line=row, column=column)
            upload.faults.append((Spot(str(path), row, column, f"{sheet}!{letters(column)}{row}"), finding))
    return upload


def _filled(record: TableRecord, formulas: Mapping[tuple[str, int], Sequence[tuple[str, int]]]) -> Filled:
    findings = list(record.findings)
    status = record.beside.get(STATUS, "")
    if status not in _STATUSES:
        findings.append((record.spot, tab_finding(Tab.STATUS, status[:20], line=record.spot.row, column=1)))
    sheet = record.spot.address.partition("!")[0]
    row = record.spot.row
    for address, column in formulas.get((sheet, row), ()):
        findings.append(
            (Spot(record.spot.file, row, column, address), tab_finding(Tab.FORMULA, address, line=row, column=column))
        )
    return Filled(record, _STATUSES.get(status, True), findings)


def _formulas(path: Path) -> dict[str, tuple[str, int, int]]:
    """Return the cells that hold formulas: their shown value is not what anybody has filled in."""
    found: dict[str, tuple[str, int, int]] = {}
    try:
        book = load_workbook(path, read_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as fault:
        raise WorkbookRefused(tab_finding(Tab.REFUSED, type(fault).__name__)) from None
    try:
        for page in book.worksheets:
            if is_ignored(page.title):
                continue
            for row in page.iter_rows():
                for cell in row:
                    if cell.data_type == "f" and cell.row is not None and cell.column is not None:
                        address = f"{page.title}!{letters(cell.column)}{cell.row}"
                        found[address] = (page.title, cell.row, cell.column)
    finally:
        book.close()
    return found
