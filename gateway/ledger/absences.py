# SPDX-License-Identifier: Apache-2.0
"""Rows that a source no longer shows: suspects, then proposed withdrawals, never withdrawals by themselves (ledger.md T4)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from gateway.errors import Fenced
from gateway.ledger.batches import in_parts, upsert_rows
from gateway.ledger.evidence import state_row
from gateway.ledger.findings import GONE, finding, to_json
from gateway.ledger.refusals import Outcome
from gateway.ledger.runs import RunLease
from gateway.ledger.segments import Place
from gateway.ledger.source_tables import row_absence, source_hold
from gateway.ledger.tables import record, record_key, refusal, source
from gateway.semantics.fingerprint import fingerprint

SUSPECT: Final = "suspect"
OUTSIDE: Final = "outside"
PROPOSED: Final = "proposed"
WITHDRAWN: Final = "withdrawn"
DISMISSED: Final = "dismissed"
SETTLED: Final = frozenset((PROPOSED, WITHDRAWN, DISMISSED))
"""Missing such a row once more says nothing new, until it has been back."""


class Absence(NamedTuple):
    """How often complete listings in a row have missed a row, and what was made of it."""

    missed: int
    state: str

    @property
    def settled(self) -> bool:
        """A withdrawal has been proposed or decided: missing it once more says nothing new."""
        return self.state in SETTLED


class Looked(NamedTuple):
    """What one complete listing showed of the rows that were not all there."""

    back: Sequence[str] = ()
    outside: Sequence[str] = ()
    missed: Sequence[str] = ()
    gone: Sequence[str] = ()


def absences(connection: Connection, source_id: int) -> dict[str, Absence]:
    """Return what is known of rows that were missed before."""
    rows = connection.execute(select(row_absence).where(row_absence.c.source_id == source_id))
    return {row.row_id: Absence(row.missed, row.state) for row in rows}


def raw_places(connection: Connection, source_id: int, row_ids: Iterable[str]) -> dict[str, Place]:
    """Return where the last raw form of each row lies that is the head of a key."""
    found: dict[str, Place] = {}
    for part in in_parts(row_ids):
        rows = connection.execute(
            select(record.c.row_id, record.c.raw_segment_id, record.c.raw_offset, record.c.raw_length)
            .join(record_key, record_key.c.record_id == record.c.id)
            .where(record_key.c.source_id == source_id, record_key.c.row_id.in_(part))
        )
        found.update((row.row_id, (row.raw_segment_id, row.raw_offset, row.raw_length)) for row in rows)
    return found


def note(connection: Connection, lease: RunLease, looked: Looked, now: int) -> int:
    """Keep what a complete listing showed; return how many withdrawals are proposed. Raises Fenced."""
    require_lease(connection, lease)
    cancel(connection, lease.source_id, looked.back)
    for row_ids, state, missed in ((looked.outside, OUTSIDE, 0), (looked.missed, SUSPECT, 1)):
        upsert_rows(
            connection,
            row_absence,
            ("source_id", "row_id", "first_missed_at", "missed", "state"),
            [(lease.source_id, row_id, now, missed, state) for row_id in row_ids],
            replaced=("missed", "state"),
        )
    if looked.gone:  # what a person allowed to be gone has been looked at
        connection.execute(
            delete(source_hold).where(source_hold.c.source_id == lease.source_id, source_hold.c.allowed.is_not(None))
        )
    return propose_gone(connection, lease, looked.gone, now)


def require_lease(connection: Connection, lease: RunLease) -> None:
    """Hold the source's row for the rest of the transaction; raises Fenced when another has taken over (B5)."""
    epoch = connection.execute(select(source.c.epoch).where(source.c.id == lease.source_id).with_for_update()).scalar()
    if epoch != lease.epoch:
        raise Fenced(f"source {lease.source_id} epoch {lease.epoch}")


def cancel(connection: Connection, source_id: int, row_ids: Iterable[str]) -> None:
    """A row is back: whatever was suspected or proposed of it is void."""
    for part in in_parts(row_ids):
        of_rows = (row_absence.c.source_id == source_id, row_absence.c.row_id.in_(part))
        connection.execute(delete(row_absence).where(*of_rows))
        connection.execute(
            update(refusal)
            .where(refusal.c.source_id == source_id, refusal.c.row_id.in_(part))
            .where(refusal.c.outcome == Outcome.PROPOSED.value, refusal.c.code == GONE, refusal.c.superseded.is_(False))
            .values(superseded=True)
        )


