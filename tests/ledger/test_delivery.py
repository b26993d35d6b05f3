# SPDX-License-Identifier: Apache-2.0
"""Lanes, claims and settlement (ledger.md B9, B11-B13, B18-B20, T2, T3), on both databases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gateway.ledger import acts, destinations, health
from gateway.ledger.claims import Claimed, claim, unfinished
from gateway.ledger.evidence_check import check
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.tables import delivery, destination, lane, package, record
from gateway.model.destination import Behaviour, Route
from gateway.model.package import Held, Receipt, ReceiptStatus, RecordResult, Refusal, Submission
from gateway.model.record import Level
from gateway.semantics.health import Allowed, Control
from gateway.semantics.outcomes import (
    Judgement,
    PackageFacts,
    PackageMove,
    judge_query,
    judge_receipt,
    judge_submission,
)

CASE = "case-1"
WITHDRAWING = frozenset({"CH"})
SECOND = 1_000_000


@dataclass
class Worker:
    """What the deliverer of one destination does, step by step."""

    desk: Any
    index: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.number = self.number or self.desk.ledger.enlist(self.route.terms.name)[0]

    @property
    def route(self) -> Route:
        route: Route = self.desk.ledger.routes[self.index]
        return route

    def terms(self, **changed: Any) -> None:
        routes = list(self.desk.ledger.routes)
        routes[self.index] = Route(self.route.destination_id, replace(self.route.terms, **changed))
        self.desk.ledger.routes = tuple(routes)

    def claim(self) -> Claimed | None:
        with self.desk.ledger.begin() as connection:
            if health.admission(connection, self.route, self.desk.ledger.now()).allowed is not Allowed.ALL:
                return None
            return claim(connection, self.route, self.number, self.desk.ledger.ids, self.desk.ledger.now(), WITHDRAWING)

    def must_claim(self) -> Claimed:
        claimed = self.claim()
        assert claimed is not None
        return claimed

    def unfinished(self) -> Claimed | None:
        with self.desk.ledger.begin() as connection:
            return unfinished(connection, self.route, self.number, self.desk.ledger.now())

    def facts(self, claimed: Claimed) -> PackageFacts:
        return PackageFacts(
            claimed.records, claimed.cases, self.route.terms.behaviour, claimed.attempts + 1, claimed.was_unknown
        )

    def settle(self, claimed: Claimed, judged: Judgement, receipt_no: int | None = None, kind: str = "submit") -> None:
        answer = Answer(kind, self.desk.ledger.now(), judged, receipt_no, b"<evidence/>")
        with self.desk.ledger.begin() as connection:
            settle(connection, self.route, claimed, answer, "SX")

    def answer(self, claimed: Claimed, codes: Sequence[str], receipt_no: int = 7) -> None:
        results = tuple(
            RecordResult(record.record_id, code) for record, code in zip(claimed.records, codes, strict=True)
        )
        receipt = Receipt(claimed.package_id, "M", "", receipt_no, 1, "0000", "", results)
        self.settle(claimed, judge_receipt(self.facts(claimed), receipt), receipt_no)

    def accept(self, claimed: Claimed, receipt_no: int = 7) -> None:
        self.answer(claimed, ["0000"] * len(claimed.records), receipt_no)

    def refuse(self, claimed: Claimed, code: str, retry_after: int | None = None) -> None:
        submission = Submission(refusal=Refusal(code, "", retry_after))
        self.settle(claimed, judge_submission(self.facts(claimed), submission))

    def silence(self, claimed: Claimed) -> None:
        self.settle(claimed, judge_submission(self.facts(claimed), Submission(detail="no answer")))

    def states(self) -> dict[str, str]:
        here = self.route.destination_id
        keys = dict(self.desk.rows(record, "id", "key"))
        versions = dict(self.desk.rows(record, "id", "version"))
        rows = self.desk.rows(delivery, "record_id", "state", destination_id=here)
        return {f"{keys[number]} v{versions[number]}": state for number, state in rows}

    def lanes(self) -> dict[str, str]:
        return dict(self.desk.rows(lane, "name", "state", destination_id=self.route.destination_id))

    def health(self) -> tuple[str, int, int | None]:
        return self.desk.rows(  # type: ignore[no-any-return]
            destination, "state", "failures", "package_limit", id=self.route.destination_id
        )[0]


def keys(claimed: Claimed | None) -> list[str]:
    return [] if claimed is None else [each.key for each in claimed.records]


@pytest.fixture
def worker(desk: Any) -> Worker:
    return Worker(desk)


def life(make: Any, case: str = CASE) -> list[Any]:
    """Filing, notice, decision of one case, a day apart."""
    return [
        make.draft(type_, case, f"{type_} of {case}", at=f"2026-01-0{day}T09:00:00+08:00")
        for day, type_ in ((5, "LA"), (6, "GZ"), (7, "JD"))
    ]


def test_b09_lane_order_is_the_packs_not_that_of_arrival(desk: Any, make: Any, worker: Worker) -> None:
    filing, notice, decision = life(make)
    desk.feed(level=Level.L2).show(
        make.seen("3", "c", decision), make.seen("2", "b", notice), make.seen("1", "a", filing)
    )
    assert keys(worker.must_claim()) == [filing.key, notice.key, decision.key]


def test_b09_a_leased_lane_gives_nothing_until_it_is_settled(desk: Any, make: Any, worker: Worker) -> None:
    filing, notice, _ = life(make)
    feed = desk.feed(level=Level.L2)
    feed.row("1", "a", filing)
    first = worker.must_claim()
    feed.row("2", "b", notice)
    assert worker.claim() is None
    worker.accept(first)
    assert keys(worker.must_claim()) == [notice.key]


def test_b09_a_package_takes_whole_lanes_until_it_is_full(desk: Any, make: Any, worker: Worker) -> None:
    worker.terms(records=4)
    feed = desk.feed(level=Level.L2)
    for number in range(3):
        feed.show(*(make.seen(f"{number}-{d.type}", d.key, d) for d in life(make, f"case-{number}")))
    first = worker.must_claim()
    assert [each.split(":")[1] for each in keys(first)] == ["case-0"] * 3 + ["case-1"]
    assert worker.lanes() == {"case-0": "leased", "case-1": "leased", "case-2": "ready"}
    worker.accept(first)
    assert worker.lanes() == {"case-1": "ready", "case-2": "ready"}


def test_without_attested_case_order_a_package_carries_one_record_per_case(
    desk: Any, make: Any, worker: Worker
) -> None:
    worker.terms(case_order=False)
    feed = desk.feed(level=Level.L2)
    for number in range(2):
        feed.show(*(make.seen(f"{number}-{d.type}", d.key, d) for d in life(make, f"case-{number}")))
    assert keys(worker.must_claim()) == ["LA:case-0:1", "LA:case-1:1"]


def test_a_naive_destination_gets_records_one_by_one(desk: Any, make: Any, worker: Worker) -> None:
    worker.terms(behaviour=Behaviour.NAIVE)
    feed = desk.feed()
    feed.show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(3)))
    assert len(worker.must_claim().records) == 1


def test_b11_a_parked_head_holds_its_case_only(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed(level=Level.L2)
    for number in range(2):
        feed.show(*(make.seen(f"{number}-{d.type}", d.key, d) for d in life(make, f"case-{number}")))
    claimed = worker.must_claim()
    worker.answer(claimed, ["1002", "2003", "2003", "0000", "0000", "0000"])
    assert worker.states() == {
        "LA:case-0:1 v1": "parked",
        "GZ:case-0:1 v1": "ready",
        "JD:case-0:1 v1": "ready",
        "LA:case-1:1 v1": "settled",
        "GZ:case-1:1 v1": "settled",
        "JD:case-1:1 v1": "settled",
    }
    assert worker.lanes() == {"case-0": "blocked"}
    assert worker.claim() is None


def test_b11_a_higher_version_takes_the_place_of_the_parked_one(desk: Any, make: Any, worker: Worker) -> None:
    filing, notice, _ = life(make)
    feed = desk.feed(level=Level.L2)
    feed.show(make.seen("1", "a", filing), make.seen("2", "b", notice))
    worker.answer(worker.must_claim(), ["1002", "2003"])
    feed.row("1", "mended", make.draft("LA", CASE, "mended", at=filing.occurred_at))
    assert worker.states() == {"LA:case-1:1 v1": "superseded", "LA:case-1:1 v2": "ready", "GZ:case-1:1 v1": "ready"}
    claimed = worker.must_claim()
    assert [(each.key, each.version) for each in claimed.records] == [(filing.key, 2), (notice.key, 1)]


def test_b12_lanes_of_two_destinations_are_independent(desk: Any, make: Any, worker: Worker) -> None:
    other = Worker(desk, 1)
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    worker.answer(worker.must_claim(), ["1002"])
    other.accept(other.must_claim())
    assert set(worker.states().values()) == {"parked"}
    assert set(other.states().values()) == {"settled"}


def test_b12_a_withdrawal_is_not_needed_where_the_key_was_never_accepted(desk: Any, make: Any, worker: Worker) -> None:
    decision = make.draft("JD", CASE, "x")
    feed = desk.feed()
    feed.row("1", "a", decision)
    worker.answer(worker.must_claim(), ["1002"])
    feed.row("1", "b", decision, make.withdrawal(decision.key))
    assert worker.claim() is None
    assert worker.states() == {"JD:case-1:1 v1": "superseded", "JD:case-1:1 v2": "not-needed"}
    assert worker.lanes() == {}


def test_b12_a_withdrawal_follows_an_accepted_key_and_one_in_the_same_package(
    desk: Any, make: Any, worker: Worker
) -> None:
    decision = make.draft("JD", CASE, "x")
    desk.feed().row("1", "a", decision, make.withdrawal(decision.key))
    claimed = worker.must_claim()
    assert [(each.type, each.version) for each in claimed.records] == [("JD", 1), ("CH", 2)]


def test_b13_an_unknown_item_waits_for_our_undelivered_master_record(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed()
    feed.row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    feed.row("2", "b", make.draft("SX", None, "item", code="item"))
    worker.answer(claimed, ["2001"])
    assert worker.states()["JD:case-1:1 v1"] == "waiting"
    master = worker.must_claim()
    assert keys(master) == ["SX:item"]
    worker.accept(master)
    assert worker.states()["JD:case-1:1 v1"] == "ready"
    assert keys(worker.must_claim()) == ["JD:case-1:1"]


def test_b13_an_answer_heard_late_does_not_park_what_has_been_mended_since(
    desk: Any, make: Any, worker: Worker
) -> None:
    """The item's package was lost on its way and went again; the answer to the case's package is learnt after that."""
    feed = desk.feed()
    feed.row("1", "a", make.draft("JD", CASE, "x"))
    case = worker.must_claim()
    feed.row("2", "b", make.draft("SX", None, "item", code="item"))
    worker.accept(worker.must_claim(), receipt_no=4)
    worker.answer(case, ["2001"], receipt_no=3)
    assert worker.states()["JD:case-1:1 v1"] == "ready"
    again = worker.must_claim()
    worker.answer(again, ["2001"], receipt_no=5)
    assert worker.states()["JD:case-1:1 v1"] == "parked", "asked anew it says so of what it holds"


def test_b13_an_unknown_item_parks_where_we_hold_nothing_that_helps(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    worker.answer(worker.must_claim(), ["2001"])
    assert worker.states() == {"JD:case-1:1 v1": "parked"}


def test_b18_unproven_duplicate_parks_and_proven_settles(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed()
    feed.show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(2)))
    claimed = worker.must_claim()
    proof = Held(1, claimed.records[1].content_digest.hex())
    results = (
        RecordResult(claimed.records[0].record_id, "0001"),
        RecordResult(claimed.records[1].record_id, "0001", held=proof),
    )
    receipt = Receipt(claimed.package_id, "M", "", 9, 1, "0000", "", results)
    worker.settle(claimed, judge_receipt(worker.facts(claimed), receipt), 9)
    assert worker.states() == {"JD:case-0:1 v1": "parked", "JD:case-1:1 v1": "settled"}


def test_b19_a_refused_package_is_halved_until_the_culprit_is_alone(desk: Any, make: Any, worker: Worker) -> None:
    culprit = "JD:case-5:1"
    feed = desk.feed()
    feed.show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(8)))
    sent = 0
    while (claimed := worker.claim()) is not None:
        sent += 1
        if culprit in keys(claimed):
            worker.refuse(claimed, "1002")
        else:
            worker.accept(claimed)
        assert sent < 20
    states = worker.states()
    assert states.pop(f"{culprit} v1") == "parked"
    assert set(states.values()) == {"settled"}
    assert sent <= 10


def test_b29_a_package_on_its_way_is_under_evidence_before_any_answer(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    desk.ledger.seal()
    with desk.ledger.reading() as connection:
        assert check(connection).faults == []
    worker.accept(claimed)
    with desk.ledger.reading() as connection:
        assert check(connection).faults == []


def test_b20_the_package_is_durable_before_its_first_byte(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    other = Worker(desk.reopen())
    desk.declare_gone(worker.number)
    found = other.unfinished()
    assert found is not None
    assert (found.package_id, found.body_digest, found.records) == (
        claimed.package_id, claimed.body_digest, claimed.records,
    )  # fmt: skip
    assert other.claim() is None
    other.desk.ledger.close()


def test_b20_stream_numbers_are_dense_and_given_up_packages_are_named(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed()
    feed.show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(2)))
    first = worker.must_claim()
    worker.refuse(first, "1002")
    second = worker.must_claim()
    worker.accept(second)
    third = worker.must_claim()
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert second.voided == (first.package_id,)
    assert third.voided == ()


def test_t2_channel_fault_halts_the_destination_and_burns_nothing(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    worker.refuse(worker.must_claim(), "3002")
    assert worker.health()[0] == "halted"
    assert set(worker.states().values()) == {"ready"}
    assert worker.claim() is None
    with desk.ledger.begin() as connection:
        destinations.recover(connection, desk.ledger.now())
    assert worker.claim() is None, "a new start is nobody's word"
    with desk.ledger.begin() as connection:
        acts.control_destination(connection, "m", Control.OPEN, acts.Told("张三", "已换证书", desk.ledger.now()))
    with desk.ledger.reading() as connection:
        assert health.admission(connection, worker.route, desk.ledger.now()).allowed is Allowed.PROBE


def test_t2_stale_there_is_superseded_only_where_we_settled_a_higher_version(
    desk: Any, make: Any, worker: Worker
) -> None:
    feed = desk.feed()
    feed.row("1", "a", make.draft("JD", CASE, "x"))
    first = worker.must_claim()
    feed.row("1", "b", make.draft("JD", CASE, "y"))
    worker.refuse(first, "4001", 1)
    worker.desk.clock.advance(2)
    again = worker.unfinished()
    assert again is not None
    worker.answer(again, ["2006"])
    assert worker.states() == {"JD:case-1:1 v1": "parked", "JD:case-1:1 v2": "ready"}


def test_t3_a_package_left_open_by_a_dead_process_is_unknown(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    desk.declare_gone(worker.number)
    with desk.ledger.begin() as connection:
        assert destinations.recover(connection, desk.ledger.now()) == 1
    found = Worker(desk).unfinished()
    assert found is not None
    assert (found.package_id, found.state, found.was_unknown) == (claimed.package_id, "unknown", True)


def test_t3_busy_sends_the_same_package_again_after_the_pause(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    worker.refuse(claimed, "4001", 30)
    assert worker.unfinished() is None
    worker.desk.clock.advance(31)
    again = worker.unfinished()
    assert again is not None
    assert (again.package_id, again.state, again.body_digest) == (claimed.package_id, "open", claimed.body_digest)


def test_t3_silence_is_asked_about_and_only_its_own_cases_wait(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed()
    feed.row("1", "a", make.draft("JD", "case-1", "x"))
    lost = worker.must_claim()
    worker.silence(lost)
    feed.row("2", "b", make.draft("JD", "case-2", "x"))
    worker.desk.clock.advance(5)
    asked = worker.unfinished()
    assert asked is not None
    assert (asked.package_id, asked.state) == (lost.package_id, "unknown")
    assert keys(worker.must_claim()) == ["JD:case-2:1"]
    judged = judge_query(worker.facts(asked), ReceiptStatus.NEVER_RECEIVED, 200.0, 120.0)
    worker.settle(asked, judged, kind="query")
    worker.desk.clock.advance(10)
    resend = worker.unfinished()
    assert resend is not None
    assert (resend.package_id, resend.state) == (lost.package_id, "open")
    worker.accept(resend)
    assert worker.states()["JD:case-1:1 v1"] == "settled"


def test_t3_naive_unknown_parks_for_a_person(desk: Any, make: Any, worker: Worker) -> None:
    worker.terms(behaviour=Behaviour.NAIVE)
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    worker.silence(worker.must_claim())
    worker.desk.clock.advance(5)
    lost = worker.unfinished()
    assert lost is not None
    judged = judge_query(worker.facts(lost), ReceiptStatus.UNSUPPORTED, 200.0, 120.0)
    assert judged.package is PackageMove.PARK
    worker.settle(lost, judged, kind="query")
    assert worker.desk.rows(delivery, "state", "code", destination_id=worker.route.destination_id) == [
        ("parked", "outcome-unknown")
    ]
    with desk.ledger.reading() as connection:
        figures = destinations.figures(connection)["m"]
    assert (figures.unknown, figures.accepted, figures.refused) == (1, 0, 0)


def test_t3_repeated_silence_rests_longer_each_time(desk: Any, make: Any, worker: Worker) -> None:
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    pauses = []
    for _ in range(4):
        judged = judge_submission(worker.facts(claimed), Submission(sent=False, detail="refused"))
        worker.settle(claimed, judged)
        not_before = worker.desk.rows(package, "not_before", no=claimed.no)[0][0]
        pauses.append((not_before - desk.ledger.now()) // SECOND)
        worker.desk.clock.advance(pauses[-1])
        again = worker.unfinished()
        assert again is not None
        claimed = again
    assert pauses == sorted(pauses)
    assert pauses[-1] > pauses[0]


def test_figures_add_up_to_what_was_accepted_and_routed(desk: Any, make: Any, worker: Worker) -> None:
    feed = desk.feed()
    feed.show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(5)))
    worker.terms(records=3)
    worker.answer(worker.must_claim(), ["0000", "1002", "0000"])
    with desk.ledger.reading() as connection:
        counted = destinations.figures(connection, [feed.lease.run_id])["m"]
    assert (counted.accepted, counted.refused, counted.pending) == (2, 1, 2)
    assert counted.accepted + counted.refused + counted.pending + counted.unknown + counted.not_needed == 5


def test_b11_a_version_parked_only_now_makes_way_for_the_one_behind_it(desk: Any, make: Any, worker: Worker) -> None:
    """The correction was there before the destination refused what it corrects."""
    filing, notice, _ = life(make)
    feed = desk.feed(level=Level.L2)
    feed.show(make.seen("1", "a", filing), make.seen("2", "b", notice))
    claimed = worker.must_claim()
    feed.row("1", "mended", make.draft("LA", CASE, "mended", at=filing.occurred_at))
    worker.answer(claimed, ["1002", "2003"])
    assert worker.states() == {"LA:case-1:1 v1": "superseded", "LA:case-1:1 v2": "ready", "GZ:case-1:1 v1": "ready"}
    assert [(each.key, each.version) for each in worker.must_claim().records] == [(filing.key, 2), (notice.key, 1)]


def test_t3_a_package_whose_settlement_failed_is_asked_about_not_sent_again(
    desk: Any, make: Any, worker: Worker
) -> None:
    """The process lives on, but whether the package was sent is not in the ledger."""
    desk.feed().row("1", "a", make.draft("JD", CASE, "x"))
    claimed = worker.must_claim()
    with desk.ledger.begin() as connection:
        found = unfinished(connection, worker.route, worker.number, desk.ledger.now())
    assert found is not None
    assert (found.package_id, found.state, found.was_unknown) == (claimed.package_id, "unknown", True)
