# SPDX-License-Identifier: Apache-2.0
"""``gateway run``: the service, or one round with ``--once``."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from gateway import i18n
from gateway.app import Gateway
from gateway.cli.logs import logging_to
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, progress, say
from gateway.cli.serving import Running, serve
from gateway.cli.summary import exit_code_of, print_summary
from gateway.config import Configuration, load
from gateway.flow.summary import Summary
from gateway.i18n import _
from gateway.schedule.once import RoundOptions


@click.command(
    help="""启动网关。默认一直运行:启动时先采集一次,之后按各数据源的 schedule 采集,随到随发,每天 2:30 对账;
    收到 SIGHUP 后检查配置,全部正确才整体换用新配置,有错则说明位置、继续用原来的;收到 SIGTERM 后完成手头的数据包再退出。--once 只跑一轮:采集到底、投递、取回执、对账、打印汇总。"""
)
@directory_option
@json_option
@click.option("--once", is_flag=True, help="只跑一轮就结束")
@click.option("--patience", default=30.0, show_default=True, metavar="SECONDS", help="一轮中为重试最多等待的秒数")
@click.option(
    "--workers",
    type=click.IntRange(0, 32),
    metavar="N",
    help="映射和校验用的子进程数,0 为不用(默认 run.workers,未配置时为空闲核数,至多 2)",
)
@click.option("--no-reconcile", is_flag=True, help="一轮结束时不对账")
def command(
    directory: Path, as_json: bool, once: bool, patience: float, workers: int | None, no_reconcile: bool
) -> int:
    """Run the gateway of a configuration directory."""
    configuration = load(directory)
    if not once:
        i18n.prefer(configuration.site.language)
    if not once:
        return serve(directory, configuration, partial(_opened, workers))
    with Gateway.open(configuration, workers=workers) as gateway:
        summary = run_with_bar(gateway, RoundOptions(patience=patience, reconcile=not no_reconcile))
    if as_json:
        emit_json(summary.as_json())
        for name, reason in summary.failures.items():
            say(f"{name}: {reason}")
    else:
        print_summary(summary)
    return exit_code_of(summary)


@contextmanager
def _opened(workers: int | None, configuration: Configuration) -> Iterator[Running]:
    with Gateway.open(configuration, workers=workers) as gateway, logging_to(configuration.site.log):
        service = gateway.service()
        yield Running(gateway, service, gateway.intake(service.grew))


def run_with_bar(gateway: Gateway, options: RoundOptions) -> Summary:
    """Run one round with a progress bar on stderr (rate and remaining time)."""
    with progress(_("采集")) as bar:
        seen: dict[str, int] = {}
        expected: dict[str, int] = {}

        def told(name: str, done: int, total: int | None) -> None:
            bar.advance(done - seen.get(name, 0))
            seen[name] = done
            if total is not None:
                expected[name] = total
                bar.expect(sum(expected.values()))

        return gateway.run_once(replace(options, progress=told))
