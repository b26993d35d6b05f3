# SPDX-License-Identifier: Apache-2.0
"""The ledger (台账): the one place where what was collected, refused and sent is true (ledger.md)."""

import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import DBAPIError

from gateway.clock import microseconds
from gateway.errors import LedgerError
from gateway.ledger import absences, gate, intake, moving, notices, received_streams, runs, schema, withdrawals
from gateway.ledger.absences import Absence, Looked
from gateway.ledger.batches import among, listed
from gateway.ledger.catalogue import HeldCatalogue
from gateway.ledger.engine import (
    WRITES,
    Contended,
    WriterLock,
    alone,
    explained,
    is_contention,
    open_engine,
    open_writing_engine,
    parse,
)
from gateway.ledger.evidence import Evidence, anything_open, attend
from gateway.ledger.gate import Overdue
from gateway.ledger.golive import Lock
from gateway.ledger.intake import Chunk, Desk
from gateway.ledger.notices import Pending
from gateway.ledger.numbers import Numbers
from gateway.ledger.received_streams import Gap
from gateway.ledger.row_memory import everything_remembered, remembered
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.segments import PayloadPruned, Place, SegmentReader
from gateway.ledger.tables import record
from gateway.ledger.workers import Membership
from gateway.model.destination import Route
from gateway.model.priority import Priority
from gateway.model.record import Level, Scalar, SourceKind
from gateway.model.record_type import RecordType
from gateway.model.words import Words
from gateway.ports import AllocationRequest, Clock, Ids
from gateway.semantics.admission import CaseJudge

_FOLDS = 5

T = TypeVar("T")


def open_ledger(
    url: str,
    clock: Clock,
    ids: Ids,
    types: Mapping[str, RecordType],
    routes: Sequence[Route] = (),
    *,
    discards: Collection[str] = (),
    read_only: bool = False,
    exclusive: bool = True,
    moved: bool = False,
) -> "Ledger":
    """Open, and where needed make or migrate, the ledger at ``url`` (``sqlite:///FILE`` or ``postgresql://…``).

    ``exclusive`` takes the writer lock of an SQLite ledger for as long as it is open: the gateway itself does, a short
    writing command does not and waits its turn. ``read_only`` takes no lock and writes nothing. ``discards`` are codes
    of findings whose rows must not be stored. ``moved`` opens one that has moved to another database too, which nobody
    but the move itself may write. Raises LedgerError where the database can't keep the ledger's promises,
    is written by another process, or has another shape.
    """
    parsed = parse(url)
    lock: WriterLock | None = None
    if parsed.drivername == "sqlite" and not read_only:
        path = Path(str(parsed.database))
        _make_folder(path.parent)
        lock = WriterLock(path) if exclusive else None
    with ExitStack() as undo:
        if lock is not None:
            undo.callback(lock.release)
        engine = open_engine(parsed, read_only=read_only)
        ledger = Ledger(engine, engine if read_only else open_writing_engine(parsed, engine), clock, ids, lock)
        undo.callback(ledger.close)
        ledger.types, ledger.routes, ledger.discards = types, routes, frozenset(discards)
        if read_only:
            with ledger.reading() as connection:
                schema.require(connection)
        else:
            ledger.make(moved=moved)
        undo.pop_all()
    return ledger


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise LedgerError(f"{folder}: {fault.strerror}") from fault


def _pulling(source: str) -> str:
    return f"pull {source}"


def refuse_moved(connection: Connection) -> None:
    """Refuse to write a ledger that has moved to another database, or is being moved. Raises LedgerError."""
    found = moving.marked(connection)
    if found is not None:
        raise LedgerError(
            f"{found['state']}: {found['to']}",
            Words(
                "台账已搬到那里:改 gateway.yaml 的 ledger.url;搬迁没有做完的,重新执行 gateway ledger migrate,或加 --cancel",
                "the ledger has moved: change ledger.url in gateway.yaml; where the move was not finished run gateway"
                " ledger migrate again, or with --cancel",
            ),
        )


@lru_cache
def _places(dialect: str) -> Select[Any]:
    columns = record.c
    return select(columns.id, columns.segment_id, columns.offset, columns.length).where(among(dialect, columns.id))


