# SPDX-License-Identifier: Apache-2.0
"""Runs: who may pull a source now, how far it came, and the figures of each pull (ledger.md B5, B15, "Counting")."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, insert, literal_column, or_, select, update

from gateway.errors import Fenced, Overlap
from gateway.ledger.tables import record, source, source_run
from gateway.ledger.workers import is_gone
from gateway.model.priority import Priority
from gateway.model.record import Level, SourceKind

WAITING_LIMITS = {Level.L1: timedelta(hours=24), Level.L2: timedelta(days=3), Level.L3: timedelta(hours=24)}
"""How long a record may wait for its predecessor before it is parked with an alarm (B9)."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the records of a run; rows are counted apart.

    ``collected = accepted + refused + duplicates + conflicts + stale + waiting``.
    """

    rows: int = 0
    rereads: int = 0
    accepted: int = 0
    refused: int = 0
    duplicates: int = 0
    conflicts: int = 0
    stale: int = 0
    waiting: int = 0

    @property
    def collected(self) -> int:
        """All standard records after mapping and splitting; re-reads are in no count."""
        return self.accepted + self.refused + self.duplicates + self.conflicts + self.stale + self.waiting

    def __add__(self, other: "Figures") -> "Figures":
        """Add the figures of two chunks, or of two runs."""
        return Figures(
            self.rows + other.rows,
            self.rereads + other.rereads,
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.duplicates + other.duplicates,
            self.conflicts + other.conflicts,
            self.stale + other.stale,
            self.waiting + other.waiting,
        )


@dataclass(slots=True)
class RunLease:
    """The right to pull one source until somebody else takes it; ``cursor`` follows every committed chunk.

    ``priority`` is the class that its records are sent in (``gateway.ledger.turns``). ``again`` is set where stored raw
    rows are mapped again (B21): the cursor stays, and only rows that are still what the source showed last are taken.
    """

    run_id: int
    source_id: int
    epoch: int
    cursor: str
    deaths: int
    kind: SourceKind
    level: Level
    holder: int | None = None
    rereads: int = field(default=0)
    priority: Priority = Priority.ORDINARY
    again: bool = False

    def note_rereads(self, rows: int) -> None:
        """Count rows of a page that held nothing new; they are written with the next commit of the run."""
        self.rereads += rows


def start(
    connection: Connection,
    name: str,
    kind: SourceKind,
    level: Level,
    now: int,
    waiting: timedelta | None = None,
    holder: int | None = None,
) -> RunLease:
    """Take over the source: a higher epoch fences whoever pulled before; a run left open has died.

    ``holder`` is the worker that pulls; raises Overlap while another one that is alive pulls the source.
    """
    limit = (waiting or WAITING_LIMITS[level]) // _MICROSECOND
    row = connection.execute(select(source).where(source.c.name == name).with_for_update()).first()
    if row is None:
        made = connection.execute(
            insert(source).values(name=name, kind=kind, level=level, waiting_limit=limit, epoch=1, cursor="", deaths=0)
        )
        return _open(connection, RunLease(0, int(made.inserted_primary_key[0]), 1, "", 0, kind, level, holder), now)  # type: ignore[index]
    if holder is not None:
        _refuse_overlap(connection, row.id, name)
    died = connection.execute(
        update(source_run)
        .where(source_run.c.source_id == row.id, source_run.c.state == "open")
        .values(state="dead", ended_at=now)
    )
    deaths = row.deaths + (1 if died.rowcount else 0)
    connection.execute(
        update(source)
        .where(source.c.id == row.id)
        .values(kind=kind, level=level, waiting_limit=limit, epoch=row.epoch + 1, deaths=deaths)
    )
    return _open(connection, RunLease(0, row.id, row.epoch + 1, row.cursor, deaths, kind, level, holder), now)


def make_known(connection: Connection, name: str, kind: SourceKind, level: Level, limit: timedelta) -> None:
    """Let the ledger know a source that was never pulled; one that it knows stays as it is."""
    if connection.execute(select(source.c.id).where(source.c.name == name)).first() is None:
        connection.execute(
            insert(source).values(
                name=name, kind=kind, level=level, waiting_limit=limit // _MICROSECOND, epoch=0, cursor="", deaths=0
            )
        )


def _refuse_overlap(connection: Connection, source_id: int, name: str) -> None:
    here = (source_run.c.source_id == source_id) & (source_run.c.state == literal_column("'open'"))
    alive = ~is_gone(connection.dialect.name, source_run.c.holder) & source_run.c.holder.is_not(None)
    if connection.execute(select(source_run.c.id).where(here, alive).limit(1)).first() is not None:
        raise Overlap(name)


def join(connection: Connection, name: str, level: Level, now: int, waiting: timedelta | None = None) -> RunLease:
    """Open a run of a sender that pushes: several processes may take its packages, so nobody is fenced.

    Order rests on the versions that the sender declares, and on the locks of keys and cases.
    """
    limit = (waiting or WAITING_LIMITS[level]) // _MICROSECOND
    terms = {"kind": SourceKind.EVENT, "level": level, "waiting_limit": limit}
    row = connection.execute(select(source).where(source.c.name == name).with_for_update()).first()
    if row is None:
        made = connection.execute(insert(source).values(name=name, epoch=1, cursor="", deaths=0, **terms))
        number, epoch, cursor = int(made.inserted_primary_key[0]), 1, ""  # type: ignore[index]
    else:
        number, epoch, cursor = row.id, row.epoch, row.cursor
        connection.execute(update(source).where(source.c.id == number).values(**terms))
    return _open(connection, RunLease(0, number, epoch, cursor, 0, SourceKind.EVENT, level), now)


def leave(connection: Connection, lease: RunLease, now: int) -> None:
    """Close a run that ``join`` opened."""
    connection.execute(update(source_run).where(source_run.c.id == lease.run_id).values(state="done", ended_at=now))


def _open(connection: Connection, lease: RunLease, now: int) -> RunLease:
    made = connection.execute(
        insert(source_run).values(
            source_id=lease.source_id, epoch=lease.epoch, state="open", started_at=now, holder=lease.holder
        )
    )
    lease.run_id = int(made.inserted_primary_key[0])  # type: ignore[index]
    return lease


_MOVE = (
    update(source)
    .where(source.c.id == bindparam("of"), source.c.epoch == bindparam("mine"), source.c.cursor == bindparam("old"))
    .values(cursor=bindparam("new"), deaths=0)
)


def move_cursor(connection: Connection, lease: RunLease, cursor: str) -> None:
    """Move the source's cursor; raises Fenced when epoch or cursor are not what this lease knows (B5)."""
    held = {"of": lease.source_id, "mine": lease.epoch, "old": lease.cursor, "new": cursor}
    moved = connection.execute(_MOVE, held)
    if moved.rowcount != 1:
        raise Fenced(f"source {lease.source_id} epoch {lease.epoch}")


