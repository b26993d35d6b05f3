# SPDX-License-Identifier: Apache-2.0
"""Plans as people see and steer them: figures, start with two people where needed, pause, resume, abort."""

import json
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from gateway.ledger import approvals
from gateway.ledger.approvals import NotOpen
from gateway.ledger.audit import Act, record_act
from gateway.ledger.replay_tables import replay_item, replay_plan
from gateway.ledger.replays import FAILS, EmptyPlan, WrongCount
from gateway.ledger.tables import destination
from gateway.model.person import Actor, Duty

RUN: Final = "replay.run"


def subject(plan: int) -> str:
    """Return what a plan is called in the audit."""
    return f"plan:{plan}"


def plans(connection: Connection) -> list[dict[str, Any]]:
    """Return all plans, the newest first, without the figures of their items."""
    rows = connection.execute(select(replay_plan).order_by(replay_plan.c.id.desc()))
    return [_plain(row) for row in rows]


def _plain(row: Any) -> dict[str, Any]:
    return {
        **row._asdict(), "wanted": json.loads(row.wanted), "include": json.loads(row.include), "digest": row.digest.hex(),
    }  # fmt: skip


def shown(connection: Connection, plan: int) -> dict[str, Any] | None:
    """Return a plan with counts by destination, department, cause and outcome, and the seconds it needs at its rate."""
    row = connection.execute(select(replay_plan).where(replay_plan.c.id == plan)).first()
    if row is None:
        return None
    names = {0: "-"} | {each.id: each.name for each in connection.execute(select(destination.c.id, destination.c.name))}
    columns = replay_item.c
    counted = connection.execute(
        select(
            columns.destination_id,
            columns.org_code,
            columns.cause,
            columns.state,
            columns.outcome,
            func.count().label("n"),
        )
        .where(columns.plan_id == plan)
        .group_by(columns.destination_id, columns.org_code, columns.cause, columns.state, columns.outcome)
    ).all()
    by: dict[str, dict[str, int]] = {
        "destination": {},
        "department": {},
        "cause": {},
        "state": {},
        "skipped": {},
        "outcome": {},
    }
    for each in counted:
        _add(by["state"], each.state, each.n)
        if each.state == "skipped":
            _add(by["skipped"], each.outcome or "", each.n)
            continue
        _add(by["destination"], names.get(each.destination_id, "?"), each.n)
        _add(by["department"], each.org_code, each.n)
        _add(by["cause"], each.cause, each.n)
        if each.state in ("done", "failed"):
            _add(by["outcome"], each.outcome or "", each.n)
    left = {
        names.get(each, "?"): n
        for each, n in connection.execute(
            select(columns.destination_id, func.count())
            .where(columns.plan_id == plan, columns.state == "planned")
            .group_by(columns.destination_id)
        )
    }
    skipped = by["skipped"]
    return {
        **_plain(row), "items": sum(by["state"].values()), "by": by,
        "already_delivered": skipped.get("delivered", 0), "order_conflicts": skipped.get("out-of-order", 0) + skipped.get("overtaken", 0),
        "fail_rules": sum(n for why, n in skipped.items() if why.startswith(FAILS)),
        "eta_seconds": max((-(-n // row.rate) for n in left.values()), default=0),
    }  # fmt: skip


def _add(counts: dict[str, int], name: str, n: int) -> None:
    counts[name] = counts.get(name, 0) + n


def start(connection: Connection, actor: Actor, plan: int, confirmed: int, reason: str, now: int) -> int | None:
    """Start a plan, or propose to where two people are needed; return the number of the proposal, None when it runs.

    Raises WrongCount, EmptyPlan, NotOpen, NeedsTwo.
    """
    row = _locked(connection, plan, "planned")
    if confirmed != row.to_send:
        raise WrongCount(f"{subject(plan)}: {confirmed} != {row.to_send}")
    if row.to_send == 0:
        raise EmptyPlan(subject(plan))
    told = Act(RUN, subject(plan), reason=reason, detail={"to_send": row.to_send, "digest": row.digest.hex()})
    if row.two_people:
        number = approvals.propose(connection, actor, told, {"plan": plan, "to_send": row.to_send}, now)
        _set(connection, plan, state="proposed", started_by=actor.name)
        return number
    record_act(connection, actor, told, now)
    _set(connection, plan, state="running", started_by=actor.name, started_at=now)
    return None


@approvals.carries(RUN, Duty.APPROVE)
def _approved(connection: Connection, row: Any, actor: Actor, now: int) -> None:
    plan = int(json.loads(row.payload)["plan"])
    _locked(connection, plan, "proposed")
    _set(connection, plan, state="running", approved_by=actor.name, started_at=now)


@approvals.on_rejection(RUN)
def _rejected(connection: Connection, row: Any, _actor: Actor, _now: int) -> None:
    plan = int(json.loads(row.payload)["plan"])
    _locked(connection, plan, "proposed")
    _set(connection, plan, state="planned", started_by=None)


def pause(connection: Connection, actor: Actor, plan: int, reason: str, now: int) -> None:
    """Stop feeding a plan; what is in the lanes already still goes."""
    _locked(connection, plan, "running")
    _set(connection, plan, state="paused", note=reason)
    record_act(connection, actor, Act("replay.pause", subject(plan), reason=reason), now)


def resume(connection: Connection, actor: Actor, plan: int, reason: str, now: int) -> None:
    """Go on with a paused plan."""
    _locked(connection, plan, "paused")
    _set(connection, plan, state="running", note=None)
    record_act(connection, actor, Act("replay.resume", subject(plan), reason=reason), now)


def abort(connection: Connection, actor: Actor, plan: int, reason: str, now: int) -> None:
    """End a plan for good: what was not fed yet never is; what is in the lanes keeps its outcome."""
    _locked(connection, plan, "planned", "running", "paused")
    connection.execute(
        update(replay_item)
        .where(replay_item.c.plan_id == plan, replay_item.c.state == "planned")
        .values(state="skipped", outcome="aborted", at=now)
    )
    _set(connection, plan, state="aborted", note=reason, ended_at=now)
    record_act(connection, actor, Act("replay.abort", subject(plan), reason=reason), now)


def _locked(connection: Connection, plan: int, *states: str) -> Any:
    row = connection.execute(select(replay_plan).where(replay_plan.c.id == plan).with_for_update()).first()
    if row is None or row.state not in states:
        raise NotOpen(f"{subject(plan)}: {'-' if row is None else row.state}")
    return row


def _set(connection: Connection, plan: int, **values: Any) -> None:
    connection.execute(update(replay_plan).where(replay_plan.c.id == plan).values(**values))


def of_records(connection: Connection, record_ids: list[int]) -> list[Any]:
    """Return the items of all plans that hold these records, each with who made and started its plan, and why."""
    rows = connection.execute(
        select(
            replay_item.c.plan_id, replay_item.c.record_id, replay_item.c.state, replay_item.c.outcome, replay_item.c.at,
            replay_plan.c.created_at, replay_plan.c.created_by, replay_plan.c.started_by, replay_plan.c.approved_by,
            replay_plan.c.reason,
        )
        .join(replay_plan, replay_plan.c.id == replay_item.c.plan_id)
        .where(replay_item.c.record_id.in_(record_ids))
        .order_by(replay_item.c.plan_id, replay_item.c.no)
    )  # fmt: skip
    return list(rows)
