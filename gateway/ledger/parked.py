# SPDX-License-Identifier: Apache-2.0
"""What people do about parked deliveries: send again, skip with a reason, withdraw (ledger.md B11, T2); groups put aside."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select, update

from gateway.ledger import approvals, lanes
from gateway.ledger.approvals import NotOpen
from gateway.ledger.batches import in_parts, upsert_rows
from gateway.ledger.failure_tables import failure_note
from gateway.ledger.tables import delivery, destination, record
from gateway.model.person import Actor, Duty
from gateway.semantics.outcomes import UNKNOWN_OUTCOME

WITHDRAW: Final = "failures.withdraw"
_PARKED = delivery.c.state == "parked"


def find(connection: Connection, where: str, key: str) -> list[int]:
    """Return the records of a key that are parked at a destination."""
    rows = connection.execute(
        select(delivery.c.record_id)
        .join(record, record.c.id == delivery.c.record_id)
        .join(destination, destination.c.id == delivery.c.destination_id)
        .where(record.c.key == key, destination.c.name == where, _PARKED)
        .order_by(record.c.version)
    )
    return list(rows.scalars())


def number_of(connection: Connection, where: str) -> int | None:
    """Return the number of a destination."""
    return connection.execute(select(destination.c.id).where(destination.c.name == where)).scalar()


def unknown_among(connection: Connection, here: int, record_ids: Sequence[int]) -> int:
    """Count those of unknown outcome: sending them again may make a naive destination hold them twice (T3)."""
    n = 0
    for part in in_parts(record_ids):
        rows = connection.execute(
            select(delivery.c.record_id).where(
                delivery.c.destination_id == here, delivery.c.record_id.in_(part), delivery.c.code == UNKNOWN_OUTCOME
            )
        )
        n += len(rows.all())
    return n


def retry(connection: Connection, here: int, record_ids: Sequence[int], now: int) -> int:
    """Make parked deliveries ready again; returns how many still were parked."""
    return _move(
        connection, here, record_ids, now, {"state": "ready", "package_no": None, "code": None, "message": None}
    )


def skip(connection: Connection, here: int, record_ids: Sequence[int], now: int) -> int:
    """Let the lane go on without parked deliveries; a replay plan may still send them."""
    return _move(connection, here, record_ids, now, {"state": "skipped"})


def withdraw(connection: Connection, here: int, record_ids: Sequence[int], now: int) -> int:
    """Close parked deliveries for good: this destination never gets these versions."""
    return _move(connection, here, record_ids, now, {"state": "not-needed", "code": "withdrawn"})


def _move(connection: Connection, here: int, record_ids: Sequence[int], now: int, values: dict[str, Any]) -> int:
    moved = 0
    names: set[str] = set()
    for part in in_parts(sorted(record_ids)):
        which = (delivery.c.destination_id == here) & delivery.c.record_id.in_(part) & _PARKED
        names.update(connection.execute(select(delivery.c.lane).where(which)).scalars())
        moved += connection.execute(update(delivery).where(which).values(**values)).rowcount
    if not moved:
        raise NotOpen("0")
    lanes.refresh(connection, here, names, now)
    return moved


@approvals.carries(WITHDRAW, Duty.APPROVE)
def _withdrawn(connection: Connection, row: Any, _actor: Actor, now: int) -> None:
    payload = json.loads(row.payload)
    withdraw(connection, payload["destination_id"], payload["record_ids"], now)


def note(
    connection: Connection, fingerprint: str, actor: Actor, now: int, *, state: str | None = None,
    assignee: str | None = None, reason: str | None = None,
) -> None:  # fmt: skip
    """Put a group aside (``state`` aside), take it up again (open), or give it to somebody."""
    before = connection.execute(select(failure_note).where(failure_note.c.fingerprint == fingerprint)).first()
    old = (before.state, before.assignee) if before is not None else ("open", None)
    row = (fingerprint, state or old[0], assignee if assignee is not None else old[1], reason, actor.name, now)
    columns = ("fingerprint", "state", "assignee", "reason", "by", "at")
    upsert_rows(connection, failure_note, columns, [row], replaced=columns[1:])
