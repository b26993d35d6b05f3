# SPDX-License-Identifier: Apache-2.0
"""What reconciliation asks the ledger and leaves in it (ledger.md B14, B26)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from gateway.ledger.batches import among, listed, upsert_rows
from gateway.ledger.lanes import IS_OPEN
from gateway.ledger.reconciliation_tables import reconciled_day, source_difference
from gateway.ledger.tables import delivery, reconciliation, record, record_key, source, source_run

IN_FLIGHT: Final = "in-flight"
SUSPECTED: Final = "suspected"
CONFIRMED: Final = "confirmed"

_MICROSECOND: Final = timedelta(microseconds=1)


class Line(NamedTuple):
    """What figures are kept by: event day (ISO, +08:00), organisation, record type and item."""

    day: str
    org_code: str
    type: str
    item_code: str


class Head(NamedTuple):
    """The head of a key, as far as lines ask."""

    line: Line
    version: int
    content_digest: str
    withdrawn: bool
    identity: bytes


@dataclass(frozen=True, slots=True)
class SourceStand:
    """How far a source was read: its number, name and cursor, and when the last pull that came to its end began (microseconds)."""

    number: int
    name: str
    cursor: str
    last_pull: int | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row on which source and ledger differ, as one sweep saw it; ``read_again``: the next pull reads it anyhow."""

    row_id: str
    kind: str
    read_again: bool


class Noted(NamedTuple):
    """When a difference was first seen (microseconds), and what it counts for by now."""

    first_seen_at: int
    state: str


def source_stand(connection: Connection, name: str) -> SourceStand | None:
    """Return how far a source was read; None for one that was never pulled."""
    row = connection.execute(select(source.c.id, source.c.cursor).where(source.c.name == name)).first()
    if row is None:
        return None
    last = connection.execute(
        select(func.max(source_run.c.started_at)).where(source_run.c.source_id == row.id, source_run.c.state == "done")
    ).scalar()
    return SourceStand(row.id, name, row.cursor, last)


def heads(connection: Connection, keys: Iterable[str]) -> dict[str, Head]:
    """Return the heads of these keys; a key that is only reserved has none."""
    dialect = connection.dialect.name
    rows = connection.execute(
        select(
            record_key.c.key, record_key.c.withdrawn, record_key.c.identity, record.c.type, record.c.version, record.c.content_digest,
            record.c.org_code, record.c.item_code, record.c.occurred_at,
        )
        .join(record, record.c.id == record_key.c.record_id)
        .where(among(dialect, record_key.c.key)),
        {"among": listed(dialect, keys)},
    )  # fmt: skip
    return {
        row.key: Head(
            Line(row.occurred_at[:10], row.org_code, row.type, row.item_code or ""), row.version, row.content_digest.hex(),
            row.withdrawn, row.identity,
        )
        for row in rows
    }  # fmt: skip


def held_lines(connection: Connection) -> dict[Line, dict[str, int]]:
    """Count the heads of all keys by line and by state (accepted, waiting, parked)."""
    day = func.substr(record.c.occurred_at, 1, 10)
    rows = connection.execute(
        select(day, record.c.org_code, record.c.type, record.c.item_code, record.c.state, func.count())
        .select_from(record_key)
        .join(record, record.c.id == record_key.c.record_id)
        .group_by(day, record.c.org_code, record.c.type, record.c.item_code, record.c.state)
    )
    return _by_line(rows)


def open_lines(connection: Connection, destination_id: int) -> dict[Line, dict[str, int]]:
    """Count the open deliveries to a destination by line and by state (ready, packed, waiting, parked)."""
    day = func.substr(record.c.occurred_at, 1, 10)
    rows = connection.execute(
        select(day, record.c.org_code, record.c.type, record.c.item_code, delivery.c.state, func.count())
        .select_from(delivery)
        .join(record, record.c.id == delivery.c.record_id)
        .where(delivery.c.destination_id == destination_id, IS_OPEN)
        .group_by(day, record.c.org_code, record.c.type, record.c.item_code, delivery.c.state)
    )
    return _by_line(rows)


def _by_line(rows: Iterable[Any]) -> dict[Line, dict[str, int]]:
    counted: dict[Line, dict[str, int]] = {}
    for day, org_code, type_, item_code, state, count in rows:
        counted.setdefault(Line(day, org_code, type_, item_code or ""), {})[state] = count
    return counted


