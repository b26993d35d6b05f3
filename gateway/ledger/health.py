# SPDX-License-Identifier: Apache-2.0
"""Health of destinations, kept in the ledger so that it survives a restart and all workers see the same (R6).

Rules are in ``gateway.semantics.health``; here their state is read and written, inside the caller's transaction.
"""

from typing import Any

from sqlalchemy import Connection, and_, bindparam, literal_column, select, update

from gateway.ledger.tables import destination, package
from gateway.model.destination import Route
from gateway.semantics.health import Admission, Circuit, Control, Health, admit, ramp, spent, tripped

SECOND = 1_000_000


def admission(connection: Connection, route: Route, now: int) -> Admission:
    """Return what may be done at a destination now."""
    return admit(_read(connection, route), route.terms, now)


def is_closed(connection: Connection, route: Route) -> bool:
    """Tell whether the circuit is closed."""
    return _read(connection, route).circuit is Circuit.CLOSED


def takes_new(connection: Connection, route: Route) -> bool:
    """Tell whether new packages may be made for a destination, now or later, without a person's word."""
    return _read(connection, route).control is Control.OPEN


def begin_probe(connection: Connection, route: Route, now: int) -> bool:
    """Take the one exchange that an open circuit lets through; False when another worker has it."""
    here = destination.c
    by = now + int(route.terms.probe_every * SECOND)
    taken = connection.execute(
        update(destination)
        .where(here.id == route.destination_id, here.circuit != Circuit.CLOSED, here.probe_by <= now)
        .values(circuit=Circuit.HALF_OPEN, probe_by=by)
    )
    return taken.rowcount == 1


def note(connection: Connection, route: Route, at: int, *, reached: bool) -> None:
    """Write down whether an exchange was answered: an answer closes the circuit, silence opens it or keeps it open.

    Failures are counted by whoever settles. After an outage packages begin small, and what waited out a pause of its
    own is tried at once.
    """
    known = _read(connection, route)
    values: dict[str, Any] = {}
    if not reached and (known.circuit is not Circuit.CLOSED or tripped(route.terms, known.failures)):
        probe = max(known.probe_by, at + int(route.terms.probe_every * SECOND))
        values = {"circuit": Circuit.OPEN, "probe_by": probe}
        if known.circuit is Circuit.CLOSED:
            values["opened_at"] = at
    elif reached and known.circuit is not Circuit.CLOSED:
        values = {"circuit": Circuit.CLOSED, "opened_at": None, "probe_by": 0, "failures": 0}
        values["package_limit"] = _smaller(connection, route)
    elif reached and known.failures:
        values = {"failures": 0}
    if values:
        connection.execute(update(destination).where(destination.c.id == route.destination_id).values(**values))
    if reached and known.circuit is not Circuit.CLOSED:
        hurry(connection, route)


def note_ping(connection: Connection, route: Route, at: int, *, reached: bool, detail: str = "") -> None:
    """Write down what came of a probe that had nothing to send."""
    if not reached:
        connection.execute(
            update(destination).where(destination.c.id == route.destination_id).values(reason=detail[:500])
        )
    note(connection, route, at, reached=reached)


def note_maintenance(connection: Connection, route: Route, until: int) -> None:
    """Write down until when a destination said to be in maintenance (4002)."""
    connection.execute(
        update(destination)
        .where(destination.c.id == route.destination_id)
        .values(maintenance_until=until, not_before=until)
    )


def spend(connection: Connection, route: Route, records: int, now: int) -> None:
    """Take the tokens of a new package out of the destination's bucket."""
    pace = route.terms.pace
    if pace is None:
        return
    known = _read(connection, route)
    connection.execute(
        update(destination)
        .where(destination.c.id == route.destination_id)
        .values(paced_until=spent(pace, known.paced_until, records, now))
    )


def halt(connection: Connection, route: Route, reason: str, at: int) -> None:
    """Stop a destination for a fault of the channel, until a person resumes it; one that is paused stays paused."""
    connection.execute(
        update(destination)
        .where(destination.c.id == route.destination_id)
        .values(state=Control.HALTED, reason=reason[:500], told_by=None, told_reason=None, told_at=at)
    )


def hurry(connection: Connection, route: Route | None) -> None:
    """Let everything that waits out a pause be tried, or asked about, at once: at one destination or at all."""
    packages = and_(package.c.not_before > 1, package.c.holder.is_(None))
    rests = destination.c.not_before > 0
    if route is not None:
        packages = and_(packages, package.c.destination_id == route.destination_id)
        rests = and_(rests, destination.c.id == route.destination_id)
    unsent, unknown = package.c.state == literal_column("'open'"), package.c.state == literal_column("'unknown'")
    # One that was put off unsent keeps a not_before of its own: that tells it from one on its way (T3).
    connection.execute(update(package).where(unsent, packages).values(not_before=1))
    connection.execute(update(package).where(unknown, packages).values(not_before=0))
    connection.execute(update(destination).where(rests).values(not_before=0))
    if route is None:
        connection.execute(update(destination).where(destination.c.probe_by > 0).values(probe_by=0))


def _read(connection: Connection, route: Route) -> Health:
    state, circuit, *rest = connection.execute(_HEALTH, {"here": route.destination_id}).one()
    return Health(Control(state), Circuit(circuit), *rest)


_HEALTH = select(
    *(destination.c[name] for name in ("state", "circuit", "failures", "not_before", "probe_by", "paced_until"))
).where(destination.c.id == bindparam("here"))


def _smaller(connection: Connection, route: Route) -> int | None:
    """Return the size of the next package: that of the ramp, or what a division has left."""
    here = destination.c
    limit = connection.execute(select(here.package_limit).where(here.id == route.destination_id)).scalar_one()
    sizes = [each for each in (limit, ramp(route.terms)) if each is not None]
    return min(sizes, default=None)
