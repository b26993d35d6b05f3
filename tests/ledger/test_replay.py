# SPDX-License-Identifier: Apache-2.0
"""Replay plans (ledger.md B21, promises.md R14): frozen, counted, fed through the ordinary lanes; on both databases."""

import hashlib
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from gateway.flow.collect import Handling
from gateway.flow.replay import Replaying, step
from gateway.ledger import approvals, replay_states
from gateway.ledger.approvals import NeedsTwo, NotOpen
from gateway.ledger.claims import claim
from gateway.ledger.replay_tables import replay_item
from gateway.ledger.replays import Asked, Draft, EmptyPlan, Mode, WrongCount, make
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.tables import delivery, lane, record
from gateway.model.package import Receipt, RecordResult
from gateway.model.person import Actor, Role
from gateway.model.priority import Priority
from gateway.model.record import Level, SourceKind
from gateway.ports import Examined, Mapped
from gateway.semantics.outcomes import PackageFacts, judge_receipt

WANG, LI = Actor("wang", Role.OPERATOR, "password"), Actor("li", Role.OPERATOR, "password")
NOBODY = Actor("os:root", None, "account")


class Upper:
    """A mapping whose records say what the raw row says, in the form of its version."""

    def __init__(self, make: Any, form: Any = str) -> None:
        self.version = f"m-{form.__name__}"
        self._make, self._form = make, form

    def wants(self, _row: Any) -> tuple[()]:
        return ()

    def map(self, row: Any, _numbers: Any) -> Mapped:
        if row.values["t"] == "bad" and self._form is str:
            return Mapped((), (self._make.refused(type="LA", key=f"LA:{row.row_id}:1"),))
        draft = self._make.draft("LA", row.row_id, self._form(row.values["t"]), token="5")
        return Mapped((draft,), ())


class Lenient:
    """A validator that refuses documents which hold a word."""

    def __init__(self, word: bytes = b"never") -> None:
        self.word = word

    def check(self, documents: Any, level: object = None, now: object = None) -> list[Examined]:
        return [Examined() for _ in documents]


@dataclass
class Ops:
    """The desk with what an operator does."""

    desk: Any
    make: Any

    @property
    def ledger(self) -> Any:
        return self.desk.ledger

    def plan(
        self, mode: str = "document", include: frozenset[str] = frozenset(), bulk: int = 1000, **asked: Any
    ) -> int:
        draft = Draft(Asked(**asked), Mode(mode), include, 10_000, bulk, "补发", "wang", frozenset({"s1"}))
        with self.ledger.begin() as connection:
            return make(connection, draft, self.ledger.routes, self.ledger.now())

    def shown(self, plan: int) -> dict[str, Any]:
        with self.ledger.reading() as connection:
            return replay_states.shown(connection, plan)

    def start(self, plan: int, count: int | None = None, actor: Actor = WANG) -> int | None:
        count = self.shown(plan)["to_send"] if count is None else count
        with self.ledger.begin() as connection:
            return replay_states.start(connection, actor, plan, count, "补发", self.ledger.now())

    def act(self, what: Any, plan: int) -> None:
        with self.ledger.begin() as connection:
            what(connection, WANG, plan, "因故", self.ledger.now())

    def job(self, form: Any = str) -> Replaying:
        handling = Handling(Upper(self.make, form), Lenient(), Level.L1, None, "p2", "a1")
        return Replaying(self.ledger, {"s1": handling}, self.desk.clock, lambda _n: None)

    def deliver(self, *codes: str, index: int = 0, receipt_no: int = 7) -> list[str]:
        """Send one package to a destination and settle it; returns its keys and versions."""
        route = self.ledger.routes[index]
        with self.ledger.begin() as connection:
            claimed = claim(connection, route, 1, self.ledger.ids, self.ledger.now(), frozenset({"CH"}))
        if claimed is None:
            return []
        given = codes or ("0000",) * len(claimed.records)
        results = tuple(RecordResult(each.record_id, code) for each, code in zip(claimed.records, given, strict=True))
        receipt = Receipt(claimed.package_id, "M", "", receipt_no, 1, "0000", "", results)
        facts = PackageFacts(claimed.records, claimed.cases, route.terms.behaviour, 1, False)
        answer = Answer("submit", self.ledger.now(), judge_receipt(facts, receipt), receipt_no, b"<e/>")
        with self.ledger.begin() as connection:
            settle(connection, route, claimed, answer, "SX")
        return [f"{each.key} v{each.version}" for each in claimed.records]

    def states(self, index: int = 0) -> dict[str, str]:
        here = self.ledger.routes[index].destination_id
        with self.ledger.reading() as connection:
            rows = connection.execute(
                select(record.c.key, record.c.version, delivery.c.state)
                .join(delivery, delivery.c.record_id == record.c.id)
                .where(delivery.c.destination_id == here)
            )
            return {f"{key} v{version}": state for key, version, state in rows}

    def items(self, plan: int) -> list[tuple[str, str | None]]:
        return self.desk.rows(replay_item, "state", "outcome", plan_id=plan)


