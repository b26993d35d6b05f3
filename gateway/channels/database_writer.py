# SPDX-License-Identifier: Apache-2.0
"""The one connection that may write to a department's database: flag columns, and nothing else (ledger.md B17)."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from gateway.channels.database_dialect import address, mariadb_arguments, tolerant
from gateway.channels.database_drivers import make_engine
from gateway.channels.database_options import DatabaseOptions
from gateway.channels.database_vendors import LOCK_SECONDS, VENDORS, vendor_engine


def open_writer(options: DatabaseOptions, directory: Path, place: str) -> Engine:
    """Make an engine for short writing transactions that see rows as the reading one does; raises ConfigurationError.

    A row that somebody else is writing is waited for a few seconds at most; the write-back is then tried again later.
    """
    url = address(options, directory, place)
    name = url.get_backend_name()
    seconds = options.statement_timeout.total_seconds()
    wait = max(1, min(LOCK_SECONDS, int(seconds)))
    connect = max(2, int(options.connect_timeout.total_seconds()))
    shared: dict[str, Any] = {"pool_size": 1, "max_overflow": 0}
    if name == "sqlite":
        url = url.set(database=str((directory / (url.database or "")).resolve()))
        engine = make_engine(url, place, connect_args={"timeout": float(wait)}, **shared)
        _begin_immediately(engine, options)
        return engine
    if name == "postgresql":
        settings = f"-c statement_timeout={int(seconds * 1000)} -c lock_timeout={wait * 1000}"
        arguments = {"connect_timeout": connect, "options": settings}
        return make_engine(url, place, connect_args=arguments, **shared)
    if name in VENDORS:
        return vendor_engine(url, options, place, writes=True, **shared)
    url, connecting = mariadb_arguments(url, options)
    engine = make_engine(url, place, connect_args=connecting, **shared)
    _mariadb_session(engine, options, wait)
    return engine


def _begin_immediately(engine: Engine, options: DatabaseOptions) -> None:
    """Take SQLite's write lock before the row is compared, so that nobody writes between comparing and writing."""

    @event.listens_for(engine, "connect")
    def _own_transactions(driver: sqlite3.Connection, _: object) -> None:
        driver.isolation_level = None
        if options.encoding:
            driver.text_factory = tolerant(options.decoding)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _mariadb_session(engine: Engine, options: DatabaseOptions, wait: int) -> None:
    @event.listens_for(engine, "connect")
    def _session(driver: Any, _: object) -> None:
        with driver.cursor() as cursor:
            cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {wait}")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            if options.encoding:
                # The columns' own bytes, as the reading connection takes them.
                cursor.execute("SET SESSION character_set_results = binary")
