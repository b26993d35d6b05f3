# SPDX-License-Identifier: Apache-2.0
"""Excel workbooks as grids: .xls and sheets up to 50,000 rows and 400,000 cells by calamine, larger ones by openpyxl row by row.

Whatever the libraries raise on a damaged or hostile file becomes one finding. Before they see an .xlsx, its archive is
held to caps, and a part with a DOCTYPE refuses it.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import Area, BadCell, Cell, Grid, Line, letters, number_of_letters
from gateway.model.finding import Finding
from gateway.model.words import Words

IN_MEMORY_ROWS: Final = 50_000
"""Rows up to which a sheet is read whole."""
IN_MEMORY_CELLS: Final = 400_000
"""Cells up to which a sheet is read whole: some hundred bytes of memory each."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Caps of a workbook's archive: parts, bytes of all parts unpacked, unpacked per packed byte of a large part."""

    parts: int = 2_000
    size: int = 1024 * 1024 * 1024
    ratio: int = 100
    small: int = 8 * 1024 * 1024
    binary: int = 256 * 1024 * 1024


CAPS: Final = Caps()
_DIMENSION: Final = re.compile(rb'<(?:\w+:)?dimension\s[^>]*ref="(?:\$?[A-Z]+\$?\d+:)?\$?[A-Z]+\$?(\d+)"')
_MERGE: Final = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_WRONG: Final = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\st="e")[^>]*\br="([A-Z]+)(\d+)"')
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|GETTING_DATA|SPILL!|CALC!)")
_PIECE: Final = 1024 * 1024
_ROW: Final = re.compile(rb"</(?:\w+:)?row>")
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s")
_ZIP: Final = b"PK"


class _Hidden(NamedTuple):
    """What the readers hide of a sheet: findings about merged cells and errors of formulas, and the merged areas."""

    findings: tuple[Finding, ...] = ()
    areas: tuple[Area, ...] = ()
    rows: int = 0
    cells: int = 0


class WorkbookRefused(Exception):
    """A workbook that is not read; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message.en)
        self.finding = finding


@contextmanager
def open_workbook(path: Path, file: str) -> Iterator[list[Grid]]:
    """Give the visible sheets of a workbook; raises WorkbookRefused, and OSError where the file can't be read."""
    with ExitStack() as held:
        yield _grids(path, file, held)


def _grids(path: Path, file: str, held: ExitStack) -> list[Grid]:
    with path.open("rb") as opened:
        archive = opened.read(2) == _ZIP
    try:
        if not archive:
            return _with_calamine(path, file, {})
        large, before = _survey(path)
        return _with_openpyxl(path, file, before, held) if large else _with_calamine(path, file, before)
    except WorkbookRefused:
        raise
    except Exception as fault:  # the fence around foreign readers of a foreign format
        raise _refused(type(fault).__name__) from fault


def _refused(zh: str, en: str | None = None) -> WorkbookRefused:
    return WorkbookRefused(tab_finding(Tab.REFUSED, Words(zh, en or zh)))


