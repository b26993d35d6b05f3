# SPDX-License-Identifier: Apache-2.0
"""The flag protocol (前置机标志位协议): rows whose flag says "new" are read, and told what became of them.

``TBBZ`` (flag), ``TBSJ`` (time) and ``SBYY`` (reason, in Chinese) are written back after the ledger holds the row, and only
where it still is what was read (ledger.md B17): the row is locked, its digest compared, then written. A row that changed
meanwhile is left as it is and is read again. The flag columns are no part of the row.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from gateway.channels.database import DatabaseSource, said
from gateway.channels.database_findings import source_finding
from gateway.channels.database_flag_sql import FlagStatements
from gateway.channels.database_options import DatabaseOptions, FlagOptions
from gateway.channels.database_rows import RowBuilder
from gateway.channels.database_shape import Shape
from gateway.channels.database_writer import open_writer
from gateway.clock import BEIJING
from gateway.errors import ConfigurationError, SourceError
from gateway.model.finding import Finding
from gateway.model.record import Row, SourceKind
from gateway.ports import Clock, Notice, Page, Position, RowResult, Window

UNREAD: Final = "?"
"""Mark of a row that could not be read whole: it is told by its flag alone."""

_GROUP: Final = 50

log = structlog.get_logger(__name__)


class FlagSource(DatabaseSource):
    """Rows of a table with flag columns; needs an account that may update those three columns and nothing else."""

    def __init__(self, name: str, kind: SourceKind, options: DatabaseOptions, directory: Path, clock: Clock) -> None:
        super().__init__(name, kind, options, directory, clock)
        if options.flag is None:
            raise ConfigurationError(f"sources.d/{name}.yaml: options.flag")
        self._flag: FlagOptions = options.flag
        self._make_writer: Callable[[], Engine] = lambda: open_writer(options, directory, f"sources.d/{name}.yaml")
        self._writer: Engine | None = None
        self._looks = False

    def check(self) -> tuple[Finding, ...]:
        """Look at the shape, and whether the flag columns can be written."""
        found = super().check()
        if any(each.refuses for each in found):
            return found
        try:
            with self._writing() as connection, self._connected() as reading:
                shape, _ = self._prepared(reading)
                connection.execute(self._statements(shape).nothing())
        except SourceError as fault:
            return (*found, source_finding("SRC-013", self._flag.column, fault.detail))
        return found

    @property
    def consumes(self) -> bool:
        """Rows that were answered are not shown again."""
        return True

    def look(self) -> None:
        """Write nothing from now on: neither claims nor answers."""
        self._looks = True

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the next page of new rows and, where the protocol has a word for it, mark them as being taken."""
        page = super().read(window, after, size)
        if self._flag.claimed is not None and page.rows and not self._looks:
            self._claim([row.row_id for row in page.rows])
        rows = tuple(replace(row, mark=row.digest.hex()) for row in page.rows)
        unreadable = tuple(replace(each, mark=UNREAD) for each in page.unreadable)
        return replace(page, rows=rows, unreadable=unreadable)

    def tell(self, notice: Notice) -> None:
        """Write back what became of each row that still is what was read."""
        if self._looks:
            return
        for start in range(0, len(notice.rows), _GROUP):
            group = notice.rows[start : start + _GROUP]
            try:
                self._write_back(group, notice.at)
            except (IntegrityError, DataError):
                for each in group:
                    self._write_one(each, notice.at)

    def close(self) -> None:
        """Let go of connections."""
        super().close()
        if self._writer is not None:
            self._writer.dispose()
            self._writer = None

    def _claim(self, row_ids: Sequence[str]) -> None:
        with self._writing() as connection, self._connected() as reading:
            shape, _ = self._prepared(reading)
            statements = self._statements(shape)
            for start in range(0, len(row_ids), _GROUP):
                connection.execute(statements.claim(row_ids[start : start + _GROUP]))

    def _write_one(self, result: RowResult, at: datetime) -> None:
        try:
            self._write_back([result], at)
        except (IntegrityError, DataError) as fault:
            # The table itself refuses the words: said in the log, and no reason to hold up every other row.
            log.warning("write-back-refused", source=self.name, row=result.row_id, error=said(fault))

    def _write_back(self, results: Sequence[RowResult], at: datetime) -> None:
        wanted = {each.row_id: each for each in results}
        with self._writing() as connection, self._connected() as reading:
            shape, builder = self._prepared(reading)
            statements = self._statements(shape)
            for cells in connection.execute(statements.locked(list(wanted))).fetchall():
                row_id = builder.row_id(cells)
                result = wanted.get(row_id)
                if result is None or not self._unchanged(builder, cells, result):
                    continue
                connection.execute(statements.answer(row_id, self._values(shape, result, at)))

    def _statements(self, shape: Shape) -> FlagStatements:
        return FlagStatements(shape, self._flag, self._options.row_id)

    def _unchanged(self, builder: RowBuilder, cells: Sequence[Any], result: RowResult) -> bool:
        made = builder.build(cells)
        if not isinstance(made, Row):
            return result.mark == UNREAD
        return made.digest.hex() == result.mark

    def _values(self, shape: Shape, result: RowResult, at: datetime) -> dict[str, Any]:
        flag = self._flag
        values: dict[str, Any] = {flag.column: flag.done if result.taken else flag.failed}
        if flag.time is not None:
            local = at.astimezone(BEIJING).replace(tzinfo=None, microsecond=0)
            values[flag.time] = local if shape.is_moment(flag.time) else f"{local:%Y-%m-%d %H:%M:%S}"
        if flag.reason is not None:
            values[flag.reason] = None if result.reason is None else result.reason.zh[: flag.reason_length]
        return values

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._writer = self._writer or self._make_writer()
        try:
            with self._writer.begin() as connection:
                yield connection
        except (IntegrityError, DataError):
            raise
        except SQLAlchemyError as fault:
            self._writer.dispose()
            raise SourceError(f"{self.name}: {said(fault)}") from fault
