# SPDX-License-Identifier: Apache-2.0
"""Back-fills (历史补采): years of history cut into slices, read beside the pulls, resumable at every chunk (B5, B14)."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from gateway.errors import Fenced, RefusedByGate
from gateway.ledger.audit import Act, record_act
from gateway.ledger.backfill_tables import backfill_plan, backfill_run, backfill_slice
from gateway.ledger.tables import source, source_run
from gateway.model.person import Actor
from gateway.model.words import Words
from gateway.ports import Position, Window

RUN: Final = "back-fill"
"""State of a run that has read of a slice: no pull of its source."""

_FIGURES: Final = ("rows", "rereads", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting")


class NotThisBackfill(RefusedByGate):
    """There is no such back-fill, or it is not in a state for that."""

    code = "GW-741"
    summary = Words("没有这个补采,或其状态不允许", "no such back-fill, or not in a state for that")
    advice = Words("先看 gateway backfill list", "look at gateway backfill list")


class BackfillUnderWay(RefusedByGate):
    """The source has a back-fill that has not ended."""

    code = "GW-742"
    summary = Words("该数据源已有未结束的补采", "the source has a back-fill that has not ended")
    advice = Words("等它结束,或先 gateway backfill abort", "wait for its end, or end it with gateway backfill abort")


class Slice(NamedTuple):
    """One slice of a plan: its bounds, where it goes on, and how many rows were expected, if known."""

    plan: int
    no: int
    source: str
    window: Window
    position: Position | None
    rate: int


def subject(plan: int) -> str:
    """Return what the audit calls a back-fill."""
    return f"backfill:{plan}"


def make(
    connection: Connection, actor: Actor, name: str, slices: Sequence[tuple[Window, int | None]], rate: int, reason: str,
    cursor: str, now: int,
) -> tuple[int, bool]:  # fmt: skip
    """Make a plan; return its number, and whether the source was never pulled: its pulls then begin at ``cursor``.

    Raises BackfillUnderWay, NotThisBackfill for a source that the ledger does not know.
    """
    row = connection.execute(
        select(source.c.id, source.c.cursor).where(source.c.name == name).with_for_update()
    ).first()
    if row is None:
        raise NotThisBackfill(name)
    open_one = connection.execute(
        select(backfill_plan.c.id).where(
            backfill_plan.c.source_id == row.id, backfill_plan.c.state.in_(["planned", "running", "paused"])
        )
    ).scalar()
    if open_one is not None:
        raise BackfillUnderWay(f"{name}: {open_one}")
    made = connection.execute(
        insert(backfill_plan).values(
            source_id=row.id, state="planned", rate=rate, reason=reason, created_at=now, created_by=actor.name
        )
    )
    plan = int(made.inserted_primary_key[0])  # type: ignore[index]
    connection.execute(
        insert(backfill_slice),
        [
            {"plan_id": plan, "no": no, "floor": window.floor, "until": window.until, "expected": rows, "state": "open"}
            for no, (window, rows) in enumerate(slices, 1)
        ],
    )
    begins = row.cursor == ""
    if begins:
        connection.execute(update(source).where(source.c.id == row.id).values(cursor=cursor, epoch=source.c.epoch + 1))
    detail = {"source": name, "slices": len(slices), "pulls_begin_at": cursor if begins else None}
    record_act(connection, actor, Act("backfill.plan", subject(plan), reason=reason, detail=detail), now)
    return plan, begins


def change(connection: Connection, actor: Actor, plan: int, to: str, reason: str, now: int) -> None:
    """Start, pause, resume or abort (``to``: running, paused, aborted) and write it into the audit.

    Raises NotThisBackfill.
    """
    row = connection.execute(select(backfill_plan).where(backfill_plan.c.id == plan).with_for_update()).first()
    if row is None or row.state not in _FROM[to]:
        raise NotThisBackfill(f"{subject(plan)}: {'-' if row is None else row.state}")
    values: dict[str, Any] = {"state": to, "note": reason if to != "running" else None}
    if to == "running" and row.started_at is None:
        values["started_at"] = now
    if to == "aborted":
        values["ended_at"] = now
    connection.execute(update(backfill_plan).where(backfill_plan.c.id == plan).values(values))
    name = {"running": "backfill.run", "paused": "backfill.pause", "aborted": "backfill.abort"}[to]
    record_act(connection, actor, Act(name, subject(plan), reason=reason), now)


_FROM: Final = {
    "running": ("planned", "paused"),
    "paused": ("running",),
    "aborted": ("planned", "running", "paused"),
}


def next_slices(connection: Connection) -> list[Slice]:
    """Return the first open slice of every running plan, in order of their numbers."""
    first = (
        select(backfill_slice.c.plan_id, func.min(backfill_slice.c.no).label("no"))
        .where(backfill_slice.c.state == "open")
        .group_by(backfill_slice.c.plan_id)
        .subquery()
    )
    rows = connection.execute(
        select(
            backfill_slice.c.plan_id, backfill_slice.c.no, backfill_slice.c.floor, backfill_slice.c.until,
            backfill_slice.c.position, backfill_plan.c.rate, source.c.name,
        )
        .join(first, (first.c.plan_id == backfill_slice.c.plan_id) & (first.c.no == backfill_slice.c.no))
        .join(backfill_plan, backfill_plan.c.id == backfill_slice.c.plan_id)
        .join(source, source.c.id == backfill_plan.c.source_id)
        .where(backfill_plan.c.state == "running")
        .order_by(backfill_slice.c.plan_id)
    )  # fmt: skip
    return [
        Slice(row.plan_id, row.no, row.name, Window(row.floor, row.until), _read(row.position), row.rate)
        for row in rows
    ]


def _read(text: str) -> Position | None:
    return Position(*json.loads(text)) if text else None


def joined(connection: Connection, each: Slice, run_id: int) -> None:
    """Write down that a run reads a slice."""
    connection.execute(insert(backfill_run).values(run_id=run_id, plan_id=each.plan, slice_no=each.no))


def advance(connection: Connection, each: Slice, position: Position | None, *, ended: bool, now: int) -> None:
    """Move a slice on, inside the chunk's transaction or alone; raises Fenced where its plan was stopped or it has ended."""
    still = select(backfill_plan.c.id).where(backfill_plan.c.id == each.plan, backfill_plan.c.state != "aborted")
    values: dict[str, Any] = {"state": "done", "ended_at": now} if ended else {}
    if position is not None:
        values["position"] = json.dumps([position.stamp, position.row_id, position.undated], ensure_ascii=False)
    if not values:
        return
    here = (
        (backfill_slice.c.plan_id == each.plan) & (backfill_slice.c.no == each.no) & (backfill_slice.c.state == "open")
    )
    moved = connection.execute(update(backfill_slice).where(here, backfill_slice.c.plan_id.in_(still)).values(values))
    if moved.rowcount != 1:
        raise Fenced(f"{subject(each.plan)} {each.no}")


