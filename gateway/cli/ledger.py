# SPDX-License-Identifier: Apache-2.0
"""``gateway ledger``: retention, legal hold, backup and restore."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from gateway.cli import ledger_backup, ledger_evidence, ledger_move
from gateway.cli.acting import Claim, act_options, audited, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import retention
from gateway.ledger.audit import Act
from gateway.ledger.retention import Pruned, Terms
from gateway.ledger.store import Ledger
from gateway.model.person import Duty
from gateway.pack import load_pack
from gateway.parts import read_ledger, write_ledger

_DAY = 24 * 3600 * 1_000_000
_LEAST_DAYS = 30


@click.group(
    help="台账的核验、备份、恢复、保存期限和保全。身份、版本、摘要和回执号永不清理;未办结的办件和保全的内容不清理。"
)
def command() -> None:
    """Hold the subcommands."""


for _each in (
    ledger_backup.backup, ledger_backup.restore, ledger_backup.compare_command, ledger_backup.release,
    ledger_evidence.head, ledger_evidence.verify, ledger_move.migrate,
):  # fmt: skip
    command.add_command(_each)


@command.command(
    help="""清理超过保存期限的内容:文档、原始行、往来和回执原文,以及已被取代的拒绝。身份、摘要、回执号永远保留。
    --older-than 写 10y、36m 或 400d。--dry-run 只说明会清理多少。可在网关运行时执行。"""
)
@click.option("--older-than", required=True, metavar="AGE", help="保存期限,例如 10y、36m、400d")
@act_options
@json_option
def prune(older_than: str, reason: str, claim: Claim, directory: Path, dry_run: bool, as_json: bool) -> int:
    """Prune payloads."""
    configuration = load(directory)
    types = load_pack(configuration.site.pack).types
    days = _days(older_than)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.KEEP, "ledger.prune")
        terms = Terms(ledger.now() - days * _DAY, frozenset(each.code for each in types.values() if each.closes))
        pruned = _prune(ledger, terms, dry_run=dry_run)
        if not dry_run:
            detail = asdict(pruned) | {"older_than_days": days}
            with audited(ledger, actor, Act("ledger.prune", "ledger", reason=reason, detail=detail)):
                pass
    if as_json:
        emit_json(asdict(pruned))
        return ExitCode.OK
    names = {
        "segments": _("内容段"), "copied": _("其中部分保留"), "bytes": _("释放字节"), "records": _("记录和行的内容"),
        "refusals": _("已被取代的拒绝"), "attempts": _("往来"), "kept_open": _("因未办结保留"), "kept_on_hold": _("因保全保留"),
    }  # fmt: skip
    title = _("将清理(试算)") if dry_run else _("已清理")
    print_table([_("项目"), _("数量")], [(names[name], value) for name, value in asdict(pruned).items()], title=title)
    return ExitCode.OK


def _days(text: str) -> int:
    unit = {"y": 366, "m": 31, "d": 1}.get(text[-1:])
    if unit is None or not text[:-1].isdigit():
        raise click.BadParameter(_("保存期限写成 10y、36m 或 400d:{text}").format(text=text))
    days = int(text[:-1]) * unit
    if days < _LEAST_DAYS:
        raise click.BadParameter(_("保存期限不得短于 {n} 天").format(n=_LEAST_DAYS))
    return timedelta(days=days).days


def _prune(ledger: Ledger, terms: Terms, *, dry_run: bool) -> Pruned:
    """Prune batch by batch, each in a transaction of its own, so that a running gateway goes on meanwhile."""
    pruned, after = Pruned(), 0
    with progress(_("清理")) as bar:
        while True:
            with ledger.reading() as connection:
                numbers = retention.candidates(connection, terms.before, after)
            if not numbers:
                break
            with ledger.attempt(keep=not dry_run) as connection:
                pruned += retention.prune_segments(connection, numbers, terms, dry_run=dry_run)
            after = numbers[-1]
            bar.advance(len(numbers))
    with ledger.attempt(keep=not dry_run) as connection:
        pruned += retention.prune_rows(connection, terms, dry_run=dry_run)
    return pruned


@command.group(help="法律保全:保全的办件、主键、机构或数据源,其内容不会被清理。")
def hold() -> None:
    """Hold the subcommands about holds."""


@hold.command("list", help="列出保全。")
@directory_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List the holds."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = retention.holds(connection)
    for each in found:
        for name in ("placed_at", "lifted_at"):
            each[name] = None if each[name] is None else moment(each[name]).isoformat(timespec="seconds")
    if as_json:
        emit_json(found)
        return
    columns = ["id", "kind", "subject", "reason", "placed_by", "placed_at", "lifted_by", "lifted_at"]
    heads = [_("编号"), _("种类"), _("对象"), _("原因"), _("设立人"), _("设立时间"), _("解除人"), _("解除时间")]
    print_table(heads, [[each[name] or "" for name in columns] for each in found])


@hold.command(help="设立保全:种类为 case 办件、key 主键、org 机构、source 数据源。")
@click.argument("kind", type=click.Choice(retention.HOLDS))
@click.argument("subject")
@act_options
def add(kind: str, subject: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Place a hold."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.HOLD, "ledger.hold.add", subject)
        if dry_run:
            say(_("将保全 {kind} {subject}").format(kind=kind, subject=subject))
            return ExitCode.OK
        with audited(
            ledger, actor, Act("ledger.hold.add", subject, reason=reason, detail={"kind": kind})
        ) as connection:
            number = retention.place(connection, kind, subject, reason, actor.name, ledger.now())
    say(_("已在保全中") if number is None else _("已保全,编号 {number}").format(number=number))
    return ExitCode.OK


@hold.command(help="解除保全。")
@click.argument("number", type=int)
@act_options
def lift(number: int, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Lift a hold."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.HOLD, "ledger.hold.lift", str(number))
        with ledger.reading() as connection:
            if not any(each["id"] == number and each["lifted_at"] is None for each in retention.holds(connection)):
                raise click.UsageError(_("没有保全 {number}").format(number=number))
        if dry_run:
            say(_("将解除保全 {number}").format(number=number))
            return ExitCode.OK
        with audited(ledger, actor, Act("ledger.hold.lift", str(number), reason=reason)) as connection:
            retention.lift(connection, number, actor.name, ledger.now())
    say(_("已解除保全 {number}").format(number=number))
    return ExitCode.OK
