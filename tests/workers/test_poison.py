# SPDX-License-Identifier: Apache-2.0
"""Rows that break the process which works on them: found, kept, refused, and passed (ledger.md B15, promise R5)."""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from gateway.errors import ChildError
from gateway.flow.translating import Crashed, Hands, Translated, Translator, halved
from gateway.model.record import Observation, Row
from gateway.ports import AllocationRequest
from tests.workers.conftest import DEADLY, RECORDS, pull_all

REFUSED = "SELECT row_id, outcome, code, findings FROM refusal ORDER BY row_id"
DEATHS = {
    "SEGFAULT": "SIGSEGV", "EXIT": "exit 3", "MEMORY": "MemoryError", "RECURSION": "RecursionError", "LOOP": "time limit",
}  # fmt: skip


def test_b15_r5_every_killer_row_is_refused_alone_and_the_cursor_passes(make_yard: Any) -> None:
    """Segmentation fault, exit, MemoryError, RecursionError and an endless loop, in one run with children."""
    yard = make_yard(limit="3s")
    rows = yard.spoil(**{name: name for name in DEATHS})
    figures = yard.collect(1, DEADLY)
    assert (figures.accepted + figures.waiting, figures.refused) == (RECORDS - len(DEATHS), len(DEATHS))
    found = {row_id: (outcome, code, json.loads(findings)) for row_id, outcome, code, findings in yard.ledger(REFUSED)}
    assert set(found) == set(rows.values())
    for name, how in DEATHS.items():
        outcome, code, findings = found[rows[name]]
        assert (outcome, code) == ("refused", "MAP-091")
        assert how in findings[0]["message"][0]
    again = yard.collect(1, DEADLY)
    assert (again.collected, again.rows) == (0, again.rereads)


def test_b15_a_run_that_died_twice_goes_on_in_a_child(make_yard: Any) -> None:
    """Without workers: rows under suspicion never run in the process itself, and the child goes when they are through."""
    yard = make_yard()
    rows = yard.spoil(SEGFAULT="SEGFAULT")
    yard.die_while_pulling("penalties", 2)
    assert yard.ledger("SELECT deaths FROM source WHERE name = 'penalties'") == [(1,)]  # the next start counts the 2nd
    with yard.gateway(0, DEADLY) as gateway:
        figures = pull_all(gateway)
        assert gateway.children.pids == []
    assert (figures.accepted + figures.waiting, figures.refused) == (RECORDS - 1, 1)
    assert [each[:3] for each in yard.ledger(REFUSED)] == [(rows["SEGFAULT"], "refused", "MAP-091")]
    assert yard.ledger("SELECT deaths FROM source WHERE name = 'penalties'") == [(0,)]


def test_b15_one_death_is_no_suspicion(make_yard: Any) -> None:
    """The first rows run in the process again, where the deadly program is not asked."""
    yard = make_yard()
    yard.spoil(SEGFAULT="SEGFAULT")
    yard.die_while_pulling("penalties", 1)
    assert yard.collect(0, DEADLY).accepted == RECORDS


def test_b15_suspicion_without_a_child_leaves_the_cursor(make_yard: Any) -> None:
    """GW-611: rows that may kill are not tried in the process; the run is retried later."""
    yard = make_yard()
    yard.die_while_pulling("penalties", 2)
    with pytest.raises(ChildError):
        yard.collect(0, (*DEADLY, "--no-start"))
    assert yard.ledger("SELECT cursor FROM source WHERE name = 'penalties'") == [("",)]
    assert yard.collect(0).accepted == RECORDS


def row(number: int) -> Row:
    return Row(str(number), {}, b"{}", b"%d" % number)


@pytest.mark.parametrize("deadly", [[], [0], [6], [2, 3], list(range(7))])
def test_b15_halving_asks_no_more_than_it_must(deadly: list[int]) -> None:
    calls: list[int] = []

    def work(rows: Sequence[Row]) -> list[str]:
        calls.append(len(rows))
        if any(int(each.row_id) in deadly for each in rows):
            raise Crashed("boom")
        return [each.row_id for each in rows]

    made = halved([row(n) for n in range(7)], work, lambda each, crash: f"{each.row_id} {crash}")
    assert made == [f"{n} boom" if n in deadly else str(n) for n in range(7)]
    assert len(calls) <= 1 + len(deadly) * 7


def test_b15_a_row_that_died_by_chance_is_tried_again() -> None:
    deaths = [1]

    def work(rows: Sequence[Row]) -> list[str]:
        if deaths and len(rows) == 1:
            deaths.pop()
            raise Crashed("chance")
        return [each.row_id for each in rows]

    assert halved([row(1)], work, lambda each, crash: "condemned") == ["1"]


class Asking:
    """A mapper of this process; ``1`` breaks it. Its children do the same and count their calls."""

    version = "v"
    asks = True
    size = 0

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        if row.row_id == "1":
            raise RecursionError
        return (AllocationRequest("n", "s", row.row_id),)

    def wanted(self, source: str, rows: Sequence[Row], *, apart: bool) -> list[tuple[AllocationRequest, ...]]:
        try:
            return [self.wants(each) for each in rows]
        except RecursionError:
            raise Crashed("RecursionError") from None

    def observe(self, source: str, rows: Sequence[Row], numbers: Any, *, apart: bool) -> "Future[Translated]":
        future: Future[Translated] = Future()
        future.set_result(Translated([Observation(each, (), ()) for each in rows]))
        return future

    def rest(self) -> None:
        self.rested = True

    def ready(self) -> bool:
        return True


def test_b15_a_row_that_breaks_the_asking_for_numbers_is_found_as_well() -> None:
    given: list[AllocationRequest] = []

    def give(requests: Any) -> dict[AllocationRequest, int]:
        given.extend(requests)
        return dict.fromkeys(given, 1)

    asking: Any = Asking()
    rows = [row(n) for n in range(4)]
    begun = Translator(asking).begin(Hands("s", asking, asking), rows, give)
    seen = begun.finish().observations
    assert [each.row for each in seen] == rows
    assert [[each.findings[0].code for each in one.refused] for one in seen] == [[], ["MAP-091"], [], []]
    assert sorted(each.subject for each in begun.numbers) == ["0", "2", "3"]
    assert asking.rested
