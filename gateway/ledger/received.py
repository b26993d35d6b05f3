# SPDX-License-Identifier: Apache-2.0
"""What a sender may ask about what it sent: receipts, statements, keys and notices. Each sees only its own."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from gateway.errors import LedgerError
from gateway.ledger.batches import in_parts, upsert_rows
from gateway.ledger.gate import ACCEPTED
from gateway.ledger.received_tables import intake_refusal, notice, notice_read, received_package, received_record
from gateway.ledger.receiving import last_receipt_no
from gateway.ledger.segments import Place, SegmentReader
from gateway.ledger.tables import record, record_key, source
from gateway.model.package import KeyRow, Keys

Reading: TypeAlias = Connection
"""An open transaction of the ledger, for callers that ask several things of one state."""


class Given(NamedTuple):
    """A package taken before; ``receipt`` is None where it is not kept any more."""

    receipt_no: int
    body_digest: str
    received_at: int
    receipt: bytes | None


def given(connection: Connection, segments: SegmentReader, source_id: int, package_id: str) -> Given | None:
    """Return what was given for a package, or None where it was never taken."""
    return _given(connection, segments, source_id, received_package.c.package_id == package_id)


def given_for_record(connection: Connection, segments: SegmentReader, source_id: int, wire_id: str) -> Given | None:
    """Return what was given for the package that first stored a record."""
    number = connection.execute(
        select(received_record.c.receipt_no).where(
            received_record.c.wire_id == UUID(wire_id).bytes, received_record.c.source_id == source_id
        )
    ).scalar()
    return None if number is None else _given(connection, segments, source_id, received_package.c.receipt_no == number)


def _given(connection: Connection, segments: SegmentReader, source_id: int, which: object) -> Given | None:
    columns = received_package.c
    row = connection.execute(
        select(received_package).where(columns.source_id == source_id, which)  # type: ignore[arg-type]
    ).first()
    if row is None:
        return None
    place: Place = (row.segment_id, row.receipt_offset, row.receipt_length)
    try:
        receipt: bytes | None = segments.read(connection, [place])[0]
    except LedgerError:  # pruned: taken, but the receipt is gone
        receipt = None
    return Given(row.receipt_no, row.body_digest, row.received_at, receipt)


def accepted_since(connection: Connection, source_id: int, wire_ids: Sequence[str]) -> set[str]:
    """Return those of these records that waited when they were receipted and are accepted now."""
    found: set[str] = set()
    for part in in_parts([UUID(each).bytes for each in wire_ids]):
        rows = connection.execute(
            select(received_record.c.wire_id)
            .join(record, record.c.id == received_record.c.record_id)
            .where(
                received_record.c.wire_id.in_(part),
                received_record.c.source_id == source_id,
                record.c.state == ACCEPTED,
            )
        ).scalars()
        found.update(str(UUID(bytes=each)) for each in rows)
    return found


class SentHead(NamedTuple):
    """The head of a key that the sender sent and that is accepted."""

    record_id: int
    type: str
    key: str
    version: int
    digest: str
    receipt_no: int
    org_code: str
    item_code: str


def sent_heads(
    connection: Connection, source_id: int, *, day: str | None, org: str | None, after: int = 0, limit: int | None = None
) -> Iterator[SentHead]:  # fmt: skip
    """Yield accepted heads of a sender in the order they came; a withdrawn key is its withdrawal (ledger.md B26)."""
    columns = record.c
    wanted = [
        received_record.c.source_id == source_id,
        received_record.c.record_id > after,
        record_key.c.accepted.is_(True),
    ]
    if day is not None:
        wanted.append(received_record.c.day == day)
    if org is not None:
        wanted.append(columns.org_code == org)
    question = (
        select(
            columns.id, columns.type, columns.key, columns.version, columns.content_digest,
            received_record.c.receipt_no, columns.org_code, columns.item_code,
        )
        .select_from(received_record)
        .join(record, columns.id == received_record.c.record_id)
        .join(record_key, (record_key.c.key == columns.key) & (record_key.c.record_id == columns.id))
        .where(*wanted)
        .order_by(columns.id)
        .limit(limit)
    )  # fmt: skip
    for row in connection.execute(question):
        yield SentHead(
            row.id, row.type, row.key, row.version, row.content_digest.hex(), row.receipt_no, row.org_code,
            row.item_code or "",
        )  # fmt: skip


class SentKeys(NamedTuple):
    """A page of keys; ``cursor`` asks for the next one and is None on the last."""

    keys: Keys
    cursor: str | None


def sent_keys(
    connection: Connection, source_id: int, *, day: str | None, org: str | None, after: int, size: int
) -> SentKeys:
    """Return one page of the keys that a sender's accepted heads have."""
    rows = list(sent_heads(connection, source_id, day=day, org=org, after=after, limit=size + 1))
    page = tuple(
        KeyRow(row.type, row.key, row.version, "C" if row.version == 1 else "U", row.digest, row.receipt_no)
        for row in rows[:size]
    )
    cursor = str(rows[size - 1].record_id) if len(rows) > size else None
    return SentKeys(Keys(last_receipt_no(connection), page), cursor)


