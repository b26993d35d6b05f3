# SPDX-License-Identifier: Apache-2.0
"""Back-fill: read history slice by slice beside the pulls, throttled, a chunk at a time (ledger.md B5, B14).

Each step takes the source over for a short while, as a pull does, reads on where the slice stands and lets go of it
again. The cursor of the source's pulls does not move; where the slice goes on is written with each chunk. What it
brings is sent in the class of back-fill.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.flow.collect import BegunPage, Handling, Pages, Pull
from gateway.flow.cursor import Cursor
from gateway.flow.translating import Translator
from gateway.ledger import backfills
from gateway.ledger.backfills import Slice
from gateway.ledger.claims import Transaction
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.store import Ledger
from gateway.model.priority import Priority
from gateway.ports import Clock, Page, Position, Source

SHIFT = 2.0
"""Seconds after which a step lets go of its source: a pull that is due waits no longer."""


@dataclass(slots=True)
class BackFilling:
    """What a step needs; ``spent`` remembers until when each plan has used up its rate (monotonic seconds)."""

    ledger: Ledger
    open: Mapping[str, Callable[[], Source]]
    handlings: Mapping[str, Handling]
    clock: Clock
    translator: Translator
    chunk: int
    grew: Callable[[int], None]
    stopping: Callable[[], bool]
    spent: dict[int, float] = field(default_factory=dict)


def due(job: BackFilling) -> list[Slice]:
    """Return the slices that may go on now: of running plans that have not used up their rate."""
    with job.ledger.reading() as connection:
        found = backfills.next_slices(connection)
    now = job.clock.monotonic()
    return [each for each in found if each.source in job.open and job.spent.get(each.plan, now) <= now]


def is_active(job: BackFilling) -> bool:
    """Tell whether any plan runs that has a slice left to read here."""
    with job.ledger.reading() as connection:
        return any(each.source in job.open for each in backfills.next_slices(connection))


def step(job: BackFilling, each: Slice) -> int:
    """Read on in a slice for a short while; return the rows read.

    Raises SourceError, Fenced when a pull took over meanwhile, Overlap while another worker reads the source.
    """
    handling = job.handlings[each.source]
    with closing(job.open[each.source]()) as source:
        lease = job.ledger.start_run(
            source.name, source.kind, handling.level, job.clock.now(), handling.waiting, priority=Priority.BACK_FILL
        )
        try:
            with job.ledger.begin() as connection:
                backfills.joined(connection, each, lease.run_id)
            pages = _SlicePages(job, source, handling, lease, each)
            rows = pages.read()
        except GatewayError as error:
            job.ledger.end_run(lease, "failed", error.spoken("zh"))
            raise
        job.ledger.end_run(lease, backfills.RUN)
    if pages.ended:
        with job.ledger.begin() as connection:
            backfills.close_if_done(connection, each.plan, job.ledger.now())
    job.spent[each.plan] = pages.began + rows / each.rate
    return rows


class _SlicePages(Pages):
    """Pages of one slice: they move the slice on, never the source's cursor."""

    def __init__(self, job: BackFilling, source: Source, handling: Handling, lease: RunLease, each: Slice) -> None:
        pull = Pull(
            job.ledger, source, handling, job.clock, job.translator, max(1, min(job.chunk, each.rate)),
            stopping=self._enough, grew=job.grew,
        )  # fmt: skip
        super().__init__(pull, lease, each.window, Cursor.parse(lease.cursor))
        self._filling, self._slice = job, each
        self._after = each.position
        self.began = job.clock.monotonic()
        self._begun_rows = 0
        self._unwritten: Position | None = None
        self.ended = False

    def read(self) -> int:
        """Read and commit until the slice ends or the shift is over; return the rows read."""
        rows = 0
        while self.fill():
            page, accepted = self.commit()
            rows += len(page.rows)
            self._job.grew(accepted)
        if self._unwritten is not None:  # nothing but re-reads since the last commit
            with self._job.ledger.begin() as connection:
                self._move(connection, self._unwritten, ended=False)
        return rows

    def commit(self) -> tuple[Page, int]:
        """Commit the oldest page begun, as every pull does, and remember where the slice goes on."""
        self._unwritten = self._begun[0].page.after
        return super().commit()

    def _write(self, begun: BegunPage) -> Figures:
        def also(connection: Transaction) -> None:
            self._move(connection, begun.page.after, ended=begun.last)

        figures = self._job.ledger.commit_chunk(self._lease, self._chunk(begun), also)
        self._unwritten = None
        self.ended = self.ended or begun.last
        return figures

    def _move(self, connection: Transaction, position: Position, *, ended: bool) -> None:
        backfills.advance(connection, self._slice, position, ended=ended, now=self._job.ledger.now())

    def _behind(self, page: Page) -> Cursor:
        self._begun_rows += len(page.rows)
        return self.cursor

    def _is_last(self, page: Page) -> bool:
        """Rows without a usable stamp come behind the dated ones; every pull reads them anyhow."""
        return not page.more or page.after.undated

    def _enough(self) -> bool:
        return (
            self._filling.stopping()
            or self._filling.clock.monotonic() > self.began + SHIFT
            or self._begun_rows >= self._slice.rate * SHIFT
        )
