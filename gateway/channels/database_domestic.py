# SPDX-License-Identifier: Apache-2.0
"""达梦 DM8 and 人大金仓 KingbaseES through their plain DB-API drivers: two small dialects, each after the one it is modelled on.

Neither has been run against a real server (docs/howto/database-modes.md says so). What they rely on is declared here: DM
speaks Oracle's SQL with ``?`` for parameters, KingbaseES PostgreSQL's with ``%(name)s`` and PostgreSQL's type numbers.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.dialects.oracle.base import OracleDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import URL

_AUTOCOMMIT: tuple[Literal["AUTOCOMMIT", "READ COMMITTED"], ...] = ("AUTOCOMMIT", "READ COMMITTED")


class DmDialect(OracleDialect):
    """DM8 through dmPython."""

    name = "dm"
    driver = "dmPython"
    default_paramstyle = "qmark"
    supports_statement_cache = True

    def __init__(self, **more: Any) -> None:
        """Page by ROWNUM: every version understands it, FETCH FIRST with a parameter is not known to be."""
        super().__init__(enable_offset_fetch=False, **more)

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return dmPython; raises ImportError."""
        return import_module("dmPython")  # it comes with the database, from no registry

    def create_connect_args(self, url: URL) -> tuple[Sequence[str], dict[str, Any]]:
        """Return what ``dmPython.connect`` takes; the default port is 5236."""
        given = url.translate_connect_args(username="user", host="server", database="schema")
        return (), {"port": 5236, **given}

    def initialize(self, connection: Connection) -> None:
        """Ask nothing of the server: its banner is not Oracle's."""

    def get_isolation_level_values(self, dbapi_connection: Any) -> Sequence[Literal["AUTOCOMMIT", "READ COMMITTED"]]:
        """Return the levels that are used here."""
        return _AUTOCOMMIT

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        """Turn autocommit on or off."""
        dbapi_connection.autoCommit = level == "AUTOCOMMIT"

    def reset_isolation_level(self, dbapi_connection: Any) -> None:
        """Turn autocommit off."""
        dbapi_connection.autoCommit = False

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Tell whether a fault means that the server is gone (-70028, -6001 and the like: 网络通信异常)."""
        return any(sign in str(e) for sign in ("-70028", "-70019", "-6001", "-6010"))


class KingbaseDialect(PGDialect):
    """KingbaseES V8R6 in PostgreSQL's compatibility, through ksycopg2."""

    name = "kingbase"
    driver = "ksycopg2"
    default_paramstyle = "pyformat"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return ksycopg2; raises ImportError."""
        return import_module("ksycopg2")  # it comes with the database, from no registry

    def create_connect_args(self, url: URL) -> tuple[Sequence[str], dict[str, Any]]:
        """Return what ``ksycopg2.connect`` takes, which is what libpq takes; the default port is 54321."""
        given = url.translate_connect_args(username="user", database="dbname")
        return (), {"port": 54321, **given, **dict(url.query)}

    def initialize(self, connection: Connection) -> None:
        """Ask nothing of the server: its version is not PostgreSQL's."""
        self.server_version_info = (12, 0)

    def get_isolation_level_values(self, dbapi_conn: Any) -> Sequence[Any]:
        """Return the levels that are used here."""
        return _AUTOCOMMIT

    def set_isolation_level(self, dbapi_connection: Any, level: str) -> None:
        """Turn autocommit on or off."""
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def reset_isolation_level(self, dbapi_connection: Any) -> None:
        """Turn autocommit off."""
        dbapi_connection.autocommit = False

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Tell whether a fault means that the server is gone."""
        said = str(e)
        return any(
            sign in said
            for sign in ("server closed the connection", "connection already closed", "terminating connection")
        )
