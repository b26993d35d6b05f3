# SPDX-License-Identifier: Apache-2.0
"""Replay plans (回放计划): made from a filter, frozen, classified before anything runs (ledger.md B21, promises.md R14)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    update,
)

from gateway.errors import RefusedByGate
from gateway.ledger.batches import among, in_parts, listed
from gateway.ledger.replay_tables import replay_item, replay_plan
from gateway.ledger.tables import delivery, record, record_key, refusal, source, versions
from gateway.model.destination import Route
from gateway.model.words import Words


class Mode(StrEnum):
    """What is replayed: the stored document, the very bytes sent before, or the raw row through today's mapping."""

    DOCUMENT = "document"
    AS_SENT = "as-sent"
    RAW = "raw"


INCLUDES: Final = ("delivered", "out-of-order", "unknown")
"""What a plan leaves out unless it is asked for; asking for it needs a second person."""

DELIVERED, ON_THE_WAY, MISSING = "delivered", "on-the-way", "missing"
OVERTAKEN, OUT_OF_ORDER, UNKNOWN = "overtaken", "out-of-order", "outcome-unknown"
SAME_MAPPING = "same-mapping"
FAILS = "fails:"
"""Outcome of an item that today's rules refuse: this and the code."""


class EmptyPlan(RefusedByGate):
    """Nothing matches, or nothing of it would be sent."""

    code = "GW-721"
    summary = Words("没有可以回放的内容", "there is nothing to replay")
    advice = Words(
        "检查筛选条件;已有回执的默认跳过(--include delivered)",
        "check the filter; what has a receipt is left out (--include delivered)",
    )


class WrongCount(RefusedByGate):
    """The count that was typed is not that of the plan."""

    code = "GW-722"
    summary = Words("确认的数量与计划不符", "the count confirmed is not that of the plan")
    advice = Words(
        "先看 gateway replay show,再以其中的待发数量确认", "look at gateway replay show and confirm the count to send"
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Which deliveries or rows: every field that is set must match. ``days`` are the first and last event day (ISO).

    ``record_ids`` names records outright (those of a fingerprint or a reconciliation); ``state`` is that of the
    delivery (parked, delivered, missing, skipped) or, from raw, refused, conflict, accepted.
    """

    source: str | None = None
    destination: str | None = None
    department: str | None = None
    item: str | None = None
    type: str | None = None
    case_no: str | None = None
    key: str | None = None
    days: tuple[str | None, str | None] = (None, None)
    state: str | None = None
    code: str | None = None
    fingerprint: str | None = None
    record_ids: Sequence[int] | None = field(default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the filter as the plan keeps it; named records are counted only, they stand in the items."""
        shown = {name: value for name, value in asdict(self).items() if value not in (None, (None, None))}
        if self.record_ids is not None:
            shown["record_ids"] = len(self.record_ids)
        return shown

    def of_records(self) -> list[ColumnElement[bool]]:
        """Return the conditions on ``record``."""
        columns = {
            "org_code": self.department, "item_code": self.item, "type": self.type, "case_no": self.case_no,
            "key": self.key,
        }  # fmt: skip
        found: list[ColumnElement[bool]] = [record.c[n] == value for n, value in columns.items() if value is not None]
        first, last = self.days
        day = func.substr(record.c.occurred_at, 1, 10)
        if first is not None:
            found.append(day >= first)
        if last is not None:
            found.append(day <= last)
        if self.source is not None:
            found.append(
                record.c.source_id == select(source.c.id).where(source.c.name == self.source).scalar_subquery()
            )
        return found


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan to be made: what, how, where, how fast, why and by whom. ``bulk``: from so many items two people are needed."""

    asked: Asked
    mode: Mode
    include: frozenset[str]
    rate: int
    bulk: int
    reason: str
    by: str
    sources: frozenset[str] = frozenset()
    """Names of the sources that can be re-mapped today (from raw)."""


def make(connection: Connection, draft: Draft, routes: Sequence[Route], now: int) -> int:
    """Freeze a plan inside the caller's transaction and return its number. Raises EmptyPlan where nothing matches."""
    made = connection.execute(
        insert(replay_plan).values(
            state="planned", mode=draft.mode, wanted=json.dumps(draft.asked.as_json(), ensure_ascii=False),
            include=json.dumps(sorted(draft.include)), rate=draft.rate, reason=draft.reason, digest=b"", to_send=0,
            two_people=False, created_at=now, created_by=draft.by,
        )
    )  # fmt: skip
    plan = int(made.inserted_primary_key[0])  # type: ignore[index]
    if draft.mode is Mode.RAW:
        _take_rows(connection, plan, draft)
    else:
        _take_deliveries(connection, plan, draft, routes)
        _classify(connection, plan, draft)
    if connection.execute(select(replay_item.c.no).where(replay_item.c.plan_id == plan).limit(1)).first() is None:
        raise EmptyPlan(json.dumps(draft.asked.as_json(), ensure_ascii=False))
    seal(connection, plan, draft.bulk, draft.include)
    return plan


_COLUMNS = (
    "plan_id", "no", "destination_id", "record_id", "refusal_id", "org_code", "cause", "state", "receipt_no",
)  # fmt: skip

_CAUSE = case(
    (delivery.c.state == "settled", DELIVERED),
    (delivery.c.state == "parked", func.coalesce(delivery.c.code, "parked")),
    (delivery.c.state.in_(["ready", "packed", "waiting"]), ON_THE_WAY),
    else_=delivery.c.state,
)
_STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "parked": ("parked",), "delivered": ("settled",), "skipped": ("skipped",), "on-the-way": ("ready", "packed", "waiting"),
}  # fmt: skip


