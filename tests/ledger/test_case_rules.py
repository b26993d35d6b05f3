# SPDX-License-Identifier: Apache-2.0
"""Rules of cases, catalogue and the gate in the ledger: B10 and B11, over both databases, schedules enumerated."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from gateway.ledger import intake
from gateway.ledger.tables import case_file, record
from gateway.ledger.waiting_tables import held_back
from gateway.model.case_record import CaseRecord
from gateway.model.finding import Finding, Stage
from gateway.model.record import Level
from gateway.model.words import Words
from gateway.semantics.admission import Candidate, Findings, Mark

L3 = Level.L3
EARLY, FILED, LATE = (f"2026-01-0{day}T09:00:00+08:00" for day in (3, 5, 8))
UNKNOWN_ITEM, TWO, BEFORE, BAD = "CAT-900", "CAS-901", "CAS-902", "LAW-900"


class Judge:
    """Four rules, of each kind one: an item must be known, a case has one decision, none before the filing; BAD is final."""

    master_data: Mapping[str, str] = {"item": "SX", "flow": "LC", "body": "JG"}

    def judge(
        self, history: Sequence[CaseRecord], new: Sequence[Candidate], master: Sequence[CaseRecord] | None, /
    ) -> Findings:
        standing: dict[str, CaseRecord] = {}
        for each in (*history, *(candidate.record for candidate in new)):
            if each.key not in standing or standing[each.key].version < each.version:
                standing[each.key] = each
        held = {each.key for each in history}
        found: dict[Mark, tuple[Finding, ...]] = {}
        for candidate in new:
            code = self._broken(candidate, standing, held, master)
            if code is not None:
                said = Finding(code, Stage.VALIDATE, "r/t", Words("错了", "wrong"), Words("改", "mend"))
                found[candidate.mark] = (said,)
        return found

    @staticmethod
    def _broken(
        candidate: Candidate, standing: Mapping[str, CaseRecord], held: set[str], master: Sequence[CaseRecord] | None
    ) -> str | None:
        each = candidate.record
        case = [other for other in standing.values() if other.case == each.case and not other.withdrawn]
        decisions = sorted(
            (other for other in case if other.type == "JD"), key=lambda other: (other.key not in held, other.key)
        )
        filed = min((other.occurred_at for other in case if other.type == "LA"), default="")
        if each.facts.get("bad"):
            return BAD
        bound = master is not None and candidate.has_catalogue and each.type != "SX"
        if bound and f"SX:{each.item}" not in {one.key for one in master or ()}:
            return UNKNOWN_ITEM
        if each.type == "JD" and standing[each.key] is each:
            if decisions and decisions[0].key != each.key:
                return TWO
            if each.occurred_at < filed:
                return BEFORE
        return None

    def wants_history(self, _types: frozenset[str], _level: Level, /) -> bool:
        return True

    def depends_on_state(self, code: str, /) -> bool:
        return code != BAD


@pytest.fixture
def judged(desk: Any) -> Any:
    """The desk, with rules."""
    desk.ledger.judge = Judge()
    return desk


def states(desk: Any) -> dict[str, str]:
    return {f"{key} v{version}": state for key, version, state in desk.rows(record, "key", "version", "state")}


def reasons(desk: Any) -> dict[str, list[str]]:
    """Why records wait: the codes noted beside them, by key."""
    keys = {number: f"{key} v{version}" for number, key, version in desk.rows(record, "id", "key", "version")}
    return {
        keys[number]: [each["code"] for each in json.loads(text)]
        for number, text in desk.rows(held_back, "record_id", "findings")
    }


def decision(make: Any, case: str, text: str, *, sequence: int = 1, at: str = LATE, bad: bool = False) -> Any:
    return make.draft("JD", case, text, sequence=sequence, at=at)._replace(facts={"bad": True} if bad else {})


def filing(make: Any, case: str, text: str = "A", item: str = "item") -> Any:
    return make.draft("LA", case, text, at=FILED)._replace(item_code=item)


def item(make: Any, code: str, text: str = "A") -> Any:
    return make.draft("SX", None, text, code=code)._replace(item_code=code)


# --- waiting for the catalogue


def test_b10_a_record_waits_for_its_item_and_goes_in_the_transaction_that_brings_it(judged, make):
    feed = judged.feed(level=L3)
    feed.row("s1", "1", item(make, "item"))
    assert feed.row("r1", "a", filing(make, "c1", item="other")).waiting == 1
    assert reasons(judged) == {"LA:c1:1 v1": [UNKNOWN_ITEM]}
    before = judged.ledger.commits
    feed.row("s2", "2", item(make, "other"))
    assert judged.ledger.commits == before + 1
    assert states(judged)["LA:c1:1 v1"] == "accepted"
    assert reasons(judged) == {}
    assert judged.queued()[-1] == "LA:c1:1 v1"
    assert feed.end().accepted == 3


def test_b10_the_item_releases_what_waited_for_the_record_that_waited_for_it(judged, make):
    feed = judged.feed(level=L3)
    feed.row("s1", "1", item(make, "item"))
    feed.row("r2", "b", make.draft("GZ", "c1", "B", at=LATE))
    feed.row("r1", "a", filing(make, "c1", item="other"))
    assert reasons(judged) == {"GZ:c1:1 v1": [], "LA:c1:1 v1": [UNKNOWN_ITEM]}
    feed.row("s2", "2", item(make, "other"))
    assert set(states(judged).values()) == {"accepted"}
    assert [each for each in judged.queued() if ":c1:" in each] == ["LA:c1:1 v1", "GZ:c1:1 v1"]


def test_b10_a_body_without_any_item_is_not_bound_unless_the_site_says_so(judged, make):
    assert judged.feed("s1", level=L3).row("r1", "a", filing(make, "c1", item="other")).accepted == 1
    judged.ledger.catalogue_required = True
    assert judged.feed("s2", level=L3).row("r2", "b", filing(make, "c2", item="other")).waiting == 1


# --- overtaking


def test_b11_a_correction_takes_the_place_of_a_version_that_breaks_a_rule(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r1", "a", filing(make, "c1"))
    assert feed.row("r2", "b", decision(make, "c1", "B", at=EARLY)).waiting == 1
    assert reasons(judged) == {"JD:c1:1 v1": [BEFORE]}
    assert feed.row("r2", "b2", decision(make, "c1", "B2", at=LATE)).accepted == 1
    assert states(judged) == {"LA:c1:1 v1": "accepted", "JD:c1:1 v1": "superseded", "JD:c1:1 v2": "accepted"}
    assert judged.queued() == ["LA:c1:1 v1", "JD:c1:1 v2"]
    assert reasons(judged) == {}


def test_b11_a_version_that_only_waited_goes_before_its_correction(judged, make):
    feed = judged.feed(level=L3)
    feed.row("s1", "1", item(make, "item"))
    feed.row("r1", "a", filing(make, "c1", "A", item="other"))
    feed.row("r1", "a2", filing(make, "c1", "A2", item="other"))
    assert reasons(judged) == {"LA:c1:1 v1": [UNKNOWN_ITEM], "LA:c1:1 v2": [UNKNOWN_ITEM]}
    feed.row("s2", "2", item(make, "other"))
    assert [each for each in judged.queued() if ":c1:" in each] == ["LA:c1:1 v1", "LA:c1:1 v2"]
    assert set(states(judged).values()) == {"accepted"}


def test_b11_a_correction_that_breaks_the_rule_as_well_waits_with_what_it_corrects(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r1", "a", filing(make, "c1"))
    feed.row("r2", "b", decision(make, "c1", "B", at=EARLY))
    feed.row("r2", "b2", decision(make, "c1", "B2", at=EARLY))
    assert reasons(judged)["JD:c1:1 v2"] == [BEFORE]
    feed.row("r2", "b3", decision(make, "c1", "B3", at=LATE))
    assert judged.queued() == ["LA:c1:1 v1", "JD:c1:1 v3"]


def test_b11_a_parked_version_that_breaks_a_rule_is_overtaken_too(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r1", "a", filing(make, "c1"))
    feed.row("r2", "b", decision(make, "c1", "B", at=EARLY))
    judged.clock.advance(24 * 3600)
    assert len(judged.ledger.park_overdue(judged.clock.now())) == 1
    judged.feed(level=L3).row("r2", "b2", decision(make, "c1", "B2"))
    assert judged.queued() == ["LA:c1:1 v1", "JD:c1:1 v2"]


def test_b10_a_second_decision_waits_until_the_first_is_withdrawn(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r1", "a", filing(make, "c1"))
    feed.row("r2", "b", decision(make, "c1", "B"))
    feed.row("r3", "c", decision(make, "c1", "C", sequence=2))
    assert reasons(judged) == {"JD:c1:2 v1": [TWO]}
    feed.row("r2", "gone", make.withdrawal("JD:c1:1"))
    assert states(judged)["JD:c1:2 v1"] == "accepted"


def test_why_a_record_waits_is_noted_anew_when_the_reason_changes(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r2", "b", decision(make, "c1", "B", at=EARLY))
    assert reasons(judged) == {"JD:c1:1 v1": []}
    feed.row("r1", "a", filing(make, "c1"))
    assert reasons(judged) == {"JD:c1:1 v1": [BEFORE]}


# --- refused, and the chunk folded again


def test_b16_what_a_rule_refuses_for_good_is_folded_again_without_it(judged, make):
    feed = judged.feed(level=L3)
    figures = feed.show(
        make.seen("r1", "1", filing(make, "c1")),
        make.seen("r2", "2", decision(make, "c1", "B", bad=True)),
        make.seen("r3", "3", make.draft("ZX", "c1", "C", at=LATE)),
        make.seen("r4", "4", filing(make, "c2")),
    )
    assert (figures.accepted, figures.refused, figures.waiting) == (2, 1, 1)
    assert states(judged) == {"LA:c1:1 v1": "accepted", "ZX:c1:1 v1": "waiting", "LA:c2:1 v1": "accepted"}
    assert judged.outcomes() == [("refused", BAD, "JD:c1:1")]
    assert judged.head("JD:c1:1") is None


def test_b16_a_refused_version_takes_no_number_from_the_row_that_comes_after_it(judged, make):
    feed = judged.feed(level=L3)
    figures = feed.show(
        make.seen("r1", "1", filing(make, "c1")),
        make.seen("r2", "2", decision(make, "c1", "B", bad=True)),
        make.seen("r2", "3", decision(make, "c1", "B2")),
    )
    assert (figures.accepted, figures.refused) == (2, 1)
    assert [version for version, _state, _text in judged.versions("JD:c1:1")] == [1]
    assert feed.row("r2", "3", decision(make, "c1", "B2")).rereads == 1


def test_b16_two_records_of_a_row_and_the_one_that_speaks_of_the_refused_falls_with_it(judged, make):
    feed = judged.feed(level=L3)
    speaks = make.draft("ZX", "c1", "C", at=LATE)._replace(names=("JD:c1:1",))
    figures = feed.row("r1", "1", filing(make, "c1"), decision(make, "c1", "B", bad=True), speaks)
    assert (figures.accepted, figures.refused, figures.waiting) == (1, 2, 0)
    assert {key for _outcome, _code, key in judged.outcomes()} == {"JD:c1:1", "ZX:c1:1"}


def test_b16_a_refused_row_is_mended_by_its_next_reading(judged, make):
    feed = judged.feed(level=L3)
    feed.row("r1", "1", filing(make, "c1"))
    feed.row("r2", "2", decision(make, "c1", "B", bad=True))
    assert feed.row("r2", "2", decision(make, "c1", "B", bad=True)).rereads == 1
    assert feed.row("r2", "3", decision(make, "c1", "B")).accepted == 1
    assert judged.outcomes(superseded=False) == []


# --- two writers


POINTS = ("lock_cases", "_fold", "decide", "write_fold", "enqueue")
"""Where the first writer is made to stand still while the second begins: before locking, folding … before the commit."""


@contextmanager
def standing_still(monkeypatch: pytest.MonkeyPatch, point: str) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Let the thread named ``first`` wait at a point of its chunk commit until it is told to go on."""
    inside, go = threading.Event(), threading.Event()
    real: Callable[..., Any] = getattr(intake, point)

    def still(*args: Any, **more: Any) -> Any:
        if threading.current_thread().name == "first" and not inside.is_set():
            inside.set()
            go.wait(10)
        return real(*args, **more)

    monkeypatch.setattr(intake, point, still)
    yield inside, go
    go.set()