def propose_gone(connection: Connection, lease: RunLease, row_ids: Iterable[str], now: int) -> int:
    """Propose to withdraw every key that these rows alone stand for; return how many are new.

    A row that the ledger never held, or whose key is withdrawn or proposed already, yields nothing.
    """
    made = 0
    for part in in_parts(row_ids):
        heads = connection.execute(
            select(
                record_key.c.key, record_key.c.type, record_key.c.row_id, record_key.c.case_no, record.c.raw_segment_id,
                record.c.raw_offset, record.c.raw_length,
            )
            .join(record, record.c.id == record_key.c.record_id)
            .where(record_key.c.source_id == lease.source_id, record_key.c.row_id.in_(part))
            .where(record_key.c.withdrawn.is_(False), record_key.c.several_rows.is_(False))
            .order_by(record_key.c.key)
        ).all()  # fmt: skip
        open_ones = set(_proposed(connection, lease.source_id, [head.row_id for head in heads]))
        for head in heads:
            if (head.row_id, head.key) in open_ones:
                continue
            made += 1
            found = finding(GONE, head.type, head.key)
            subject = f"{found.path} {found.message.zh}"
            values = {
                "source_id": lease.source_id, "row_id": head.row_id, "run_id": lease.run_id,
                "outcome": Outcome.PROPOSED.value, "type": head.type, "key": head.key, "case_no": head.case_no,
                "stage": found.stage.value, "code": GONE, "findings": to_json([found]), "at": now,
                "fingerprint": fingerprint(found.stage.value, GONE, str(lease.source_id), subject),
                "raw_segment_id": head.raw_segment_id, "raw_offset": head.raw_offset, "raw_length": head.raw_length,
            }  # fmt: skip
            proposed = connection.execute(insert(refusal).values(values))
            state_row(connection, refusal, int(proposed.inserted_primary_key[0]), values)  # type: ignore[index]
        upsert_rows(
            connection,
            row_absence,
            ("source_id", "row_id", "first_missed_at", "missed", "state"),
            [(lease.source_id, row_id, now, 2, PROPOSED) for row_id in {head.row_id for head in heads}],
            replaced=("missed", "state"),
        )
    return made


def _proposed(connection: Connection, source_id: int, row_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in in_parts(row_ids):
        rows = connection.execute(
            select(refusal.c.row_id, refusal.c.key)
            .where(refusal.c.source_id == source_id, refusal.c.row_id.in_(part))
            .where(refusal.c.outcome == Outcome.PROPOSED.value, refusal.c.superseded.is_(False))
        )
        yield from ((row.row_id, row.key) for row in rows)


def hold(connection: Connection, lease: RunLease, code: str, detail: Mapping[str, int], now: int) -> None:
    """Stop reading a source until a person has looked at it. Raises Fenced."""
    require_lease(connection, lease)
    connection.execute(delete(source_hold).where(source_hold.c.source_id == lease.source_id))
    values = {"source_id": lease.source_id, "at": now, "code": code, "detail": json.dumps(dict(detail))}
    connection.execute(insert(source_hold).values(values))


def held(connection: Connection, name: str) -> tuple[str, dict[str, int]] | None:
    """Return code and figures of the hold of the source called ``name``, None where it may be read."""
    row = connection.execute(
        select(source_hold.c.code, source_hold.c.detail)
        .join(source, source.c.id == source_hold.c.source_id)
        .where(source.c.name == name, source_hold.c.allowed.is_(None))
    ).first()
    return None if row is None else (row.code, json.loads(row.detail))


def allowed(connection: Connection, source_id: int) -> int:
    """Return how many rows may be gone at once, as a person has said on releasing the source; 0 where nobody has."""
    of = select(source_hold.c.allowed).where(source_hold.c.source_id == source_id)
    return connection.execute(of).scalar() or 0


def release(connection: Connection, name: str, gone: int = 0) -> bool:
    """Let a held source be read again; its suspects begin anew. Tell whether it was held.

    ``gone`` rows may then be missing without holding it again, until their withdrawal has been proposed.
    """
    number = connection.execute(select(source.c.id).where(source.c.name == name)).scalar()
    of = (source_hold.c.source_id == number, source_hold.c.allowed.is_(None))
    if gone:
        done = connection.execute(update(source_hold).where(*of).values(allowed=gone)).rowcount
    else:
        done = connection.execute(delete(source_hold).where(*of)).rowcount
    connection.execute(delete(row_absence).where(row_absence.c.source_id == number, row_absence.c.state == SUSPECT))
    return bool(done)