def _take_deliveries(connection: Connection, plan: int, draft: Draft, routes: Sequence[Route]) -> None:
    """Insert the matching deliveries, then what has none yet; the order of the items keeps that of every lane."""
    asked = draft.asked
    here = [each for each in routes if asked.destination in (None, each.terms.name)]
    conditions = [*asked.of_records(), delivery.c.destination_id.in_([each.destination_id for each in here])]
    if asked.state is not None and asked.state in _STATES:
        conditions.append(delivery.c.state.in_(_STATES[asked.state]))
    if asked.code is not None:
        conditions.append(delivery.c.code == asked.code)
    dialect, values = connection.dialect.name, {}
    if asked.record_ids is not None:
        conditions.append(among(dialect, record.c.id))
        values = {"among": listed(dialect, asked.record_ids)}
    number = func.row_number().over(order_by=[delivery.c.destination_id, delivery.c.lane, delivery.c.order_key])
    found = (
        select(
            literal(plan), number, delivery.c.destination_id, delivery.c.record_id, literal(0), record.c.org_code,
            _CAUSE, literal("planned"), delivery.c.receipt_no,
        )
        .join(record, record.c.id == delivery.c.record_id)
        .where(*conditions)
    )  # fmt: skip
    if asked.state != MISSING:
        connection.execute(insert(replay_item).from_select(_COLUMNS, found), values)
    if draft.mode is Mode.DOCUMENT and asked.state in (None, MISSING) and asked.code is None:
        for each in here:
            connection.execute(
                insert(replay_item).from_select(_COLUMNS, _without(connection, plan, asked, each)), values
            )


