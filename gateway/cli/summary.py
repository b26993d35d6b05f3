# SPDX-License-Identifier: Apache-2.0
"""The closing table of a round, the same for run, sync and demo."""

import click

from gateway.cli.exits import ExitCode
from gateway.cli.output import print_table, say
from gateway.flow.summary import Summary
from gateway.i18n import _


def print_summary(summary: Summary) -> None:
    """Print what was collected, what every destination said, and what reconciliation found."""
    figures = summary.figures
    print_table(
        [_("行"), _("采集"), _("接收"), _("拒绝"), _("重复"), _("冲突"), _("过期"), _("等待")],
        [
            [
                figures.rows, figures.collected, figures.accepted, figures.refused, figures.duplicates, figures.conflicts,
                figures.stale, figures.waiting,
            ]
        ],
        title=_("本次采集"),
    )  # fmt: skip
    print_table(
        [_("目的地"), _("已接收"), _("被拒"), _("待发"), _("结果未知"), _("不需要")],
        [
            [name, each.accepted, each.refused, each.pending, each.unknown, each.not_needed]
            for name, each in summary.destinations.items()
        ],
        title=_("投递"),
    )
    click.echo(_("对账差异:{n}").format(n=len(summary.differences)))
    for difference in summary.differences[:20]:
        click.echo(
            f"  {difference.destination} {difference.day} {difference.key} {difference.kind} {difference.ours} / {difference.theirs}"
        )
    for name, reason in summary.failures.items():
        say(f"{name}: {reason}")


def exit_code_of(summary: Summary) -> ExitCode:
    """Return how a command that ran a round ends: peers out of reach first, then failed records."""
    if summary.failures:
        return ExitCode.UNREACHABLE
    return ExitCode.OK if summary.clean else ExitCode.FINDINGS
