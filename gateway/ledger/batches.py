# SPDX-License-Identifier: Apache-2.0
"""Statements that run once per row of a chunk, compiled once: SQLAlchemy writes the SQL, the driver gets plain tuples.

Going through ``Connection.execute`` with a list of dictionaries costs about as much again as the inserts themselves.
``columns`` are named in the order of the table.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import Executable

T = TypeVar("T")

MOST_IN_ONE_QUESTION = 10_000
"""Values in one IN list; SQLite takes 32,766 variables, PostgreSQL 65,535."""


def insert_rows(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert ``rows``; a unique key that exists already raises IntegrityError."""
    if rows:
        _write(connection, _insert(connection.dialect.name, table, columns), columns, rows)


def upsert_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    replaced: tuple[str, ...] = (),
    added: tuple[str, ...] = (),
) -> int:
    """Insert ``rows``; where the primary key exists, replace the columns ``replaced`` and add to those in ``added``.

    With neither, what exists stays as it is. Returns how many rows were written.
    """
    if not rows:
        return 0
    return _write(connection, _upsert(connection.dialect.name, table, columns, replaced, added), columns, rows)


def reserve(connection: Connection, table: Table, count: int) -> range | list[int]:
    """Return ``count`` fresh numbers for the column ``id``: SQLite has one writer, PostgreSQL a sequence."""
    if count == 0:
        return range(0)
    if connection.dialect.name == "sqlite":
        last = connection.execute(_last(table)).scalar_one()
        return range(last + 1, last + 1 + count)
    sequence = "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"
    return sorted(connection.execute(text(sequence), {"table": table.name, "count": count}).scalars())


@lru_cache
def _last(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0))


def update_rows(
    connection: Connection, table: Table, key: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Update one row per tuple: the values of ``columns``, then the value of the ``key`` column."""
    if rows:
        connection.exec_driver_sql(_update(connection.dialect.name, table, key, columns), list(rows))


def _write(connection: Connection, statement: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> int:
    """Execute an insert for all rows and return how many were written.

    The driver of SQLite lets go of the interpreter at every step and must win it back from other threads: a hundred rows
    in one statement are one step.
    """
    if connection.dialect.name != "sqlite":
        return connection.exec_driver_sql(statement, list(rows)).rowcount
    written = 0
    whole = len(rows) - len(rows) % _IN_ONE_STEP
    if whole:
        several = _several(statement, len(columns))
        for start in range(0, whole, _IN_ONE_STEP):
            values = tuple(chain.from_iterable(rows[start : start + _IN_ONE_STEP]))
            written += connection.exec_driver_sql(several, values).rowcount
    if whole < len(rows):
        written += connection.exec_driver_sql(statement, list(rows[whole:])).rowcount
    return written


_IN_ONE_STEP = 100


@lru_cache
def _several(statement: str, columns: int) -> str:
    """Return an insert of one row as one of many."""
    marks = f"({', '.join('?' * columns)})"
    if statement.count(marks) != 1:
        raise AssertionError(statement)
    return statement.replace(marks, ", ".join([marks] * _IN_ONE_STEP))


@lru_cache
def _insert(dialect: str, table: Table, columns: tuple[str, ...]) -> str:
    return _positional(dialect, insert(table).values(_marks(columns)), columns)


@lru_cache
def _upsert(
    dialect: str, table: Table, columns: tuple[str, ...], replaced: tuple[str, ...], added: tuple[str, ...]
) -> str:
    statement = (postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)).values(_marks(columns))
    new = {name: statement.excluded[name] for name in replaced}
    sums = {name: table.c[name] + statement.excluded[name] for name in added}
    keys = [column.name for column in table.primary_key]
    if new or sums:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=new | sums)
    else:
        statement = statement.on_conflict_do_nothing()
    return _positional(dialect, statement, columns)


@lru_cache
def _update(dialect: str, table: Table, key: str, columns: tuple[str, ...]) -> str:
    statement = update(table).where(table.c[key] == bindparam("key_")).values(_marks(columns))
    return _positional(dialect, statement, columns, "key_")


def _marks(columns: tuple[str, ...]) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(f"b_{name}") for name in columns}


def _positional(dialect: str, statement: Executable, columns: tuple[str, ...], *more: str) -> str:
    """Return the SQL with positional marks, which must stand in the order of the tuples."""
    family: Any = sqlite if dialect == "sqlite" else postgresql
    style = family.dialect(paramstyle="qmark" if dialect == "sqlite" else "format")
    compiled = statement.compile(dialect=style)  # type: ignore[attr-defined]
    if compiled.positiontup != [*(f"b_{name}" for name in columns), *more]:
        raise AssertionError(compiled.positiontup)
    return str(compiled)


def among(dialect: str, column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of a list, given at execution as ``among=listed(…)``.

    One parameter, so that the statement stays the same whatever the length: an IN list is written out anew each time.
    """
    values = bindparam("among", type_=Text() if dialect == "sqlite" else ARRAY(column.type))
    if dialect == "sqlite":
        return column.in_(select(literal_column("value")).select_from(func.json_each(values)))
    return column == any_(values)


def listed(dialect: str, values: Iterable[Any]) -> Any:
    """Return ``values`` as the parameter of ``among``."""
    return json.dumps(list(values), ensure_ascii=False) if dialect == "sqlite" else list(values)


def in_parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut ``values`` into lists short enough for one IN."""
    everything = list(values)
    for start in range(0, len(everything), MOST_IN_ONE_QUESTION):
        yield everything[start : start + MOST_IN_ONE_QUESTION]
