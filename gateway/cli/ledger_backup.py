# SPDX-License-Identifier: Apache-2.0
"""``gateway ledger backup|restore|compare|release``: the way back after a disaster (ledger.md T5)."""

from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gateway.app import Gateway, make_plan
from gateway.cli.acting import Claim, act_options, acting_options, audited, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.clock import SystemClock, moment
from gateway.config import load
from gateway.flow.compare import Compared, compare, days_to_compare
from gateway.i18n import _
from gateway.ledger import backup as backups
from gateway.ledger.ahead import LACKING
from gateway.ledger.audit import Act
from gateway.ledger.engine import WriterLock, parse
from gateway.ledger.replays import Asked, Mode
from gateway.model.person import Duty
from gateway.parts import read_ledger, write_ledger


@click.command(help="把台账备份到一个新文件(SQLite 格式,旁边的 .json 写着 SHA-256);可在网关运行时执行。")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@acting_options
@directory_option
@dry_run_option
@json_option
def backup(file: Path, claim: Claim, directory: Path, dry_run: bool, as_json: bool) -> int:
    """Back up the ledger."""
    configuration = load(directory)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.KEEP, "ledger.backup", file.name)
        if dry_run:
            say(_("将备份到 {path}").format(path=file))
            return ExitCode.OK
        with read_ledger(configuration) as reader, reader.reading() as connection:
            told = backups.back_up(connection, file, ledger.now())
        with audited(ledger, actor, Act("ledger.backup", file.name, reason="backup", detail=told)):
            pass
    if as_json:
        emit_json({**told, "file": str(file)})
    else:
        say(_("已备份 {n} 字节到 {path},SHA-256 {digest}").format(n=told["bytes"], path=file, digest=told["sha256"]))
    return ExitCode.OK


@click.command(
    help="""从备份恢复到空台账。恢复后各目的地暂停(held),不发送任何内容:先 gateway ledger compare 与各目的地逐键核对,
    再逐个 gateway ledger release。--replace 先把现有的 SQLite 台账移到一旁(不删除)。"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="把现有的 SQLite 台账移到一旁")
@act_options
def restore(file: Path, replace: bool, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Restore the ledger."""
    configuration = load(directory)
    told = backups.checked(file)
    if dry_run:
        say(_("备份完好,作于 {at}").format(at=moment(told["made_at"]).isoformat(timespec="seconds")))
        return ExitCode.OK
    if replace:
        _move_aside(parse(configuration.site.ledger.url.reveal()).database or "")
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.KEEP, "ledger.restore", file.name)
        with audited(ledger, actor, Act("ledger.restore", file.name, reason=reason, detail=told)) as connection:
            backups.restore(connection, file, ledger.now())
    say(_("已恢复;各目的地暂停,先核对:gateway ledger compare"))
    return ExitCode.OK


def _move_aside(database: str) -> None:
    """Rename the ledger's files; refused where a gateway writes them."""
    path = Path(database)
    if not path.is_file():
        return
    lock = WriterLock(path)
    try:
        stamp = SystemClock().now().strftime("%Y%m%dT%H%M%S")
        for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            if each.exists():
                each.rename(each.with_name(f"{each.name}.replaced-{stamp}"))
    finally:
        lock.release()
    say(_("原台账移到 {path}").format(path=f"{path}.replaced-{stamp}"))


@click.command(
    "compare",
    help="""恢复之后与各目的地逐键核对:对方版本更高的,采用其版本号(下一版本由此往上);内容不同的列出;对方缺失的做成回放计划
    (不自动发送);对方已有而台账未了结的,以其为证了结。--dry-run 只列出。有差异时退出码 1。""",
)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY", help="从这一天核对起(默认台账中最早的业务日期)"
)
@click.option("--destination", "names", multiple=True, metavar="NAME", help="只与这些目的地(可重复)")
@act_options
@json_option
def compare_command(
    since: datetime | None,
    names: tuple[str, ...],
    reason: str,
    claim: Claim,
    directory: Path,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Compare with the destinations."""
    configuration = load(directory)
    told: list[dict[str, Any]] = []
    with Gateway.open(configuration) as gateway:
        ledger = gateway.place.ledger
        actor = resolve(ledger, claim, Duty.KEEP, "ledger.compare")
        known = [each.name for each in gateway.place.destinations]
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise click.UsageError(
                _("没有目的地 {name};已配置:{known}").format(name=unknown[0], known=", ".join(known))
            )
        days = days_to_compare(ledger, since.date() if since else None, gateway.place.clock.now().date())
        for part in gateway.place.destinations:
            if names and part.name not in names:
                continue
            with (
                closing(part.open()) as destination,
                progress(_("核对 {name}").format(name=part.name), len(days)) as bar,
            ):
                compared = compare(ledger, destination, part.route, days, bar.advance, keep=not dry_run)
            plan = None
            lacking = tuple(each.record_id for each in compared.found if each.kind == LACKING and each.record_id)
            if lacking and not dry_run:
                asked = Asked(destination=part.name, record_ids=lacking)
                plan = make_plan(
                    configuration,
                    ledger,
                    asked,
                    Mode.DOCUMENT,
                    frozenset({"delivered"}),
                    None,
                    reason,
                    actor,
                    keep=True,
                )["id"]
            told.append(_plain(compared, plan))
        if not dry_run:
            detail = {each["destination"]: each["counts"] for each in told}
            with audited(ledger, actor, Act("ledger.compare", "ledger", reason=reason, detail=detail)):
                pass
    _print(told, as_json=as_json)
    return ExitCode.FINDINGS if any(each["found"] for each in told) else ExitCode.OK


def _plain(compared: Compared, plan: int | None) -> dict[str, Any]:
    counts = Counter(each.kind for each in compared.found)
    return {
        "destination": compared.destination, "days": compared.days, "counts": dict(counts), "adopted": compared.adopted,
        "settled": compared.settled, "replay_plan": plan,
        "found": [{"kind": e.kind, "key": e.key, "ours": e.ours, "theirs": e.theirs} for e in compared.found],
    }  # fmt: skip


def _print(told: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        emit_json(told)
        return
    names = {"ahead": _("对方更新"), "conflict": _("内容不同"), "lacking": _("对方缺失"), "proven": _("对方已有")}
    for each in told:
        rows = [[names[f["kind"]], f["key"], f["ours"], f["theirs"]] for f in each["found"]]
        print_table([_("差异"), _("业务主键"), _("本方"), _("对方")], rows, title=each["destination"])
        say(
            _("{name}:核对 {days} 天,采用 {adopted},了结 {settled},回放计划 {plan}").format(
                name=each["destination"], days=each["days"], adopted=each["adopted"], settled=each["settled"],
                plan=each["replay_plan"] or "-",
            )
        )  # fmt: skip


@click.command(help="核对之后放行一个目的地:从此照常投递。")
@click.argument("destination")
@act_options
def release(destination: str, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Release a held destination."""
    with write_ledger(load(directory)) as ledger:
        actor = resolve(ledger, claim, Duty.KEEP, "ledger.release", destination)
        if dry_run:
            say(_("将放行 {name}").format(name=destination))
            return ExitCode.OK
        with audited(ledger, actor, Act("ledger.release", destination, reason=reason)) as connection:
            if not backups.release(connection, destination):
                raise click.UsageError(_("{name} 没有因恢复而暂停").format(name=destination))
    say(_("已放行 {name}").format(name=destination))
    return ExitCode.OK


__all__ = ["backup", "compare_command", "release", "restore"]
