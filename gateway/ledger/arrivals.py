# SPDX-License-Identifier: Apache-2.0
"""When records happened, were collected, claimed and settled, as far as the ledger can prove it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, case, func, or_, select

from gateway.clock import microseconds
from gateway.ledger.batches import in_parts
from gateway.ledger.lanes import IS_OPEN
from gateway.ledger.tables import attempt, delivery, package, record, source, source_run
from gateway.model.record import Level

_NO_ANSWER: Final = ("unknown", "retry", "halt")


class Arrival(NamedTuple):
    """One record on its way to one destination, times in microseconds.

    What has not happened yet (``claimed``, ``settled`` False) has the time of the question. ``pulled_at`` is when the
    run began that collected it.
    """

    id: int
    key: str
    version: int
    type: str
    org_code: str
    item_code: str | None
    case_no: str | None
    order_key: str
    source_id: int
    source: str
    level: str
    occurred: str
    occurred_at: int
    pulled_at: int
    accepted_at: int
    claimed_at: int
    settled_at: int
    claimed: bool
    settled: bool


def arrivals(connection: Connection, here: int, since: int, now: int, levels: Collection[Level]) -> list[Arrival]:
    """Return what was settled at a destination since ``since``, and what is open there, of sources of these levels."""
    answered = (
        select(attempt.c.package_no, func.max(attempt.c.at).label("at")).group_by(attempt.c.package_no).subquery()
    )
    rows = connection.execute(
        select(
            record.c.id, record.c.key, record.c.version, record.c.type, record.c.org_code, record.c.item_code,
            record.c.case_no, record.c.order_key, record.c.occurred_at, record.c.accepted_at, record.c.source_id,
            source.c.name, source.c.level, source_run.c.started_at, package.c.created_at, answered.c.at,
            case((delivery.c.state == "settled", True), else_=False).label("settled"),
        )
        .select_from(delivery)
        .join(record, record.c.id == delivery.c.record_id)
        .join(source, source.c.id == record.c.source_id)
        .outerjoin(source_run, source_run.c.id == record.c.run_id)
        .outerjoin(package, package.c.no == delivery.c.package_no)
        .outerjoin(answered, answered.c.package_no == delivery.c.package_no)
        .where(
            delivery.c.destination_id == here,
            source.c.level.in_([str(level) for level in levels]),
            or_((delivery.c.state == "settled") & (answered.c.at >= since), IS_OPEN),
        )
    )  # fmt: skip
    return [made for made in (_arrival(row, now) for row in rows) if made is not None]


def _arrival(row: Any, now: int) -> Arrival | None:
    try:
        occurred = datetime.fromisoformat(row.occurred_at)
    except ValueError:
        return None
    if occurred.tzinfo is None:
        return None
    settled_at = row.at if row.settled and row.at is not None else now
    claimed_at = min(row.created_at, settled_at) if row.created_at is not None else settled_at
    return Arrival(
        row.id, row.key, row.version, row.type, row.org_code, row.item_code, row.case_no, row.order_key, row.source_id,
        row.name, row.level, row.occurred_at, microseconds(occurred), row.started_at or row.accepted_at, row.accepted_at,
        claimed_at, settled_at, row.created_at is not None, bool(row.settled),
    )  # fmt: skip


def pulls(connection: Connection, source_ids: Iterable[int]) -> dict[int, Sequence[int]]:
    """Return when the pulls of these sources that came to their end began, in order."""
    found: dict[int, list[int]] = {}
    rows = connection.execute(
        select(source_run.c.source_id, source_run.c.started_at)
        .where(source_run.c.source_id.in_(sorted(source_ids)), source_run.c.state == "done")
        .order_by(source_run.c.started_at)
    )
    for source_id, started_at in rows:
        found.setdefault(source_id, []).append(started_at)
    return found  # type: ignore[return-value]


def awaited(connection: Connection, late: Sequence[Arrival]) -> dict[int, int]:
    """Return when the last record came that stands before each of these in its case, where it came after it."""
    wanted = {each.case_no for each in late if each.case_no is not None}
    held: dict[str, list[tuple[str, int]]] = {}
    for part in in_parts(sorted(wanted)):
        rows = connection.execute(
            select(record.c.case_no, record.c.order_key, record.c.accepted_at).where(record.c.case_no.in_(part))
        )
        for case_no, order_key, accepted_at in rows:
            held.setdefault(case_no, []).append((order_key, accepted_at))
    return {
        each.id: max(came)
        for each in late
        if (
            came := [
                accepted_at
                for order_key, accepted_at in held.get(each.case_no or "", ())
                if order_key < each.order_key and each.accepted_at < accepted_at <= each.claimed_at
            ]
        )
    }


def outages(connection: Connection, here: int, since: int, now: int) -> list[tuple[int, int]]:
    """Return when a destination answered nobody: from an exchange without an answer to the next one with."""
    rows = connection.execute(
        select(attempt.c.at, attempt.c.outcome)
        .join(package, package.c.no == attempt.c.package_no)
        .where(package.c.destination_id == here, attempt.c.at >= since - 30 * 86_400 * 1_000_000)
        .order_by(attempt.c.at, attempt.c.id)
    )
    found: list[tuple[int, int]] = []
    began: int | None = None
    for at, outcome in rows:
        if outcome in _NO_ANSWER:
            began = at if began is None else began
        elif began is not None:
            found.append((began, at))
            began = None
    return found if began is None else [*found, (began, now)]
