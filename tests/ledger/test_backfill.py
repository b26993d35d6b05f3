# SPDX-License-Identifier: Apache-2.0
"""Back-fills: history slice by slice beside the pulls, resumable at every chunk, on both databases."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from gateway.errors import Fenced
from gateway.flow.backfill import BackFilling, due, is_active, step
from gateway.flow.collect import Handling, Pull, pull
from gateway.flow.cursor import Cursor
from gateway.flow.translating import Translator
from gateway.ledger import backfills, runs
from gateway.ledger.overview import sources
from gateway.ledger.tables import lane, record, source
from gateway.ledger.worker_tables import worker
from gateway.model.finding import Finding
from gateway.model.person import Actor
from gateway.model.priority import Priority
from gateway.model.record import Level, Row, SourceKind
from gateway.ports import Examined, Mapped, Page, Position, Window

OPERATOR = Actor("wang", None, "account")
END = "20"


def row(number: int) -> Row:
    raw = f"第{number}行".encode()
    return Row(f"r{number:02d}", {"n": number}, raw, hashlib.sha256(raw).digest(), f"{number:02d}")


@dataclass
class History:
    """A source of numbered rows stamped by their number; ``fails_at`` breaks reading there."""

    numbers: Sequence[int]
    name: str = "s1"
    kind: SourceKind = SourceKind.STATE
    fails_at: int | None = None
    reads: list[tuple[str | None, str | None]] = field(default_factory=list)

    def check(self) -> tuple[Finding, ...]:
        return ()

    def window(self, floor: str | None) -> Window:
        return Window(floor, END)

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        self.reads.append((window.floor, after.row_id if after else None))
        stamps = [n for n in self.numbers if (window.floor or "") <= f"{n:02d}" <= window.until]
        left = [n for n in stamps if after is None or f"r{n:02d}" > str(after.row_id)]
        if self.fails_at in left[:size]:
            raise KeyboardInterrupt
        rows = tuple(row(n) for n in left[:size])
        end = Position(rows[-1].stamp, rows[-1].row_id) if rows else after or Position(None, None)
        return Page(rows, end, len(left) > size)

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        return highest or window.floor

    def estimate(self, window: Window) -> int | None:
        return None

    def close(self) -> None:
        pass


class OneEach:
    """One record of each row."""

    version = "m1"
    asks = False

    def __init__(self, make: Any) -> None:
        self._make = make

    def wants(self, _row: Row) -> tuple[()]:
        return ()

    def map(self, row: Row, _numbers: object) -> Mapped:
        return Mapped((self._make.draft("LA", f"case-{row.row_id}", row.raw.decode()),), ())


class Content:
    """Everything passes."""

    def check(self, documents: Sequence[bytes], _level: object = None, _now: object = None) -> list[Examined]:
        return [Examined() for _ in documents]


@dataclass
class Filler:
    """One plan over a source, and what reads it."""

    desk: Any
    make: Any
    history: History
    rate: int = 4
    plan: int = 0

    def __post_init__(self) -> None:
        self.handling = Handling(OneEach(self.make), Content(), Level.L1, None, "p1", "a1")  # type: ignore[arg-type]

    def planned(self, *bounds: str, run: bool = True) -> bool:
        cut = [(Window(low, high), 4) for low, high in pairwise(bounds)]
        with self.desk.ledger.begin() as connection:
            runs.make_known(connection, "s1", SourceKind.STATE, Level.L1, runs.WAITING_LIMITS[Level.L1])
            now = self.desk.ledger.now()
            cursor = Cursor(bounds[-1]).text()
            self.plan, begins = backfills.make(connection, OPERATOR, "s1", cut, self.rate, "历史", cursor, now)
            if run:
                backfills.change(connection, OPERATOR, self.plan, "running", "开始", now)
        return begins

    def job(self) -> BackFilling:
        return BackFilling(
            self.desk.ledger, {"s1": lambda: self.history}, {"s1": self.handling}, self.desk.clock, Translator(), 2,
            lambda _records: None, lambda: False,
        )  # fmt: skip

    def fill(self, job: BackFilling, steps: int = 100) -> int:
        rows = 0
        for _ in range(steps):
            for each in due(job):
                rows += step(job, each)
            if not is_active(job):
                break
            self.desk.clock.advance(1)
        return rows

    def steer(self, to: str) -> None:
        with self.desk.ledger.begin() as connection:
            backfills.change(connection, OPERATOR, self.plan, to, "因故", self.desk.ledger.now())

    def shown(self) -> dict[str, Any]:
        with self.desk.ledger.reading() as connection:
            found = backfills.shown(connection, self.plan)
        assert found is not None
        return found

    def pull(self) -> int:
        return pull(Pull(self.desk.ledger, self.history, self.handling, self.desk.clock)).figures.accepted


@pytest.fixture
def filler(desk: Any, make: Any) -> Filler:
    return Filler(desk, make, History(range(1, 21)))


def held(desk: Any) -> list[str]:
    return sorted(key for (key,) in desk.rows(record, "key"))


def test_a_history_is_read_slice_by_slice_in_the_class_of_back_fills(desk: Any, filler: Filler) -> None:
    assert filler.planned("01", "07", "13"), "the source was never pulled"
    assert filler.fill(filler.job()) == 7 + 7, "neighbours share their bound"
    shown = filler.shown()
    assert (shown["state"], shown["slices_done"], shown["slices_total"]) == ("done", 2, 2)
    assert (shown["rows"], shown["accepted"], shown["rereads"]) == (14, 13, 1)
    assert len(held(desk)) == 13
    assert {priority for (priority,) in desk.rows(lane, "priority")} == {Priority.BACK_FILL}
    assert filler.pull() == 20 - 13, "its pulls begin where the history ends"
    with desk.ledger.reading() as connection:
        (told,) = sources(connection)
    assert told["state"] == "done", "a back-fill is no pull"


def test_the_cursor_of_the_pulls_stays_and_pulls_go_on_between_steps(desk: Any, filler: Filler) -> None:
    filler.pull()
    ((before,),) = desk.rows(source, "cursor")
    assert not filler.planned("01", "20"), "it was pulled before"
    job = filler.job()
    filler.fill(job, steps=1)
    assert filler.pull() == 0
    filler.fill(job)
    assert desk.rows(source, "cursor") == [(before,)]
    assert (filler.shown()["rereads"], filler.shown()["accepted"]) == (20, 0), "what is known is a re-read"
    assert filler.shown()["state"] == "done"


def test_a_process_that_dies_amid_a_slice_reads_on_where_its_last_chunk_ended(desk: Any, filler: Filler) -> None:
    filler.planned("01", "20")
    filler.history.fails_at = 11
    with pytest.raises(KeyboardInterrupt):
        filler.fill(filler.job())
    done = len(held(desk))
    assert 0 < done <= 10
    filler.history.fails_at = None
    filler.history.reads.clear()
    desk.declare_gone(*[number for (number,) in desk.rows(worker, "id")])
    filler.fill(filler.job())
    assert filler.history.reads[0][1] is not None, "not from the beginning of the slice"
    assert len(held(desk)) == 20
    shown = filler.shown()
    assert (shown["state"], shown["accepted"], shown["rows"]) == ("done", 20, 20), "the figures of the dead run count"


def test_the_rate_is_kept(desk: Any, filler: Filler) -> None:
    filler.planned("01", "20")
    job = filler.job()
    seconds = 0
    while is_active(job):
        for each in due(job):
            step(job, each)
        desk.clock.advance(1)
        seconds += 1
    assert 20 / filler.rate <= seconds <= 20 / filler.rate + 2


def test_a_paused_plan_rests_and_an_aborted_one_never_goes_on(desk: Any, filler: Filler) -> None:
    filler.planned("01", "20")
    job = filler.job()
    filler.fill(job, steps=1)
    before = held(desk)
    filler.steer("paused")
    assert filler.fill(job, steps=3) == 0
    filler.steer("running")
    desk.clock.advance(2)
    assert filler.fill(job, steps=1) > 0
    (each,) = due_slices(filler)
    filler.steer("aborted")
    with pytest.raises(Fenced):
        step(job, each)
    assert filler.fill(job, steps=3) == 0
    assert set(before) < set(held(desk)), "what was accepted stays"
    with pytest.raises(backfills.NotThisBackfill):
        filler.steer("running")


def due_slices(filler: Filler) -> list[backfills.Slice]:
    with filler.desk.ledger.reading() as connection:
        return backfills.next_slices(connection)


def test_a_source_has_one_back_fill_at_a_time(filler: Filler) -> None:
    filler.planned("01", "10", run=False)
    with pytest.raises(backfills.BackfillUnderWay):
        filler.planned("10", "20")
    filler.steer("aborted")
    filler.planned("10", "20")


def test_only_sources_that_the_ledger_knows_can_be_back_filled(desk: Any) -> None:
    with pytest.raises(backfills.NotThisBackfill), desk.ledger.begin() as connection:
        backfills.make(connection, OPERATOR, "stranger", [(Window("1", "2"), 1)], 1, "历史", "", 0)
