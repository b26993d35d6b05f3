# SPDX-License-Identifier: Apache-2.0
"""Hosted departments (代建): a template for each power item, and what is filled in becomes records like everybody's."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.channels.hosted_options import parse_hosted_options
from gateway.clock import SystemClock
from gateway.config import Configuration, SourceSettings
from gateway.dictionary.workbook import ItemTemplate, item_workbook
from gateway.errors import ConfigurationError, RecordError, RefusedByGate
from gateway.exchange.app import Marked, Workbooks
from gateway.flow.collect import Pull, pull
from gateway.flow.hosted import HostedRows, fixed_texts, hosted_row, key_of
from gateway.flow.receive import CallRefused, Sender
from gateway.flow.translate import TrialNumbers, translate
from gateway.grids.excel import WorkbookRefused
from gateway.grids.faults import Tab, tab_finding
from gateway.ledger import hosted as accounts
from gateway.ledger.acts import is_paused
from gateway.ledger.audit import Act, record_act
from gateway.ledger.hosted import Fate
from gateway.ledger.store import Ledger
from gateway.model.finding import Finding
from gateway.model.person import Actor
from gateway.model.record import Observation, Row
from gateway.model.words import Words
from gateway.pack import Pack, load_pack, load_packs
from gateway.parts import compile_source_mapping, handling_of, judging_packs, pack_stamp, validator_for
from gateway.tabular.marked import Mark, marked
from gateway.tabular.records import Spot
from gateway.tabular.upload import SUFFIX, Filled, Upload, read_upload, stale, stamp_of

UPLOAD = "hosted.upload"
_PAUSE_SECONDS = 600
_ACCEPTED, _WAITING = "accepted", "waiting"
_OUTCOMES = {
    "accepted": Words("已收录", "accepted"), "waiting": Words("已保存,等待同一办件的前序记录", "waits for an earlier record"),
    "parked": Words("已停放", "parked"), "refused": Words("有问题,未收录", "refused"),
    "conflict": Words("与已有记录冲突,未收录", "conflict"), "stale": Words("比已有记录旧,未收录", "stale"),
    "draft": Words("草稿,未收录", "draft"), "draft-wrong": Words("草稿,有问题", "draft with faults"),
    "good": Words("检查无误", "good"),
}  # fmt: skip
"""What the problem column says of a row."""


def _paused(name: str) -> RefusedByGate:
    hint = Words("恢复后再上传:gateway source resume", "upload it once gateway source resume has been given")
    return RefusedByGate(f"数据源 {name} 已暂停 / the source is paused", hint)


class UnusableWorkbook(RecordError):
    """A workbook of which nothing can be taken; ``findings`` say why."""

    code = "GW-203"
    summary = Words("工作簿不能收录", "the workbook can't be taken")
    advice = Words(
        "按提示修改后重新上传;模板用 gateway hosted template 取",
        "mend it as told; gateway hosted template gives the template",
    )

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(";".join(f"{each.code} {each.message.zh}" for each in findings), findings[0].hint)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an upload: figures, every finding with its cell, and the workbook to be given back."""

    source: str
    item: str
    figures: dict[str, int]
    findings: tuple[tuple[Spot, Finding], ...]
    workbook: bytes
    number: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for machines, without the workbook."""
        found = [{"cell": spot.address, "code": each.code, "message": each.message._asdict(), "hint": each.hint._asdict(), "refuses": each.refuses}
                 for spot, each in self.findings]  # fmt: skip
        return {"upload": self.number, "source": self.source, "item": self.item, **self.figures, "findings": found}


def hosted_sources(configuration: Configuration) -> list[SourceSettings]:
    """Return the departments without a system."""
    return [each for each in configuration.sources if each.hosted]


def template_of(
    configuration: Configuration, item: str, source: str | None = None
) -> tuple[SourceSettings, ItemTemplate]:
    """Return what the template of an item is made of. Raises ConfigurationError for an item that nobody fills in."""
    pack = load_pack(configuration.site.pack)
    for settings in hosted_sources(configuration):
        options = parse_hosted_options(settings.options, f"sources.d/{settings.name}.yaml")
        about = options.items.get(item)
        if about is None or source not in (None, settings.name):
            continue
        unknown = [code for code in about.types if code not in pack.types or pack.types[code].withdraws]
        if unknown:
            place = f"sources.d/{settings.name}.yaml: options.items.{item}.types"
            raise ConfigurationError(f"{place}: 不能填报 {'、'.join(unknown)} / can't be filled in")
        fixed = {
            code: fixed_texts(pack.types[code], item, about.version, settings.org, about.region) for code in about.types
        }
        return settings, ItemTemplate(item, settings.name, about.types, fixed)
    known = ", ".join(
        item
        for each in hosted_sources(configuration)
        for item in parse_hosted_options(each.options, f"sources.d/{each.name}.yaml").items
    )
    raise ConfigurationError(f"没有代建数据源填报事项 {item}(有:{known or '无'}) / no hosted source fills in {item}")


def make_template(configuration: Configuration, item: str, source: str | None = None) -> bytes:
    """Return the template of an item with today's codes. Raises ConfigurationError."""
    _settings, template = template_of(configuration, item, source)
    return item_workbook(load_pack(configuration.site.pack), template, SystemClock().now().date())


