# SPDX-License-Identifier: Apache-2.0
"""Profile V: the department shows exchange views on its front-end database (docs/reference/conformance.md, Profile V)."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from gateway_reference import wire
from gateway_reference.department import exchange, life
from gateway_reference.department.driving import Driver
from gateway_reference.department.exchange import Column, Table
from gateway_reference.department.keys import Keys
from gateway_reference.department.life import Row
from gateway_reference.department.listening import HookServer
from gateway_reference.department.system import Department
from gateway_reference.wire import Refusal

STAMP: Final = "CHG_TIME"
TYPES: Final = tuple(
    code for code in exchange.tables() if not code.startswith(("QL_", "JC_YJ", "JC_DB", "TS_", "DZ_", "HZ_"))
)
"""Record types that a department's views show."""
DATABASE: Final = "REFERENCE_DATABASE"
"""Environment variable with the address of a database to be used in place of a SQLite file; its owner's account."""
FIRST_COUNTED: Final = date(2021, 12, 1)
_KINDS: Final[dict[str, type[Any]]] = {
    "date": sa.Date, "dateTime": sa.DateTime, "boolean": sa.SmallInteger, "integer": sa.BigInteger,
}  # fmt: skip


class Viewed(Department):
    """A department whose books are shown by views; what a view shows is brought up to date after every act."""

    engine: sa.Engine | None = None

    def open(self, address: str) -> None:
        """Begin to show the books in a database."""
        self.engine = sa.create_engine(address, poolclass=sa.NullPool)
        self.shown: dict[str, tuple[Any, ...]] = {}
        self.days: dict[str, str] = {}
        self.publish(anew=True)

    def reset(self) -> None:
        """Go back to the seed data, and show it."""
        super().reset()
        if self.engine is not None:
            self.publish(anew=True)

    # what the views look like -------------------------------------------------------------------------------------

    def types(self) -> Sequence[str]:
        """Return the record types that there are views of."""
        return TYPES

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return name and type of the columns of a view."""
        parts = [(column.name, _type(column)) for column in table.columns]
        if table.parent is None:
            return [*parts, (self.stamp_column(), _moment())]
        owner = [(column.name, _type(column)) for column in table.key]
        return [*owner, *((line, sa.Integer()) for line in table.lines), *parts]

    def stamp_column(self) -> str:
        """Return the name of the column with the time of change."""
        return STAMP

    def file_mode(self) -> int:
        """Return the rights of the database's file, where it is one."""
        return 0o640

    def views(self) -> list[str]:
        """Return statements that make what is no table: here the view of versions, whose time is the database's."""
        return [
            (
                f"CREATE VIEW V_VER AS SELECT '{self.standard_version()}' AS BZBB, '{self.pack.code_list_version}' AS DMBBB, "
                f"'{life.ORGANISATION}' AS ZZJGDM, {self.server_time()} AS FWQSJ"
            )
        ]

    def server_time(self) -> str:
        """Return the SQL expression for the database's own local time."""
        fast = round((self.now() - datetime.now(wire.BEIJING)).total_seconds())
        match self._engine.dialect.name:
            case "sqlite":
                return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '+8 hours', '{fast:+d} seconds')"
            case "postgresql":
                return f"timezone('Asia/Shanghai', clock_timestamp()) + interval '{fast} seconds'"
            case _:
                return f"UTC_TIMESTAMP(3) + INTERVAL 8 HOUR + INTERVAL {fast} SECOND"

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows, by view, that show a record."""
        found = []
        for table, texts in exchange.rows(row.type, self.document(row)):
            kinds = {column.name: column.kind for column in (*table.key, *table.columns)}
            values = {name: exchange.value(kinds.get(name, "integer"), text) for name, text in texts.items()}
            if table.parent is None:
                values[self.stamp_column()] = self.shown_stamp(row)
            found.append((table.name, values))
        return found

    def shown_stamp(self, row: Row) -> datetime | None:
        """Return the change stamp that a view shows: local time."""
        return datetime.fromisoformat(row.changed).replace(tzinfo=None)

    def after_load(self, connection: sa.Connection) -> None:
        """Hear that the views were brought up to date; a right system does nothing more."""

    # bringing them up to date -------------------------------------------------------------------------------------

    @property
    def _engine(self) -> sa.Engine:
        if self.engine is None:
            raise RuntimeError("the department shows nothing yet")
        return self.engine

    def publish(self, anew: bool = False) -> None:
        """Bring the views to what the books say, in one transaction."""
        with self.lock, self._engine.begin() as connection:
            if anew:
                self._make(connection)
            held = {row.key: row for row in self.visible()}
            marks = {key: (row.type, row.version, row.changed, row.document) for key, row in held.items()}
            gone = [(key, mark) for key, mark in self.shown.items() if marks.get(key) != mark]
            come = [held[key] for key, mark in marks.items() if self.shown.get(key) != mark]
            days = {self.count_day(row) for row in come} | {self.days[key] for key, _mark in gone if key in self.days}
            for key, mark in gone:
                self._delete(connection, key, mark[0])
            self._insert(connection, come)
            self.shown = marks
            self.days = {row.key: self.count_day(row) for row in held.values()}
            self._count(connection, self._calendar() if anew else sorted(days))
            self.after_load(connection)

    def _make(self, connection: sa.Connection) -> None:
        """Make the tables and views anew."""
        self.shown, self.days, self.metadata = {}, {}, sa.MetaData()
        self.parts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        found = sa.inspect(connection)
        for view in found.get_view_names():
            connection.execute(sa.text(f"DROP VIEW {view}"))
        for name in found.get_table_names():
            connection.execute(sa.text(f"DROP TABLE {name}"))
        for type_ in self.types():
            for table in exchange.tables()[type_]:
                columns: list[Any] = [sa.Column(_plain(name), kind) for name, kind in self.view_columns(table)]
                if table.parent is None:
                    columns.append(sa.Index(f"IX_{table.name}", _plain(self.stamp_column())))
                sa.Table(_plain(table.name), self.metadata, *columns)
        count = sa.Table(
            _plain("V_COUNT"), self.metadata, sa.Column(_plain("RQ"), sa.Date), sa.Column(_plain("JLLX"), sa.String(200)),
            sa.Column(_plain("SXBM"), sa.String(200)), sa.Column(_plain("JLS"), sa.BigInteger), sa.Column(_plain("ZJS"), sa.BigInteger),
        )  # fmt: skip
        sa.Index("IX_V_COUNT", count.c.RQ)
        sa.Table(
            _plain("V_KEYS"), self.metadata, sa.Column(_plain("RQ"), sa.Date), sa.Column(_plain("JLLX"), sa.String(200)),
            sa.Column(_plain("ZJ"), sa.String(196)), sa.Column(_plain("BBH"), sa.BigInteger), sa.Column(_plain("CZLX"), sa.String(1)),
        )  # fmt: skip
        self.metadata.create_all(connection)
        for statement in self.views():
            connection.execute(sa.text(statement))

    def _insert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write the rows of records, table by table."""
        waiting: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            held = self.view_rows(row)
            self.parts[row.key] = held
            for name, values in held:
                waiting.setdefault(name, []).append(values)
            key = {
                "RQ": exchange.value("date", row.day),
                "JLLX": row.type,
                "ZJ": row.key,
                "BBH": row.version,
                "CZLX": row.operation,
            }
            waiting.setdefault("V_KEYS", []).append(key)
        for name, many in waiting.items():
            table = self.metadata.tables[name]
            names = [column.name for column in table.columns]
            bare = sa.table(_plain(name), *(sa.column(_plain(each)) for each in names))
            filled = [{each: self._bound(values.get(each)) for each in names} for values in many]
            connection.execute(sa.insert(bare), filled)

    def _bound(self, value: Any) -> Any:
        """Return a value as the driver takes it: SQLite has no times and no decimals."""
        if self._engine.dialect.name != "sqlite" or isinstance(value, str | int | float | None):
            return value
        if isinstance(value, datetime):
            return value.isoformat(" ", "microseconds")
        return value.isoformat() if isinstance(value, date) else float(value)

    def _delete(self, connection: sa.Connection, key: str, type_: str) -> None:
        """Take the rows of a record away."""
        for name, values in self.parts.pop(key, ()):
            table = next(each for each in exchange.tables()[type_] if each.name == name)
            chosen = {column.name: values.get(column.name) for column in table.key}
            where = " AND ".join(f"{each} = :{each}" for each in chosen)
            connection.execute(sa.text(f"DELETE FROM {name} WHERE {where}"), chosen)  # noqa: S608 - names of its own
        connection.execute(sa.text("DELETE FROM V_KEYS WHERE ZJ = :key"), {"key": key})

    def _calendar(self) -> list[str]:
        """Return every day that is counted at the beginning: from the first, or that of the oldest record, to tomorrow."""
        first = min([FIRST_COUNTED, *(date.fromisoformat(day) for day in set(self.days.values()))])
        last = self.now().date() + timedelta(days=1)
        return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]

    def _count(self, connection: sa.Connection, days: Sequence[str]) -> None:
        """Write the counts of some days; a day without cases is a row that counts nothing."""
        busy = set(self.days.values())
        nothing: list[tuple[str, str, int, int]] | None = None
        rows: list[dict[str, Any]] = []
        for day in days:
            if day not in busy:
                nothing = self._counted(day) if nothing is None else nothing
            for type_, item, records, keys in self._counted(day) if day in busy else nothing or ():
                rows.append({"RQ": day, "JLLX": type_ or None, "SXBM": item or None, "JLS": records, "ZJS": keys})
        table = self.metadata.tables["V_COUNT"]
        chosen = [{"day": date.fromisoformat(day)} for day in days]
        if chosen:
            connection.execute(sa.delete(table).where(sa.bindparam("day") == table.c.RQ), chosen)
        if rows:
            connection.execute(sa.insert(table), [{**row, "RQ": date.fromisoformat(row["RQ"])} for row in rows])

    def _counted(self, day: str) -> list[tuple[str, str, int, int]]:
        with suppress(Refusal):
            return self.counts(day) or [("", "", 0, 0)]
        return []


