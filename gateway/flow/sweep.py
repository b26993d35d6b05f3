# SPDX-License-Identifier: Apache-2.0
"""Key sweep (主键清扫): what a source shows now against what the ledger remembers of it (ledger.md B14, B26).

The source is read whole, page by page, and nothing is written of it: a row agrees where its raw digest is the one last
seen. Every other row is named, with the keys it stands for, and with whether the next pull will read it anyhow.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol, runtime_checkable

from gateway.clock import moment
from gateway.errors import GatewayError
from gateway.flow.absence import Listing
from gateway.flow.cursor import Cursor
from gateway.flow.reconcile import Difference, DifferenceKind
from gateway.ledger import reconciling, row_memory
from gateway.ledger.golive import note_source_day
from gateway.ledger.reconciling import Head, Line, Noted, Sighting, SourceStand
from gateway.ledger.row_memory import Remembered
from gateway.ledger.store import Ledger
from gateway.model.package import statement_text
from gateway.model.record import Draft, Row
from gateway.ports import Listed, Mapper, Page, Position, Source

OVERLAP: Final = timedelta(minutes=30)
"""Overlap of a source that does not tell its own."""

MISSING, LATE, ALTERED, EXTRA = "missing", "late", "altered", "extra"

_NOWHERE: Final = Line("", "", "", "")


@runtime_checkable
class Consumed(Protocol):
    """A source whose rows are taken from it as they are read (files): it can't be read a second time."""

    consumes: bool


@runtime_checkable
class Overlapping(Protocol):
    """A source that tells how far back each pull reads again (B14)."""

    @property
    def overlap(self) -> timedelta:
        """The overlap."""


