# SPDX-License-Identifier: Apache-2.0
"""The service catalogue: every item is kept, wrong department codes are refused for what they are, none is repaired."""

import json
import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.clock import SystemClock
from gateway.model.record import Observation
from tests.real import catalogue as loader
from tests.real.sets import CATALOGUE
from tests.real.whole import fields, observe, rows_of

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CATEGORIES = {"1": "XK", "5": "QT", "7": "QT", "8": "QT", "9": "QT", "10": "QT"}
PUBLIC_SERVICE = "20"


def checks(code: str) -> bool:
    """Tell whether a code is a unified social credit code with the right check character (GB 32100-2015)."""
    if len(code) != 18 or not set(code) <= set(ALPHABET):
        return False
    weights = [*(pow(3, place, 31) for place in range(17)), 1]
    return sum(ALPHABET.index(character) * weight for character, weight in zip(code, weights, strict=True)) % 31 == 0


@pytest.fixture(scope="module")
def lines(catalogue: Path) -> dict[str, dict[str, str]]:
    """Return name and link of every item by its place, read without the loader."""
    text = (catalogue / loader.CATALOGUE).read_text(encoding="utf-8")
    found = re.findall(r'"name": ("(?:[^"\\]|\\.)*"),\s*"link": ("(?:[^"\\]|\\.)*")', text)
    return {str(n): {"name": json.loads(name), "link": json.loads(link)} for n, (name, link) in enumerate(found, 1)}


@pytest.fixture(scope="module")
def database(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalogue") / "department.sqlite"
    assert loader.load(path, catalogue) == 1135
    return path


@pytest.fixture(scope="module")
def observations(database: Path) -> dict[str, Observation]:
    return {each.row.row_id: each for each in observe(rows_of(database, SystemClock(), CATALOGUE), CATALOGUE)}


def code_of(line: dict[str, str], name: str) -> str:
    """Return a code out of the query of an item's link."""
    (value,) = parse_qs(urlsplit(line["link"]).query)[name]
    return value


def test_every_item_is_a_row_with_the_codes_of_its_link(database: Path, lines: dict[str, dict[str, str]]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {str(row["ID"]): row for row in connection.execute("SELECT * FROM item")}
    assert rows.keys() == lines.keys()
    for number, row in rows.items():
        assert {"name": row["ITEMNAME"], "link": row["LINK"]} == lines[number]
        assert all(row[column] == code_of(lines[number], name) for name, column in loader.QUERY.items())
    assert len({row["DEPARTMENT"] for row in rows.values()}) == 34


def test_thirty_of_39_department_codes_are_refused_and_the_others_are_not(
    observations: dict[str, Observation], lines: dict[str, dict[str, str]]
) -> None:
    codes = {row: code_of(line, "deptCode") for row, line in lines.items()}
    refused = {
        codes[row]
        for row, seen in observations.items()
        if ("MAP-007", "DEPTCODE") in {(f.code, f.path) for each in seen.refused for f in each.findings}
    }
    accepted = {codes[row] for row, seen in observations.items() if seen.drafts}
    assert (len(set(codes.values())), len(refused), len(accepted)) == (39, 30, 9)
    assert accepted == {code for code in codes.values() if checks(code)}
    assert refused == set(codes.values()) - accepted


def test_every_refusal_says_every_true_reason(
    observations: dict[str, Observation], lines: dict[str, dict[str, str]]
) -> None:
    counted: Counter[tuple[str, ...]] = Counter()
    for row, seen in observations.items():
        kind, code = code_of(lines[row], "taskType"), code_of(lines[row], "deptCode")
        expected = [("MAP-004", "TASKTYPE", kind)] if kind == PUBLIC_SERVICE else []
        expected += [] if checks(code) else [("MAP-007", "DEPTCODE", code)]
        found = [(f.code, f.path, f.value) for each in seen.refused for f in each.findings]
        assert found == expected
        assert bool(seen.drafts) != bool(found)
        counted[tuple(name for name, *_ in expected)] += 1
    assert counted == {(): 196, ("MAP-004",): 55, ("MAP-007",): 591, ("MAP-004", "MAP-007"): 293}


def test_an_item_says_what_the_row_says_and_nothing_of_a_code_is_repaired(
    observations: dict[str, Observation], lines: dict[str, dict[str, str]]
) -> None:
    own = {
        "itemCode", "version", "operation", "occurredAt", "name", "category", "basis", "basis/lawName", "orgCode",
        "level", "internal", "status", "effectiveFrom",
    }  # fmt: skip
    numbers = set()
    for row, seen in observations.items():
        for draft in seen.drafts:
            line, held = lines[row], fields(draft)
            category = CATEGORIES[code_of(line, "taskType")]
            assert held.keys() - {"subcategory"} == own
            assert held["name"] == [line["name"]]
            assert held["orgCode"] == [code_of(line, "deptCode")]
            assert held["category"] == [category]
            assert re.fullmatch(rf"{category}-{code_of(line, 'deptCode')[8:17]}-\d{{4}}", held["itemCode"][0])
            numbers.add(held["itemCode"][0])
    assert len(numbers) == 196


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("11511301008778386C", "IDN-002"),  # last character, was B
        ("115113010087783568", "IDN-003"),  # two characters changed so that the outer check passes again
        ("1151130100877838OB", "IDN-001"),
    ],
)
def test_a_code_of_the_right_length_still_has_to_pass_its_checks(database: Path, code: str, reason: str) -> None:
    row = next(
        row
        for row in rows_of(database, SystemClock(), CATALOGUE)
        if row.values["DEPTCODE"] == "11511301008778386B" and row.values["TASKTYPE"] == "1"
    )
    (seen,) = observe([replace(row, values={**row.values, "DEPTCODE": code})], CATALOGUE)
    assert [(f.code, f.path) for each in seen.refused for f in each.findings] == [(reason, "powerItem/orgCode")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("let x = [];", "not a JavaScript constant"),
        ("const x = {};", "not one array"),
        ("const x = []; const y = [];", "not one array"),
        ('const x = [{"department": "a", "items": [], "new": 1}];', "new"),
    ],
)
def test_a_file_of_another_shape_stops_the_load(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / loader.CATALOGUE).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        loader.load(tmp_path / "d.sqlite", tmp_path)
