# SPDX-License-Identifier: Apache-2.0
"""The database under the ledger: SQLite or PostgreSQL, never with weaker promises than they can keep.

SQLite runs in WAL mode with ``synchronous=FULL``: "NORMAL", the common advice, lost 2,815 of 62,401 acknowledged rows
in a power-cut test (promises.md §1.1). One process writes, under a lock file beside the database (ledger.md B28).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from gateway.errors import Disposition, LedgerError
from gateway.model.words import Words

BUSY_SECONDS = 10
WRITES = "gateway_writes"
"""Execution option of a connection whose transaction will write."""

_SQLITE_SETTINGS = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("busy_timeout", str(BUSY_SECONDS * 1000), BUSY_SECONDS * 1000),
    ("wal_autocheckpoint", "4000", 4000),
)
_WRITER_PAGES = -8192  # negative: KiB
_READER_PAGES = -2048  # what others have written makes a reader forget its pages anyway
_POSTGRESQL_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
_POSTGRESQL_OLDEST = 140000
_MAKING = 0x67617465  # any number that nobody else in this database uses


def parse(url: str) -> URL:
    """Return ``url`` with the driver we use; raises LedgerError for a database we don't know."""
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise LedgerError(f"ledger.url: {fault}") from fault
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise LedgerError(
            parsed.render_as_string(hide_password=True),
            Words("台账地址写成 sqlite:///文件 或 postgresql://…", "write sqlite:///FILE or postgresql://…"),
        )
    return parsed


def open_engine(url: URL, *, read_only: bool) -> Engine:
    """Return an engine whose every connection keeps the ledger's promises; raises LedgerError where it can't."""
    if url.drivername == "sqlite":
        return _sqlite(url, _READER_PAGES, read_only=read_only)
    return _postgresql(url, read_only=read_only)


def open_writing_engine(url: URL, engine: Engine) -> Engine:
    """Return the engine for write transactions.

    SQLite forgets a connection's pages whenever another one has written: one connection of its own for the one writer
    keeps its pages warm. PostgreSQL shares the engine.
    """
    return (
        _sqlite(url, _WRITER_PAGES, read_only=False, pool_size=1, max_overflow=0)
        if url.drivername == "sqlite"
        else engine
    )


def _sqlite(url: URL, pages: int, *, read_only: bool, **pool: int) -> Engine:
    path = Path(str(url.database))
    if read_only and not path.exists():
        raise LedgerError(
            str(path), Words("台账尚未建立,先运行一次 gateway sync", "no ledger yet: run gateway sync first")
        )
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with _closed_on_failure(connection):
            _prepare_sqlite(connection, path, pages, read_only=read_only)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _closed_on_failure(connection: Any) -> Iterator[None]:
    """Close a connection that did not pass: the pool has not taken it yet and would only forget it."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _prepare_sqlite(connection: Any, path: Path, pages: int, *, read_only: bool) -> None:
    connection.isolation_level = None  # the driver must not open transactions by itself
    for name, wanted, shows in (*_SQLITE_SETTINGS, ("cache_size", str(pages), pages)):
        connection.execute(f"PRAGMA {name}={wanted}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != shows:
            raise LedgerError(f"SQLite {name}={found}, {path}", _WEAK)
    if read_only:
        connection.execute("PRAGMA query_only=ON")


_WEAK = Words(
    "台账必须放在本机磁盘上(不能是网络盘),并使用完整的落盘设置",
    "the ledger must lie on a local disk (no network share) with full durability",
)


def _postgresql(url: URL, *, read_only: bool) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        raise LedgerError(str(fault), Words("安装 psycopg", "install the extra [postgresql]")) from fault

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with _closed_on_failure(connection):
            _prepare_postgresql(connection, read_only=read_only)

    return engine


def _prepare_postgresql(connection: Any, *, read_only: bool) -> None:
    with connection.cursor() as cursor:
        if int(_show(cursor, "server_version_num")) < _POSTGRESQL_OLDEST:
            raise LedgerError(f"PostgreSQL {_show(cursor, 'server_version')}", _TOO_OLD)
        for name in _POSTGRESQL_MUST_BE_ON:
            if _show(cursor, name) == "off":
                raise LedgerError(f"PostgreSQL {name}=off", Words(f"打开 {name}", f"turn {name} on"))
        if read_only:
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    connection.commit()


_TOO_OLD = Words("需要 PostgreSQL 14 或更高版本", "PostgreSQL 14 or later is needed")


def _show(cursor: Any, name: str) -> str:
    cursor.execute(f"SHOW {name}")
    return str(cursor.fetchone()[0])


def alone(connection: Connection) -> None:
    """Wait until no other process makes or migrates tables, until the transaction ends.

    A lock of the transaction, not of the session: it holds behind a pooler as well.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")


class WriterLock:
    """The right to write an SQLite ledger for as long as this process lives: ``flock`` on ``FILE.lock``."""

    def __init__(self, database: Path) -> None:
        """Take the lock at once; raises LedgerError when another process holds it."""
        path = database.with_name(database.name + ".lock")
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise LedgerError(f"{path}: {fault.strerror}") from fault
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            holder = os.pread(self._handle, 32, 0).decode("ascii", "replace").strip()
            os.close(self._handle)
            raise LedgerError(f"{path} pid={holder}", _HELD) from fault
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go of the lock; a second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


_HELD = Words(
    "另一个网关进程正在写这个台账:先停止它,或等它结束",
    "another gateway process writes this ledger: stop it or wait for its end",
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a database that can't be reached or read into a LedgerError."""
    try:
        yield
    except DBAPIError as fault:
        raise LedgerError(f"{type(fault.orig).__name__}: {fault.orig}") from fault


class Contended(LedgerError):
    """Another transaction came first: this one was rolled back and may run again from its start."""

    code = "GW-504"
    disposition = Disposition.RETRY
    summary = Words("台账正忙,本次未写入", "the ledger is busy, nothing was written")
    advice = Words("稍后自动重试", "tried again by itself")


_CONTENTION = frozenset({"40001", "40P01", "23505"})  # serialisation failure, deadlock, unique violation


def is_contention(fault: DBAPIError) -> bool:
    """Tell whether PostgreSQL refused because of a concurrent transaction; SQLite has one writer and never does."""
    return getattr(fault.orig, "sqlstate", None) in _CONTENTION
