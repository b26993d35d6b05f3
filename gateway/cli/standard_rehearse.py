# SPDX-License-Identifier: Apache-2.0
"""``gateway standard rehearse``: what a new pack would newly refuse, or let pass, of the originals in the ledger."""

from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say, spoken
from gateway.clock import BEIJING, microseconds
from gateway.config import load
from gateway.flow.rehearse_pack import Line, PackTrial, Rehearsal, lines
from gateway.i18n import _
from gateway.ledger.originals import Asked, of_cases, of_types, originals
from gateway.pack import Pack, pack_named
from gateway.parts import read_ledger
from gateway.rules.facts import FactTable


@click.command(
    name="rehearse",
    help="用一个标准包(名称或目录)重新校验台账中的原始文档,按部门和规则列出将新增拒绝或通过的记录;只读。",
)
@click.option("--pack", "named", required=True, metavar="DIR|NAME", help="要预演的标准包")
@directory_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="只看这一天起收录的")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="只看这一天发生的")
@click.option("--source", metavar="名称", help="只看这个数据源")
@json_option
def command(
    named: str, directory: Path, since: datetime | None, day: datetime | None, source: str | None, as_json: bool
) -> ExitCode:
    """Rehearse a pack; exit code 1 where it would newly refuse something."""
    pack = pack_named(named)
    asked = Asked(
        None if since is None else microseconds(datetime.combine(since.date(), time(), BEIJING)),
        None if day is None else _iso(day.date()),
        source,
    )
    found = Rehearsal()
    begun = perf_counter()
    configuration = load(directory)
    with read_ledger(configuration) as ledger, ledger.reading() as connection, progress(_("预演")) as bar:
        trial = PackTrial(
            pack,
            master=of_types(connection, FactTable(pack).master_data.values()),
            required=configuration.site.catalogue == "required",
            rest=None if asked.everything else partial(of_cases, connection),
        )
        for part in trial.run(originals(connection, asked)):
            found.merge(part)
            bar.advance(part.looked_at)
    seconds = perf_counter() - begun
    if as_json:
        emit_json(_as_data(pack, found, seconds))
    else:
        _print(found, seconds)
    return ExitCode.FINDINGS if found.newly_refused else ExitCode.OK


def _iso(day: date) -> str:
    return day.isoformat()


def _print(found: Rehearsal, seconds: float) -> None:
    heads = (_("部门"), _("规则"), _("结果"), _("条数"), _("说明"), _("例如"))
    for table, title in ((found.refused, _("将新增拒绝")), (found.passing, _("将新增通过"))):
        if table:
            click.echo(title)
            print_table(heads, [_row(line) for line in lines(table)], title=title)
    say(
        _("共看 {n} 条:新增拒绝 {refused} 条,新增通过 {passing} 条;每秒 {rate:.0f} 条,一百万条约需 {hours:.1f} 小时").format(
            n=found.looked_at, refused=found.newly_refused, passing=found.newly_passing,
            rate=_rate(found, seconds), hours=_hours(found, seconds),
        )
    )  # fmt: skip


def _row(line: Line) -> tuple[object, ...]:
    said = spoken(line.finding.message) if line.finding is not None else ""
    outcome = "" if line.finding is None else _("等待") if line.waits else _("拒绝")
    return line.organisation, line.rule, outcome, line.records, said, " ".join(line.examples)


def _rate(found: Rehearsal, seconds: float) -> float:
    return found.looked_at / seconds if seconds else 0.0


def _hours(found: Rehearsal, seconds: float) -> float:
    return seconds / found.looked_at * 1_000_000 / 3600 if found.looked_at else 0.0


def _as_data(pack: Pack, found: Rehearsal, seconds: float) -> dict[str, Any]:
    return {
        "pack": pack.name,
        "version": pack.version,
        "digest": pack.digest,
        "records": found.looked_at,
        "newly_refused": found.newly_refused,
        "newly_passing": found.newly_passing,
        "departments": dict(sorted(found.departments.items())),
        "refused": [_line(line) for line in lines(found.refused)],
        "passing": [_line(line) for line in lines(found.passing)],
        "seconds": round(seconds, 3),
        "records_per_second": round(_rate(found, seconds)),
        "hours_per_million": round(_hours(found, seconds), 3),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "department": line.organisation,
        "rule": line.rule,
        "waits": line.waits,
        "records": line.records,
        "message": line.finding.message if line.finding is not None else None,
        "hint": line.finding.hint if line.finding is not None else None,
        "examples": line.examples,
    }
