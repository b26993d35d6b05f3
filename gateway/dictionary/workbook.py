# SPDX-License-Identifier: Apache-2.0
"""Excel templates (填报模板): headers with notes, drop-downs of the codes in force, a page that explains, a stamp."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from types import MappingProxyType
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gateway.dictionary.described import NEEDS, describe
from gateway.dictionary.layout import layouts
from gateway.dictionary.sheets import YES_NO, Heading, in_force, note_lines, sheets
from gateway.pack import LEVELS, CodeList, Pack

GUIDE, CODES, STAMP = "填写说明", "代码表", "_stamp"
STATUS, PROBLEM = "状态", "问题"
DRAFT, SUBMIT = "草稿", "提交"
LAST_ROW = 50_000
_FORMATS = {"date": "yyyy-mm-dd", "dateTime": "yyyy-mm-dd hh:mm:ss", "decimal": "0.00####", "integer": "0"}
_COLOURS = {"M": "F8CBAD", "C": "FFE699", "O": "E2EFDA"}
_FIXED = datetime(2010, 1, 1)  # noqa: DTZ001 # Excel's times have no zone; a fixed one keeps templates comparable
_WIDEST = 40


def workbook(pack: Pack, code: str, on: date) -> bytes:
    """Return the template of a record type as ``.xlsx``, its drop-downs holding the codes in force on ``on``."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = book.properties.title = f"{pack.name} {code}"
    book.properties.created = book.properties.modified = _FIXED
    named = {name: codes for each in describe(pack, code) if (codes := each.codes) for name in [codes.name]}
    ranges = _Ranges(named, on)
    for sheet in sheets(pack, code):
        page = book.create_sheet(sheet.title.replace("/", "-"))
        for number, heading in enumerate(sheet.headings, 1):
            _heading(page, number, heading, ranges)
        page.freeze_panes = "A2"
    _guide(book.create_sheet(GUIDE), pack, code, on)
    ranges.write(book.create_sheet(CODES))
    _stamp(book.create_sheet(STAMP), pack, code, on)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


@dataclass(frozen=True, slots=True)
class ItemTemplate:
    """The template of one power item: its record types, and texts by element path that the gateway fills in itself."""

    item: str
    source: str
    types: tuple[str, ...]
    fixed: Mapping[str, Mapping[str, str]]


