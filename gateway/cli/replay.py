# SPDX-License-Identifier: Apache-2.0
"""``gateway replay``: a plan is frozen and counted first, confirmed by its count, then fed beside everything else."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.app import Gateway, make_plan
from gateway.cli.acting import Claim, act_options, acting_options, gated, reason_option, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.cli.shown import with_times
from gateway.config import Configuration, load
from gateway.errors import LedgerError
from gateway.i18n import _
from gateway.ledger import failures, replay_states
from gateway.ledger.audit import Act
from gateway.ledger.destinations import records_to_mend
from gateway.ledger.replays import INCLUDES, Asked, Mode
from gateway.ledger.store import Ledger
from gateway.model.person import Actor, Duty
from gateway.parts import read_ledger, write_ledger
from gateway.schedule.once import RoundOptions

F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    help="""回放计划:按条件或失败指纹冻结一批记录,先看数量,再以数量确认执行。已有回执的默认跳过;
    超过 replay.bulk 条,或用了 --include,须由第二人批准。执行中可暂停、续跑、终止,重启后接着做。"""
)
def command() -> None:
    """Hold the subcommands."""


def _day(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    from datetime import date

    try:
        return None if value is None else date.fromisoformat(value).isoformat()
    except ValueError as fault:
        raise click.BadParameter(_("日期写成 2026-01-31")) from fault


def _filters(function: F) -> F:
    """Add the options that choose what is replayed; together they are one ``Asked``."""
    options = [
        click.option("--source", metavar="NAME", help="只回放这个数据源的"),
        click.option("--destination", metavar="NAME", help="只到这个目的地"),
        click.option("--department", metavar="CODE", help="只回放这个机构代码的"),
        click.option("--item", metavar="CODE", help="只回放这个事项的"),
        click.option("--type", "type_", metavar="CODE", help="只回放这个记录类型"),
        click.option("--case", "case_no", metavar="NO", help="只回放这个办件"),
        click.option("--from", "first", metavar="DAY", callback=_day, help="业务日期从这一天起"),
        click.option("--to", "last", metavar="DAY", callback=_day, help="业务日期到这一天止(含)"),
        click.option(
            "--state",
            type=click.Choice(["parked", "delivered", "missing", "skipped", "refused", "conflict", "accepted"]),
            help="只回放这个状态的;refused、conflict、accepted 用于 --mode raw",
        ),
        click.option("--code", metavar="CODE", help="只回放带这个返回码或问题代码的"),
        click.option("--fingerprint", metavar="ID", help="只回放这个失败指纹的(gateway failures)"),
        click.option(
            "--from-reconciliation",
            is_flag=True,
            help="只回放该目的地最近一次对账缺失或不同的记录;与 --destination 同用",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command(help="建立计划并显示数量,不发送任何内容。--dry-run 只计数,不留下计划。")
@_filters
@click.option("--mode", type=click.Choice([each.value for each in Mode]), default="document", show_default=True,
              help="document 现存文档,先按今天的规则检查;as-sent 与当初发送的完全一样;raw 从原始行按今天的映射重做")  # fmt: skip
@click.option("--include", multiple=True, type=click.Choice(INCLUDES), help="连同:已有回执的、次序冲突的、结果未知的")
@click.option("--rate", type=click.IntRange(1, 10_000), help="每个目的地每秒条数(默认取配置 replay.rate)")
@act_options
@json_option
def plan(
    mode: str, include: tuple[str, ...], rate: int | None, reason: str, claim: Claim, directory: Path, dry_run: bool,
    as_json: bool, type_: str | None, first: str | None, last: str | None, from_reconciliation: bool,
    **filters: str | None,
) -> int:  # fmt: skip
    """Make a plan."""
    configuration = load(directory)
    _known(configuration, filters)
    asked = Asked(type=type_, days=(first, last), **filters)  # type: ignore[arg-type]
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, "replay.plan")
        if asked.fingerprint is not None:
            asked, mode = _of_fingerprint(ledger, asked, mode)
        if from_reconciliation:
            asked, include = _of_reconciliation(ledger, asked), (*include, "delivered")
        shown = make_plan(
            configuration, ledger, asked, Mode(mode), frozenset(include), rate, reason, actor, keep=not dry_run
        )
    _tell(shown, as_json=as_json)
    if not as_json and not dry_run:
        say(_("执行:gateway replay run {id} --confirm {n}").format(id=shown["id"], n=shown["to_send"]))
    return ExitCode.OK


def _of_fingerprint(ledger: Ledger, asked: Asked, mode: str) -> tuple[Asked, str]:
    """Turn a fingerprint into the parked deliveries that stand under it, or into refused rows, which go from raw."""
    with ledger.reading() as connection:
        found = failures.members(connection, asked.fingerprint or "")
    if found is None:
        raise click.UsageError(_("没有失败指纹 {name}").format(name=asked.fingerprint))
    if found.destination_id is None:
        return asked, "raw"
    return replace(asked, destination=found.where, state="parked", record_ids=tuple(found.record_ids)), mode


def _of_reconciliation(ledger: Ledger, asked: Asked) -> Asked:
    """Turn the differences of the last reconciliation into records: they have a receipt, and are sent for all that."""
    if asked.destination is None or asked.fingerprint is not None:
        raise click.UsageError(_("--from-reconciliation 要写明 --destination,且不与 --fingerprint 同用"))
    with ledger.reading() as connection:
        return replace(asked, record_ids=tuple(records_to_mend(connection, asked.destination)))


def _known(configuration: Configuration, filters: dict[str, str | None]) -> None:
    """Refuse names that are not configured: a filter that matches nothing by a slip of the pen must not pass."""
    named = filters["destination"]
    known = [each.name for each in configuration.destinations]
    if named is not None and named not in known:
        raise click.UsageError(_("没有目的地 {name};已配置:{known}").format(name=named, known=", ".join(known)))


@command.command("list", help="列出所有计划。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List plans."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = [with_times(each) for each in replay_states.plans(connection)]
    if as_json:
        emit_json(found)
        return
    columns = ["id", "state", "mode", "to_send", "created_by", "created_at", "approved_by", "reason"]
    heads = [_("编号"), _("状态"), _("方式"), _("待发"), _("建立人"), _("建立时间"), _("批准人"), _("原因")]
    print_table(heads, [[each[name] or "" for name in columns] for each in found])


@command.command(help="显示一个计划:按目的地、机构、原因计数,跳过了什么,结果如何,预计多久。")
@click.argument("number", type=int)
@directory_option
@json_option
def show(number: int, directory: Path, as_json: bool) -> int:
    """Show a plan."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        shown = replay_states.shown(connection, number)
    if shown is None:
        raise click.UsageError(_("没有计划 {number}").format(number=number))
    _tell(shown, as_json=as_json)
    return ExitCode.FINDINGS if shown["by"]["state"].get("failed") else ExitCode.OK


