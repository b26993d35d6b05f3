# SPDX-License-Identifier: Apache-2.0
"""Mapping workbook (数据对照表): a mapping as the Excel sheets that vendors and departments work with, and back.

One sheet for each record holds every field of its type, filled or not, with label, pinyin code, type, length and
obligation from the dictionary, where the value comes from (one line of YAML, docs/reference/mapping.md §3), and a note.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from ruamel.yaml.error import YAMLError

from gateway.mapping.outline import HEAD, RECORD_HEAD, Crossing, Entry, Outline, RecordOutline, parsed
from gateway.mapping.reading import Fault, MappingFaults
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.pack import LEVELS, Pack
from gateway.pack.shape import Element

_GUIDE, _HEAD, _COLUMNS, _TABLES, _VALUES, _NUMBERS = "说明", "总则", "源列", "代码对照", "取值", "号码"
_RECORD: Final = "记录 "
_ENTRY: Final = ("名称", "写法", "备注")
_CROSSING: Final = ("对照表", "源值", "代码", "起", "止", "备注")
_FIELD: Final = ("元素", "名称", "拼音代码", "类型", "长度", *LEVELS, "来源", "备注")
_GIVEN: Final = (Role.VERSION, Role.OPERATION, Role.TARGET_VERSION)
_BOLD, _GREY, _ASKED = Font(bold=True), PatternFill("solid", fgColor="EEEEEE"), PatternFill("solid", fgColor="F8CBAD")
_WIDTHS = {"元素": 30, "名称": 22, "写法": 60, "来源": 60, "备注": 40, "源值": 28}
_LINES: Final = (
    "本表与映射文件(YAML)等价:gateway mapping from-excel 由本表得到映射文件,to-excel 相反。",
    "“来源”一列写源列名,或一行写法,如 {from: CFJE, unit: 万元};写法见 docs/reference/mapping.md。空着 = 不提供。",
    "浅红的格子是该级别必填(M)而没有来源的元素;C 表示有条件必填。",
    "“元素”“名称”等说明各列来自数据字典,改了也不起作用;可以增加行,不可以改表名。",
    "文件写在总则页:标题、标准包、空值记号、日期格式。对照表的代码带前导零时按文本填写。",
)


def to_workbook(outline: Outline, pack: Pack) -> bytes:
    """Return the workbook of a mapping (``.xlsx``)."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = pack.name
    guide = book.create_sheet(_GUIDE)
    for line in _LINES:
        _append(guide, (line,))
    guide.column_dimensions["A"].width = 110
    _entry_sheet(book, _HEAD, outline.head)
    _entry_sheet(book, _COLUMNS, outline.columns)
    tables = _sheet(book, _TABLES, _CROSSING)
    for entry in outline.files:
        _append(tables, (entry.name, "", entry.spec, "", "", entry.note))
    for row in outline.crossings:
        _append(tables, (row.table, row.source, row.code, row.start, row.end, row.note))
    _entry_sheet(book, _VALUES, outline.values)
    _entry_sheet(book, _NUMBERS, outline.numbers)
    for number, record in enumerate(outline.records, 1):
        _record_sheet(book, number, record, pack)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def from_workbook(content: bytes, name: str) -> Outline:
    """Return the outline that a workbook holds; every entry knows its cell (``sheet!B7``).

    Raises:
        MappingFaults: it is no workbook, a sheet is missing, or a cell holds no text or no YAML; all cells at once.
    """
    try:
        book = load_workbook(io.BytesIO(content), data_only=False)
    except Exception as fault:  # noqa: BLE001 # a foreign reader of foreign files: whatever it raises means the same
        raise MappingFaults((_fault(name, "", f"不是可读的 xlsx:{fault}", f"no readable xlsx: {fault}"),)) from None
    reader = _Reader(name, {page.title: page for page in book.worksheets})
    outline = Outline(
        head=reader.entries(_HEAD),
        columns=reader.entries(_COLUMNS),
        values=reader.entries(_VALUES),
        numbers=reader.entries(_NUMBERS),
    )
    reader.tables(outline)
    outline.records = [reader.record(title) for title in reader.pages if title.startswith(_RECORD)]
    if reader.faults:
        raise MappingFaults(tuple(reader.faults))
    return outline


def _sheet(book: Workbook, title: str, header: Sequence[str]) -> Worksheet:
    page: Worksheet = book.create_sheet(title)
    _append(page, header)
    _head_row(page, 1, header)
    page.freeze_panes = "A2"
    return page


def _entry_sheet(book: Workbook, title: str, entries: Iterable[Entry]) -> None:
    page = _sheet(book, title, _ENTRY)
    for entry in entries:
        _append(page, (entry.name, entry.spec, entry.note))


def _record_sheet(book: Workbook, number: int, record: RecordOutline, pack: Pack) -> None:
    code = str(parsed(record.said("type")))
    page: Worksheet = book.create_sheet(f"{_RECORD}{number} {code}")
    said = {entry.name: entry for entry in record.head}
    for name in RECORD_HEAD:
        entry = said.get(name, Entry(name, ""))
        _append(page, (name, "", "", "", "", "", "", "", entry.spec, entry.note))
    _append(page, _FIELD)
    _head_row(page, len(RECORD_HEAD) + 1, _FIELD)
    page.freeze_panes = f"C{len(RECORD_HEAD) + 2}"
    written = {entry.name: entry for entry in record.fields}
    for element in _fillable(pack, code, written):
        _field_row(page, element, written.get(element.path), pack)


