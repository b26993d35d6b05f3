# SPDX-License-Identifier: Apache-2.0
"""Retention (保存期限): payloads and exchanges are pruned, identity never (ledger.md B22); open cases and holds stay whole.

A case is open while one of its records waits, is held by the go-live lock or is on its way anywhere, or anything of it is younger than the limit,
or nothing in it closes it (L1 sources send results only: theirs are closed as they come). A segment holds the payloads of one chunk, of many cases: what must stay is copied into a new
segment, then the old one goes. A pruned record keeps its row, its digest and its receipts; only its place is empty.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, exists, func, insert, literal_column, or_, select, update

from gateway.ledger.batches import update_rows
from gateway.ledger.evidence import state_again, state_gone
from gateway.ledger.golive_tables import go_live_record
from gateway.ledger.retention_tables import hold
from gateway.ledger.segments import write_segment
from gateway.ledger.tables import attempt, delivery, package, record, refusal, segment, source

HOLDS: Final = ("case", "key", "org", "source")
BATCH: Final = 50
"""Segments in one transaction: a running gateway waits no longer than that takes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What may go: older than ``before`` (microseconds), of cases that a record of a ``closing`` type has ended."""

    before: int
    closing: frozenset[str]


@dataclass(slots=True)
class Pruned:
    """What was, or would be, pruned: segments gone, those copied in part, bytes freed, and rows of other kinds."""

    segments: int = 0
    copied: int = 0
    bytes: int = 0
    records: int = 0
    refusals: int = 0
    attempts: int = 0
    kept_open: int = 0
    kept_on_hold: int = 0

    def __iadd__(self, other: "Pruned") -> "Pruned":
        """Add the figures of a further batch."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


