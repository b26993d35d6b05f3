# SPDX-License-Identifier: Apache-2.0
"""Destinations as the ledger knows them: their number, stream, health, and figures per delivery state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, insert, literal_column, or_, select, update

from gateway.ledger import health
from gateway.ledger.claims import IS_UNFINISHED
from gateway.ledger.lanes import IS_OPEN
from gateway.ledger.tables import delivery, destination, lane, package, reconciliation, record
from gateway.ledger.workers import is_gone
from gateway.model.destination import Route, Terms
from gateway.model.package import statement_term, statement_text
from gateway.semantics.health import Allowed


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """Deliveries of one destination, counted as ledger.md "Counting"."""

    accepted: int = 0
    refused: int = 0
    pending: int = 0
    unknown: int = 0
    not_needed: int = 0


def register(connection: Connection, terms: Sequence[Terms]) -> tuple[Route, ...]:
    """Give every configured destination its number; a new one gets the next."""
    known = {row.name: row.id for row in connection.execute(select(destination.c.name, destination.c.id))}
    routes = []
    for each in terms:
        number = known.get(each.name)
        if number is None:
            result = connection.execute(insert(destination).values(name=each.name))
            number = int(result.inserted_primary_key[0])  # type: ignore[index]
        routes.append(Route(number, each))
    return tuple(routes)


def known_routes(connection: Connection, terms: Mapping[str, Terms]) -> tuple[Route, ...]:
    """Return the routes of the destinations that have a number already, registering nobody."""
    rows = connection.execute(select(destination.c.id, destination.c.name).order_by(destination.c.id))
    return tuple(Route(row.id, terms[row.name]) for row in rows if row.name in terms)


def recover(connection: Connection, now: int) -> int:
    """Call every package that a worker now gone left open unknown, as whether it was sent is not knowable (T3).

    One that had been put off, and so has a ``not_before``, is known not to have been sent: it stays open.
    A destination that is halted, paused or draining stays so: people decide (``gateway.ledger.health``). An open circuit
    stays open too. Nobody waits out a pause that the process before had begun: everything is tried, or asked about, at
    once, though behind an open circuit by one probe only.
    """
    result = connection.execute(
        update(package)
        .where(
            package.c.state == literal_column("'open'"),
            package.c.not_before == 0,
            is_gone(connection.dialect.name, package.c.holder),
        )
        .values(state="unknown", was_unknown=True, last_sent_at=now, holder=None, epoch=package.c.epoch + 1)
    )
    health.hurry(connection, None)
    return int(result.rowcount)


def figures(connection: Connection, run_ids: Sequence[int] | None = None) -> Mapping[str, DeliveryFigures]:
    """Count every destination's deliveries: settled, parked, on their way, of unknown outcome, not needed.

    ``run_ids`` restricts the count to records that these runs collected.
    """
    counts: dict[str, dict[str, int]] = {}
    for row in connection.execute(_counted(run_ids)):
        of = counts.setdefault(row.name, {})
        bucket = _bucket(row)
        of[bucket] = of.get(bucket, 0) + row.n
    names = [row.name for row in connection.execute(select(destination.c.name))]
    return {name: DeliveryFigures(**counts.get(name, {})) for name in names}


def _counted(run_ids: Sequence[int] | None) -> Select[Any]:
    counted = (
        select(
            destination.c.name,
            delivery.c.state,
            delivery.c.code,
            package.c.state.label("package_state"),
            func.count().label("n"),
        )
        .select_from(delivery)
        .join(destination, destination.c.id == delivery.c.destination_id)
        .outerjoin(package, package.c.no == delivery.c.package_no)
        .group_by(destination.c.name, delivery.c.state, delivery.c.code, package.c.state)
    )
    if run_ids is None:
        return counted
    return counted.join(record, record.c.id == delivery.c.record_id).where(record.c.run_id.in_(run_ids))


def _bucket(row: Any) -> str:
    """Name the figure a delivery counts in.

    Superseded deliveries count as not needed: a higher version took their place before they were accepted.
    """
    if row.state == "settled":
        return "accepted"
    if row.state in ("not-needed", "superseded", "skipped"):
        return "not_needed"
    if row.state == "parked":
        return "unknown" if row.code == "outcome-unknown" else "refused"
    if row.state == "packed" and row.package_state == "unknown":
        return "unknown"
    return "pending"


def known(connection: Connection) -> Sequence[Any]:
    """Return one row a destination, with all that is known of its health."""
    return connection.execute(select(destination).order_by(destination.c.name)).all()


def settled_heads(
    connection: Connection, destination_id: int, through: int | None, day: str | None, incarnation: int | None = None
) -> Iterable[Any]:
    """Yield the head of every key settled at a destination: type, key, version, org, item, occurred_at, content digest.

    ``through`` leaves out what was settled by a later receipt (B26); ``day`` keeps heads that occurred on it. Receipts
    of a life of the receiver before ``incarnation`` count whatever their number: it went on from a backup, its numbers
    began anew there, and what it lost must show.
    """
    settled = [delivery.c.destination_id == destination_id, delivery.c.state == "settled"]
    if through is not None:
        settled.append(_covered(through, destination_id, incarnation))
    heads = (
        select(record.c.key, func.max(record.c.version).label("version"))
        .join(delivery, delivery.c.record_id == record.c.id)
        .where(*settled)
        .group_by(record.c.key)
        .subquery()
    )
    rows = select(
        record.c.type, record.c.key, record.c.version, record.c.org_code, record.c.item_code, record.c.occurred_at,
        record.c.content_digest,
    ).join(heads, (heads.c.key == record.c.key) & (heads.c.version == record.c.version))  # fmt: skip
    if day is not None:
        rows = rows.where(func.substr(record.c.occurred_at, 1, 10) == day)
    return connection.execution_options(yield_per=2000).execute(rows)


def _covered(through: int, destination_id: int, incarnation: int | None) -> ColumnElement[bool]:
    by_number = delivery.c.receipt_no <= through
    if incarnation is None:
        return by_number
    of_before = (package.c.destination_id == destination_id) & (package.c.incarnation < incarnation)
    return by_number | delivery.c.package_no.in_(select(package.c.no).where(of_before))


def day_sums(
    connection: Connection, destination_id: int, days: Sequence[str] | None
) -> dict[str, dict[tuple[str, str, str], tuple[int, str]]]:
    """Return, per day and (organisation, type, item), count and statement digest of the heads settled at a destination."""
    sums: dict[str, dict[tuple[str, str, str], tuple[int, int]]] = {}
    wanted = None if days is None else frozenset(days)
    for row in settled_heads(connection, destination_id, None, None):
        day = row.occurred_at[:10]
        if wanted is not None and day not in wanted:
            continue
        lines = sums.setdefault(day, {})
        line = (row.org_code, row.type, row.item_code or "")
        count, total = lines.get(line, (0, 0))
        lines[line] = (count + 1, total + statement_term(row.key, row.version, row.content_digest.hex()))
    return {
        day: {line: (count, statement_text(total)) for line, (count, total) in lines.items()}
        for day, lines in sums.items()
    }


def open_keys(connection: Connection, destination_id: int) -> frozenset[str]:
    """Return the keys with a delivery still on its way to a destination."""
    rows = connection.execute(
        select(record.c.key)
        .join(delivery, delivery.c.record_id == record.c.id)
        .where(delivery.c.destination_id == destination_id, IS_OPEN)
    )
    return frozenset(row.key for row in rows)


def next_due(connection: Connection, route: Route, holder: int, now: int) -> int | None:
    """Return when a worker can next try something at a destination (microseconds); None when nothing is open there.

    What another living worker holds is not open to this one. Behind an open circuit it is the next probe, whether
    anything is open there or not: that a destination is back must be seen.
    """
    here = route.destination_id
    now_allowed = health.admission(connection, route, now)
    if now_allowed.allowed is Allowed.PROBE or now_allowed.until is None:
        return now_allowed.until
    if now_allowed.allowed is Allowed.NOTHING and not health.is_closed(connection, route):
        return now_allowed.until
    free = or_(
        package.c.holder.is_(None), package.c.holder == holder, is_gone(connection.dialect.name, package.c.holder)
    )
    when = case((package.c.holder.is_(None), package.c.not_before), else_=0)
    unsettled = connection.execute(
        select(func.min(when)).where(package.c.destination_id == here, IS_UNFINISHED, free)
    ).scalar()
    ready = connection.execute(
        select(lane.c.name)
        .where(lane.c.destination_id == here, lane.c.state == literal_column("'ready'"))
        .order_by(lane.c.priority)  # makes SQLite take the index of ready lanes: there may be many others
        .limit(1)
    ).first()
    new = now_allowed.until if ready and health.takes_new(connection, route) else None
    times = [each for each in (unsettled, new) if each is not None]
    if not times:
        return None
    return max(min(times), now_allowed.until) if now_allowed.allowed is Allowed.NOTHING else min(times)


def count_differences(connection: Connection, destination_id: int) -> int:
    """Return how many differences the last reconciliation with a destination left."""
    count = select(func.count()).select_from(reconciliation).where(reconciliation.c.destination_id == destination_id)
    return int(connection.execute(count).scalar_one())


def records_to_mend(connection: Connection, name: str) -> list[int]:
    """Return the records whose sending mends what the last reconciliation with a destination found missing or altered.

    They are the heads of those keys as settled there. What the destination holds too much, nothing sent can mend.
    """
    here = delivery.c
    found = (
        select(func.max(record.c.version), record.c.key)
        .join(delivery, here.record_id == record.c.id)
        .join(reconciliation, reconciliation.c.key == record.c.key)
        .join(destination, destination.c.id == reconciliation.c.destination_id)
        .where(
            destination.c.name == name,
            reconciliation.c.kind.in_(["missing", "altered"]),
            here.destination_id == destination.c.id,
            here.state == "settled",
        )
        .group_by(record.c.key)
        .subquery()
    )
    version, key = found.c
    rows = connection.execute(
        select(record.c.id).join(found, (key == record.c.key) & (version == record.c.version)).order_by(record.c.id)
    )
    return list(rows.scalars())
