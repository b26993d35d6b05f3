# SPDX-License-Identifier: Apache-2.0
"""The go-live lock as pure steps: drift, expiry, warnings, overrides, and the days of a trial."""

from datetime import date, timedelta

import pytest

from gateway.semantics.golive import Looked, Stage, Standing, looked_at, suspended, trial_lacks, warning_due
from gateway.semantics.interface import Change, Interface, of_layout, of_push, of_relations

DAY = 86_400_000_000
NOW = 1_000 * DAY
LIVE = Standing(Stage.LIVE, valid_until=NOW + 100 * DAY)
DRIFT = (Change("column:v_case.bh", "VARCHAR(40)", "VARCHAR(20)"),)


NOTHING = Looked()


def step(
    standing: Standing, looked: Looked = NOTHING, now: int = NOW, *, flag: bool = False
) -> list[tuple[str, Stage]]:
    return [(each.event, each.to.stage) for each in looked_at(standing, looked, now, flag=flag)]


def test_only_live_with_a_valid_attestation_delivers() -> None:
    for stage in Stage:
        assert Standing(stage, valid_until=NOW + 1).delivers(NOW) is (stage is Stage.LIVE)
    assert not Standing(Stage.LIVE, valid_until=NOW).delivers(NOW)
    assert not LIVE.marks(NOW)


def test_drift_suspends_and_is_held_or_flagged_by_policy() -> None:
    (quarantined,) = looked_at(LIVE, Looked(drift=DRIFT), NOW, flag=False)
    assert (quarantined.event, quarantined.to.stage, quarantined.to.before) == ("drift", Stage.SUSPENDED, Stage.LIVE)
    assert quarantined.to.drift == DRIFT
    assert not quarantined.to.delivers(NOW)
    (flagged,) = looked_at(LIVE, Looked(drift=DRIFT), NOW, flag=True)
    assert flagged.to.delivers(NOW)
    assert flagged.to.marks(NOW)
    assert step(flagged.to, Looked(drift=DRIFT), flag=True) == [], "it is told once"
    (trial,) = looked_at(Standing(Stage.TRIAL, NOW + DAY), Looked(drift=DRIFT), NOW, flag=True)
    assert not trial.to.delivers(NOW), "what never was live does not become so by drifting"


def test_a_refused_attestation_suspends_and_an_expired_one_goes_back_to_trial() -> None:
    assert step(LIVE, Looked(refused=["revoked"])) == [("attestation-refused", Stage.SUSPENDED)]
    assert step(LIVE, Looked(refused=["expired"]), NOW + 100 * DAY) == [("expired", Stage.TRIAL)]
    assert step(Standing(Stage.TRIAL, NOW), Looked(refused=["expired"])) == []
    assert step(Standing(Stage.DRAFT), Looked(refused=["revoked"])) == []


def test_an_end_is_warned_of_thirty_fourteen_and_three_days_before_once_each() -> None:
    told, standing = [], LIVE
    for day in range(101):
        for moved in looked_at(standing, Looked(), NOW + day * DAY, flag=False):
            standing = moved.to
            told.append((100 - day, moved.event))
    assert told == [(30, "expires-soon"), (14, "expires-soon"), (3, "expires-soon"), (0, "expired")]
    assert warning_due(Standing(Stage.LIVE, NOW + 2 * DAY), NOW) == 3, "what was missed is told by the last one"


def test_an_override_passes_whatever_the_stage_and_its_end_is_told() -> None:
    standing = Standing(Stage.DRAFT, override_until=NOW + DAY)
    assert standing.delivers(NOW)
    assert standing.marks(NOW)
    assert step(standing) == []
    (ended,) = looked_at(standing, Looked(), NOW + DAY, flag=False)
    assert (ended.event, ended.to.override_until) == ("override-ended", 0)
    assert not ended.to.delivers(NOW + DAY)


def test_suspended_remembers_where_it_stood() -> None:
    assert suspended(Standing(Stage.TRIAL, NOW, flagged=True)) == Standing(Stage.SUSPENDED, NOW, before=Stage.TRIAL)


def test_a_trial_wants_its_days_in_a_row_all_at_zero_and_all_within_the_trial() -> None:
    began, today = date(2026, 6, 1), date(2026, 6, 8)
    days = {(began + timedelta(days=n)).isoformat(): 0 for n in range(8)}
    assert trial_lacks(began, today, days, 7) == []
    assert trial_lacks(began, today, {**days, "2026-06-04": 2}, 7) == ["2026-06-04"]
    del days["2026-06-08"]
    assert trial_lacks(began, today, days, 7) == [], "today need not be reconciled yet"
    assert trial_lacks(date(2026, 6, 2), today, days, 7) == ["2026-06-01"]
    assert trial_lacks(began, date(2026, 6, 6), days, 7) == ["2026-05-31"]
    assert trial_lacks(began, today, {}, 7) == [f"2026-06-0{n}" for n in range(1, 8)]


def test_a_view_is_compared_by_what_is_seen_of_it() -> None:
    attested = of_relations({"EXCH.V_CASE": [("BH", "VARCHAR(40)"), ("SJ", "DATETIME")], "v_fee": [("BH", "INTEGER")]})
    assert attested.changes(of_relations({"v_case": [("bh", "VARCHAR(40)"), ("sj", "DATETIME")]})) == ()
    changed = attested.changes(of_relations({"V_CASE": [("BH", "VARCHAR(20)"), ("XM", "TEXT")]}))
    assert [tuple(each) for each in changed] == [
        ("column:v_case.bh", "VARCHAR(40)", "VARCHAR(20)"),
        ("column:v_case.sj", "DATETIME", None),
        ("column:v_case.xm", None, "TEXT"),
    ]
    assert attested.changes(of_relations({"v_other": [("bh", "TEXT")]})), "a view that was never attested"


@pytest.mark.parametrize(
    ("seen", "changed"),
    [
        (of_layout({"format": "csv", "encoding": "gbk"}, ["A", "B"]), ()),
        (of_layout({"format": "csv", "encoding": "gbk"}), ()),
        (of_layout({"format": "csv", "encoding": "utf-8"}, ["A"]), ("layout:columns", "layout:encoding")),
        (of_layout({"sheet": "x"}), ("layout",)),
        (of_push([], "1.0"), ("kind",)),
    ],
)
def test_a_file_is_compared_by_what_was_attested_and_is_seen(seen: Interface, changed: tuple[str, ...]) -> None:
    attested = of_layout({"format": "csv", "encoding": "gbk"}, ["A", "B"])
    assert tuple(each.part for each in attested.changes(seen)) == changed


def test_a_client_that_pushes_is_compared_whole() -> None:
    attested = of_push([("signing", "a" * 64)], "1.0")
    assert attested.changes(of_push([("signing", "a" * 64)], "1.0")) == ()
    assert len(attested.changes(of_push([("signing", "b" * 64)], "1.0"))) == 2
    assert attested.changes(of_push([("signing", "a" * 64)], "1.1"))
    assert attested.digest == Interface.of_json(attested.as_json()).digest
