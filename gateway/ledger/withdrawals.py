# SPDX-License-Identifier: Apache-2.0
"""Proposed withdrawals (建议撤回): listed, dismissed by one person, decided by two, carried out by a run (ledger.md B7, T4)."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, delete, insert, select, update

from gateway.ledger import approvals
from gateway.ledger.absences import DISMISSED, WITHDRAWN, require_lease
from gateway.ledger.approvals import NotOpen
from gateway.ledger.batches import in_parts
from gateway.ledger.refusals import Outcome
from gateway.ledger.runs import RunLease
from gateway.ledger.source_tables import row_absence, source_withdrawal
from gateway.ledger.tables import record, record_key, refusal, source
from gateway.model.person import Actor, Duty

WITHDRAW: Final = "source.withdraw"
DISMISS: Final = "source.dismiss"


class Proposed(NamedTuple):
    """A withdrawal that the ledger proposes and nobody has decided yet."""

    number: int
    source: str
    row_id: str
    key: str
    type: str
    code: str
    at: int


class Decided(NamedTuple):
    """A withdrawal that two people have decided: what it withdraws, why, and who answers for it."""

    number: int
    row_id: str
    key: str
    type: str
    case_no: str | None
    org_code: str
    reason: str
    approver: str
    at: int


def proposed(connection: Connection, name: str | None = None, row_id: str | None = None) -> list[Proposed]:
    """Return the open proposals, of one source or row where given, the oldest first."""
    wanted = _open().add_columns(source.c.name.label("source")).join(source, source.c.id == refusal.c.source_id)
    if name is not None:
        wanted = wanted.where(source.c.name == name)
    if row_id is not None:
        wanted = wanted.where(refusal.c.row_id == row_id)
    rows = connection.execute(wanted.order_by(refusal.c.id))
    return [Proposed(row.id, row.source, row.row_id, row.key, row.type, row.code, row.at) for row in rows]


def _open() -> Select[Any]:
    return select(refusal).where(
        refusal.c.outcome == Outcome.PROPOSED.value, refusal.c.superseded.is_(False), refusal.c.key.is_not(None),
        refusal.c.id.not_in(select(source_withdrawal.c.refusal_id)),
    )  # fmt: skip


def dismiss(connection: Connection, numbers: Sequence[int]) -> int:
    """Drop proposals: the records stay as they are; a row is proposed again only after it has been back.

    Raises NotOpen where none is open any more.
    """
    done = 0
    for part in in_parts(numbers):
        rows = connection.execute(_open().where(refusal.c.id.in_(part))).all()
        for row in rows:
            connection.execute(update(refusal).where(refusal.c.id == row.id).values(superseded=True))
            _mark(connection, row.source_id, row.row_id, DISMISSED)
            done += 1
    if not done:
        raise NotOpen("0")
    return done


def _mark(connection: Connection, source_id: int, row_id: str, state: str) -> None:
    of = (row_absence.c.source_id == source_id, row_absence.c.row_id == row_id)
    connection.execute(update(row_absence).where(*of).values(state=state))


@approvals.carries(WITHDRAW, Duty.APPROVE)
def _approved(connection: Connection, row: Any, actor: Actor, now: int) -> None:
    """Note the decision for the next run of the source, which alone may make versions of its keys (B5)."""
    numbers = json.loads(row.payload)["refusals"]
    still = connection.execute(_open().where(refusal.c.id.in_(numbers))).all()
    if not still:
        raise NotOpen(f"#{row.id}")
    for each in still:
        values = {
            "refusal_id": each.id, "source_id": each.source_id, "reason": row.reason, "proposed_by": row.proposed_by,
            "approver": actor.name, "at": now,
        }  # fmt: skip
        connection.execute(insert(source_withdrawal).values(values))


def decided(connection: Connection, source_id: int) -> list[Decided]:
    """Return the decisions that no run has carried out; one whose row has come back meanwhile is no more among them."""
    rows = connection.execute(
        select(
            refusal.c.id, record_key.c.row_id, refusal.c.key, record_key.c.type, record_key.c.case_no, record.c.org_code,
            source_withdrawal.c.reason, source_withdrawal.c.approver, source_withdrawal.c.at,
        )
        .join(source_withdrawal, source_withdrawal.c.refusal_id == refusal.c.id)
        .join(record_key, record_key.c.key == refusal.c.key)
        .join(record, record.c.id == record_key.c.record_id)
        .where(refusal.c.source_id == source_id, refusal.c.superseded.is_(False))
        .where(record_key.c.withdrawn.is_(False), record_key.c.source_id == source_id)
        .order_by(refusal.c.id)
    )  # fmt: skip
    return [Decided(*row) for row in rows]


def carried_out(connection: Connection, lease: RunLease, numbers: Sequence[int]) -> None:
    """Close decisions in the transaction that makes their versions. Raises Fenced."""
    require_lease(connection, lease)
    for part in in_parts(numbers):
        rows = connection.execute(select(refusal.c.id, refusal.c.row_id).where(refusal.c.id.in_(part))).all()
        for row in rows:
            _mark(connection, lease.source_id, row.row_id, WITHDRAWN)
        connection.execute(update(refusal).where(refusal.c.id.in_(part)).values(superseded=True))
        connection.execute(delete(source_withdrawal).where(source_withdrawal.c.refusal_id.in_(part)))
