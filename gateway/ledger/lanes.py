# SPDX-License-Identifier: Apache-2.0
"""Lanes: the order of one case at one destination (ledger.md B9, B11, B12).

A lane has a row only while it has open deliveries. It is ``leased`` while one of its records is in an open package,
``blocked`` while its first open delivery waits or is parked, else ``ready``.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Delete,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    literal_column,
    select,
    text,
    update,
)

from gateway.ledger.batches import among, insert_rows, listed, upsert_rows
from gateway.ledger.tables import OPEN_DELIVERY, delivery, lane, record
from gateway.model.destination import Route
from gateway.model.priority import NEVER, Priority

READY = "ready"
LEASED = "leased"
BLOCKED = "blocked"

IS_OPEN: Final = text(f"({OPEN_DELIVERY.replace('state', 'delivery.state')})")
"""The condition of the partial index in its own words, so that SQLite can see that it covers the question.

Plain text: of a typed expression SQLAlchemy makes ``(…) = 1``, and SQLite then walks the whole destination.
"""


class NewRecord(NamedTuple):
    """A record that the ledger has just accepted, on its way into the lanes.

    ``priority`` is its class of urgency (``gateway.ledger.turns``), ``org_code`` the department whose turn it takes,
    ``due`` when a legal clock at the supervision side runs out for want of it (microseconds).
    """

    id: int
    type: str
    key: str
    version: int
    lane: str
    order_key: str
    priority: int = Priority.ORDINARY
    org_code: str = ""
    due: int = NEVER


class Place(NamedTuple):
    """Where a lane stands in line: its class, its department, and when its legal clock runs out."""

    priority: int
    org_code: str
    due: int = NEVER


def enqueue(connection: Connection, routes: Sequence[Route], new: Sequence[NewRecord], now: int) -> None:
    """Give each new record a delivery at every destination it is routed to, inside the caller's transaction.

    A higher version takes the place of a parked one of its key (B11); versions not yet sent are not merged.
    """
    if not new:
        return
    everything = _places(new)
    types = {each.type for each in new}
    for route in routes:
        taken = {each for each in types if route.terms.takes(each)}
        routed = new if taken == types else [each for each in new if each.type in taken]
        if not routed:
            continue
        here = route.destination_id
        places = everything if routed is new else _places(routed)
        stood = _stand(connection, here, places, now)
        _replace_parked(connection, here, routed)
        rows = [(here, each.id, each.lane, each.order_key, READY) for each in routed]
        insert_rows(connection, delivery, _DELIVERY_COLUMNS, rows)
        if stood:
            _join(connection, here, places, now)


def _places(routed: Sequence[NewRecord]) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for each in routed:
        before = places.get(each.lane)
        if before is None:
            places[each.lane] = Place(each.priority, each.org_code, each.due)
        elif each.priority < before.priority or each.due < before.due:
            places[each.lane] = Place(min(before.priority, each.priority), before.org_code, min(before.due, each.due))
    return places


def line_up(connection: Connection, destination_id: int, places: Mapping[str, Place], now: int) -> None:
    """Let lanes with open deliveries stand in line, inside the caller's transaction; their deliveries are written already.

    A lane that stands there keeps its place, but goes up where the new class is more urgent or the new clock earlier.
    """
    if _stand(connection, destination_id, places, now):
        _join(connection, destination_id, places, now)


def _stand(connection: Connection, destination_id: int, places: Mapping[str, Place], now: int) -> bool:
    """Make the lanes that are new and lock those there are; tell whether there may be any of the latter.

    Without the lock a worker that settles the last delivery of a lane would remove the row under ours (PostgreSQL; an
    update that changes nothing waits for it, and makes the row anew where it has gone).
    """
    wanted = [
        (destination_id, name, READY, place.priority, now, place.org_code, place.due)
        for name, place in sorted(places.items())
    ]
    if connection.dialect.name == "sqlite":
        return upsert_rows(connection, lane, _LANE_COLUMNS, wanted) < len(wanted)
    upsert_rows(connection, lane, _LANE_COLUMNS, wanted, replaced=("destination_id",))
    return True


_DELIVERY_COLUMNS = ("destination_id", "record_id", "lane", "order_key", "state")
_LANE_COLUMNS = ("destination_id", "name", "state", "priority", "since", "org_code", "due")


def _replace_parked(connection: Connection, destination_id: int, routed: Sequence[NewRecord]) -> None:
    corrections = [each for each in routed if each.version > 1]
    if not corrections:
        return
    newest = {each.key: each.version for each in corrections}
    parked = connection.execute(
        select(delivery.c.record_id, record.c.key, record.c.version)
        .join(record, record.c.id == delivery.c.record_id)
        .where(
            delivery.c.destination_id == destination_id,
            delivery.c.state == literal_column("'parked'"),
            record.c.key.in_(sorted(newest)),
        )
    )
    outdated = [row.record_id for row in parked if row.version < newest[row.key]]
    if outdated:
        connection.execute(
            update(delivery)
            .where(delivery.c.destination_id == destination_id, delivery.c.record_id.in_(outdated))
            .values(state="superseded")
        )


def _join(connection: Connection, destination_id: int, places: Mapping[str, Place], now: int) -> None:
    """Move lanes up that stood there before; a correction may have replaced the parked head of one that was blocked."""
    dialect = connection.dialect.name
    standing = connection.execute(
        _standing(dialect), {"here": destination_id, "among": listed(dialect, sorted(places))}
    )
    blocked, rising = [], []
    for row in standing.all():
        place = places[row.name]
        if place.priority < row.priority or place.due < row.due:
            rising.append({"here": destination_id, "of": row.name, "class": place.priority, "when": place.due})
        if row.state == BLOCKED:
            blocked.append(row.name)
    if rising:
        connection.execute(_RISE, rising)
    refresh(connection, destination_id, blocked, now)


@lru_cache
def _standing(dialect: str) -> Select[Any]:
    return select(lane.c.name, lane.c.state, lane.c.priority, lane.c.due).where(
        lane.c.destination_id == bindparam("here"), among(dialect, lane.c.name)
    )


_RISE = (
    update(lane)
    .where(lane.c.destination_id == bindparam("here"), lane.c.name == bindparam("of"))
    .values(
        priority=case((lane.c.priority > bindparam("class"), bindparam("class")), else_=lane.c.priority),
        due=case((lane.c.due > bindparam("when"), bindparam("when")), else_=lane.c.due),
    )
)


def refresh(connection: Connection, destination_id: int, names: Iterable[str], now: int) -> None:
    """Recompute the state of the named lanes from their open deliveries; lanes with none lose their row.

    The lanes are locked first, in sorted order (B10): deliveries that somebody adds meanwhile are seen here or there.
    """
    wanted = sorted(set(names))
    if not wanted:
        return
    lock(connection, destination_id, wanted)
    first: dict[str, str] = {}
    packed: set[str] = set()
    dialect = connection.dialect.name
    states, changed, emptied = _refreshing(dialect)
    rows = connection.execute(states, {"here": destination_id, "among": listed(dialect, wanted)}).all()
    for name, state in rows:
        first.setdefault(name, state)
        if state == "packed":
            packed.add(name)
    groups: dict[str, list[str]] = {}
    for name in wanted:
        if name not in first:
            groups.setdefault("", []).append(name)
        elif name in packed:
            groups.setdefault(LEASED, []).append(name)
        else:
            groups.setdefault(READY if first[name] == "ready" else BLOCKED, []).append(name)
    for state, members in groups.items():
        here = {"here": destination_id, "among": listed(dialect, members)}
        if state:
            connection.execute(changed, {**here, "to": state, "now": now})
        else:
            connection.execute(emptied, here)


def lock(connection: Connection, destination_id: int, names: Sequence[str]) -> None:
    """Lock the named lanes, given in sorted order, until the transaction ends; SQLite has one writer anyway."""
    dialect = connection.dialect.name
    if dialect != "sqlite":
        connection.execute(_locking(dialect), {"here": destination_id, "among": listed(dialect, names)}).all()


@lru_cache
def _locking(dialect: str) -> Select[Any]:
    return (
        select(lane.c.name)
        .where(lane.c.destination_id == bindparam("here"), among(dialect, lane.c.name))
        .order_by(lane.c.name.collate("C"))
        .with_for_update()
    )


@lru_cache
def _refreshing(dialect: str) -> tuple[Select[Any], Update, Delete]:
    """Return the question for the open deliveries of some lanes, and what changes or removes such lanes."""
    of_lanes = and_(lane.c.destination_id == bindparam("here"), among(dialect, lane.c.name))
    return (
        select(delivery.c.lane, delivery.c.state)
        .where(delivery.c.destination_id == bindparam("here"), among(dialect, delivery.c.lane), IS_OPEN)
        .order_by(delivery.c.lane, delivery.c.order_key),
        update(lane).where(of_lanes).values(state=bindparam("to"), since=bindparam("now")),
        delete(lane).where(of_lanes),
    )
