# SPDX-License-Identifier: Apache-2.0
"""Versions of mappings (映射版本): planned, approved by a second person, put to use, and put back (ledger.md B21).

A version is the digest over the mapping's file and tables; the files themselves are kept, so that what is put to use is
what was approved, to the byte. Of one source at most one version is active.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, desc, func, insert, select, update

from gateway.errors import RefusedByGate
from gateway.ledger import approvals
from gateway.ledger.approvals import NotOpen
from gateway.ledger.audit import Act
from gateway.ledger.mapping_tables import mapping_version
from gateway.ledger.refusals import Outcome
from gateway.ledger.tables import record, refusal, source, versions
from gateway.model.person import Actor, Duty
from gateway.model.words import Words

ACTIVATE: Final = "mapping.activate"
PLANNED, APPROVED, ACTIVE, RETIRED, REJECTED = "planned", "approved", "active", "retired", "rejected"


class UnapprovedMapping(RefusedByGate):
    """The site wants mappings approved, and a source's mapping is not the one that was."""

    code = "GW-771"
    summary = Words("映射未经批准启用", "the mapping was not approved and activated")
    advice = Words(
        "gateway mapping plan 提出,另一人 approve,再 activate;或用 gateway mapping rollback 恢复已启用的版本",
        "gateway mapping plan, approve by another person, activate; or gateway mapping rollback to the active one",
    )


class Version(NamedTuple):
    """A version of a source's mapping with its files."""

    id: int
    source: str
    digest: str
    state: str
    files: Mapping[str, str]


def plan(
    connection: Connection, actor: Actor, version: Version, title: str, effect: Mapping[str, Any], reason: str, now: int
) -> tuple[int, int]:
    """Keep a version (its ``id`` and ``state`` are ignored) and propose to activate it; return its number and the proposal's.

    Raises NotOpen where it is active already, or stands proposed; NeedsTwo while no people are named.
    """
    present = active(connection, version.source)
    if present is not None and present.digest == version.digest:
        raise NotOpen(f"{version.source}: {version.digest[:12]} = {ACTIVE}")
    made = connection.execute(
        insert(mapping_version).values(
            source=version.source, digest=version.digest, title=title, files=json.dumps(version.files, ensure_ascii=False),
            state=PLANNED, effect=json.dumps(effect, ensure_ascii=False), reason=reason, planned_by=actor.name, planned_at=now,
        )
    )  # fmt: skip
    number = int(made.inserted_primary_key[0])  # type: ignore[index]
    asked = Act(ACTIVATE, f"{version.source} {version.digest[:12]}", reason=reason, detail={"version": number})
    return number, approvals.propose(connection, actor, asked, {"version": number}, now)


@approvals.carries(ACTIVATE, Duty.APPROVE)
def _approved(connection: Connection, row: Any, actor: Actor, now: int) -> None:
    _settle(connection, row, {"state": APPROVED, "approved_by": actor.name, "approved_at": now})


@approvals.on_rejection(ACTIVATE)
def _rejected(connection: Connection, row: Any, _actor: Actor, _now: int) -> None:
    _settle(connection, row, {"state": REJECTED})


def _settle(connection: Connection, row: Any, values: dict[str, Any]) -> None:
    number = json.loads(row.payload)["version"]
    connection.execute(update(mapping_version).where(mapping_version.c.id == number).values(**values))


def approved(connection: Connection, source_name: str, digest: str = "") -> Version | None:
    """Return the newest version that may be put to use: approved, and of the digest that begins so."""
    return _newest(connection, source_name, (APPROVED,), digest)


def former(connection: Connection, source_name: str, digest: str = "") -> Version | None:
    """Return the version to go back to: the last one that was in use before, or the one whose digest begins so."""
    states = (RETIRED, ACTIVE) if digest else (RETIRED,)
    return _newest(connection, source_name, states, digest)


def active(connection: Connection, source_name: str) -> Version | None:
    """Return the version in use, None where none was ever activated."""
    return _newest(connection, source_name, (ACTIVE,), "")


def active_number(connection: Connection, source_name: str) -> tuple[int, int] | None:
    """Return the number of the version in use and when it was put to use: what a running gateway looks at."""
    row = connection.execute(
        select(mapping_version.c.id, mapping_version.c.activated_at).where(
            mapping_version.c.source == source_name, mapping_version.c.state == ACTIVE
        )
    ).first()
    return None if row is None else (int(row.id), int(row.activated_at))


def _newest(connection: Connection, source_name: str, states: tuple[str, ...], digest: str) -> Version | None:
    table = mapping_version.c
    row = connection.execute(
        select(mapping_version)
        .where(table.source == source_name, table.state.in_(states), table.digest.startswith(digest, autoescape=True))
        .order_by(desc(func.coalesce(table.activated_at, 0)), desc(table.id))
        .limit(1)
    ).first()
    return None if row is None else Version(row.id, row.source, row.digest, row.state, json.loads(row.files))


def activate(connection: Connection, actor: Actor, version: Version, now: int) -> None:
    """Put a version to use in place of the one that was, inside the caller's transaction."""
    table = mapping_version.c
    connection.execute(
        update(mapping_version).where(table.source == version.source, table.state == ACTIVE).values(state=RETIRED)
    )
    connection.execute(
        update(mapping_version)
        .where(table.id == version.id)
        .values(state=ACTIVE, activated_by=actor.name, activated_at=now)
    )


def history(connection: Connection, source_name: str | None = None) -> list[dict[str, Any]]:
    """Return all versions, the newest first, each with how many versions of records it has made; files left out."""
    made = (
        select(source.c.name, versions.c.mapping, func.count().label("records"))
        .select_from(
            record.join(versions, versions.c.id == record.c.versions_id).join(source, source.c.id == record.c.source_id)
        )
        .group_by(source.c.name, versions.c.mapping)
    )
    counts = {(row.name, row.mapping): int(row.records) for row in connection.execute(made)}
    table = mapping_version
    question = select(table).order_by(desc(table.c.id))
    if source_name is not None:
        question = question.where(table.c.source == source_name)
    return [
        {
            "id": row.id, "source": row.source, "digest": row.digest, "title": row.title, "state": row.state, "reason": row.reason,
            "planned_by": row.planned_by, "planned_at": row.planned_at, "approved_by": row.approved_by,
            "approved_at": row.approved_at, "activated_by": row.activated_by, "activated_at": row.activated_at,
            "records": counts.get((row.source, row.digest), 0), "effect": json.loads(row.effect),
        }
        for row in connection.execute(question)
    ]  # fmt: skip


def refused_rows(connection: Connection, source_name: str) -> int:
    """Return how many rows of a source stand refused."""
    of = select(source.c.id).where(source.c.name == source_name).scalar_subquery()
    question = select(func.count(func.distinct(refusal.c.row_id))).where(
        refusal.c.source_id == of, refusal.c.outcome == Outcome.REFUSED.value, refusal.c.superseded.is_(False)
    )
    return int(connection.execute(question).scalar_one())
