# SPDX-License-Identifier: Apache-2.0
"""What a destination holds against restored books, key by key (ledger.md T5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from gateway.ledger import lanes
from gateway.ledger.batches import in_parts, insert_rows
from gateway.ledger.tables import delivery, record, record_key
from gateway.model.package import KeyRow
from gateway.model.record_type import case_in
from gateway.semantics.versions import UNOWNED

AHEAD, CONFLICT, LACKING, PROVEN = "ahead", "conflict", "lacking", "proven"
_NOBODYS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Found:
    """One key on which a destination and the restored books differ; ``record_id`` where the books hold a record."""

    kind: str
    key: str
    type: str
    ours: int
    theirs: int
    record_id: int | None


def days_of(connection: Connection) -> set[str]:
    """Return the event days of everything that the books hold."""
    day = func.substr(record.c.occurred_at, 1, 10)
    return set(connection.execute(select(day).distinct()).scalars())


def compare(connection: Connection, here: int, theirs: Mapping[str, KeyRow], day: str) -> list[Found]:
    """Compare the highest version of every key of one day that a destination holds with the books, both ways."""
    found: list[Found] = []
    ours = _held(connection, here, theirs, day)
    for key, row in theirs.items():
        versions = ours.get(key, {})
        same = versions.get(row.version)
        if same is None:
            if row.version > max(versions, default=0):
                found.append(Found(AHEAD, key, row.type, max(versions, default=0), row.version, None))
        elif same.content_digest.hex() != row.content_digest:
            found.append(Found(CONFLICT, key, row.type, row.version, row.version, same.id))
        elif same.state != "settled":
            found.append(Found(PROVEN, key, row.type, row.version, row.version, same.id))
    for key, versions in ours.items():
        settled = [
            version for version, each in versions.items() if each.state == "settled" and each.occurred_at[:10] == day
        ]
        if settled and key not in theirs:
            last = versions[max(settled)]
            found.append(Found(LACKING, key, last.type, max(settled), 0, last.id))
    return found


def _held(connection: Connection, here: int, theirs: Iterable[str], day: str) -> dict[str, dict[int, Any]]:
    question = (
        select(
            record.c.id, record.c.key, record.c.type, record.c.version, record.c.content_digest, record.c.occurred_at,
            delivery.c.state,
        )
        .outerjoin(delivery, (delivery.c.record_id == record.c.id) & (delivery.c.destination_id == here))
    )  # fmt: skip
    held: dict[str, dict[int, Any]] = {}
    named = [question.where(record.c.key.in_(part)) for part in in_parts(sorted(theirs))]
    for each in (*named, question.where(func.substr(record.c.occurred_at, 1, 10) == day)):
        for row in connection.execute(each):
            held.setdefault(row.key, {})[row.version] = row
    return held


def adopt(connection: Connection, found: Sequence[Found]) -> int:
    """Raise the floor of keys whose destination is ahead: our next version is theirs + 1, else it would be refused (2005).

    A key that the books do not hold is held by nobody: the source that shows it first owns it from then on.
    """
    adopted = 0
    for each in found:
        if each.kind != AHEAD:
            continue
        head = connection.execute(select(record_key.c.version).where(record_key.c.key == each.key)).scalar()
        if head is None:
            row = (each.key, each.type, each.theirs, None, _NOBODYS, None, None, UNOWNED, "", False, each.key,
                   case_in(each.key), False, True, "")  # fmt: skip
            insert_rows(connection, record_key, _COLUMNS, [row])
        elif head < each.theirs:
            connection.execute(
                update(record_key).where(record_key.c.key == each.key).values(version=each.theirs, identity=_NOBODYS)
            )
        else:
            continue
        adopted += 1
    return adopted


_COLUMNS = (
    "key", "type", "version", "record_id", "identity", "withdrawal", "order_token", "source_id", "row_id",
    "several_rows", "lane", "case_no", "withdrawn", "accepted", "order_key",
)  # fmt: skip


def settle_proven(connection: Connection, here: int, found: Sequence[Found], now: int) -> int:
    """Settle what the destination shows to hold in our very version and content (B18): it need not be sent again."""
    ids = [each.record_id for each in found if each.kind == PROVEN and each.record_id is not None]
    settled = 0
    for part in in_parts(ids):
        which = (
            (delivery.c.destination_id == here)
            & delivery.c.record_id.in_(part)
            & delivery.c.state.in_(["ready", "parked"])
        )
        names = list(connection.execute(select(delivery.c.lane).where(which)).scalars())
        settled += connection.execute(update(delivery).where(which).values(state="settled", code="0001")).rowcount
        lanes.refresh(connection, here, names, now)
    return settled
