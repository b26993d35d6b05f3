# SPDX-License-Identifier: Apache-2.0
"""What people do about the go-live lock: present an attestation, promote, suspend, resume, override in an emergency."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from gateway.clock import moment
from gateway.errors import RefusedByGate
from gateway.ledger import approvals
from gateway.ledger.golive import Item, items, present, put, source_days
from gateway.model.person import Actor, Duty
from gateway.model.words import Words
from gateway.semantics.golive import EVERY_ITEM, OVERRIDE_DAYS, Stage, Standing, suspended, trial_lacks
from gateway.semantics.interface import Interface

OVERRIDE: Final = "golive.override"
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)


class NotProven(RefusedByGate):
    """An attestation does not hold for what it was presented for."""

    code = "GW-761"
    summary = Words("证明不能用于该数据源上线", "the attestation does not open the way for this source")
    advice = Words(
        "按原因重新测试或验收:gateway conformance run、sign;核对系统编号和版本",
        "test or accept anew for the reason given: gateway conformance run, sign; compare system id and version",
    )


class NotYet(RefusedByGate):
    """A source may not take the next stage yet."""

    code = "GW-762"
    summary = Words("数据源还不能进入该阶段", "the source may not enter that stage yet")
    advice = Words(
        "gateway source golive show 显示缺什么:有效证明、对账零差异的天数、接口是否与验收时一致",
        "gateway source golive show tells what is missing: a valid attestation, days without differences, the same interface",
    )


@dataclass(frozen=True, slots=True)
class Told:
    """Who says so, why, and when (microseconds)."""

    who: str
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class Proof:
    """An attestation that was verified: its envelope with SHA-256, what it says, and the interface it is bound to."""

    digest: str
    envelope: bytes
    serial: str
    acceptance: bool
    items: tuple[str, ...]
    valid_until: int
    interface: Interface


def attest(connection: Connection, name: str, proof: Proof, chosen: Sequence[str], told: Told) -> list[Item]:
    """Let items of a source rest on an attestation, inside the caller's transaction; returns their rows.

    A self-report makes drafts self-tested. An acceptance makes them attested; what is in trial or live stays there and
    holds longer, what was suspended goes through attestation and trial again. Raises NotYet.
    """
    kind = "acceptance" if proof.acceptance else "self-report"
    shown = {
        "digest": proof.digest, "serial": proof.serial, "kind": kind, "envelope": proof.envelope, "at": told.at, "by": told.who,
    }  # fmt: skip
    present(connection, shown)
    known = {each.item: each for each in items(connection, {name})}
    made = []
    for item in chosen:
        row = known.get(item) or Item(name, item, Standing(), told.at, told.who, told.why)
        made.append(_rests(row, proof, told))
        put(connection, made[-1])
    return made


def _rests(row: Item, proof: Proof, told: Told) -> Item:
    before = row.standing
    stage = before.stage
    if not proof.acceptance:
        if stage not in (Stage.DRAFT, Stage.SELF_TESTED):
            raise NotYet(
                f"{row.source}/{row.item}: {stage.value}: 自测报告只用于草稿 / a self-report is for drafts only"
            )
        standing = replace(before, stage=Stage.SELF_TESTED)
        return _told(replace(row, attestation=proof.digest, standing=standing), told, stage)
    kept = stage if stage in (Stage.TRIAL, Stage.LIVE) else Stage.ATTESTED
    standing = replace(
        before, stage=kept, valid_until=proof.valid_until, warned=0, flagged=False, drift=(), before=None
    )  # fmt: skip
    made = replace(row, attestation=proof.digest, interface=proof.interface, standing=standing)
    return _told(made, told, stage)


def _told(row: Item, told: Told, before: Stage) -> Item:
    """Return the row with who moved it; where the stage stays, since when it is there stays too."""
    since = row.since if row.standing.stage is before else told.at
    return replace(row, since=since, told_by=told.who, told_reason=told.why)


def chosen_items(connection: Connection, name: str, item: str | None) -> list[Item]:
    """Return the rows that a command is about: those of the source, or the one of the item. Raises NotYet for none.

    A row that an override of the whole source has left behind is not one of its items.
    """
    rows = items(connection, {name})
    of_source = [each for each in rows if (each.item, each.standing.stage) != (EVERY_ITEM, Stage.DRAFT)]
    found = of_source if item is None else [each for each in rows if each.item == item]
    if not found:
        raise NotYet(f"{name}/{item or '*'}: draft")
    return found


def promote(connection: Connection, row: Item, told: Told, trial_days: int) -> Item:
    """Take an item to its next stage inside the caller's transaction; returns its row. Raises NotYet."""
    standing = row.standing
    nexts = {Stage.ATTESTED: Stage.TRIAL, Stage.TRIAL: Stage.LIVE}
    if standing.stage not in nexts:
        raise NotYet(f"{row.source}/{row.item}: {standing.stage.value}")
    _valid(row, told.at)
    if standing.stage is Stage.TRIAL:
        lacking = lacks(connection, row, told.at, trial_days)
        if lacking:
            raise NotYet(f"{row.source}/{row.item}: 对账未达零差异 / not reconciled at zero: {' '.join(lacking)}")
    made = _told(replace(row, standing=replace(standing, stage=nexts[standing.stage])), told, standing.stage)
    put(connection, made)
    return made


