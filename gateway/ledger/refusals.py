# SPDX-License-Identifier: Apache-2.0
"""What may not enter is kept as well: its raw row, its document and the reason, until a later reading does better."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, update

from gateway.ledger.batches import in_parts, insert_rows, reserve
from gateway.ledger.evidence import state_rows
from gateway.ledger.findings import to_json
from gateway.ledger.segments import SegmentWriter
from gateway.ledger.tables import refusal
from gateway.model.finding import Finding
from gateway.model.record import Row
from gateway.semantics.fingerprint import fingerprint

WITHHELD = b'{"withheld":true}'
"""Stands for a raw row that must not be stored (state secrets, law.md)."""

_COLUMNS = (
    "id", "source_id", "row_id", "run_id", "outcome", "type", "key", "case_no", "stage", "code", "findings", "at",
    "segment_id", "offset", "length", "raw_segment_id", "raw_offset", "raw_length", "superseded", "fingerprint",
)  # fmt: skip


class Outcome(StrEnum):
    """Why something is not among the records."""

    REFUSED = "refused"
    CONFLICT = "conflict"
    STALE = "stale"
    PROPOSED = "proposed"  # a withdrawal that waits for a person's reason and approval (B7, T4); in no count


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One record or row that stays outside, with the findings that say why."""

    outcome: Outcome
    row: Row
    findings: tuple[Finding, ...]
    type: str | None = None
    key: str | None = None
    case_no: str | None = None
    document: bytes | None = None


class RawRows:
    """The raw segment of a chunk: a row that yields several records is stored once, one that must not be, never."""

    def __init__(self, secret: Collection[str]) -> None:
        """Begin; ``secret`` are the row ids whose content must not be stored."""
        self._writer = SegmentWriter("raw")
        self._secret = secret
        self._places: dict[tuple[str, bytes], tuple[int, int]] = {}

    def place(self, row: Row) -> tuple[int, int]:
        """Return offset and length of the row's raw form."""
        name = (row.row_id, row.digest)
        found = self._places.get(name)
        if found is None:
            raw = WITHHELD if row.row_id in self._secret else row.raw
            found = self._places[name] = self._writer.add(raw)
        return found

    def withholds(self, row: Row) -> bool:
        """Tell whether nothing of this row's content may be stored."""
        return row.row_id in self._secret

    def write(self, connection: Connection, now: int, blob: bytes | None = None) -> int:
        """Store the segment, whose compressed form ``blob`` may be, and return its number."""
        number = self._writer.write(connection, now, blob)
        return 0 if number is None else number


def supersede(connection: Connection, source_id: int, row_ids: Iterable[str]) -> None:
    """Mark the refusals of rows that have been read anew: what is said of them now takes the place."""
    for part in in_parts(row_ids):
        connection.execute(
            update(refusal)
            .where(refusal.c.source_id == source_id, refusal.c.row_id.in_(part), refusal.c.superseded.is_(False))
            .values(superseded=True)
        )


@dataclass(frozen=True, slots=True)
class Register:
    """Where and when refusals are written: source, run and time (microseconds)."""

    source_id: int
    run_id: int
    now: int


def write(
    connection: Connection, turned_away: list[TurnedAway], register: Register, raws: RawRows, raw_segment: int
) -> None:
    """Store refusals; ``raws`` already holds their raw rows, written as segment ``raw_segment``."""
    documents = SegmentWriter("refused")
    places = [
        documents.add(each.document) if each.document is not None and not raws.withholds(each.row) else (None, None)
        for each in turned_away
    ]
    segment_id = documents.write(connection, register.now)
    rows = []
    numbers = reserve(connection, refusal, len(turned_away))
    for number, each, (offset, length) in zip(numbers, turned_away, places, strict=True):
        first = each.findings[0]
        rows.append(
            (
                number, register.source_id, each.row.row_id, register.run_id, each.outcome.value, each.type, each.key,
                each.case_no, first.stage.value, first.code,
                to_json(each.findings, values=not raws.withholds(each.row)), register.now,
                None if offset is None else segment_id, offset, length, raw_segment, *raws.place(each.row), False,
                fingerprint(first.stage.value, first.code, str(register.source_id), f"{first.path} {first.message.zh}"),
            )
        )  # fmt: skip
    insert_rows(connection, refusal, _COLUMNS, rows)
    state_rows(connection, refusal, _COLUMNS, rows)