def _without(connection: Connection, plan: int, asked: Asked, route: Route) -> Select[Any]:
    """Return accepted records that are routed to a destination today and have no delivery there."""
    first = connection.execute(
        select(func.coalesce(func.max(replay_item.c.no), 0)).where(replay_item.c.plan_id == plan)
    ).scalar_one()
    conditions = [*asked.of_records(), record.c.state == "accepted"]
    if route.terms.types is not None:
        conditions.append(record.c.type.in_(sorted(route.terms.types)))
    if asked.record_ids is not None:
        conditions.append(among(connection.dialect.name, record.c.id))
    there = select(delivery.c.record_id).where(
        delivery.c.destination_id == route.destination_id, delivery.c.record_id == record.c.id
    )
    number = literal(first) + func.row_number().over(order_by=[record.c.lane, record.c.order_key])
    return select(
        literal(plan), number, literal(route.destination_id), record.c.id, literal(0), record.c.org_code,
        literal(MISSING), literal("planned"), cast(null(), replay_item.c.receipt_no.type),
    ).where(*conditions, ~there.exists())  # fmt: skip


def _classify(connection: Connection, plan: int, draft: Draft) -> None:
    """Leave out what is on its way, done with, overtaken, out of order, delivered, or of unknown outcome."""
    cause = replay_item.c.cause
    _skip(connection, plan, cause.in_([ON_THE_WAY, "superseded", "not-needed"]), cause)
    # The table under change can't be aliased in both dialects: its record is looked up by the item's own columns.
    own = record.alias("own")
    later = record.alias("later")
    there = delivery.alias("there")
    settled = (
        select(later.c.id)
        .select_from(own)
        .join(later, later.c.key == own.c.key)
        .join(there, and_(there.c.record_id == later.c.id, there.c.destination_id == replay_item.c.destination_id))
        .where(own.c.id == replay_item.c.record_id, later.c.version > own.c.version, there.c.state == "settled")
    )
    _skip(connection, plan, settled.correlate(replay_item).exists(), literal(OVERTAKEN))
    if "delivered" not in draft.include:
        _skip(connection, plan, cause == DELIVERED, literal(DELIVERED))
    if "unknown" not in draft.include:
        _skip(connection, plan, cause == UNKNOWN, literal(UNKNOWN))
    if "out-of-order" not in draft.include:
        behind = (
            select(later.c.id)
            .select_from(own)
            .join(later, later.c.case_no == own.c.case_no)
            .join(there, and_(there.c.record_id == later.c.id, there.c.destination_id == replay_item.c.destination_id))
            .where(
                own.c.id == replay_item.c.record_id, later.c.lane == own.c.lane, later.c.key != own.c.key,
                later.c.order_key > own.c.order_key, there.c.state == "settled",
            )
        )  # fmt: skip
        _skip(connection, plan, and_(cause != DELIVERED, behind.correlate(replay_item).exists()), literal(OUT_OF_ORDER))


def _skip(connection: Connection, plan: int, which: ColumnElement[bool], outcome: ColumnElement[Any]) -> None:
    connection.execute(
        update(replay_item)
        .where(replay_item.c.plan_id == plan, replay_item.c.state == "planned", which)
        .values(state="skipped", outcome=outcome)
    )


def _take_rows(connection: Connection, plan: int, draft: Draft) -> None:
    """Insert raw rows: refusals that stand, and heads of keys where accepted ones are asked for; a row once."""
    asked = draft.asked
    refused = asked.state in (None, "refused", "conflict") and asked.record_ids is None
    if refused:
        conditions: list[ColumnElement[bool]] = [refusal.c.superseded.is_(False)]
        conditions.append(
            refusal.c.outcome == asked.state if asked.state else refusal.c.outcome.in_(["refused", "conflict"])
        )
        columns = {
            "type": asked.type,
            "case_no": asked.case_no,
            "code": asked.code,
            "fingerprint": asked.fingerprint,
            "key": asked.key,
        }
        conditions += [refusal.c[name] == value for name, value in columns.items() if value is not None]
        if asked.source is not None:
            conditions.append(source.c.name == asked.source)
        first = (
            select(func.min(refusal.c.id).label("id"))
            .join(source, source.c.id == refusal.c.source_id)
            .where(*conditions)
            .group_by(refusal.c.source_id, refusal.c.row_id)
            .subquery()
        )
        found = select(
            literal(plan), func.row_number().over(order_by=first.c.id), literal(0), literal(0), refusal.c.id,
            source.c.name, refusal.c.code, _remappable(draft), cast(null(), replay_item.c.receipt_no.type),
        ).select_from(first).join(refusal, refusal.c.id == first.c.id).join(source, source.c.id == refusal.c.source_id)  # fmt: skip
        connection.execute(insert(replay_item).from_select(_COLUMNS, found))
    if asked.state == "accepted" or asked.record_ids is not None:
        _take_heads(connection, plan, draft)
    connection.execute(
        update(replay_item)
        .where(replay_item.c.plan_id == plan, replay_item.c.state == "skipped")
        .values(outcome="source-gone")
    )