def race(monkeypatch: pytest.MonkeyPatch, point: str, first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Run two chunk commits, the second beginning while the first stands at ``point``; return what they told."""
    told: dict[str, Any] = {}
    with standing_still(monkeypatch, point) as (inside, go):
        threads = [
            threading.Thread(target=lambda name=name, run=run: told.update({name: run()}), name=name)
            for name, run in (("first", first), ("second", second))
        ]
        threads[0].start()
        assert inside.wait(10)
        threads[1].start()
        threads[1].join(0.15)
        go.set()
        for thread in threads:
            thread.join(20)
    return [told["first"], told["second"]]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("leader_first", [True, False])
def test_b10_no_schedule_leaves_a_record_waiting_whose_predecessor_is_there(
    judged, make, monkeypatch, point, leader_first
):
    leader, follower = judged.feed("s1", level=L3), judged.feed("s2", level=L3)
    runs = [
        lambda: leader.row("r1", "1", filing(make, "c1")),
        lambda: follower.row("r2", "2", make.draft("GZ", "c1", "B", at=LATE)),
    ]
    race(monkeypatch, point, *(runs if leader_first else runs[::-1]))
    assert set(states(judged).values()) == {"accepted"}
    assert judged.rows(held_back, "record_id") == []
    assert judged.rows(case_file, "case_no", "rev") == [("c1", 2)]
    assert judged.queued() == ["LA:c1:1 v1", "GZ:c1:1 v1"]


@pytest.mark.parametrize("point", POINTS)
def test_b10_no_schedule_accepts_two_final_decisions(judged, make, monkeypatch, point):
    judged.feed("s0", level=L3).row("r1", "1", filing(make, "c1"))
    feeds = judged.feed("s1", level=L3), judged.feed("s2", level=L3)
    race(
        monkeypatch, point,
        lambda: feeds[0].row("r2", "2", decision(make, "c1", "B", sequence=1)),
        lambda: feeds[1].row("r3", "3", decision(make, "c1", "C", sequence=2)),
    )  # fmt: skip
    told = states(judged)
    assert sorted(told[f"JD:c1:{n} v1"] for n in (1, 2)) == ["accepted", "waiting"]
    assert list(reasons(judged).values()) == [[TWO]]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("item_first", [True, False])
def test_b10_no_schedule_leaves_a_record_waiting_for_an_item_that_has_come(
    judged, make, monkeypatch, point, item_first
):
    """Return code 2001: who decides about records shares the catalogue's lock, who brings an item owns it."""
    judged.feed("s0").row("s1", "1", item(make, "item"))
    office, department = judged.feed("s1"), judged.feed("s2", level=L3)
    runs = [
        lambda: office.row("s2", "2", item(make, "other")),
        lambda: department.row("r1", "1", filing(make, "c1", item="other")),
    ]
    race(monkeypatch, point, *(runs if item_first else runs[::-1]))
    assert states(judged)["LA:c1:1 v1"] == "accepted"
    assert reasons(judged) == {}
    assert "LA:c1:1 v1" in judged.queued()


def test_b10_many_writers_of_one_case_end_with_one_decision_and_no_record_left(judged, make):
    """Eight writers at once, each with another stage of two cases: whoever comes last, all go in order."""
    stages = [("LA", FILED), ("GZ", LATE), ("JD", LATE), ("ZX", LATE)]
    feeds = {(case, type_): judged.feed(f"{case}{type_}", level=L3) for case in ("c1", "c2") for type_, _at in stages}
    barrier = threading.Barrier(len(feeds))

    def bring(case: str, type_: str, at: str) -> None:
        barrier.wait(20)
        feeds[case, type_].row(f"{case}{type_}", "1", make.draft(type_, case, type_, at=at)._replace(facts={}))

    threads = [threading.Thread(target=bring, args=(case, type_, at)) for case in ("c1", "c2") for type_, at in stages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(states(judged).values()) == {"accepted"}
    assert judged.queued() == [f"{type_}:{case}:1 v1" for case in ("c1", "c2") for type_, _at in stages]
