# SPDX-License-Identifier: Apache-2.0
"""``gateway failures``: what failed, grouped by cause, and what people do about it."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.acting import Claim, act_options, audited, gated, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import failures, parked, people
from gateway.ledger.approvals import NotOpen, propose
from gateway.ledger.audit import Act
from gateway.ledger.failures import Group
from gateway.ledger.store import Ledger
from gateway.model.person import Actor, Duty
from gateway.model.words import Words
from gateway.parts import read_ledger, write_ledger
from gateway.trust.masking import mask_text


@click.group(
    invoke_without_command=True,
    help="""列出失败,按原因(环节、规则、目的地、归一化的说明)归组,由别的失败引起的列在其根因之下;有失败时退出码 1。
    对一组或一条:retry 重发,skip 跳过,withdraw 不再报送(两人),park 搁置,assign 指派;
    成批重放用 gateway replay plan --fingerprint。""",
)
@directory_option
@click.option("--all", "everything", is_flag=True, help="连同已搁置的")
@json_option
@click.pass_context
def command(context: click.Context, directory: Path, everything: bool, as_json: bool) -> int | None:
    """List the groups, unless a subcommand is given."""
    if context.invoked_subcommand is not None:
        return None
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = [each for each in failures.groups(connection) if everything or each.state != "aside"]
    if as_json:
        emit_json([_plain(each) for each in found])
    else:
        _print(found)
    return ExitCode.FINDINGS if found else ExitCode.OK


def _plain(group: Group) -> dict[str, Any]:
    message = Words(mask_text(group.message.zh), mask_text(group.message.en))
    told = asdict(group) | {"message": message, "followers": [_plain(each) for each in group.followers]}
    for name in ("first_seen", "last_seen"):
        value = getattr(group, name)
        told[name] = None if value is None else moment(value).isoformat(timespec="seconds")
    return told


def _print(found: Iterable[Group]) -> None:
    heads = [
        _("指纹"), _("种类"), _("环节"), _("代码"), _("何处"), _("条数"), _("受阻"), _("最近"), _("状态"), _("指派"), _("说明"),
    ]  # fmt: skip
    rows: list[list[object]] = []
    for group in found:
        rows.append(_line(group, ""))
        rows += [_line(each, "└ ") for each in group.followers]
    print_table(heads, rows)


def _line(group: Group, indent: str) -> list[object]:
    last = moment(group.last_seen).isoformat(timespec="minutes") if group.last_seen is not None else ""
    return [
        indent + group.fingerprint, group.kind, group.stage, group.code, group.where, group.count, group.blocked, last,
        group.state, group.assignee or "", mask_text(spoken(group.message)),
    ]  # fmt: skip


def _find(groups: Iterable[Group], name: str) -> Group | None:
    for group in groups:
        if group.fingerprint == name:
            return group
        below = _find(group.followers, name)
        if below is not None:
            return below
    return None


@command.command(help="显示一组失败:样例、首次和最近出现、随它受阻的。")
@click.argument("fingerprint")
@directory_option
@json_option
def show(fingerprint: str, directory: Path, as_json: bool) -> int:
    """Show one group."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        group = _find(failures.groups(connection), fingerprint)
    if group is None:
        raise click.UsageError(_("没有失败指纹 {name}").format(name=fingerprint))
    if as_json:
        emit_json(_plain(group))
        return ExitCode.FINDINGS
    told = _plain(group)
    rows = [
        (
            name,
            spoken(value)
            if isinstance(value, Words)
            else ", ".join(map(str, value))
            if isinstance(value, list)
            else value,
        )
        for name, value in told.items()
        if name != "followers" and value is not None
    ]
    print_table([_("项目"), _("值")], rows)
    _print(group.followers)
    return ExitCode.FINDINGS


_target = click.argument("what", metavar="指纹|主键")
_where = click.option("--destination", metavar="NAME", help="给出主键时:在哪个目的地")


def _chosen(connection: Connection, what: str, where: str | None) -> tuple[int, str, list[int]]:
    """Return destination, its name and the parked records that a fingerprint or a key stands for."""
    if where is None:
        found = failures.members(connection, what)
        if found is None:
            raise click.UsageError(_("没有失败指纹 {name};给主键时写明 --destination").format(name=what))
        if found.destination_id is None:
            raise click.UsageError(
                _("这一组是未收录的行:修正后再采集,或 gateway replay plan --mode raw --fingerprint {name}").format(
                    name=what
                )
            )
        return found.destination_id, found.where, list(found.record_ids)
    here = parked.number_of(connection, where)
    records = parked.find(connection, where, what)
    if here is None or not records:
        raise click.UsageError(_("{key} 没有停放在 {where}").format(key=what, where=where))
    return here, where, records


