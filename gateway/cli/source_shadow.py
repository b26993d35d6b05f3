# SPDX-License-Identifier: Apache-2.0
"""``gateway source shadow``: try a source whole, ledger and all, and deliver nothing (影子模式)."""

from pathlib import Path

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.cli.shown import source_named
from gateway.config import load
from gateway.i18n import _
from gateway.shadow import Shadowed, forget, run_shadow


@click.command(
    "shadow",
    help="""影子模式:采集、映射、校验并报告,不投递,也不改动业务系统(不回写标志、不移动文件)。
    结果记在 shadow/NAME.db,与正式台账无关;可反复运行,只报告累计结果。--whole 从头全读;--forget 删除影子台账重来。""",
)
@click.argument("name")
@click.option("--whole", is_flag=True, help="从头全读,并查找已消失的行")
@click.option("--forget", "anew", is_flag=True, help="先删除影子台账")
@directory_option
@json_option
def command(name: str, whole: bool, anew: bool, directory: Path, as_json: bool) -> int:
    """Run a source in shadow mode."""
    configuration = load(directory)
    settings = source_named(configuration, name)
    if anew:
        forget(configuration, name)
    with progress(_("影子采集 {name}").format(name=name)) as bar:
        seen = run_shadow(configuration, settings, bar.advance, whole=whole)
    if as_json:
        emit_json({"source": name, **seen.as_json()})
    else:
        _print(name, seen)
    return ExitCode.OK if seen.report.clean else ExitCode.FINDINGS


def _print(name: str, seen: Shadowed) -> None:
    figures, report = seen.figures, seen.report
    say(
        _("数据源 {name}:本次读取 {rows} 行,其中未变 {rereads} 行").format(
            name=name, rows=figures.rows, rereads=figures.rereads
        )
    )
    states = [(type_, state, number) for type_, of in report.records.items() for state, number in of.items()]
    print_table([_("类型"), _("状态"), _("记录")], states)
    print_table([_("未收录"), _("条数")], list(report.outcomes.items()))
    print_table(
        [_("代码"), _("位置"), _("条数"), _("例:行"), _("原因"), _("建议")],
        [(each.code, each.path, each.count, each.example, each.message, each.hint) for each in report.causes],
    )
    say(_("未投递任何记录。结果满意后去掉 shadow: true,正式采集从头开始。"))