@pytest.fixture
def ops(desk, make):
    return Ops(desk, make)


def cases(ops, count, feed=None, text="x"):
    feed = feed or ops.desk.feed()
    for number in range(count):
        feed.row(f"c{number}", f'{{"t":"{text}"}}', ops.make.draft("LA", f"c{number}", text))
    return feed


def test_a_plan_counts_before_it_runs_and_leaves_out_what_has_a_receipt(ops):
    cases(ops, 4)
    ops.deliver("0000", "1001", "1001", "0000")
    shown = ops.shown(ops.plan(destination="m"))
    assert (shown["items"], shown["to_send"], shown["already_delivered"]) == (4, 2, 2)
    assert shown["by"]["destination"] == {"m": 2}
    assert shown["by"]["cause"] == {"1001": 2}
    assert shown["by"]["department"] == {"org": 2}
    assert shown["two_people"] is False


def test_the_set_is_frozen_when_the_plan_is_made(ops):
    feed = cases(ops, 2)
    ops.deliver("1001", "1001")
    plan = ops.plan(destination="m", state="parked")
    feed.row("late", '{"t":"x"}', ops.make.draft("LA", "late", "x"))
    ops.deliver("1001")
    assert ops.shown(plan)["to_send"] == 2
    assert ops.plan(destination="m", state="parked") == plan + 1
    assert ops.shown(plan + 1)["to_send"] == 3


def test_nothing_to_replay_is_refused(ops):
    cases(ops, 1)
    with pytest.raises(EmptyPlan):
        ops.plan(case_no="nobody")
    ops.deliver()
    plan = ops.plan(destination="m")
    with pytest.raises(EmptyPlan):
        ops.start(plan, 0)


def test_only_the_right_count_starts_it_and_only_once(ops):
    cases(ops, 2)
    ops.deliver("1001", "1001")
    plan = ops.plan(destination="m")
    with pytest.raises(WrongCount):
        ops.start(plan, 3)
    assert ops.start(plan) is None
    with pytest.raises(NotOpen):
        ops.start(plan)


def test_bulk_and_delivered_records_need_a_second_person(ops):
    cases(ops, 3)
    ops.deliver("1001", "1001", "0000")
    bulk = ops.plan(destination="m", bulk=1)
    with pytest.raises(NeedsTwo):
        ops.start(bulk, actor=NOBODY)
    number = ops.start(bulk)
    assert number is not None
    assert ops.shown(bulk)["state"] == "proposed"
    with ops.ledger.begin() as connection:
        approvals.decide(connection, LI, number, True, "同意", 1)
    shown = ops.shown(bulk)
    assert (shown["state"], shown["started_by"], shown["approved_by"]) == ("running", "wang", "li")
    again = ops.plan(destination="m", include=frozenset({"delivered"}))
    assert ops.shown(again)["two_people"] is True


