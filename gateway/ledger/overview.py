# SPDX-License-Identifier: Apache-2.0
"""Figures over the whole ledger, for people who want to know how things stand."""

from typing import Any

from sqlalchemy import Connection, func, select

from gateway.ledger.tables import record, refusal, source, source_run


def sources(connection: Connection) -> list[dict[str, Any]]:
    """Return one entry a source with its last run: state, times (microseconds), figures, error."""
    last = (
        select(func.max(source_run.c.id).label("id"))
        .where(source_run.c.state != "replay")
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