_COUNTED = (
    "rows", "rereads", "collected", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting",
)  # fmt: skip
_ADD = (
    update(source_run)
    .where(source_run.c.id == bindparam("run"))
    .values({name: source_run.c[name] + bindparam(f"more_{name}") for name in _COUNTED})
)


def add_figures(connection: Connection, lease: RunLease, figures: Figures) -> None:
    """Add the figures of a chunk to its run."""
    added = {f"more_{name}": getattr(figures, name) for name in _COUNTED}
    connection.execute(_ADD, added | {"run": lease.run_id})


def end(connection: Connection, lease: RunLease, state: str, error: str | None, now: int) -> Figures:
    """Close the run and return its figures; a record of it that was released meanwhile counts as accepted.

    Raises Fenced when the run was declared dead by another puller.
    """
    row = connection.execute(
        select(source_run).where(source_run.c.id == lease.run_id, source_run.c.state == "open").with_for_update()
    ).first()
    if row is None:
        raise Fenced(f"run {lease.run_id}")
    waiting = connection.execute(
        select(func.count())
        .select_from(record)
        .where(
            or_(record.c.state == literal_column("'waiting'"), record.c.state == literal_column("'parked'")),
            record.c.run_id == lease.run_id,
        )
    ).scalar_one()
    figures = Figures(
        row.rows + lease.rereads,
        row.rereads + lease.rereads,
        row.accepted + row.waiting - waiting,
        row.refused,
        row.duplicates,
        row.conflicts,
        row.stale,
        waiting,
    )
    connection.execute(
        update(source_run)
        .where(source_run.c.id == lease.run_id)
        .values(
            state=state,
            ended_at=now,
            error=error,
            rows=figures.rows,
            rereads=figures.rereads,
            accepted=figures.accepted,
            waiting=figures.waiting,
        )
    )
    return figures
