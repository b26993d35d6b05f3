# SPDX-License-Identifier: Apache-2.0
"""``gateway standard diff``: what differs between two packs and what of it breaks senders."""

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.dictionary import Change, compare, compare_rules
from gateway.dictionary.changes import What
from gateway.i18n import _
from gateway.pack import pack_named
from gateway.rules import Rules


@click.command(name="diff", help="比较两个标准包(名称或目录);有不兼容的变化时退出码为 1。")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
def command(before: str, after: str, as_json: bool) -> ExitCode:
    """List the differences of two packs; breaking ones end with exit code 1."""
    old, new = pack_named(before), pack_named(after)
    changes = [*compare(old, new), *compare_rules(Rules(old).catalogue, Rules(new).catalogue)]
    breaking = sum(change.breaking for change in changes)
    if as_json:
        emit_json(
            {
                "before": {"pack": old.name, "version": old.version, "digest": old.digest},
                "after": {"pack": new.name, "version": new.version, "digest": new.digest},
                "breaking": breaking,
                "changes": changes,
            }
        )
    else:
        print_table(
            (_("对象"), _("位置"), _("属性"), _("之前"), _("之后"), _("兼容性")), [_row(each) for each in changes]
        )
        say(_("共 {n} 处变化,不兼容 {b} 处").format(n=len(changes), b=breaking))
    return ExitCode.FINDINGS if breaking else ExitCode.OK


def _row(change: Change) -> tuple[str | None, ...]:
    kinds = {
        What.TYPE: _("记录类型"), What.ELEMENT: _("元素"), What.OBLIGATION: _("约束"), What.CODE: _("代码"),
        What.RULE: _("规则"), What.TEXT: _("文字"),
    }  # fmt: skip
    verdict = _("不兼容") if change.breaking else _("兼容")
    return kinds[change.what], change.at, change.part, change.before, change.after, verdict
