# SPDX-License-Identifier: Apache-2.0
"""Opening Oracle, SQL Server, DM and KingbaseES: timeouts, and their own clocks.

None of the four has a session that can only read, as PostgreSQL, MariaDB and SQLite have: KingbaseES is asked for one, the
others rest on the rights of the account, which ``gateway source check`` looks at.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from gateway.channels.database_drivers import make_engine
from gateway.channels.database_options import DatabaseOptions
from gateway.channels.database_stamp import Now
from gateway.clock import BEIJING

LOCK_SECONDS = 5
"""How long a row that somebody else is writing is waited for."""


def vendor_engine(url: URL, options: DatabaseOptions, place: str, *, writes: bool = False, **more: Any) -> Engine:
    """Make an engine of one of the four, for reading or for short writes; raises ConfigurationError."""
    engine = make_engine(url, place, connect_args=_ARGUMENTS[url.get_backend_name()](options, writes), **more)
    if url.get_backend_name() == "oracle":
        milliseconds = int(options.statement_timeout.total_seconds() * 1000)

        @event.listens_for(engine, "connect")
        def _limit(driver: Any, _: object) -> None:
            driver.call_timeout = milliseconds

    return engine


def vendor_now(connection: Connection) -> Now:
    """Return the database's own clock."""
    return _CLOCKS[connection.engine.url.get_backend_name()](connection)


def _oracle_arguments(options: DatabaseOptions, _writes: bool) -> dict[str, Any]:
    return {"tcp_connect_timeout": options.connect_timeout.total_seconds()}


def _sqlserver_arguments(options: DatabaseOptions, writes: bool) -> dict[str, Any]:
    return {
        "login_timeout": max(1, int(options.connect_timeout.total_seconds())),
        "timeout": max(1, int(options.statement_timeout.total_seconds())),
        "charset": "UTF-8",
        "conn_properties": f"SET LOCK_TIMEOUT {LOCK_SECONDS * 1000}" if writes else "",
    }


def _dm_arguments(options: DatabaseOptions, _writes: bool) -> dict[str, Any]:
    return {
        "login_timeout": max(1, int(options.connect_timeout.total_seconds())),
        "connection_timeout": max(1, int(options.statement_timeout.total_seconds())),
    }


def _kingbase_arguments(options: DatabaseOptions, writes: bool) -> dict[str, Any]:
    milliseconds = int(options.statement_timeout.total_seconds() * 1000)
    return {
        "connect_timeout": max(2, int(options.connect_timeout.total_seconds())),
        "options": f"-c statement_timeout={milliseconds} "
        + (f"-c lock_timeout={LOCK_SECONDS * 1000}" if writes else "-c default_transaction_read_only=on"),
    }


_ARGUMENTS: dict[str, Callable[[DatabaseOptions, bool], dict[str, Any]]] = {
    "oracle": _oracle_arguments,
    "mssql": _sqlserver_arguments,
    "dm": _dm_arguments,
    "kingbase": _kingbase_arguments,
}


def _oracle_now(connection: Connection) -> Now:
    statement = "SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP), CAST(SYSTIMESTAMP AS TIMESTAMP) FROM DUAL"
    instant, local = connection.exec_driver_sql(statement).one()
    return Now(local, instant.replace(tzinfo=UTC))


def _sqlserver_now(connection: Connection) -> Now:
    instant, local = connection.exec_driver_sql("SELECT GETUTCDATE(), GETDATE()").one()
    return Now(local, instant.replace(tzinfo=UTC))


def _dm_now(connection: Connection) -> Now:
    local: datetime = connection.exec_driver_sql("SELECT SYSDATE FROM DUAL").scalar_one()
    return Now(local, local.replace(tzinfo=BEIJING))  # departments' servers stand here


def _kingbase_now(connection: Connection) -> Now:
    instant, local = connection.exec_driver_sql("SELECT CURRENT_TIMESTAMP, LOCALTIMESTAMP").one()
    return Now(local, instant)


_CLOCKS: dict[str, Callable[[Connection], Now]] = {
    "oracle": _oracle_now,
    "mssql": _sqlserver_now,
    "dm": _dm_now,
    "kingbase": _kingbase_now,
}

VENDORS = frozenset(_CLOCKS)
"""Databases that are opened here."""

__all__ = ["LOCK_SECONDS", "VENDORS", "vendor_engine", "vendor_now"]
