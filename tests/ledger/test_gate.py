# SPDX-License-Identifier: Apache-2.0
"""The gate of a case: B9-B11, over both databases; B10 with a real second transaction on PostgreSQL."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from gateway.ledger import intake
from gateway.ledger.tables import case_file, record
from gateway.model.record import Level, SourceKind

L3 = Level.L3


def states(desk):
    return {f"{key} v{version}": state for key, version, state in desk.rows(record, "key", "version", "state")}


def test_b09_l1_waits_for_nobody_and_each_key_is_its_own_lane(desk, make):
    desk.feed().row("r1", "a", make.draft("JD", "c1", "A"))
    assert desk.rows(record, "state", "lane") == [("accepted", "JD:c1:1")]


def test_b09_record_without_predecessor_waits_and_is_not_sent(desk, make):
    feed = desk.feed(level=L3)
    figures = feed.row("r1", "a", make.draft("GZ", "c1", "A"))
    assert (figures.waiting, figures.accepted) == (1, 0)
    assert desk.queued() == []
    assert desk.rows(record, "state", "lane") == [("waiting", "c1")]


def test_b09_arrival_releases_the_whole_chain_in_the_same_transaction(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r4", "d", make.draft("ZX", "c1", "D"))
    feed.row("r3", "c", make.draft("JD", "c1", "C"))
    feed.row("r9", "x", make.draft("ZX", "c2", "X"))
    before = desk.ledger.commits
    assert feed.row("r1", "a", make.draft("LA", "c1", "A")).accepted == 1
    assert desk.ledger.commits == before + 1
    assert desk.queued() == ["LA:c1:1 v1", "JD:c1:1 v1", "ZX:c1:1 v1"]
    assert states(desk)["ZX:c2:1 v1"] == "waiting"
    assert feed.end().waiting == 1


def test_b09_a_released_record_counts_as_accepted_in_its_own_run(desk, make):
    waiting, other = desk.feed("s1", level=L3), desk.feed("s2", level=L3)
    waiting.row("r1", "a", make.draft("GZ", "c1", "A"))
    other.row("r2", "b", make.draft("LA", "c1", "B"))
    figures = waiting.end()
    assert (figures.accepted, figures.waiting) == (1, 0)
    assert other.end().accepted == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_b09_any_order_of_arrival_ends_in_the_packs_order(desk, make, order):
    feed = desk.feed(level=L3)
    drafts = [make.draft(type_, "c1", type_) for type_ in ("LA", "GZ", "JD", "ZX")]
    feed.show(*(make.seen(f"r{n}", f"raw{n}", drafts[n]) for n in order[:2]))
    feed.show(*(make.seen(f"r{n}", f"raw{n}", drafts[n]) for n in order[2:]))
    assert desk.queued() == ["LA:c1:1 v1", "GZ:c1:1 v1", "JD:c1:1 v1", "ZX:c1:1 v1"]


def test_b09_order_inside_a_lane_is_rank_time_sequence_key_version(desk, make):
    feed = desk.feed(level=L3)
    early, late = "2026-01-05T09:00:00+08:00", "2026-01-05T09:00:00.5+08:00"
    feed.show(
        make.seen("r1", "1", make.draft("LA", "c1", "A", at=late)),
        make.seen("r2", "2", make.draft("GZ", "c1", "late", sequence=1, at=late)),
        make.seen("r3", "3", make.draft("GZ", "c1", "ten", sequence=10, at=early)),
        make.seen("r4", "4", make.draft("GZ", "c1", "two", sequence=2, at=early)),
    )
    assert desk.queued() == ["LA:c1:1 v1", "GZ:c1:2 v1", "GZ:c1:10 v1", "GZ:c1:1 v1"]


def test_b09_versions_of_a_key_keep_their_order_whatever_the_correction_says(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r1", "1", make.draft("LA", "c1", "A", at="2026-01-05T09:00:00+08:00"))
    feed.row("r1", "2", make.draft("LA", "c1", "B", at="2025-01-05T09:00:00+08:00"))
    feed.row("r1", "3", make.withdrawal("LA:c1:1"))
    feed.row("r1", "4", make.draft("LA", "c1", "C"))
    assert desk.queued() == [f"LA:c1:1 v{n}" for n in (1, 2, 3, 4)]


def test_b09_correction_of_an_accepted_key_does_not_wait_again(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    feed.row("r1", "gone", make.withdrawal("LA:c1:1"))
    assert feed.row("r2", "b2", make.draft("GZ", "c1", "B2")).accepted == 1


def test_b09_withdrawn_predecessor_opens_the_gate_for_nobody(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "gone", make.withdrawal("LA:c1:1"))
    assert feed.row("r2", "b", make.draft("GZ", "c1", "B")).waiting == 1
    feed.row("r1", "back", make.draft("LA", "c1", "A"))
    assert states(desk)["GZ:c1:1 v1"] == "accepted"


def test_b11_a_higher_version_of_a_waiting_key_waits_with_it_and_both_go(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    assert feed.row("r2", "b2", make.draft("GZ", "c1", "B2")).waiting == 1
    feed.row("r2", "b3", make.withdrawal("GZ:c1:1"))
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    assert desk.queued() == ["LA:c1:1 v1", "GZ:c1:1 v1", "GZ:c1:1 v2", "GZ:c1:1 v3"]


def test_b09_and_b11_waiting_longer_than_the_limit_parks_and_arrival_still_releases(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    desk.clock.advance(24 * 3600 - 1)
    assert desk.ledger.park_overdue(desk.clock.now()) == []
    desk.clock.advance(1)
    (parked,) = desk.ledger.park_overdue(desk.clock.now())
    assert (parked.key, parked.case_no) == ("GZ:c1:1", "c1")
    assert states(desk) == {"GZ:c1:1 v1": "parked"}
    assert desk.ledger.park_overdue(desk.clock.now()) == []
    assert feed.end().waiting == 1
    desk.feed(level=L3).row("r1", "a", make.draft("LA", "c1", "A"))
    assert states(desk)["GZ:c1:1 v1"] == "accepted"


@pytest.mark.parametrize(("level", "hours"), [(Level.L2, 72), (Level.L3, 24)])
def test_b09_limit_depends_on_the_level(desk, make, level, hours):
    desk.feed(level=level).row("r2", "b", make.draft("GZ", "c1", "B"))
    desk.clock.advance(hours * 3600 - 1)
    assert desk.ledger.park_overdue(desk.clock.now()) == []
    desk.clock.advance(1)
    assert len(desk.ledger.park_overdue(desk.clock.now())) == 1


def test_b13_master_data_is_its_own_lane_and_goes_first(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r1", "a", make.draft("SX", None, "A", code="XK-1"))
    feed.row("r2", "b", make.draft("LA", "c1", "B"))
    with desk.ledger.reading() as connection:
        lanes = connection.execute(text("SELECT DISTINCT name, priority FROM lane ORDER BY priority")).fetchall()
    assert [tuple(lane) for lane in lanes] == [("SX:XK-1", 1), ("c1", 2)]


def test_b10_results_source_releases_what_a_process_source_left_waiting(desk, make):
    desk.feed("l3", level=L3).row("r2", "b", make.draft("GZ", "c1", "B"))
    desk.feed("l1", level=Level.L1).row("r1", "a", make.draft("LA", "c1", "A"))
    assert states(desk)["GZ:c1:1 v1"] == "accepted"


def test_b10_case_rows_count_every_decision(desk, make):
    feed = desk.feed(level=L3)
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    assert desk.rows(case_file, "case_no", "rev") == [("c1", 2)]


def test_b10_two_chunks_of_one_case_at_once_leave_nothing_waiting(desk, make, monkeypatch):
    """The second transaction begins while the first stands before its commit; only the lock of the case keeps order."""
    follower, leader = desk.feed("s1", level=L3), desk.feed("s2", level=L3)
    inside, go = threading.Event(), threading.Event()
    real = intake.enqueue

    def slow(connection, routes, new, now):
        real(connection, routes, new, now)
        if threading.current_thread().name == "first":
            inside.set()
            go.wait(5)

    monkeypatch.setattr(intake, "enqueue", slow)
    results = {}

    def run(name, feed, row, draft):
        results[name] = feed.row(row, row, draft)

    first = threading.Thread(target=run, name="first", args=("first", follower, "r2", make.draft("GZ", "c1", "B")))
    second = threading.Thread(target=run, name="second", args=("second", leader, "r1", make.draft("LA", "c1", "A")))
    first.start()
    assert inside.wait(5)
    second.start()
    second.join(0.3)
    assert second.is_alive()
    go.set()
    first.join()
    second.join()
    assert (results["first"].waiting, results["second"].accepted) == (1, 1)
    assert set(states(desk).values()) == {"accepted"}


def test_b10_opposite_order_of_keys_never_deadlocks_for_good(desk, make):
    """Two sources that meet in the same cases from both ends; a chunk that loses is folded again."""
    feeds = [desk.feed(f"s{n}", SourceKind.STATE, L3) for n in range(2)]
    cases = [f"c{n}" for n in range(40)]

    def pull(place):
        ordered = cases if place == 0 else cases[::-1]
        type_ = "LA" if place == 0 else "GZ"
        for start in range(0, 40, 10):
            part = ordered[start : start + 10]
            feeds[place].show(*(make.seen(f"{type_}{c}", c, make.draft(type_, c, c)) for c in part))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(pull, range(2)))
    assert set(states(desk).values()) == {"accepted"}
    assert len(states(desk)) == 80


def test_b10_same_new_key_from_two_sources_at_once_has_one_owner(desk, make):
    feeds = [desk.feed(f"s{n}") for n in range(2)]
    barrier = threading.Barrier(2)

    def pull(feed, content):
        results = []
        for n in range(10):
            barrier.wait(10)
            results.append(feed.row(f"r{n}", f"{content}{n}", make.draft("LA", f"c{n}", f"{content}{n}")))
        return results

    with ThreadPoolExecutor(2) as pool:
        results = [figures for part in pool.map(pull, feeds, ("mine", "yours")) for figures in part]
    assert sum(f.accepted for f in results) == sum(f.conflicts for f in results) == 10
    assert len(desk.rows(record, "id")) == 10
