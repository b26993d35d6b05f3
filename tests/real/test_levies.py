# SPDX-License-Identifier: Apache-2.0
"""The levies: what a row becomes, and that every order of reading ends with the newest head (ledger.md B2-B4)."""

import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.config import load
from gateway.flow.summary import Summary
from gateway.model.record import Observation
from gateway.schedule.once import RoundOptions
from tests.real import evidence, site, systems
from tests.real import levies as loader
from tests.real.passes import publish
from tests.real.sets import LEVIES
from tests.real.whole import fields, observe, rows_of

POLLUTANTS = {"EMIITEM1": "揮發性有機物", "EMIITEM2": "粒狀污染物", "EMIITEM3": "硫氧化物", "EMIITEM4": "氮氧化物"}
DONE = {"完成核算", "完成年申報審查"}


@pytest.fixture(scope="module")
def lines(levies: Path) -> dict[str, dict[str, Any]]:
    """Return the lines of the file by line number: what the rows must say, read without the loader."""
    text = (levies / loader.LEVIES).read_text(encoding="utf-8")
    return {str(number): json.loads(line, parse_float=Decimal) for number, line in enumerate(text.splitlines(), 1)}


@pytest.fixture(scope="module")
def database(levies: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("levies") / site.DEPARTMENT
    assert loader.load(path, levies) == 8000
    return path


@pytest.fixture(scope="module")
def observations(database: Path) -> dict[str, Observation]:
    return {each.row.row_id: each for each in observe(rows_of(database, SystemClock(), LEVIES), LEVIES)}


@pytest.fixture(scope="module")
def newest(lines: dict[str, dict[str, Any]]) -> set[str]:
    """Return the newest assessed row of each firm and quarter."""
    found: dict[tuple[str, str], str] = {}
    for row, line in sorted(lines.items(), key=lambda each: (each[1]["UPDATETIME"], int(each[0]))):
        if line["PERSTATUS"] in DONE:
            found[line["REGISTRATIONNO"], line["QUARTER"]] = row
    return set(found.values())


def test_every_line_is_a_row_with_its_number_and_its_digits(database: Path, levies: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM levy ORDER BY ID").fetchall()
    text = (levies / loader.LEVIES).read_text(encoding="utf-8")
    expected = [json.loads(line, parse_float=str, parse_int=str) for line in text.splitlines()]
    assert [row["ID"] for row in rows] == list(range(1, 8001))
    assert [{name: row[name] for name in loader.COLUMNS} for row in rows] == expected


def test_half_of_the_rows_repeat_an_earlier_key(lines: dict[str, dict[str, Any]]) -> None:
    keys = Counter((line["REGISTRATIONNO"], line["QUARTER"]) for line in lines.values())
    assert sum(count - 1 for count in keys.values()) == 3987


def test_an_unfinished_assessment_is_none_and_nothing_else_is_refused(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    refused = {
        row: [finding.code for each in seen.refused for finding in each.findings]
        for row, seen in observations.items()
        if seen.refused
    }
    assert refused == {row: ["MAP-009"] for row, line in lines.items() if line["PERSTATUS"] not in DONE}
    assert len(refused) == 16
    assert Counter(draft.type for seen in observations.values() for draft in seen.drafts) == {"ZS_HD": 7984}


def test_an_assessment_says_what_the_row_says_and_not_a_word_more(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    head = {
        "caseNo", "itemCode", "itemVersion", "orgCode", "regionCode", "sequence", "version", "operation", "occurredAt"
    }  # fmt: skip
    own = {"payer", "payer/name", "payer/idKind", "payer/idNo", "periodFrom", "periodTo"}
    for row, seen in observations.items():
        for draft in seen.drafts:
            line, held = lines[row], fields(draft)
            amounts = {name: line[name] for name in POLLUTANTS if line[name] is not None}
            details = {"lines", "lines/name", "lines/base", "lines/baseUnit"} if amounts else set()
            assert held.keys() == head | own | details
            assert held["payer/name"] == [line["FACILITYNAME"]]
            assert held["payer/idNo"] == [line["REGISTRATIONNO"]]
            assert held["periodFrom"] == [line["STARTDATE"].replace("/", "-")]
            assert held["periodTo"] == [line["ENDDATE"].replace("/", "-")]
            assert held["occurredAt"] == [line["UPDATETIME"].replace("/", "-") + "T00:00:00+08:00"]
            assert held.get("lines/name", []) == [POLLUTANTS[name] for name in amounts]
            assert [Decimal(base) for base in held.get("lines/base", [])] == list(amounts.values())
            assert held.get("lines/baseUnit", []) == [line["ITEMUNIT"]] * len(amounts)


def test_a_firm_and_quarter_is_one_key(observations: dict[str, Observation], lines: dict[str, dict[str, Any]]) -> None:
    keys = {
        (lines[row]["REGISTRATIONNO"], lines[row]["QUARTER"], draft.key)
        for row, seen in observations.items()
        for draft in seen.drafts
    }
    assert len(keys) == len({key for *_, key in keys}) == len({(firm, quarter) for firm, quarter, _ in keys}) == 4012


class Shuffled:
    """A gateway without destinations over the levies, which it reads in an order of our own."""

    def __init__(self, directory: Path, levies: Path, seed: int) -> None:
        loader.load(directory / site.DEPARTMENT, levies)
        order = list(range(1, LEVIES.rows + 1))
        random.Random(seed).shuffle(order)
        with closing(sqlite3.connect(directory / site.DEPARTMENT)) as connection, connection:
            connection.execute("CREATE TABLE place (PLACE INTEGER PRIMARY KEY, ROW INTEGER NOT NULL)")
            connection.executemany("INSERT INTO place VALUES (?, ?)", enumerate(order, 1))
            connection.execute("CREATE VIEW shuffled AS SELECT * FROM levy JOIN place ON ROW = ID")
        options = {"table": "shuffled", "row_id": ["PLACE"]}
        city = systems.make_city(directory / "city")
        self.directory = directory
        self.rows = {str(place): str(row) for place, row in enumerate(order, 1)}
        self.configuration = load(site.write(directory, city, {}, replace(LEVIES, options=options)))
        publish(self.configuration)

    def read(self) -> Summary:
        """Read every row once."""
        with Gateway.open(self.configuration) as gateway:
            return gateway.run_once(RoundOptions(sources=(LEVIES.name,)))

    def heads(self) -> set[str]:
        """Return the line number behind each head."""
        return {self.rows[place] for place in evidence.heads(self.directory, "ZS_HD").values()}


@pytest.fixture(scope="module", params=[1, 20120426])
def shuffled(
    request: pytest.FixtureRequest, levies: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Shuffled, Summary]:
    shuffler = Shuffled(tmp_path_factory.mktemp("shuffled"), levies, request.param)
    return shuffler, shuffler.read()


@pytest.mark.service
def test_b4_a_shuffled_read_ends_with_the_newest_heads(shuffled: tuple[Shuffled, Summary], newest: set[str]) -> None:
    shuffler, summary = shuffled
    figures = summary.figures
    assert shuffler.heads() == newest
    assert (figures.rows, figures.refused, figures.duplicates, figures.conflicts) == (8000, 16, 0, 0)
    assert figures.accepted + figures.stale == 7984
    assert figures.stale > 1500


@pytest.mark.service
def test_b2_every_further_read_leaves_the_same_versions(shuffled: tuple[Shuffled, Summary]) -> None:
    shuffler, _ = shuffled
    before = evidence.accepted(shuffler.directory)
    for _ in range(2):
        figures = shuffler.read().figures
        assert (figures.rows, figures.collected) == (8000, 0)
        assert evidence.accepted(shuffler.directory) == before
