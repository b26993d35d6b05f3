# SPDX-License-Identifier: Apache-2.0
"""Cells of a database to rows, and key values to the text of a position and back."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from gateway.channels.database_findings import source_finding
from gateway.channels.database_stamp import Stamp
from gateway.documents import gb18030
from gateway.model.record import Row, Scalar
from gateway.model.row_id import join_row_id
from gateway.ports import Unreadable

_PLAIN = frozenset({str, int, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class UndecodableCell(Exception):  # it refuses one row and is no fault of the program
    """A cell that is not of the declared encoding, or of a type that has no text form."""


def _float(cell: float) -> str:
    return format(Decimal(repr(cell)), "f") if cell == cell and abs(cell) != float("inf") else str(cell)


def _span(cell: timedelta) -> str:
    hours, rest = divmod(int(cell.total_seconds()), 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


_SHOWN: dict[type, Callable[[Any], Scalar]] = {
    bool: int,
    float: _float,
    Decimal: lambda cell: format(cell, "f"),
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _span,
    UUID: str,
    dict: _encode_sorted,
    list: _encode_sorted,
}


class RowBuilder:
    """Build rows of cells that come in the order of ``names``.

    ``names`` is sorted, so that a row's JSON needs no sorting. Cells of text, whole number and NULL pass as they are:
    most rows hold nothing else.
    """

    def __init__(
        self, names: Sequence[str], row_id: Sequence[str], stamp: tuple[str, Stamp] | None, encoding: str
    ) -> None:
        self._names = tuple(names)
        self._ids = tuple(self._names.index(column) for column in row_id)
        self._single = self._ids[0] if len(self._ids) == 1 else None
        self._stamp = (self._names.index(stamp[0]), stamp[1]) if stamp else None
        self._encoding = encoding
        self._decode = gb18030.decoder(encoding)

    def build(self, cells: Sequence[Any], undated: bool = False) -> Row | Unreadable:
        """Return the row, or what makes it unreadable; an ``undated`` row carries no stamp that could move the floor."""
        values = dict(zip(self._names, cells, strict=True))
        if not _PLAIN.issuperset(map(type, cells)):
            for name, cell in values.items():
                if type(cell) not in _PLAIN:
                    try:
                        values[name] = self._shown(cell)
                    except UndecodableCell as fault:
                        return Unreadable(self.row_id(cells), source_finding(str(fault), name))
        raw = to_json(values)
        stamp = None
        if self._stamp and not undated:
            stamp = self._stamp[1].text(self._stamped(cells[self._stamp[0]]))
        return Row(self.row_id(cells), values, raw, sha256(raw).digest(), stamp)

    def row_id(self, cells: Sequence[Any]) -> str:
        """Return the row id as text; several columns are joined by ``|``, a ``|`` inside them is escaped."""
        if self._single is not None:
            return self._id_text(cells[self._single])
        return self.join([cells[i] for i in self._ids])

    def join(self, ids: Sequence[Any]) -> str:
        """Return the row id of the cells that make it."""
        return join_row_id([self._id_text(cell) for cell in ids])

    def keys(self, found: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Return the row ids' cells of rows as the driver gave them."""
        return [tuple([cells[i] for i in self._ids]) for cells in found]

    def place(self, cells: Sequence[Any]) -> str | None:
        """Return the stamp's text for a position, None for a source without stamps; raises ValueError."""
        return self._stamp[1].place(self._stamped(cells[self._stamp[0]])) if self._stamp else None

    def _id_text(self, cell: Any) -> str:
        if type(cell) is str:
            return cell
        if type(cell) is int:
            return str(cell)
        try:
            return str(self._shown(cell))
        except UndecodableCell:
            return bytes(cell).hex() if isinstance(cell, bytes | bytearray | memoryview) else repr(cell)

    def _stamped(self, cell: Any) -> Any:
        if type(cell) is str:
            return cell
        if isinstance(cell, bytes | bytearray | memoryview):
            return bytes(cell).decode(self._encoding, "replace")
        return int(cell) if isinstance(cell, Decimal) and cell == cell.to_integral_value() else cell

    def _shown(self, cell: Any) -> Scalar:
        if cell is None or isinstance(cell, str):
            return cell
        show = _SHOWN.get(type(cell))
        if show:
            return show(cell)
        if isinstance(cell, int):
            return int(cell)
        if isinstance(cell, bytes | bytearray | memoryview):
            try:
                return self._decode(bytes(cell))
            except UnicodeDecodeError:
                raise UndecodableCell("SRC-006") from None
        raise UndecodableCell("SRC-007")


# -- keys in a position ------------------------------------------------------------------------------------------

_TAGS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "decimal": (Decimal, str, Decimal),
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
    "uuid": (UUID, str, UUID),
    "float": (float, repr, float),
}


def write_key(key: Sequence[Any]) -> str:
    """Return key values as JSON that keeps their types, for a position."""
    return _encode([_tagged(value) for value in key])


def read_key(text: str) -> list[Any]:
    """Return the key values of ``write_key``; raises ValueError."""
    return [_TAGS[next(iter(v))][2](next(iter(v.values()))) if isinstance(v, dict) else v for v in json.loads(text)]


def _tagged(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, bytearray | memoryview):
        value = bytes(value)
    for tag, (kind, write, _) in _TAGS.items():
        if type(value) is kind:
            return {tag: write(value)}
    return int(value) if isinstance(value, int) else str(value)