def note_sightings(
    connection: Connection, stand: SourceStand, seen: Sequence[Sighting], overlap: timedelta, now: int
) -> dict[str, Noted]:
    """Return what each difference counts for, in place of what the last sweep left; what is not seen again is forgotten.

    A difference counts only if seen again (B26): one that a pull reads anyhow, after such a pull; one that no pull will
    ever read, after the overlap.
    """
    before = dict_of(connection, stand.number)
    noted = {}
    for each in seen:
        earlier = before.get(each.row_id)
        first = now if earlier is None else earlier.first_seen_at
        if each.read_again:
            counts = stand.last_pull is not None and stand.last_pull > first
            noted[each.row_id] = Noted(first, CONFIRMED if counts else IN_FLIGHT)
        else:
            noted[each.row_id] = Noted(first, CONFIRMED if now - first >= overlap // _MICROSECOND else SUSPECTED)
    return noted


def keep_sightings(
    connection: Connection, stand: SourceStand, seen: Sequence[Sighting], noted: Mapping[str, Noted], now: int
) -> None:
    """Keep the differences of a sweep in place of the last one's."""
    connection.execute(delete(source_difference).where(source_difference.c.source_id == stand.number))
    columns = ("source_id", "row_id", "kind", "first_seen_at", "last_seen_at", "state")
    rows = [
        (stand.number, each.row_id, each.kind, noted[each.row_id].first_seen_at, now, noted[each.row_id].state)
        for each in seen
    ]
    upsert_rows(connection, source_difference, columns, rows)


def dict_of(connection: Connection, source_id: int) -> dict[str, Noted]:
    """Return the differences that the last sweep of a source left, by row."""
    rows = connection.execute(select(source_difference).where(source_difference.c.source_id == source_id))
    return {row.row_id: Noted(row.first_seen_at, row.state) for row in rows}


def source_counts(connection: Connection) -> dict[str, int]:
    """Count the confirmed differences that the last sweep of each source left; sources without any are absent."""
    rows = connection.execute(
        select(source.c.name, func.count().label("n"))
        .join(source_difference, source_difference.c.source_id == source.c.id)
        .where(source_difference.c.state == CONFIRMED)
        .group_by(source.c.name)
    )
    return {row.name: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Stated:
    """What the ledger states of one day at one destination, all lines together."""

    count: int
    digest: str
    through_receipt_no: int


def stated_days(connection: Connection, destination_id: int) -> dict[str, tuple[int, str]]:
    """Return count and digest of every day as it was last stated."""
    rows = connection.execute(select(reconciled_day).where(reconciled_day.c.destination_id == destination_id))
    return {row.day: (row.records, row.digest) for row in rows}


def keep_days(connection: Connection, destination_id: int, days: Mapping[str, Stated], now: int) -> None:
    """Keep what was stated of these days; a day whose statement has changed counts one more restatement."""
    before = {
        row.day: row
        for row in connection.execute(select(reconciled_day).where(reconciled_day.c.destination_id == destination_id))
    }
    rows = []
    for day, stated in days.items():
        earlier = before.get(day)
        moved = earlier is not None and (earlier.records, earlier.digest) != (stated.count, stated.digest)
        restated = (earlier.restated if earlier is not None else 0) + moved
        rows.append((destination_id, day, now, stated.through_receipt_no, stated.count, stated.digest, restated))
    columns = ("destination_id", "day", "at", "through_receipt_no", "records", "digest", "restated")
    replaced = columns[2:]
    upsert_rows(connection, reconciled_day, columns, rows, replaced=replaced)


def replace_differences(
    connection: Connection, destination_id: int, days: Sequence[str] | None, now: int, rows: Sequence[Mapping[str, str]]
) -> None:
    """Keep ``rows`` (day, key, kind, detail) in place of what earlier reconciliations of these days (all by default) left."""
    gone = delete(reconciliation).where(reconciliation.c.destination_id == destination_id)
    if days is not None:
        gone = gone.where(reconciliation.c.day.in_(days))
    connection.execute(gone)
    if rows:
        connection.execute(
            insert(reconciliation), [{**row, "destination_id": destination_id, "at": now} for row in rows]
        )
