# SPDX-License-Identifier: Apache-2.0
"""What each return code makes the gateway do, end to end (ledger.md T2, B13, B18, B19)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.demo import catalogue
from tests.chaos import site
from tests.chaos.systems import gateway
from tests.flow.town import ITEM, Town, town

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("answers")) as made:
        made.run()
        yield made


@pytest.fixture(autouse=True)
def behave(place: Town) -> Iterator[None]:
    yield
    for name in place.systems:
        place.script(name)


@pytest.mark.parametrize("code", ["1002", "1004", "2004", "2005", "2007"])
def test_a_refused_record_is_parked_with_the_receivers_words_and_nothing_else(place: Town, code: str) -> None:
    keys = place.apply(5)
    place.script("municipal", {"operation": SUBMIT, "match": {"key": keys[2]}, "action": "refuse", "code": code})
    summary = place.run()
    assert place.states("municipal", keys) == ["settled", "settled", "parked", "settled", "settled"]
    assert place.deliveries("municipal")[keys[2], 1] == ("parked", code, "按脚本拒绝 / refused by script")
    assert place.states("supervision", keys) == ["settled"] * 5
    assert (summary.destinations["municipal"].accepted, summary.destinations["municipal"].refused) == (4, 1)


@pytest.mark.parametrize("code", ["1001", "1002", "1003", "1006"])
def test_a_package_refused_whole_is_divided_until_the_culprit_is_alone(place: Town, code: str) -> None:
    keys = place.apply(9)
    place.script("municipal", {"operation": SUBMIT, "match": {"key": keys[6]}, "action": "fault", "code": code})
    summary = place.run()
    assert place.states("municipal", keys) == ["settled"] * 6 + ["parked"] + ["settled"] * 2
    assert place.deliveries("municipal")[keys[6], 1][1] == code
    assert summary.destinations["municipal"].accepted == 8
    dump = place.systems["municipal"].dump()
    assert dump["duplicates"] == 0
    (limit,) = place.ledger("SELECT package_limit FROM destination WHERE name = 'municipal'")[0]
    more = place.apply(9)
    place.run()
    place.run()
    assert place.states("municipal", more) == ["settled"] * 9
    (grown,) = place.ledger("SELECT package_limit FROM destination WHERE name = 'municipal'")[0]
    assert grown is None or grown > (limit or 0), "packages grow again when all is well"


def test_an_internal_error_is_asked_about_and_divided_only_when_it_stays(place: Town) -> None:
    keys = place.apply(2)
    asked = len(place.attempts("municipal"))
    place.script("municipal", {"operation": SUBMIT, "action": "fault", "code": "5000", "times": 1})
    place.run()
    exchanges = place.attempts("municipal")[asked:]
    assert [(kind, outcome) for kind, outcome, *_ in exchanges][:2] == [("submit", "unknown"), ("query", "unknown")]
    assert place.states("municipal", keys) == ["settled"] * 2


@pytest.mark.parametrize("code", ["3001", "3002", "3003", "1005"])
def test_a_fault_of_the_channel_halts_the_destination_until_a_person_resumes_it(place: Town, code: str) -> None:
    keys = place.apply(3)
    place.script("municipal", {"operation": SUBMIT, "action": "fault", "code": code})
    summary = place.run()
    state, reason = place.ledger("SELECT state, reason FROM destination WHERE name = 'municipal'")[0]
    assert state == "halted"
    assert reason.startswith(code)
    assert place.states("municipal", keys) == ["ready"] * 3, "nothing is burned"
    assert place.states("supervision", keys) == ["settled"] * 3
    assert summary.destinations["municipal"].pending == 3
    assert place.faults("municipal")[-1] == "fault"
    place.run(patience=0.5)
    assert place.states("municipal", keys) == ["ready"] * 3, "a new start is nobody's word"
    who = ("--reason", "证书已更换", "-C", str(place.folder))
    place.script("municipal", {"operation": "Ping", "action": "http-503"})
    assert gateway("destination", "resume", "municipal", *who).returncode == 4, "it is asked beforehand"
    place.script("municipal")
    assert gateway("destination", "resume", "municipal", *who).returncode == 0
    place.run()
    assert place.states("municipal", keys) == ["settled"] * 3


def test_a_certificate_that_is_not_ours_is_named_and_holds_up_nobody_else(place: Town) -> None:
    keys = place.apply(1)
    ours = place.keys["systems"]["municipal"]["receipt_certificate"]
    place.keys["systems"]["municipal"]["receipt_certificate"] = place.keys["systems"]["supervision"][
        "receipt_certificate"
    ]
    place.connect("municipal")
    try:
        place.run(patience=0.5)
        assert place.states("municipal", keys) == ["packed"], "a receipt of somebody else settles nothing"
        assert any("GW-" in (detail or "") for *_, detail in place.attempts("municipal")[-3:])
    finally:
        place.keys["systems"]["municipal"]["receipt_certificate"] = ours
        place.connect("municipal")
    place.run()
    assert place.states("municipal", keys) == place.states("supervision", keys) == ["settled"]
    assert place.held("municipal")[keys[0]] == 1


@pytest.mark.parametrize("code", ["2002", "2003", "2008"])
def test_a_case_refused_out_of_order_parks_where_nothing_can_come_before_it(place: Town, code: str) -> None:
    """Waiting for a record that stands behind it in its own lane would be waiting for ever."""
    (key,) = place.apply(1)
    place.script("municipal", {"operation": SUBMIT, "match": {"key": key}, "action": "refuse", "code": code})
    place.systems["supervision"].script()
    place.run(patience=1)
    assert place.deliveries("municipal")[key, 1][:2] == ("parked", code)
    place.script("municipal")
    place.change(key, NR="改后的申请")
    place.run()
    assert place.deliveries("municipal")[key, 1][0] == "superseded", (
        "a correction takes the place of what was refused (B11)"
    )
    assert place.states("municipal", [key], 2) == ["settled"]


def test_a_record_refused_with_its_correction_behind_it_does_not_wait_for_ever(place: Town) -> None:
    (key,) = place.apply(1)
    place.systems["municipal"].kill()
    place.run(patience=0.2)
    place.change(key, NR="改后的申请")
    place.run(patience=0.2)
    place.systems["municipal"].start()
    place.script(
        "municipal", {"operation": SUBMIT, "match": {"key": key}, "action": "refuse", "code": "2003", "times": 1}
    )
    place.run()
    assert "waiting" not in place.states("municipal", [key], 1) + place.states("municipal", [key], 2)


def test_an_unknown_item_waits_for_our_master_record(tmp_path: Path) -> None:
    """B13: a strict platform refuses the case with 2001 until the item, which we hold undelivered, has gone there."""
    with town(tmp_path, options=("--catalogue", "strict")) as place:
        items = place.directory / "staffing.db"
        with closing(sqlite3.connect(items)) as connection, connection:
            connection.execute(catalogue.TABLE)
        site.write_source(
            place.folder, "items", "power-library/items.yaml",
            [f"url: sqlite:///{items}", "table: SXQD", "row_id: [SXBM]",
             'stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}'],
        )  # fmt: skip
        keys = place.apply(2)
        master = f"QL_SX:{ITEM.code}"
        place.run()
        assert {place.deliveries("municipal")[key, 1][:2] for key in keys} == {("parked", "2001")}, (
            "we hold nothing that helps"
        )

        row = next(row for row in catalogue.rows() if row["SXBM"] == ITEM.code)
        with closing(sqlite3.connect(items)) as connection, connection:
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO SXQD ({names}) VALUES ({marks})", tuple(row.values()))
        more = place.apply(2)
        place.script(
            "municipal", {"operation": SUBMIT, "match": {"key": "QL_SX"}, "action": "drop-before-store", "times": 2}
        )
        place.run(patience=25)
        assert place.states("municipal", [master, *more]) == ["settled"] * 3
        order = [record["key"] for record in place.systems["municipal"].dump()["records"]]
        assert order.index(master) < min(order.index(key) for key in more)
