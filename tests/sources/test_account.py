# SPDX-License-Identifier: Apache-2.0
"""The reading account: what it may do beyond reading is told from the grants, with the statements that mend it, which do."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.channels.database_account import _Person, file_rights
from gateway.channels.database_grants import mysql_surplus, oracle_surplus, sqlserver_surplus
from gateway.channels.database_rights import Needed
from gateway.channels.database_tools import DatabaseTools
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from gateway.testing.mariadb import MariaDb, find_mariadb, mariadb
from gateway.testing.postgres import PostgreSQL
from tests.sources.keeping import Keeping

FLAGS = ("TBBZ", "TBSJ", "SBYY")


@pytest.fixture(scope="module")
def maria_with_grants() -> Iterator[MariaDb]:
    if find_mariadb() is None:
        pytest.skip("mariadb: mariadbd is not installed")
    with mariadb(grants=True) as server:
        server.execute("CREATE DATABASE qzj CHARACTER SET utf8mb4")
        yield server


class Bureau:
    """A department's database with an owner, and an account that reads it; ``shown`` is its table as the database says it."""

    def __init__(
        self, run: Callable[[str], None], url: str, directory: Path, quote: str, account: str = "dq", shown: str = ""
    ) -> None:
        self.run, self.url, self.directory, self.quote = run, url, directory, quote
        self.account, self.shown = account, shown

    def q(self, text: str) -> str:
        return text.replace("'", self.quote)

    def table(self) -> None:
        for statement in (
            "DROP TABLE IF EXISTS 'AJ'",
            (
                "CREATE TABLE 'AJ' ('ID' INTEGER PRIMARY KEY, 'MC' VARCHAR(100), 'TBBZ' VARCHAR(2), 'TBSJ' VARCHAR(30),"
                " 'SBYY' VARCHAR(200))"
            ),
        ):
            self.run(self.q(statement))
        self.run(self.q("INSERT INTO 'AJ' ('ID', 'MC', 'TBBZ') VALUES (1, ") + "'甲', '0'), (2, '坏', '0')")

    def source(self, **options: Any) -> Any:
        given = {"url": self.url, "table": "AJ", "row_id": ["ID"], **options}
        return DatabaseTools(FakeClock()).database(AdapterSettings("test", SourceKind.STATE, given, self.directory))

    def told(self, **options: Any) -> list[tuple[str, str]]:
        """Return what is found, and what mends it."""
        source = self.source(**options)
        try:
            found = source.account()
        finally:
            source.close()
        assert {each.code for each in found} <= {"SRC-014"}, found
        return [(each.message.zh.partition(":")[2], each.hint.zh.partition(":")[2]) for each in found]

    def checked(self, **options: Any) -> tuple[object, ...]:
        source = self.source(**options)
        try:
            return tuple(source.check())
        finally:
            source.close()

    def mend(self, **options: Any) -> None:
        """Run every statement that the findings give, and see that nothing is left."""
        for _what, statements in self.told(**options):
            for statement in filter(None, map(str.strip, statements.split(";"))):
                self.run(statement)
        assert self.told(**options) == []


@pytest.fixture
def at_mariadb(maria_with_grants: MariaDb, tmp_path: Path) -> Bureau:
    server = maria_with_grants
    server.execute("DROP USER IF EXISTS dq@'127.0.0.1'")
    server.execute("CREATE USER dq@'127.0.0.1'")
    made = Bureau(
        lambda statement: server.execute(statement, "qzj"),
        server.url("qzj").replace("root@", "dq@"),
        tmp_path,
        "`",
        "dq@'127.0.0.1'",
        "`qzj`.`AJ`",
    )
    made.table()
    return made


@pytest.fixture
def at_postgresql(postgresql_server: PostgreSQL, tmp_path: Path) -> Iterator[Bureau]:
    url = sa.make_url(postgresql_server.database().replace("postgresql:", "postgresql+psycopg:"))
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    run("DROP ROLE IF EXISTS dq")
    run("CREATE ROLE dq LOGIN")
    run(f'GRANT CONNECT ON DATABASE "{url.database}" TO dq')
    reading = url.set(username="dq", password=None).render_as_string(False)
    made = Bureau(run, reading, tmp_path, '"', shown='"public"."AJ"')
    made.table()
    yield made
    run("DROP OWNED BY dq")
    run("DROP ROLE dq")
    engine.dispose()


@pytest.fixture(params=["at_mariadb", "at_postgresql"])
def bureau(request: pytest.FixtureRequest) -> Bureau:
    made: Bureau = request.getfixturevalue(request.param)
    return made


def test_an_account_that_only_reads_is_sound(bureau: Bureau) -> None:
    bureau.run(bureau.q("GRANT SELECT ON 'AJ' TO ") + bureau.account)
    assert bureau.told() == []


