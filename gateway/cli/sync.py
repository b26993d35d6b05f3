# SPDX-License-Identifier: Apache-2.0
"""``gateway sync SOURCE``: pull one source now, or try what a pull would bring without writing anything."""

from collections import Counter
from pathlib import Path

import click

from gateway.app import Gateway, rehearse_source
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_findings, print_table, progress
from gateway.cli.run import run_with_bar
from gateway.cli.shown import source_named
from gateway.cli.summary import exit_code_of, print_summary
from gateway.config import Configuration, SourceSettings, load
from gateway.errors import ConfigurationError
from gateway.i18n import _
from gateway.schedule.once import RoundOptions


@click.command(
    help="""立即采集一个数据源并投递。--dry-run 只读源、试映射、试校验,不写台账、不投递,列出会被拒绝的原因。
    --since 从该时间戳开始(按源的时间戳格式),只用于 --dry-run:正式采集的起点由台账记住。
    --sweep 从头全读一遍:补收时间戳早于重叠窗口、平时读不到的行(未变的行不写入、不计数)。"""
)
@click.argument("source")
@directory_option
@json_option
@dry_run_option
@click.option("--since", metavar="STAMP", help="试采集的起点时间戳")
@click.option("--sweep", is_flag=True, help="全读一遍,补收迟到的行")
@click.option("--patience", default=30.0, show_default=True, metavar="SECONDS", help="为重试最多等待的秒数")
def command(
    source: str, directory: Path, as_json: bool, dry_run: bool, since: str | None, sweep: bool, patience: float
) -> int:  # fmt: skip
    """Pull one source of a configuration directory."""
    if since is not None and not dry_run:
        raise click.UsageError(_("--since 只能与 --dry-run 一起使用"))
    configuration = load(directory)
    settings = source_named(configuration, source)
    if settings.hosted:
        raise ConfigurationError(
            _("数据源 {name} 是代建部门,没有系统可采集;用 gateway hosted upload 上传填好的工作簿").format(name=source)
        )
    if dry_run:
        return _rehearse(configuration, settings, since, as_json)
    if settings.shadow:
        raise ConfigurationError(
            _("数据源 {name} 处于影子模式(shadow: true),不采集、不投递;用 gateway source shadow {name}").format(
                name=source
            )
        )
    with Gateway.open(configuration) as gateway:
        summary = run_with_bar(gateway, RoundOptions(sources=[source], patience=patience, whole=sweep))
    if as_json:
        emit_json(summary.as_json())
    else:
        print_summary(summary)
    return exit_code_of(summary)


def _rehearse(configuration: Configuration, settings: SourceSettings, since: str | None, as_json: bool) -> int:
    """Show what a pull would make of the rows, refusals grouped by code, and write nothing."""
    with progress(_("试采集 {name}").format(name=settings.name)) as bar:
        trial = rehearse_source(configuration, settings, since, bar.advance)
    figures = {"rows": trial.rows, "records": trial.records, "refused": len(trial.refused)}
    by_code = Counter(finding.code for refused in trial.refused for finding in refused.findings[:1])
    if as_json:
        emit_json({**figures, "codes": dict(by_code.most_common())})
    else:
        print_table([_("行"), _("可接收记录"), _("拒绝")], [list(figures.values())])
        print_table([_("代码"), _("条数")], by_code.most_common())
        for refused in trial.refused[:20]:
            print_findings(refused.findings[:3], refused.key or "")
    return ExitCode.FINDINGS if trial.refused else ExitCode.OK
