# SPDX-License-Identifier: Apache-2.0
"""Corrections, withdrawals and reconciliation, end to end: what changes here changes there, what changed there is named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.chaos.systems import gateway_json
from tests.flow.town import Town, town

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("changes")) as made:
        made.apply(5)
        made.run()
        yield made


def versions(place: Town, name: str, key: str) -> list[tuple[int, str, str, bool]]:
    """Return version, type, operation and whether it is the head, of what a system holds of a key, in order of arrival."""
    return [
        (record["version"], record["type"], record["operation"], record["head"])
        for record in place.systems[name].dump()["records"]
        if record["key"] == key
    ]


def test_a_correction_travels_as_the_next_version_and_a_revert_as_the_one_after(place: Town) -> None:
    (key,) = place.apply(1, NR="甲")
    place.run()
    place.change(key, NR="乙")
    place.run()
    place.change(key, NR="甲")
    place.run()
    for name in place.systems:
        assert versions(place, name, key) == [
            (1, "XK_SQ", "C", False), (2, "XK_SQ", "U", False), (3, "XK_SQ", "U", True),
        ]  # fmt: skip
        digests = [r["digest"] for r in place.systems[name].dump()["records"] if r["key"] == key]
        assert len(set(digests)) == 3, "the version stands in the document"


def test_a_change_of_what_is_volatile_is_no_correction(place: Town) -> None:
    (key,) = place.apply(1)
    place.run()
    with place.writing() as connection:
        connection.execute(
            'UPDATE application SET "GXSJ" = \'2026-01-01 00:00:00\' WHERE "BH" = ?', (key.split(":")[1],)
        )
    assert place.run().figures.accepted == 0
    assert [version for version, *_ in versions(place, "municipal", key)] == [1]


def test_a_withdrawal_takes_the_key_and_its_next_version(place: Town) -> None:
    (key,) = place.apply(1)
    place.run()
    place.change(key, ZFYY="录入错误")
    summary = place.run()
    assert (summary.figures.accepted, summary.figures.duplicates) == (1, 1)
    for name in place.systems:
        assert versions(place, name, key) == [(1, "XK_SQ", "C", False), (2, "GG_CH", "U", True)]
    assert place.run(reconcile=True).differences == []
    place.change(key, ZFYY="-", NR="重新申请")
    place.run()
    assert [(version, type_) for version, type_, *_ in versions(place, "municipal", key)] == [
        (1, "XK_SQ"), (2, "GG_CH"), (3, "XK_SQ"),
    ]  # fmt: skip
    assert place.run(reconcile=True).differences == []


def test_nobody_is_told_to_withdraw_what_they_never_had(place: Town) -> None:
    """B12: a record withdrawn before it went out takes its withdrawal with it, at that destination alone."""
    (key,) = place.apply(1)
    place.script("municipal", {"operation": "SubmitPackage", "match": {"key": key}, "action": "refuse", "code": "1004"})
    place.run()
    place.change(key, ZFYY="录入错误")
    place.run()
    place.script("municipal")
    assert place.deliveries("municipal")[key, 1][0] == "superseded"
    assert place.deliveries("municipal")[key, 2][0] == "not-needed"
    assert versions(place, "municipal", key) == []
    assert [type_ for _version, type_, *_ in versions(place, "supervision", key)] == ["XK_SQ", "GG_CH"]


def test_a_round_after_one_that_died_reads_on_to_now(place: Town) -> None:
    """The dead run's window ends at its own clock; a row behind its position that changed since must not wait a round."""
    (early,) = place.apply(1)
    others = place.apply(5, GXSJ="2099-01-01 00:00:00")  # stamps of no use are read last, in the order of their ids
    place.die_after(others[1], chunk=2)
    assert place.ledger("SELECT 1 FROM source WHERE cursor LIKE '%position%'"), "it died in the midst of its window"
    place.change(early, NR="改后的申请")
    place.run()
    assert place.states("municipal", [early, *others]) == ["settled"] * 6
    assert [version for version, *_ in versions(place, "municipal", early)] == [1, 2]


def doctored(place: Town, name: str, statement: str, *values: object) -> None:
    with (
        closing(sqlite3.connect(place.systems[name].directory / "system.sqlite", timeout=10)) as connection,
        connection,
    ):
        assert connection.execute(statement, values).rowcount == 1


def reconciled(place: Town) -> list[dict[str, Any]]:
    found = gateway_json("reconcile", "-C", place.folder, codes=(0, 1))["differences"]
    return [{name: each[name] for name in ("destination", "key", "kind")} for each in found]


def test_reconciliation_names_what_was_removed_altered_or_added_there(place: Town) -> None:
    """R16: every difference made there is found and named, and nothing else."""
    removed, altered, added, untouched = place.apply(4)
    place.run()
    assert reconciled(place) == []
    doctored(place, "municipal", "DELETE FROM record WHERE key = ?", removed)
    doctored(place, "municipal", "UPDATE record SET digest = ? WHERE key = ?", "0" * 64, altered)
    doctored(place, "supervision", "UPDATE record SET key = ? WHERE key = ?", added + "9", added)
    assert reconciled(place) == [
        {"destination": "municipal", "key": removed, "kind": "missing"},
        {"destination": "municipal", "key": altered, "kind": "altered"},
        {"destination": "supervision", "key": added, "kind": "missing"},
        {"destination": "supervision", "key": added + "9", "kind": "extra"},
    ]
    kept = place.ledger("SELECT key, kind FROM reconciliation ORDER BY id")
    assert [tuple(row) for row in kept] == [
        (removed, "missing"), (altered, "altered"), (added, "missing"), (added + "9", "extra"),
    ]  # fmt: skip
    doctored(place, "supervision", "UPDATE record SET key = ? WHERE key = ?", added, added + "9")
    assert [each["key"] for each in reconciled(place)] == [removed, altered]
    wanted = ("--from-reconciliation", "--destination", "municipal", "--reason", "对账差异", "--dry-run")
    planned = gateway_json("replay", "plan", *wanted, "-C", place.folder)
    assert planned["to_send"] == 2, "one command makes the plan that mends what was found"
    assert untouched not in {row[0] for row in kept}


def test_reconciliation_with_a_system_that_is_down_says_so(place: Town) -> None:
    place.systems["supervision"].kill()
    try:
        summary = place.run(reconcile=True)
        assert list(summary.failures) == ["supervision"]
        assert summary.failures["supervision"].startswith("GW-301 无法连接对方")
        assert {each.destination for each in summary.differences} == {"municipal"}
    finally:
        place.systems["supervision"].start()
