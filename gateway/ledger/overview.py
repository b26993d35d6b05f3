# SPDX-License-Identifier: Apache-2.0
"""Figures over the whole ledger, for people who want to know how things stand."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from gateway.ledger.findings import from_json
from gateway.ledger.tables import record, refusal, source, source_run
from gateway.ledger.waiting_tables import held_back
from gateway.model.finding import Finding


def sources(connection: Connection) -> list[dict[str, Any]]:
    """Return one entry a source with its last run: state, times (microseconds), figures, error."""
    last = (
        select(func.max(source_run.c.id).label("id"))
        .where(source_run.c.state.not_in(["replay", "back-fill"]))
        .group_by(source_run.c.source_id)
        .subquery()
    )
    runs = select(source_run).join(last, last.c.id == source_run.c.id).subquery()
    rows = connection.execute(
        select(
            source.c.name, source.c.kind, source.c.paused, runs.c.state, runs.c.started_at, runs.c.ended_at, runs.c.rows, runs.c.accepted,
            runs.c.refused, runs.c.duplicates, runs.c.conflicts, runs.c.stale, runs.c.waiting, runs.c.error,
        )
        .select_from(source)
        .outerjoin(runs, runs.c.source_id == source.c.id)
        .order_by(source.c.name)
    )  # fmt: skip
    return [dict(row._mapping) for row in rows]


def record_states(connection: Connection) -> dict[str, int]:
    """Count records by state: accepted, waiting, parked."""
    rows = connection.execute(
        select(record.c.state, func.count().label("n")).group_by(record.c.state).order_by(record.c.state)
    )
    return {row.state: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why records wait: the first finding's code (None: their predecessor has not come), how many, since when.

    ``parked`` are those among them that waited longer than their source allows; ``example`` is the first of them.
    """

    code: str | None
    records: int
    parked: int
    since: int
    example: str
    findings: tuple[Finding, ...]


_CODE = func.substr(held_back.c.findings, len('[{"code":"') + 1, len("CAS-001"))
"""The code of the first finding: it stands first in the text that gateway.ledger.findings writes."""


def waiting_reasons(connection: Connection) -> list[Reason]:
    """Return why records wait at intake, the reason of most records first."""
    counted = func.count().label("n")
    parked = func.sum(case((record.c.state == "parked", 1), else_=0)).label("parked")
    rows = connection.execute(
        select(
            _CODE.label("code"), counted, parked, func.min(record.c.accepted_at).label("since"),
            func.min(record.c.id).label("id"),
        )
        .join(record, record.c.id == held_back.c.record_id)
        .group_by(_CODE)
        .order_by(counted.desc(), _CODE)
    ).all()  # fmt: skip
    example = select(record.c.key, held_back.c.findings).join(held_back, held_back.c.record_id == record.c.id)
    found = []
    for row in rows:
        key, text = connection.execute(example.where(record.c.id == row.id)).one()
        found.append(Reason(row.code or None, row.n, row.parked, row.since, key, from_json(text)))
    return found


def refusal_codes(connection: Connection) -> dict[str, int]:
    """Count what may not enter by its first finding's code, resolved ones left out, most frequent first."""
    counted = func.count().label("n")
    rows = connection.execute(
        select(refusal.c.code, counted)
        .where(refusal.c.superseded.is_(False))
        .group_by(refusal.c.code)
        .order_by(counted.desc(), refusal.c.code)
    )
    return {row.code: row.n for row in rows}