def close_if_done(connection: Connection, plan: int, now: int) -> bool:
    """End a plan whose slices are all done; tell whether it was."""
    left = connection.execute(
        select(backfill_slice.c.no).where(backfill_slice.c.plan_id == plan, backfill_slice.c.state == "open").limit(1)
    ).first()
    if left is not None:
        return False
    ended = connection.execute(
        update(backfill_plan)
        .where(backfill_plan.c.id == plan, backfill_plan.c.state.in_(["running", "paused"]))
        .values(state="done", ended_at=now)
    )
    return bool(ended.rowcount)


def under_way(connection: Connection, name: str) -> bool:
    """Tell whether a back-fill of a source runs just now."""
    return (
        connection.execute(
            select(backfill_plan.c.id)
            .join(source, source.c.id == backfill_plan.c.source_id)
            .where(source.c.name == name, backfill_plan.c.state == "running")
        ).first()
        is not None
    )


def plans(connection: Connection) -> list[dict[str, Any]]:
    """Return every plan with its progress, newest first; slices are left to ``shown``."""
    numbers = connection.execute(select(backfill_plan.c.id).order_by(backfill_plan.c.id.desc())).scalars().all()
    found = (shown(connection, number) for number in numbers)
    return [{name: each[name] for name in each if name != "slices"} for each in found if each is not None]


def shown(connection: Connection, plan: int) -> dict[str, Any] | None:
    """Return a plan with its slices, figures and progress; times in microseconds. None where there is none."""
    row = connection.execute(
        select(backfill_plan, source.c.name)
        .join(source, source.c.id == backfill_plan.c.source_id)
        .where(backfill_plan.c.id == plan)
    ).first()
    if row is None:
        return None
    slices = _slices(connection, plan)
    figures = {name: sum(each[name] for each in slices) for name in _FIGURES}
    expected = None if any(each["expected"] is None for each in slices) else sum(each["expected"] for each in slices)
    left = None if expected is None else max(0, expected - figures["rows"])
    return {
        "id": row.id, "source": row.name, "state": row.state, "rate": row.rate, "reason": row.reason, "note": row.note,
        "created_at": row.created_at, "created_by": row.created_by, "started_at": row.started_at,
        "ended_at": row.ended_at, "slices_done": sum(each["state"] == "done" for each in slices),
        "slices_total": len(slices), "expected": expected, **figures,
        "eta_seconds": None if left is None or row.state in ("done", "aborted") else -(-left // row.rate),
        "slices": slices,
    }  # fmt: skip


def _slices(connection: Connection, plan: int) -> list[dict[str, Any]]:
    counted = (
        select(backfill_run.c.slice_no, *[func.sum(source_run.c[name]).label(name) for name in _FIGURES])
        .join(source_run, source_run.c.id == backfill_run.c.run_id)
        .where(backfill_run.c.plan_id == plan)
        .group_by(backfill_run.c.slice_no)
        .subquery()
    )
    rows = connection.execute(
        select(backfill_slice, *[func.coalesce(counted.c[name], 0).label(name) for name in _FIGURES])
        .outerjoin(counted, counted.c.slice_no == backfill_slice.c.no)
        .where(backfill_slice.c.plan_id == plan)
        .order_by(backfill_slice.c.no)
    )
    return [
        {
            "no": row.no, "from": row.floor, "to": row.until, "state": row.state, "expected": row.expected,
            "ended_at": row.ended_at, **{name: int(getattr(row, name)) for name in _FIGURES},
        }
        for row in rows
    ]  # fmt: skip
