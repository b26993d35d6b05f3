# SPDX-License-Identifier: Apache-2.0
"""Statements of the flag protocol over one table: claiming, comparing under a lock, answering (ledger.md B17)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Update, and_, null, select, update

from gateway.channels.database_options import FlagOptions
from gateway.channels.database_shape import Shape, given, one_of


class FlagStatements:
    """Writes to the flag columns, and to nothing else."""

    def __init__(self, shape: Shape, flag: FlagOptions, row_id: Sequence[str]) -> None:
        self._shape = shape
        self._flag = flag
        self._first_id = row_id[0]
        self.table = shape.table()

    def nothing(self) -> Update:
        """Return an update of the flag columns that fits no row: it shows whether they could be written."""
        first = self.table.c[self._first_id]
        same = {self.table.c[name]: self.table.c[name] for name in self._flag.columns}
        return update(self.table).where(and_(first.is_(None), first.is_not(None))).values(same)

    def claim(self, row_ids: Sequence[str]) -> Update:
        """Return the statement that marks new rows as being taken."""
        new = one_of(self.table.c[self._flag.column], self._flag.new)
        claimed = {self.table.c[self._flag.column]: given(self._flag.claimed)}
        return update(self.table).where(and_(self._shape.by_ids(row_ids), new)).values(claimed)

    def locked(self, row_ids: Sequence[str]) -> Select[Any]:
        """Return the statement that reads unanswered rows so that nobody writes to them until they are answered.

        SQL Server has no FOR UPDATE and is told in its own words; SQLite locks the whole file at the beginning.
        """
        columns = [self.table.c[name] for name in self._shape.names]
        statement = select(*columns).where(and_(self._shape.by_ids(row_ids), self._open())).with_for_update()
        return statement.with_hint(self.table, "WITH (UPDLOCK, ROWLOCK)", "mssql")

    def answer(self, row_id: str, values: Mapping[str, Any]) -> Update:
        """Return the statement that answers one row."""
        written = {self.table.c[name]: null() if value is None else given(value) for name, value in values.items()}
        return update(self.table).where(and_(self._shape.by_ids([row_id]), self._open())).values(written)

    def _open(self) -> Any:
        return one_of(self.table.c[self._flag.column], self._flag.open)
