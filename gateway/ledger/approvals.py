# SPDX-License-Identifier: Apache-2.0
"""Acts that need two people: one proposes, another approves, and only then it is carried out (promises.md R14)."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, insert, select, update

from gateway.errors import RefusedByGate
from gateway.ledger import people
from gateway.ledger.audit import PROPOSED, Act, record_act
from gateway.ledger.people import NewPerson, NotAllowed
from gateway.ledger.people_tables import proposal
from gateway.model.person import Actor, Duty, Role
from gateway.model.words import Words

ADD_PERSON = "users.add"


class SamePerson(RefusedByGate):
    """The one who proposed can't approve."""

    code = "GW-713"
    summary = Words("提出人不能自己批准", "who proposed it may not approve it")
    advice = Words("由另一人批准:gateway approvals approve", "let another person approve: gateway approvals approve")


class NeedsTwo(RefusedByGate):
    """The act needs two known people, and there are none."""

    code = "GW-714"
    summary = Words("该操作须两人:一人提出,另一人批准", "this needs two people: one proposes, another approves")
    advice = Words(
        "先用 gateway users add 登记人员,再以 --as 提出", "name people with gateway users add, then propose with --as"
    )


class NotOpen(RefusedByGate):
    """The state of a thing does not allow what is asked."""

    code = "GW-715"
    summary = Words("当前状态不允许这样做", "the present state does not allow that")
    advice = Words("查看它的状态后再操作", "look at its state first")


Carry: TypeAlias = Callable[[Connection, Any, Actor, int], None]
"""Carries out an approved proposal: the connection, its row, who approved it, the time."""

_carried: dict[str, tuple[Duty, Carry]] = {}


def carries(action: str, duty: Duty) -> Callable[[Carry], Carry]:
    """Register what carries out approved proposals of ``action``, and the duty that approving them is."""

    def keep(function: Carry) -> Carry:
        _carried[action] = (duty, function)
        return function

    return keep


_rejected: dict[str, Carry] = {}


def on_rejection(action: str) -> Callable[[Carry], Carry]:
    """Register what is done where a proposal of ``action`` is rejected."""

    def keep(function: Carry) -> Carry:
        _rejected[action] = function
        return function

    return keep


def propose(connection: Connection, actor: Actor, done: Act, payload: Mapping[str, Any], now: int) -> int:
    """Write a proposal inside the caller's transaction and return its number; one open proposal a subject."""
    if actor.role is None:
        raise NeedsTwo(f"{done.action} {done.subject}")
    same = connection.execute(
        select(proposal.c.id).where(
            proposal.c.action == done.action, proposal.c.subject == done.subject, proposal.c.state == "open"
        )
    ).scalar()
    if same is not None:
        raise NotOpen(f"{done.action} {done.subject}: #{same}")
    made = connection.execute(
        insert(proposal).values(
            action=done.action, subject=done.subject, payload=json.dumps(payload, ensure_ascii=False, sort_keys=True),
            reason=done.reason or "", state="open", proposed_by=actor.name, proposed_at=now,
        )
    )  # fmt: skip
    number = int(made.inserted_primary_key[0])  # type: ignore[index]
    told = Act(done.action, done.subject, PROPOSED, done.reason, {**(done.detail or {}), "proposal": number})
    record_act(connection, actor, told, now)
    return number


def decide(
    connection: Connection, actor: Actor, number: int, approve: bool, reason: str, now: int
) -> Any:  # the word itself
    """Approve or reject an open proposal and, where approved, carry it out, inside the caller's transaction.

    Raises SamePerson, NotAllowed, NotOpen; returns the proposal's row as it stood before.
    """
    row = connection.execute(select(proposal).where(proposal.c.id == number).with_for_update()).first()
    if row is None or row.state != "open":
        raise NotOpen(f"#{number}: {'-' if row is None else row.state}")
    duty, carry = _carried[row.action]
    if actor.role is None or not actor.may(duty):
        raise NotAllowed(f"{actor.name}: {row.action}")
    if actor.name == row.proposed_by and approve:
        raise SamePerson(f"#{number} {row.action} {row.subject}: {actor.name}")
    values = {"decided_by": actor.name, "decided_at": now, "decision": reason}
    state = "approved" if approve else "rejected"
    connection.execute(update(proposal).where(proposal.c.id == number).values(state=state, **values))
    detail = {"proposal": number, "proposed_by": row.proposed_by, "decision": state}
    record_act(connection, actor, Act(f"approvals.{state}", row.subject, reason=reason, detail=detail), now)
    if approve:
        carry(connection, row, actor, now)
    elif row.action in _rejected:
        _rejected[row.action](connection, row, actor, now)
    return row


def proposals(connection: Connection, state: str | None = None) -> list[dict[str, Any]]:
    """Return proposals, the newest first; secrets of a person to be added are left out."""
    question = select(proposal).order_by(proposal.c.id.desc())
    if state is not None:
        question = question.where(proposal.c.state == state)
    found = []
    for row in connection.execute(question):
        payload = {name: value for name, value in json.loads(row.payload).items() if name not in ("secret", "key")}
        found.append({**row._mapping, "payload": payload})
    return found


@carries(ADD_PERSON, Duty.ADMIT_PEOPLE)
def _admit(connection: Connection, row: Any, actor: Actor, now: int) -> None:
    payload = json.loads(row.payload)
    new = NewPerson(payload["name"], Role(payload["role"]), payload["secret"], payload["key"])
    people.add(connection, new, row.proposed_by, actor.name, now)
