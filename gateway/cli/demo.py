# SPDX-License-Identifier: Apache-2.0
"""``gateway demo``: a city on this machine, from the departments' databases to the signed receipts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from gateway.app import Gateway
from gateway.cli.exits import ExitCode
from gateway.cli.logs import logging_to
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.cli.run import run_with_bar
from gateway.cli.signals import listening
from gateway.cli.summary import print_summary
from gateway.config import load
from gateway.demo.layout import prepare, write_destinations
from gateway.demo.reasons import Reason, reasons
from gateway.demo.systems import running
from gateway.flow.summary import Summary
from gateway.i18n import _
from gateway.schedule.once import RoundOptions

_LISTEN = 0.5


@click.command(
    help="""在本机运行演示城市:生成几个部门的业务库(虚构的人和单位,约 2% 的记录带有已知错误),启动市级平台和监察系统,
    采集、校验、签名投递、取回执、对账一遍,打印汇总。同一目录再次运行不会重复接收。"""
)
@click.option(
    "--dir",
    "directory",
    default="./gateway-demo",
    show_default=True,
    metavar="DIR",
    help="演示目录",
    type=click.Path(file_okay=False, path_type=Path),
)
@click.option("--seed", default=1, show_default=True, help="随机种子:同样的种子生成同样的城市")
@click.option("--serve", is_flag=True, help="打印汇总后继续运行网关和两个系统,按 Ctrl-C 结束")
@json_option
def command(directory: Path, seed: int, serve: bool, as_json: bool) -> int:
    """Make or reuse the city, run the gateway once over it, and say what came of it."""
    directory = directory.resolve()
    say(_("准备演示城市:{place}").format(place=directory))
    new = prepare(directory, seed)
    say(_("启动市级平台和监察系统") if new else _("演示目录已存在,沿用其中的数据;启动市级平台和监察系统"))
    # SIGTERM must pass through the same exits as Ctrl-C, so that no system is left behind.
    with _interrupted(), running(directory) as addresses:
        write_destinations(directory, addresses)
        with Gateway.open(load(directory)) as gateway:
            summary = run_with_bar(gateway, RoundOptions())
            with gateway.place.ledger.reading() as connection:
                why = reasons(connection)
            if as_json:
                emit_json(summary.as_json())
            else:
                _print(summary, why, directory)
            if serve:
                _serve(gateway, addresses)
    return _exit_code(summary)


def _print(summary: Summary, why: list[Reason], directory: Path) -> None:
    print_summary(summary)
    print_table(
        [_("代码"), _("位置"), _("条数"), _("原因(取其一)")],
        [[each.code, each.place, each.number, spoken(each.message)] for each in why],
        title=_("台账中被拒绝的记录及原因"),
    )
    click.echo(_("接下来可以看:"))
    for line in ("status", "records list --state refused", "reconcile", "config check"):
        click.echo(f"  gateway {line} -C {directory}")
    for name in summary.destinations:
        click.echo(f"  gateway reference dump --dir {directory / 'systems' / name}")


def _serve(gateway: Gateway, addresses: dict[str, str]) -> None:
    service = gateway.service()
    with logging_to(gateway.configuration.site.log), listening(signal.SIGTERM, signal.SIGINT) as told:
        service.start()
        for name, address in addresses.items():
            say(f"{name}: {address}")
        say(_("网关继续运行,按 Ctrl-C 结束"))
        while not told.end and not service.ended.is_set():
            told.wait(_LISTEN)
        service.stop()
    if service.fault is not None:
        raise service.fault


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _interrupted() -> Iterator[None]:
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_code(summary: Summary) -> ExitCode:
    """Return 0 when all went as planned: the refusals are part of the demo."""
    if summary.failures:
        return ExitCode.UNREACHABLE
    figures = summary.figures
    left = figures.conflicts + figures.waiting + len(summary.differences)
    left += sum(each.refused + each.pending + each.unknown for each in summary.destinations.values())
    return ExitCode.FINDINGS if left else ExitCode.OK
