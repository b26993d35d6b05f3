# SPDX-License-Identifier: Apache-2.0
"""``gateway users``: the people who may act. The first two found the site; later ones are proposed and admitted."""

from pathlib import Path

import click

from gateway.cli.acting import Claim, act_options, ask_password, audited, gated, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import people
from gateway.ledger.approvals import ADD_PERSON, propose
from gateway.ledger.audit import Act
from gateway.ledger.people import NewPerson, NotAllowed
from gateway.ledger.store import Ledger
from gateway.model.person import Actor, Duty, Role
from gateway.parts import read_ledger, write_ledger
from gateway.trust.credentials import LEAST_PASSWORD, hashed, public_key


@click.group(
    help="""登记能够操作网关的人员。角色:system-admin 系统管理员(登记人员、备份),security-admin 安全管理员(批准),
    auditor 审计管理员(只看审计),operator 中心值班(回放、处理失败),reader 只读;一人一个角色。
    最先登记的系统管理员和安全管理员立即生效,此后由系统管理员提出、安全管理员批准(gateway approvals)。"""
)
def command() -> None:
    """Hold the subcommands."""


@command.command("list", help="列出人员、角色和证明方式。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List the people."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = people.everybody(connection)
    lines = [{**each, "created_at": moment(each["created_at"]).isoformat(timespec="seconds")} for each in found]
    if as_json:
        emit_json(lines)
        return
    heads = [_("姓名"), _("角色"), _("状态"), _("证明"), _("登记时间"), _("登记人"), _("批准人")]
    print_table(heads, [list(line.values()) for line in lines])


@command.command(help="登记一个人(或给已有的人换角色、口令、密钥):--key-file 公钥或证书,否则用口令(至少 12 个字符)。")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="角色")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="公钥或证书(PEM)")
@act_options
@json_option
def add(
    name: str,
    role: str,
    key_file: Path | None,
    reason: str,
    claim: Claim,
    directory: Path,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Add a person, or propose to."""
    if not people.is_name(name):
        raise click.UsageError(_("姓名用小写字母、数字、点和连字符,以字母开头:{name}").format(name=name))
    key = public_key(key_file.read_bytes()) if key_file is not None else None
    with write_ledger(load(directory)) as ledger:
        with ledger.reading() as connection:
            founded = people.is_founded(connection)
        actor = (
            _founder(ledger, claim, name) if not founded else resolve(ledger, claim, Duty.ADD_PEOPLE, ADD_PERSON, name)
        )
        if dry_run:
            say(_("将提出登记 {name}({role}),由安全管理员批准") if founded else _("将登记 {name}({role})"))
            return ExitCode.OK
        new = NewPerson(name, Role(role), None if key else _new_password(name), key)
        number = _write(ledger, actor, new, reason, founded=founded)
    if as_json:
        emit_json({"name": name, "role": role, "state": "active" if number is None else "proposed", "proposal": number})
    elif number is None:
        say(_("已登记 {name}({role})").format(name=name, role=role))
    else:
        say(_("已提出,待批准:gateway approvals approve {number}").format(number=number))
    return ExitCode.OK


def _founder(ledger: Ledger, claim: Claim, name: str) -> Actor:
    """Return who adds a person before the site has both kinds of administrators: the account, or one of the first."""
    actor = resolve(ledger, claim, Duty.ADD_PEOPLE, ADD_PERSON, name) if claim.name else None
    if actor is not None:
        return actor
    with ledger.reading() as connection:
        if people.anybody(connection):
            raise NotAllowed(f"{ADD_PERSON} {name}: --as")
    return resolve(ledger, claim, Duty.ADD_PEOPLE, ADD_PERSON, name)


def _write(ledger: Ledger, actor: Actor, new: NewPerson, reason: str, *, founded: bool) -> int | None:
    done = Act(ADD_PERSON, new.name, reason=reason, detail={"role": new.role})
    if not founded:
        with audited(ledger, actor, done) as connection:
            people.add(connection, new, actor.name, None, ledger.now())
        return None
    with gated(ledger, actor, done) as connection:
        return propose(connection, actor, done, new.as_json(), ledger.now())


def _new_password(name: str) -> str:
    password = ask_password(_("给 {name} 设置口令").format(name=name), confirm=True)
    if len(password) < LEAST_PASSWORD:
        raise click.UsageError(_("口令至少 {n} 个字符").format(n=LEAST_PASSWORD))
    return hashed(password)


@command.command("close", help="停用一个人的账户;他做过的操作仍留在审计中。")
@click.argument("name")
@act_options
def close_(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Close an account."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.ADMIT_PEOPLE, "users.close", name)
        with ledger.reading() as connection:
            if people.find(connection, name) is None:
                raise click.UsageError(_("没有操作人 {name}").format(name=name))
        if dry_run:
            say(_("将停用 {name}").format(name=name))
            return ExitCode.OK
        with audited(ledger, actor, Act("users.close", name, reason=reason)) as connection:
            people.close(connection, name)
    say(_("已停用 {name}").format(name=name))
    return ExitCode.OK