class NotItsOrganisation(Exception):
    """A sender gave the workbook of a body that it may not speak for; the message names it."""


class Desk:
    """Takes workbooks of hosted departments; ``opened`` opens the ledger for what is written."""

    def __init__(self, configuration: Configuration, opened: Callable[[], AbstractContextManager[Ledger]]) -> None:
        self._configuration = configuration
        self._opened = opened
        self._pack: Pack = load_pack(configuration.site.pack)

    def take(
        self, path: Path, actor: Actor, *, draft: bool = False, keep: bool = True, name: str | None = None,
        organisations: Collection[str] | None = None,
    ) -> Taken:  # fmt: skip
        """Check a workbook and take what is sound; a draft, or ``keep`` False, is checked only.

        ``name`` is what it is called in the account; ``organisations`` are those that the actor may speak for, None all.
        Raises UnusableWorkbook where nothing of it can be taken, NotItsOrganisation, ConfigurationError, LedgerError.
        """
        settings, template, upload, digest = self._read(path, organisations)
        filled = self._without_twins(upload.records)
        rows = [self._row(each) for each in filled]
        submitted = {at for at, each in enumerate(filled) if not (draft or each.draft)}
        # What has no key is given back and not kept: no later workbook could show that it was mended.
        committed = [at for at in sorted(submitted) if keep and self._key(filled[at]) is not None]
        looked = [at for at in range(len(filled)) if at not in set(committed)]
        fates = self._looked(settings, [rows[at] for at in looked], [at not in submitted for at in looked])
        by_row = dict(zip(looked, fates, strict=True))
        run_id, unchanged = None, 0
        if committed:
            run_id, unchanged, kept = self._commit(settings, digest, [rows[at] for at in committed])
            by_row |= {at: kept[rows[at].row_id] for at in committed}
        marks = [self._mark(each, by_row[at]) for at, each in enumerate(filled)]
        figures = self._figures(by_row, unchanged, len(upload.faults))
        found = (*(pair for mark in marks for pair in mark.findings), *upload.faults)
        taken = Taken(settings.name, template.item, figures, found, marked(path, marks, upload.faults))
        return self._account(taken, name or path.name, digest, actor, run_id, draft=draft) if keep else taken

    def _read(
        self, path: Path, organisations: Collection[str] | None
    ) -> tuple[SourceSettings, ItemTemplate, Upload, str]:
        if path.suffix.lower() != SUFFIX:
            raise UnusableWorkbook([tab_finding(Tab.NOT_A_TEMPLATE, path.name)])
        try:
            stamp = stamp_of(path)
            wrong = stale(self._pack, stamp)
            if wrong is not None:
                raise UnusableWorkbook([wrong])
            settings, template = template_of(self._configuration, stamp["item"], stamp["source"])
            if organisations is not None and settings.org not in organisations:
                raise NotItsOrganisation(settings.org)
            options = parse_hosted_options(settings.options, f"sources.d/{settings.name}.yaml")
            size = path.stat().st_size
            if size > options.largest:
                raise UnusableWorkbook([tab_finding(Tab.REFUSED, f"{size} > {options.largest}")])
            upload = read_upload(self._pack, path, template)
        except WorkbookRefused as refused:
            raise UnusableWorkbook([refused.finding]) from None
        if not upload.records and upload.faults:
            raise UnusableWorkbook([finding for _spot, finding in upload.faults])
        return settings, template, upload, hashlib.sha256(path.read_bytes()).hexdigest()

    def _without_twins(self, records: Sequence[Filled]) -> list[Filled]:
        """Give all records of a key the finding that it stands more than once."""
        seen: dict[str, list[Filled]] = {}
        for each in records:
            key = self._key(each)
            if key is not None:
                seen.setdefault(key, []).append(each)
        for alike in seen.values():
            told = "、".join(each.record.spot.address for each in alike[:10])
            for each in alike if len(alike) > 1 else ():
                each.findings.append((each.record.spot, tab_finding(Tab.TWICE, told, line=each.record.spot.row)))
        return list(records)

    def _key(self, filled: Filled) -> str | None:
        return key_of(self._pack.types[filled.record.type], filled.record.document)

    def _row(self, filled: Filled) -> Row:
        record = filled.record
        kind = self._pack.types[record.type]
        columns = {path: spot.column for path, spot in record.places.items() if spot.column is not None}
        findings = [finding for _spot, finding in filled.findings]
        return hosted_row(kind, record.document, findings, record.spot.row, columns)

    def _looked(self, settings: SourceSettings, rows: Sequence[Row], drafts: Sequence[bool]) -> list[Fate]:
        """Check rows without any ledger."""
        validator = validator_for(judging_packs(self._pack, load_packs()))
        mapper = compile_source_mapping(self._configuration, settings, self._pack)
        now = SystemClock().now().isoformat(timespec="seconds")
        seen = translate(rows, mapper, TrialNumbers().give([]), validator, settings.level, now)
        return [_trial(each, draft=draft) for each, draft in zip(seen, drafts, strict=True)]

    def _commit(self, settings: SourceSettings, digest: str, rows: Sequence[Row]) -> tuple[int, int, dict[str, Fate]]:
        """Let the ledger take rows as it takes those of any source; return the run, the unchanged ones, and every fate."""
        judging = judging_packs(self._pack, load_packs())
        handling = handling_of(self._configuration, settings, self._pack, validator_for(judging), pack_stamp(judging))
        unique = {row.row_id: row for row in rows}
        with self._opened() as ledger:
            with ledger.reading() as connection:
                if is_paused(connection, settings.name):
                    raise _paused(settings.name)
            job = Pull(ledger, HostedRows(settings.name, digest, unique.values()), handling, SystemClock())
            pulled = pull(job)
            with ledger.reading() as connection:
                kept = accounts.fates(connection, settings.name, list(unique))
        return pulled.run_id, pulled.figures.rereads, kept

    def _mark(self, filled: Filled, fate: Fate) -> Mark:
        """Return where what was found of a row stands: cells that could not be read first, then elements by their cell."""
        record = filled.record
        root = self._pack.types[record.type].element
        cells = list(filled.findings)
        known = {(finding.code, finding.path, finding.message) for _spot, finding in cells}
        for finding in fate.findings:
            if (finding.code, finding.path, finding.message) not in known:
                path = finding.path.removeprefix(f"{root}/") if finding.path != root else ""
                cells.append((record.place(path), finding))
        outcome = _OUTCOMES.get(fate.state, Words(fate.state, fate.state)).zh
        version = f"(第 {fate.version} 版)" if fate.version is not None and fate.version > 1 else ""
        return Mark(record.spot, outcome + version, tuple(cells))

    def _figures(self, by_row: dict[int, Fate], unchanged: int, faults: int) -> dict[str, int]:
        states = Counter(each.state for each in by_row.values())
        drafts = states["draft"] + states["draft-wrong"]
        good = states[_ACCEPTED] + states["good"]
        waiting = states[_WAITING] + states["parked"]
        refused = len(by_row) - drafts - good - waiting
        return {
            "records": len(by_row), "accepted": good, "waiting": waiting, "refused": refused, "drafts": drafts,
            "unchanged": unchanged, "faults": faults,
        }  # fmt: skip

    def _account(self, taken: Taken, file: str, digest: str, actor: Actor, run_id: int | None, *, draft: bool) -> Taken:
        with self._opened() as ledger, ledger.begin() as connection:
            number = accounts.keep(
                connection,
                accounts.Upload(
                    source=taken.source, item=taken.item, at=ledger.now(), actor=actor.name, file=file[:200],
                    digest=digest, draft=draft, run_id=run_id, result=zlib.compress(taken.workbook), **taken.figures,
                ),
            )  # fmt: skip
            detail = {"file": file[:200], "item": taken.item, **taken.figures}
            record_act(connection, actor, Act(UPLOAD, f"source:{taken.source}:{number}", detail=detail), ledger.now())
        return replace(taken, number=number)