def test_the_flag_columns_may_be_written_and_the_protocol_needs_no_more(bureau: Bureau) -> None:
    """B17: the whole protocol runs under the very grants that the finding leaves."""
    bureau.run(bureau.q("GRANT SELECT, UPDATE ON 'AJ' TO ") + bureau.account)
    [(what, mend)] = bureau.told(mode="flag")
    assert what.removesuffix(' ("dq")') == f"UPDATE ON {bureau.shown}"
    columns = bureau.q("('SBYY', 'TBBZ', 'TBSJ')")
    assert f"GRANT UPDATE {columns} ON {bureau.shown} TO" in mend
    bureau.mend(mode="flag")
    _answers(bureau)


def test_mariadb_rights_beyond_reading_are_named_and_mended(at_mariadb: Bureau) -> None:
    run = at_mariadb.run
    run("GRANT SELECT, INSERT, DELETE ON qzj.* TO dq@'127.0.0.1'")
    run("GRANT SELECT, UPDATE, DROP ON qzj.`AJ` TO dq@'127.0.0.1' WITH GRANT OPTION")
    run("GRANT CREATE ON *.* TO dq@'127.0.0.1'")
    run("DROP ROLE IF EXISTS schreiber")
    run("CREATE ROLE schreiber")
    run("GRANT ALTER ON qzj.* TO schreiber")
    run("GRANT schreiber TO dq@'127.0.0.1'")
    found = dict(at_mariadb.told())
    assert set(found) == {
        "CREATE ON *.*", "INSERT, DELETE ON `qzj`.*", "UPDATE, DROP ON `qzj`.`AJ`", "GRANT OPTION ON `qzj`.`AJ`",
        "ALTER ON `qzj`.* (`schreiber`)",
    }  # fmt: skip
    assert found["INSERT, DELETE ON `qzj`.*"] == "REVOKE INSERT, DELETE ON `qzj`.* FROM `dq`@`127.0.0.1`;"
    at_mariadb.mend()


def test_mariadb_all_privileges_become_reading(at_mariadb: Bureau) -> None:
    at_mariadb.run("GRANT ALL PRIVILEGES ON qzj.* TO dq@'127.0.0.1' WITH GRANT OPTION")
    [(what, _mend)] = at_mariadb.told()
    assert what == "ALL PRIVILEGES ON `qzj`.*"
    at_mariadb.mend()
    assert at_mariadb.checked() == ()


def test_postgresql_rights_beyond_reading_are_named_and_mended(at_postgresql: Bureau) -> None:
    run = at_postgresql.run
    run('GRANT SELECT, INSERT, TRUNCATE ON "AJ" TO dq')
    run('GRANT UPDATE ("MC") ON "AJ" TO dq')
    run('GRANT DELETE ON "AJ" TO PUBLIC')
    run("GRANT CREATE ON SCHEMA public TO dq")
    run("ALTER ROLE dq CREATEDB")
    run("DROP ROLE IF EXISTS schreiber")
    run("CREATE ROLE schreiber")
    run('CREATE TABLE "ZB" ("ID" INTEGER)')
    run('ALTER TABLE "ZB" OWNER TO dq')
    run('GRANT UPDATE ON "AJ" TO schreiber')
    run("GRANT schreiber TO dq")
    found = dict(at_postgresql.told())
    assert set(found) == {
        "CREATEDB", 'OWNER "public"."ZB" (dq)', 'INSERT, TRUNCATE, UPDATE ("MC") ON "public"."AJ" ("dq")',
        'DELETE ON "public"."AJ" (PUBLIC)', 'UPDATE ON "public"."AJ" ("schreiber")', 'CREATE ON SCHEMA "public"',
    }  # fmt: skip
    at_postgresql.mend()
    run('REVOKE ALL ON "AJ" FROM schreiber')
    run("DROP ROLE schreiber")


def test_postgresql_a_superuser_is_told_to_be_one(at_postgresql: Bureau) -> None:
    at_postgresql.run("ALTER ROLE dq SUPERUSER")
    assert at_postgresql.told() == [("SUPERUSER", 'ALTER ROLE "dq" NOSUPERUSER;')]
    at_postgresql.mend()