def test_a_rejected_proposal_gives_the_plan_back(ops):
    cases(ops, 2)
    ops.deliver("1001", "1001")
    plan = ops.plan(destination="m", bulk=1)
    number = ops.start(plan)
    with ops.ledger.begin() as connection:
        approvals.decide(connection, LI, number, False, "不同意", 1)
    assert ops.shown(plan)["state"] == "planned"


def test_fed_items_go_in_a_class_of_their_own_and_keep_their_outcome(ops):
    cases(ops, 3)
    ops.deliver("1001", "1001", "1001")
    plan = ops.plan(destination="m")
    ops.start(plan)
    assert step(ops.job()) == 3
    assert {row[0] for row in ops.desk.rows(lane, "priority", state="ready", destination_id=1)} == {Priority.REPLAY}
    assert ops.deliver("0000", "1001", "0000") == ["LA:c0:1 v1", "LA:c1:1 v1", "LA:c2:1 v1"]
    step(ops.job())
    assert sorted(ops.items(plan)) == [("done", "delivered"), ("done", "delivered"), ("failed", "1001")]
    assert ops.shown(plan)["state"] == "done"


def test_r14_two_plans_over_one_set_send_each_record_once(ops):
    cases(ops, 3)
    ops.deliver("1001", "1001", "1001")
    first, second = ops.plan(destination="m"), ops.plan(destination="m")
    ops.start(first)
    ops.start(second)
    step(ops.job())
    assert len(ops.deliver()) == 3
    assert ops.deliver() == []
    step(ops.job())
    step(ops.job())
    assert ops.items(first) == [("done", "delivered")] * 3
    assert [state for state, _ in ops.items(second)] == ["skipped"] * 3


def test_a_plan_survives_a_restart_between_any_two_steps(ops):
    cases(ops, 3)
    ops.deliver("1001", "1001", "1001")
    plan = ops.plan(destination="m")
    ops.start(plan)
    step(ops.job())
    other = Ops(ops.desk.reopen(), ops.make)
    other.deliver()
    step(other.job())
    assert other.shown(plan)["state"] == "done"
    other.ledger.close()


def test_pause_resume_abort(ops):
    cases(ops, 3)
    ops.deliver("1001", "1001", "1001")
    plan = ops.plan(destination="m")
    ops.start(plan)
    ops.act(replay_states.pause, plan)
    assert step(ops.job()) == 0
    with pytest.raises(NotOpen):
        ops.act(replay_states.pause, plan)
    ops.act(replay_states.resume, plan)
    step(ops.job())
    ops.act(replay_states.abort, plan)
    ops.deliver()
    step(ops.job())
    assert ops.items(plan) == [("done", "delivered")] * 3
    assert ops.shown(plan)["state"] == "aborted"
    later = ops.plan(destination="m", include=frozenset({"delivered"}))
    ops.act(replay_states.abort, later)
    assert ops.items(later) == [("skipped", "aborted")] * 3


def test_overtaken_versions_and_order_conflicts_are_left_out(ops):
    feed = ops.desk.feed(level=Level.L2)
    feed.row("1", "r1", ops.make.draft("LA", "k", "one"))
    feed.row("2", "r2", ops.make.draft("GZ", "k", "two"))
    ops.deliver("1001", "2003")
    with ops.ledger.begin() as connection:  # a person let it pass
        connection.execute(delivery.update().where(delivery.c.record_id == 1).values(state="skipped"))
        connection.execute(delivery.update().where(delivery.c.record_id == 2).values(state="settled"))
    assert ops.shown(ops.plan(destination="m"))["order_conflicts"] == 1
    wanted = ops.plan(destination="m", include=frozenset({"out-of-order"}))
    assert ops.shown(wanted)["to_send"] == 1
    feed.row("1", "r1b", ops.make.draft("LA", "k", "corrected"))
    with ops.ledger.begin() as connection:
        connection.execute(delivery.update().where(delivery.c.record_id == 3).values(state="settled"))
    overtaken = ops.shown(ops.plan(destination="m", include=frozenset({"out-of-order"})))
    assert overtaken["by"]["skipped"] == {"delivered": 2, "overtaken": 1}