def _trial(seen: Observation, *, draft: bool) -> Fate:
    refused = tuple(finding for each in seen.refused for finding in each.findings)
    if refused or not seen.drafts:
        return Fate("draft-wrong" if draft else "refused", None, refused)
    return Fate("draft" if draft else "good", None, seen.warnings)


def pushed_workbooks(configuration: Configuration, ledger: Ledger, grew: Callable[[int], None]) -> Workbooks:
    """Return what takes the workbooks that clerks push; each sender speaks for its own organisations alone."""
    desk = Desk(configuration, lambda: nullcontext(ledger))

    def take(data: bytes, sender: Sender, draft: bool) -> Marked:  # in the order of the protocol
        with TemporaryDirectory(prefix="gateway-hosted-") as folder:
            path = Path(folder, f"workbook{SUFFIX}")
            path.write_bytes(data)
            try:
                taken = desk.take(
                    path, Actor(sender.name, None, "certificate"), draft=draft, organisations=sender.organisations
                )
            except NotItsOrganisation as refused:
                raise CallRefused("3002", f"不能代 {refused} 填报 / it may not speak for this organisation") from None
            except RefusedByGate as refused:
                raise CallRefused("4002", refused.spoken("zh"), _PAUSE_SECONDS) from None
            except (UnusableWorkbook, ConfigurationError) as fault:
                raise CallRefused("1002", f"{fault.spoken('zh')} / {fault.spoken('en')}") from None
        grew(taken.figures["accepted"])
        return Marked(taken.workbook, taken.as_json())

    return take
