# SPDX-License-Identifier: Apache-2.0
"""``gateway worker``: one more process that works on a ledger on PostgreSQL, on this machine or another."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from gateway import i18n
from gateway.app import Gateway
from gateway.cli.logs import logging_to
from gateway.cli.options import directory_option
from gateway.cli.serving import Running, serve
from gateway.config import Configuration, load
from gateway.errors import ConfigurationError


@click.command(
    help="""启动一个集群工作进程:与其他工作进程共用一个 PostgreSQL 台账,按提示采集、投递、对账,可在多台机器上各启动若干个。
    任一进程或机器失去时,其手中的数据包由其他进程接管,不丢不重。需要 gateway.yaml 中 run.mode: cluster。"""
)
@directory_option
@click.option(
    "--concurrency", type=click.IntRange(2, 64), default=4, show_default=True, metavar="N", help="同时执行的任务数"
)
def command(directory: Path, concurrency: int) -> int:
    """Run a worker until SIGTERM."""
    configuration = load(directory)
    i18n.prefer(configuration.site.language)
    return serve(directory, configuration, partial(_opened, concurrency))


@contextmanager
def _opened(concurrency: int, configuration: Configuration) -> Iterator[Running]:
    _require_cluster(configuration)
    with Gateway.open(configuration, joins=True) as gateway, logging_to(configuration.site.log):
        yield Running(gateway, gateway.worker(concurrency))


def _require_cluster(configuration: Configuration) -> None:
    if configuration.site.run.mode != "cluster":
        raise ConfigurationError(
            "gateway.yaml: gateway worker 需要 run.mode: cluster / gateway worker needs run.mode: cluster"
        )
