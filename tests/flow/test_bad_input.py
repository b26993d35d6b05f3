# SPDX-License-Identifier: Apache-2.0
"""Bad input: each kind ends as a named finding or a parked record with a Chinese sentence, and holds up nobody else."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.chaos.systems import gateway, gateway_json
from tests.flow.town import Town, company, town

pytestmark = pytest.mark.service

FINDINGS, UNREACHABLE = 1, 4
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("bad")) as made:
        made.run()
        yield made


def spoiled(code: str) -> str:
    return code[:-1] + ("1" if code[-1] != "1" else "2")


BAD_ROWS = [
    ("wrong code", {"LX": "9"}, "COD-"),
    ("bad check digit", {"ZJ": spoiled(company(1))}, "IDN-"),
    ("over-long", {"NR": "长" * 3000}, "XSD-"),
    ("missing value", {"XM": None}, "XSD-"),
    ("no such date", {"SJ": "2025-02-30 09:00:00"}, "MAP-002"),
    ("control character", {"XM": "南昌\u0001示例"}, ""),
    ("not of the encoding", {"XM": b"\xc4\xcf\xb2\xfd"}, "SRC-006"),
    ("half a surrogate", {"XM": b"\xed\xa0\x80"}, "SRC-006"),
    ("markup", {"XM": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;"}, None),
]


@pytest.mark.parametrize(
    ("columns", "code"), [(columns, code) for _name, columns, code in BAD_ROWS], ids=[name for name, *_ in BAD_ROWS]
)
def test_a_bad_row_is_refused_in_words_and_the_others_arrive(
    place: Town, columns: dict[str, object], code: str | None
) -> None:
    before = place.apply(2)
    (bad,) = place.apply(1, **columns)
    after = place.apply(2)
    summary = place.run()
    assert summary.failures == {}
    assert place.states("municipal", before + after) == place.states("supervision", before + after) == ["settled"] * 4
    if code is None:  # what looks dangerous is text like any other, and goes out escaped
        assert place.states("municipal", [bad]) == ["settled"]
        return
    assert (summary.figures.accepted, summary.figures.refused) == (4, 1)
    findings = place.ledger("SELECT findings FROM refusal WHERE row_id = ?", bad.split(":")[1])
    (found, *_more) = json.loads(findings[0][0])
    assert found["code"].startswith(code)
    assert CHINESE.search(found["message"][0])
    assert CHINESE.search(found["hint"][0])


def test_what_was_refused_is_listed_with_its_codes(place: Town) -> None:
    place.apply(1, LX="8")
    place.run()
    listed = gateway_json("records", "list", "-C", place.folder, "--state", "refused")
    assert len(listed) == place.ledger("SELECT count(*) FROM refusal WHERE NOT superseded")[0][0]
    assert listed[-1]["code"].startswith("COD-")


def run_and_sync(place: Town) -> tuple[int, str]:
    """Run one round as an operator does; return exit code and everything it said."""
    done = gateway("run", "-C", place.folder, "--once", "--patience", "5", "--no-reconcile", "--json")
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stderr


def test_a_department_whose_database_is_gone_is_named_and_the_others_go_on(place: Town) -> None:
    gone = place.directory / "gone.db"
    place.add_source("elsewhere", gone, "table: application", "row_id: [BH]")
    keys = place.apply(2)
    code, said = run_and_sync(place)
    assert code == UNREACHABLE
    assert re.search("elsewhere: (GW-351|.*SRC-00)", said), said
    assert CHINESE.search(said)
    assert place.states("municipal", keys) == ["settled"] * 2
    state, error = place.ledger(
        "SELECT r.state, r.error FROM source_run r JOIN source s ON s.id = r.source_id WHERE s.name = 'elsewhere'"
        " ORDER BY r.id DESC LIMIT 1"
    )[0]
    assert state == "failed"
    assert CHINESE.search(error)
    (place.folder / "sources.d" / "elsewhere.yaml").unlink()


def test_a_column_that_is_missing_is_named_and_the_others_go_on(place: Town) -> None:
    other = place.directory / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute('CREATE TABLE application ("BH" TEXT PRIMARY KEY, "GXSJ" TEXT)')
        connection.execute("INSERT INTO application VALUES ('1', '2026-01-01 00:00:00')")
    place.add_source("other", other, "table: application", "row_id: [BH]", "columns: [BH, SX, GXSJ]")
    keys = place.apply(2)
    code, said = run_and_sync(place)
    assert code == UNREACHABLE
    assert "other" in said
    assert "SX" in said, "the column is named"
    assert place.states("municipal", keys) == ["settled"] * 2
    (place.folder / "sources.d" / "other.yaml").unlink()


def test_a_file_that_is_no_database_is_named(place: Town) -> None:
    noise = place.directory / "noise.db"
    noise.write_bytes(b"<!DOCTYPE html><html>" * 300)
    place.add_source("noise", noise, "table: application", "row_id: [BH]")
    keys = place.apply(1)
    code, said = run_and_sync(place)
    assert code == UNREACHABLE
    assert "noise" in said
    assert place.states("municipal", keys) == ["settled"]
    (place.folder / "sources.d" / "noise.yaml").unlink()


def test_a_destination_that_answers_with_a_login_page_is_named_in_the_ledger(place: Town) -> None:
    keys = place.apply(1)
    place.script("municipal", {"operation": "*", "action": "html"})
    code, _said = run_and_sync(place)
    place.script("municipal")
    assert code == FINDINGS
    assert place.states("supervision", keys) == ["settled"]
    *_rest, detail = place.attempts("municipal")[-1]
    assert detail is not None
    assert "text/html" in detail
    place.run()
    assert place.states("municipal", keys) == ["settled"]


def test_a_mended_row_goes_through(place: Town) -> None:
    (key,) = place.apply(1, LX="9")
    place.run()
    place.change(key, LX="2")
    place.run()
    assert place.states("municipal", [key]) == place.states("supervision", [key]) == ["settled"]
    assert place.ledger("SELECT superseded FROM refusal WHERE row_id = ?", key.split(":")[1]) == [(1,)]