def _remappable(draft: Draft) -> ColumnElement[str]:
    return case((source.c.name.in_(sorted(draft.sources)), "planned"), else_="skipped")


def _take_heads(connection: Connection, plan: int, draft: Draft) -> None:
    asked, dialect, values = draft.asked, connection.dialect.name, {}
    conditions = asked.of_records()
    if asked.record_ids is not None:
        conditions.append(among(dialect, record.c.id))
        values = {"among": listed(dialect, asked.record_ids)}
    first = (
        select(func.min(record.c.id).label("id"))
        .join(record_key, record_key.c.record_id == record.c.id)
        .where(*conditions)
        .group_by(record.c.source_id, record.c.row_id)
        .subquery()
    )
    found = select(
        literal(plan), func.row_number().over(order_by=first.c.id), literal(0), record.c.id, literal(0),
        record.c.org_code, literal("accepted"), _remappable(draft), cast(null(), replay_item.c.receipt_no.type),
    ).select_from(first).join(record, record.c.id == first.c.id).join(source, source.c.id == record.c.source_id)  # fmt: skip
    connection.execute(insert(replay_item).from_select(_COLUMNS, found), values)


def outdated(connection: Connection, plan: int, stamp: str) -> Iterable[list[tuple[int, int]]]:
    """Yield (item, record) in batches of those planned whose record other rules than those of ``stamp`` have passed.

    What passed the very rules of today passes them again.
    """
    rows = connection.execute(
        select(replay_item.c.no, replay_item.c.record_id)
        .join(record, record.c.id == replay_item.c.record_id)
        .join(versions, versions.c.id == record.c.versions_id)
        .where(replay_item.c.plan_id == plan, replay_item.c.state == "planned", versions.c.pack != stamp)
        .order_by(record.c.segment_id, record.c.offset)
    ).all()
    for start in range(0, len(rows), 500):
        yield [(row.no, row.record_id) for row in rows[start : start + 500]]


def fail_items(connection: Connection, plan: int, failing: Mapping[int, str]) -> None:
    """Leave out items that today's rules refuse; ``failing`` holds the code of each item."""
    for code in sorted(set(failing.values())):
        for part in in_parts(number for number, each in failing.items() if each == code):
            connection.execute(
                update(replay_item)
                .where(replay_item.c.plan_id == plan, replay_item.c.no.in_(part))
                .values(state="skipped", outcome=FAILS + code)
            )


def seal(connection: Connection, plan: int, bulk: int, include: frozenset[str]) -> None:
    """Write down the digest over the items, how many will be sent, and whether that takes two people."""
    hashed = hashlib.sha256()
    to_send = 0
    columns = replay_item.c
    rows = connection.execute(
        select(columns.no, columns.destination_id, columns.record_id, columns.refusal_id, columns.state)
        .where(columns.plan_id == plan)
        .order_by(columns.no)
    )
    for some in rows.partitions(10_000):
        hashed.update("".join([f"{no} {here} {held} {away}\n" for no, here, held, away, _state in some]).encode())
        to_send += sum([each[4] == "planned" for each in some])
    connection.execute(
        update(replay_plan)
        .where(replay_plan.c.id == plan)
        .values(digest=hashed.digest(), to_send=to_send, two_people=to_send > bulk or bool(include))
    )