@command.command(
    help="""执行计划。--confirm 写出待发数量(终端上会问);数量不符即拒绝。需要两人的,先成为提议,由另一人
    gateway approvals approve 后执行。正在运行的网关会自己接着做;没有网关在运行时由本命令做完(--no-wait 只标记)。"""
)
@click.argument("number", type=int)
@click.option("--confirm", type=int, metavar="N", help="待发数量")
@click.option("--no-wait", is_flag=True, help="只标记为执行,由运行中的网关去做")
@click.option("--patience", default=30.0, show_default=True, metavar="SECONDS", help="没有进展时最多等待的秒数")
@act_options
def run(
    number: int, confirm: int | None, no_wait: bool, patience: float, reason: str, claim: Claim, directory: Path,
    dry_run: bool,
) -> int:  # fmt: skip
    """Run a plan."""
    configuration = load(directory)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, replay_states.RUN, replay_states.subject(number))
        with ledger.reading() as connection:
            shown = replay_states.shown(connection, number)
        if shown is None:
            raise click.UsageError(_("没有计划 {number}").format(number=number))
        if dry_run:
            say(_("将发送 {n} 条,约 {seconds} 秒").format(n=shown["to_send"], seconds=shown["eta_seconds"]))
            return ExitCode.OK
        count = _confirmed(shown, confirm)
        asked = Act(replay_states.RUN, replay_states.subject(number), reason=reason, detail={"confirmed": count})
        with gated(ledger, actor, asked) as connection:
            proposal = replay_states.start(connection, actor, number, count, reason, ledger.now())
    if proposal is not None:
        say(_("已提出,须由另一人批准后执行:gateway approvals approve {number}").format(number=proposal))
        return ExitCode.GATE
    return ExitCode.OK if no_wait else _work(configuration, number, patience)


