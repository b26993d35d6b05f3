# SPDX-License-Identifier: Apache-2.0
"""Numbers of pushed packages: a gap is opened, closed on arrival, and alarmed after a while, never a reason to refuse."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from gateway.ledger.batches import upsert_rows
from gateway.ledger.received_tables import received_gap, received_package, received_stream, received_voided
from gateway.ledger.tables import source

ALARM_AFTER: Final = 15 * 60 * 1_000_000
"""Microseconds that a gap may stand open without an alarm (standard.md §4)."""

_MOST_GAPS: Final = 1000
"""Most gaps opened by one package: a sender that begins a stream at a billion is not worth a billion rows."""


def note_sequence(connection: Connection, source_id: int, stream_id: str, seq: int, now: int) -> None:
    """Note that number ``seq`` of a stream has come."""
    mine = (received_stream.c.source_id == source_id, received_stream.c.stream_id == stream_id)
    highest = connection.execute(select(received_stream.c.highest).where(*mine).with_for_update()).scalar()
    if highest is None:
        highest = 0
        connection.execute(insert(received_stream).values(source_id=source_id, stream_id=stream_id, highest=0))
    if seq <= highest:
        connection.execute(
            delete(received_gap).where(
                received_gap.c.source_id == source_id, received_gap.c.stream_id == stream_id, received_gap.c.seq == seq
            )
        )
        return
    missing = range(max(highest + 1, seq - _MOST_GAPS), seq)
    rows = [(source_id, stream_id, number, now) for number in missing]
    upsert_rows(connection, received_gap, ("source_id", "stream_id", "seq", "opened_at"), rows)
    connection.execute(update(received_stream).where(*mine).values(highest=seq))


def note_voided(connection: Connection, source_id: int, stream_id: str, package_ids: Sequence[str]) -> None:
    """Note packages that the sender has given up: each that never came explains the oldest gap of the stream."""
    for package_id in package_ids:
        came = connection.execute(
            select(received_package.c.receipt_no).where(
                received_package.c.source_id == source_id, received_package.c.package_id == package_id
            )
        ).first()
        new = upsert_rows(connection, received_voided, ("source_id", "package_id"), [(source_id, package_id)])
        if came is None and new:
            oldest = (
                select(func.min(received_gap.c.seq))
                .where(received_gap.c.source_id == source_id, received_gap.c.stream_id == stream_id)
                .scalar_subquery()
            )
            connection.execute(
                delete(received_gap).where(
                    received_gap.c.source_id == source_id,
                    received_gap.c.stream_id == stream_id,
                    received_gap.c.seq == oldest,
                )
            )


@dataclass(frozen=True, slots=True)
class Gap:
    """A number of a sender's stream that has not come; ``opened_at`` in microseconds."""

    source: str
    stream_id: str
    seq: int
    opened_at: int


def open_gaps(connection: Connection) -> list[Gap]:
    """Return all gaps that stand open."""
    columns = received_gap.c
    rows = connection.execute(
        select(source.c.name, columns.stream_id, columns.seq, columns.opened_at)
        .join(source, source.c.id == columns.source_id)
        .order_by(columns.opened_at, columns.source_id, columns.stream_id, columns.seq)
    )
    return [Gap(*row) for row in rows]


def overdue_gaps(connection: Connection, now: int) -> bool:
    """Tell whether any gap stands open too long and nobody was told."""
    late = (received_gap.c.alarmed.is_(False), received_gap.c.opened_at <= now - ALARM_AFTER)
    return connection.execute(select(received_gap.c.seq).where(*late).limit(1)).first() is not None


def alarm_gaps(connection: Connection, now: int) -> list[Gap]:
    """Mark the gaps that stand open too long, once, and return them for the alarm."""
    late = (received_gap.c.alarmed.is_(False), received_gap.c.opened_at <= now - ALARM_AFTER)
    columns = received_gap.c
    rows = connection.execute(
        select(source.c.name, columns.stream_id, columns.seq, columns.opened_at)
        .join(source, source.c.id == columns.source_id)
        .where(*late)
        .order_by(columns.source_id, columns.stream_id, columns.seq)
    ).all()
    if rows:
        connection.execute(update(received_gap).where(*late).values(alarmed=True))
    return [Gap(*row) for row in rows]
