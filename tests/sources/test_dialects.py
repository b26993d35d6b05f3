# SPDX-License-Identifier: Apache-2.0
"""Every statement of every mode in the words of each database: paging, comparing moments, quoting, locking (B14, B17, T4).

The files in ``statements/`` are what a database administrator would be shown; GATEWAY_WRITE_STATEMENTS=1 writes them anew.
SQLite, PostgreSQL and MariaDB run them for real in the other tests; no Oracle, SQL Server, DM or KingbaseES is at hand.
"""

import builtins
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite

from gateway.channels import database_domestic
from gateway.channels.database_changes import entries, highest
from gateway.channels.database_dialect import address, open_database
from gateway.channels.database_domestic import DmDialect, KingbaseDialect
from gateway.channels.database_drivers import DRIVERS, UNVERIFIED
from gateway.channels.database_flag_sql import FlagStatements
from gateway.channels.database_grants import ORACLE_STATEMENTS, POSTGRESQL_STATEMENTS, SQLSERVER_STATEMENTS
from gateway.channels.database_options import DatabaseOptions, parse_options
from gateway.channels.database_shape import Described, Shape
from gateway.channels.database_tools import DatabaseTools
from gateway.errors import ConfigurationError
from gateway.model.record import SourceKind
from gateway.ports import Window
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from gateway.testing.postgres import PostgreSQL
from tests.sources.keeping import Keeping

STATEMENTS = Path(__file__).with_name("statements")
ODD = 'A]J"B`H%'
"""A column whose name holds every quoting sign."""

DIALECTS: dict[str, Any] = {
    "sqlite": sqlite.dialect(), "postgresql": postgresql.psycopg.dialect(), "mysql": mysql.pymysql.dialect(),
    "mariadb": sa.make_url("mariadb+pymysql://").get_dialect()(is_mariadb=True), "oracle": oracle.oracledb.dialect(),
    "mssql": mssql.pymssql.dialect(paramstyle="pyformat"), "dm": DmDialect(), "kingbase": KingbaseDialect(),
}  # fmt: skip
SAME_WORDS = {"mariadb": "mysql"}
"""Databases whose every statement is that of another one."""
MOMENTS: dict[str, object] = {
    "sqlite": None, "postgresql": 1114, "kingbase": 1114, "mysql": 12, "mariadb": 12, "mssql": 4,
    "oracle": SimpleNamespace(name="DB_TYPE_TIMESTAMP"), "dm": type("TIMESTAMP", (), {}),
}  # fmt: skip
WINDOW = Window("2026-01-05T09:00:00.000000", "2026-01-05T10:00:00.000000")
AFTER = ("2026-01-05T09:30:00.123456", ["A1", 7])


def options(**given: Any) -> DatabaseOptions:
    return parse_options(
        {"url": "sqlite:///a.db", "table": "QZJ.AJ", "row_id": ["ID", ODD], **given}, "sources.d/x.yaml"
    )


def shape(dialect: str, wanted: DatabaseOptions, digits: int | None = None) -> Shape:
    described = [Described(name, None) for name in ("ID", ODD, "MC", *wanted.flags)]
    return Shape(wanted, [*described, Described("GXSJ", MOMENTS[dialect], digits)], dialect)


