# SPDX-License-Identifier: Apache-2.0
"""One cell as the text of an element: local time becomes +08:00, 是 becomes true; a number is no code."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from gateway.documents.render import ForbiddenCharacter, escape_text, one_line
from gateway.grids.faults import Tab, tab_finding
from gateway.grids.grid import BadCell, Cell
from gateway.model.finding import Finding
from gateway.pack import Element

_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MOMENT: Final = re.compile(_DAY.pattern + r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_BOOLEANS: Final = {"是": "true", "否": "false", "TRUE": "true", "FALSE": "false", "True": "true", "False": "false"}
_DIGITS: Final = 15  # significant digits that Excel keeps of a number


def text_of(cell: Cell, element: Element) -> str | Tab | None:
    """Return the text for ``element`` (None for an empty cell), or what is wrong with the cell."""
    if isinstance(cell, str):
        return _from_text(one_line(cell).strip(), element) or None
    if cell is None:
        return None
    if isinstance(cell, BadCell):
        return Tab.FORMULA_ERROR
    if isinstance(cell, bool):
        return str(cell).lower() if element.kind == "boolean" else Tab.WRONG_CELL
    if isinstance(cell, int | float):
        return _from_number(cell, element)
    return _from_time(cell, element)


def finding_of(code: Tab, element: Element, path: str, address: str, row: int, column: int) -> Finding:
    """Return the finding of a cell that can't be taken."""
    return tab_finding(code, f"{address}「{element.label.zh}」", path=path, line=row, column=column)


def escaped(text: str) -> str | None:
    """Return ``text`` as it stands in a document, or None where it holds a character that none may carry."""
    try:
        return escape_text(text)
    except ForbiddenCharacter:
        return None


def _from_text(text: str, element: Element) -> str:
    if element.kind == "boolean":
        return _BOOLEANS.get(text, text)
    if element.kind == "date" and (found := _DAY.fullmatch(text)):
        year, month, day = found.groups()
        return f"{year}-{int(month):02}-{int(day):02}"
    if element.kind == "dateTime" and (found := _MOMENT.fullmatch(text)):
        year, month, day, hour, minute, second = found.groups()
        clock = f"{int(hour or 0):02}:{minute or '00'}:{second or '00'}"
        return f"{year}-{int(month):02}-{int(day):02}T{clock}+08:00"
    return text


def _from_number(number: float, element: Element) -> str | Tab:
    if element.kind in ("date", "dateTime"):
        return Tab.NUMBER_FOR_DATE
    if element.kind not in ("integer", "decimal"):
        return Tab.NUMBER_FOR_TEXT if element.kind == "text" else Tab.WRONG_CELL
    text = format(Decimal(f"{number:.{_DIGITS}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _from_time(cell: date | time | timedelta, element: Element) -> str | Tab:
    if isinstance(cell, datetime):
        if element.kind == "dateTime":
            return f"{cell.isoformat(timespec='seconds')}+08:00"
        return cell.date().isoformat() if element.kind == "date" and cell.time() == time() else Tab.WRONG_CELL
    if isinstance(cell, date) and element.kind in ("date", "dateTime"):
        return cell.isoformat() if element.kind == "date" else f"{cell.isoformat()}T00:00:00+08:00"
    return Tab.WRONG_CELL
