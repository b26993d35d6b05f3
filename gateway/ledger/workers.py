# SPDX-License-Identifier: Apache-2.0
"""Workers: who may hold a lease now, and who is gone (promises.md R7, R20; ledger.md B24, B28).

On PostgreSQL a worker is alive as long as it was seen within ``LEASE`` seconds by the database's clock, never by its
own. On SQLite one process writes, under a lock of the operating system: whoever enlists there knows that all others
are gone. A process that has ended on this machine is known to be gone at once.

What a gone worker held may be taken over: the epoch of the thing held rises, and whatever the old holder still writes
about it is refused. So a worker that was only asleep does no harm.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from gateway.ledger.worker_tables import stream, worker

LEASE: Final = 30
"""Seconds without a sign of life after which a worker is taken for gone."""
BEAT: Final = 5.0
"""Seconds between two signs of life."""

_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_ALIVE_SINCE = f"{_CLOCK} - {LEASE * 1_000_000}"
# While the database was down nobody could be seen: after its start everybody has a whole lease to come back.
_JUST_STARTED = f"pg_postmaster_start_time() > clock_timestamp() - interval '{LEASE} seconds'"
_FORGOTTEN: Final = f"seen_at < {_CLOCK} - 86400000000"


@dataclass(frozen=True, slots=True)
class Identity:
    """A process as its own machine knows it: ``place`` is the running machine, ``process`` one process in it."""

    place: str
    process: str


def identify() -> Identity:
    """Return the identity of this process; it outlives neither a restart of the process nor of the machine."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    place = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return Identity(place, f"{os.getpid()} {_started(os.getpid())}")


def _started(pid: int) -> str | None:
    """Return when a process of this machine started, in ticks since boot; None where there is none of that number."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *rest = told.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]


def _lives(process: str) -> bool:
    pid, _, started = process.partition(" ")
    return _started(int(pid)) == started


@dataclass(slots=True)
class Membership:
    """The workers of this process, as the table knows them.

    ``members`` are those for which signs of life are given, ``ended`` those that have ended, which the table may not know.
    """

    identity: Identity = field(default_factory=identify)
    members: dict[int, str] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def enlist(self, connection: Connection, names: Iterable[str], now: int) -> list[int]:
        """Enlist one worker a name, inside the caller's transaction; return their numbers.

        They are members once the caller has committed and calls ``admit``: of a transaction that failed nobody may be
        left who gives signs of life. On SQLite the caller holds the lock of the writer: everybody else is gone.
        """
        if connection.dialect.name == "sqlite":
            connection.execute(delete(worker).where(worker.c.process != self.identity.process))
        else:
            self.bury(connection)
        self._tell_ended(connection)
        numbers = []
        for name in names:
            made = connection.execute(insert(worker).values(name=name, **self._row(connection, now)))
            numbers.append(int(made.inserted_primary_key[0]))  # type: ignore[index]
        return numbers

    def admit(self, numbers: Iterable[int], names: Iterable[str]) -> None:
        """Give signs of life from now on for workers that were enlisted, as was committed."""
        self.members.update(zip(numbers, names, strict=True))

    def beat(self, connection: Connection, now: int) -> None:
        """Give a sign of life for every worker of this process, strike out those that have ended, and bury the dead.

        Who slept so long that it was struck out comes back under its number.
        """
        row = self._row(connection, now)
        members = dict(self.members)  # others may enlist meanwhile
        self._tell_ended(connection)
        mine = worker.c.id.in_(sorted(members))
        seen = connection.execute(update(worker).where(mine).values(seen_at=row["seen_at"]))
        if seen.rowcount < len(members):
            known = set(connection.execute(select(worker.c.id).where(mine)).scalars())
            for number in sorted(members.keys() - known):
                connection.execute(insert(worker).values(id=number, name=members[number], **row))
        self.bury(connection)

    def bury(self, connection: Connection) -> None:
        """Strike out the workers of this machine whose process has ended, and those not seen for a day (PostgreSQL)."""
        here = worker.c.place == self.identity.place
        others = connection.execute(
            select(worker.c.process).where(here, worker.c.process != self.identity.process).distinct()
        ).scalars()
        ended = [process for process in others if not _lives(process)]
        if ended:
            connection.execute(delete(worker).where(here, worker.c.process.in_(ended)))
        connection.execute(delete(worker).where(text(_FORGOTTEN), worker.c.process != self.identity.process))

    def forget(self, number: int | None) -> None:
        """Give no more signs of life for a worker that has ended; whoever enlists or beats next strikes it out.

        Waiting for its lease to run out would not do: while a database crashes again and again no lease ever does.
        """
        if number is not None:
            self.members.pop(number, None)
            self.ended.add(number)

    def strike_out(self, connection: Connection, number: int) -> None:
        """Strike out one worker of this process inside the caller's transaction: it has ended."""
        self.forget(number)  # should the transaction fail, it is struck out later
        connection.execute(delete(worker).where(worker.c.id == number))

    def dismiss(self, connection: Connection) -> None:
        """Strike out the workers of this process: it ends, and what it held may be taken at once."""
        connection.execute(delete(worker).where(worker.c.id.in_(sorted(dict(self.members)))))
        self.members.clear()

    def _tell_ended(self, connection: Connection) -> None:
        ended = self.ended.copy()
        if ended:
            connection.execute(delete(worker).where(worker.c.id.in_(sorted(ended))))

    def _row(self, connection: Connection, now: int) -> dict[str, Any]:
        seen: Any = now if connection.dialect.name == "sqlite" else literal_column(_CLOCK)
        return {"process": self.identity.process, "place": self.identity.place, "started_at": now, "seen_at": seen}


