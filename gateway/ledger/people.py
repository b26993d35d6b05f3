# SPDX-License-Identifier: Apache-2.0
"""People as the ledger knows them, and how one shows who he is; hashes and keys are checked by the caller's functions."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from gateway.errors import RefusedByGate
from gateway.ledger.people_tables import act, person
from gateway.model.person import Actor, Role
from gateway.model.words import Words

SECOND: Final = 1_000_000
TRIES: Final = 5
TRIES_WITHIN: Final = 15 * 60 * SECOND
SIGN_IN: Final = "sign-in"
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,40}")


class UnknownActor(RefusedByGate):
    """Who acts could not be shown: no such person, wrong password or key, or too many tries."""

    code = "GW-711"
    summary = Words("操作人身份不成立", "who acts could not be shown")
    advice = Words(
        "用 --as 姓名 并给出口令(提示、GATEWAY_PASSWORD)或私钥(--key)",
        "give --as NAME and a password (prompt, GATEWAY_PASSWORD) or a key (--key)",
    )


class NotAllowed(RefusedByGate):
    """The role of this person does not allow the act."""

    code = "GW-712"
    summary = Words("该角色不能做这件事", "this role may not do that")
    advice = Words(
        "由有相应角色的人员操作,见 gateway users list", "let somebody with the role do it: gateway users list"
    )


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be added: a password's hash or a public key."""

    name: str
    role: Role
    secret: str | None
    key: str | None

    def as_json(self) -> dict[str, Any]:
        """Return what a proposal stores."""
        return asdict(self)


def is_name(text: str) -> bool:
    """Tell whether ``text`` may be a person's name on the command line."""
    return _NAME.fullmatch(text) is not None


def anybody(connection: Connection) -> bool:
    """Tell whether any person is known."""
    return connection.execute(select(person.c.id).limit(1)).first() is not None


def is_founded(connection: Connection) -> bool:
    """Tell whether there is somebody to propose people and somebody to admit them."""
    roles = set(connection.execute(select(person.c.role).where(person.c.state == "active")).scalars())
    return {Role.SYSTEM, Role.SECURITY} <= roles


def everybody(connection: Connection) -> Sequence[Any]:
    """Return all people: name, role, state, proof, created_at, created_by, approved_by; never a secret."""
    rows = connection.execute(select(person).order_by(person.c.name))
    return [
        {
            "name": row.name, "role": row.role, "state": row.state, "proof": "key" if row.key else "password",
            "created_at": row.created_at, "created_by": row.created_by, "approved_by": row.approved_by,
        }
        for row in rows
    ]  # fmt: skip


def find(connection: Connection, name: str) -> Any | None:
    """Return the active person of that name, or None."""
    return connection.execute(select(person).where(person.c.name == name, person.c.state == "active")).first()


def add(connection: Connection, new: NewPerson, by: str, approved_by: str | None, now: int) -> None:
    """Add a person, or give a known one a new role, password or key, inside the caller's transaction."""
    values = {
        "role": new.role, "secret": new.secret, "key": new.key, "state": "active", "created_at": now,
        "created_by": by, "approved_by": approved_by,
    }  # fmt: skip
    changed = connection.execute(update(person).where(person.c.name == new.name).values(**values))
    if not changed.rowcount:
        connection.execute(insert(person).values(name=new.name, **values))


def close(connection: Connection, name: str) -> bool:
    """Close a person's account; what he did stays. Returns False where nobody of that name is active."""
    changed = connection.execute(
        update(person).where(person.c.name == name, person.c.state == "active").values(state="closed")
    )
    return bool(changed.rowcount)


def is_locked(connection: Connection, name: str, now: int) -> bool:
    """Tell whether too many tries to be this person failed of late."""
    failed = connection.execute(
        select(func.count())
        .select_from(act)
        .where(act.c.actor == name, act.c.action == SIGN_IN, act.c.outcome == "refused", act.c.at > now - TRIES_WITHIN)
    ).scalar_one()
    return int(failed) >= TRIES


def account(login: str) -> Actor:
    """Return the machine's account as the one who acts, while no person is known."""
    return Actor(f"os:{login}", None, "account")
