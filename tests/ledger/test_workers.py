# SPDX-License-Identifier: Apache-2.0
"""Several workers on one ledger: leases, fences, streams (B9, B11, B20, T3; R4, R7, R20), on both databases."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from gateway.errors import Fenced, Overlap
from gateway.ledger import firings, intake
from gateway.ledger.claims import Claimed, claim, still_held, unfinished
from gateway.ledger.destinations import next_due
from gateway.ledger.firings import Firing
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import delivery, lane, package, record, schedule_run
from gateway.ledger.worker_tables import stream, worker
from gateway.ledger.workers import LEASE, Identity, Membership, identify
from gateway.model.destination import Route
from gateway.model.package import Receipt, RecordResult, Submission
from gateway.model.record import Level
from gateway.semantics.outcomes import Judgement, PackageFacts, judge_receipt, judge_submission
from gateway.testing.clock import FakeIds

WITHDRAWING = frozenset({"CH"})


class Hand:
    """One worker of one destination, step by step; each may have a ledger of its own, as another process has."""

    def __init__(self, ledger: Ledger, index: int = 0) -> None:
        self.ledger = ledger
        self.route: Route = ledger.routes[index]
        self.number = ledger.enlist(self.route.terms.name)[0]

    def claim_in(self, connection: Any) -> Claimed | None:
        return claim(connection, self.route, self.number, self.ledger.ids, self.ledger.now(), WITHDRAWING)

    def claim(self) -> Claimed | None:
        return self.ledger.again(self.claim_in)

    def unfinished(self) -> Claimed | None:
        return self.ledger.again(lambda c: unfinished(c, self.route, self.number, self.ledger.now()))

    def must(self, claimed: Claimed | None) -> Claimed:
        assert claimed is not None
        return claimed

    def facts(self, claimed: Claimed) -> PackageFacts:
        return PackageFacts(
            claimed.records, claimed.cases, self.route.terms.behaviour, claimed.attempts + 1, claimed.was_unknown
        )

    def judged(self, claimed: Claimed, codes: list[str] | None = None) -> Judgement:
        named = codes or ["0000"] * len(claimed.records)
        results = tuple(RecordResult(r.record_id, code) for r, code in zip(claimed.records, named, strict=True))
        return judge_receipt(
            self.facts(claimed), Receipt(claimed.package_id, "M", "", 7, 1, "0000", "", results)
        )  # fmt: skip

    def settle(self, claimed: Claimed, judged: Judgement | None = None) -> None:
        answer = Answer("submit", self.ledger.now(), judged or self.judged(claimed), 7, b"<evidence/>")
        self.ledger.again(lambda c: settle(c, self.route, claimed, answer, "SX"))

    def due(self) -> int | None:
        with self.ledger.reading() as connection:
            return next_due(connection, self.route, self.number, self.ledger.now())


def keys(claimed: Claimed | None) -> list[str]:
    return [] if claimed is None else [each.key for each in claimed.records]


@pytest.fixture
def hand(desk: Any) -> Hand:
    return Hand(desk.ledger)


@pytest.fixture
def other(desk: Any, hand: Hand) -> Iterator[Hand]:
    """A worker of another process; on SQLite it plays the one that comes after the first has ended."""
    second = desk.reopen()
    if second.ledger._engine.dialect.name == "sqlite":
        second.ledger.membership = Membership(desk.ledger.membership.identity)
    made = Hand(second.ledger)
    yield made
    second.ledger.close()


def fill(desk: Any, make: Any, cases: int) -> None:
    desk.feed().show(*(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(cases)))


def limit(hand: Hand, desk: Any, records: int) -> None:
    hand.route = Route(hand.route.destination_id, replace(hand.route.terms, records=records))


concurrent = pytest.mark.parametrize("url", ["postgresql"], indirect=True)
"""SQLite has one writer: there the case can't arise."""


def test_b20_workers_take_packages_of_one_destination_side_by_side(
    desk: Any, make: Any, hand: Hand, other: Hand
) -> None:
    fill(desk, make, 6)
    for each in (hand, other):
        limit(each, desk, 2)
    first, second, third = (each.must(each.claim()) for each in (hand, other, hand))
    taken = [*keys(first), *keys(second), *keys(third)]
    assert len(taken) == len(set(taken)) == 6
    assert other.claim() is None
    other.settle(second)
    hand.settle(first)
    hand.settle(third)
    assert {state for (state,) in desk.rows(delivery, "state", destination_id=hand.route.destination_id)} == {"settled"}
    assert desk.rows(lane, "name", destination_id=hand.route.destination_id) == []


