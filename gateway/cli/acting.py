# SPDX-License-Identifier: Apache-2.0
"""Who acts: the options of every command that changes something by a person's hand, and how he shows who he is.

``--as NAME`` with a password (asked for on a terminal, else ``GATEWAY_PASSWORD``) or ``--key FILE`` (else
``GATEWAY_KEY``). While no person is known the machine's account acts. Refusals are audited as well.
"""

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from gateway.cli.options import directory_option, dry_run_option
from gateway.errors import RefusedByGate
from gateway.i18n import _
from gateway.ledger import people
from gateway.ledger.audit import REFUSED, Act, record_act
from gateway.ledger.people import NotAllowed, UnknownActor
from gateway.ledger.store import Ledger
from gateway.model.person import Actor, Duty, Role
from gateway.trust.credentials import PersonalKey, is_password

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says he is, and the key file he shows; the password is asked for when it is needed."""

    name: str | None
    key: Path | None


def acting_options(function: F) -> F:
    """Add ``--as`` and ``--key`` (one parameter ``claim``)."""

    def take(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        name = value or os.environ.get("GATEWAY_AS")
        given = ctx.params.pop("_key", None) or os.environ.get("GATEWAY_KEY")
        ctx.params["claim"] = Claim(name, Path(given) if given else None)

    key = click.option(
        "--key", "_key", metavar="FILE", is_eager=True, help="操作人的私钥文件(PEM);默认环境变量 GATEWAY_KEY"
    )
    named = click.option(
        "--as", "_as", metavar="NAME", expose_value=False, callback=take,
        help="以谁的名义操作;口令从终端或 GATEWAY_PASSWORD 取",
    )  # fmt: skip
    return named(key(function))


def resolve(ledger: Ledger, claim: Claim, duty: Duty, action: str, subject: str = "") -> Actor:
    """Return who acts. Raises UnknownActor or NotAllowed, each written into the audit first."""
    with ledger.reading() as connection:
        if claim.name is None and not people.anybody(connection):
            return people.account(_login())
    try:
        actor = _shown(ledger, claim)
    except UnknownActor as refused:
        name = claim.name or f"os:{_login()}"
        _note(ledger, Actor(name, None, "none"), Act(people.SIGN_IN, action, REFUSED, detail={"why": refused.detail}))
        raise
    if not actor.may(duty):
        _note(ledger, actor, Act(action, subject, REFUSED, detail={"why": f"role {actor.role}"}))
        raise NotAllowed(f"{actor.name} ({actor.role}): {action}")
    return actor


def _shown(ledger: Ledger, claim: Claim) -> Actor:
    if claim.name is None:
        raise UnknownActor(_("没有写明操作人 --as"))
    with ledger.reading() as connection:
        row = people.find(connection, claim.name)
        locked = people.is_locked(connection, claim.name, ledger.now())
    if locked:
        raise UnknownActor(_("{name} 失败次数过多,15 分钟后再试").format(name=claim.name))
    if row is None:
        raise UnknownActor(_("没有操作人 {name}").format(name=claim.name))
    role = Role(row.role)
    if claim.key is not None:
        if not claim.key.is_file():
            raise click.UsageError(_("没有文件 {path}").format(path=claim.key))
        personal = PersonalKey(claim.key.read_bytes())
        if row.key is None or personal.public != row.key:
            raise UnknownActor(_("{name} 的私钥不符").format(name=claim.name))
        return Actor(row.name, role, "key", personal.sign)
    if row.secret is None:
        raise UnknownActor(_("{name} 用私钥登记,请给 --key").format(name=claim.name))
    if not is_password(row.secret, ask_password(_("{name} 的口令").format(name=claim.name))):
        raise UnknownActor(_("{name} 的口令不符").format(name=claim.name))
    return Actor(row.name, role, "password")


def ask_password(prompt: str, *, confirm: bool = False) -> str:
    """Return the password from the environment, or ask for it on a terminal."""
    given = os.environ.get("GATEWAY_PASSWORD")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise click.UsageError(_("没有终端可问口令:设置 GATEWAY_PASSWORD 或用 --key"))
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _note(ledger: Ledger, actor: Actor, refused: Act) -> None:
    with ledger.begin() as connection:
        record_act(connection, actor, refused, ledger.now())


@contextmanager
def audited(ledger: Ledger, actor: Actor, done: Act) -> Iterator[Connection]:
    """Open one write transaction for an act and append it to the audit; a refusal by a gate is written down alone.

    ``done.detail``, where it is a dict, may still be filled inside the block.
    """
    try:
        with ledger.begin() as connection:
            yield connection
            record_act(connection, actor, done, ledger.now())
    except RefusedByGate as refused:
        why = {**(done.detail or {}), "why": f"{refused.code} {refused.detail}"}
        _note(ledger, actor, Act(done.action, done.subject, REFUSED, done.reason, why))
        raise


@contextmanager
def gated(ledger: Ledger, actor: Actor, asked: Act) -> Iterator[Connection]:
    """Like ``audited`` for work that writes its own act where it succeeds: proposals and decisions."""
    try:
        with ledger.begin() as connection:
            yield connection
    except RefusedByGate as refused:
        why = {**(asked.detail or {}), "why": f"{refused.code} {refused.detail}"}
        _note(ledger, actor, Act(asked.action, asked.subject, REFUSED, asked.reason, why))
        raise


def reason_option(function: F) -> F:
    """Add ``--reason`` (parameter ``reason``), which must not be blank."""

    def checked(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
        if not value.strip():
            raise click.BadParameter(_("要写明原因"))
        return value.strip()

    return click.option("--reason", required=True, metavar="TEXT", callback=checked, help="原因,写入审计")(function)


def act_options(function: F) -> F:
    """Add what every command takes that changes something by a person's hand: why, who, where, and ``--dry-run``."""
    return reason_option(acting_options(directory_option(dry_run_option(function))))