def lacks(connection: Connection, row: Item, now: int, trial_days: int) -> list[str]:
    """Return the days that the trial of an item still lacks."""
    since = moment(row.since).date()
    return trial_lacks(since, moment(now).date(), source_days(connection, row.source, since.isoformat()), trial_days)


def _valid(row: Item, now: int) -> None:
    if now >= row.standing.valid_until:
        raise NotYet(f"{row.source}/{row.item}: 证明已过期 / the attestation has expired")


def suspend(connection: Connection, row: Item, told: Told) -> Item:
    """Suspend an item inside the caller's transaction: its records are held from now on. Raises NotYet."""
    if row.standing.stage not in (Stage.ATTESTED, Stage.TRIAL, Stage.LIVE):
        raise NotYet(f"{row.source}/{row.item}: {row.standing.stage.value}")
    made = _told(replace(row, standing=suspended(row.standing)), told, row.standing.stage)
    put(connection, made)
    return made


def resume(connection: Connection, row: Item, told: Told) -> Item:
    """Take a suspended item back to the stage it had; the caller has seen that nothing drifts any more. Raises NotYet."""
    standing = row.standing
    if standing.stage is not Stage.SUSPENDED or standing.before is None:
        raise NotYet(f"{row.source}/{row.item}: {standing.stage.value}")
    _valid(row, told.at)
    back = replace(standing, stage=standing.before, before=None, flagged=False, drift=())
    made = _told(replace(row, standing=back), told, standing.stage)
    put(connection, made)
    return made


def end_override(connection: Connection, row: Item, told: Told) -> Item:
    """End an override before its time. Raises NotYet where there is none."""
    if told.at >= row.standing.override_until:
        raise NotYet(f"{row.source}/{row.item}: 没有紧急放行 / there is no override")
    made = replace(row, standing=replace(row.standing, override_until=0))
    put(connection, made)
    return made


@approvals.carries(OVERRIDE, Duty.APPROVE)
def _override(connection: Connection, row: Any, actor: Actor, now: int) -> None:
    """Let an item pass for some days, as one person proposed and another has approved."""
    asked = json.loads(row.payload)
    days = min(int(asked["days"]), OVERRIDE_DAYS)
    found = {each.item: each for each in items(connection, {asked["source"]})}
    held = found.get(asked["item"]) or Item(
        asked["source"], asked["item"], Standing(), now, row.proposed_by, row.reason
    )
    standing = replace(held.standing, override_until=now + days * _DAY)
    by = f"{row.proposed_by} + {actor.name}"
    put(connection, replace(held, standing=standing, override_by=by, override_reason=row.reason))