@concurrent
def test_b20_a_claim_under_way_hides_its_lanes_and_makes_nobody_wait(
    desk: Any, make: Any, hand: Hand, other: Hand
) -> None:
    fill(desk, make, 32)
    for each in (hand, other):
        limit(each, desk, 16)
    with hand.ledger.begin() as connection:
        mine = keys(hand.claim_in(connection))
        theirs = keys(other.claim())
    assert (len(mine), len(theirs), len(set(mine + theirs))) == (16, 16, 32)


def test_b20_a_stream_a_worker_and_destination_and_a_left_one_goes_on_dense(
    desk: Any, make: Any, hand: Hand, other: Hand
) -> None:
    fill(desk, make, 5)
    for each in (hand, other):
        limit(each, desk, 1)
    one, two, three = (each.must(each.claim()) for each in (hand, other, hand))
    assert one.stream_id == three.stream_id != two.stream_id
    assert [one.seq, three.seq, two.seq] == [1, 2, 1]
    desk.declare_gone(hand.number)
    third = Hand(other.ledger)
    limit(third, desk, 1)
    four = third.must(third.claim())
    assert (four.stream_id, four.seq) == (one.stream_id, 3)
    assert len(desk.rows(stream, "id")) == 2


def test_r20_what_a_sleeper_writes_after_it_was_taken_for_gone_is_refused(
    desk: Any, make: Any, hand: Hand, other: Hand
) -> None:
    fill(desk, make, 1)
    lost = hand.must(hand.claim())
    assert other.unfinished() is None, "its holder lives"
    assert other.due() is None
    desk.declare_gone(hand.number)
    assert other.due() == 0
    taken = other.must(other.unfinished())
    assert (taken.package_id, taken.state, taken.was_unknown) == (lost.package_id, "unknown", True)
    with desk.ledger.reading() as connection:
        assert not still_held(connection, lost)
        assert still_held(connection, taken)
    with pytest.raises(Fenced):
        hand.settle(lost)
    assert desk.rows(delivery, "state", destination_id=hand.route.destination_id) == [("packed",)]
    other.settle(taken)
    with pytest.raises(Fenced):
        hand.settle(lost)
    assert desk.rows(delivery, "state", destination_id=hand.route.destination_id) == [("settled",)]


def test_r09_an_answer_written_down_twice_counts_once(desk: Any, make: Any, hand: Hand) -> None:
    """The first commit took place, but the connection broke before it was heard of."""
    fill(desk, make, 1)
    claimed = hand.must(hand.claim())
    hand.settle(claimed)
    with pytest.raises(Fenced):
        hand.settle(claimed)


def test_t3_a_package_at_rest_is_taken_up_by_whoever_comes_first(desk: Any, make: Any, hand: Hand, other: Hand) -> None:
    fill(desk, make, 1)
    claimed = hand.must(hand.claim())
    hand.settle(claimed, judge_submission(hand.facts(claimed), Submission(detail="no answer")))
    assert other.unfinished() is None
    desk.clock.advance(5)
    asked = other.must(other.unfinished())
    assert (asked.package_id, asked.state) == (claimed.package_id, "unknown")
    assert hand.unfinished() is None


def test_t3_a_worker_that_lost_sight_of_its_package_asks_about_it(desk: Any, make: Any, hand: Hand) -> None:
    """The ledger's database went away in the midst: nobody knows whether it was sent."""
    fill(desk, make, 1)
    claimed = hand.must(hand.claim())
    again = hand.must(hand.unfinished())
    assert (again.package_id, again.state, again.was_unknown) == (claimed.package_id, "unknown", True)


def test_b11_a_correction_that_came_while_its_original_was_on_the_way_takes_its_place(
    desk: Any, make: Any, hand: Hand
) -> None:
    feed = desk.feed()
    feed.row("1", "a", make.draft("JD", "case-1", "x"))
    first = hand.must(hand.claim())
    feed.row("1", "b", make.draft("JD", "case-1", "y"))
    hand.settle(first, hand.judged(first, ["1002"]))
    here = hand.route.destination_id
    assert sorted(desk.rows(delivery, "record_id", "state", destination_id=here)) == [(1, "superseded"), (2, "ready")]
    assert [each.version for each in hand.must(hand.claim()).records] == [2]