class Notice(NamedTuple):
    """A record that a department must be told of; ``place`` is that of its document."""

    record_id: int
    type: str
    key: str
    version: int
    digest: bytes
    place: Place


def open_notices(
    connection: Connection, source_id: int, orgs: Collection[str] | None, *, since: int, after: int, size: int
) -> list[Notice]:  # fmt: skip
    """Return accepted notices for ``orgs`` (None: all) that came from elsewhere and are not acknowledged."""
    columns = record.c
    read = select(notice_read.c.record_id).where(
        notice_read.c.source_id == source_id, notice_read.c.record_id == notice.c.record_id
    )
    wanted = [
        notice.c.record_id > after, notice.c.at >= since, columns.source_id != source_id, columns.state == ACCEPTED,
        ~read.exists(),
    ]  # fmt: skip
    if orgs is not None:
        wanted.append(notice.c.org_code.in_(sorted(orgs)))
    rows = connection.execute(
        select(
            columns.id, columns.type, columns.key, columns.version, columns.content_digest, columns.segment_id,
            columns.offset, columns.length,
        )
        .select_from(notice)
        .join(record, columns.id == notice.c.record_id)
        .where(*wanted)
        .order_by(columns.id)
        .limit(size)
    )  # fmt: skip
    return [
        Notice(row.id, row.type, row.key, row.version, row.content_digest, (row.segment_id, row.offset, row.length))
        for row in rows
    ]


def acknowledge(
    connection: Connection, source_id: int, orgs: Collection[str] | None, wire_ids: Sequence[str], now: int
) -> int:
    """Mark notices as read; return how many of them were open for this sender."""
    wanted = [received_record.c.wire_id.in_([UUID(each).bytes for each in wire_ids])]
    if orgs is not None:
        wanted.append(notice.c.org_code.in_(sorted(orgs)))
    rows = connection.execute(
        select(notice.c.record_id)
        .join(received_record, received_record.c.record_id == notice.c.record_id)
        .where(*wanted, received_record.c.source_id != source_id)
    ).scalars()
    return upsert_rows(
        connection, notice_read, ("source_id", "record_id", "at"), [(source_id, each, now) for each in rows]
    )


def source_id_of(connection: Connection, name: str) -> int | None:
    """Return the number of a source, None where the ledger does not know it."""
    found = connection.execute(select(source.c.id).where(source.c.name == name)).scalar()
    return None if found is None else int(found)


def mark_read(connection: Connection, source_id: int, record_id: int, now: int) -> None:
    """Note that a notice was put to a department."""
    upsert_rows(connection, notice_read, ("source_id", "record_id", "at"), [(source_id, record_id, now)])


class Turned(NamedTuple):
    """A package of a known sender that was refused whole."""

    source_id: int
    package_id: str | None
    code: str
    detail: str
    peer: str


def note_refusals(connection: Connection, refused: Sequence[Turned], now: int) -> None:
    """Keep refusals of whole packages: who was refused, when and why."""
    for each in refused:
        connection.execute(insert(intake_refusal).values(at=now, **each._asdict()))


class SenderFigures(NamedTuple):
    """What one sender has pushed; ``last_at`` in microseconds."""

    name: str
    packages: int
    last_receipt_no: int
    last_at: int


def senders(connection: Connection) -> list[SenderFigures]:
    """Return the senders that have pushed anything."""
    columns = received_package.c
    rows = connection.execute(
        select(source.c.name, func.count(), func.max(columns.receipt_no), func.max(columns.received_at))
        .join(source, source.c.id == columns.source_id)
        .group_by(source.c.name)
        .order_by(source.c.name)
    )
    return [SenderFigures(*row) for row in rows]


class RefusedWhole(NamedTuple):
    """A package that was refused whole; ``at`` in microseconds."""

    name: str
    at: int
    package_id: str | None
    code: str
    detail: str
    peer: str


def refused_whole(connection: Connection, most: int) -> list[RefusedWhole]:
    """Return the last packages that were refused whole, the newest first."""
    columns = intake_refusal.c
    rows = connection.execute(
        select(source.c.name, columns.at, columns.package_id, columns.code, columns.detail, columns.peer)
        .join(source, source.c.id == columns.source_id)
        .order_by(columns.id.desc())
        .limit(most)
    )
    return [RefusedWhole(*row) for row in rows]
