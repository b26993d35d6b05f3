# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is: classes of urgency with guaranteed shares, departments in turn, the legal clock first (ledger.md B11)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import text

from gateway.ledger import lanes, turns
from gateway.ledger.claims import claim
from gateway.ledger.tables import lane
from gateway.model.priority import NEVER, SHARES, Priority
from gateway.model.record import Level

DAY = 24 * 3600 * 1_000_000
NOTHING: frozenset[str] = frozenset()


def stand(desk: Any, groups: dict[tuple[Priority, str], int], due: int = NEVER) -> None:
    """Let so many lanes of each class and department stand in line at the first destination."""
    here = desk.ledger.routes[0].destination_id
    with desk.ledger.begin() as connection:
        places = {
            f"{priority.name} {org} {number:04}": lanes.Place(priority, org, due)
            for (priority, org), count in groups.items()
            for number in range(count)
        }
        lanes.line_up(connection, here, places, 1)


def ask(desk: Any, limit: int, turn: int = 0) -> dict[str, Priority]:
    with desk.ledger.reading() as connection:
        here = desk.ledger.routes[0].destination_id
        return turns.ready_lanes(connection, here, limit, desk.ledger.now(), turn)


def counted(taken: dict[str, Priority], word: int) -> dict[str, int]:
    return dict(Counter(name.split()[word] for name in taken))


def test_every_class_gets_its_share_and_none_starves(desk: Any) -> None:
    stand(desk, {(priority, "org"): 300 for priority in Priority})
    assert counted(ask(desk, 200), 0) == {priority.name: share * 10 for priority, share in SHARES.items()}


def test_what_a_class_leaves_goes_to_the_first_that_has_any(desk: Any) -> None:
    stand(desk, {(Priority.MASTER_DATA, "org"): 2, (Priority.ORDINARY, "org"): 300, (Priority.REPLAY, "org"): 300})
    assert counted(ask(desk, 100), 0) == {"MASTER_DATA": 2, "ORDINARY": 93, "REPLAY": 5}


def test_an_idle_destination_gives_a_replay_everything(desk: Any) -> None:
    stand(desk, {(Priority.REPLAY, "org"): 90})
    assert len(ask(desk, 500)) == 90


def test_packages_of_one_record_keep_the_shares_too(desk: Any) -> None:
    stand(desk, {(priority, "org"): 20 for priority in Priority})
    seen = Counter(priority for turn in range(20) for priority in ask(desk, 1, turn).values())
    assert seen == SHARES


def test_departments_take_turns_however_much_one_has(desk: Any) -> None:
    stand(desk, {(Priority.ORDINARY, "loud"): 900, (Priority.ORDINARY, "calm"): 30, (Priority.ORDINARY, "small"): 5})
    assert counted(ask(desk, 90), 1) == {"loud": 55, "calm": 30, "small": 5}


def test_a_lane_whose_legal_clock_runs_out_goes_first_whatever_its_class(desk: Any) -> None:
    stand(desk, {(Priority.ORDINARY, "org"): 50, (Priority.CLOCK, "org"): 1})
    now = desk.ledger.now()
    stand(desk, {(Priority.BACK_FILL, "late"): 1}, due=now + DAY)
    stand(desk, {(Priority.BACK_FILL, "later"): 1}, due=now + 30 * DAY)
    taken = list(ask(desk, 5))
    assert "BACK_FILL late 0000" in taken
    assert "BACK_FILL later 0000" not in taken
    assert ask(desk, 500)["BACK_FILL late 0000"] is Priority.CLOCK
    assert len(ask(desk, 500)) == 53


def test_a_lane_goes_up_when_something_urgent_joins_it(desk: Any) -> None:
    stand(desk, {(Priority.REPLAY, "org"): 1})
    here = desk.ledger.routes[0].destination_id
    with desk.ledger.begin() as connection:
        lanes.line_up(connection, here, {"REPLAY org 0000": lanes.Place(Priority.ORDINARY, "org", 99)}, 2)
        lanes.line_up(connection, here, {"REPLAY org 0000": lanes.Place(Priority.BACK_FILL, "org", NEVER)}, 3)
    assert desk.rows(lane, "priority", "due", "since") == [(Priority.ORDINARY, 99, 1)]


def test_back_fill_puts_all_that_a_run_collects_into_its_class(desk: Any, make: Any) -> None:
    feed = desk.feed(priority=Priority.BACK_FILL)
    feed.show(
        make.seen("1", "a", make.draft("JD", "c1", "x")), make.seen("2", "b", make.draft("SX", None, "y", code="z"))
    )
    assert {priority for (priority,) in desk.rows(lane, "priority")} == {Priority.BACK_FILL}


