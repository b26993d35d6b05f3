# SPDX-License-Identifier: Apache-2.0
"""Firings of schedules: each happens once, whoever sees first that it is due (ledger.md B24).

``due → running → done | failed | skipped``. The row of a firing, and the job or thread that carries it out, come into
being in one transaction; a firing whose carrier died is carried out again. Of ticks that were missed there is one row,
for the latest of them, with ``covers_from``. Nothing is ever compared with "the last firing": after a clock that jumped
ahead and back, every tick still fires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.ledger.tables import schedule_run
from gateway.ledger.workers import is_gone

FORGOTTEN_AFTER = 60_000_000
"""Microseconds after which a firing that nobody has begun is given out again."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing of one schedule; ``due_at`` in microseconds."""

    schedule: str
    due_at: int


@dataclass(frozen=True, slots=True)
class Fired:
    """A firing that was just written down; ``covers_from`` is the one before it, whatever was missed in between."""

    covers_from: int | None


def fire(connection: Connection, firing: Firing, now: int) -> Fired | None:
    """Write down that a schedule is due, inside the caller's transaction; None when somebody did so before.

    A schedule never seen before does not fire for a tick that passed before it was known.
    """
    of = schedule_run.c.schedule == firing.schedule
    before = connection.execute(
        select(func.max(schedule_run.c.due_at)).where(of, schedule_run.c.due_at < firing.due_at)
    ).scalar()
    known = before is not None or connection.execute(select(schedule_run.c.due_at).where(of).limit(1)).first()
    values = {
        "schedule": firing.schedule,
        "due_at": firing.due_at,
        "state": "due" if known else "skipped",
        "detail": None if known else "first seen",
        "covers_from": before,
        "started_at": None if known else now,
        "ended_at": None if known else now,
    }
    family = sqlite if connection.dialect.name == "sqlite" else postgresql
    written = connection.execute(
        family.insert(schedule_run).values(values).on_conflict_do_nothing().returning(schedule_run.c.due_at)
    )
    return Fired(before) if written.first() is not None and known else None


def begin(connection: Connection, firing: Firing, holder: int, now: int) -> bool:
    """Begin a firing; False where it has begun already and whoever began it lives, or it has ended."""
    free = or_(
        schedule_run.c.state == literal_column("'due'"),
        (schedule_run.c.state == literal_column("'running'")) & is_gone(connection.dialect.name, schedule_run.c.holder),
    )
    begun = connection.execute(
        update(schedule_run).where(_this(firing), free).values(state="running", holder=holder, started_at=now)
    )
    return begun.rowcount == 1


def end(connection: Connection, firing: Firing, state: str, detail: str | None, now: int) -> None:
    """End a firing as ``done``, ``failed`` or ``skipped``."""
    connection.execute(
        update(schedule_run).where(_this(firing)).values(state=state, detail=detail, ended_at=now, holder=None)
    )


def latest(connection: Connection) -> dict[str, Any]:
    """Return the last row of every schedule, by name: why it did not run can be seen there."""
    last = (
        select(schedule_run.c.schedule, func.max(schedule_run.c.due_at).label("due_at"))
        .group_by(schedule_run.c.schedule)
        .subquery()
    )
    rows = connection.execute(
        select(schedule_run).join(
            last, (last.c.schedule == schedule_run.c.schedule) & (last.c.due_at == schedule_run.c.due_at)
        )
    )
    return {row.schedule: row for row in rows}


def left_over(connection: Connection, now: int) -> Sequence[Firing]:
    """Return the firings that nobody carries out: due for a minute, or begun by a worker that is gone."""
    rows = connection.execute(
        select(schedule_run.c.schedule, schedule_run.c.due_at).where(
            or_(
                (schedule_run.c.state == "due") & (schedule_run.c.due_at < now - FORGOTTEN_AFTER),
                (schedule_run.c.state == "running") & is_gone(connection.dialect.name, schedule_run.c.holder),
            )
        )
    )
    return [Firing(row.schedule, row.due_at) for row in rows]


def _this(firing: Firing) -> ColumnElement[bool]:
    return (schedule_run.c.schedule == firing.schedule) & (schedule_run.c.due_at == firing.due_at)