def item_workbook(pack: Pack, template: ItemTemplate, on: date) -> bytes:
    """Return the template that a department without a system fills in for an item, as ``.xlsx``.

    Status and problem stand before the columns of every record; what the gateway fills in has no column.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = book.properties.title = f"{pack.name} {template.item}"
    book.properties.created = book.properties.modified = _FIXED
    described = [each for code in template.types for each in describe(pack, code)]
    ranges = _Ranges({each.codes.name: each.codes for each in described if each.codes is not None}, on)
    for code in template.types:
        for number, sheet in enumerate(sheets(pack, code)):
            page = book.create_sheet(sheet.title.replace("/", "-"))
            first = 1 if number else _status_columns(page)
            headings = [each for each in sheet.headings if not _is_fixed(each, template.fixed.get(code, {}))]
            for at, heading in enumerate(headings, first):
                _heading(page, at, heading, ranges)
            page.freeze_panes = "A2" if number else "C2"
    for code in template.types:
        _guide(book.create_sheet(f"{GUIDE}{code}" if len(template.types) > 1 else GUIDE), pack, code, on)
    ranges.write(book.create_sheet(CODES))
    more = {"item": template.item, "source": template.source}
    _stamp(book.create_sheet(STAMP), pack, " ".join(template.types), on, more)
    held = BytesIO()
    book.save(held)
    return held.getvalue()


def _is_fixed(heading: Heading, fixed: Mapping[str, str]) -> bool:
    return heading.column is not None and heading.column.described.element.path in fixed


def _status_columns(page: Worksheet) -> int:
    """Write the columns that are not of the record; return the number of the first that is."""
    for number, (header, note, width) in enumerate(
        (
            (STATUS, "草稿:只检查,不收录、不投递。提交或留空:检查无误即收录。", 10),
            (PROBLEM, "由网关填写,不用改动。", 40),
        ),
        1,
    ):
        cell = _write(page, 1, number, header, bold=True)
        cell.comment = Comment(note, "gateway", height=80, width=240)
        cell.fill = PatternFill("solid", fgColor=_COLOURS["O"])
        page.column_dimensions[get_column_letter(number)].width = width
    rule = DataValidation("list", formula1=f'"{DRAFT},{SUBMIT}"', allow_blank=True, showErrorMessage=True)
    rule.add(f"A2:A{LAST_ROW}")
    page.add_data_validation(rule)
    return 3


def dictionary_digest(pack: Pack) -> str:
    """Return SHA-256 hex of the dictionary file: the stamp of what was made from it."""
    return hashlib.sha256((pack.root / "dictionary.csv").read_bytes()).hexdigest()


class _Ranges:
    """Where the codes of each list stand on the sheet of codes: two columns a list, from row 3."""

    def __init__(self, named: dict[str, CodeList], on: date) -> None:
        self._lists = {name: (codes, in_force(codes, on)) for name, codes in sorted(named.items())}
        self._places = {name: 1 + 2 * number for number, name in enumerate(self._lists)}

    def formula(self, name: str) -> str:
        column = get_column_letter(self._places[name])
        last = 2 + max(1, len(self._lists[name][1]))
        return f"{quote_sheetname(CODES)}!${column}$3:${column}${last}"

    def write(self, page: Worksheet) -> None:
        for name, (codes, held) in self._lists.items():
            at = self._places[name]
            _write(page, 1, at, f"{codes.title.zh} {name}", bold=True)
            _write(page, 2, at, "代码", bold=True)
            _write(page, 2, at + 1, "名称", bold=True)
            for row, (code, label) in enumerate(held.items(), 3):
                _write(page, row, at, code)
                _write(page, row, at + 1, label)
            page.column_dimensions[get_column_letter(at + 1)].width = 24


def _heading(page: Worksheet, number: int, heading: Heading, ranges: _Ranges) -> None:
    letter = get_column_letter(number)
    cell = _write(page, 1, number, heading.header, bold=True)
    cell.comment = Comment(heading.note, "gateway", height=180, width=320)
    dimension = page.column_dimensions[letter]
    dimension.width = min(_WIDEST, 6 + 2 * len(heading.header))
    need = "M" if heading.column is None or heading.owner else heading.column.described.field.needs["L3"]
    cell.fill = PatternFill("solid", fgColor=_COLOURS[need])
    if heading.column is None:
        dimension.number_format = _FORMATS["integer"]
        return
    described = heading.column.described
    # Text everywhere else: an 18-digit number typed into a general cell loses its last digits
    dimension.number_format = _FORMATS.get(described.element.kind, "@")
    choices = _choices(heading, ranges)
    if choices is not None:
        field = described.field
        rule = DataValidation("list", formula1=choices, allow_blank=True, showErrorMessage=True)
        rule.errorTitle, rule.error = field.label.zh, field.hint.zh[:200]
        rule.add(f"{letter}2:{letter}{LAST_ROW}")
        page.add_data_validation(rule)


def _choices(heading: Heading, ranges: _Ranges) -> str | None:
    """Return the formula of a drop-down, or None where anything may be typed."""
    if heading.column is None or heading.owner:
        return None
    described = heading.column.described
    if described.codes is not None:
        return ranges.formula(described.codes.name)
    values = YES_NO if described.element.kind == "boolean" else described.element.values
    return f'"{",".join(values)}"' if values else None


def _guide(page: Worksheet, pack: Pack, code: str, on: date) -> None:
    lines = (
        f"{code} {pack.types[code].label.zh}填报模板",
        f"{pack.title.zh}({pack.edition_words.zh})",
        f"下拉代码为 {on.isoformat()} 有效的代码;更早的业务按当日有效的代码填写,可直接输入。",
        "一行一条记录;可以多次出现的内容填在后面的工作表,用所属记录的主键和行号对应。表头不要改动。",
        "红色必填,黄色条件必填,绿色选填;L1 结果级、L2 过程级、L3 实时级。证件号码等编码列已设为文本格式,不要改为数字。",
    )
    for row, line in enumerate(lines, 1):
        _write(page, row, 1, line, bold=row == 1)
    head = ("工作表", "列名", "拼音代码", *LEVELS, "说明")
    for number, title in enumerate(head, 1):
        _write(page, len(lines) + 2, number, title, bold=True)
    row = len(lines) + 3
    for layout in layouts(pack, code):
        for column in layout.columns:
            needs = (NEEDS[column.described.field.needs[level]].zh for level in LEVELS)
            words = "\n".join(note_lines(column.described))
            for number, text in enumerate((layout.title, column.header, column.name, *needs, words), 1):
                _write(page, row, number, text).alignment = Alignment(wrap_text=True, vertical="top")
            row += 1
    for letter, width in zip("ABCDEFG", (20, 26, 14, 10, 10, 10, 70), strict=True):
        page.column_dimensions[letter].width = width


def _stamp(page: Worksheet, pack: Pack, code: str, on: date, more: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write what the template was made from; intake compares it with the pack in force."""
    facts = {
        "pack": pack.name, "version": pack.version, "pack_digest": pack.digest,
        "dictionary_digest": dictionary_digest(pack), "code_list_version": pack.code_list_version, "type": code,
        "codes_in_force_on": on.isoformat(), **more,
    }  # fmt: skip
    for row, (name, value) in enumerate(facts.items(), 1):
        _write(page, row, 1, name)
        _write(page, row, 2, value)
    page.sheet_state = "veryHidden"


def _write(page: Worksheet, row: int, column: int, text: str, bold: bool = False) -> Any:
    """Write a cell as text, whatever it begins with."""
    cell = page.cell(row, column, text)
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell
