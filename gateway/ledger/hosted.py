# SPDX-License-Identifier: Apache-2.0
"""Workbooks of hosted departments: what became of each row, and the account of each upload."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, literal_column, select

from gateway.ledger.batches import in_parts
from gateway.ledger.findings import from_json
from gateway.ledger.hosted_tables import hosted_upload
from gateway.ledger.tables import record, refusal, source
from gateway.model.finding import Finding


class Upload(NamedTuple):
    """The account of one workbook; ``result`` is the workbook as it was given back."""

    source: str
    item: str
    at: int
    actor: str
    file: str
    digest: str
    draft: bool
    run_id: int | None
    records: int
    drafts: int
    accepted: int
    waiting: int
    refused: int
    unchanged: int
    faults: int
    result: bytes


class Fate(NamedTuple):
    """What the ledger says of a row: its state in words of the ledger, its version, and findings."""

    state: str
    version: int | None
    findings: tuple[Finding, ...]


def keep(connection: Connection, upload: Upload) -> int:
    """Write the account of an upload and return its number."""
    made = connection.execute(insert(hosted_upload).values(**upload._asdict()))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def uploads(connection: Connection, name: str | None, most: int) -> list[dict[str, Any]]:
    """Return the last uploads, the newest first, without the workbooks."""
    columns = [column for column in hosted_upload.c if column.name != "result"]
    question = select(*columns).order_by(hosted_upload.c.id.desc()).limit(most)
    if name is not None:
        question = question.where(hosted_upload.c.source == name)
    return [dict(row._mapping) for row in connection.execute(question)]


def upload(connection: Connection, number: int) -> dict[str, Any] | None:
    """Return one upload with its workbook."""
    row = connection.execute(select(hosted_upload).where(hosted_upload.c.id == number)).first()
    return None if row is None else dict(row._mapping)


def fates(connection: Connection, name: str, row_ids: Sequence[str]) -> dict[str, Fate]:
    """Return what became of rows of a source, as things stand now."""
    number = connection.execute(select(source.c.id).where(source.c.name == name)).scalar_one()
    found: dict[str, Fate] = {}
    for part in in_parts(row_ids):
        held = connection.execute(
            select(record.c.row_id, record.c.state, record.c.version, record.c.warnings)
            .where(record.c.source_id == number, record.c.row_id.in_(part))
            .order_by(record.c.id)
        )
        for row in held:
            found[row.row_id] = Fate(row.state, row.version, tuple(from_json(row.warnings or "[]")))
        away = connection.execute(
            select(refusal.c.row_id, refusal.c.outcome, refusal.c.findings)
            .where(refusal.c.source_id == number, refusal.c.row_id.in_(part))
            .where(refusal.c.superseded.is_(False), refusal.c.outcome != literal_column("'proposed'"))
            .order_by(refusal.c.id)
        )
        for turned in away:
            found[turned.row_id] = Fate(turned.outcome, None, tuple(from_json(turned.findings)))
    return found
