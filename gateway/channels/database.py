# SPDX-License-Identifier: Apache-2.0
"""The database source (数据库来源): a department system read through SQL, for reading only.

Pages follow the order (stamp, row id) by keyset, never by offset, so that rows with equal stamps are neither lost nor
read twice. Rows whose stamp is absent, a filler, unreadable or later than the source's own clock are read last, in
every run, and never move the floor (ledger.md B14). A row that can't be read whole comes back as ``Unreadable``.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from operator import eq
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError, SQLAlchemyError

from gateway.channels.catalogue_shape import relations_interface
from gateway.channels.database_account import account_findings
from gateway.channels.database_dialect import open_database
from gateway.channels.database_findings import source_finding
from gateway.channels.database_options import DatabaseOptions
from gateway.channels.database_rows import RowBuilder, read_key, write_key
from gateway.channels.database_shape import Described, Shape, ShapeFault, describe
from gateway.channels.database_stamp import NativeStamp, Stamp, declared_stamp, moved
from gateway.clock import BEIJING
from gateway.errors import SourceError
from gateway.model.finding import Finding, Severity
from gateway.model.record import Row, Scalar, SourceKind
from gateway.ports import Clock, Page, Position, Unreadable, Window
from gateway.semantics.interface import Interface, of_relations

# Rows without a row id that one run reports; the rest is told by number at `config check`.
_ID_LESS = 100
# Row ids that come over the wire at once, and that are looked up in one statement.
_PART = 5_000
_LOOKED_UP = 50


class DatabaseSource:
    """Rows of one table, view or fixed query.

    Raises ConfigurationError where the options are wrong; connects at the first call, and again after a failure.
    """

    def __init__(self, name: str, kind: SourceKind, options: DatabaseOptions, directory: Path, clock: Clock) -> None:
        self.name = name
        self.kind = kind
        self._options = options
        self._opened = open_database(options, directory, clock, f"sources.d/{name}.yaml")
        self._dialect = self._opened.engine.url.get_backend_name()
        self._clock = clock
        self._ready: tuple[Shape, RowBuilder] | None = None

    @property
    def overlap(self) -> timedelta:
        """How far back each pull reads again."""
        return self._options.overlap

    def check(self) -> tuple[Finding, ...]:
        """Look at the source's shape: missing columns, row ids that are not unique, stamps that do not fit."""
        target = self._options.table or "query"
        try:
            with self._opened.engine.connect() as connection:
                try:
                    described = describe(connection, self._options)
                except DBAPIError as fault:
                    return (source_finding("SRC-002", target, said(fault)),)
                try:
                    shape, _ = self._shaped(described)
                except ShapeFault as fault:
                    return fault.findings
                try:
                    return tuple(self._look(connection, shape))
                except (ProgrammingError, DataError) as fault:
                    place = self._options.stamp.column if self._options.stamp else target
                    return (source_finding("SRC-008" if self._options.stamp else "SRC-002", place, said(fault)),)
        except SQLAlchemyError as fault:
            return (source_finding("SRC-001", target, said(fault)),)

    def account(self) -> tuple[Finding, ...]:
        """Tell what the reading account may do beyond reading, from the grants as the database shows them."""
        try:
            with self._opened.engine.connect() as connection:
                return account_findings(connection, self._options)
        except (SQLAlchemyError, OSError) as fault:
            return (source_finding("SRC-015", "", said(fault), severity=Severity.WARNING),)

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run that starts now; raises SourceError when the source is gone or changed its shape."""
        with self._connected() as connection:
            self._ready = None
            shape, _ = self._prepared(connection)
            now = self._opened.now(connection)
        stamp = shape.stamp or NativeStamp()
        if floor is not None and shape.stamp:
            try:
                floor = moved(stamp, floor, -self._options.overlap)
            except ValueError:
                # The stamp is written another way than before: read all once more, row memory makes it free (B2).
                floor = None
        return Window(floor, stamp.now(now))

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the next page of at most ``size`` rows; raises SourceError when the source is gone."""
        with self._connected() as connection:
            shape, builder = self._prepared(connection)
            undated = after is not None and after.undated
            found, more = self._fetch(connection, shape, window, undated, after, size)
            rows, unreadable = _built(builder, found, undated)
            end = self._position(builder, found, undated) or after
            if more:
                return Page(rows, end or Position(None, None), True, unreadable)
            if shape.stamp and not undated:
                # The rows with usable stamps are through; those without come next.
                return Page(rows, Position(end.stamp if end else None, None, True), True, unreadable)
            idless = connection.execute(shape.without_id(_ID_LESS)).fetchall()
            unreadable += tuple(_without_id(builder, cells) for cells in idless)
            return Page(rows, end or Position(None, None, undated), False, unreadable)

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run: the lesser of the highest stamp seen and ``until``, never going back."""
        if self._options.stamp is None:
            return None
        stamp = self._ready[0].stamp if self._ready else None
        stamp = stamp or declared_stamp(self._options.stamp.format, self._options.stamp.number)
        before = None if window.floor is None else moved(stamp, window.floor, self._options.overlap)
        if highest is None:
            return before
        return max(min(highest, window.until), before or "")

    def estimate(self, window: Window) -> int | None:
        """Return how many rows the window holds, None when the source does not say in time."""
        try:
            with self._connected() as connection:
                shape, _ = self._prepared(connection)
                return int(connection.execute(shape.count(window)).scalar_one())
        except SourceError:
            return None

    def interface(self) -> Interface | None:
        """Return the columns of what is read, as the catalogue shows them; of a fixed query as it describes itself."""
        with self._connected() as connection:
            if self._options.table is not None:
                return relations_interface(connection, [self._options.table])
            described = describe(connection, self._options)
            return of_relations({"query": [(each.name, str(each.type_code)) for each in described]})

    # -- Listed ----------------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> bool:
        """Every run reads the source whole and looks for rows that are gone."""
        return self._options.mode == "snapshot"

    @property
    def comparable(self) -> bool:
        """What is gone can be told of a source that shows what is now."""
        return self.kind is SourceKind.STATE

    def keys(self) -> Iterator[Sequence[str]]:
        """Yield the ids of all rows: one statement, which sees one state of the source (ledger.md T4)."""
        with self._connected() as connection:
            shape, builder = self._prepared(connection)
            how: dict[str, Any] = {"stream_results": True}
            if self._dialect == "postgresql":
                how["isolation_level"] = "REPEATABLE READ"  # a server-side cursor lives in a transaction
            connection.rollback()
            result = connection.execution_options(**how).execute(shape.ids())
            for part in result.partitions(_PART):
                yield [builder.join(cells) for cells in part]

    def present(self, row_ids: Sequence[str]) -> Collection[str]:
        """Look up each of these rows and return those that are there."""
        found: set[str] = set()
        with self._connected() as connection:
            shape, builder = self._prepared(connection)
            for start in range(0, len(row_ids), _LOOKED_UP):
                rows = connection.execute(shape.ids_among(row_ids[start : start + _LOOKED_UP]))
                found.update(builder.join(cells) for cells in rows)
        return found

    def in_scope(self, values: Mapping[str, Scalar]) -> bool:
        """Tell whether a row last seen with ``values`` is young enough to be shown."""
        scope = self._options.scope
        if scope is None:
            return True
        oldest = (self._clock.now().astimezone(BEIJING) - timedelta(days=scope.days)).date()
        digits = re.sub(r"[^0-9]", "", str(values.get(scope.column) or ""))[:8]
        # A day of grace: view and gateway need not agree on the very hour. What has no date can't leave by age.
        return len(digits) < 8 or digits > f"{oldest:%Y%m%d}"

    def slices(self, first: str | None, last: str | None, span: timedelta) -> Iterator[tuple[Window, int | None]]:
        """Cut the stamps from ``first`` to ``last`` into spans, with the rows of each; a source without stamps is one slice."""
        whole = self.window(None)
        with self._connected() as connection:
            shape, builder = self._prepared(connection)
            if shape.stamp is None:
                yield whole, int(connection.execute(shape.count(whole)).scalar_one())
                return
            end = whole.until if last is None else min(_stamped(shape.stamp, last), whole.until)
            begin = None if first is None else _stamped(shape.stamp, first)
            if begin is None:
                found, _more = self._fetch(connection, shape, whole, False, None, 1)
                position = self._position(builder, found, False)
                begin = None if position is None else position.stamp
            while begin is not None and begin <= end:
                after = min(moved(shape.stamp, begin, span), end)
                window = Window(begin, after)
                yield window, int(connection.execute(shape.count_dated(window)).scalar_one())
                if after == end:
                    return
                begin = after

    def close(self) -> None:
        """Let go of connections."""
        self._opened.engine.dispose()

    # -- shape ---------------------------------------------------------------------------------------------------

    def _prepared(self, connection: Connection) -> tuple[Shape, RowBuilder]:
        if self._ready is None:
            try:
                self._ready = self._shaped(describe(connection, self._options))
            except ShapeFault as fault:
                raise SourceError(f"{self.name}: {fault}") from None
        return self._ready

    def _shaped(self, described: Sequence[Described]) -> tuple[Shape, RowBuilder]:
        names = [d.name for d in described]
        twice = sorted({name for name in names if names.count(name) > 1})
        needed = (*self._options.needed, *self._options.flags)
        missing = [name for name in needed if name not in names]
        faults = [source_finding("SRC-012", name, name) for name in twice]
        faults += [source_finding("SRC-003", name, name) for name in missing]
        if faults:
            raise ShapeFault(faults)
        shape = Shape(self._options, described, self._dialect)
        if shape.untyped_stamp and self._options.stamp:
            raise ShapeFault([source_finding("SRC-008", self._options.stamp.column, self._options.stamp.column)])
        stamp = (self._options.stamp.column, shape.stamp) if self._options.stamp and shape.stamp else None
        return shape, RowBuilder(shape.names, self._options.row_id, stamp, self._options.decoding)

    def _look(self, connection: Connection, shape: Shape) -> Iterator[Finding]:
        ids = "+".join(self._options.row_id)
        shared = connection.execute(shape.shared_ids()).scalar_one()
        if shared:
            yield source_finding("SRC-004", ids, str(shared))
        if connection.execute(shape.without_id(1)).fetchall():
            yield source_finding("SRC-005", ids)
        if self._options.stamp is None or shape.stamp is None:
            return
        window = Window(None, shape.stamp.now(self._opened.now(connection)))
        for code, statement in (("SRC-009", shape.count_unusable()), ("SRC-010", shape.count_future(window))):
            number = 0 if statement is None else connection.execute(statement).scalar_one()
            if number:
                yield source_finding(code, self._options.stamp.column, str(number), severity=Severity.WARNING)

    # -- pages ---------------------------------------------------------------------------------------------------

    def _fetch(
        self, connection: Connection, shape: Shape, window: Window, undated: bool, after: Position | None, size: int
    ) -> tuple[Sequence[Sequence[Any]], bool]:
        reached = None
        if after is not None and after.row_id is not None:
            reached = (after.stamp, read_key(after.row_id))
        statement = shape.page(window, undated, reached, size + 1)
        found = self._leniently(connection, statement)
        return found[:size], len(found) > size

    def _leniently(self, connection: Connection, statement: Select[Any]) -> Sequence[Sequence[Any]]:
        try:
            return connection.execute(statement).fetchall()
        except (DBAPIError, UnicodeDecodeError) as fault:
            if not _undecodable(fault):
                raise
        with self._opened.leniently(connection):
            return connection.execute(statement).fetchall()

    def _position(self, builder: RowBuilder, found: Sequence[Sequence[Any]], undated: bool) -> Position | None:
        if not found:
            return None
        keys = builder.keys(found)
        if any(map(eq, keys, keys[1:])):
            fault = source_finding("SRC-004", "+".join(self._options.row_id))
            raise SourceError(f"{self.name}: {fault.code} {fault.message.zh}", fault.hint)
        try:
            return Position(None if undated else builder.place(found[-1]), write_key(keys[-1]), undated)
        except ValueError:
            column = self._options.stamp.column if self._options.stamp else ""
            fault = source_finding("SRC-008", column, column)
            raise SourceError(f"{self.name}: {fault.code} {fault.message.zh}", fault.hint) from None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self._opened.engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, UnicodeDecodeError) as fault:
            # The next run starts from a fresh connection and asks for the shape again.
            self._ready = None
            self._opened.engine.dispose()
            raise SourceError(f"{self.name}: {said(fault)}") from fault


def _stamped(stamp: Stamp, text: str) -> str:
    """Return the stamp that ``text`` is, or the date or time that it is, as the source writes it; raises ValueError."""
    try:
        return stamp.write(stamp.moment(text))
    except ValueError:
        return stamp.write(datetime.fromisoformat(text))


def _built(
    builder: RowBuilder, found: Iterable[Sequence[Any]], undated: bool
) -> tuple[tuple[Row, ...], tuple[Unreadable, ...]]:
    build = builder.build
    made: list[Row | Unreadable] = [build(cells, undated) for cells in found]
    unreadable = tuple([one for one in made if isinstance(one, Unreadable)])
    if not unreadable:
        return tuple(made), ()  # type: ignore[arg-type] # none of them is Unreadable
    return tuple([one for one in made if isinstance(one, Row)]), unreadable


def _without_id(builder: RowBuilder, cells: Sequence[Any]) -> Unreadable:
    # Without an id the digest of what is there is the only name the row has.
    made = builder.build(cells)
    name = f"?{made.digest.hex()[:16]}" if isinstance(made, Row) else "?"
    return Unreadable(name, source_finding("SRC-005", ""))


def _undecodable(fault: Exception) -> bool:
    cause = getattr(fault, "orig", fault)
    return (
        isinstance(cause, UnicodeDecodeError)
        or "Could not decode to UTF-8" in str(cause)
        or type(cause).__name__ == "DataError"
    )


def said(fault: Exception) -> str:
    """Return a driver's first line without parameters, which may be personal data."""
    cause = getattr(fault, "orig", None) or fault
    lines = str(cause).strip().splitlines() or [""]
    return f"{type(cause).__name__}: {lines[0][:200]}"
