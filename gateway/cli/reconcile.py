# SPDX-License-Identifier: Apache-2.0
"""``gateway reconcile``: compare the ledger with what every destination says it holds."""

from pathlib import Path

import click

from gateway.app import Gateway
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table
from gateway.config import load
from gateway.i18n import _


@click.command(
    help="""与目的地对账:按日比较条数和摘要,不一致的日期逐键比较,列出缺失、多出和内容不同的记录。
    路上的记录(待发、结果未知)不算差异。有差异时退出码为 1。"""
)
@directory_option
@json_option
@click.option("--day", "days", multiple=True, metavar="YYYY-MM-DD", help="只对这些业务日期(可重复);默认全部")
@click.option("--destination", "destinations", multiple=True, metavar="NAME", help="只对这些目的地(可重复);默认全部")
def command(directory: Path, as_json: bool, days: tuple[str, ...], destinations: tuple[str, ...]) -> int:
    """Reconcile with the destinations of a configuration directory."""
    with Gateway.open(load(directory)) as gateway:
        known = [each.name for each in gateway.place.destinations]
        unknown = sorted(set(destinations) - set(known))
        if unknown:
            raise click.UsageError(
                _("没有目的地 {name};已配置:{known}").format(name=unknown[0], known=", ".join(known))
            )
        differences = gateway.reconcile(destinations or None, sorted(set(days)) or None)
    if as_json:
        emit_json({"differences": differences})
    else:
        print_table(
            [_("目的地"), _("日期"), _("业务主键"), _("差异"), _("本方"), _("对方")],
            [[d.destination, d.day, d.key, _NAMES[d.kind](), d.ours, d.theirs] for d in differences],
        )
        click.echo(_("对账差异:{n}").format(n=len(differences)))
    return ExitCode.FINDINGS if differences else ExitCode.OK


_NAMES = {"missing": lambda: _("对方缺失"), "extra": lambda: _("对方多出"), "altered": lambda: _("内容不同")}
