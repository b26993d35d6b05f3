# SPDX-License-Identifier: Apache-2.0
"""Change tables (变更表、触发器表): a table names the rows that changed, the rows themselves are looked up as they are now.

The order of the change table says where to look, the row says what is true: late, doubled or lost entries can't put old
content over new. ``overlap`` entries are looked at again in every run, for sequences are given before they are committed.
A row that is named and not there is gone: its withdrawal is proposed, not sent (ledger.md T4).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Select, column, quoted_name, select, table

from gateway.channels.database import DatabaseSource
from gateway.channels.database_options import ChangesOptions, DatabaseOptions
from gateway.channels.database_rows import RowBuilder
from gateway.channels.database_shape import Shape, given
from gateway.errors import ConfigurationError, SourceError
from gateway.model.record import Row, SourceKind
from gateway.ports import Clock, Page, Position, Unreadable, Window

_DIGITS: Final = 20
_END: Final = "9" * _DIGITS
_GROUP: Final = 100


class ChangesSource(DatabaseSource):
    """Rows of a table that a change table points at."""

    def __init__(self, name: str, kind: SourceKind, options: DatabaseOptions, directory: Path, clock: Clock) -> None:
        super().__init__(name, kind, options, directory, clock)
        if options.changes is None:
            raise ConfigurationError(f"sources.d/{name}.yaml: options.changes")
        self._changes: ChangesOptions = options.changes
        self._reached: str | None = None

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run; without a floor every row of the table is read first, the change table after it."""
        if floor is None:
            with self._connected() as connection:
                self._ready = None
                self._prepared(connection)
                self._reached = self._highest(connection)
            return Window(None, _END)
        self._ready = None
        return Window(f"{max(0, int(floor) - self._changes.overlap):0{_DIGITS}d}", _END)

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the whole table where there is no floor, else the rows that the next changes name."""
        if window.floor is None:
            return super().read(window, after, size)
        begin = int(window.floor if after is None or after.row_id is None else after.row_id)
        with self._connected() as connection:
            shape, builder = self._prepared(connection)
            found = connection.execute(entries(self._changes, begin, size)).fetchall()
            if not found:
                return Page((), after or Position(None, str(begin)), False)
            named = list(dict.fromkeys(tuple(entry[1:]) for entry in found))
            rows, unreadable, there = self._look_up(connection, shape, builder, named)
            last = int(found[-1][0])
        self._reached = max(self._reached or "", f"{last:0{_DIGITS}d}")
        shown = tuple(replace(row, stamp=f"{last:0{_DIGITS}d}") for row in rows)
        ids = {builder.join(key) for key in named if None not in key}
        gone = tuple(sorted(ids - there))
        return Page(shown, Position(None, str(last)), True, tuple(unreadable), gone=gone, back=tuple(sorted(there)))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the highest entry of the change table that was looked at."""
        return max(filter(None, (self._reached, highest, window.floor)), default=None)

    def estimate(self, window: Window) -> int | None:
        """Only the whole table is counted."""
        return super().estimate(window) if window.floor is None else None

    def _highest(self, connection: Connection) -> str:
        top = connection.execute(highest(self._changes)).scalar()
        try:
            return f"{int(top or 0):0{_DIGITS}d}"
        except (TypeError, ValueError) as fault:
            raise SourceError(f"{self.name}: {self._changes.sequence}: {top!r}") from fault

    def _look_up(
        self, connection: Connection, shape: Shape, builder: RowBuilder, keys: Sequence[tuple[Any, ...]]
    ) -> tuple[list[Row], list[Unreadable], set[str]]:
        rows: list[Row] = []
        unreadable: list[Unreadable] = []
        there: set[str] = set()
        whole = [key for key in keys if None not in key]
        for start in range(0, len(whole), _GROUP):
            for cells in self._leniently(connection, shape.rows_of(whole[start : start + _GROUP])):
                made = builder.build(cells)
                there.add(made.row_id)
                if isinstance(made, Row):
                    rows.append(made)
                else:
                    unreadable.append(made)
        return rows, unreadable, there


def entries(changes: ChangesOptions, begin: int, size: int) -> Select[Any]:
    """Return the statement for the next entries of a change table: the number, and the id of the row."""
    source = _table(changes)
    sequence = source.c[changes.sequence]
    keys = [source.c[name] for name in changes.row_id]
    return select(sequence, *keys).where(sequence > given(begin)).order_by(sequence).limit(size)


def highest(changes: ChangesOptions) -> Select[Any]:
    """Return the statement for the number of the last entry."""
    sequence = _table(changes).c[changes.sequence]
    return select(sequence).order_by(sequence.desc()).limit(1)


def _table(changes: ChangesOptions) -> Any:
    schema, _, name = changes.table.rpartition(".")
    columns: list[Any] = [column(quoted_name(n, quote=True)) for n in (changes.sequence, *changes.row_id)]
    return table(quoted_name(name, quote=True), *columns, schema=quoted_name(schema, quote=True) if schema else None)
