# SPDX-License-Identifier: Apache-2.0
"""``gateway source proposed|withdraw|dismiss|release``: what people decide of rows that are gone (ledger.md B7, T4)."""

from pathlib import Path
from typing import Any

import click

from gateway.cli.acting import Claim, act_options, audited, gated, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import absences, withdrawals
from gateway.ledger.approvals import propose
from gateway.ledger.audit import Act
from gateway.ledger.store import Ledger
from gateway.ledger.withdrawals import Proposed
from gateway.model.person import Duty
from gateway.parts import read_ledger, write_ledger


@click.command("proposed", help="列出建议撤回的记录(行已消失,或不再产生该主键),等人决定;只读。")
@click.argument("name", required=False)
@directory_option
@json_option
def proposed(name: str | None, directory: Path, as_json: bool) -> None:
    """List proposed withdrawals."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = withdrawals.proposed(connection, name)
    if as_json:
        emit_json({"proposed": [_shown(each) for each in found]})
        return
    heads = [_("数据源"), _("行"), _("业务主键"), _("类型"), _("代码"), _("时间")]
    names = ["source", "row_id", "key", "type", "code", "at"]
    print_table(heads, [[_shown(each)[name] for name in names] for each in found])


@click.command("withdraw", help="撤回建议撤回的记录:一人提出、另一人批准(gateway approvals),下次采集时生成撤回记录。")
@click.argument("name")
@click.argument("row_id")
@act_options
def withdraw(name: str, row_id: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Propose to withdraw what a row stood for."""
    subject = f"source:{name}:{row_id}"
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, withdrawals.WITHDRAW, subject)
        found = _found(ledger, name, row_id)
        if dry_run:
            say(_("试运行,未写入:将撤回 {keys}").format(keys=", ".join(each.key for each in found)))
            return ExitCode.OK
        told = Act(withdrawals.WITHDRAW, subject, reason=reason, detail={"keys": [each.key for each in found]})
        with gated(ledger, actor, told) as connection:
            payload = {"refusals": [each.number for each in found], "keys": [each.key for each in found]}
            number = propose(connection, actor, told, payload, ledger.now())
    say(_("已提出,须由另一人批准后执行:gateway approvals approve {number}").format(number=number))
    return ExitCode.GATE


@click.command("dismiss", help="驳回撤回建议:记录保持不变;该行回来后再消失才会重新建议。")
@click.argument("name")
@click.argument("row_id")
@act_options
def dismiss(name: str, row_id: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Drop the proposals of a row."""
    subject = f"source:{name}:{row_id}"
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, withdrawals.DISMISS, subject)
        found = _found(ledger, name, row_id)
        if dry_run:
            say(_("试运行,未写入:将驳回 {n} 条撤回建议").format(n=len(found)))
            return
        detail = {"keys": [each.key for each in found]}
        with audited(ledger, actor, Act(withdrawals.DISMISS, subject, reason=reason, detail=detail)) as connection:
            done = withdrawals.dismiss(connection, [each.number for each in found])
    say(_("已驳回 {n} 条撤回建议").format(n=done))


@click.command(
    "release",
    help="放行因一次消失的行过多而停放的数据源。确实删除了这些行时用 --gone 写明行数,比对时不再因此停放,逐行建议撤回。",
)
@click.argument("name")
@click.option("--gone", type=click.IntRange(min=1), default=None, metavar="N", help="部门确认最多有这么多行确实已删除")
@act_options
def release(name: str, gone: int | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Let a held source be read again."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, "source.release", f"source:{name}")
        held = ledger.held(name)
        if held is None:
            raise click.UsageError(_("数据源 {name} 没有停放").format(name=name))
        code, figures = held
        if not dry_run:
            detail: dict[str, Any] = {"code": code, **figures, "gone": gone}
            with audited(
                ledger, actor, Act("source.release", f"source:{name}", reason=reason, detail=detail)
            ) as connection:
                absences.release(connection, name, gone or 0)
    said = ", ".join(f"{what}={number}" for what, number in figures.items())
    done = _("已放行数据源 {name}({code} {said})").format(name=name, code=code, said=said)
    say(_("试运行,未写入:{what}").format(what=done) if dry_run else done)


def _found(ledger: Ledger, name: str, row_id: str) -> list[Proposed]:
    with ledger.reading() as connection:
        found = withdrawals.proposed(connection, name, row_id)
    if not found:
        raise click.UsageError(
            _("数据源 {name} 的行 {row} 没有待决定的撤回建议;见 gateway source proposed").format(name=name, row=row_id)
        )
    return found


def _shown(each: Proposed) -> dict[str, Any]:
    return {**each._asdict(), "at": moment(each.at).isoformat(timespec="seconds")}