class Ledger:
    """An open ledger; its methods may be called from any thread.

    ``routes`` may be set anew once the destinations have their numbers, ``judge`` are the rules of cases (without it the
    gate alone decides), ``catalogue_required`` binds bodies of which no item is held yet, ``lock`` holds back what is not live. ``commits`` counts write transactions.
    ``became_ready`` is called within the transaction of a chunk that made deliveries ready (B27).
    """

    def __init__(self, engine: Engine, writing: Engine, clock: Clock, ids: Ids, lock: WriterLock | None) -> None:
        """Use ``open_ledger``."""
        self.types: Mapping[str, RecordType] = {}
        self.routes: Sequence[Route] = ()
        self.discards: Collection[str] = frozenset()
        self.judge: CaseJudge | None = None
        self.catalogue_required = False
        self.lock: Lock | None = None
        self._catalogue = HeldCatalogue()
        self.clock = clock
        self.ids = ids
        self.commits = 0
        self.membership = Membership()
        self.became_ready: Callable[[Connection], None] = lambda _connection: None
        self._engine = engine
        self._writing_engine = writing
        self._lock = lock
        self._one_writer = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        self._counting = threading.Lock()
        self._numbers = Numbers()
        self._segments = SegmentReader()
        self.evidence = Evidence()
        attend(writing)

    def __enter__(self) -> "Ledger":
        """Return the ledger itself; it is closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of connections and of the writer lock."""
        self._writing_engine.dispose()
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def now(self) -> int:
        """Return the time in microseconds since 1970 UTC."""
        return microseconds(self.clock.now())

    def make(self, *, moved: bool = False) -> None:
        """Make or migrate the tables. Raises LedgerError for a ledger that has moved, unless ``moved``."""
        with self.begin() as connection:
            alone(connection)
            schema.ensure(connection)
            if not moved:
                refuse_moved(connection)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one write transaction: it commits at the end of the block and rolls back on any exception.

        Raises Contended when somebody else came first (nothing was written, the block may run again) and LedgerError
        when the database fails; a commit that failed is never tried again, the connection is thrown away, and whether
        it took place is found out by reading (the fence of B5 makes that safe).
        """
        with self._one_writer, self._writing() as connection:
            self.evidence.begin(connection)
            yield connection
            self.evidence.end(connection, self.now)
        with self._counting:
            self.commits += 1

    @contextmanager
    def attempt(self, *, keep: bool) -> Iterator[Connection]:
        """Open a write transaction like ``begin``; without ``keep`` everything in it is undone at the end of the block."""
        with self.begin() as connection:
            if keep:
                yield connection
                return
            inner = connection.begin_nested()
            yield connection
            inner.rollback()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with explained(), self._writing_engine.connect().execution_options(**{WRITES: True}) as connection:
            transaction = connection.begin()
            try:
                yield connection
                transaction.commit()
            except DBAPIError as fault:
                if not is_contention(fault):
                    connection.invalidate(fault)
                    raise
                transaction.rollback()
                raise Contended(str(fault.orig)) from fault
            except BaseException:
                transaction.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the ledger and writes nothing."""
        with explained(), self._engine.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    def again(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a write transaction, again from its start where somebody else came first (B10)."""
        for attempt in range(1, _FOLDS + 1):
            try:
                with self.begin() as connection:
                    return work(connection)
            except Contended:
                if attempt == _FOLDS:
                    raise
        raise AssertionError

    def seal(self) -> None:
        """Seal what stands open of the evidence, where anything does (B29)."""
        with self.reading() as connection:
            if not anything_open(connection):
                return
        self.again(lambda connection: self.evidence.seal(connection, self.now()))

    @property
    def shared(self) -> bool:
        """Whether other processes may write as well, on other machines even: the ledger is on PostgreSQL."""
        return self._engine.dialect.name != "sqlite"

    def dismiss(self) -> None:
        """Strike out the workers of this process, so that others may take up at once what they held."""
        if self.membership.members:
            self.again(self.membership.dismiss)

    def beat(self) -> None:
        """Give a sign of life for the workers of this process, and tell which of them have ended."""
        ended = self.membership.ended.copy()
        with self.begin() as connection:
            self.membership.beat(connection, self.now())
        self.membership.ended -= ended  # and not before it is committed

    def enlist(self, *names: str) -> list[int]:
        """Enlist workers of this process, one a name; return their numbers, under which they take packages."""
        ended = self.membership.ended.copy()
        numbers = self.again(lambda connection: self.membership.enlist(connection, names, self.now()))
        self.membership.ended -= ended
        self.membership.admit(numbers, names)
        return numbers

    def start_run(
        self,
        source: str,
        kind: SourceKind,
        level: Level,
        now: datetime,
        waiting: timedelta | None = None,
        *,
        priority: Priority = Priority.ORDINARY,
    ) -> RunLease:
        """Take over a source and open a run; ``waiting`` is the limit of B9 where the source sets its own.

        ``priority`` is the class in which what the run collects is sent.
        """
        lease = self.again(lambda c: self._start_run(c, source, kind, level, now, waiting))
        if lease.holder is not None:
            self.membership.admit([lease.holder], [_pulling(source)])
        lease.priority = priority
        return lease

    def _start_run(
        self,
        connection: Connection,
        source: str,
        kind: SourceKind,
        level: Level,
        now: datetime,
        waiting: timedelta | None,
    ) -> RunLease:
        """Where others may write as well, the puller is a worker of its own, which ends with its run."""
        holder = None
        if self.shared:
            holder = self.membership.enlist(connection, [_pulling(source)], self.now())[0]
        return runs.start(connection, source, kind, level, microseconds(now), waiting, holder)

    def end_run(self, lease: RunLease, state: str, error: str | None = None) -> Figures:
        """Close a run (``done`` or ``failed``) and return its figures; raises Fenced when it was taken over."""
        self.membership.forget(lease.holder)  # should the database be away now, a later beat tells
        with self.begin() as connection:
            figures = runs.end(connection, lease, state, error, self.now())
            if lease.holder is not None:
                self.membership.strike_out(connection, lease.holder)
        lease.rereads = 0
        return figures

    def remembered(self, lease: RunLease, row_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the digest last seen of each of these rows; rows never seen are absent (B2)."""
        with self.reading() as connection:
            known = remembered(connection, lease.source_id, row_ids)
        return {row_id: each.digest for row_id, each in known.items()}

    def numbers(self, requests: Iterable[AllocationRequest]) -> dict[AllocationRequest, int]:
        """Return the number of each request: the one it has for ever, or the next of its scope, not written yet (B8)."""
        with self.reading() as connection:
            return self._numbers.look_up(connection, requests)

    def desk(self) -> Desk:
        """Return what intake must know beyond what it is given."""
        return Desk(
            self.types, self.routes, self._numbers, self.discards, self.judge, self._catalogue, self.catalogue_required,
            self.lock,
        )  # fmt: skip

    def commit_chunk(
        self, lease: RunLease, chunk: Chunk, also: Callable[[Connection], None] = lambda _connection: None
    ) -> Figures:
        """Make a chunk durable in one transaction, with the cursor of its source; return its figures.

        ``also`` writes what must stand or fall with it.
        Raises Fenced when the lease was lost (nothing was written) and NumbersTaken when the rows must be mapped again.
        """

        def work(connection: Connection) -> Figures:
            figures = intake.commit(connection, self.desk(), lease, chunk, self.now())
            also(connection)
            if figures.accepted:
                self.became_ready(connection)
            return figures

        figures = self.again(work)
        self._numbers.written(chunk.numbers)
        lease.cursor = chunk.cursor
        lease.deaths = 0
        lease.rereads = 0
        return figures

    def notices(self, source_id: int) -> list[Pending]:
        """Return what a source is still to be told, in order (B17)."""
        with self.reading() as connection:
            return notices.pending(connection, source_id)

    def told(self, number: int) -> None:
        """Strike a notice off: the source has heard it."""
        with self.begin() as connection:
            notices.told(connection, number, self.now())

    def not_told(self, number: int, error: str) -> None:
        """Note why a source could not be told; the notice stays."""
        with self.begin() as connection:
            notices.not_told(connection, number, error)

    def known_rows(self, lease: RunLease) -> Iterator[list[str]]:
        """Yield the ids of the rows that stand for a key, in parts."""
        with self.reading() as connection:
            yield from map(list, everything_remembered(connection, lease.source_id))

    def absences(self, lease: RunLease) -> dict[str, Absence]:
        """Return what is known of rows that were missed before (T4)."""
        with self.reading() as connection:
            return absences.absences(connection, lease.source_id)

    def last_rows(self, lease: RunLease, row_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the raw form of rows as they were last taken; rows that are no head of a key are left out."""
        with self.reading() as connection:
            places = absences.raw_places(connection, lease.source_id, row_ids)
            return dict(zip(places, self._segments.read(connection, list(places.values())), strict=True))

    def last_values(self, source_id: int, row_ids: Sequence[str]) -> dict[str, dict[str, Scalar]]:
        """Return the columns of rows of a source as they were last taken; those pruned since are left out."""
        with self.reading() as connection:
            places = absences.raw_places(connection, source_id, row_ids)
            found: dict[str, dict[str, Scalar]] = {}
            for row_id, place in places.items():
                try:
                    found[row_id] = json.loads(self._segments.read(connection, [place])[0])
                except PayloadPruned:
                    continue
            return found

    def note_absences(self, lease: RunLease, looked: Looked) -> int:
        """Keep what a complete listing showed; return how many withdrawals are proposed. Raises Fenced."""
        return self.again(lambda connection: absences.note(connection, lease, looked, self.now()))

    def hold(self, lease: RunLease, code: str, figures: Mapping[str, int]) -> None:
        """Stop reading a source until a person has looked at it (T4). Raises Fenced."""
        self.again(lambda connection: absences.hold(connection, lease, code, figures, self.now()))

    def held(self, name: str) -> tuple[str, dict[str, int]] | None:
        """Return code and figures of the hold of a source, None where it may be read."""
        with self.reading() as connection:
            return absences.held(connection, name)

    def release(self, name: str) -> bool:
        """Let a held source be read again; tell whether it was held."""
        return self.again(lambda connection: absences.release(connection, name))

    def allowed(self, lease: RunLease) -> int:
        """Return how many rows may be gone at once, as a person has said (T4)."""
        with self.reading() as connection:
            return absences.allowed(connection, lease.source_id)

    def decided_withdrawals(self, lease: RunLease) -> list[withdrawals.Decided]:
        """Return proposed withdrawals that two people have decided and that no run has carried out yet."""
        with self.reading() as connection:
            return withdrawals.decided(connection, lease.source_id)

    def park_overdue(self, now: datetime) -> list[Overdue]:
        """Park the records that have waited longer than their source allows, and return them for the alarm."""
        with self.reading() as connection:
            if not gate.anything_waits(connection):
                return []
        with self.begin() as connection:
            return gate.park_overdue(connection, microseconds(now))

    def documents(self, record_ids: Sequence[int]) -> list[bytes]:
        """Return the documents of these records, in the order given; raises LedgerError for one that isn't there."""
        with self.reading() as connection:
            places: dict[int, Place] = {}
            rows = connection.execute(
                _places(connection.dialect.name), {"among": listed(connection.dialect.name, record_ids)}
            )
            places.update({number: (segment_id, offset, length) for number, segment_id, offset, length in rows})
            try:
                return self._segments.read(connection, [places[number] for number in record_ids])
            except KeyError as missing:
                raise LedgerError(f"record {missing}") from missing

    def alarm_gaps(self) -> list[Gap]:
        """Return the gaps in senders' streams that stand open too long, each once."""
        with self.reading() as connection:
            if not received_streams.overdue_gaps(connection, self.now()):
                return []
        with self.begin() as connection:
            return received_streams.alarm_gaps(connection, self.now())

    @property
    def segments(self) -> SegmentReader:
        """The reader of payloads, for questions asked within a transaction of the caller's."""
        return self._segments

    def join(self, name: str, level: Level, waiting: timedelta | None = None) -> RunLease:
        """Open a run of a sender that pushes; several processes may have one open (``runs.join``)."""
        return self.again(lambda connection: runs.join(connection, name, level, self.now(), waiting))

    def payloads(self, places: Iterable[Place]) -> list[bytes]:
        """Return payloads by their place: raw rows and refused documents."""
        with self.reading() as connection:
            return self._segments.read(connection, places)
