# SPDX-License-Identifier: Apache-2.0
"""What differs between databases: how to open one for reading only, its clock, and reading cells it chokes on.

Only the databases of ``database_drivers`` are opened. Those of which a real server has been at hand are opened here, the
others in ``database_vendors``.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.channels.database_drivers import DRIVERS, make_engine
from gateway.channels.database_options import DatabaseOptions, secret
from gateway.channels.database_stamp import Now
from gateway.channels.database_vendors import VENDORS, vendor_engine, vendor_now
from gateway.clock import BEIJING
from gateway.documents import gb18030
from gateway.errors import ConfigurationError
from gateway.ports import Clock

# How many virtual machine steps of SQLite pass between two looks at the clock.
_STEPS = 100_000


class Opened(NamedTuple):
    """A database opened for reading: its engine, its own clock, and a way to read cells its driver can't decode."""

    engine: Engine
    now: Callable[[Connection], Now]
    leniently: Callable[[Connection], Any]
    """Context in which undecodable cells arrive as bytes, and impossible dates as text."""


def open_database(options: DatabaseOptions, directory: Path, clock: Clock, place: str) -> Opened:
    """Make the engine of a source, without connecting yet; raises ConfigurationError."""
    url = address(options, directory, place)
    name = url.get_backend_name()
    if name == "sqlite":
        return _sqlite(url, options, directory, clock, place)
    if name == "postgresql":
        return _postgresql(url, options, place)
    if name in VENDORS:
        return Opened(_autocommitting(vendor_engine, url, options, place), vendor_now, _as_it_is)
    return _mariadb(url, options, place)


def address(options: DatabaseOptions, directory: Path, place: str) -> URL:
    """Return where a source is, with its password and driver; raises ConfigurationError for what may not be opened."""
    try:
        url = make_url(secret(options.url.get_secret_value(), directory, place))
        backend, driver = url.get_backend_name(), url.drivername
    except ArgumentError:
        raise ConfigurationError(f"{place}: options.url: 不是数据库地址 / not a database URL") from None
    known = DRIVERS.get(backend)
    if known is None or driver not in (backend, known.url):
        allowed = ", ".join(DRIVERS)
        raise ConfigurationError(f"{place}: options.url: 只支持 {allowed} / only these databases are opened")
    strange = sorted(set(url.query) - known.parameters)
    if strange:
        raise ConfigurationError(f"{place}: options.url: 不允许的参数 / parameter not allowed: {', '.join(strange)}")
    if options.password:
        url = url.set(password=secret(options.password, directory, place))
    return url.set(drivername=known.url)


def _engine(url: URL, place: str, **more: Any) -> Engine:
    return _autocommitting(make_engine, url, place, **more)


def _autocommitting(make: Callable[..., Engine], *given: Any, **more: Any) -> Engine:
    return make(*given, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=1, **more)


@contextmanager
def _as_it_is(_: Connection) -> Iterator[None]:
    yield


# -- SQLite ------------------------------------------------------------------------------------------------------


def _sqlite(url: URL, options: DatabaseOptions, directory: Path, clock: Clock, place: str) -> Opened:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigurationError(f"{place}: options.url: 需要数据库文件路径 / name a database file")
    path = (directory / url.database).resolve()
    lenient = tolerant(options.decoding)
    limit = options.statement_timeout.total_seconds()
    deadline = [0.0]

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro",
            uri=True,
            timeout=options.connect_timeout.total_seconds(),
            check_same_thread=False,
            isolation_level=None,
        )
        if options.encoding:
            connection.text_factory = lenient
        connection.execute("PRAGMA query_only = ON")
        connection.set_progress_handler(lambda: clock.monotonic() > deadline[0], _STEPS)
        return connection

    engine = _engine(url.set(database=str(path)), place, creator=connect)

    @event.listens_for(engine, "before_cursor_execute")
    def _start_timer(*_: object) -> None:
        deadline[0] = clock.monotonic() + limit

    @contextmanager
    def leniently(connection: Connection) -> Iterator[None]:
        driver: Any = connection.connection.driver_connection
        before = driver.text_factory
        driver.text_factory = lenient
        try:
            yield
        finally:
            driver.text_factory = before

    def now(_: Connection) -> Now:
        # SQLite runs in our process and has no clock of its own; vendors write local time into text.
        instant = clock.now()
        return Now(instant.astimezone(BEIJING).replace(tzinfo=None), instant)

    return Opened(engine, now, leniently)


def tolerant(encoding: str) -> Callable[[bytes], str | bytes]:
    """Return a text factory of SQLite that leaves bytes of another encoding as they are."""
    text = gb18030.decoder(encoding)

    def decode(cell: bytes) -> str | bytes:
        try:
            return text(cell)
        except UnicodeDecodeError:
            return cell

    return decode


# -- PostgreSQL --------------------------------------------------------------------------------------------------


def _postgresql(url: URL, options: DatabaseOptions, place: str) -> Opened:
    milliseconds = int(options.statement_timeout.total_seconds() * 1000)
    engine = _engine(
        url,
        place,
        connect_args={
            "connect_timeout": max(2, int(options.connect_timeout.total_seconds())),
            "options": f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}",
        },
    )

    def now(connection: Connection) -> Now:
        instant, local = connection.exec_driver_sql("SELECT CURRENT_TIMESTAMP, LOCALTIMESTAMP").one()
        return Now(local, instant)

    return Opened(engine, now, _postgresql_leniently)


@contextmanager
def _postgresql_leniently(connection: Connection) -> Iterator[None]:
    from psycopg.types.string import TextLoader

    # 'infinity' and dates BC arrive as the text the server shows; the connection is not used again.
    driver: Any = connection.connection.driver_connection
    for kind in ("date", "timestamp", "timestamptz"):
        driver.adapters.register_loader(kind, TextLoader)
    try:
        yield
    finally:
        connection.invalidate()
        connection.rollback()


# -- MariaDB, MySQL ----------------------------------------------------------------------------------------------


def mariadb_arguments(url: URL, options: DatabaseOptions) -> tuple[URL, dict[str, Any]]:
    """Return the address as the driver takes it, and how it connects."""
    connecting: dict[str, Any] = {
        "connect_timeout": max(1, int(options.connect_timeout.total_seconds())),
        "read_timeout": int(options.statement_timeout.total_seconds()) + 5,
        "charset": "utf8mb4",
        "local_infile": False,
    }
    if "ssl_ca" in url.query:
        connecting["ssl"] = {"ca": str(url.query["ssl_ca"])}
        url = url.difference_update_query(["ssl_ca"])
    return url, connecting


def _mariadb(url: URL, options: DatabaseOptions, place: str) -> Opened:
    seconds = options.statement_timeout.total_seconds()
    url, connecting = mariadb_arguments(url, options)
    engine = _engine(url, place, connect_args=connecting)

    @event.listens_for(engine, "connect")
    def _session(driver: Any, _: object) -> None:
        limit = (
            f"max_statement_time = {seconds:g}"
            if "MariaDB" in driver.get_server_info()
            else f"max_execution_time = {int(seconds * 1000)}"
        )
        with driver.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute(f"SET SESSION {limit}")
            if options.encoding:
                # The columns' own bytes, for databases whose declared character set is not what stands in them.
                cursor.execute("SET SESSION character_set_results = binary")

    def now(connection: Connection) -> Now:
        instant, local = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6), NOW(6)").one()
        return Now(local, instant.replace(tzinfo=UTC))

    @contextmanager
    def leniently(_: Connection) -> Iterator[None]:
        yield  # the driver already gives impossible dates as text, and bytes where it has no character set

    return Opened(engine, now, leniently)