def _confirmed(shown: dict[str, Any], confirm: int | None) -> int:
    if confirm is not None:
        return confirm
    if not sys.stdin.isatty():
        raise click.UsageError(_("没有终端可问:用 --confirm 写出待发数量"))
    _tell(shown, as_json=False)
    return int(click.prompt(_("输入待发数量以确认"), type=int, err=True))


def _work(configuration: Configuration, number: int, patience: float) -> int:
    """Do the work here, unless a gateway runs on this ledger: then that one does."""
    try:
        gateway = Gateway.open(configuration)
    except LedgerError as held:
        say(_("由运行中的网关执行,用 gateway replay show {number} 查看({why})").format(number=number, why=held.detail))
        return ExitCode.OK
    with gateway:
        gateway.run_once(RoundOptions(sources=[], patience=patience, reconcile=False))
        with gateway.place.ledger.reading() as connection:
            shown = replay_states.shown(connection, number)
    if shown is None:
        raise AssertionError(number)
    _tell(shown, as_json=False)
    states = shown["by"]["state"]
    return ExitCode.FINDINGS if states.get("failed") or shown["state"] != "done" else ExitCode.OK


def _steer(name: str, text: str, act: Callable[..., None]) -> None:
    @command.command(name, help=text)
    @click.argument("number", type=int)
    @reason_option
    @acting_options
    @directory_option
    @dry_run_option
    def steer(number: int, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
        """Steer a plan."""
        with write_ledger(load(directory)) as ledger:
            told = Act(f"replay.{name}", replay_states.subject(number), reason=reason)
            actor: Actor = resolve(ledger, claim, Duty.OPERATE, told.action, told.subject)
            with ledger.reading() as connection:
                shown = replay_states.shown(connection, number)
            if shown is None:
                raise click.UsageError(_("没有计划 {number}").format(number=number))
            if dry_run:
                say(_("计划 {number} 现为 {state}").format(number=number, state=shown["state"]))
                return ExitCode.OK
            with gated(ledger, actor, told) as connection:
                act(connection, actor, number, reason, ledger.now())
                after = replay_states.shown(connection, number)
        say(_("计划 {number} 现为 {state}").format(number=number, state=after["state"] if after else "-"))
        return ExitCode.OK


_steer("pause", "暂停计划:不再放入新的记录,已在途的照常完成。", replay_states.pause)
_steer("resume", "继续已暂停的计划。", replay_states.resume)
_steer("abort", "终止计划:尚未放入的不再发送,已在途的保留其结果。", replay_states.abort)


def _tell(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit_json(with_times(shown))
        return
    rows = [
        (_("编号"), shown["id"]), (_("状态"), shown["state"]), (_("方式"), shown["mode"]), (_("条件"), shown["wanted"]),
        (_("项目"), shown["items"]), (_("待发"), shown["to_send"]), (_("已有回执"), shown["already_delivered"]),
        (_("不合今天的规则"), shown["fail_rules"]), (_("次序冲突"), shown["order_conflicts"]),
        (_("预计"), _("{n} 秒(每秒 {rate} 条)").format(n=shown["eta_seconds"], rate=shown["rate"])),
        (_("须两人"), _("是") if shown["two_people"] else _("否")),
        (_("建立人"), shown["created_by"]), (_("批准人"), shown["approved_by"] or ""), (_("原因"), shown["reason"]),
    ]  # fmt: skip
    print_table([_("项目"), _("值")], rows, title=_("回放计划"))
    for name, title in _groups().items():
        if shown["by"][name]:
            print_table([title, _("条数")], sorted(shown["by"][name].items()))


def _groups() -> dict[str, str]:
    return {
        "destination": _("目的地"), "department": _("机构"), "cause": _("原先"), "skipped": _("跳过"), "state": _("状态"),
        "outcome": _("结果"),
    }  # fmt: skip
