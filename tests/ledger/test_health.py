# SPDX-License-Identifier: Apache-2.0
"""Health of destinations: circuit, pace, windows, what people decide; a 72 h outage on a simulated clock (R6, B6, T2)."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from gateway.clock import microseconds
from gateway.errors import Unreachable
from gateway.flow.backlog import Backlog
from gateway.flow.deliver import Delivery, Parties, _next, deliver_one
from gateway.ledger import acts, destinations
from gateway.ledger.tables import delivery, destination
from gateway.model.destination import Pace, Route, Window
from gateway.model.package import Receipt, ReceiptStatus, RecordResult, Refusal, Submission
from gateway.semantics.health import Allowed, Circuit, Control, Health, admit, window_end

SECOND = 1_000_000
MINUTE = 60 * SECOND


class Platform:
    """A destination in memory: down while ``down``, upserting by key and version otherwise."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.down, self.asked, self.held, self.receipts = clock, False, [], [], {}

    name = "m"

    def _exchange(self) -> bool:
        self.asked.append(microseconds(self.clock.now()))
        return not self.down

    def ping(self) -> Any:
        if not self._exchange():
            raise Unreachable("refused")
        return self.clock.now()

    def submit(self, head: Any, records: Any, _documents: Any) -> Submission:
        if not self._exchange():
            return Submission(sent=False, detail="refused")
        self.held.extend((each.key, each.version) for each in records)
        results = tuple(RecordResult(each.record_id, "0000") for each in records)
        receipt = Receipt(head.package_id, "M", "", len(self.receipts) + 1, 1, "0000", "", results)
        self.receipts[head.package_id] = receipt
        return Submission(receipt=receipt)

    def query_receipt(self, package_id: str) -> Any:
        if not self._exchange():
            raise Unreachable("refused")
        return self.receipts.get(package_id, ReceiptStatus.NEVER_RECEIVED)


@pytest.fixture
def platform(clock: Any) -> Platform:
    return Platform(clock)


@pytest.fixture
def job(desk: Any, platform: Platform) -> Delivery:
    parties = Parties("S", "1.0", "1", "SX", frozenset({"CH"}))
    return Delivery(
        ledger=desk.ledger,
        destination=platform,
        route=desk.ledger.routes[0],
        parties=parties,
        clock=desk.clock,
        ids=desk.ledger.ids,
        backlog=Backlog(("m", "j"), 0.0),
        worker=1,
    )  # type: ignore[arg-type]


def with_terms(job: Delivery, **changed: Any) -> Delivery:
    return replace(job, route=Route(job.route.destination_id, replace(job.route.terms, **changed)))


def work(job: Delivery, seconds: float) -> None:
    """Work as the deliverer does, for so many seconds of the simulated clock."""
    end = job.ledger.now() + int(seconds * SECOND)
    while job.ledger.now() <= end:
        claimed = _next(job)
        while claimed is not None:
            claimed = deliver_one(job, claimed)
        with job.ledger.reading() as connection:
            due = destinations.next_due(connection, job.route, job.worker, job.ledger.now())
        pause = (
            end + 1 - job.ledger.now()
            if due is None
            else min(max(0, due - job.ledger.now()), end + 1 - job.ledger.now())
        )
        job.clock.advance(pause / SECOND)  # type: ignore[attr-defined]
        if due is None:
            return


def row(desk: Any, *names: str) -> Any:
    return desk.rows(destination, *names, name="m")[0]


def collect(desk: Any, make: Any, count: int, first: int = 0) -> None:
    desk.feed().show(
        *(make.seen(str(n), str(n), make.draft("JD", f"case-{n}", "x")) for n in range(first, first + count))
    )


def test_r6_an_outage_of_72_hours_costs_nothing_but_time(
    desk: Any, make: Any, job: Delivery, platform: Platform
) -> None:
    job = with_terms(job, records=20)
    platform.down = True
    started = desk.ledger.now()
    for day in range(3):
        for part in range(4):
            collect(desk, make, 25, (day * 4 + part) * 25)
            work(job, 6 * 3600)
    asked = [at - started for at in platform.asked]
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert all(gap >= MINUTE for gap in gaps[2:]), "one probe a minute at most once the circuit is open"
    assert len(asked) <= 72 * 60 + 3
    assert row(desk, "circuit") == ("open",)
    back = desk.ledger.now()
    platform.down = False
    work(job, 300)
    assert next(at for at in platform.asked if at > back) - back <= 5 * MINUTE
    assert row(desk, "circuit", "failures") == ("closed", 0)
    assert len(platform.held) == len(set(platform.held)) == 300
    assert {state for (state,) in desk.rows(delivery, "state", destination_id=job.route.destination_id)} == {"settled"}
    assert row(desk, "package_limit") == (None,), "packages have grown again"


