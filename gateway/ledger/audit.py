# SPDX-License-Identifier: Apache-2.0
"""Audit (审计): what people did and what they were refused, append-only, each row hashed over the one before it.

The hash of the last row also stands in ``site``, so that a cut-off tail shows. Someone who can rewrite the whole
database can rewrite this chain too: only a head that was exported before proves the rows up to it (ledger.md B29).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from gateway.ledger.batches import upsert_rows
from gateway.ledger.people_tables import act, person
from gateway.ledger.tables import site
from gateway.model.person import Actor

_HEAD = "audit-head"
_BEGINNING = bytes(32)

DONE = "done"
PROPOSED = "proposed"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did or was refused: ``action`` such as ``replay.run``, on ``subject``, and why."""

    action: str
    subject: str
    outcome: str = DONE
    reason: str | None = None
    detail: Mapping[str, Any] | None = None


def record_act(connection: Connection, actor: Actor, done: Act, now: int) -> int:
    """Append an act inside the caller's transaction, signed where the actor has a key; return its number."""
    detail = json.dumps(done.detail or {}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row: dict[str, Any] = {
        "at": now, "actor": actor.name, "role": actor.role, "proof": actor.proof, "action": done.action,
        "subject": done.subject, "outcome": done.outcome, "reason": done.reason, "detail": detail,
    }  # fmt: skip
    row["signature"] = actor.sign(signed_text(row)) if actor.sign is not None else None
    before = _lock_head(connection)
    row["hash"] = _hash(before, row)
    made = connection.execute(insert(act).values(**row))
    connection.execute(update(site).where(site.c.name == _HEAD).values(value=row["hash"].hex()))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def _lock_head(connection: Connection) -> bytes:
    upsert_rows(connection, site, ("name", "value"), [(_HEAD, _BEGINNING.hex())])
    value = connection.execute(select(site.c.value).where(site.c.name == _HEAD).with_for_update()).scalar_one()
    return bytes.fromhex(value)


_SIGNED = ("at", "actor", "role", "proof", "action", "subject", "outcome", "reason", "detail")


def signed_text(row: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed and hashed: every field of an act as one JSON array."""
    return json.dumps([row[name] for name in _SIGNED], ensure_ascii=False, separators=(",", ":")).encode()


def _hash(before: bytes, row: Mapping[str, Any]) -> bytes:
    signature = row["signature"] or b""
    return hashlib.sha256(before + hashlib.sha256(signed_text(row)).digest() + signature).digest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What checking the chain came to: rows read, the first wrong row (None: all well), its fault, and the head."""

    rows: int
    broken: int | None
    fault: str | None
    head: str


def verify(connection: Connection, exported: str | None = None) -> Verified:
    """Read the chain from its beginning; ``exported`` is a head noted earlier, which must still be in it."""
    before, number, met = _BEGINNING, 0, exported is None
    for found in connection.execute(select(act).order_by(act.c.id)):
        row = found._asdict()
        number += 1
        if row["hash"] != _hash(before, row):
            return Verified(number, row["id"], "hash", before.hex())
        before = row["hash"]
        met = met or before.hex() == exported
    stored = connection.execute(select(site.c.value).where(site.c.name == _HEAD)).scalar()
    if stored is not None and stored != before.hex():
        return Verified(number, number, "tail", before.hex())
    return Verified(number, None if met else number, None if met else "exported", before.hex())


def signatures(connection: Connection) -> list[tuple[int, str, bytes, bytes, str | None]]:
    """Return number, actor, text, signature and public key of every signed act."""
    rows = connection.execute(
        select(act, person.c.key).outerjoin(person, person.c.name == act.c.actor).where(act.c.signature.is_not(None))
    )
    return [(row.id, row.actor, signed_text(row._asdict()), row.signature, row.key) for row in rows]


def acts(
    connection: Connection, actor: str | None = None, subject: str | None = None, limit: int = 200
) -> list[dict[str, Any]]:
    """Return the last acts, the newest first; by whom and on what can be asked for."""
    question = select(act).order_by(act.c.id.desc()).limit(limit)
    if actor is not None:
        question = question.where(act.c.actor == actor)
    if subject is not None:
        question = question.where(act.c.subject == subject)
    return [
        {**row._mapping, "detail": json.loads(row.detail), "signature": row.signature is not None}
        for row in connection.execute(question)
    ]
