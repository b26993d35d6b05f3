# SPDX-License-Identifier: Apache-2.0
"""A spool (暂存): rows too many for memory, kept in order in a private database on disk that is gone when it is closed."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class Spool:
    """Rows of some columns, given back in the order of the first of them; those without a value come first."""

    def __init__(self, columns: Sequence[str], order: Sequence[str]) -> None:
        """Make an empty one; ``order`` names the columns that rows are ordered by, then they stand as they were added."""
        self._connection = sqlite3.connect("")  # a name of no letters: SQLite makes a file of its own and removes it
        self._add = f"INSERT INTO spool VALUES ({', '.join('?' for _ in columns)})"  # noqa: S608 # no values in it
        self._rows = f"SELECT {', '.join(columns)} FROM spool ORDER BY {', '.join(order)}, rowid"  # noqa: S608
        self._index = f"CREATE INDEX IF NOT EXISTS spool_order ON spool ({', '.join(order)})"
        self._connection.execute(f"CREATE TABLE spool ({', '.join(columns)})")

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take up rows."""
        self._connection.executemany(self._add, rows)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield all rows in order; it may be asked again."""
        self._connection.execute(self._index)
        yield from self._connection.execute(self._rows)

    def close(self) -> None:
        """Give the disk back."""
        self._connection.close()
