# SPDX-License-Identifier: Apache-2.0
"""The gate of a case: who may go, who waits, who is released by an arrival, all under one lock (ledger.md B9-B11)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, literal_column, select, update

from gateway.ledger.batches import among, in_parts, listed, upsert_rows
from gateway.ledger.heads import Held
from gateway.ledger.tables import case_file, record, record_key, source
from gateway.model.record_type import RecordType
from gateway.semantics.order import Pending, opened

ACCEPTED = "accepted"
WAITING = "waiting"
PARKED = "parked"

_NOT_ACCEPTED = record.c.state != literal_column("'accepted'")
"""Literal, so that SQLite can see that the partial index covers the question."""


_ANYTHING_WAITS = select(record.c.id).where(_NOT_ACCEPTED).limit(1)


def lock_cases(connection: Connection, cases: Iterable[str]) -> None:
    """Lock the case rows in sorted order, making those that are new; whoever decides about a case holds its row."""
    upsert_rows(connection, case_file, ("case_no", "rev"), [(case, 1) for case in sorted(set(cases))], added=("rev",))


def anything_waits(connection: Connection) -> bool:
    """Tell whether any record at all waits or is parked."""
    return connection.execute(_ANYTHING_WAITS).first() is not None


class Gate:
    """Decides the touched keys of a chunk together with everything that already waits in their cases."""

    def __init__(self, connection: Connection, types: Mapping[str, RecordType]) -> None:
        """Decide by the predecessors that ``types`` declare."""
        self._connection = connection
        self._types = types

    def open(self, touched: Sequence[Held]) -> set[str]:
        """Return the keys that may go now: of ``touched`` (already folded), and of those stored earlier.

        A key without a case, or whose type needs nobody, always goes.
        """
        cases: dict[str, dict[str, Held]] = {}
        ready: set[str] = set()
        for held in touched:
            if held.case_no is None:
                ready.add(held.key)
            else:
                cases.setdefault(held.case_no, {})[held.key] = held
        for members in self._complete(cases).values():
            accepted = {each.type for each in members.values() if each.accepted and not each.withdrawn}
            pending = [Pending(m.key, m.type, m.withdrawn) for m in members.values() if not m.accepted]
            ready |= opened(pending, accepted, self._types)
        return ready

    def _complete(self, cases: Mapping[str, Mapping[str, Held]]) -> dict[str, dict[str, "_Member"]]:
        """Return all members of the cases: those stored, overlaid by those just folded."""
        whole: dict[str, dict[str, _Member]] = {case: {} for case in cases}
        dialect = self._connection.dialect.name
        for row in self._connection.execute(_of_cases(dialect), {"among": listed(dialect, sorted(cases))}):
            whole[row.case_no][row.key] = _Member(row.key, row.type, row.withdrawn, row.accepted)
        for case, members in cases.items():
            for held in members.values():
                withdrawn = held.head is not None and held.head.withdrawn
                whole[case][held.key] = _Member(held.key, held.type, withdrawn, held.accepted)
        return whole


@lru_cache
def _of_cases(dialect: str) -> Select[Any]:
    columns = record_key.c
    return select(columns.case_no, columns.key, columns.type, columns.withdrawn, columns.accepted).where(
        among(dialect, columns.case_no)
    )


class _Member(NamedTuple):
    key: str
    type: str
    withdrawn: bool
    accepted: bool


def release(connection: Connection, keys: Iterable[str], now: int) -> list[Row[tuple[object, ...]]]:
    """Accept every waiting or parked version of ``keys`` and return their rows in the order of their lanes."""
    released: list[Row[tuple[object, ...]]] = []
    for part in in_parts(sorted(keys)):
        released.extend(
            connection.execute(
                select(
                    record.c.id,
                    record.c.type,
                    record.c.key,
                    record.c.version,
                    record.c.lane,
                    record.c.order_key,
                    record.c.org_code,
                )
                .where(record.c.key.in_(part), _NOT_ACCEPTED)
                .order_by(record.c.order_key)
            )
        )
        connection.execute(update(record_key).where(record_key.c.key.in_(part)).values(accepted=True))
    for ids in in_parts([row.id for row in released]):
        connection.execute(update(record).where(record.c.id.in_(ids)).values(state=ACCEPTED, accepted_at=now))
    return released


@dataclass(frozen=True, slots=True)
class Overdue:
    """A record that waited longer than its source allows; it is parked and still released by its predecessor."""

    id: int
    type: str
    key: str
    case_no: str | None
    source_id: int


def park_overdue(connection: Connection, now: int) -> list[Overdue]:
    """Park the waiting records whose limit has passed (B9, B11: never refused)."""
    rows = connection.execute(
        select(record.c.id, record.c.type, record.c.key, record.c.case_no, record.c.source_id)
        .join(source, source.c.id == record.c.source_id)
        .where(_NOT_ACCEPTED, record.c.state == WAITING, record.c.accepted_at + source.c.waiting_limit <= now)
        .order_by(record.c.id)
    )
    overdue = [Overdue(*row) for row in rows]
    for ids in in_parts([each.id for each in overdue]):
        connection.execute(update(record).where(record.c.id.in_(ids)).values(state=PARKED))
    return overdue