@concurrent
@pytest.mark.parametrize("settles_first", [True, False])
def test_b10_a_record_that_comes_while_its_lane_is_emptied_is_not_forgotten(
    desk: Any, make: Any, hand: Hand, settles_first: bool
) -> None:
    feed = desk.feed(level=Level.L2)
    feed.row("1", "a", make.draft("LA", "case-1", "x"))
    claimed = hand.must(hand.claim())
    observation = make.seen("2", "b", make.draft("GZ", "case-1", "y", at="2026-01-06T09:00:00+08:00"))
    answer = Answer("submit", desk.ledger.now(), hand.judged(claimed), 7, b"")
    board = intake.Desk(desk.ledger.types, desk.ledger.routes)
    chunk = feed.chunk(observation)

    def settling(connection: Any) -> None:
        settle(connection, hand.route, claimed, answer, "SX")

    def arriving(connection: Any) -> None:
        intake.commit(connection, board, feed.lease, chunk, desk.ledger.now())

    first, second = (settling, arriving) if settles_first else (arriving, settling)
    with ThreadPoolExecutor(1) as threads:
        with desk.ledger.begin() as connection:
            first(connection)
            late = threads.submit(desk.ledger.again, second)
            with pytest.raises(TimeoutError):
                late.result(0.3)
        late.result(20)
    assert desk.rows(lane, "name", "state", destination_id=hand.route.destination_id) == [("case-1", "ready")]
    assert keys(hand.claim()) == ["GZ:case-1:1"]


# -- who is alive -------------------------------------------------------------------------------------------------


@concurrent
def test_r07_a_lease_runs_by_the_databases_clock(desk: Any, make: Any, hand: Hand, other: Hand) -> None:
    fill(desk, make, 1)
    hand.must(hand.claim())
    desk.clock.jump(86_400 * 365)
    assert other.unfinished() is None, "our own clock says nothing about others"
    with desk.ledger.begin() as connection:
        old = text(f"seen_at - {(LEASE + 1) * 1_000_000}")
        connection.execute(update(worker).where(worker.c.id == hand.number).values(seen_at=old))
        # the tests' server has just started, which gives everybody a lease: look with that set aside
        started = connection.execute(
            text("SELECT pg_postmaster_start_time() > clock_timestamp() - make_interval(secs => :s)"), {"s": LEASE}
        ).scalar_one()
    if not started:
        assert other.unfinished() is not None
    with desk.ledger.begin() as connection:
        desk.ledger.membership.beat(connection, desk.ledger.now())
    assert other.unfinished() is None or not started


@concurrent
def test_r07_whoever_was_struck_out_comes_back_under_its_number(desk: Any, hand: Hand) -> None:
    desk.declare_gone(hand.number)
    with desk.ledger.begin() as connection:
        desk.ledger.membership.beat(connection, desk.ledger.now())
    assert desk.rows(worker, "id") == [(hand.number,)]
    assert desk.ledger.enlist("m") != [hand.number]


@concurrent
def test_r09_a_process_that_ended_on_this_machine_is_gone_at_once(desk: Any, make: Any, hand: Hand) -> None:
    """No lease to wait out after ``kill -9``: the machine knows its own processes."""
    fill(desk, make, 1)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    place = identify().place
    started = _start_of(child.pid)
    desk.ledger.membership = Membership(Identity(place, f"{child.pid} {started}"))
    victim = Hand(desk.ledger)
    desk.ledger.membership = Membership()
    survivor = Hand(desk.ledger)
    victim.must(victim.claim())
    assert survivor.unfinished() is None
    child.kill()
    child.wait(10)
    survivor = Hand(desk.ledger)
    assert (victim.number,) not in desk.rows(worker, "id")
    assert survivor.unfinished() is not None
    assert child.stdin is not None
    child.stdin.close()