def is_gone(dialect: str, holder: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that ``holder`` names a worker that is gone; NULL names nobody and is not gone."""
    alive = select(worker.c.id)
    if dialect != "sqlite":
        alive = alive.where(or_(text(f"worker.seen_at > {_ALIVE_SINCE}"), text(_JUST_STARTED)))
    return and_(holder.is_not(None), holder.not_in(alive))


def take_stream(connection: Connection, destination_id: int, me: int, fresh: str) -> tuple[int, str, int]:
    """Return number, id and last package number of the stream of a worker at a destination, held from now on.

    A stream whose worker is gone goes on under the new one; where none is free, one called ``fresh`` is made.
    """
    own = connection.execute(_OWN_STREAM, {"here": destination_id, "me": me}).first()
    if own is not None:
        return own.id, own.stream_id, own.package_seq
    here = stream.c.destination_id == destination_id
    free = or_(stream.c.holder.is_(None), is_gone(connection.dialect.name, stream.c.holder))
    left = connection.execute(
        _STREAMS.where(here, free).order_by(stream.c.id).limit(1).with_for_update(skip_locked=True, of=stream)
    ).first()
    if left is None:
        made = connection.execute(insert(stream).values(destination_id=destination_id, stream_id=fresh, holder=me))
        return int(made.inserted_primary_key[0]), fresh, 0  # type: ignore[index]
    connection.execute(update(stream).where(stream.c.id == left.id).values(holder=me))
    return left.id, left.stream_id, left.package_seq


def number_package(connection: Connection, stream_no: int, seq: int) -> None:
    """Write down that ``seq`` is the last package number given in a stream."""
    connection.execute(_NUMBER, {"of": stream_no, "seq": seq})


_STREAMS = select(stream.c.id, stream.c.stream_id, stream.c.package_seq)
_OWN_STREAM = _STREAMS.where(stream.c.destination_id == bindparam("here"), stream.c.holder == bindparam("me"))
_NUMBER = update(stream).where(stream.c.id == bindparam("of")).values(package_seq=bindparam("seq"))
