# SPDX-License-Identifier: Apache-2.0
"""The loader keeps every line and every character, and joins nothing silently."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.real import loader


@pytest.fixture
def database(tmp_path: Path, penalties: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "department.sqlite"
    loader.load(path, penalties)
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def test_every_line_is_a_row_with_its_number_and_its_values(database: sqlite3.Connection, penalties: Path) -> None:
    expected = [json.loads(line) for line in (penalties / loader.PENALTIES).read_text(encoding="utf-8").splitlines()]
    rows = database.execute("SELECT * FROM penalty ORDER BY ID").fetchall()
    assert [row["ID"] for row in rows] == list(range(1, 8773))
    assert [{name: row[name] for name in loader.PENALTY_COLUMNS} for row in rows] == expected


def test_facilities_keep_what_they_hold_and_lack_what_they_lack(database: sqlite3.Connection, penalties: Path) -> None:
    expected = [json.loads(line) for line in (penalties / loader.FACILITIES).read_text(encoding="utf-8").splitlines()]
    rows = database.execute("SELECT * FROM facility ORDER BY ID").fetchall()
    held = [{name: row[name] for name in loader.FACILITY_COLUMNS if row[name] is not None} for row in rows]
    assert held == expected


def test_the_view_shows_each_row_once_and_says_which_references_dangle(database: sqlite3.Connection) -> None:
    rows, numbers, dangling, addresses = database.execute(
        "SELECT count(*), count(DISTINCT ID), sum(NOT FACILITYKNOWN), count(FACILITYADDRESS) FROM penalty_view"
    ).fetchone()
    assert (rows, numbers, dangling, addresses) == (8772, 8772, 510, 8262)


def test_a_lost_character_stays_lost(database: sqlite3.Connection) -> None:
    assert database.execute("SELECT count(*) FROM penalty WHERE FACILITYNAME LIKE '%?%'").fetchone()[0] == 48


def test_a_column_without_a_place_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / loader.PENALTIES).write_text('{"COUNTY": "x", "NEW": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="NEW"):
        loader.load(tmp_path / "d.sqlite", tmp_path)


def test_an_existing_database_is_not_touched(tmp_path: Path) -> None:
    database = tmp_path / "d.sqlite"
    database.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        loader.load(database, tmp_path)
    assert database.read_bytes() == b"mine"