def test_an_open_circuit_survives_a_restart_which_asks_once(
    desk: Any, make: Any, job: Delivery, platform: Platform
) -> None:
    platform.down = True
    collect(desk, make, 3)
    work(job, 120)
    asked = len(platform.asked)
    with desk.ledger.begin() as connection:
        destinations.recover(connection, desk.ledger.now())
    assert row(desk, "circuit") == ("open",)
    work(job, 1)
    assert len(platform.asked) == asked + 1


def test_recovery_is_seen_with_nothing_to_send(desk: Any, make: Any, job: Delivery, platform: Platform) -> None:
    with desk.ledger.begin() as connection:
        acts.control_destination(connection, "m", Control.OPEN, acts.Told("张三", "试", 1))
    platform.down = True
    work(job, 130)
    assert (len(platform.asked), row(desk, "circuit")) == (3, ("open",))
    platform.down = False
    work(job, 70)
    assert row(desk, "circuit") == ("closed",)


def test_paused_asks_nothing_and_draining_finishes_what_is_packed(
    desk: Any, make: Any, job: Delivery, platform: Platform
) -> None:
    platform.down = True
    collect(desk, make, 3)
    work(job, 1)
    platform.down = False
    collect(desk, make, 2, 3)
    asked = len(platform.asked)
    for control, expected in ((Control.PAUSED, 0), (Control.DRAINING, 3), (Control.OPEN, 5)):
        with desk.ledger.begin() as connection:
            assert acts.control_destination(connection, "m", control, acts.Told("张三", "对方停机", desk.ledger.now()))
        work(job, 120)
        assert len(platform.held) == expected
        if control is Control.PAUSED:
            assert len(platform.asked) == asked
    assert row(desk, "told_by", "told_reason") == ("张三", "对方停机")


def test_maintenance_is_waited_for_and_shown(desk: Any, make: Any, job: Delivery, platform: Platform) -> None:
    collect(desk, make, 1)
    well = platform.submit
    platform.submit = lambda *_: Submission(refusal=Refusal("4002", "维护", 900))  # type: ignore[method-assign]
    at = desk.ledger.now()
    work(job, 1)
    assert row(desk, "maintenance_until", "circuit") == (at + 900 * SECOND, "closed")
    platform.submit = well  # type: ignore[method-assign]
    work(job, 890)
    assert platform.held == []
    work(job, 60)
    assert len(platform.held) == 1


@pytest.mark.parametrize(("counts", "expected"), [("records", 40), ("packages", 40)])
def test_a_pace_is_kept(desk: Any, make: Any, job: Delivery, platform: Platform, counts: Any, expected: int) -> None:
    """Ten records a package: 4 tokens a second are 4 records, or 0.4 tokens as many packages."""
    job = with_terms(job, records=10, pace=Pace(4 if counts == "records" else 0.4, counts))
    collect(desk, make, 200)
    work(job, 9)
    assert len(platform.held) == expected


def test_windows_open_by_cron_in_beijing_time(clock: Any) -> None:
    window = Window("0 1 * * *", 2 * 3600 * SECOND)
    one = clock.now().replace(hour=1, minute=0, second=0, microsecond=0)
    assert window_end([window], microseconds(one) - 1) is None
    assert window_end([window], microseconds(one)) == microseconds(one + timedelta(hours=2))
    assert window_end([window], microseconds(one + timedelta(minutes=119))) == microseconds(one + timedelta(hours=2))
    assert window_end([window], microseconds(one + timedelta(hours=2))) is None


def test_a_halt_waits_for_a_person(job: Delivery) -> None:
    halted = Health(Control.HALTED, Circuit.CLOSED, 0, 0, 0, 0)
    assert admit(halted, job.route.terms, 10**18).allowed is Allowed.NOTHING
    assert admit(halted, job.route.terms, 10**18).until is None


def test_b06_ownership_moves_by_handover_and_is_written_down(desk: Any, make: Any) -> None:
    old, new = desk.feed("old"), desk.feed("new")
    old.row("1", "a", make.draft("JD", "c1", "x"))
    old.row("2", "b", make.draft("LA", "c2", "x"))
    assert new.row("77", "n", make.draft("JD", "c1", "y")).conflicts == 1
    with desk.ledger.begin() as connection:
        assert acts.hand_over(connection, "old", "new", "JD:") == 1
    assert new.row("77", "m", make.draft("JD", "c1", "z")).accepted == 1
    assert new.row("77", "k", make.draft("JD", "c1", "w")).accepted == 1
    assert old.row("1", "c", make.draft("JD", "c1", "q")).conflicts == 1
    assert desk.head("JD:c1:1").version == 3


def test_a_paused_source_says_so(desk: Any) -> None:
    desk.feed("s1")
    with desk.ledger.begin() as connection:
        assert acts.pause_source(connection, "s1", acts.Told("张三", "割接", 5), paused=True)
        assert acts.is_paused(connection, "s1")
        assert not acts.pause_source(connection, "nobody", acts.Told("张三", "割接", 5), paused=True)