@command.command(help="把停放的投递放回待发,照常投递。结果未知的(对方可能已有)须写明 --may-duplicate。")
@_target
@_where
@click.option("--may-duplicate", is_flag=True, help="结果未知的也重发:对方可能因此有两条")
@act_options
def retry(
    what: str, destination: str | None, may_duplicate: bool, reason: str, claim: Claim, directory: Path, dry_run: bool
) -> int:
    """Send parked deliveries again."""

    def work(connection: Connection, here: int, records: list[int], now: int) -> int:
        unknown = parked.unknown_among(connection, here, records)
        if unknown and not may_duplicate:
            raise NotOpen(f"outcome-unknown: {unknown}", _MAY)
        return parked.retry(connection, here, records, now)

    return _act(directory, claim, "failures.retry", (what, destination), reason, dry_run, work)


_MAY = Words(
    "先向对方核实;确要重发时加 --may-duplicate", "ask the other side first; to send again all the same: --may-duplicate"
)


@command.command(help="跳过停放的投递,让同一办件后面的先走;以后仍可用回放计划补送。")
@_target
@_where
@act_options
def skip(what: str, destination: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Skip parked deliveries."""
    return _act(directory, claim, "failures.skip", (what, destination), reason, dry_run, parked.skip)


def _act(
    directory: Path, claim: Claim, action: str, target: tuple[str, str | None], reason: str, dry_run: bool, work: Any
) -> int:
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, action, target[0])
        with ledger.reading() as connection:
            here, where, records = _chosen(connection, *target)
        if dry_run:
            say(_("将处理 {where} 的 {n} 条").format(where=where, n=len(records)))
            return ExitCode.OK
        detail = {"destination": where, "records": len(records)}
        with audited(ledger, actor, Act(action, target[0], reason=reason, detail=detail)) as connection:
            moved = work(connection, here, records, ledger.now())
    say(_("已处理 {where} 的 {n} 条").format(where=where, n=moved))
    return ExitCode.OK


@command.command(help="不再向该目的地报送停放的这些版本;由一人提出、另一人批准(gateway approvals)。")
@_target
@_where
@act_options
def withdraw(what: str, destination: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Propose to close parked deliveries."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, parked.WITHDRAW, what)
        with ledger.reading() as connection:
            here, where, records = _chosen(connection, what, destination)
        if dry_run:
            say(_("将处理 {where} 的 {n} 条").format(where=where, n=len(records)))
            return ExitCode.OK
        told = Act(parked.WITHDRAW, f"{what}@{where}", reason=reason, detail={"records": len(records)})
        with gated(ledger, actor, told) as connection:
            number = propose(connection, actor, told, {"destination_id": here, "record_ids": records}, ledger.now())
    say(_("已提出,须由另一人批准后执行:gateway approvals approve {number}").format(number=number))
    return ExitCode.GATE


@command.command(help="搁置一组失败并写明原因,列表中不再显示;此后又发生的会重新出现。--reopen 取消搁置。")
@click.argument("fingerprint")
@click.option("--reopen", is_flag=True, help="取消搁置")
@act_options
def park(fingerprint: str, reopen: bool, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Put a group aside."""
    state = "open" if reopen else "aside"
    return _noted(directory, claim, "failures.park", fingerprint, reason, dry_run, state=state)


@command.command(help="把一组失败指派给一个人。")
@click.argument("fingerprint")
@click.argument("name")
@act_options
def assign(fingerprint: str, name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Give a group to somebody."""
    return _noted(directory, claim, "failures.assign", fingerprint, reason, dry_run, assignee=name)


def _noted(
    directory: Path, claim: Claim, action: str, fingerprint: str, reason: str, dry_run: bool, **said: str
) -> int:
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, action, fingerprint)
        _check(ledger, fingerprint, said.get("assignee"), actor)
        if dry_run:
            say(_("将记下:{said}").format(said=said))
            return ExitCode.OK
        with audited(ledger, actor, Act(action, fingerprint, reason=reason, detail=said)) as connection:
            parked.note(connection, fingerprint, actor, ledger.now(), reason=reason, **said)
    say(_("已记下"))
    return ExitCode.OK


def _check(ledger: Ledger, fingerprint: str, assignee: str | None, actor: Actor) -> None:
    with ledger.reading() as connection:
        if _find(failures.groups(connection), fingerprint) is None:
            raise click.UsageError(_("没有失败指纹 {name}").format(name=fingerprint))
        if assignee is not None and actor.role is not None and people.find(connection, assignee) is None:
            raise click.UsageError(_("没有操作人 {name}").format(name=assignee))
