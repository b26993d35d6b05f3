# SPDX-License-Identifier: Apache-2.0
"""``gateway backfill``: years of history cut into slices, read beside the pulls, throttled and resumable."""

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import click

from gateway.app import Gateway
from gateway.cli.acting import Claim, act_options, acting_options, gated, reason_option, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.cli.run import run_with_bar
from gateway.cli.shown import source_named, with_times
from gateway.clock import SystemClock
from gateway.config import Configuration, SourceSettings, load
from gateway.config.fields import parse_duration
from gateway.errors import LedgerError
from gateway.flow.cursor import Cursor
from gateway.i18n import _
from gateway.ledger import backfills, runs
from gateway.ledger.audit import Act
from gateway.ledger.runs import WAITING_LIMITS
from gateway.model.person import Duty
from gateway.parts import open_source, read_ledger, write_ledger
from gateway.ports import Sliced, Window
from gateway.schedule.once import RoundOptions

_MOST_SLICES = 10_000


@click.group(
    help="""补采历史:把一个数据源多年的历史按时间戳切成片,在日常采集之外逐片读入,限速,随时可暂停,重启后接着做。
    补采的记录以最低之上的一类投递,不挤占日常报送。还没有采集过的源,日常采集从补采的终点开始。"""
)
def command() -> None:
    """Hold the subcommands."""


def _span(_ctx: click.Context, _parameter: click.Parameter, value: str) -> Any:
    try:
        return parse_duration(value)
    except ValueError as fault:
        raise click.BadParameter(_("时长写作 30m、24h、30d")) from fault


