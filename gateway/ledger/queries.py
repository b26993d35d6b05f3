# SPDX-License-Identifier: Apache-2.0
"""Questions that people ask the ledger: which records, what became of one, why something was refused.

Times are microseconds since 1970 UTC. What is returned may hold personal data: mask it before it is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, select

from gateway.ledger.refusals import Outcome
from gateway.ledger.segments import Place
from gateway.ledger.tables import attempt, awaiting, delivery, destination, package, record, refusal, source, versions
from gateway.ledger.waiting_tables import held_back
from gateway.model.record import record_id

_PAGE = 1000

RECORD_STATES = ("accepted", "waiting", "parked", "superseded")
REFUSAL_STATES = tuple(outcome.value for outcome in Outcome)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records or refusals: every field that is set must match."""

    case_no: str | None = None
    key: str | None = None
    state: str | None = None
    source: str | None = None
    type: str | None = None

    def conditions(self, table: Table, state: str) -> list[ColumnElement[bool]]:
        """Return the conditions on ``table``, whose state stands in the column ``state``."""
        asked = {"case_no": self.case_no, "key": self.key, state: self.state, "type": self.type}
        found = [table.c[name] == value for name, value in asked.items() if value is not None]
        if self.source is not None:
            found.append(source.c.name == self.source)
        return found


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record at one destination."""

    destination: str
    state: str
    code: str | None
    message: str | None
    receipt_no: int | None
    package_no: int | None
    package_id: str | None
    package_state: str | None
    awaits: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a key as the ledger holds it; ``waits`` are the findings (JSON) because of which it waits, if it does."""

    id: int
    type: str
    key: str
    version: int
    content_digest: bytes
    state: str
    lane: str
    case_no: str | None
    org_code: str
    item_code: str | None
    occurred_at: str
    source: str
    row_id: str
    run_id: int
    accepted_at: int
    document: Place
    raw: Place
    pack: str
    mapping: str
    adapter: str
    warnings: str | None
    waits: str | None
    deliveries: tuple[Delivered, ...] = field(default=())

    @property
    def record_id(self) -> str:
        """The id of this record on the wire."""
        return record_id(self.type, self.key, self.version, self.content_digest)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that stayed outside; ``findings`` is the JSON that gateway.ledger.findings reads."""

    id: int
    outcome: str
    type: str | None
    key: str | None
    case_no: str | None
    source: str
    row_id: str
    run_id: int
    stage: str
    code: str
    findings: str
    at: int
    superseded: bool
    document: Place | None
    raw: Place


def records(connection: Connection, wanted: Wanted, limit: int | None = None) -> Iterator[Stored]:
    """Yield records in the order in which the ledger took them, each with its deliveries."""
    last, left = 0, limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        rows = connection.execute(_records(wanted).where(record.c.id > last).limit(size)).all()
        if not rows:
            return
        delivered = _deliveries(connection, [row.id for row in rows])
        yield from (_stored(row, delivered.get(row.id, ())) for row in rows)
        last = rows[-1].id
        left = None if left is None else left - len(rows)


def _records(wanted: Wanted) -> Select[Any]:
    return (
        select(
            record, source.c.name.label("source"), versions.c.pack, versions.c.mapping, versions.c.adapter,
            held_back.c.findings.label("waits"),
        )
        .join(source, source.c.id == record.c.source_id)
        .outerjoin(held_back, held_back.c.record_id == record.c.id)
        .join(versions, versions.c.id == record.c.versions_id)
        .where(*wanted.conditions(record, "state"))
        .order_by(record.c.id)
    )  # fmt: skip


def _stored(row: Row[Any], deliveries: Sequence[Delivered]) -> Stored:
    return Stored(
        row.id, row.type, row.key, row.version, row.content_digest, row.state, row.lane, row.case_no, row.org_code,
        row.item_code, row.occurred_at, row.source, row.row_id, row.run_id, row.accepted_at,
        (row.segment_id, row.offset, row.length), (row.raw_segment_id, row.raw_offset, row.raw_length), row.pack,
        row.mapping, row.adapter, row.warnings, row.waits, tuple(deliveries),
    )  # fmt: skip


def _deliveries(connection: Connection, record_ids: Sequence[int]) -> dict[int, list[Delivered]]:
    rows = connection.execute(
        select(
            delivery.c.record_id, destination.c.name, delivery.c.state, delivery.c.code, delivery.c.message,
            delivery.c.receipt_no, delivery.c.package_no, package.c.package_id, package.c.state.label("package_state"),
            awaiting.c.awaits,
        )
        .join(destination, destination.c.id == delivery.c.destination_id)
        .outerjoin(package, package.c.no == delivery.c.package_no)
        .outerjoin(
            awaiting,
            (awaiting.c.destination_id == delivery.c.destination_id) & (awaiting.c.record_id == delivery.c.record_id),
        )
        .where(delivery.c.record_id.in_(record_ids))
        .order_by(destination.c.name)
    )  # fmt: skip
    found: dict[int, list[Delivered]] = {}
    for number, *rest in rows:
        found.setdefault(number, []).append(Delivered(*rest))
    return found


def refused(
    connection: Connection, wanted: Wanted, limit: int | None = None, *, superseded: bool = False
) -> Iterator[Refusal]:
    """Yield refusals, conflicts, stale rows and proposed withdrawals; with ``superseded`` those done with, too."""
    question = (
        select(refusal, source.c.name.label("source"))
        .join(source, source.c.id == refusal.c.source_id)
        .where(*wanted.conditions(refusal, "outcome"))
        .order_by(refusal.c.id)
    )
    if not superseded:
        question = question.where(refusal.c.superseded.is_(False))
    last, left = 0, limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        rows = connection.execute(question.where(refusal.c.id > last).limit(size)).all()
        if not rows:
            return
        yield from map(_refusal, rows)
        last = rows[-1].id
        left = None if left is None else left - len(rows)


def refusal_by_id(connection: Connection, number: int) -> Refusal | None:
    """Return one refusal, done with or not."""
    row = connection.execute(
        select(refusal, source.c.name.label("source"))
        .join(source, source.c.id == refusal.c.source_id)
        .where(refusal.c.id == number)
    ).first()
    return None if row is None else _refusal(row)


def _refusal(row: Row[Any]) -> Refusal:
    document = None if row.segment_id is None else (row.segment_id, row.offset, row.length)
    return Refusal(
        row.id, row.outcome, row.type, row.key, row.case_no, row.source, row.row_id, row.run_id, row.stage, row.code,
        row.findings, row.at, row.superseded, document, (row.raw_segment_id, row.raw_offset, row.raw_length),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tried:
    """One time we spoke to a destination about a package: submit or query, when, and what came of it."""

    kind: str
    at: int
    outcome: str
    code: str | None
    detail: str | None


def attempts(connection: Connection, package_no: int) -> tuple[Tried, ...]:
    """Return all exchanges about a package, the first one first."""
    rows = connection.execute(
        select(attempt.c.kind, attempt.c.at, attempt.c.outcome, attempt.c.code, attempt.c.detail)
        .where(attempt.c.package_no == package_no)
        .order_by(attempt.c.id)
    )
    return tuple(Tried(*row) for row in rows)
