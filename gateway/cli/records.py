# SPDX-License-Identifier: Apache-2.0
"""``gateway records``: what the ledger holds, and the whole story of one record or refusal."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gateway.app import explain_row
from gateway.cli import golive_notes, masked
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, plain, print_table, say
from gateway.cli.record_steps import StepTeller, label_of
from gateway.cli.record_story import print_story
from gateway.cli.record_trace import trace
from gateway.cli.waiting import waiting_for
from gateway.clock import moment
from gateway.config import Configuration, load
from gateway.i18n import _
from gateway.ledger import queries
from gateway.ledger.findings import from_json
from gateway.ledger.queries import RECORD_STATES, REFUSAL_STATES, Delivered, Refusal, Stored, Wanted
from gateway.ledger.segments import PayloadPruned, Place
from gateway.ledger.store import Ledger
from gateway.model.finding import Finding
from gateway.model.record import row_of
from gateway.pack import Pack, load_pack
from gateway.parts import read_ledger


@click.group(help="查询台账中的记录和拒绝,解释一条记录从原始行到回执的全过程;只读。")
def command() -> None:
    """Hold the subcommands."""


command.add_command(trace)

_unmasked = click.option("--unmasked", is_flag=True, help="显示个人信息原文(默认脱敏)")


@command.command("list", help="列出记录;--state refused|conflict|stale|proposed 列出未收录的行。")
@directory_option
@click.option("--case", "case_no", metavar="编号", help="只看这个办件")
@click.option("--key", metavar="主键", help="只看这个业务主键")
@click.option("--state", type=click.Choice([*RECORD_STATES, *REFUSAL_STATES]), help="只看这个状态")
@click.option("--source", metavar="名称", help="只看这个数据源")
@click.option("--type", "type_", metavar="代码", help="只看这个记录类型")
@click.option("--limit", type=click.IntRange(1), help="最多多少条(默认全部)")
@json_option
def list_(directory: Path, type_: str | None, limit: int | None, as_json: bool, **asked: str | None) -> None:
    """List records or refusals."""
    wanted = Wanted(type=type_, **asked)
    with _reading(directory) as desk:
        if wanted.state in REFUSAL_STATES:
            refusals = queries.refused(desk.connection, wanted, limit)
            _print(_REFUSAL_COLUMNS, map(_refusal_line, refusals), as_json=as_json)
        else:
            _print(_RECORD_COLUMNS, map(_record_line, queries.records(desk.connection, wanted, limit)), as_json=as_json)


@command.command(help="显示一个业务主键的所有版本,或一条未收录的行(编号写作 #12)。")
@click.argument("what", metavar="主键|#编号")
@directory_option
@_unmasked
@json_option
def show(what: str, directory: Path, unmasked: bool, as_json: bool) -> int:
    """Show versions with their documents, or a refusal."""
    with _reading(directory) as desk:
        stories = [desk.story(each, unmasked=unmasked) for each in desk.find(what)]
    for story in stories:
        for part in ("raw", "steps", "mapping_now", "attempts"):
            story.pop(part, None)
    return _tell(what, stories, as_json=as_json)


@command.command(help="解释一个业务主键或一条未收录的行:原始列、映射步骤、取值、检查、问题、投递和回执。")
@click.argument("what", metavar="主键|#编号")
@directory_option
@_unmasked
@json_option
def explain(what: str, directory: Path, unmasked: bool, as_json: bool) -> int:
    """Tell the whole story."""
    with _reading(directory) as desk:
        stories = [desk.story(each, unmasked=unmasked) for each in desk.find(what)]
    return _tell(what, stories, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Desk:
    """An open ledger with the pack that explains what it holds."""

    configuration: Configuration
    ledger: Ledger
    connection: Connection
    pack: Pack

    def find(self, what: str) -> list[Stored | Refusal]:
        """Return the versions of a key and what was refused under it; ``#12`` is the refusal of that number."""
        if what.startswith("#") and what[1:].isdigit():
            found = queries.refusal_by_id(self.connection, int(what[1:]))
            return [] if found is None else [found]
        wanted = Wanted(key=what)
        refusals = queries.refused(self.connection, wanted, superseded=True)
        return [*queries.records(self.connection, wanted), *refusals]

    def story(self, told: Stored | Refusal, *, unmasked: bool) -> dict[str, Any]:
        """Return everything that is known, in the order in which it happened."""
        document = self._payload(told.document)
        hidden = masked.personal_values(self.pack, told.type, document) if document else {}
        raw = self._payload(told.raw)
        story = _record_line(told) if isinstance(told, Stored) else _refusal_line(told)
        story["pruned"] = raw is None
        story["raw"] = {} if raw is None else masked.raw_row(raw, hidden, unmasked=unmasked)
        shown = masked.fields(self.pack, told.type, document, unmasked=unmasked) if document else []
        story["document"] = [
            {"path": path, "label": label_of(self.pack, told.type, path), "value": value} for path, value in shown
        ]
        text = told.warnings if isinstance(told, Stored) else told.findings
        found = from_json(text) if text else ()
        story["findings"] = _shown(found, unmasked=unmasked)
        if isinstance(told, Stored) and told.waits is not None:
            story["waits_for"] = _shown(waiting_for(self.pack, told.type, told.waits), unmasked=unmasked)
        version, story["steps"] = self._steps(told, raw, found, hidden, unmasked=unmasked)
        story["mapping_now"] = version
        if isinstance(told, Stored):
            story["go_live"] = golive_notes.of_record(self.connection, told.id)
            story["attempts"] = self._attempts(told.deliveries)
        return story

    def _steps(
        self, told: Stored | Refusal, raw: bytes | None, findings: Sequence[Finding], hidden: Mapping[str, str],
        *, unmasked: bool,
    ) -> tuple[str | None, list[dict[str, Any]]]:  # fmt: skip
        """Return the version of the mapping now in use and its steps with the row, each with its checks."""
        row = None if raw is None else row_of(told.row_id, raw)
        explained = None if row is None else explain_row(self.configuration, self.pack, self.ledger, told.source, row)
        if explained is None:
            return None, []
        version, steps = explained
        teller = StepTeller(self.pack, findings, hidden, unmasked=unmasked)
        return version, [teller.tell(step) for step in steps if told.type in (None, step.type)]

    def _payload(self, place: Place | None) -> bytes | None:
        """Return a payload, or None where there never was one or retention has pruned it."""
        try:
            return self.ledger.payloads([place])[0] if place is not None else None
        except PayloadPruned:
            return None

    def _attempts(self, deliveries: Iterable[Delivered]) -> list[dict[str, Any]]:
        return [
            {"destination": each.destination, "package_id": each.package_id, **asdict(tried), "at": _time(tried.at)}
            for each in deliveries
            if each.package_no is not None
            for tried in queries.attempts(self.connection, each.package_no)
        ]


