# SPDX-License-Identifier: Apache-2.0
"""The shape of a source's table, view or query: its columns as they are today, and the statements that read it."""

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ClauseElement,
    ColumnClause,
    ColumnElement,
    Connection,
    CursorResult,
    FromClause,
    Select,
    and_,
    bindparam,
    column,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    quoted_name,
    select,
    table,
    text,
)
from sqlalchemy.types import NullType

from gateway.channels.database_moments import bound, exactly, is_aware, is_moment
from gateway.channels.database_options import DatabaseOptions
from gateway.channels.database_stamp import NativeStamp, Stamp, moved
from gateway.model.finding import Finding
from gateway.model.row_id import split_row_id
from gateway.ports import Window

_ROUNDED = timedelta(seconds=1)
"""More than any rounding of a stamp moves it."""


class ShapeFault(Exception):
    """The shape is not as declared: carries the findings."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.message.zh for finding in findings))
        self.findings = tuple(findings)


class Described(NamedTuple):
    """One column as the database describes it."""

    name: str
    type_code: object
    digits: object = None
    """Digits of a second's fraction, where the driver tells them."""


def relation(options: DatabaseOptions, names: Sequence[str] = ()) -> FromClause:
    """Return the table, view or fixed query as something to select from; every identifier is quoted."""
    columns: list[ColumnClause[Any]] = [column(quoted_name(name, quote=True)) for name in names]
    if options.table is not None:
        schema, _, name = options.table.rpartition(".")
        return table(
            quoted_name(name, quote=True), *columns, schema=quoted_name(schema, quote=True) if schema else None
        )
    # A colon is no parameter here: the query is fixed.
    fixed = text(re.sub(r"(?<!\\):", r"\\:", options.query or ""))
    return fixed.columns(*columns).subquery("q") if names else fixed.columns(column("any")).subquery("q")


def describe(connection: Connection, options: DatabaseOptions) -> list[Described]:
    """Ask the database for the columns, without reading a row."""
    statement: Select[Any] = select(literal_column("*")).select_from(relation(options)).where(false())
    result: CursorResult[Any] = connection.execute(statement)
    description: Any = result.cursor.description
    return [Described(str(entry[0]), entry[1], entry[5]) for entry in description]


