# SPDX-License-Identifier: Apache-2.0
"""Collect: one bounded pull of one source, chunk by chunk, each chunk one durable transaction (ledger.md B2, B5, B14)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import GatewayError
from gateway.flow.cursor import Cursor
from gateway.flow.translate import translate
from gateway.ledger.intake import Chunk
from gateway.ledger.numbers import NumbersTaken
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.store import Ledger
from gateway.model.record import Level, Row
from gateway.ports import Clock, Mapper, Page, Source, Validator, Window

_NUMBERINGS = 5

Progress = Callable[[int, int | None], None]
"""Called after each chunk with the rows read so far and the rows expected, if known."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What handles the rows of a source, and the versions that each record remembers."""

    mapper: Mapper
    validator: Validator
    level: Level
    waiting: timedelta | None
    pack: str
    adapter: str


@dataclass(frozen=True, slots=True)
class Pull:
    """Everything one pull needs."""

    ledger: Ledger
    source: Source
    handling: Handling
    clock: Clock
    chunk: int = 500
    stopping: Callable[[], bool] = lambda: False
    grew: Callable[[int], None] = lambda _records: None
    progress: Progress = lambda _done, _expected: None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A finished run: its number in the ledger and its figures."""

    run_id: int
    figures: Figures


def pull(job: Pull) -> Pulled:
    """Read the source from its cursor to now and return the figures of the run.

    Raises SourceError when the source is gone (the run is closed as failed, what was committed stays), Fenced when
    another puller has taken over.
    """
    lease = job.ledger.start_run(
        job.source.name, job.source.kind, job.handling.level, job.clock.now(), job.handling.waiting
    )
    try:
        _read_to_end(job, lease)
    except GatewayError as error:
        job.ledger.end_run(lease, "failed", error.spoken("zh"))
        raise
    return Pulled(lease.run_id, job.ledger.end_run(lease, "done"))


def _read_to_end(job: Pull, lease: RunLease) -> None:
    """Finish the window of a run that died, which ends at that run's clock, then read on from there to now."""
    cursor = Cursor.parse(lease.cursor)
    done = 0
    if cursor.window is not None:
        cursor, done = _read_window(job, lease, cursor, done)
    if cursor.window is None:
        _read_window(job, lease, cursor, done)


def _read_window(job: Pull, lease: RunLease, cursor: Cursor, done: int) -> tuple[Cursor, int]:
    """Read the cursor's window, or one opened now, to its end; return the cursor behind it and the rows read so far.

    Where the run is told to stop, the cursor still holds its window.
    """
    window = cursor.window or job.source.window(cursor.floor)
    rows = job.source.estimate(window)
    expected = None if rows is None else done + rows
    after = cursor.position
    more = True
    while more and not job.stopping():
        page = job.source.read(window, after, job.chunk)
        done += len(page.rows)
        cursor = _advance(job.source, cursor, window, page)
        accepted = _commit(job, lease, page, cursor)
        if accepted:
            job.grew(accepted)
        job.progress(done, expected)
        after, more = page.after, page.more
    return cursor, done


def _advance(source: Source, cursor: Cursor, window: Window, page: Page) -> Cursor:
    """Move the cursor past a page; rows without a usable stamp never move the floor (B14)."""
    usable = [row.stamp for row in page.rows if row.stamp is not None and row.stamp <= window.until]
    highest = cursor.seen(usable)
    if page.more:
        return Cursor(cursor.floor, window, page.after, highest)
    return Cursor(source.next_floor(window, highest) or cursor.floor)


def _commit(job: Pull, lease: RunLease, page: Page, cursor: Cursor) -> int:
    """Commit what is new in a page; a page of nothing but re-reads costs no commit unless it ends the run."""
    known = job.ledger.remembered(lease, [row.row_id for row in page.rows])
    fresh = [row for row in page.rows if known.get(row.row_id) != row.digest]
    if not fresh and not page.unreadable and page.more:
        lease.note_rereads(len(page.rows))
        return 0
    for attempt in range(1, _NUMBERINGS + 1):
        try:
            return job.ledger.commit_chunk(lease, _chunk(job, page, fresh, cursor)).accepted
        except NumbersTaken:
            if attempt == _NUMBERINGS:
                raise
    raise AssertionError


def _chunk(job: Pull, page: Page, fresh: Sequence[Row], cursor: Cursor) -> Chunk:
    """Map and validate the new rows of a page, with the numbers that the ledger proposes for them."""
    mapper = job.handling.mapper
    numbers = job.ledger.numbers(dict.fromkeys(request for row in fresh for request in mapper.wants(row)))
    return Chunk(
        observations=tuple(translate(fresh, mapper, numbers, job.handling.validator)),
        numbers=numbers,
        cursor=cursor.text(),
        rows=len(page.rows),
        rereads=len(page.rows) - len(fresh),
        pack=job.handling.pack,
        mapping=mapper.version,
        adapter=job.handling.adapter,
        unreadable=page.unreadable,
    )
