# SPDX-License-Identifier: Apache-2.0
"""``gateway source``: what people decide about sources: pause, resume, hand keys over."""

from pathlib import Path
from typing import Any

import click

from gateway.cli import source_check, source_golive, source_gone, source_shadow
from gateway.cli.acting import Claim, act_options, audited, resolve
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.cli.shown import shown_act, source_named, with_times
from gateway.config import Configuration, load
from gateway.i18n import _
from gateway.ledger.acts import Told, hand_over, owned, pause_source
from gateway.ledger.audit import Act, acts
from gateway.ledger.overview import sources
from gateway.model.person import Duty
from gateway.parts import read_ledger, write_ledger


@click.group(help="数据源的状态;暂停、恢复采集,移交业务主键。")
def command() -> None:
    """Group of commands on sources."""


@command.command("list", help="列出各数据源最近一次采集和是否暂停;只读。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List all sources."""
    shown = _all(load(directory))
    if as_json:
        emit_json({"sources": shown})
        return
    names = ["name", "paused", "state", "ended_at", "rows", "accepted", "refused", "error"]
    heads = [_("数据源"), _("已暂停"), _("状态"), _("最近一次"), _("行"), _("接收"), _("拒绝"), _("错误")]
    print_table(heads, [[each.get(name) for name in names] for each in shown])


@command.command(help="显示一个数据源,它拥有的业务主键数,最近的人工操作;只读。")
@click.argument("name")
@directory_option
@json_option
def show(name: str, directory: Path, as_json: bool) -> None:
    """Show one source."""
    configuration = load(directory)
    source_named(configuration, name)
    shown: dict[str, Any] = next((each for each in _all(configuration) if each["name"] == name), {"name": name})
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        shown["keys"] = owned(connection, name)
        shown["acts"] = [shown_act(row) for row in acts(connection, subject=f"source:{name}", limit=20)]
    if as_json:
        emit_json(shown)
        return
    print_table([_("项目"), _("值")], [(key, value) for key, value in shown.items() if key != "acts"])
    print_table(
        [_("时间"), _("操作人"), _("操作"), _("原因"), _("说明")],
        [(each["at"], each["actor"], each["action"], each["reason"], each["detail"]) for each in shown["acts"]],
    )


@command.command(help="暂停采集一个数据源;正在进行的一次会做完。")
@click.argument("name")
@act_options
def pause(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Pause a source."""
    _pause(load(directory), name, (claim, reason), paused=True, dry_run=dry_run)


@command.command(help="恢复采集一个数据源。")
@click.argument("name")
@act_options
def resume(name: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Resume a source."""
    _pause(load(directory), name, (claim, reason), paused=False, dry_run=dry_run)


@command.command(
    help="移交:把 GIVER 拥有的业务主键转给 TAKER,此后由 TAKER 的内容产生新版本。--keys 只移交以此开头的主键。"
)
@click.argument("giver")
@click.argument("taker")
@click.option("--keys", default="", metavar="PREFIX", help="只移交以此开头的主键,例如 XK_SQ:")
@act_options
def handover(giver: str, taker: str, keys: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Hand keys over (ledger.md B6)."""
    configuration = load(directory)
    source_named(configuration, taker)
    if giver == taker:
        raise click.UsageError(_("移交方和接收方不能相同"))
    if dry_run:
        with read_ledger(configuration) as ledger, ledger.reading() as connection:
            say(_("试运行,未写入:将移交 {n} 个主键").format(n=owned(connection, giver, keys)))
        return
    detail: dict[str, Any] = {"giver": giver, "taker": taker, "keys": keys}
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, "source.handover", f"source:{giver}")
        act = Act("source.handover", f"source:{giver}", reason=reason, detail=detail)
        with audited(ledger, actor, act) as connection:
            moved = hand_over(connection, giver, taker, keys)
            if moved is None:
                raise click.UsageError(_("台账中没有其中一个数据源:两者都要先采集过"))
            detail["moved"] = moved
    say(_("已移交 {n} 个主键").format(n=moved))


for each in (
    source_gone.proposed,
    source_gone.withdraw,
    source_gone.dismiss,
    source_gone.release,
    source_shadow.command,
    source_check.command,
    source_golive.command,
):
    command.add_command(each)


def _pause(configuration: Configuration, name: str, said: tuple[Claim, str], *, paused: bool, dry_run: bool) -> None:
    source_named(configuration, name)
    done = (_("已暂停数据源 {name}") if paused else _("已恢复数据源 {name}")).format(name=name)
    if dry_run:
        say(_("试运行,未写入:{what}").format(what=done))
        return
    claim, reason = said
    action, subject = ("source.pause" if paused else "source.resume"), f"source:{name}"
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, action, subject)
        with audited(ledger, actor, Act(action, subject, reason=reason)) as connection:
            if not pause_source(connection, name, Told(actor.name, reason, ledger.now()), paused=paused):
                raise click.UsageError(_("台账中还没有数据源 {name}:先采集一次").format(name=name))
    say(done)


def _all(configuration: Configuration) -> list[dict[str, Any]]:
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        return [with_times(row) for row in sources(connection)]