def _answers(bureau: Bureau) -> None:
    """Pull once and see the flags written back."""
    assert bureau.checked(mode="flag") == ()
    keeping = Keeping(bureau.directory, FakeClock())
    keeping.pull(bureau.source(mode="flag", flag={"claimed": "9"}))
    keeping.ledger.close()
    engine = sa.create_engine(bureau.url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(bureau.q("SELECT 'ID', 'TBBZ', 'SBYY' FROM 'AJ' ORDER BY 'ID'")).all()
    engine.dispose()
    assert [(number, flag) for number, flag, _reason in rows] == [(1, "1"), (2, "2")]
    assert "改名称" in rows[1][2]


def test_a_catalogue_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    bureau = Bureau(print, f"sqlite:///{tmp_path / 'none.db'}", tmp_path, '"')
    source = bureau.source()
    assert [(each.code, each.refuses) for each in source.account()] == [("SRC-015", False)]
    source.close()


def test_sqlite_is_told_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"")
    mine = _Person(path.stat().st_uid, frozenset())
    group = _Person(path.stat().st_uid + 1, frozenset({path.stat().st_gid}))
    other = _Person(path.stat().st_uid + 1, frozenset())
    for mode, writers in ((0o644, [mine]), (0o464, [group]), (0o446, [other]), (0o444, [])):
        path.chmod(mode)
        assert [who for who in (mine, group, other) if file_rights(path, who)] == writers
    path.chmod(0o666)
    assert [file_rights(path, who)[0].mend for who in (mine, group, other)] == [
        f"chmod {letter}-w {path}" for letter in "ugo"
    ]
    os.system(file_rights(path, mine)[0].mend)  # the sentence as a person would run it
    assert file_rights(path, mine) == []


@pytest.mark.parametrize(
    ("grants", "needed", "told"),
    [
        (["GRANT USAGE ON *.* TO `dq`@`%` IDENTIFIED BY PASSWORD '*A4'", "GRANT SELECT ON `d`.* TO `dq`@`%`"], Needed(("AJ",)), []),
        (["GRANT SELECT, UPDATE (`TBBZ`, `TBSJ`) ON `d`.`AJ` TO `dq`@`%`"], Needed(("AJ",), FLAGS), []),
        (["GRANT SELECT, UPDATE (`TBBZ`, `MC`) ON `d`.`AJ` TO `dq`@`%`"], Needed(("AJ",), FLAGS), ["UPDATE (`MC`, `TBBZ`) ON `d`.`AJ`"]),
        (["GRANT UPDATE (`TBBZ`) ON `x`.`AJ` TO `dq`@`%`"], Needed(("AJ",), FLAGS), ["UPDATE (`TBBZ`) ON `x`.`AJ`"]),
        (["GRANT SELECT, SHOW VIEW, LOCK TABLES ON `d``x`.* TO `dq`@`%` REQUIRE SSL"], Needed(("AJ",)), []),
    ],
)  # fmt: skip
def test_lines_of_show_grants(grants: list[str], needed: Needed, told: list[str]) -> None:
    assert [right.what for right in mysql_surplus(grants, needed, "d")] == told


def test_oracle_rows_beyond_reading() -> None:
    """As the dictionary views of Oracle and DM give them; no such server here."""
    rows = [
        ("QZJ", "AJ", "", "", "UPDATE"), ("QZJ", "AJ", "", "", "INSERT"), ("QZJ", "XX", "", "SCHREIBER", "DELETE"),
        ("QZJ", "BZ", "TBBZ", "", "UPDATE"),
    ]  # fmt: skip
    found = [(right.what, right.mend) for right in oracle_surplus(rows, Needed(("QZJ.BZ",), FLAGS), "DQ")]
    assert found == [
        ('INSERT, UPDATE ON "QZJ"."AJ" (DQ)', 'REVOKE INSERT, UPDATE ON "QZJ"."AJ" FROM "DQ";'),
        ('DELETE ON "QZJ"."XX" (SCHREIBER)', 'REVOKE DELETE ON "QZJ"."XX" FROM "SCHREIBER";'),
    ]
    [right] = oracle_surplus([("QZJ", "BZ", "", "", "UPDATE")], Needed(("QZJ.BZ",), FLAGS), "DQ")
    assert right.mend == (
        'REVOKE UPDATE ON "QZJ"."BZ" FROM "DQ"; GRANT UPDATE ("SBYY", "TBBZ", "TBSJ") ON "QZJ"."BZ" TO "DQ";'
    )


def test_sqlserver_rows_beyond_reading() -> None:
    """As sys.database_permissions gives them; no such server here."""
    rows = [
        ("OBJECT_OR_COLUMN", "dbo", "AJ", "", "dq", "SELECT", "dbo"), ("OBJECT_OR_COLUMN", "dbo", "AJ", "TBBZ", "dq", "UPDATE", "dbo"),
        ("OBJECT_OR_COLUMN", "dbo", "AJ", "", "public", "INSERT", "dbo"), ("SCHEMA", "dbo", "", "", "dq", "ALTER", "dbo"),
        ("DATABASE", "", "", "", "dq", "CREATE TABLE", "dbo"), ("DATABASE", "", "", "", "dq", "CONNECT", "dbo"),
    ]  # fmt: skip
    found = {right.mend for right in sqlserver_surplus(rows, Needed(("AJ",), FLAGS))}
    assert found == {
        "REVOKE INSERT ON [dbo].[AJ] FROM [public];", "REVOKE ALTER ON SCHEMA::[dbo] FROM [dq];", "REVOKE CREATE TABLE FROM [dq];",
    }  # fmt: skip
