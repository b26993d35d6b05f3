# SPDX-License-Identifier: Apache-2.0
"""Stored originals in the order in which they came: documents of records, and of what was refused with one.

Read a page at a time, so that a ledger of millions costs the memory of a page. Times are microseconds since 1970 UTC.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from gateway.ledger.findings import from_json
from gateway.ledger.refusals import Outcome
from gateway.ledger.segments import SegmentReader
from gateway.ledger.tables import record, refusal, source
from gateway.ledger.waiting_tables import held_back
from gateway.model.finding import Stage
from gateway.model.record import Level

_PAGE = 1000


class Held(NamedTuple):
    """A stored document; ``organisation`` is empty for a refusal, whose codes are in ``refused_for``.

    ``refused_for`` holds the codes of what waits because of a rule, too. The rest is what the rules of cases ask for;
    of a refusal the ledger knows neither version nor item nor time.
    """

    organisation: str
    type: str
    key: str
    document: bytes
    refused_for: frozenset[str] | None = None
    version: int = 1
    case_no: str | None = None
    item: str | None = None
    occurred_at: str = ""
    level: str = Level.L1


@dataclass(frozen=True, slots=True)
class Asked:
    """Which originals: taken since a time, of events of one day (ISO), from one source; None is all.

    Of a refusal the ledger knows no day of the event: with ``day`` refusals are left out.
    """

    since: int | None = None
    day: str | None = None
    source: str | None = None

    @property
    def everything(self) -> bool:
        """Tell whether nothing is left out."""
        return self == Asked()


def originals(connection: Connection, asked: Asked) -> Iterator[Held]:
    """Yield the documents of records, then those of refusals by schema or rules that still stand.

    Raises LedgerError where a segment was pruned or is damaged.
    """
    yield from _records(connection, asked)
    if asked.day is None:
        yield from _refusals(connection, asked)


def of_types(connection: Connection, types: Collection[str]) -> Iterator[Held]:
    """Yield the accepted records of some types, such as those of the catalogue."""
    yield from _documents(connection, (record.c.type.in_(types), record.c.state == "accepted"))


def of_cases(connection: Connection, cases: Sequence[str]) -> Iterator[Held]:
    """Yield the accepted records of some cases."""
    yield from _documents(connection, (record.c.case_no.in_(cases), record.c.state == "accepted"))


def _records(connection: Connection, asked: Asked) -> Iterator[Held]:
    conditions = [*_conditions(record, record.c.accepted_at, asked), record.c.state != "superseded"]
    if asked.day is not None:
        conditions.append(record.c.occurred_at.startswith(asked.day, autoescape=True))
    yield from _documents(connection, conditions)


def _documents(connection: Connection, conditions: Iterable[ColumnElement[bool]]) -> Iterator[Held]:
    table = record.c
    question = (
        select(
            table.id, table.org_code, table.type, table.key, table.version, table.case_no, table.item_code,
            table.occurred_at, source.c.level, held_back.c.findings, table.segment_id, table.offset, table.length,
        )
        .join(source, source.c.id == table.source_id)
        .outerjoin(held_back, held_back.c.record_id == table.id)
        .where(*conditions)
    )  # fmt: skip
    for rows, documents in _pages(connection, question, table.id):
        for row, document in zip(rows, documents, strict=True):
            waits = _codes(row.findings) if row.findings else None
            yield Held(
                row.org_code, row.type, row.key, document, waits or None, row.version, row.case_no, row.item_code,
                row.occurred_at, row.level,
            )  # fmt: skip


def _codes(findings: str) -> frozenset[str]:
    return frozenset(each.code for each in from_json(findings) if each.refuses)


def _refusals(connection: Connection, asked: Asked) -> Iterator[Held]:
    table = refusal
    question = (
        select(
            table.c.id,
            table.c.type,
            table.c.key,
            table.c.case_no,
            table.c.findings,
            source.c.level,
            table.c.segment_id,
            table.c.offset,
            table.c.length,
        )
        .join(source, source.c.id == table.c.source_id)
        .where(
            table.c.segment_id.is_not(None),
            table.c.type.is_not(None),
            table.c.outcome == Outcome.REFUSED.value,
            table.c.stage == Stage.VALIDATE.value,
            table.c.superseded.is_(False),
            *_conditions(table, table.c.at, asked),
        )
    )
    for rows, documents in _pages(connection, question, table.c.id):
        for row, document in zip(rows, documents, strict=True):
            yield Held(
                "", row.type, row.key or f"#{row.id}", document, _codes(row.findings), case_no=row.case_no,
                level=row.level,
            )  # fmt: skip


def _conditions(table: Any, at: ColumnElement[int], asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.since is not None:
        found.append(at >= asked.since)
    if asked.source is not None:
        found.append(table.c.source_id == select(source.c.id).where(source.c.name == asked.source).scalar_subquery())
    return found


def _pages(
    connection: Connection, question: Any, number: ColumnElement[int]
) -> Iterator[tuple[list[Any], list[bytes]]]:
    segments = SegmentReader()
    last = 0
    while rows := connection.execute(question.where(number > last).order_by(number).limit(_PAGE)).all():
        places = [(row.segment_id, row.offset, row.length) for row in rows]
        yield list(rows), segments.read(connection, places)
        last = rows[-1].id


class RawHeld(NamedTuple):
    """A stored raw row: its id at its source and its bytes as they were read."""

    row_id: str
    raw: bytes


def raw_rows(connection: Connection, source_name: str, since: int | None = None) -> Iterator[RawHeld]:
    """Yield the raw rows of a source, each stored form once, in the order in which they came.

    Raises LedgerError where a segment was pruned or is damaged.
    """
    asked = Asked(since=since, source=source_name)
    parts = [
        select(table.c.row_id, table.c.raw_segment_id, table.c.raw_offset, table.c.raw_length).where(
            *_conditions(table, time, asked)
        )
        for table, time in ((record, record.c.accepted_at), (refusal, refusal.c.at))
    ]
    places = parts[0].union(parts[1]).subquery()  # a row that gave several records stands at one place
    question = select(places).order_by(places.c.raw_segment_id, places.c.raw_offset)
    segments = SegmentReader()
    for rows in connection.execute(question, execution_options={"yield_per": _PAGE}).partitions():
        raws = segments.read(connection, [(row.raw_segment_id, row.raw_offset, row.raw_length) for row in rows])
        for row, raw in zip(rows, raws, strict=True):
            yield RawHeld(row.row_id, raw)