def _fillable(pack: Pack, code: str, written: dict[str, Entry]) -> Iterator[Element]:
    """Yield the elements that a mapping may fill; below a repeated element its own entry speaks for all."""
    given = {path for role, path in pack.types[code].roles.items() if role in _GIVEN}

    def walk(elements: tuple[Element, ...]) -> Iterator[Element]:
        for element in elements:
            if element.path in given or element.kind == "extension":
                continue
            if element.path in written or not element.children or element.max != 1:
                yield element
            else:
                yield from walk(element.children)

    yield from walk(pack.shape(code).children)


def _field_row(page: Worksheet, element: Element, entry: Entry | None, pack: Pack) -> None:
    field = pack.dictionary.field(element)
    needs = [field.needs[level] if field else "" for level in LEVELS]
    length = field.length if field else ""
    spec, note = (entry.spec, entry.note) if entry else ("", "")
    _append(page, (element.path, element.label.zh, element.pinyin, element.kind, length, *needs, spec, note))
    if entry is None:
        for column, need in enumerate(needs, 6):
            if need == "M":
                page.cell(page.max_row, column).fill = _ASKED


def _append(page: Worksheet, texts: Sequence[str]) -> None:
    """Write a row of texts; a text that begins with = is no formula."""
    row = page.max_row + 1 if page.max_row > 1 or page.cell(1, 1).value is not None else 1
    for column, text in enumerate(texts, 1):
        if text:
            cell = page.cell(row, column, text)
            cell.data_type = "s"
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _head_row(page: Worksheet, row: int, header: Sequence[str]) -> None:
    for column, text in enumerate(header, 1):
        cell = page.cell(row, column)
        cell.font, cell.fill = _BOLD, _GREY
        page.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(text, 12)


class _Reader:
    """Reads the sheets of one workbook and gathers what is wrong with them."""

    def __init__(self, name: str, pages: dict[str, Worksheet]) -> None:
        self.pages = pages
        self.faults: list[Fault] = []
        self._name = name

    def entries(self, title: str) -> list[Entry]:
        """Read a sheet of names, specs and notes."""
        found = []
        for row, (name, spec, note) in self._rows(title, _ENTRY, 1):
            if name:
                self._yaml(title, f"B{row}", spec)
                found.append(Entry(name, spec, note, f"{title}!B{row}"))
            elif spec:
                self._add(title, f"A{row}", "有写法而没有名称", "there is a value and no name")
        if title == _HEAD:
            found.sort(key=lambda entry: HEAD.index(entry.name) if entry.name in HEAD else len(HEAD))
        return found

    def tables(self, outline: Outline) -> None:
        """Read the sheet of crosswalks into the outline."""
        for row, (table, source, code, start, end, note) in self._rows(_TABLES, _CROSSING, 1):
            place = f"{_TABLES}!C{row}"
            if not table:
                if source or code:
                    self._add(_TABLES, f"A{row}", "没有写对照表的名字", "the name of the crosswalk is missing")
                continue
            value = self._yaml(_TABLES, f"C{row}", code)
            if isinstance(value, dict) and "file" in value:
                outline.files.append(Entry(table, code, note, place))
            else:
                text = code if value is None or isinstance(value, str) else f'"{code}"'
                outline.crossings.append(Crossing(table, source, text or "null", start, end, note, place))

    def record(self, title: str) -> RecordOutline:
        """Read the sheet of one record."""
        record = RecordOutline()
        for row, cells in self._rows(title, _FIELD, 0):
            name, spec, note = cells[0], cells[8], cells[9]
            entry = Entry(name, spec, note, f"{title}!I{row}")
            if not name or name == _FIELD[0]:
                continue
            self._yaml(title, f"I{row}", spec)
            if name in RECORD_HEAD and row <= len(RECORD_HEAD):
                if spec:
                    record.head.append(entry)
            elif spec:
                record.fields.append(entry)
        return record

    def _rows(self, title: str, header: Sequence[str], skip: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        page = self.pages.get(title)
        if page is None:
            self._add(title, "", f"缺少工作表 {title}", f"sheet {title} is missing")
            return
        for row in range(skip + 1, page.max_row + 1):
            yield row, tuple(self._text(title, page.cell(row, column)) for column in range(1, len(header) + 1))

    def _text(self, title: str, cell: Any) -> str:
        """Return the text of a cell; a number, a date or a formula is a fault, since Excel may have altered it."""
        if cell.value is None:
            return ""
        if not isinstance(cell.value, str) or cell.data_type == "f":
            self._add(
                title,
                cell.coordinate,
                "应为文本:请把单元格格式设为文本后重填",
                "a text is wanted: format the cell as text",
            )
            return ""
        return str(cell.value).strip()

    def _yaml(self, title: str, cell: str, spec: str) -> Any:
        if "\n" in spec:
            self._add(title, cell, "写法应在一行之内", "one line, please")
            return None
        try:
            return parsed(spec)
        except (YAMLError, ValueError) as fault:
            problem = getattr(fault, "problem", None) or str(fault)
            self._add(title, cell, f"YAML 语法错误:{problem}", f"YAML syntax: {problem}")
            return None

    def _add(self, title: str, cell: str, zh: str, en: str) -> None:
        self.faults.append(_fault(self._name, f"{title}!{cell}" if cell else title, zh, en))


def _fault(name: str, place: str, zh: str, en: str) -> Fault:
    return Fault(f"{name}[{place}]" if place else name, 1, 1, Words(zh, en))