@dataclass(frozen=True, slots=True)
class RowFigures:
    """Rows and keys of one line, counted and summed like a statement: over ``key|row id|raw digest``."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row on which source and ledger differ; ``keys`` with their lines, none where the mapping refuses the row."""

    row_id: str
    kind: str
    read_again: bool
    ours: str
    theirs: str
    keys: tuple[tuple[str, Line], ...] = ()


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: figures of both sides by line, rows shown, rows known but refused, and every difference."""

    stand: SourceStand
    rows: int
    refused_rows: int
    source: dict[Line, RowFigures]
    ledger: dict[Line, RowFigures]
    differences: tuple[RowDifference, ...]
    overlap: timedelta

    def told(self, name: str, noted: Mapping[str, Noted]) -> list[Difference]:
        """Return the differences key by key, in the words of reconciliation."""
        found = []
        for each in self.differences:
            first, state = noted[each.row_id]
            for key, line in each.keys or (("", _NOWHERE),):
                found.append(
                    Difference(
                        "", line.day, key, DifferenceKind(each.kind), each.ours[:16], each.theirs[:16], line.org_code,
                        line.item_code, line.type, name, each.row_id, state, moment(first).isoformat(timespec="seconds"),
                    )
                )  # fmt: skip
        return found

    def sightings(self) -> list[Sighting]:
        """Return what the ledger keeps of the differences."""
        return [Sighting(each.row_id, each.kind, each.read_again) for each in self.differences]


def can_sweep(source: Source) -> bool:
    """Tell whether a source can be read again, and shows what is now: what was taken from it, or only happened, is gone."""
    if isinstance(source, Listed) and not source.comparable:
        return False
    return not (isinstance(source, Consumed) and source.consumes)


def sweep(
    ledger: Ledger,
    source: Source,
    mapper: Mapper,
    chunk: int = 500,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Swept | None:
    """Read a source whole and compare; None for one that was never pulled. Raises SourceError.

    ``advance`` hears of the rows of every page.
    """
    with ledger.reading() as connection:
        stand = reconciling.source_stand(connection, source.name)
    if stand is None:
        return None
    job = _Sweep(ledger, source, mapper, stand, chunk, advance)
    return job.run()


@dataclass(slots=True)
class _Sums:
    """Running figures of one side."""

    of: dict[Line, tuple[int, int]] = field(default_factory=dict)

    def add(self, line: Line, key: str, row_id: str, digest: bytes) -> None:
        count, total = self.of.get(line, (0, 0))
        term = hashlib.sha256(f"{key}|{row_id}|{digest.hex()}".encode()).digest()
        self.of[line] = (count + 1, total + int.from_bytes(term, "big"))

    def figures(self) -> dict[Line, RowFigures]:
        return {line: RowFigures(count, statement_text(total)) for line, (count, total) in self.of.items()}


class _Sweep:
    def __init__(
        self, ledger: Ledger, source: Source, mapper: Mapper, stand: SourceStand, chunk: int, advance: Callable[[int], None]
    ) -> None:  # fmt: skip
        self._ledger, self._source, self._mapper, self._stand = ledger, source, mapper, stand
        self._chunk, self._advance = chunk, advance
        self._theirs, self._ours = _Sums(), _Sums()
        self._rows = self._refused = 0
        self._found: list[RowDifference] = []
        cursor = Cursor.parse(stand.cursor)
        # Where the floor is None the next pull reads everything.
        self._floor = cursor.floor and source.window(cursor.floor).floor
        self._window = source.window(None)

    def run(self) -> Swept:
        shown = Listing(self._pages())
        self._look_for_gone(shown)
        overlap = self._source.overlap if isinstance(self._source, Overlapping) else OVERLAP
        return Swept(
            self._stand, self._rows, self._refused, self._theirs.figures(), self._ours.figures(),
            tuple(sorted(self._found, key=lambda each: each.row_id)), overlap,
        )  # fmt: skip

    def _pages(self) -> Iterator[Sequence[str]]:
        """Read page by page, compare each, and yield the ids of its rows."""
        after: Position | None = None
        while True:
            page = self._source.read(self._window, after, self._chunk)
            self._compare(page)
            self._rows += len(page.rows) + len(page.unreadable)
            self._advance(len(page.rows))
            yield [*(row.row_id for row in page.rows), *(each.row_id for each in page.unreadable)]
            if not page.more:
                return
            after = page.after

    def _compare(self, page: Page) -> None:
        with self._ledger.reading() as connection:
            known = row_memory.remembered(connection, self._stand.number, [row.row_id for row in page.rows])
            heads = reconciling.heads(connection, {key for each in known.values() for key in each.keys})
        for row in page.rows:
            memory = known.get(row.row_id)
            if memory is None:
                self._differs(row, self._lacking(row), None, heads)
            elif memory.digest != row.digest:
                self._differs(row, ALTERED, memory, heads)
            else:
                self._refused += not memory.keys
                for key, line in _lines(memory.keys, heads):
                    self._theirs.add(line, key, row.row_id, row.digest)
                    self._ours.add(line, key, row.row_id, row.digest)

    def _lacking(self, row: Row) -> str:
        """A row that lies behind all that the next pull reads came later than the overlap allows."""
        return MISSING if self._read_again(row) else LATE

    def _read_again(self, row: Row) -> bool:
        return self._floor is None or row.stamp is None or row.stamp > self._window.until or row.stamp >= self._floor

    def _differs(self, row: Row, kind: str, memory: Remembered | None, heads: dict[str, Head]) -> None:
        """Name a row that is new or changed, unless nothing but what is volatile in it has changed."""
        drafts = self._drafts(row)
        held = [] if memory is None else _lines(memory.keys, heads)
        if memory is not None and drafts and _same_content(drafts, memory, heads):
            for key, line in held:
                self._theirs.add(line, key, row.row_id, memory.digest)
                self._ours.add(line, key, row.row_id, memory.digest)
            return
        made = [
            (each.key, Line(each.occurred_at[:10], each.org_code, each.type, each.item_code or "")) for each in drafts
        ]
        for key, line in made:
            self._theirs.add(line, key, row.row_id, row.digest)
        if memory is not None:
            for key, line in held:
                self._ours.add(line, key, row.row_id, memory.digest)
        keys = tuple(dict([*held, *made]).items())
        ours = "" if memory is None else memory.digest.hex()
        self._found.append(RowDifference(row.row_id, kind, self._read_again(row), ours, row.digest.hex(), keys))

    def _drafts(self, row: Row) -> Sequence[Draft]:
        """Return what the mapping makes of a row, nothing where it refuses it or breaks on it."""
        try:
            numbers = self._ledger.numbers(self._mapper.wants(row)) if self._mapper.asks else {}
            return self._mapper.map(row, numbers).drafts
        except GatewayError:
            return ()

    def _look_for_gone(self, shown: Listing) -> None:
        """Name the rows that stand for a key and that the source does not show any more, unless it need not show them."""
        with self._ledger.reading() as connection:
            for part in row_memory.everything_remembered(connection, self._stand.number):
                gone = {row_id: memory for row_id, memory in part.items() if row_id not in shown}
                heads = reconciling.heads(connection, {key for each in gone.values() for key in each.keys})
                for row_id, memory in gone.items():
                    self._gone(row_id, memory, heads)
        self._forget_out_of_scope()

    def _gone(self, row_id: str, memory: Remembered, heads: dict[str, Head]) -> None:
        held = _lines(memory.keys, heads)
        if all(heads[key].withdrawn for key, _line in held):
            return  # withdrawn, then deleted: nothing stands for it any more
        for key, line in held:
            self._ours.add(line, key, row_id, memory.digest)
        self._found.append(RowDifference(row_id, EXTRA, False, memory.digest.hex(), "", tuple(held)))

    def _forget_out_of_scope(self) -> None:
        """Drop those that a view of the source need not show any more: the figures keep them on both sides alike."""
        if not isinstance(self._source, Listed):
            return
        gone = [each for each in self._found if each.kind == EXTRA]
        if not gone:
            return
        last = self._ledger.last_values(self._stand.number, [each.row_id for each in gone])
        outside = {row_id for row_id, values in last.items() if not self._source.in_scope(values)}
        for each in gone:
            if each.row_id in outside:
                for key, line in each.keys:
                    self._theirs.add(line, key, each.row_id, bytes.fromhex(each.ours))
        self._found = [each for each in self._found if each.kind != EXTRA or each.row_id not in outside]


def keep(ledger: Ledger, swept: Swept, *, write: Ledger | None) -> dict[str, Noted]:
    """Return what each difference counts for by now; kept in the ledger ``write`` where that is given."""
    seen = swept.sightings()
    now = ledger.now()
    with ledger.reading() as connection:
        noted = reconciling.note_sightings(connection, swept.stand, seen, swept.overlap, now)
        had = bool(reconciling.dict_of(connection, swept.stand.number))
    if write is not None:
        counted = sum(each.counts for each in swept.told("", noted))
        with write.begin() as connection:
            note_source_day(connection, swept.stand.name, f"{moment(now):%Y-%m-%d}", swept.rows, counted, now)
            if seen or had:
                reconciling.keep_sightings(connection, swept.stand, seen, noted, now)
    return noted


def _same_content(drafts: Sequence[Draft], memory: Remembered, heads: dict[str, Head]) -> bool:
    """Tell whether a changed row still says what the ledger holds of it (T1: a duplicate)."""
    return {each.key for each in drafts} == set(memory.keys) and all(
        each.key in heads and not heads[each.key].withdrawn and heads[each.key].identity == each.identity
        for each in drafts
    )


def _lines(keys: Sequence[str], heads: dict[str, Head]) -> list[tuple[str, Line]]:
    return [(key, heads[key].line) for key in keys if key in heads]
