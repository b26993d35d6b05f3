# SPDX-License-Identifier: Apache-2.0
"""``gateway records trace CASE``: the life of a case, what happened in the order of time, its parties and its clocks."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli import masked
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.clock import moment
from gateway.config import load
from gateway.documents.safexml import parse
from gateway.i18n import _
from gateway.ledger import audit, queries, replay_states
from gateway.ledger.queries import Stored, Wanted
from gateway.ledger.segments import PayloadPruned
from gateway.ledger.store import Ledger
from gateway.legal.clock import LegalClock
from gateway.model.words import Words
from gateway.pack import Pack, load_pack
from gateway.parts import read_ledger
from gateway.rules import CaseRecord, CaseRules
from gateway.rules.clocks import CaseClock, case_clocks


@click.command(
    "trace",
    help="""显示一个办件的一生:每条记录和版本、未收录的行、每次往来、回执、回放、人的操作,按时间排列;
    当事人(脱敏)和法定时钟:何时起算、何时到期、是否按期。""",
)
@click.argument("case_no", metavar="办件编号")
@directory_option
@click.option("--unmasked", is_flag=True, help="显示个人信息原文(默认脱敏)")
@json_option
def trace(case_no: str, directory: Path, unmasked: bool, as_json: bool) -> int:
    """Tell the life of a case."""
    configuration = load(directory)
    pack = load_pack(configuration.site.pack)
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        told = _Life(ledger, connection, pack, case_no).tell(unmasked=unmasked)
    if not told["events"]:
        say(_("台账中没有 {what}").format(what=case_no))
        return ExitCode.FINDINGS
    if as_json:
        emit_json(told)
    else:
        _print(told)
    return ExitCode.OK


_PARTIES = frozenset({"party", "applicant", "payer", "respondent"})


class _Life:
    def __init__(self, ledger: Ledger, connection: Connection, pack: Pack, case_no: str) -> None:
        self._ledger, self._connection, self._pack, self._case_no = ledger, connection, pack, case_no
        self._records = list(queries.records(connection, Wanted(case_no=case_no)))

    def tell(self, *, unmasked: bool) -> dict[str, Any]:
        """Return everything, times as +08:00 text, events in order."""
        documents = {each.id: self._document(each) for each in self._records}
        heads = {each.key: each for each in self._records}  # the last version comes last
        events = [*self._taken(), *self._refused(), *self._exchanged(), *self._replayed(), *self._acted()]
        events.sort(key=lambda each: (each["at"], each["what"]))
        return {
            "case_no": self._case_no,
            "events": [{**each, "at": moment(each["at"]).isoformat(timespec="seconds")} for each in events],
            "parties": self._parties(heads.values(), documents, unmasked=unmasked),
            "clocks": [_clock(each) for each in self._clocks(heads.values(), documents)],
            "pruned": sum(document is None for document in documents.values()),
        }

    def _document(self, stored: Stored) -> bytes | None:
        try:
            return self._ledger.payloads([stored.document])[0]
        except PayloadPruned:  # its content was pruned; its identity stays (B22)
            return None

    def _label(self, type_: str | None) -> Words | None:
        kind = self._pack.types.get(type_ or "")
        return None if kind is None else kind.label

    def _taken(self) -> Iterator[dict[str, Any]]:
        for each in self._records:
            yield {
                "at": each.accepted_at, "what": "record", "state": each.state, "type": each.type,
                "label": self._label(each.type), "key": each.key, "version": each.version,
                "occurred_at": each.occurred_at, "source": each.source, "row_id": each.row_id,
            }  # fmt: skip

    def _refused(self) -> Iterator[dict[str, Any]]:
        for each in queries.refused(self._connection, Wanted(case_no=self._case_no), superseded=True):
            yield {
                "at": each.at, "what": "refusal", "state": each.outcome, "type": each.type, "label": self._label(each.type),
                "key": each.key, "code": each.code, "source": each.source, "row_id": each.row_id,
                "superseded": each.superseded, "id": f"#{each.id}",
            }  # fmt: skip

    def _exchanged(self) -> Iterator[dict[str, Any]]:
        """Yield every exchange about a package that holds a record of the case, and the receipt of each record."""
        packages: dict[tuple[str, int], list[Stored]] = {}
        for stored in self._records:
            for there in stored.deliveries:
                if there.package_no is not None:
                    packages.setdefault((there.destination, there.package_no), []).append(stored)
        for (where, number), stored_there in packages.items():
            tried = queries.attempts(self._connection, number)
            keys = [f"{each.key} v{each.version}" for each in stored_there]
            for each in tried:
                yield {
                    "at": each.at, "what": "attempt", "state": each.outcome, "destination": where, "kind": each.kind,
                    "code": each.code, "detail": each.detail, "records": keys,
                }  # fmt: skip
            for stored in stored_there:
                there = next(each for each in stored.deliveries if each.destination == where)
                yield {
                    "at": tried[-1].at if tried else stored.accepted_at, "what": "receipt", "state": there.state,
                    "destination": where, "key": stored.key, "version": stored.version, "code": there.code,
                    "message": there.message, "receipt_no": there.receipt_no, "package_id": there.package_id,
                }  # fmt: skip

    def _replayed(self) -> Iterator[dict[str, Any]]:
        keys = {each.id: each for each in self._records}
        for row in replay_states.of_records(self._connection, list(keys)):
            stored = keys[row.record_id]
            yield {
                "at": row.at or row.created_at, "what": "replay", "state": row.state, "plan": row.plan_id,
                "key": stored.key, "version": stored.version, "outcome": row.outcome, "by": row.started_by or row.created_by,
                "approved_by": row.approved_by, "reason": row.reason,
            }  # fmt: skip

    def _acted(self) -> Iterator[dict[str, Any]]:
        for subject in sorted({self._case_no, *(each.key for each in self._records)}):
            for act in audit.acts(self._connection, subject=subject):
                yield {
                    "at": act["at"], "what": "act", "state": act["outcome"], "action": act["action"], "by": act["actor"],
                    "key": subject, "reason": act["reason"],
                }  # fmt: skip

    def _parties(
        self, heads: Iterable[Stored], documents: dict[int, bytes | None], *, unmasked: bool
    ) -> list[dict[str, str]]:
        """Return the parties that the documents name, each once, personal data masked."""
        found: list[dict[str, str]] = []
        for each in heads:
            document = documents[each.id]
            if document is None:
                continue
            values = {
                path.rpartition("/")[2]: value
                for path, value in masked.fields(self._pack, each.type, document, unmasked=unmasked)
                if path.partition("/")[0] in _PARTIES
            }
            if values and values not in found:
                found.append(values)
        return found

    def _clocks(self, heads: Iterable[Stored], documents: dict[int, bytes | None]) -> Sequence[CaseClock]:
        rules = CaseRules(self._pack)
        records = []
        for each in heads:
            document = documents[each.id]
            if document is None or each.type not in self._pack.types:
                continue
            facts = rules.table.take(each.type, parse(document))
            sequence = each.key.rpartition(":")[2]
            withdraws = self._pack.types[each.type].withdraws
            number = int(sequence) if sequence.isdigit() else 0
            records.append(
                CaseRecord(
                    each.type, each.key, each.version, number, each.occurred_at, withdraws, facts, each.org_code,
                    each.item_code, self._case_no,
                )
            )  # fmt: skip
        return case_clocks(rules, LegalClock(self._pack), self._case_no, records)


def _clock(clock: CaseClock) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in CaseClock.__slots__} | {"steps": list(clock.steps)}


def _print(told: dict[str, Any]) -> None:
    names = {
        "record": _("收录"), "refusal": _("未收录"), "attempt": _("往来"), "receipt": _("回执"), "replay": _("回放"),
        "act": _("人的操作"),
    }  # fmt: skip
    rows = [
        [each["at"], names[each["what"]], each["state"], each.get("destination", ""), _said(each)]
        for each in told["events"]
    ]
    print_table([_("时间"), _("事件"), _("状态"), _("目的地"), _("内容")], rows, title=told["case_no"])
    if told["parties"]:
        print_table([_("当事人")], [[" ".join(f"{k}={v}" for k, v in each.items())] for each in told["parties"]])
    clocks = [
        [
            spoken(each["title"]),
            each["article"],
            _short(each["started"]),
            _short(each["due"]),
            _short(each["act"] or ""),
            _kept(each),
        ]
        for each in told["clocks"]
    ]
    if clocks:
        print_table([_("法定期限"), _("依据"), _("起算"), _("到期"), _("办理"), _("结果")], clocks)
        for each in told["clocks"]:
            click.echo("; ".join(spoken(step) for step in each["steps"]))
    if told["pruned"]:
        say(_("{n} 个版本的内容已按保存期清理,只留身份和回执").format(n=told["pruned"]))


def _said(event: dict[str, Any]) -> str:
    label = event.get("label")
    parts = [
        spoken(label) if label is not None else "", event.get("key") or "", f"v{event['version']}" if "version" in event else "",
        event.get("action") or event.get("kind") or "", event.get("code") or "", event.get("message") or event.get("detail") or "",
        _("回执号 {n}").format(n=event["receipt_no"]) if event.get("receipt_no") else "",
        _("计划 {n}").format(n=event["plan"]) if "plan" in event else "", event.get("by") or "", event.get("reason") or "",
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _short(at: str) -> str:
    return at if len(at) <= len("2026-01-01") else datetime.fromisoformat(at).isoformat(" ", "minutes")[:16]


def _kept(clock: dict[str, Any]) -> str:
    if clock["paused"]:
        return _("中止中")
    if clock["kept"] is None:
        return _("未到办理(暂定)") if clock["provisional"] else _("未到办理")
    return _("按期") if clock["kept"] else _("超期")
