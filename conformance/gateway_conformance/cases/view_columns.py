# SPDX-License-Identifier: Apache-2.0
"""Columns of exchange views held to the data dictionary: the kind of a type, its length, its decimals."""

from typing import Any, Final

import sqlalchemy as sa

from gateway.dictionary import Column, Layout
from gateway_conformance.bench import Bench
from gateway_conformance.subjects.view import View

NARROW, WIDE = "narrow", "wide"
"""What can be wrong with a column of the right kind: it cannot hold what the standard allows, or it can hold more."""

_NAMES: Final = {
    "date": "DATE",
    "dateTime": "DATETIME/TIMESTAMP",
    "boolean": "SMALLINT",
    "integer": "INTEGER",
    "text": "VARCHAR",
}


def compare(bench: Bench, layout: Layout, view: View, database: str) -> None:
    """Take down which columns of a view are missing or of another type than the dictionary says."""
    wanted = {column.name: column for column in layout.columns}
    if layout.parent is not None:
        wanted = {**{key.name: key for key in layout.key}, **wanted}
    for name, column in wanted.items():
        held = view.columns.get(name)
        place = f"{view.name}.{name}"
        if held is None:
            bench.fail(
                "b",
                f"视图 {view.name} 缺少列 {name}({column.header})",
                f"the view {view.name} lacks the column {name}",
                place=place,
            )
            continue
        fault = judged(column, held[1], database)
        if fault is not None:
            take = bench.warn if fault == WIDE else bench.fail
            expected = _expected(column)
            take("a", f"视图 {place}:{held[1]},应为 {expected}", f"{place} is {held[1]}, not {expected}", place=place,
                 expected=expected, received=held[1])  # fmt: skip
    for line in layout.lines:
        if line not in view.columns:
            bench.fail(
                "b",
                f"视图 {view.name} 缺少行号列 {line}",
                f"the view {view.name} lacks the line number {line}",
                place=view.name,
            )


def judged(column: Column, held: Any, database: str) -> str | None:
    """Return what is wrong with the type of a column: NARROW (also another kind), WIDE, or None."""
    kind, length = column.described.element.kind, column.described.field.length
    if isinstance(held, sa.types.NullType):
        return None  # the catalogue does not say (a computed column of SQLite): its values are judged
    match kind:
        case "date":
            return (
                None
                if isinstance(held, sa.Date) or (database == "oracle" and isinstance(held, sa.DateTime))
                else NARROW
            )
        case "dateTime":
            fits = isinstance(held, sa.DateTime) or (database == "oracle" and isinstance(held, sa.Date))
            return None if fits else NARROW
        case "boolean":
            whole = (
                isinstance(held, sa.Integer | sa.Boolean) or _digits(held) is not None or type(held).__name__ == "BIT"
            )
            return None if whole or (isinstance(held, sa.String) and held.length == 1) else NARROW
        case "integer":
            return (
                None
                if isinstance(held, sa.Integer) or (_digits(held) or (0, 0))[1] == 0 < (_digits(held) or (0, 0))[0]
                else NARROW
            )
        case "decimal":
            return _decimal(held, length)
        case _:
            return _text(held, int(length))


def _digits(held: Any) -> tuple[int, int] | None:
    """Return precision and scale of an exact number; a number without them holds what it likes."""
    if not isinstance(held, sa.Numeric) or isinstance(held, sa.Float):
        return None
    return held.precision or 38, held.scale or 0


def _decimal(held: Any, length: str) -> str | None:
    digits = _digits(held)
    if digits is None:
        return NARROW
    if held.precision is None:
        return WIDE
    before, _, after = length.partition(",")
    whole, decimals = int(before) - int(after), int(after)
    if digits[1] < decimals or digits[0] - digits[1] < whole:
        return NARROW
    return WIDE if digits != (int(before), decimals) else None


def _text(held: Any, length: int) -> str | None:
    if not isinstance(held, sa.String):
        return NARROW
    if held.length is None or isinstance(held, sa.Text):
        return WIDE if length <= 500 else None
    if held.length < length:
        return NARROW
    return WIDE if held.length > length else None


def _expected(column: Column) -> str:
    kind, length = column.described.element.kind, column.described.field.length
    if kind == "decimal":
        return f"DECIMAL({length})"
    return f"VARCHAR({length})" if kind == "text" else _NAMES.get(kind, kind)