class Shape:
    """Statements over the columns that a source reads.

    ``names`` are the columns in sorted order. ``stamp`` is None for a source that is read whole each time.
    """

    def __init__(self, options: DatabaseOptions, described: Sequence[Described], dialect: str) -> None:
        present = [d.name for d in described if d.name not in options.flags]
        self.names = tuple(sorted(set(options.needed if options.columns else present)))
        self._described = described
        self._dialect = dialect
        self._options = options
        self.stamp = _stamp(options, described, dialect)
        self.untyped_stamp = (
            isinstance(self.stamp, NativeStamp)
            and options.stamp is not None
            and not is_moment(dialect, _of(described, options.stamp.column).type_code)
        )
        source = relation(options, (*self.names, *(name for name in options.flags if name not in self.names)))
        self._source = source
        self._columns: list[ColumnElement[Any]] = [source.c[name] for name in self.names]
        self._ids: list[ColumnElement[Any]] = [source.c[name] for name in options.row_id]
        flag = options.flag
        self._wanted: list[ColumnElement[bool]] = [] if flag is None else [one_of(source.c[flag.column], flag.open)]
        self._stamped: ColumnElement[Any] | None = source.c[options.stamp.column] if options.stamp else None
        self._indexed: ColumnElement[Any] | None = None
        if options.stamp and isinstance(self.stamp, NativeStamp):
            self._read_exactly(options.stamp.column)

    def _read_exactly(self, name: str) -> None:
        """Read and compare the stamp as a datetime can hold it; the column itself still bounds what is looked at."""
        column_ = self._source.c[name]
        exact = exactly(self._dialect, column_, _of(self._described, name).digits)
        if exact is not column_:
            self._columns[self.names.index(name)] = exact.label(name)
            self._stamped, self._indexed = exact, column_

    def page(
        self, window: Window, undated: bool, after: tuple[str | None, Sequence[Any]] | None, size: int
    ) -> Select[Any]:
        """Return the statement for the next rows in the order (stamp, row id); undated rows by row id alone."""
        statement = select(*self._columns).where(*self._present(), *self._wanted)
        if self._stamped is None or self.stamp is None:
            where = [_beyond(self._ids, after[1])] if after else []
            return statement.where(*where).order_by(*self._ids).limit(size)
        if undated:
            where = [self._undated(window)] + ([_beyond(self._ids, after[1])] if after else [])
            return statement.where(*where).order_by(*self._ids).limit(size)
        where = self._dated(window)
        if after:
            stamp = given(self.stamp.bound(after[0] or ""))
            later = and_(self._stamped == stamp, _beyond(self._ids, after[1]))
            where += [self._stamped >= stamp, or_(self._stamped > stamp, later)]
        return statement.where(*where).order_by(self._stamped, *self._ids).limit(size)

    def count(self, window: Window) -> Select[Any]:
        """Return the statement that counts the rows of a window."""
        statement = select(func.count()).select_from(self._source).where(*self._wanted)
        if self._stamped is None:
            return statement
        return statement.where(or_(and_(*self._dated(window)), self._undated(window)))

    def count_dated(self, window: Window) -> Select[Any]:
        """Return the statement that counts the rows of a window that carry a usable stamp."""
        return select(func.count()).select_from(self._source).where(*self._dated(window))

    def shared_ids(self) -> Select[Any]:
        """Return the statement that counts the row ids which several rows share."""
        groups = (
            select(literal_column("1").label("one"))
            .select_from(self._source)
            .where(*self._present())
            .group_by(*self._ids)
            .having(func.count() > 1)
            .subquery("shared")
        )
        return select(func.count()).select_from(groups)

    def table(self) -> Any:
        """Return the table itself, with the columns that are read and the flag columns."""
        return self._source

    def ids(self) -> Select[Any]:
        """Return the statement that lists the row ids of all rows."""
        return select(*self._ids).where(*self._present())

    def ids_among(self, row_ids: Sequence[str]) -> Select[Any]:
        """Return the statement that looks some rows up by the text of their ids."""
        return select(*self._ids).where(self.by_ids(row_ids))

    def rows_of(self, keys: Sequence[Sequence[Any]]) -> Select[Any]:
        """Return the statement for rows by the values of their ids, as a database gave them."""
        same = [and_(*[c == given(value) for c, value in zip(self._ids, key, strict=True)]) for key in keys]
        return select(*self._columns).where(or_(*same))

    def by_ids(self, row_ids: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition that a row is one of some, given by the text of their ids.

        The text goes to the database without a type, which turns it into that of the column.
        """
        same = [
            and_(
                *[c == _untyped(part) for c, part in zip(self._ids, split_row_id(row_id, len(self._ids)), strict=True)]
            )
            for row_id in row_ids
        ]
        return or_(*same)

    def is_moment(self, name: str) -> bool:
        """Tell whether a column is a date or moment of the database."""
        return is_moment(self._dialect, _of(self._described, name).type_code)

    def without_id(self, size: int) -> Select[Any]:
        """Return the statement for rows whose row id holds NULL."""
        return select(*self._columns).where(or_(*[c.is_(None) for c in self._ids])).limit(size)

    def count_future(self, window: Window) -> Select[Any] | None:
        """Return the statement that counts stamps later than the source's own clock."""
        if self._stamped is None or self.stamp is None:
            return None
        return (
            select(func.count())
            .select_from(self._source)
            .where(*self.stamp.usable(self._stamped), self._stamped > given(self.stamp.bound(window.until)))
        )

    def count_unusable(self) -> Select[Any] | None:
        """Return the statement that counts stamps which are there but no stamps."""
        if self._stamped is None or self.stamp is None:
            return None
        return (
            select(func.count())
            .select_from(self._source)
            .where(self._stamped.is_not(None), not_(and_(*self.stamp.usable(self._stamped))))
        )

    def _present(self) -> list[ColumnElement[bool]]:
        return [c.is_not(None) for c in self._ids]

    def _dated(self, window: Window) -> list[ColumnElement[bool]]:
        stamped, stamp = self._stamped, self.stamp
        if stamped is None or stamp is None:
            return []
        floor = [] if window.floor is None else [stamped >= given(stamp.bound(window.floor))]
        if window.floor is not None and self._indexed is not None:
            floor.append(self._indexed >= given(stamp.bound(moved(stamp, window.floor, -_ROUNDED))))
        return [*floor, stamped <= given(stamp.bound(window.until)), *stamp.usable(stamped)]

    def _undated(self, window: Window) -> ColumnElement[bool]:
        stamped, stamp = self._stamped, self.stamp
        if stamped is None or stamp is None:
            return false()
        return or_(stamped.is_(None), stamped > given(stamp.bound(window.until)), not_(and_(*stamp.usable(stamped))))


def _beyond(columns: Sequence[ColumnElement[Any]], key: Sequence[Any]) -> ColumnElement[bool]:
    """Say ``columns > key`` in words every dialect knows: row values are not among them."""
    value = given(key[0])
    first = columns[0] > value
    return first if len(columns) == 1 else or_(first, and_(columns[0] == value, _beyond(columns[1:], key[1:])))


def given(value: Any) -> Any:
    """Return a value as a parameter whose name owes nothing to a column: Oracle would choke on Chinese and odd names."""
    return value if isinstance(value, ClauseElement) else literal(value)


def one_of(column_: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Say that a column holds one of some values, NULL among them."""
    there = [given(value) for value in values if value is not None]
    parts = [column_.in_(there)] if there else []
    return or_(*parts, column_.is_(None)) if None in values else or_(*parts)


def _untyped(text_: str) -> BindParameter[Any]:
    return bindparam(None, text_, type_=NullType())


def _of(described: Sequence[Described], name: str) -> Described:
    return next((each for each in described if each.name == name), Described(name, None))


def _stamp(options: DatabaseOptions, described: Sequence[Described], dialect: str) -> Stamp | None:
    if options.stamp is None:
        return None
    stamp = options.stamp.codec()
    if isinstance(stamp, NativeStamp):
        code = _of(described, options.stamp.column).type_code
        return NativeStamp(is_aware(dialect, code), partial(bound, dialect, code))
    return stamp