def _shown(findings: Iterable[Finding], *, unmasked: bool) -> list[dict[str, Any]]:
    return [
        plain(asdict(found)) | {"value": masked.finding_value(found.value, unmasked=unmasked)} for found in findings
    ]


@contextmanager
def _reading(directory: Path) -> Iterator[_Desk]:
    configuration = load(directory)
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        yield _Desk(configuration, ledger, connection, load_pack(configuration.site.pack))


_RECORD_COLUMNS = ("id", "type", "key", "version", "state", "case_no", "source", "row_id", "destinations")
_REFUSAL_COLUMNS = ("id", "state", "code", "type", "key", "case_no", "source", "row_id", "at")


def _record_line(stored: Stored) -> dict[str, Any]:
    """Return a record as ``list --json`` gives it."""
    return {
        "id": stored.id,
        "record_id": stored.record_id,
        "type": stored.type,
        "key": stored.key,
        "version": stored.version,
        "content_digest": stored.content_digest.hex(),
        "state": stored.state,
        "case_no": stored.case_no,
        "org_code": stored.org_code,
        "item_code": stored.item_code,
        "occurred_at": stored.occurred_at,
        "source": stored.source,
        "row_id": stored.row_id,
        "run_id": stored.run_id,
        "accepted_at": _time(stored.accepted_at),
        "pack": stored.pack,
        "mapping": stored.mapping,
        "adapter": stored.adapter,
        "destinations": {
            each.destination: {
                "state": each.state,
                "code": each.code,
                "message": each.message,
                "receipt_no": each.receipt_no,
                "package_id": each.package_id,
                "package_state": each.package_state,
                "awaits": each.awaits,
            }
            for each in stored.deliveries
        },
    }


def _refusal_line(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as ``list --json`` gives it."""
    return {
        "id": f"#{refusal.id}",
        "state": refusal.outcome,
        "code": refusal.code,
        "stage": refusal.stage,
        "type": refusal.type,
        "key": refusal.key,
        "case_no": refusal.case_no,
        "source": refusal.source,
        "row_id": refusal.row_id,
        "run_id": refusal.run_id,
        "at": _time(refusal.at),
        "superseded": refusal.superseded,
    }


def _time(microseconds: int) -> str:
    return moment(microseconds).isoformat()


def _print(columns: tuple[str, ...], lines: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    """Print as one JSON array, written as it is read: a ledger may hold more than fits into memory."""
    if not as_json:
        heads = _heads()
        print_table([heads[name] for name in columns], ([_cell(line[name]) for name in columns] for line in lines))
        return
    click.echo("[", nl=False)
    between = ""
    for line in lines:
        click.echo(between + json.dumps(line, ensure_ascii=False, separators=(",", ":")), nl=False)
        between = ",\n"
    click.echo("]")


def _heads() -> dict[str, str]:
    return {
        "id": _("编号"),
        "type": _("类型"),
        "key": _("业务主键"),
        "version": _("版本"),
        "state": _("状态"),
        "case_no": _("办件编号"),
        "source": _("数据源"),
        "row_id": _("原始行"),
        "destinations": _("目的地"),
        "code": _("代码"),
        "at": _("时间"),
    }


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return " ".join(f"{name}:{each['state']}" for name, each in value.items())
    return value


def _tell(what: str, stories: list[dict[str, Any]], *, as_json: bool) -> int:
    if as_json:
        emit_json(stories)
    if not stories:
        say(_("台账中没有 {what}").format(what=what))
        return ExitCode.FINDINGS
    if not as_json:
        for story in stories:
            print_story(story)
    return ExitCode.OK
