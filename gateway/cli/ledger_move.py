# SPDX-License-Identifier: Apache-2.0
"""``gateway ledger migrate --to URL``: an embedded ledger moves to PostgreSQL, all of it or nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.cli.acting import Claim, act_options, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.clock import SystemIds
from gateway.config import Configuration, load
from gateway.i18n import _
from gateway.ledger import moving
from gateway.ledger.audit import Act, record_act
from gateway.ledger.engine import parse
from gateway.ledger.store import Ledger
from gateway.model.person import Actor, Duty
from gateway.parts import open_ledger_at
from gateway.trust.secrets import Secret, is_reference


@click.command(
    help="""把内嵌台账(SQLite)整个搬到 PostgreSQL:逐表复制,读回来比对条数和摘要,一个事务,不一致就全部撤销。
    须先停下网关。完成后原台账不能再写,改 gateway.yaml 的 ledger.url 即可启动。中途断电或被杀,重新执行会接着做完;
    --cancel 放弃还没有做完的搬迁。--dry-run 只检查目标、数行数。反方向用 backup 和 restore。"""
)
@click.option("--to", metavar="URL", help="postgresql://…,或 env:NAME、file:PATH、credential:NAME")
@click.option("--cancel", is_flag=True, help="放弃还没有做完的搬迁,让原台账可写")
@act_options
@json_option
def migrate(
    to: str | None, cancel: bool, reason: str, claim: Claim, directory: Path, dry_run: bool, as_json: bool
) -> int:  # fmt: skip
    """Move the ledger."""
    if (to is None) == (not cancel):
        raise click.UsageError(_("写 --to URL,或 --cancel"))
    configuration = load(directory)
    source = configuration.site.ledger.url.reveal()
    if parse(source).drivername != "sqlite":
        raise moving.NotMovable(parse(source).render_as_string(hide_password=True))
    with open_ledger_at(configuration, source, moved=True) as old:
        actor = resolve(old, claim, Duty.KEEP, "ledger.migrate")
        if cancel:
            return _cancel(old, actor, reason, dry_run=dry_run)
        return _move(
            configuration, old, _address(configuration, to or ""), actor, reason, dry_run=dry_run, as_json=as_json
        )


def _address(configuration: Configuration, to: str) -> str:
    url = Secret(to, configuration.root).reveal() if is_reference(to) else to
    if parse(url).drivername == "sqlite":
        raise moving.NotMovable(url)
    return url


def _cancel(old: Ledger, actor: Actor, reason: str, *, dry_run: bool) -> int:
    with old.reading() as connection:
        found = moving.marked(connection)
    if found is None or found["state"] != "moving":
        raise moving.NotMovable(found["to"] if found else _("没有未做完的搬迁"))
    if not dry_run:
        with old.begin() as connection:
            moving.unmark(connection)
            act = Act("ledger.migrate.cancel", "ledger", reason=reason, detail={"to": found["to"]})
            record_act(connection, actor, act, old.now())
    say(_("已放弃搬迁;不要再使用 {to} 里可能留下的内容").format(to=found["to"]))
    return ExitCode.OK


def _move(
    configuration: Configuration, old: Ledger, url: str, actor: Actor, reason: str, *, dry_run: bool, as_json: bool
) -> int:  # fmt: skip
    where = parse(url).render_as_string(hide_password=True)
    with old.reading() as connection:
        rows = moving.sizes(connection)
        found = moving.marked(connection)
    if found is not None and (found["state"] == "moved" or found["to"] != where):
        raise moving.NotMovable(f"{found['state']}: {found['to']}")
    with open_ledger_at(configuration, url) as new:
        token = found["token"] if found is not None else str(SystemIds().fresh())
        with new.reading() as connection:
            is_there = moving.arrived(connection, token)
            if not is_there and not moving.is_empty(connection):
                raise moving.NotMovable(f"{where}: {_('目标台账不是空的')}")
        if dry_run:
            _tell([{"table": name, "rows": count} for name, count in rows.items()], as_json=as_json)
            return ExitCode.OK
        with old.begin() as connection:
            moving.mark(connection, where, token, "moving")
        moved = [] if is_there else _fill(old, new, token, actor, reason, sum(rows.values()))
    with old.begin() as connection:
        moving.mark(connection, where, token, "moved")
    _tell([asdict(each) for each in moved], as_json=as_json)
    say(_("已搬到 {where}:把 gateway.yaml 的 ledger.url 改成它,再启动网关").format(where=where))
    return ExitCode.OK


def _fill(old: Ledger, new: Ledger, token: str, actor: Actor, reason: str, rows: int) -> list[moving.Counted]:
    with progress(_("搬迁"), rows) as bar, old.reading() as before, new.begin() as after:
        moved = moving.move(before, after, token, bar.advance)
        detail = {"rows": sum(each.rows for each in moved), "tables": len(moved)}
        record_act(after, actor, Act("ledger.migrate", "ledger", reason=reason, detail=detail), new.now())
    return moved


def _tell(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        emit_json({"tables": found, "rows": sum(each["rows"] for each in found)})
        return
    rows = [[each["table"], each["rows"], each.get("digest", "")[:16]] for each in found if each["rows"]]
    print_table([_("表"), _("行"), _("摘要")], rows)