def _survey(path: Path) -> tuple[bool, dict[str, _Hidden]]:
    """Hold the archive to the caps; tell whether a sheet is too long for memory, and by title what the readers hide."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_caps(parts)
            titles = _titles(archive)
            before: dict[str, _Hidden] = {}
            large = False
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                    title = titles.get(part.filename)
                    head, found = _look(archive, part, title)
                    if b"<!DOCTYPE" in head.upper() or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
                        raise _refused("含有 DOCTYPE 或不是 UTF-8", "it holds a DOCTYPE or is not UTF-8")
                    if title is not None:
                        before[title] = found
                        large = large or _is_large(head, found)
            return large, before
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError) as fault:
        raise _refused("压缩包损坏或加密", "the archive is damaged or encrypted") from fault


def _titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the titles of the sheets by part name; raises KeyError where the archive is no workbook."""
    try:
        book = safexml.parse(archive.read("xl/workbook.xml"))
        relations = safexml.parse(archive.read("xl/_rels/workbook.xml.rels"))
    except RefusedDocument as refused:
        raise _refused(refused.finding.message.zh, refused.finding.message.en) from None
    targets = {each.get("Id"): str(each.get("Target")) for each in relations.iter("{*}Relationship")}
    found = {}
    for sheet in book.iter("{*}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found[part] = str(sheet.get("name"))
    return found


def _check_caps(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > CAPS.parts or sum(part.file_size for part in parts) > CAPS.size:
        raise _refused("解压后过大", "it is too large when unpacked")
    for part in parts:
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("压缩方法不是存储或 Deflate", "it is packed by another method than stored or deflated")
        if part.file_size > CAPS.small and part.file_size > CAPS.ratio * max(1, part.compress_size):
            raise _refused("压缩比异常", "it is packed suspiciously tight")


def _look(archive: zipfile.ZipFile, part: zipfile.ZipInfo, title: str | None) -> tuple[bytes, _Hidden]:
    """Return the beginning of a part and, for a sheet, what the readers would hide; it is never held whole."""
    with archive.open(part) as opened:
        piece = head = opened.read(4096)
        areas: dict[Area, None] = {}
        wrong: dict[tuple[int, int], None] = {}
        rest = b""
        rows = cells = 0
        while title is not None and piece:
            text = rest + piece
            areas |= dict.fromkeys(_merged(each) for each in _MERGE.findall(text))
            wrong |= dict.fromkeys((int(row), number_of_letters(c.decode())) for c, row in _WRONG.findall(text))
            rows += len(_ROW.findall(text))
            cells += len(_CELL.findall(text))
            cut = text.rfind(b"<")
            rest = text[cut:] if cut >= 0 and len(text) - cut < 4096 else b""
            piece = opened.read(_PIECE)
    errors = [
        tab_finding(Tab.FORMULA_ERROR, f"{title}!{letters(column)}{row}", line=row, column=column)
        for row, column in wrong
    ]
    return head, _Hidden((*_merge_findings(title or "", areas), *errors), tuple(areas), rows, cells)


def _merged(corners: tuple[bytes, bytes, bytes, bytes]) -> Area:
    """Return the area of ``ref="B3:C5"``."""
    left, top, right, bottom = (each.decode("ascii") for each in corners)
    return Area(int(top), int(bottom), number_of_letters(left), number_of_letters(right))


def _merge_findings(title: str, areas: Iterable[Area]) -> Iterator[Finding]:
    for area in areas:
        corners = f"{letters(area.left)}{area.top}:{letters(area.right)}{area.bottom}"
        yield tab_finding(Tab.MERGED, f"{title}!{corners}", line=area.top)


def _is_large(head: bytes, found: _Hidden) -> bool:
    """Tell whether a sheet is read row by row: by what it states of itself and by what was counted in it."""
    stated = _DIMENSION.search(head)
    rows = max(int(stated.group(1)) if stated else 0, found.rows)
    return rows > IN_MEMORY_ROWS or found.cells > IN_MEMORY_CELLS


def _with_calamine(path: Path, file: str, before: dict[str, _Hidden]) -> list[Grid]:
    import python_calamine

    if not before and path.stat().st_size > CAPS.binary:
        raise _refused("文件过大", "it is too large")
    grids = []
    with python_calamine.CalamineWorkbook.from_path(str(path)) as book:
        for about in book.sheets_metadata:
            if about.visible != python_calamine.SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_name(about.name)
            rows = sheet.to_python(skip_empty_area=False)
            hidden = before.get(about.name) or _hidden_of(about.name, sheet.merged_cell_ranges or ())
            grids.append(Grid(about.name, [*hidden.findings, *_numbered(rows)], file, about.name, hidden.areas))
    return grids


def _with_openpyxl(path: Path, file: str, before: dict[str, _Hidden], held: ExitStack) -> list[Grid]:
    import openpyxl

    # By the open file: it would refuse a path that does not end as it likes.
    book = openpyxl.load_workbook(held.enter_context(path.open("rb")), read_only=True, data_only=True, keep_links=False)
    held.callback(book.close)
    grids = []
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            hidden = before.get(sheet.title, _Hidden())
            grids.append(Grid(sheet.title, _Streamed(sheet, hidden.findings), file, sheet.title, hidden.areas))
    return grids


@dataclass(frozen=True, slots=True)
class _Streamed:
    """Reads the sheet anew each time it is walked over."""

    sheet: Any
    hidden: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Line | Finding]:
        yield from self.hidden
        rows = self.sheet.iter_rows(values_only=True)
        number = 0
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except Exception as fault:  # noqa: BLE001 # the fence around a foreign reader
                yield tab_finding(Tab.REFUSED, type(fault).__name__, line=number + 1)
                return
            number += 1
            yield Line(number, tuple(_cell(each) for each in row))


def _hidden_of(title: str, ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> _Hidden:
    """Return what a reader tells of merged cells, whose rows and columns it counts from 0."""
    areas = tuple(Area(top + 1, bottom + 1, left + 1, right + 1) for (top, left), (bottom, right) in ranges)
    return _Hidden(tuple(_merge_findings(title, areas)), areas)


def _numbered(rows: list[list[Any]]) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        yield Line(number, tuple(_cell(each) for each in row))


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return BadCell() if _ERROR.fullmatch(value) else value
    cell: Cell = value
    return cell
