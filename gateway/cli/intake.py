# SPDX-License-Identifier: Apache-2.0
"""``gateway intake``: whether others may push now, what of their streams is missing, and closing for maintenance."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from gateway.cli.acting import Claim, acting_options, audited, reason_option, resolve
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.clock import moment
from gateway.config import load
from gateway.config.fields import parse_duration
from gateway.i18n import _
from gateway.ledger import doors, received
from gateway.ledger.audit import Act
from gateway.ledger.received_streams import open_gaps
from gateway.model.person import Duty
from gateway.parts import read_ledger, write_ledger

CLOSE, OPEN = "intake.close", "intake.open"


@click.group(help="收报服务:查看报送方、回执号和缺号,维护时暂停收报。")
def command() -> None:
    """Look after the intake."""


@command.command(help="查看收报是否开放、各报送方收了多少、哪些包号缺着、最近整包拒收的原因;只读。")
@directory_option
@json_option
def status(directory: Path, as_json: bool) -> None:
    """Show what came in, and what did not."""
    told = _status(directory)
    if as_json:
        emit_json(told)
        return
    closed = told["closed"]
    say(_("收报开放") if closed is None else _("收报已暂停:{reason}").format(reason=closed["reason"]))
    print_table(
        [_("报送方"), _("数据包"), _("最后回执号"), _("最近收到")],
        [[s["name"], s["packages"], s["last_receipt_no"], s["last_at"]] for s in told["senders"]],
        title=_("报送方"),
    )
    print_table(
        [_("报送方"), _("数据流"), _("包号"), _("缺自")],
        [[gap["source"], gap["stream_id"], gap["seq"], gap["opened_at"]] for gap in told["gaps"]],
        title=_("缺号"),
    )
    print_table(
        [_("报送方"), _("时间"), _("返回码"), _("原因"), _("来自")],
        [[each["name"], each["at"], each["code"], each["detail"], each["peer"]] for each in told["refused"]],
        title=_("整包拒收(最近 20 次)"),
    )


def _status(directory: Path) -> dict[str, Any]:
    configuration = load(directory)
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        found = doors.closure(connection)
        now = ledger.now()
        closed = None if found is None or doors.closed(connection, now) is None else asdict(found)
        gaps = [asdict(gap) | {"opened_at": _time(gap.opened_at)} for gap in open_gaps(connection)]
        senders = [each._asdict() | {"last_at": _time(each.last_at)} for each in received.senders(connection)]
        refused = [each._asdict() | {"at": _time(each.at)} for each in received.refused_whole(connection, 20)]
    if closed is not None:
        closed |= {"since": _time(closed["since"]), "until": closed["until"] and _time(closed["until"])}
    return {"closed": closed, "senders": senders, "gaps": gaps, "refused": refused}


def _time(at: int) -> str:
    return moment(at).isoformat(timespec="seconds")


@command.command(help="暂停收报:报送方得到 4002 和稍后重试的秒数,什么都不丢;记入审计。")
@directory_option
@click.option("--for", "span", metavar="SPAN", help="多久,例如 30m、2h;不写则到 gateway intake open 为止")
@reason_option
@dry_run_option
@acting_options
def close(directory: Path, span: str | None, reason: str, dry_run: bool, claim: Claim) -> None:
    """Close the intake for maintenance."""
    length = None if span is None else _span(span)
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, CLOSE)
        now = ledger.now()
        until = None if length is None else now + length // timedelta(microseconds=1)
        if dry_run:
            say(_("将暂停收报,未写入"))
            return
        done = Act(CLOSE, "intake", reason=reason, detail={"until": until})
        with audited(ledger, actor, done) as connection:
            doors.close(connection, doors.Closure(reason, actor.name, now, until))
    say(_("收报已暂停"))


@command.command("open", help="恢复收报;记入审计。")
@directory_option
@reason_option
@dry_run_option
@acting_options
def open_(directory: Path, reason: str, dry_run: bool, claim: Claim) -> None:
    """Open the intake again."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, OPEN)
        if dry_run:
            say(_("将恢复收报,未写入"))
            return
        with audited(ledger, actor, Act(OPEN, "intake", reason=reason)) as connection:
            was_closed = doors.reopen(connection)
    say(_("收报已恢复") if was_closed else _("收报本来就是开放的"))


def _span(text: str) -> timedelta:
    try:
        found = parse_duration(text)
    except ValueError as fault:
        raise click.BadParameter(str(fault)) from None
    if not isinstance(found, timedelta):
        raise click.BadParameter(text)
    return found