class ViewDriver(Driver):
    """Carries the verbs out, then lets the views follow."""

    def drive(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Carry out a verb and bring the views up to date."""
        told = super().drive(verb, args)
        self.department.publish()  # type: ignore[attr-defined]
        return told


DEPARTMENT: Final = Viewed
DRIVER: Final = ViewDriver


class Viewing:
    """A department whose database is there to be read, and its hook."""

    def __init__(self, department: Viewed, driver: Driver, address: str, path: Path | None) -> None:
        self.department, self.driver, self.address, self.path = department, driver, address, path
        self.hook = HookServer(driver)
        self._thread = threading.Thread(target=self.hook.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def ready(self) -> dict[str, str]:
        """Return the address that a ready file tells."""
        return {"url": self.address}

    def close(self) -> None:
        """Stop listening, and let go of the database."""
        self.hook.shutdown()
        self.hook.server_close()
        if self.department.engine is not None:
            self.department.engine.dispose()


def start(department: Viewed, driver: Driver, _keys: Keys, settings: Any) -> Viewing:
    """Show the books: in a SQLite file that only its owner and group can read, or in the database of REFERENCE_DATABASE."""
    given = os.environ.get(DATABASE)
    path = None if given else (settings.directory / "exchange.sqlite").resolve()
    if path is not None:
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o640))
        path.chmod(department.file_mode())
    department.open(given or f"sqlite:///{path}")
    if path is not None:
        with department._engine.connect() as connection:
            connection.execute(sa.text("PRAGMA journal_mode=MEMORY"))
    address = os.environ.get(f"{DATABASE}_READER") or given or f"sqlite:///file:{path}?mode=ro&uri=true"
    return Viewing(department, driver, address, path)


def tables(running: Viewing, _keys: Keys) -> dict[str, dict[str, Any]]:
    """Return what sut.toml says of this profile."""
    return {
        "profiles": {"view": True, "file": False, "soap": False, "push": False},
        "view": {"url": running.address, "types": list(running.department.types())},
        "abilities": {"key_list": True},
    }


def _plain(name: str) -> sa.quoted_name:
    return sa.quoted_name(name, quote=False)


def _moment() -> Any:
    from sqlalchemy.dialects import mysql

    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _type(column: Column) -> Any:
    if column.kind == "dateTime":
        return _moment()
    if column.kind == "decimal":
        digits, _, decimals = column.length.partition(",")
        return sa.Numeric(int(digits), int(decimals))
    if column.kind in _KINDS:
        return _KINDS[column.kind]()
    from sqlalchemy.dialects import mysql

    length = int(column.length)
    if length <= 500:
        return sa.String(length)
    return sa.Text().with_variant(mysql.LONGTEXT() if length > 16_000 else mysql.TEXT(), "mysql", "mariadb")


__all__ = ["DEPARTMENT", "DRIVER", "STAMP", "ViewDriver", "Viewed", "Viewing", "start", "tables"]
