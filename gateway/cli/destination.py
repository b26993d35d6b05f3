# SPDX-License-Identifier: Apache-2.0
"""``gateway destination``: the health of destinations, and what people decide about them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from gateway.cli.acting import Claim, act_options, audited, resolve
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.cli.shown import shown_act, shown_time
from gateway.clock import SystemClock, microseconds
from gateway.config import Configuration, DestinationSettings, load
from gateway.i18n import _
from gateway.ledger.acts import Told, control_destination
from gateway.ledger.audit import Act, acts
from gateway.ledger.destinations import DeliveryFigures, figures, known
from gateway.model.person import Duty
from gateway.parts import channel_to, read_ledger, terms_of, write_ledger
from gateway.semantics.health import Control, window_end


@click.group(help="目的地的健康状况;暂停、恢复、排空投递。")
def command() -> None:
    """Group of commands on destinations."""


@command.command("list", help="列出各目的地的状态、熔断、积压和原因;只读。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List all destinations."""
    shown = _all(load(directory))
    if as_json:
        emit_json({"destinations": shown})
        return
    names = ["name", "state", "circuit", "pending", "unknown", "refused", "next_try", "reason"]
    heads = [_("目的地"), _("状态"), _("熔断"), _("待发"), _("结果未知"), _("被拒"), _("下次尝试"), _("原因")]
    print_table(heads, [[each[name] for name in names] for each in shown])


@command.command(help="显示一个目的地的健康状况,以及最近的人工操作;只读。")
@click.argument("name")
@directory_option
@json_option
def show(name: str, directory: Path, as_json: bool) -> None:
    """Show one destination."""
    configuration = load(directory)
    _settings(configuration, name)
    shown: dict[str, Any] = next((each for each in _all(configuration) if each["name"] == name), {"name": name})
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        shown["acts"] = [shown_act(row) for row in acts(connection, subject=f"destination:{name}", limit=20)]
    if as_json:
        emit_json(shown)
        return
    print_table([_("项目"), _("值")], [(key, value) for key, value in shown.items() if key != "acts"])
    print_table(
        [_("时间"), _("操作人"), _("操作"), _("原因")],
        [(each["at"], each["actor"], each["action"], each["reason"]) for each in shown["acts"]],
    )


@command.command(help="暂停:手头的一次交换之后不再发送,也不再查询;积压保留。")
@click.argument("name")
@act_options
def pause(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Pause a destination."""
    _control(load(directory), name, Control.PAUSED, (claim, reason), dry_run=dry_run)


@command.command(help="排空:已装包的发完、问清,不再装新包;用于对方停机前。")
@click.argument("name")
@act_options
def drain(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Drain a destination."""
    _control(load(directory), name, Control.DRAINING, (claim, reason), dry_run=dry_run)


@command.command(help="恢复:先 Ping 对方,通了才恢复;恢复后先发一个试探包,有应答再全速。--no-probe 跳过 Ping。")
@click.argument("name")
@act_options
@click.option("--no-probe", is_flag=True, help="不先 Ping 对方")
def resume(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool, no_probe: bool) -> None:
    """Resume a destination."""
    configuration = load(directory)
    settings = _settings(configuration, name)
    if not no_probe:
        with closing(channel_to(configuration, settings)) as channel:
            channel.ping()
    _control(configuration, name, Control.OPEN, (claim, reason), dry_run=dry_run)


def _control(
    configuration: Configuration, name: str, control: Control, said: tuple[Claim, str], *, dry_run: bool
) -> None:
    _settings(configuration, name)
    done = {
        Control.PAUSED: _("已暂停目的地 {name}"),
        Control.DRAINING: _("目的地 {name} 开始排空"),
        Control.OPEN: _("已恢复目的地 {name},先发一个试探包"),
    }[control]
    if dry_run:
        say(_("试运行,未写入:{what}").format(what=done.format(name=name)))
        return
    claim, reason = said
    action, subject = _ACTIONS[control], f"destination:{name}"
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, action, subject)
        with audited(ledger, actor, Act(action, subject, reason=reason)) as connection:
            if not control_destination(connection, name, control, Told(actor.name, reason, ledger.now())):
                raise click.UsageError(_("台账中还没有目的地 {name}:先运行一次 gateway run").format(name=name))
    say(done.format(name=name))


_ACTIONS = {
    Control.OPEN: "destination.resume",
    Control.PAUSED: "destination.pause",
    Control.DRAINING: "destination.drain",
}


def _settings(configuration: Configuration, name: str) -> DestinationSettings:
    for each in configuration.destinations:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in configuration.destinations)
    raise click.UsageError(_("没有目的地 {name};已配置:{known}").format(name=name, known=names))


def _all(configuration: Configuration) -> list[dict[str, Any]]:
    now = microseconds(SystemClock().now())
    terms = {each.name: terms_of(each) for each in configuration.destinations}
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        counted = figures(connection)
        return [_shown(row, counted[row.name], terms.get(row.name), now) for row in known(connection)]


def _shown(row: Any, counted: DeliveryFigures, terms: Any, now: int) -> dict[str, Any]:
    window = window_end(terms.windows, now) if terms is not None else None
    waits = max(row.not_before, row.probe_by if row.circuit != "closed" else 0, window or 0)
    return {
        "name": row.name,
        "state": row.state,
        "circuit": row.circuit,
        "failures": row.failures,
        "reason": row.reason,
        "opened_at": shown_time(row.opened_at),
        "next_try": shown_time(waits) if waits > now else None,
        "maintenance_until": shown_time(max(row.maintenance_until, window or 0))
        if max(row.maintenance_until, window or 0) > now
        else None,
        "package_limit": row.package_limit,
        "told_by": row.told_by,
        "told_reason": row.told_reason,
        "told_at": shown_time(row.told_at),
        "accepted": counted.accepted,
        "refused": counted.refused,
        "pending": counted.pending,
        "unknown": counted.unknown,
        "not_needed": counted.not_needed,
    }