def statements(dialect: str) -> Iterator[tuple[str, Any]]:
    """Yield every statement with what it does."""
    stamped = options(stamp={"column": "GXSJ"} | ({"format": "%Y-%m-%d %H:%M:%S"} if dialect == "sqlite" else {}))
    window, after = WINDOW, AFTER
    if dialect == "sqlite":
        window, after = Window("2026-01-05 09:00:00", "2026-01-05 10:00:00"), ("2026-01-05 09:30:00", AFTER[1])
    cursor = shape(dialect, stamped)
    yield "cursor: the first page", cursor.page(window, False, None, 501)
    yield "cursor: the next page", cursor.page(window, False, after, 501)
    yield "cursor: undated rows", cursor.page(window, True, (None, AFTER[1]), 501)
    yield "cursor: how many", cursor.count(window)
    yield "cursor: how many of a slice", cursor.count_dated(window)
    yield "check: row ids that are shared", cursor.shared_ids()
    yield "check: rows without a row id", cursor.without_id(100)
    yield "check: stamps in the future", cursor.count_future(window)
    yield "check: stamps that are none", cursor.count_unusable()
    text = shape(dialect, options(stamp={"column": "MC", "format": "%Y%m%d%H%M%S"}))
    yield (
        "cursor by text: the next page",
        text.page(Window(None, "20260105100000"), False, ("20260105093000", AFTER[1]), 501),
    )
    query = options(table=None, query="SELECT ID, MC FROM AJ WHERE SM = 'a:b'", row_id=["ID"])
    yield "cursor over a query: the next page", shape(dialect, query).page(window, False, (None, ["A1"]), 501)
    whole = shape(dialect, options(mode="snapshot"))
    yield "snapshot: the next page", whole.page(window, False, (None, AFTER[1]), 501)
    yield "snapshot: all row ids", whole.ids()
    yield "snapshot: is it there", whole.ids_among(["A1|7", "A2|8"])
    flagged = options(mode="flag", flag={"claimed": "9"})
    words = FlagStatements(shape(dialect, flagged), flagged.flag, flagged.row_id)  # type: ignore[arg-type]
    yield "flag: the next page", shape(dialect, flagged).page(window, False, (None, AFTER[1]), 501)
    yield "flag: claim", words.claim(["A1|7", "A2|8"])
    yield "flag: lock and compare", words.locked(["A1|7"])
    yield "flag: answer", words.answer("A1|7", {"TBBZ": "1", "TBSJ": datetime(2026, 1, 5, 10), "SBYY": None})  # noqa: DTZ001
    yield "flag: could they be written", words.nothing()
    changed = options(mode="changes", changes={"table": "QZJ.AJ_LOG", "sequence": "XH", "row_id": ["ID", ODD]})
    yield "changes: the next entries", entries(changed.changes, 17, 500)  # type: ignore[arg-type]
    yield "changes: the last entry", highest(changed.changes)  # type: ignore[arg-type]
    yield "changes: the rows", shape(dialect, changed).rows_of([("A1", 7), ("A2", 8)])


def compiled(dialect: str, statement: Any) -> str:
    made = statement.compile(dialect=DIALECTS[dialect], compile_kwargs={"render_postcompile": True})
    return re.sub(r"[ \n]+", " ", str(made))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_statement_of_every_mode_is_the_one_that_was_looked_at(dialect: str) -> None:
    shown = "".join(f"-- {what}\n{compiled(dialect, made)};\n\n" for what, made in statements(dialect))
    path = STATEMENTS / f"{SAME_WORDS.get(dialect, dialect)}.sql"
    if os.environ.get("GATEWAY_WRITE_STATEMENTS"):
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_statements_page_lock_and_quote_as_the_database_wants_it(dialect: str) -> None:
    made = {what: compiled(dialect, statement) for what, statement in statements(dialect)}
    limit = {
        "oracle": "FETCH FIRST", "dm": "ROWNUM <=", "mssql": "SELECT TOP",
    }.get(dialect, "LIMIT")  # fmt: skip
    for what in (
        "cursor: the next page",
        "snapshot: the next page",
        "flag: the next page",
        "changes: the next entries",
    ):
        assert limit in made[what], what
        assert " OFFSET " not in made[what].replace("LIMIT ? OFFSET ?", ""), "pages go by key, never by offset"
    lock = {"sqlite": "", "mssql": "WITH (UPDLOCK, ROWLOCK)"}.get(dialect, "FOR UPDATE")
    assert lock in made["flag: lock and compare"]
    signs = DIALECTS[dialect].identifier_preparer
    name = ODD.replace(signs.escape_quote, signs.escape_to_quote) if dialect != "mssql" else ODD.replace("]", "]]")
    if DIALECTS[dialect].paramstyle in ("format", "pyformat") and dialect != "mssql":  # pymssql wants them single
        name = name.replace("%", "%%")
    quoted = f"{signs.initial_quote}{name}{signs.final_quote}"
    for what, text in made.items():
        assert "'a" not in text.replace("'a:b'", ""), f"{what}: no value stands in a statement"
        if "ODD" not in what and "query" not in what and what != "changes: the last entry" and "stamps" not in what and "how many" not in what and "could" not in what:  # fmt: skip
            assert quoted in text, what


def test_moments_are_compared_to_the_microsecond_where_a_driver_would_lose_some() -> None:
    """A position finds the row that it stands on again (B14): neither side of the comparison is cut more than the other."""
    wanted = options(stamp={"column": "GXSJ"})
    made = shape("mssql", wanted).page(WINDOW, False, AFTER, 501)
    text = compiled("mssql", made)
    assert "CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6)) AS [GXSJ]" in text
    assert "ORDER BY CAST([QZJ].[AJ].[GXSJ] AS DATETIME2(6))" in text
    assert "2026-01-05T09:30:00.123456" in made.compile(dialect=DIALECTS["mssql"]).params.values()
    assert "2026-01-05T08:59:59.000000" in made.compile(dialect=DIALECTS["mssql"]).params.values(), "an index is of use"
    made = shape("oracle", wanted).page(WINDOW, False, AFTER, 501)
    assert "CAST" not in compiled("oracle", made)
    binds = made.compile(dialect=DIALECTS["oracle"]).binds.values()
    assert {type(each.type) for each in binds if isinstance(each.value, datetime)} == {sa.TIMESTAMP}
    assert 'CAST("QZJ"."AJ"."GXSJ" AS TIMESTAMP)' in compiled(
        "oracle", shape("oracle", wanted, 9).page(WINDOW, False, AFTER, 501)
    )


