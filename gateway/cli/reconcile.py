# SPDX-License-Identifier: Apache-2.0
"""``gateway reconcile``: sources against the ledger against what every destination says it holds; one command plans the mending."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.app import make_plan, to_reconcile
from gateway.cli.acting import Claim, acting_options, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.clock import SystemClock
from gateway.config import Configuration, load
from gateway.flow.compare import days_between
from gateway.i18n import _
from gateway.ledger.destinations import records_to_mend
from gateway.ledger.replays import Asked, Mode
from gateway.ledger.store import Ledger
from gateway.model.person import Duty
from gateway.parts import read_ledger, write_ledger
from gateway.schedule.three_way import ThreeWay, mendable, three_way

_SHOWN = 50


@click.command(
    help="""三方对账:数据源、台账、每个目的地,按日期、机构、事项、类型比较条数和摘要,不一致的逐键列出:
    缺失、多出、内容不同、迟到(时间戳早于重叠窗口、采集再也读不到的行)。路上的记录不算差异;数据源一侧的差异再次
    看到才算数。另列按级别时限迟到的记录及各方占用的时间。网关运行时也可用。有算数的差异时退出码为 1。
    --plan 就目的地缺失或不同的记录建立回放计划(默认跳过已有回执的,此处照发);数据源迟到的行用 gateway sync --sweep 补收。"""
)
@directory_option
@json_option
@click.option("--day", "days", multiple=True, metavar="YYYY-MM-DD", help="只对这些业务日期(可重复);默认全部")
@click.option("--from", "first", metavar="DAY", help="从这一天起的业务日期")
@click.option("--to", "last", metavar="DAY", help="到这一天止(含)的业务日期,默认今天;与 --from 同用")
@click.option("--source", "sources", multiple=True, metavar="NAME", help="只对这些数据源(可重复);默认全部")
@click.option("--destination", "destinations", multiple=True, metavar="NAME", help="只对这些目的地(可重复);默认全部")
@click.option(
    "--late-days", type=click.IntRange(1, 3660), default=1, show_default=True, help="看最近几天到达的记录是否迟到"
)
@click.option("--all", "all_lines", is_flag=True, help="连一致的行也列出")
@click.option("--plan", "planned", is_flag=True, help="就目的地的差异建立回放计划,要写 --reason")
@click.option("--reason", metavar="TEXT", help="建立计划的原因,写入审计")
@acting_options
@dry_run_option
def command(
    directory: Path, as_json: bool, days: tuple[str, ...], first: str | None, last: str | None, sources: tuple[str, ...],
    destinations: tuple[str, ...], late_days: int, all_lines: bool, planned: bool, reason: str | None, claim: Claim,
    dry_run: bool,
) -> int:  # fmt: skip
    """Reconcile all parties of a configuration directory."""
    configuration = load(directory)
    chosen = _chosen(configuration, sources, destinations)
    wanted = _days(days, first, last)
    if planned and not (reason or "").strip():
        raise click.UsageError(_("--plan 要写 --reason"))
    with ExitStack() as opened:
        ledger = opened.enter_context(read_ledger(configuration))
        write = None if dry_run else opened.enter_context(write_ledger(configuration))
        # Who may not plan is told before anything is compared.
        actor = resolve(write, claim, Duty.OPERATE, "replay.plan") if planned and write is not None else None
        parties = to_reconcile(configuration, ledger, chosen.sources, chosen.destinations, write)
        with progress(_("对账")) as bar:
            found = three_way(
                parties,
                wanted,
                SystemClock().now() - timedelta(days=late_days),
                lambda _name, steps: bar.advance(steps),
            )
        plans: list[dict[str, Any]] = []
        if actor is not None and write is not None:
            plans = [
                _plan(configuration, write, name, wanted, (reason or "").strip(), actor)
                for name in sorted(mendable(found.differences))
            ]
    if as_json:
        emit_json(found.as_json(all_lines=all_lines) | ({"plans": plans} if planned else {}))
    else:
        _tell(found, plans, all_lines=all_lines)
    if found.failures:
        return ExitCode.UNREACHABLE
    return ExitCode.FINDINGS if found.counted else ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Chosen:
    sources: Sequence[str]
    destinations: Sequence[str]


def _chosen(configuration: Configuration, sources: Sequence[str], destinations: Sequence[str]) -> _Chosen:
    """Return who takes part: whoever is named, all of both sides where nobody is."""
    of_sources = [each.name for each in configuration.sources]
    of_destinations = [each.name for each in configuration.destinations]
    for named, known, text in (
        (sources, of_sources, _("没有数据源 {name};已配置:{known}")),
        (destinations, of_destinations, _("没有目的地 {name};已配置:{known}")),
    ):
        unknown = sorted(set(named) - set(known))
        if unknown:
            raise click.UsageError(text.format(name=unknown[0], known=", ".join(known)))
    if not sources and not destinations:
        return _Chosen(of_sources, of_destinations)
    return _Chosen(sources, destinations)


def _days(days: Sequence[str], first: str | None, last: str | None) -> list[str] | None:
    try:
        named = {date.fromisoformat(day).isoformat() for day in days}
        if first is not None:
            end = date.fromisoformat(last) if last else SystemClock().now().date()
            named.update(days_between(date.fromisoformat(first), end))
        elif last is not None:
            raise click.UsageError(_("--to 与 --from 同用"))
    except ValueError as fault:
        raise click.UsageError(_("日期写成 2026-01-31")) from fault
    return sorted(named) or None


def _plan(
    configuration: Configuration, ledger: Ledger, name: str, days: Sequence[str] | None, reason: str, actor: Any
) -> dict[str, Any]:
    """Make the replay plan that mends what a destination lacks or holds otherwise."""
    with ledger.reading() as connection:
        ids = tuple(records_to_mend(connection, name))
    asked = Asked(destination=name, record_ids=ids, days=(days[0], days[-1]) if days else (None, None))
    shown = make_plan(
        configuration, ledger, asked, Mode.DOCUMENT, frozenset({"delivered"}), None, reason, actor, keep=True
    )
    return {"destination": name, "id": shown["id"], "to_send": shown["to_send"], "two_people": shown["two_people"]}


def _tell(found: ThreeWay, plans: Sequence[dict[str, Any]], *, all_lines: bool) -> None:
    lines = [each for each in found.lines() if all_lines or not each["agrees"]]
    if lines:
        heads = [_("日期"), _("机构"), _("类型"), _("事项"), _("数据源"), _("台账"), _("目的地")]
        print_table(heads, [_line(each) for each in lines], title=_("条数:对方/本方"))
    rows = [
        [
            each.source or each.destination, each.day, each.org_code, each.item_code, each.key, each.row_id,
            _kinds()[each.kind], _states()[each.state], each.ours, each.theirs,
        ]
        for each in found.differences
    ]  # fmt: skip
    heads = [
        _("对方"), _("日期"), _("机构"), _("事项"), _("业务主键"), _("原始行"), _("差异"), _("状态"), _("本方"), _("对方持有"),
    ]  # fmt: skip
    print_table(heads, rows)
    if found.late:
        _tell_late(found)
    for name, told in found.reconciled.items():
        if told.restated:
            say(_("{name}: 上次对账后这些日期又有变动:{days}").format(name=name, days=", ".join(told.restated[:20])))
    for name, why in found.skipped.items():
        say(f"{name}: {_skipped()[why]}")
    for name, why in found.failures.items():
        say(f"{name}: {why}")
    click.echo(_("对账差异:{n}").format(n=found.counted))
    for plan in plans:
        say(
            _("{destination}: 计划 {id},待发 {to_send} 条;执行:gateway replay run {id} --confirm {to_send}").format(
                **plan
            )
        )


def _line(each: dict[str, Any]) -> list[object]:
    shown = [f"{name} {side['source']['count']}/{side['ledger']['count']}" for name, side in each["sources"].items()]
    held = [
        f"{name} {side['held']['count']}/{side['settled']['count']}"
        + (f" +{sum(side['on_the_way'].values())}" if side["on_the_way"] else "")
        for name, side in each["destinations"].items()
    ]
    ledger = " ".join(f"{state} {count}" for state, count in each["ledger"].items())
    return [
        each["day"], each["org_code"], each["type"], each["item_code"], "; ".join(shown), ledger, "; ".join(held),
    ]  # fmt: skip


def _tell_late(found: ThreeWay) -> None:
    heads = [
        _("目的地"),
        _("业务主键"),
        _("发生时间"),
        _("收录时间"),
        _("到达"),
        _("数据源占用秒"),
        _("网关占用秒"),
        _("目的地占用秒"),
        _("归因"),
    ]
    rows = [
        [
            each.destination, f"{each.key} v{each.version}", each.occurred_at, each.collected_at,
            each.settled_at or _("未到"), *each.by.values(), _party()[each.party],
        ]
        for each in found.late[:_SHOWN]
    ]  # fmt: skip
    print_table(heads, rows, title=_("迟到"))
    for name, of in found.lateness().items():
        say(_("{name}: 迟到 {late},其中数据源 {source}、网关 {gateway}、目的地 {destination}").format(name=name, **of))


def _kinds() -> dict[str, str]:
    return {"missing": _("缺失"), "extra": _("多出"), "altered": _("内容不同"), "late": _("迟到")}


def _states() -> dict[str, str]:
    return {"confirmed": _("已确认"), "suspected": _("待再次确认"), "in-flight": _("下次采集会读到")}


def _party() -> dict[str, str]:
    return {"source": _("数据源"), "gateway": _("网关"), "destination": _("目的地")}


def _skipped() -> dict[str, str]:
    return {
        "consumed": _("文件读过即取走,不能再读,凭回执和序号核对"),
        "never-pulled": _("还没有采集过"),
        "no-statements": _("该目的地不提供对账单"),
    }
