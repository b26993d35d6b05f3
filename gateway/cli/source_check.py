# SPDX-License-Identifier: Apache-2.0
"""``gateway source check``: look at one source before it is collected: reach, shape, and what its account may do."""

from pathlib import Path

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.cli.shown import source_named
from gateway.clock import SystemClock
from gateway.config import examine, load
from gateway.i18n import _
from gateway.parts import open_source
from gateway.ports import Accounted


@click.command(
    "check",
    help="""检查一个数据源:能否连通,列、行标识、时间戳与声明是否相符,读取账号是否只读(按数据库目录中的授权判断,不试写)。
    多余的权限给出收回的 SQL 语句,由部门的数据库管理员执行。只读。退出码:0 没有发现 · 1 有发现。""",
)
@click.argument("name")
@directory_option
@json_option
def command(name: str, directory: Path, as_json: bool) -> int:
    """Check one source."""
    # Certificates that are still to be brought don't matter to a source.
    configuration = examine(directory)[0] or load(directory)
    source = open_source(configuration, source_named(configuration, name), SystemClock())
    try:
        findings = source.check()
        if isinstance(source, Accounted) and not any(each.refuses for each in findings):
            findings += source.account()
    finally:
        source.close()
    if as_json:
        shown = [
            {"code": each.code, "severity": each.severity.value, "path": each.path, "message": each.message._asdict(),
             "hint": each.hint._asdict()}
            for each in findings
        ]  # fmt: skip
        emit_json({"source": name, "findings": shown})
    elif findings:
        rows = [
            (each.code, each.severity.value, each.path, spoken(each.message), spoken(each.hint)) for each in findings
        ]
        print_table([_("代码"), _("级别"), _("位置"), _("问题"), _("建议")], rows)
    else:
        say(_("数据源 {name}:没有发现问题").format(name=name))
    return ExitCode.FINDINGS if findings else ExitCode.OK
