# SPDX-License-Identifier: Apache-2.0
"""``gateway audit``: what people did and were refused, and whether that record is whole."""

from pathlib import Path

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import audit
from gateway.parts import read_ledger
from gateway.trust.credentials import is_signed


@click.group(help="操作审计:谁在何时做了什么、为什么、结果如何,包括被拒绝的;只追加,逐条哈希相连。")
def command() -> None:
    """Hold the subcommands."""


@command.command("list", help="列出最近的操作,新的在前。")
@directory_option
@click.option("--by", "actor", metavar="NAME", help="只看这个人")
@click.option("--on", "subject", metavar="TEXT", help="只看这个对象,例如 plan:3")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True, help="最多多少条")
@json_option
def list_(directory: Path, actor: str | None, subject: str | None, limit: int, as_json: bool) -> None:
    """List acts."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = audit.acts(connection, actor, subject, limit)
    for each in found:
        each["at"] = moment(each["at"]).isoformat(timespec="seconds")
    if as_json:
        emit_json(found)
        return
    columns = ["at", "actor", "role", "proof", "action", "subject", "outcome", "reason"]
    heads = [_("时间"), _("操作人"), _("角色"), _("证明"), _("操作"), _("对象"), _("结果"), _("原因")]
    print_table(heads, [[each[name] or "" for name in columns] for each in found])


@command.command(help="核验审计链和签名;--head 给出以前导出的链头,能发现此后对它以前内容的改动。第一处不符时退出码 1。")
@directory_option
@click.option("--head", metavar="HEX", help="以前导出的链头")
@json_option
def verify(directory: Path, head: str | None, as_json: bool) -> int:
    """Verify the chain."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = audit.verify(connection, head)
        forged = [
            number
            for number, _actor, text, signature, key in audit.signatures(connection)
            if key is not None and not is_signed(key, text, signature)
        ]
    well = found.broken is None and not forged
    if as_json:
        emit_json(
            {"rows": found.rows, "broken": found.broken, "fault": found.fault, "forged": forged, "head": found.head}
        )
    elif found.broken is not None:
        say(_("审计链在第 {number} 条断开({fault})").format(number=found.broken, fault=found.fault))
    elif forged:
        say(_("签名不符的操作:{numbers}").format(numbers=forged))
    else:
        say(_("审计链完整,共 {rows} 条,链头 {head}").format(rows=found.rows, head=found.head))
    return ExitCode.OK if well else ExitCode.FINDINGS