@command.command(help="建立补采计划:切片、逐片计数,不读任何行。--dry-run 只显示,不留下计划。")
@click.argument("source")
@click.option("--from", "first", metavar="STAMP", help="从这个时间戳或日期起;默认源中最早的")
@click.option("--to", "last", metavar="STAMP", help="到这个时间戳或日期止;默认现在")
@click.option("--slice", "span", default="30d", show_default=True, callback=_span, help="每片的跨度,例如 30d、12h")
@click.option("--rate", type=click.IntRange(1, 100_000), help="每秒读多少行(默认取配置 backfill.rate)")
@act_options
@json_option
def plan(
    source: str, first: str | None, last: str | None, span: Any, rate: int | None, reason: str, claim: Claim,
    directory: Path, dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Make a plan."""
    configuration = load(directory)
    settings = source_named(configuration, source)
    cut = _cut(configuration, settings, first, last, span)
    speed = rate or configuration.site.backfill.rate
    rows = None if any(each is None for _window, each in cut) else sum(each or 0 for _window, each in cut)
    shown: dict[str, Any] = {
        "source": source, "rate": speed, "expected": rows, "slices_total": len(cut),
        "eta_seconds": None if rows is None else -(-rows // speed),
        "slices": [
            {"no": no, "from": window.floor, "to": window.until, "expected": count}
            for no, (window, count) in enumerate(cut, 1)
        ],
    }  # fmt: skip
    begins = False
    if not dry_run:
        with write_ledger(configuration) as ledger:
            actor = resolve(ledger, claim, Duty.OPERATE, "backfill.plan", source)
            act = Act("backfill.plan", source, reason=reason)
            with gated(ledger, actor, act) as connection:
                limit = settings.waiting_limit or WAITING_LIMITS[settings.level]
                runs.make_known(connection, source, settings.kind, settings.level, limit)
                number, begins = backfills.make(
                    connection, actor, source, cut, speed, reason, Cursor(cut[-1][0].until).text(), ledger.now()
                )
                shown = backfills.shown(connection, number) or {}
    if as_json:
        emit_json(_with_times(shown))
        return ExitCode.OK
    _tell(shown)
    if begins:
        say(_("{name} 还没有采集过:日常采集将从 {stamp} 开始").format(name=source, stamp=cut[-1][0].until))
    if not dry_run:
        say(_("执行:gateway backfill run {id}").format(id=shown["id"]))
    return ExitCode.OK


def _cut(
    configuration: Configuration, settings: SourceSettings, first: str | None, last: str | None, span: Any
) -> list[tuple[Window, int | None]]:
    with closing(open_source(configuration, settings, SystemClock())) as source:
        if not isinstance(source, Sliced):
            raise click.UsageError(_("{name} 不能按时间切片补采(文件放进目录即可)").format(name=settings.name))
        try:
            cut = list(islice(source.slices(first, last, span), _MOST_SLICES + 1))
        except ValueError as fault:
            raise click.UsageError(_("不是该源的时间戳,也不是日期:{text}").format(text=fault)) from fault
    if not cut:
        raise click.UsageError(_("这个范围内没有带时间戳的行"))
    if len(cut) > _MOST_SLICES:
        raise click.UsageError(_("切片过多(超过 {n}),加大 --slice").format(n=_MOST_SLICES))
    return cut


@command.command("list", help="列出所有补采计划及进度。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List plans."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = [with_times(each) for each in backfills.plans(connection)]
    if as_json:
        emit_json(found)
        return
    columns = [
        "id",
        "source",
        "state",
        "slices_done",
        "slices_total",
        "rows",
        "expected",
        "accepted",
        "refused",
        "reason",
    ]
    heads = [
        _("编号"), _("数据源"), _("状态"), _("已完成片"), _("总片数"), _("已读行"), _("预计行"), _("接收"), _("拒绝"), _("原因"),
    ]  # fmt: skip
    print_table(heads, [[each[name] for name in columns] for each in found])


@command.command(help="显示一个补采计划:进度、数量、每片的情况。")
@click.argument("number", type=int)
@directory_option
@json_option
def show(number: int, directory: Path, as_json: bool) -> int:
    """Show a plan."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        shown = backfills.shown(connection, number)
    if shown is None:
        raise click.UsageError(_("没有补采计划 {number}").format(number=number))
    if as_json:
        emit_json(_with_times(shown))
    else:
        _tell(shown)
    return ExitCode.OK


@command.command(help="执行补采计划。正在运行的网关会自己接着做;没有网关在运行时由本命令做完(--no-wait 只标记)。")
@click.argument("number", type=int)
@click.option("--no-wait", is_flag=True, help="只标记为执行,由运行中的网关去做")
@click.option("--patience", default=30.0, show_default=True, metavar="SECONDS", help="没有进展时最多等待的秒数")
@act_options
def run(
    number: int, no_wait: bool, patience: float, reason: str, claim: Claim, directory: Path, dry_run: bool
) -> int:  # fmt: skip
    """Run a plan."""
    configuration = load(directory)
    shown = _steer(configuration, number, "running", reason, claim, dry_run=dry_run)
    if dry_run or no_wait:
        return ExitCode.OK
    try:
        gateway = Gateway.open(configuration)
    except LedgerError as held:
        say(
            _("由运行中的网关执行,用 gateway backfill show {number} 查看({why})").format(number=number, why=held.detail)
        )
        return ExitCode.OK
    with gateway:
        run_with_bar(gateway, RoundOptions(sources=[], patience=patience, reconcile=False, back_fill=True))
        with gateway.place.ledger.reading() as connection:
            after = backfills.shown(connection, number) or shown
    _tell(after)
    return ExitCode.OK if after["state"] == "done" and not after["refused"] else ExitCode.FINDINGS


def _steer(
    configuration: Configuration, number: int, to: str, reason: str, claim: Claim, *, dry_run: bool
) -> dict[str, Any]:
    """Move a plan to another state, unless it is only tried; return the plan as it then stands."""
    with write_ledger(configuration) as ledger:
        told = Act(f"backfill.{to}", backfills.subject(number), reason=reason)
        actor = resolve(ledger, claim, Duty.OPERATE, told.action, told.subject)
        with ledger.reading() as connection:
            shown = backfills.shown(connection, number)
        if shown is None:
            raise click.UsageError(_("没有补采计划 {number}").format(number=number))
        if not dry_run:
            with gated(ledger, actor, told) as connection:
                backfills.change(connection, actor, number, to, reason, ledger.now())
                shown = backfills.shown(connection, number) or shown
    say(_("补采 {number} 现为 {state}").format(number=number, state=shown["state"]))
    return shown


def _steering(name: str, text: str, to: str) -> None:
    @command.command(name, help=text)
    @click.argument("number", type=int)
    @reason_option
    @acting_options
    @directory_option
    @dry_run_option
    def steer(number: int, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
        """Steer a plan."""
        _steer(load(directory), number, to, reason, claim, dry_run=dry_run)
        return ExitCode.OK


_steering("pause", "暂停补采:在读的一批照常完成。", "paused")
_steering("resume", "继续已暂停的补采。", "running")
_steering("abort", "终止补采:已收录的保留,其余不再读。", "aborted")


def _with_times(shown: dict[str, Any]) -> dict[str, Any]:
    return {**with_times(shown), "slices": [with_times(each) for each in shown["slices"]]}


def _tell(shown: dict[str, Any]) -> None:
    eta = shown.get("eta_seconds")
    rows = [
        (_("编号"), shown.get("id", "-")), (_("数据源"), shown["source"]), (_("状态"), shown.get("state", "-")),
        (_("每秒行数"), shown["rate"]), (_("片"), f"{shown.get('slices_done', 0)}/{shown['slices_total']}"),
        (_("行"), f"{shown.get('rows', 0)}/{'?' if shown['expected'] is None else shown['expected']}"),
        (_("接收"), shown.get("accepted", 0)), (_("拒绝"), shown.get("refused", 0)),
        (_("至少还要"), "" if eta is None else _("{n} 秒").format(n=eta)),
    ]  # fmt: skip
    print_table([_("项目"), _("值")], rows, title=_("补采计划"))
    heads = [_("片"), _("从"), _("到"), _("状态"), _("预计行"), _("已读行"), _("接收")]
    lines = [
        [
            each["no"], each["from"], each["to"], each.get("state", "-"), each["expected"], each.get("rows", 0),
            each.get("accepted", 0),
        ]
        for each in shown["slices"]
    ]  # fmt: skip
    print_table(heads, lines)
