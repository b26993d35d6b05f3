# SPDX-License-Identifier: Apache-2.0
"""Rows of exchange views as documents of the standard: each value as it stands, so that what is wrong with it is seen."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from gateway.dictionary import Layout
from gateway.pack import Element, Shape

BEIJING: Final = timezone(timedelta(hours=8))
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?")
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BOOLEAN: Final = {"1": "true", "0": "false", "T": "true", "F": "false", "Y": "true", "N": "false"}

Row = Mapping[str, Any]


def said(value: Any, kind: str) -> str | None:
    """Return what a database's value says as a text of the standard; None for nothing. Local times are read as +08:00."""
    if value is None or value == "":
        return None
    if isinstance(value, memoryview | bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
    if kind == "boolean":
        return _BOOLEAN.get(str(int(value) if isinstance(value, bool | Decimal) else value).upper(), str(value).lower())
    if isinstance(value, datetime | date):
        return _moment(value, kind)
    if kind in ("date", "dateTime"):
        return _from_text(str(value), kind)
    if isinstance(value, Decimal):
        whole = kind == "integer" and value == value.to_integral_value()
        return str(int(value)) if whole else format(value, "f")
    return str(int(value)) if kind == "integer" and isinstance(value, float) and value.is_integer() else str(value)


def _moment(value: date, kind: str) -> str:
    if not isinstance(value, datetime):
        return value.isoformat() if kind == "date" else f"{value.isoformat()}T00:00:00+08:00"
    if kind == "date" and value.time() == time() and value.tzinfo is None:
        return value.date().isoformat()
    moment = value.astimezone(BEIJING) if value.tzinfo else value.replace(tzinfo=BEIJING)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def _from_text(text: str, kind: str) -> str:
    """Return a time that came as text; what is no time stays as it is."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return text
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return _moment(read if found[2] else read.date(), kind)


def escaped(text: str) -> str:
    """Return text as it stands in a document; what no document may hold is left out (SCH-04 sees it in the row)."""
    return (
        _FORBIDDEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    )


class Records:
    """Makes documents of one record type out of its row and the rows that hang below it."""

    def __init__(self, shape: Shape, layouts: Sequence[Layout]) -> None:
        self._shape = shape
        self._columns = {
            layout.path: {column.described.element.path: column.name for column in layout.columns} for layout in layouts
        }
        self._layouts = {layout.path: layout for layout in layouts}

    def document(self, row: Row, below: Mapping[str, Sequence[Row]]) -> bytes:
        """Return the document; ``below`` holds, by element path, the rows of each group that may repeat."""
        inner = self._children(self._shape.children, row, "", below, ())
        return f'<{self._shape.element} xmlns="{self._shape.namespace}">{inner}</{self._shape.element}>'.encode()

    def texts(self, row: Row) -> dict[str, str]:
        """Return the texts of the record's own columns by element path."""
        kinds = {column.described.element.path: column.described.element.kind for column in self._layouts[""].columns}
        found = {path: said(row.get(name), kinds[path]) for path, name in self._columns[""].items()}
        return {path: text for path, text in found.items() if text is not None}

    def _children(
        self, elements: Sequence[Element], row: Row, group: str, below: Mapping[str, Sequence[Row]], lines: tuple[Any, ...]
    ) -> str:  # fmt: skip
        return "".join(
            self._one(element, row, group, below, lines) for element in elements if element.kind != "extension"
        )

    def _one(
        self, element: Element, row: Row, group: str, below: Mapping[str, Sequence[Row]], lines: tuple[Any, ...]
    ) -> str:  # fmt: skip
        if element.max != 1:
            return self._repeated(element, below, lines)
        if element.children:
            inner = self._children(element.children, row, group, below, lines)
            return f"<{element.name}>{inner}</{element.name}>" if inner else ""
        name = self._columns[group].get(element.path)
        text = said(row.get(name), element.kind) if name else None
        return "" if text is None else f"<{element.name}>{escaped(text)}</{element.name}>"

    def _repeated(self, element: Element, below: Mapping[str, Sequence[Row]], lines: tuple[Any, ...]) -> str:
        names = self._layouts[element.path].lines
        rows = [
            row
            for row in below.get(element.path, ())
            if tuple(row.get(name) for name in names[:-1]) == lines[: len(names) - 1]
        ]
        rows.sort(key=lambda row: (row.get(names[-1]) is None, row.get(names[-1])))
        written = []
        for row in rows:
            if element.children:
                inner = self._children(
                    element.children, row, element.path, below, tuple(row.get(name) for name in names)
                )
            else:
                inner = escaped(said(row.get(self._columns[element.path][element.path]), element.kind) or "")
            written.append(f"<{element.name}>{inner}</{element.name}>")
        return "".join(written)
