# SPDX-License-Identifier: Apache-2.0
"""Feeding: planned items go into the ordinary lanes a few at a time, in a class of their own, and get their outcome.

Whatever stops the process, the plan goes on where it stood: an item is queued in the transaction that makes its
delivery ready, and its outcome is read from that delivery.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, exists, func, insert, literal_column, or_, select, update

from gateway.ledger import lanes
from gateway.ledger.batches import among, in_parts, insert_rows, listed
from gateway.ledger.lanes import Place
from gateway.ledger.replay_tables import replay_item, replay_plan, replay_run
from gateway.ledger.replays import DELIVERED, ON_THE_WAY
from gateway.ledger.runs import RunLease
from gateway.ledger.segments import Place as Payload
from gateway.ledger.tables import delivery, lane, record, refusal, source, source_run
from gateway.model.priority import Priority
from gateway.model.record import Level, SourceKind

SLICE: Final = 500
WINDOW: Final = 2000
"""Items of one plan that may be on their way to one destination at a time: an abort stops all others."""

_OPEN = ("ready", "packed", "waiting")
_QUEUED = replay_item.c.state == literal_column("'queued'")
SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RawItem:
    """A raw row to be mapped again: the item, its source and row, and where its raw form lies."""

    no: int
    source_id: int
    source: str
    row_id: str
    raw: Payload


def active(connection: Connection) -> list[tuple[int, str]]:
    """Return number and mode of every plan that runs, or has items on their way, the oldest first."""
    queued = exists().where(replay_item.c.plan_id == replay_plan.c.id, _QUEUED)
    rows = connection.execute(
        select(replay_plan.c.id, replay_plan.c.mode)
        .where(or_(replay_plan.c.state == "running", queued))
        .order_by(replay_plan.c.id)
    )
    return [(row.id, row.mode) for row in rows]


def settle_items(connection: Connection, plan: int, now: int) -> int:
    """Write down what became of queued items; returns how many are still on their way."""
    rows = connection.execute(
        select(replay_item.c.no, delivery.c.state, delivery.c.code)
        .join(
            delivery,
            and_(
                delivery.c.destination_id == replay_item.c.destination_id,
                delivery.c.record_id == replay_item.c.record_id,
            ),
        )
        .where(replay_item.c.plan_id == plan, _QUEUED)
    ).all()
    groups: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.state in _OPEN:
            continue
        well = row.state in ("settled", "superseded", "not-needed")
        outcome = DELIVERED if row.state == "settled" else row.code or row.state if row.state == "parked" else row.state
        groups.setdefault(("done" if well else "failed", outcome), []).append(row.no)
    for (state, outcome), members in groups.items():
        mark(connection, plan, members, state, outcome, now)
    return len(rows) - sum(map(len, groups.values()))


def mark(connection: Connection, plan: int, items: Sequence[int], state: str, outcome: str | None, now: int) -> None:
    """Give items a state and an outcome."""
    for part in in_parts(items):
        connection.execute(
            update(replay_item)
            .where(replay_item.c.plan_id == plan, replay_item.c.no.in_(part))
            .values(state=state, outcome=outcome, at=now)
        )


def feed(connection: Connection, plan: int, now: int, since: int) -> int:
    """Queue the next items of a running plan at every destination, as its rate allows; returns how many were queued.

    ``since`` is when the plan was fed last (microseconds): the rate counts from there, one second at most.
    """
    row = connection.execute(select(replay_plan).where(replay_plan.c.id == plan).with_for_update()).first()
    if row is None or row.state != "running":
        return 0
    allowed = max(1, row.rate * min(now - since, SECOND) // SECOND)
    columns = replay_item.c
    waiting = connection.execute(
        select(columns.destination_id, func.sum((_QUEUED).cast(columns.no.type)).label("queued"))
        .where(columns.plan_id == plan, columns.state.in_(["planned", "queued"]), columns.destination_id > 0)
        .group_by(columns.destination_id)
    ).all()
    queued = 0
    for here in waiting:
        room = min(allowed, SLICE, WINDOW - (here.queued or 0))
        if room > 0:
            queued += _queue(connection, plan, here.destination_id, room, now)
    return queued


def _queue(connection: Connection, plan: int, here: int, room: int, now: int) -> int:
    """Make the deliveries of the next items ready; one that somebody else took up meanwhile is skipped."""
    columns = replay_item.c
    rows = connection.execute(
        select(
            columns.no, columns.record_id, columns.cause, record.c.lane, record.c.order_key, record.c.org_code,
            delivery.c.state, delivery.c.code,
        )
        .join(record, record.c.id == columns.record_id)
        .outerjoin(
            delivery, and_(delivery.c.destination_id == columns.destination_id, delivery.c.record_id == columns.record_id)
        )
        .where(columns.plan_id == plan, columns.destination_id == here, columns.state == literal_column("'planned'"))
        .order_by(columns.no)
        .limit(room)
    ).all()  # fmt: skip
    fresh = [row for row in rows if row.state is None]
    again = [row for row in rows if row.state is not None and _may_go(row)]
    going = fresh + again
    insert_rows(
        connection, delivery, ("destination_id", "record_id", "lane", "order_key", "state"),
        [(here, row.record_id, row.lane, row.order_key, "ready") for row in fresh],
    )  # fmt: skip
    for part in in_parts(row.record_id for row in again):
        connection.execute(
            update(delivery)
            .where(delivery.c.destination_id == here, delivery.c.record_id.in_(part))
            .values(state="ready", package_no=None, code=None, message=None)
        )
    _own_class(connection, here, Counter(row.lane for row in going))
    lanes.line_up(connection, here, {row.lane: Place(Priority.REPLAY, row.org_code) for row in going}, now)
    mark(connection, plan, [row.no for row in going], "queued", None, now)
    left = {row.no for row in rows} - {row.no for row in going}
    for row in rows:
        if row.no in left:
            mark(connection, plan, [row.no], "skipped", ON_THE_WAY if row.state in _OPEN else _now(row.state), now)
    return len(going)


def _own_class(connection: Connection, here: int, going: Counter[str]) -> None:
    """Let blocked lanes that hold nothing but items of the plan stand in line anew: in the class of replays."""
    dialect = connection.dialect.name
    named = {"among": listed(dialect, sorted(going))}
    standing = connection.execute(
        select(delivery.c.lane, func.count())
        .where(delivery.c.destination_id == here, among(dialect, delivery.c.lane), lanes.IS_OPEN)
        .group_by(delivery.c.lane),
        named,
    )
    alone = [name for name, count in standing if count == going[name]]
    blocked = and_(lane.c.destination_id == here, lane.c.state == "blocked", among(dialect, lane.c.name))
    connection.execute(delete(lane).where(blocked), {"among": listed(dialect, alone)})


def _may_go(row: Any) -> bool:
    """Tell whether the delivery still stands as it did when the plan was frozen."""
    if row.cause == DELIVERED:
        return bool(row.state == "settled")
    return row.state in ("parked", "skipped")


def _now(state: str) -> str:
    return DELIVERED if state == "settled" else state


def raw_items(connection: Connection, plan: int, limit: int) -> list[RawItem]:
    """Return the next rows of a running plan from raw, those of one source."""
    state = connection.execute(select(replay_plan.c.state).where(replay_plan.c.id == plan)).scalar()
    if state != "running":
        return []
    columns = replay_item.c
    found: list[RawItem] = []
    for table, number in ((refusal, columns.refusal_id), (record, columns.record_id)):
        rows = connection.execute(
            select(
                columns.no, table.c.source_id, source.c.name, table.c.row_id, table.c.raw_segment_id, table.c.raw_offset,
                table.c.raw_length,
            )
            .join(table, table.c.id == number)
            .join(source, source.c.id == table.c.source_id)
            .where(columns.plan_id == plan, columns.state == "planned", number > 0)
            .order_by(columns.no)
            .limit(limit)
        )  # fmt: skip
        found += [
            RawItem(no, sid, name, row_id, (at, offset, length)) for no, sid, name, row_id, at, offset, length in rows
        ]
    found.sort(key=lambda each: each.no)
    return [each for each in found[:limit] if each.source_id == found[0].source_id]


def run_of(connection: Connection, plan: int, source_id: int, now: int) -> RunLease:
    """Return the run under which a plan re-maps a source, making it first; it fences nobody and moves no cursor."""
    row = connection.execute(select(source).where(source.c.id == source_id)).one()
    mine = connection.execute(
        select(replay_run.c.run_id).where(replay_run.c.plan_id == plan, replay_run.c.source_id == source_id)
    ).scalar()
    if mine is None:
        made = connection.execute(
            insert(source_run).values(
                source_id=source_id, epoch=row.epoch, state="replay", started_at=now, ended_at=now
            )
        )
        mine = int(made.inserted_primary_key[0])  # type: ignore[index]
        connection.execute(insert(replay_run).values(plan_id=plan, source_id=source_id, run_id=mine))
    lease = RunLease(mine, source_id, row.epoch, row.cursor, 0, SourceKind(row.kind), Level(row.level))
    lease.priority, lease.again = Priority.REPLAY, True
    return lease


def close_if_done(connection: Connection, plan: int, now: int) -> bool:
    """End a running plan of which nothing is left to do or on its way."""
    left = connection.execute(
        select(replay_item.c.no)
        .where(replay_item.c.plan_id == plan, replay_item.c.state.in_(["planned", "queued"]))
        .limit(1)
    ).first()
    if left is not None:
        return False
    ended = connection.execute(
        update(replay_plan)
        .where(replay_plan.c.id == plan, replay_plan.c.state == "running")
        .values(state="done", ended_at=now)
    )
    return bool(ended.rowcount)


def made_by(connection: Connection, run_id: int, row_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return state and outcome of rows that a run has just mapped again; rows that made nothing new are absent."""
    found: dict[str, tuple[str, str]] = {}
    refused = select(refusal.c.row_id, refusal.c.outcome, refusal.c.code).where(
        refusal.c.run_id == run_id, refusal.c.row_id.in_(row_ids), refusal.c.superseded.is_(False)
    )
    for row_id, outcome, code in connection.execute(refused):
        found[row_id] = ("failed", f"{outcome}:{code}")
    made = select(record.c.row_id, record.c.version).where(record.c.run_id == run_id, record.c.row_id.in_(row_ids))
    for row_id, version in connection.execute(made):
        if found.get(row_id, ("done", ""))[0] == "done":
            found[row_id] = ("done", "accepted" if version == 1 else "corrected")
    return found