def test_master_data_stands_before_what_names_it_in_the_package(desk: Any, make: Any) -> None:
    feed = desk.feed()
    feed.show(*(make.seen(f"{n}", f"{n}", make.draft("JD", f"c{n}", "x")) for n in range(30)))
    feed.row("item", "item", make.draft("SX", None, "item", code="item"))
    with desk.ledger.begin() as connection:
        claimed = claim(connection, desk.ledger.routes[0], 1, desk.ledger.ids, desk.ledger.now(), NOTHING)
    assert claimed is not None
    assert claimed.records[0].key == "SX:item"
    assert len(claimed.records) == 31


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_questions_walk_their_indexes_on_sqlite(desk: Any) -> None:
    compiled = str(turns._of_group().compile(compile_kwargs={"literal_binds": False}))
    with desk.ledger.reading() as connection:
        values = {"here": 1, "priority": 1, "org_code": "x", "limit": 1, "offset": 0, "soon": 5}
        plans = [
            connection.execute(text(f"EXPLAIN QUERY PLAN {question}"), values).all()
            for question in (compiled.replace(" FOR UPDATE", ""), str(turns._GROUPS))
        ]
    said = [" ".join(str(row[-1]) for row in plan) for plan in plans]
    assert all("ix_lane_ready" in each and "TEMP B-TREE" not in each for each in said), said


def test_order_inside_a_lane_is_never_a_matter_of_class(desk: Any, make: Any) -> None:
    """B11: priority picks lanes, never records inside a lane."""
    feed = desk.feed(level=Level.L2, priority=Priority.REPLAY)
    feed.row("1", "a", make.draft("LA", "c1", "x", at="2026-01-01T09:00:00+08:00"))
    feed.lease.priority = Priority.CLOCK
    feed.row("2", "b", make.draft("JD", "c1", "y", at="2026-01-02T09:00:00+08:00"))
    with desk.ledger.begin() as connection:
        claimed = claim(connection, desk.ledger.routes[0], 1, desk.ledger.ids, desk.ledger.now(), NOTHING)
    assert claimed is not None
    assert [each.key for each in claimed.records] == ["LA:c1:1", "JD:c1:1"]


class Keeper:
    """A judge that finds nothing wrong and knows by when one case must be heard of."""

    master_data: Mapping[str, str] = {}  # as the protocol has it

    def __init__(self, due: dict[str, int]) -> None:
        self.due = due
        self.asked: list[int] = []

    def judge(self, *_shown: Any) -> dict[Any, Any]:
        return {}

    def wants_history(self, *_shown: Any) -> bool:
        return True

    def depends_on_state(self, _code: str) -> bool:
        return True

    def dues(self, history: Sequence[Any], admitted: Sequence[Any], _now: int) -> dict[Any, int]:
        self.asked.append(len(history))
        return {each.mark: self.due[each.record.key] for each in admitted if each.record.key in self.due}


def test_a_record_that_keeps_a_limit_of_the_law_goes_first(desk: Any, make: Any) -> None:
    """What stops a clock is in line by the end of its limit from intake on, and goes before all that came earlier."""
    keeper = Keeper({"LA:case-9:1": desk.ledger.now() + DAY})
    desk.ledger.judge = keeper
    feed = desk.feed(level=Level.L2)
    for number in range(1, 10):
        feed.row(f"r{number}", f"raw {number}", make.draft("LA", f"case-{number}", f"text {number}"))
    feed.end()
    assert dict(desk.rows(lane, "name", "due", destination_id=1)) == {
        **{f"case-{number}": NEVER for number in range(1, 9)}, "case-9": keeper.due["LA:case-9:1"],
    }  # fmt: skip
    assert next(iter(ask(desk, 5))) == "case-9"
    claimed = taken(desk)
    assert next(each.key for each in claimed.records) == "LA:case-9:1"


def taken(desk: Any) -> Any:
    route = desk.ledger.routes[0]
    with desk.ledger.begin() as connection:
        (worker,) = desk.ledger.membership.enlist(connection, ["m"], desk.ledger.now())
        claimed = claim(connection, route, worker, desk.ledger.ids, desk.ledger.now(), NOTHING)
    assert claimed is not None
    return claimed


def test_a_back_fill_is_asked_for_no_clock(desk: Any, make: Any) -> None:
    keeper = Keeper({"LA:case-1:1": desk.ledger.now() + DAY})
    desk.ledger.judge = keeper
    feed = desk.feed(level=Level.L2, priority=Priority.BACK_FILL)
    feed.row("r1", "raw", make.draft("LA", "case-1", "text"))
    assert keeper.asked == []
    assert desk.rows(lane, "due", destination_id=1) == [(NEVER,)]


def test_what_waited_is_in_line_by_its_limit_when_it_is_released(desk: Any, make: Any) -> None:
    keeper = Keeper({"GZ:case-1:1": desk.ledger.now() + DAY})
    desk.ledger.judge = keeper
    feed = desk.feed(level=Level.L2)
    feed.row("r2", "raw 2", make.draft("GZ", "case-1", "notice"))
    assert desk.rows(lane, "name") == []
    feed.row("r1", "raw 1", make.draft("LA", "case-1", "filing"))
    assert desk.rows(lane, "due", destination_id=1) == [(keeper.due["GZ:case-1:1"],)]