@pytest.mark.parametrize("name", sorted(UNVERIFIED | {"postgresql", "mariadb"}))
def test_a_missing_driver_is_named_with_the_way_to_install_it_offline(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = DRIVERS[name].package
    real = builtins.__import__

    def without(wanted: str, *given: Any, **more: Any) -> Any:
        if wanted.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {wanted!r}", name=wanted)
        return real(wanted, *given, **more)

    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(database_domestic, "import_module", lambda wanted: without(wanted))
    wanted = parse_options({"url": f"{name}://u@127.0.0.1/d", "table": "AJ", "row_id": ["ID"]}, "sources.d/x.yaml")
    with pytest.raises(ConfigurationError) as fault:
        open_database(wanted, tmp_path, FakeClock(), "sources.d/x.yaml")
    assert f"缺少数据库驱动 {package}" in fault.value.detail
    assert package in fault.value.hint.zh
    assert "--no-index" in fault.value.hint.zh or "site-packages" in fault.value.hint.zh
    extra = DRIVERS[name].extra
    assert extra == "" or f"power-exchange-gateway[{extra}]" in fault.value.hint.en


def test_every_driver_that_has_a_wheel_is_an_extra_of_the_gateway() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {driver.extra: [driver.wheel] for driver in DRIVERS.values() if driver.wheel}
    assert asked == {extra: project["optional-dependencies"].get(extra) for extra in asked}


def test_parameters_that_could_read_files_or_run_statements_are_refused(tmp_path: Path) -> None:
    for url in (
        "oracle://u@h/?service_name=x&config_dir=/etc", "mssql://u@h/d?conn_properties=DROP", "dm://u@h/d?catalog=x",
        "kingbase://u@h/d?options=-c", "oracle+cx_oracle://u@h/x", "mssql+pyodbc://u@h/d",
    ):  # fmt: skip
        with pytest.raises(ConfigurationError):
            address(options(url=url), tmp_path, "sources.d/x.yaml")


def test_kingbase_over_a_plain_db_api_reads_and_answers(
    postgresql_server: PostgreSQL, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PostgreSQL stands in for the server and psycopg for ksycopg2, which has the same face; the dialect is ours."""
    stand_in = SimpleNamespace(**{name: getattr(psycopg, name) for name in dir(psycopg) if not name.startswith("_")})
    monkeypatch.setitem(sys.modules, "ksycopg2", stand_in)
    url = sa.make_url(postgresql_server.database())
    owner = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(
            'CREATE TABLE "AJ" ("ID" INTEGER PRIMARY KEY, "MC" TEXT, "GXSJ" TIMESTAMP DEFAULT LOCALTIMESTAMP,'
            ' "TBBZ" TEXT DEFAULT \'0\', "TBSJ" TEXT, "SBYY" TEXT)'
        )
        connection.exec_driver_sql('INSERT INTO "AJ" ("ID", "MC") SELECT n, \'m\' || n FROM generate_series(1, 9) n')
        connection.exec_driver_sql('UPDATE "AJ" SET "MC" = \'坏\' WHERE "ID" = 4')
    keeping = Keeping(tmp_path, FakeClock())
    given = {
        "url": url.set(drivername="kingbase").update_query_dict({"port": "5432"}).render_as_string(False),
        "table": "AJ",
        "row_id": ["ID"],
    }
    stamped = {"columns": ["ID", "MC", "GXSJ"], "stamp": {"column": "GXSJ"}}
    for more in (stamped, {"mode": "flag"}):
        source = DatabaseTools(FakeClock()).database(AdapterSettings("k", SourceKind.STATE, given | more, tmp_path))
        assert source.check() == ()
        assert {each.code for each in source.account()} == {"SRC-014"}
        keeping.pull(source)
    assert len(keeping.heads()) == 8
    with owner.connect() as connection:
        flags = connection.exec_driver_sql('SELECT "TBBZ", count(*) FROM "AJ" GROUP BY 1 ORDER BY 1').all()
    assert flags == [("1", 8), ("2", 1)]
    keeping.ledger.close()
    owner.dispose()


def test_account_statements_hold_no_percent_signs() -> None:
    """Drivers that format their parameters would read one as a place for a value."""
    assert not [text for text in (*POSTGRESQL_STATEMENTS, *ORACLE_STATEMENTS, *SQLSERVER_STATEMENTS) if "%" in text]
