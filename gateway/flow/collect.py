# SPDX-License-Identifier: Apache-2.0
"""Collect: one bounded pull of one source, chunk by chunk, each chunk one durable transaction (ledger.md B2, B5, B14)."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import GatewayError, SourceError, SourceHeld
from gateway.flow.absence import compare
from gateway.flow.cursor import Cursor
from gateway.flow.fetching import Fetching, PackageSource, fetch_packages
from gateway.flow.tell import tell
from gateway.flow.translating import Begun, Hands, Translator
from gateway.flow.withdraw import WithdrawalForm, withdrawing
from gateway.ledger.intake import Chunk
from gateway.ledger.numbers import NumbersTaken
from gateway.ledger.packed import offer
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.store import Ledger
from gateway.model.case_record import Sender
from gateway.model.record import Level, Row
from gateway.ports import Clock, Listed, Mapper, Page, Source, Told, Validator, Window

_NUMBERINGS = 5
SUSPICIOUS_DEATHS = 2
"""Runs in a row that died while pulling a source, from which on its next chunk is worked on in a child (B15)."""

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
    sender: Sender | None = None
    withdrawal: WithdrawalForm | None = None
    fetching: Fetching | None = None
    """How packages are judged, of a source that gives packages and no rows."""


@dataclass(frozen=True, slots=True)
class Pull:
    """Everything one pull needs."""

    ledger: Ledger
    source: Source
    handling: Handling
    clock: Clock
    translator: Translator = field(default_factory=Translator)
    chunk: int = 500
    sweep: bool = False
    """Read the source whole, whatever was read before: finds rows committed too late, and rows that are gone."""
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

    What the source has not heard yet is told first (B17). Where the whole source was read, rows that are gone are
    looked for (T4). Raises SourceError when the source is gone (the run is closed as failed, what was committed stays),
    SourceHeld when it is parked, Fenced when another puller has taken over.
    """
    parked = job.ledger.held(job.source.name)
    if parked is not None:
        code, figures = parked
        raise SourceHeld(f"{job.source.name}: {code} " + ", ".join(f"{name}={n}" for name, n in figures.items()))
    lease = job.ledger.start_run(
        job.source.name, job.source.kind, job.handling.level, job.clock.now(), job.handling.waiting
    )
    try:
        if isinstance(job.source, PackageSource):
            fetch_packages(job, job.source, lease)
            return Pulled(lease.run_id, job.ledger.end_run(lease, "done"))
        tell(job.ledger, job.source, lease.source_id)
        _withdraw(job, lease)
        whole = _read_to_end(job, lease)
        if whole and isinstance(job.source, Listed) and job.source.comparable and (job.sweep or job.source.snapshot):
            compare(job.ledger, job.source, lease)
    except GatewayError as error:
        job.ledger.end_run(lease, "failed", error.spoken("zh"))
        raise
    return Pulled(lease.run_id, job.ledger.end_run(lease, "done"))


def _withdraw(job: Pull, lease: RunLease) -> None:
    """Carry out the withdrawals that people have decided since the last run (T4)."""
    decided = job.ledger.decided_withdrawals(lease)
    if not decided:
        return
    handling = job.handling
    if handling.withdrawal is None:
        raise AssertionError(job.source.name)
    now = job.clock.now().isoformat(timespec="seconds")
    observations = withdrawing(decided, handling.withdrawal, handling.validator, handling.level, now)
    chunk = Chunk(
        tuple(observations), {}, lease.cursor, 0, 0, handling.pack, handling.mapper.version, handling.adapter,
        sender=handling.sender, withdrawals=tuple(each.number for each in decided),
    )  # fmt: skip
    job.grew(job.ledger.commit_chunk(lease, chunk).accepted)


def _read_to_end(job: Pull, lease: RunLease) -> bool:
    """Finish the window of a run that died, which ends at that run's clock, then read on from there to now.

    Tell whether the source was read whole in this run, from its beginning to its end.
    """
    cursor = Cursor.parse(lease.cursor)
    done = 0
    if cursor.window is not None:
        cursor, done = _read_window(job, lease, cursor, done)
    if cursor.window is None:
        whole = job.sweep or cursor.floor is None
        cursor, done = _read_window(job, lease, cursor, done)
        return whole and cursor.window is None
    return False


def _read_window(job: Pull, lease: RunLease, cursor: Cursor, done: int) -> tuple[Cursor, int]:
    """Read the cursor's window, or one opened now, to its end; return the cursor behind it and the rows read so far.

    Pages are translated while those before them are being committed, and are committed in their order. Where the run
    is told to stop, what is under way is still committed and the cursor holds its window.
    """
    window = cursor.window or job.source.window(None if job.sweep else cursor.floor)
    rows = job.source.estimate(window)
    expected = None if rows is None else done + rows
    pages = Pages(job, lease, window, cursor)
    while pages.fill():
        page, accepted = pages.commit()
        done += len(page.rows)
        if accepted:
            job.grew(accepted)
        if page.file is not None or _marks(page):
            tell(job.ledger, job.source, lease.source_id)
        job.progress(done, expected)
    return pages.cursor, done


class BegunPage:
    """A page on its way: its new rows, the cursor behind it, and whether it is the last one of its window."""

    def __init__(self, page: Page, fresh: Sequence[Row], cursor: Cursor, translation: Begun, *, last: bool) -> None:
        self.page, self.fresh, self.cursor, self.translation, self.last = page, fresh, cursor, translation, last

    def shows(self) -> Iterator[tuple[str, bytes]]:
        """Yield what row memory will hold of this page; of an unreadable row nothing equals it."""
        yield from ((row.row_id, row.digest) for row in self.fresh)
        yield from ((each.row_id, b"") for each in self.page.unreadable)