@concurrent
def test_r09_what_has_ended_is_told_as_soon_as_the_database_is_back(desk: Any, other: Hand) -> None:
    """A pull that ended while the database was away holds its source for a beat, not for a lease.

    A server that has just started, as the tests' own, gives everybody a lease: one that crashes every half minute would
    keep a source for ever.
    """
    lease = desk.feed().lease
    with pytest.raises(Overlap):
        other.ledger.start_run("s1", lease.kind, lease.level, desk.clock.now())
    desk.ledger.membership.forget(lease.holder)  # its end could not be written
    desk.ledger.beat()
    assert other.ledger.start_run("s1", lease.kind, lease.level, desk.clock.now()).epoch == lease.epoch + 1
    assert not desk.ledger.membership.ended


@concurrent
def test_who_was_enlisted_in_vain_gives_no_signs_of_life(desk: Any) -> None:
    known = dict(desk.ledger.membership.members)
    with desk.ledger.attempt(keep=False) as connection:
        desk.ledger.membership.enlist(connection, ["nobody"], desk.ledger.now())
    assert desk.ledger.membership.members == known
    desk.ledger.beat()
    assert ("nobody",) not in desk.rows(worker, "name")


def _start_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_r21_a_process_that_ends_lets_go_of_everything(desk: Any, make: Any, hand: Hand, other: Hand) -> None:
    fill(desk, make, 1)
    hand.must(hand.claim())
    with desk.ledger.begin() as connection:
        desk.ledger.membership.dismiss(connection)
    assert other.unfinished() is not None


# -- all together -------------------------------------------------------------------------------------------------