def test_a_destination_that_came_later_gets_what_it_lacks(ops):
    cases(ops, 2)
    ops.deliver()
    with ops.ledger.begin() as connection:
        connection.execute(delivery.delete().where(delivery.c.destination_id == 2))
        connection.execute(lane.delete().where(lane.c.destination_id == 2))
    assert ops.shown(ops.plan(mode="as-sent"))["to_send"] == 0
    plan = ops.plan()
    assert ops.shown(plan)["by"]["cause"] == {"missing": 2}
    ops.start(plan)
    step(ops.job())
    assert len(ops.deliver(index=1)) == 2


def test_b21_from_raw_same_identity_is_as_held_other_content_is_the_next_version(ops):
    feed = cases(ops, 2, text="x")
    ops.deliver()
    plan = ops.plan("raw", state="accepted")
    ops.start(plan)
    step(ops.job(str))
    assert ops.items(plan) == [("done", "unchanged")] * 2
    again = ops.plan("raw", state="accepted")
    ops.start(again)
    step(ops.job(str.upper))
    assert ops.items(again) == [("done", "corrected")] * 2
    assert ops.desk.versions("LA:c0:1") == [(1, "accepted", "x"), (2, "accepted", "X")]
    assert ops.desk.queued() == ["LA:c0:1 v1", "LA:c0:1 v2", "LA:c1:1 v1", "LA:c1:1 v2"]
    feed.row("c0", '{"t":"x"}', ops.make.draft("LA", "c0", "x"))  # a re-read after all: nothing comes of it
    assert ops.desk.head("LA:c0:1").version == 2


@pytest.mark.parametrize("kind", list(SourceKind))
def test_b21_holds_for_event_sources_whose_token_is_equal(ops, kind):
    feed = ops.desk.feed(kind=kind)
    feed.row("c0", '{"t":"x"}', ops.make.draft("LA", "c0", "x", token="5"))
    plan = ops.plan("raw", state="accepted")
    ops.start(plan)
    step(ops.job(str.upper))
    assert ops.items(plan) == [("done", "corrected")]


def test_b21_a_refused_row_is_tried_again_by_todays_mapping(ops):
    feed = ops.desk.feed()
    bad = ops.make.refused(type="LA", key="LA:c9:1")
    feed.row("c9", '{"t":"bad"}', refused=(bad,))
    still = ops.plan("raw")
    ops.start(still)
    step(ops.job(str))
    assert ops.items(still) == [("failed", "refused:XSD-001")]
    plan = ops.plan("raw")
    ops.start(plan)
    step(ops.job(str.title))
    assert ops.items(plan) == [("done", "accepted")]
    assert ops.desk.versions("LA:c9:1") == [(1, "accepted", "Bad")]
    assert ops.desk.rows(replay_item, "cause", plan_id=plan) == [("XSD-001",)]


def test_b21_a_row_that_changed_since_is_not_taken_back(ops):
    feed = cases(ops, 1)
    plan = ops.plan("raw", state="accepted")
    ops.start(plan)
    feed.row("c0", '{"t":"newer"}', ops.make.draft("LA", "c0", "newer"))
    step(ops.job(str.upper))
    assert ops.items(plan) == [("skipped", "row-changed")]
    assert ops.desk.head("LA:c0:1").version == 2


def test_the_cursor_and_the_run_of_the_source_are_left_alone(ops):
    feed = cases(ops, 1)
    plan = ops.plan("raw", state="accepted")
    ops.start(plan)
    step(ops.job(str.upper))
    feed.row("c5", '{"t":"x"}', ops.make.draft("LA", "c5", "x"))  # not fenced
    assert feed.end().accepted == 2


def test_digest_of_a_plan_covers_its_items(ops):
    cases(ops, 2)
    ops.deliver("1001", "1001")
    first, second = ops.shown(ops.plan(destination="m")), ops.shown(ops.plan(destination="m"))
    assert first["digest"] == second["digest"] != hashlib.sha256(b"").hexdigest()