def place(connection: Connection, kind: str, subject: str, reason: str, by: str, now: int) -> int | None:
    """Put something under hold; None where it is already."""
    there = select(hold.c.id).where(hold.c.kind == kind, hold.c.subject == subject, hold.c.lifted_at.is_(None))
    if connection.execute(there).first() is not None:
        return None
    made = connection.execute(
        insert(hold).values(kind=kind, subject=subject, reason=reason, placed_by=by, placed_at=now)
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def lift(connection: Connection, number: int, by: str, now: int) -> bool:
    """Lift a hold; False where there is none of that number."""
    done = connection.execute(
        update(hold).where(hold.c.id == number, hold.c.lifted_at.is_(None)).values(lifted_by=by, lifted_at=now)
    )
    return bool(done.rowcount)


def holds(connection: Connection) -> list[dict[str, Any]]:
    """Return all holds, lifted ones too."""
    return [row._asdict() for row in connection.execute(select(hold).order_by(hold.c.id))]


def candidates(connection: Connection, before: int, after: int, limit: int = BATCH) -> list[int]:
    """Return the next segments made before a time, by their numbers."""
    return list(
        connection.execute(
            select(segment.c.id)
            .where(segment.c.created_at < before, segment.c.id > after)
            .order_by(segment.c.id)
            .limit(limit)
        ).scalars()
    )


def prune_segments(connection: Connection, numbers: Sequence[int], terms: Terms, *, dry_run: bool) -> Pruned:
    """Prune what may go of these segments inside the caller's transaction."""
    pruned = Pruned()
    for number in numbers:
        pruned += _prune(connection, number, terms, dry_run=dry_run)
    return pruned


_PLACES: Final = (
    (record, "segment_id", "offset", "length"),
    (record, "raw_segment_id", "raw_offset", "raw_length"),
    (refusal, "segment_id", "offset", "length"),
    (refusal, "raw_segment_id", "raw_offset", "raw_length"),
)


def _prune(connection: Connection, number: int, terms: Terms, *, dry_run: bool) -> Pruned:
    row = connection.execute(select(segment).where(segment.c.id == number)).one()
    pruned = Pruned()
    if row.kind == "receipt":
        if connection.execute(_open_receipt(number, terms)).first() is not None:
            return pruned
        pruned.segments, pruned.bytes = 1, len(row.payload)
    else:
        kept, gone = _sorted_places(connection, number, terms, pruned)
        if kept and not gone:
            return pruned
        pruned.segments, pruned.records, pruned.bytes = 1, gone, len(row.payload)
        if kept:
            pruned.copied = 1
            pruned.bytes -= _copy(connection, row, kept, dry_run=dry_run)
    if not dry_run:
        connection.execute(delete(segment).where(segment.c.id == number))
        state_gone(connection, segment, [number])
    return pruned


def _open_receipt(number: int, terms: Terms) -> Any:
    """Return the question whether the receipt of this segment is one of a case that must stay."""
    return (
        select(package.c.no)
        .join(delivery, delivery.c.package_no == package.c.no)
        .join(record, record.c.id == delivery.c.record_id)
        .where(package.c.receipt_segment_id == number, or_(_on_hold(), _is_open(record, terms)))
        .limit(1)
    )


_Kept = dict[tuple[int, int], list[tuple[Any, str, str, int]]]


def _sorted_places(connection: Connection, number: int, terms: Terms, pruned: Pruned) -> tuple[_Kept, int]:
    """Return the places of a segment that must stay, with the rows that point there, and how many rows may lose theirs."""
    kept: _Kept = {}
    gone = 0
    for table, segment_column, offset, length in _PLACES:
        rows = connection.execute(
            select(
                table.c.id, table.c[offset], table.c[length], _is_open(table, terms).label("is_open"),
                _on_hold(table).label("on_hold"),
            ).where(table.c[segment_column] == number)
        )  # fmt: skip
        for each in rows:
            if not (each.is_open or each.on_hold):
                gone += 1
                continue
            pruned.kept_on_hold += bool(each.on_hold)
            pruned.kept_open += not each.on_hold
            kept.setdefault((each[1], each[2]), []).append((table, segment_column, offset, each.id))
    return kept, gone


def _copy(connection: Connection, row: Any, kept: _Kept, *, dry_run: bool) -> int:
    """Write what stays of a segment into a new one and point its rows there; return its compressed size."""
    whole = zlib.decompress(row.payload)
    parts, at, moved = [], 0, []
    for (offset, length), pointing in sorted(kept.items()):
        parts.append(whole[offset : offset + length])
        moved += [(each, at) for each in pointing]
        at += length
    payload = zlib.compress(b"".join(parts), 1)
    if dry_run:
        return len(payload)
    fresh = write_segment(connection, row.kind, payload, row.created_at)
    groups: dict[tuple[Any, str, str], list[tuple[int, int, int]]] = {}
    for (table, segment_column, offset_column, pointing_row), fresh_place in moved:
        groups.setdefault((table, segment_column, offset_column), []).append((fresh, fresh_place, pointing_row))
    for (table, segment_column, offset_column), rows in groups.items():
        columns = tuple(column.name for column in table.c if column.name in (segment_column, offset_column))
        update_rows(connection, table, "id", columns, rows)
    for table in (record, refusal):
        state_again(connection, table, {each[3] for each, _at in moved if each[0] is table})
    return len(payload)


def _is_open(table: Any, terms: Terms) -> Any:
    """Tell whether the case of a row is open: something of it waits, is on its way, or is younger than the limit."""
    mate = record.alias("mate")
    way = delivery.alias("way")
    on_the_way = exists().where(
        way.c.record_id == mate.c.id, or_(*(way.c.state == literal_column(f"'{each}'") for each in _OPEN))
    )
    locked = exists().where(go_live_record.c.record_id == mate.c.id, go_live_record.c.state == literal_column("'held'"))
    alive = or_(mate.c.state != literal_column("'accepted'"), mate.c.accepted_at >= terms.before, on_the_way, locked)
    mates = mate.c.id == table.c.id if table is record else mate.c.key == table.c.key
    own = exists().where(mates, alive)
    of_case = exists().where(mate.c.case_no == table.c.case_no, alive)
    if table is refusal:
        standing = and_(refusal.c.superseded.is_(False), refusal.c.at >= terms.before)
        return or_(own, of_case, standing)
    closer = record.alias("closer")
    closed = exists().where(closer.c.case_no == table.c.case_no, closer.c.type.in_(sorted(terms.closing)))
    staged = exists().where(source.c.id == table.c.source_id, source.c.level != "L1")
    unfinished = and_(table.c.case_no.is_not(None), staged, ~closed)
    return or_(own, of_case, unfinished)


_OPEN: Final = ("ready", "waiting", "parked", "packed")


def _on_hold(table: Any = record) -> Any:
    named = {"case": table.c.case_no, "key": table.c.key}
    if table is record:
        named["org"] = table.c.org_code
    subjects = [and_(hold.c.kind == kind, hold.c.subject == column) for kind, column in named.items()]
    of_source = select(source.c.name).where(source.c.id == table.c.source_id).scalar_subquery()
    subjects.append(and_(hold.c.kind == "source", hold.c.subject == of_source))
    return exists().where(hold.c.lifted_at.is_(None), or_(*subjects))


def prune_rows(connection: Connection, terms: Terms, *, dry_run: bool) -> Pruned:
    """Prune what was said of exchanges about packages that are done with, and refusals that a later reading replaced."""
    done = select(package.c.no).where(package.c.state.in_(["settled", "void"]), package.c.last_sent_at < terms.before)
    kept = (
        select(delivery.c.package_no)
        .join(record, record.c.id == delivery.c.record_id)
        .where(delivery.c.package_no == attempt.c.package_no, or_(_on_hold(), _is_open(record, terms)))
    )
    old_attempts = and_(attempt.c.at < terms.before, attempt.c.package_no.in_(done), ~kept.correlate(attempt).exists())
    old_refusals = and_(
        refusal.c.superseded.is_(True), refusal.c.at < terms.before, ~_on_hold(refusal), ~_is_open(refusal, terms)
    )
    pruned = Pruned(
        attempts=_count(connection, attempt, old_attempts), refusals=_count(connection, refusal, old_refusals)
    )
    if not dry_run:
        for table, which in ((attempt, old_attempts), (refusal, old_refusals)):
            state_gone(connection, table, connection.execute(select(table.c.id).where(which)).scalars())
            connection.execute(delete(table).where(which))
    return pruned


def _count(connection: Connection, table: Any, which: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(which)).scalar_one())
