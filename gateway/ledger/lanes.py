# SPDX-License-Identifier: Apache-2.0
"""Lanes: the order of one case at one destination (ledger.md B9, B11, B12).

A lane has a row only while it has open deliveries. It is ``leased`` while one of its records is in an open package,
``blocked`` while its first open delivery waits or is parked, else ``ready``.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Delete,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    literal_column,
    select,
    text,
    update,
)

from gateway.ledger.batches import among, insert_rows, listed, upsert_rows
from gateway.ledger.tables import OPEN_DELIVERY, delivery, lane, record
from gateway.model.destination import Route

READY = "ready"
LEASED = "leased"
BLOCKED = "blocked"

IS_OPEN: Final = text(f"({OPEN_DELIVERY.replace('state', 'delivery.state')})")
"""The condition of the partial index in its own words, so that SQLite can see that it covers the question.

Plain text: of a typed expression SQLAlchemy makes ``(…) = 1``, and SQLite then walks the whole destination.
"""

MASTER_DATA_FIRST = 0
ORDINARY = 5


class NewRecord(NamedTuple):
    """A record that the ledger has just accepted, on its way into the lanes."""

    id: int
    type: str
    key: str
    version: int
    lane: str
    order_key: str
    priority: int = ORDINARY


def enqueue(connection: Connection, routes: Sequence[Route], new: Sequence[NewRecord], now: int) -> None:
    """Give each new record a delivery at every destination it is routed to, inside the caller's transaction.

    A higher version takes the place of a parked one of its key (B11); versions not yet sent are not merged.
    """
    if not new:
        return
    for route in routes:
        routed = [each for each in new if route.terms.takes(each.type)]
        if not routed:
            continue
        _replace_parked(connection, route.destination_id, routed)
        here = route.destination_id
        rows = [(here, each.id, each.lane, each.order_key, READY) for each in routed]
        insert_rows(connection, delivery, _DELIVERY_COLUMNS, rows)
        lanes = {each.lane: each.priority for each in routed}
        wanted = [(here, name, READY, priority, now) for name, priority in sorted(lanes.items())]
        if upsert_rows(connection, lane, _LANE_COLUMNS, wanted) < len(wanted):
            _refresh_blocked(connection, route.destination_id, list(lanes), now)


_DELIVERY_COLUMNS = ("destination_id", "record_id", "lane", "order_key", "state")
_LANE_COLUMNS = ("destination_id", "name", "state", "priority", "since")


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


def _refresh_blocked(connection: Connection, destination_id: int, names: Sequence[str], now: int) -> None:
    """A correction may have replaced the parked head, or come before it: look again at the lanes that were blocked."""
    blocked = connection.execute(
        select(lane.c.name).where(
            lane.c.destination_id == destination_id,
            lane.c.state == literal_column("'blocked'"),
            lane.c.name.in_(sorted(names)),
        )
    )
    refresh(connection, destination_id, [row.name for row in blocked], now)


def refresh(connection: Connection, destination_id: int, names: Iterable[str], now: int) -> None:
    """Recompute the state of the named lanes from their open deliveries; lanes with none lose their row."""
    wanted = sorted(set(names))
    if not wanted:
        return
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
