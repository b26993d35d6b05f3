# SPDX-License-Identifier: Apache-2.0
"""Profile V: a system that shows views, read by the bench with the account of the gateway; on real servers too."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from gateway.testing.mariadb import find_mariadb, mariadb
from gateway.testing.postgres import PostgreSQL, available
from gateway_conformance import runner, sut
from gateway_conformance.cases.view_columns import judged
from gateway_conformance.command import command
from gateway_conformance.engine import expected
from gateway_reference.department.viewing import DATABASE

pytestmark = pytest.mark.service
SCALE = 600.0
Run = Callable[..., dict[str, Any]]
ON_SERVERS = (
    "CON-01", "CON-02", "CON-04", "CON-08", "CLK-01", "SEC-03", "SEC-07", "SEC-08", "SEC-10", "SCH-01", "SCH-14",
    "IDM-01", "INC-01", "INC-02", "INC-03", "INC-04", "INC-07", "VOL-01", "VOL-02", "REC-01", "REC-03", "ROB-06", "SCH-09",
)  # fmt: skip
"""Cases whose outcome depends on the database: its catalogue, rights, types, order of rows, transactions, characters."""


@pytest.fixture
def views(department: Callable[..., Path]) -> Run:
    """Start a department that shows views and run the suite against it."""

    def run(*only: str, edit: Callable[[str], str] | None = None, **settings: Any) -> dict[str, Any]:
        path = department(profile="V", **settings)
        if edit is not None:
            path.write_text(edit(path.read_text("utf-8")), "utf-8")
        result = runner.run(sut.load(path), runner.Options(1, SCALE, "V", frozenset(only) or None))
        return {"gate": result["gate"], **{each["id"]: each for each in result["cases"]}}

    return run


def _not_passed(found: dict[str, Any]) -> dict[str, Any]:
    cases = {id_: each for id_, each in found.items() if id_ != "gate"}
    return {
        id_: (each["verdict"], each["reason"], each["findings"])
        for id_, each in cases.items()
        if each["verdict"] != "PASS"
    }


def _codes(found: dict[str, Any], id_: str) -> list[str]:
    return [each["code"] for each in found[id_]["findings"]]


def test_reference_department_passes_every_case_of_its_profile(views: Run) -> None:
    found = views()
    assert found.pop("gate") == "open"
    assert not (left := _not_passed(found)), left
    assert all(each["examined"] > 0 for each in found.values())
    assert set(found) == {each.id for each in expected("V")}
    assert len(found) == 78


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A real server: the owner's address and that of an account that may only read the views."""
    if request.param == "postgresql":
        if not available():
            pytest.skip("no PostgreSQL")
        with PostgreSQL() as running:
            owner = running.database().replace("postgresql://", "postgresql+psycopg://")
            engine = sa.create_engine(owner)
            with engine.begin() as connection:
                connection.exec_driver_sql("CREATE ROLE reader LOGIN")
                connection.exec_driver_sql("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader")
            engine.dispose()
            yield owner, owner.replace("//postgres@", "//reader@")
        return
    if find_mariadb() is None:
        pytest.skip("no MariaDB")
    with mariadb(grants=True) as running:
        running.execute("CREATE DATABASE exchange CHARACTER SET utf8mb4")
        running.execute("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'only-for-tests'")
        running.execute("GRANT SELECT ON exchange.* TO reader@'127.0.0.1'")
        owner = running.url("exchange")
        yield owner, owner.replace("//root@", "//reader@")


def test_reference_department_on_a_real_server(
    views: Run, server: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, reader = server
    monkeypatch.setenv(DATABASE, owner)
    monkeypatch.setenv(f"{DATABASE}_READER", reader)
    monkeypatch.setenv("VIEW_PASSWORD", "only-for-tests")
    without = ("SEC-03",) if owner.startswith("postgresql") else ()  # its test server trusts every local account
    only = [each for each in ON_SERVERS if each not in without]
    found = views(*only, edit=lambda text: text.replace("[view]\n", '[view]\npassword = "env:VIEW_PASSWORD"\n'))
    found.pop("gate")
    assert not (left := _not_passed(found)), left


def test_an_account_of_a_real_server_that_may_write(
    views: Run, server: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE, server[0])
    assert _codes(views("SEC-07"), "SEC-07") == ["E-SEC-07a"]


@pytest.mark.parametrize(
    ("seam", "case", "codes"),
    [
        ("def view_rows(self, row):\n        return super().view_rows(row)[:1]", "IDM-06", []),
        (
            "def shown_stamp(self, row):\n        return super().shown_stamp(row).replace(hour=0, minute=0, second=0)",
            "INC-01",
            ["E-INC-01a"],
        ),
        ("def server_time(self):\n        return \"'yesterday'\"", "CLK-01", ["E-CLK-01a"]),
    ],
)
def test_a_mutant_file_changes_what_is_shown(
    views: Run, tmp_path: Path, seam: str, case: str, codes: list[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"class Mine:\n    {seam}\n", "utf-8")
    assert _codes(views(case, mutant_file=file), case) == codes


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: text.replace("sqlite:///file:", "firebird://x/"), "firebird"),
        (lambda text: text.replace('url = "sqlite', 'url = "?'), "不是数据库地址"),
        (lambda text: text.replace("[view]\n", '[view]\npassword = "env:NOT_SET_ANYWHERE"\n'), "没有设置"),
        (lambda text: text.replace("exchange.sqlite", "nothing.sqlite"), "连接"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_in_a_sentence(
    views: Run, edit: Callable[[str], str], said: str
) -> None:
    found = views("CON-01", edit=edit)
    assert found["CON-01"]["verdict"] == "FAIL"
    assert said in found["CON-01"]["findings"][0]["message"]


def _dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return sorted(connection.iterdump())


def test_the_bench_writes_nothing(department: Callable[..., Path]) -> None:
    path = department(profile="V")
    file = path.parent / "exchange.sqlite"
    before = _dump(file)
    told = CliRunner().invoke(command, ["doctor", "--sut", str(path), "--json"], standalone_mode=False)
    assert told.return_value == 0, told.output
    assert {each["verdict"] for each in json.loads(told.stdout)["cases"]} == {"PASS"}
    assert _dump(file) == before, "the system itself may begin anew: the content must be the same"


def test_types_of_columns_are_judged_by_kind_and_length() -> None:
    from gateway.dictionary import layouts
    from gateway.pack import load_pack

    columns = {each.name: each for each in layouts(load_pack("jiangxi-1.0"), "XK_SQ")[0].columns}
    number = columns["XH"]
    assert judged(number, sa.BigInteger(), "postgresql") is None
    assert judged(number, sa.String(10), "postgresql") is not None