class Platform:
    """A receiver that keeps the order in which it took records, and knows its packages by their id."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.packages: dict[str, list[str]] = {}
        self._one = threading.Lock()

    def take(self, claimed: Claimed) -> None:
        with self._one:
            if claimed.package_id not in self.packages:
                self.packages[claimed.package_id] = keys(claimed)
                self.held.extend(keys(claimed))
            assert self.packages[claimed.package_id] == keys(claimed), "sent again with other records"


def _work(desk: Any, url: str, platform: Platform, seed: int) -> int:
    """One worker until nothing is left: it answers, forgets, sleeps through its lease; returns what was fenced."""
    chance = random.Random(seed)
    fenced = 0
    ledger = open_ledger(url, desk.clock, FakeIds(seed * 1_000_000), desk.ledger.types, desk.ledger.routes)
    ledger.membership = Membership(Identity(f"machine {seed}", "1 1"))
    with ledger:
        hand = Hand(ledger)
        limit(hand, desk, 7)
        idle = 0
        while idle < 30:
            claimed = hand.unfinished() or hand.claim()
            if claimed is None:
                idle += 1
                if hand.due() is None and not _open(desk):
                    break
                threading.Event().wait(0.01)
                continue
            idle = 0
            fate = chance.random()
            if fate < 0.1:  # dies before the first byte
                desk.declare_gone(hand.number)
                hand = Hand(ledger)
                limit(hand, desk, 7)
                continue
            platform.take(claimed)
            if fate < 0.2:  # dies before the answer is written down
                desk.declare_gone(hand.number)
                hand = Hand(ledger)
                limit(hand, desk, 7)
                continue
            if fate < 0.3:  # sleeps, is taken for gone, and wakes
                desk.declare_gone(hand.number)
                threading.Event().wait(0.02)
            try:
                hand.settle(claimed)
            except Fenced:
                fenced += 1
    return fenced


def _open(desk: Any) -> int:
    with desk.ledger.reading() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM delivery WHERE destination_id = 1 AND state IN ('ready','packed')")
            ).scalar_one()
        )


@concurrent
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_r04_four_workers_that_die_and_sleep_never_turn_a_case_round(desk: Any, make: Any, seed: int) -> None:
    """40 cases of three steps, shuffled arrival, four workers at one destination: no inversion, nothing lost or twice."""
    print(f"seed {seed}")
    drafts = [
        make.draft(type_, f"case-{case}", "x", at=f"2026-01-0{day}T09:00:00+08:00")
        for case in range(40)
        for day, type_ in ((5, "LA"), (6, "GZ"), (7, "JD"))
    ]
    random.Random(seed).shuffle(drafts)
    platform = Platform()
    feed = desk.feed(level=Level.L2)
    with ThreadPoolExecutor(4) as threads:
        hands = [threads.submit(_work, desk, desk.url, platform, seed * 10 + n) for n in range(4)]
        for start in range(0, len(drafts), 15):
            feed.show(*(make.seen(d.key, d.key, d) for d in drafts[start : start + 15]))
        for each in hands:
            each.result(120)
    left = Hand(desk.ledger)
    while (claimed := left.unfinished() or left.claim()) is not None:
        platform.take(claimed)
        left.settle(claimed)
    assert len(platform.held) == len(set(platform.held)) == 120
    place = {key: position for position, key in enumerate(platform.held)}
    arrived = {each.key: position // 15 for position, each in enumerate(drafts)}
    for case in range(40):
        filing, notice, decision = (f"{type_}:case-{case}:1" for type_ in ("LA", "GZ", "JD"))
        assert place[filing] < min(place[notice], place[decision])
        if arrived[notice] <= arrived[decision]:  # a decision waits for one of those before it, not for all
            assert place[notice] < place[decision]
    assert {state for (state,) in desk.rows(delivery, "state", destination_id=1)} == {"settled"}
    numbers: dict[str, list[int]] = {}
    for name, seq in desk.rows(package, "stream_id", "seq"):
        numbers.setdefault(name, []).append(seq)
    assert all(sorted(each) == list(range(1, len(each) + 1)) for each in numbers.values()), "streams are dense"
    assert len(desk.rows(record, "id")) == 120


# -- pulls and schedules ------------------------------------------------------------------------------------------


@concurrent
def test_b24_a_source_is_pulled_by_one_worker_and_free_again_when_that_one_is_gone(desk: Any, make: Any) -> None:
    feed = desk.feed()
    other = desk.reopen()
    with pytest.raises(Overlap), other.ledger:
        other.ledger.start_run("s1", feed.lease.kind, Level.L1, desk.clock.now())
    other = desk.reopen()
    assert feed.lease.holder is not None
    desk.declare_gone(feed.lease.holder)
    with other.ledger:
        other.ledger.start_run("s1", feed.lease.kind, Level.L1, desk.clock.now())
    with pytest.raises(Fenced):
        feed.row("1", "a", make.draft("JD", "case-1", "x"))


def fired(desk: Any, firing: Firing) -> bool:
    with desk.ledger.begin() as connection:
        return bool(firings.fire(connection, firing, desk.ledger.now()))


def test_b24_a_firing_happens_once_and_begins_once(desk: Any, hand: Hand) -> None:
    assert not fired(desk, Firing("pull:s", 100)), "a schedule just met does not make up for the past"
    tick = Firing("pull:s", 200)
    assert [fired(desk, tick), fired(desk, tick)] == [True, False]
    with desk.ledger.begin() as connection:
        assert firings.begin(connection, tick, hand.number, 201)
        assert not firings.begin(connection, tick, hand.number, 202)
        firings.end(connection, tick, "done", None, 203)
        assert not firings.begin(connection, tick, hand.number, 204)
    assert desk.rows(schedule_run, "due_at", "state", schedule="pull:s") == [(100, "skipped"), (200, "done")]


def test_b24_missed_ticks_leave_one_row_that_says_what_it_covers(desk: Any) -> None:
    fired(desk, Firing("pull:s", 100))
    assert fired(desk, Firing("pull:s", 200))
    assert fired(desk, Firing("pull:s", 900))
    assert desk.rows(schedule_run, "due_at", "covers_from", schedule="pull:s") == [(100, None), (200, 100), (900, 200)]


def test_b24_after_a_clock_that_jumped_ahead_and_back_every_tick_still_fires(desk: Any) -> None:
    hour, year = 3_600_000_000, 365 * 24 * 3_600_000_000
    fired(desk, Firing("pull:s", 0))
    assert fired(desk, Firing("pull:s", year))
    assert all(fired(desk, Firing("pull:s", n * hour)) for n in range(1, 49))


def test_b24_a_firing_is_given_out_again_when_nobody_began_it_or_whoever_did_is_gone(desk: Any, hand: Hand) -> None:
    fired(desk, Firing("pull:s", 100))
    tick = Firing("pull:s", 200)
    fired(desk, tick)
    later = 200 + firings.FORGOTTEN_AFTER + 1
    with desk.ledger.begin() as connection:
        assert firings.left_over(connection, 201) == []
        assert firings.left_over(connection, later) == [tick]
        assert firings.begin(connection, tick, hand.number, later)
        assert firings.left_over(connection, later) == []
    desk.declare_gone(hand.number)
    with desk.ledger.begin() as connection:
        assert firings.left_over(connection, later) == [tick]
        assert firings.begin(connection, tick, hand.number + 1, later)