class Pages:
    """The pages of one window: read ahead as far as the translator works ahead, committed one by one."""

    def __init__(self, job: Pull, lease: RunLease, window: Window, cursor: Cursor) -> None:
        self._job, self._lease, self._window = job, lease, window
        self.cursor = cursor
        self._after, self._more = cursor.position, True
        self._begun: deque[BegunPage] = deque()
        self._fault: GatewayError | None = None
        self._absent: set[str] | None = None

    def fill(self) -> bool:
        """Begin as many pages as may be on their way, and tell whether there is one to commit.

        Raises what reading raised, once everything read before it is committed.
        """
        # What wants to be told is told of a page before the next one is read.
        alone = self._suspicious or isinstance(self._job.source, Told)
        ahead = 0 if alone else self._job.translator.ahead
        while len(self._begun) <= ahead and self._more and not self._job.stopping():
            try:
                self._begun.append(self._begin())
            except SourceError as fault:
                self._fault, self._more = fault, False
        if not self._begun and self._fault is not None:
            raise self._fault
        return bool(self._begun)

    def commit(self) -> tuple[Page, int]:
        """Commit the oldest page begun; return it and how many records were accepted.

        A page of nothing but re-reads costs no commit unless it ends the run.
        """
        begun = self._begun.popleft()
        page = begun.page
        told = page.file is not None or bool(_marks(page)) or bool(self._absences(page))
        if not begun.fresh and not page.unreadable and not begun.last and not told:
            self._lease.note_rereads(len(begun.page.rows))
            return begun.page, 0
        for attempt in range(1, _NUMBERINGS + 1):
            try:
                return begun.page, self._write(begun).accepted
            except NumbersTaken:
                if attempt == _NUMBERINGS:
                    raise
                # Later pages may have been given the same numbers.
                for each in (begun, *self._begun):
                    each.translation = self._translate(each.fresh)
        raise AssertionError

    def _absences(self, page: Page) -> set[str]:
        """Return the rows of a page that are gone and were not known to be, or that were and are back."""
        if not page.gone and not page.back:
            return set()
        if self._absent is None:
            self._absent = {row_id for row_id, each in self._job.ledger.absences(self._lease).items() if each.settled}
        changed = self._absent.symmetric_difference(page.gone) & {*page.gone, *page.back}
        self._absent = (self._absent | set(page.gone)) - set(page.back)
        return changed

    def _write(self, begun: BegunPage) -> Figures:
        """Make a page durable; raises NumbersTaken when its rows must be mapped again."""
        return self._job.ledger.commit_chunk(self._lease, self._chunk(begun))

    def _behind(self, page: Page) -> Cursor:
        """Return the cursor behind a page."""
        return _advance(self._job.source, self.cursor, self._window, page)

    def _is_last(self, page: Page) -> bool:
        """Tell whether the window ends with a page."""
        return not page.more

    @property
    def _suspicious(self) -> bool:
        return self._lease.deaths >= SUSPICIOUS_DEATHS

    def _begin(self) -> BegunPage:
        """Read the next page and begin to translate what is new in it, pages on their way included (B2)."""
        page = self._job.source.read(self._window, self._after, self._job.chunk)
        last = self._is_last(page)
        self._after, self._more = page.after, not last
        self.cursor = self._behind(page)
        known = self._job.ledger.remembered(self._lease, [row.row_id for row in page.rows])
        for earlier in self._begun:
            known.update(earlier.shows())
        fresh = [row for row in page.rows if known.get(row.row_id) != row.digest]
        return BegunPage(page, fresh, self.cursor, self._translate(fresh), last=last)

    def _translate(self, fresh: Sequence[Row]) -> Begun:
        handling = self._job.handling
        now = self._job.clock.now().isoformat(timespec="seconds")
        hands = Hands(self._job.source.name, handling.mapper, handling.validator, handling.level, now)
        return self._job.translator.begin(hands, fresh, self._job.ledger.numbers, suspicious=self._suspicious)

    def _chunk(self, begun: BegunPage) -> Chunk:
        handling, page = self._job.handling, begun.page
        observations, packed = begun.translation.finish()
        return Chunk(
            observations=tuple(observations),
            offer=offer(packed, observations) if packed is not None else None,
            numbers=begun.translation.numbers,
            cursor=begun.cursor.text(),
            rows=len(page.rows),
            rereads=len(page.rows) - len(begun.fresh),
            pack=handling.pack,
            mapping=handling.mapper.version,
            adapter=handling.adapter,
            unreadable=page.unreadable,
            marks=_marks(page),
            file=page.file,
            again=_again(page, begun.fresh),
            gone=page.gone,
            back=page.back,
            sender=handling.sender,
        )


def _advance(source: Source, cursor: Cursor, window: Window, page: Page) -> Cursor:
    """Move the cursor past a page; rows without a usable stamp never move the floor (B14)."""
    usable = [row.stamp for row in page.rows if row.stamp is not None and row.stamp <= window.until]
    highest = cursor.seen(usable)
    if page.more:
        return Cursor(cursor.floor, window, page.after, highest)
    return Cursor(source.next_floor(window, highest) or cursor.floor)


def _again(page: Page, fresh: Sequence[Row]) -> dict[str, int | None]:
    """Return the rows of a file's page that were read before, with the lines they stand on now (B17)."""
    if page.file is None:
        return {}
    new = {row.row_id for row in fresh}
    return {row.row_id: row.spot.line if row.spot else None for row in page.rows if row.row_id not in new}


def _marks(page: Page) -> dict[str, str]:
    shown = {row.row_id: row.mark for row in page.rows if row.mark is not None}
    return shown | {each.row_id: each.mark for each in page.unreadable if each.mark is not None}
