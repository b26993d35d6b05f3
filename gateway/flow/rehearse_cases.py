# SPDX-License-Identifier: Apache-2.0
"""Rehearse the rules of cases, catalogue and bodies (案件规则预演): stored records judged case by case by another pack.

What is needed of each record is spooled to a private database on disk, so that a million records cost no memory.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from gateway.ledger.originals import Held
from gateway.ledger.spool import Spool
from gateway.model.case_record import CaseFacts, CaseRecord
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.model.record_type import sequence_in
from gateway.pack import Pack, PackSet
from gateway.rules.judge import PackJudge
from gateway.semantics.admission import Candidate

BATCH: Final = 500

_Entry = tuple[str | None, str]
"""A record in the spool: its case, and itself as JSON."""

Spooled = tuple[Held, CaseRecord]
"""An original without its document, and the record that the rules see."""

Judged = tuple[Held, tuple[Finding, ...]]


class CaseTrial:
    """Takes up the records that are clean by themselves, then judges them together."""

    def __init__(
        self, pack: Pack, master: Sequence[CaseRecord], *, required: bool = False,
        rest: Callable[[Sequence[str]], Iterable[CaseRecord]] | None = None,
    ) -> None:  # fmt: skip
        """Judge by ``pack`` and the catalogue in ``master``, which binds everybody where it is ``required``.

        ``rest`` gives the accepted records of cases, where the originals are only part of what is held.
        """
        self._types = pack.types
        self._judge = PackJudge(PackSet.of(pack))
        self._kinds = self._judge.master_data
        self._master: dict[str, list[CaseRecord]] = {}
        for each in master:
            self._master.setdefault(each.key, []).append(each)
        self._bodies = None if required else {each.org for each in master if each.type == self._kinds["item"]}
        self._rest = rest
        self._spool = Spool(("case_no", "entry"), ("case_no",))

    def depends_on_state(self, code: str) -> bool:
        """Tell whether a record with this finding would wait instead of being refused."""
        return self._judge.depends_on_state(code)

    def add(self, chunk: Iterable[tuple[Held, CaseFacts]]) -> None:
        """Keep records that the schema and the rules of records let pass."""
        self._spool.add(self._entry(*each) for each in chunk)

    def run(self) -> Iterator[list[Judged]]:
        """Yield what the rules find, some cases at a time."""
        batch: list[tuple[str | None, list[Spooled]]] = []
        size = 0
        for case, entries in groupby(self._spool.rows(), key=itemgetter(0)):
            for part in (
                _parts(_read(entry) for _case, entry in entries) if case is None else [list(map(_read_row, entries))]
            ):
                batch.append((case, part))
                size += len(part)
            if size >= BATCH:
                yield self._judged(batch)
                batch, size = [], 0
        if batch:
            yield self._judged(batch)
        self._spool.close()

    def _entry(self, held: Held, facts: CaseFacts) -> _Entry:
        refused_for = None if held.refused_for is None else sorted(held.refused_for)
        kept = [
            held.organisation,
            held.type,
            held.key,
            refused_for,
            held.version,
            held.item,
            held.occurred_at,
            held.level,
        ]
        record = self._record(held, facts)
        return record.case, json.dumps([*kept, held.case_no, facts, record.withdrawn], ensure_ascii=False)

    def _record(self, held: Held, facts: CaseFacts) -> CaseRecord:
        return case_record(held, facts, withdrawn=self._types[held.type].withdraws)

    def _judged(self, cases: Sequence[tuple[str | None, list[Spooled]]]) -> list[Judged]:
        """Judge what is held together; what was refused, each beside what is held."""
        history = self._history(cases)
        entered = [each for _case, records in cases for each in records if not _is_outside(each[0])]
        found = self._findings(history, entered)
        told = [(held, found.get((record.key, record.version), ())) for held, record in entered]
        standing = [record for _held, record in entered]
        for outside in (each for _case, records in cases for each in records if _is_outside(each[0])):
            beside = self._findings([*history, *standing], [outside])
            told.append((outside[0], beside.get((outside[1].key, outside[1].version), ())))
        return told

    def _history(self, cases: Sequence[tuple[str | None, list[Spooled]]]) -> list[CaseRecord]:
        if self._rest is None:
            return []
        ours = {(record.key, record.version) for _case, records in cases for _held, record in records}
        named = [case for case, _records in cases if case is not None]
        return [each for each in self._rest(named) if (each.key, each.version) not in ours]

    def _findings(
        self, history: Sequence[CaseRecord], records: Sequence[Spooled]
    ) -> Mapping[tuple[str, int], tuple[Finding, ...]]:
        candidates = [
            Candidate(record, Level(held.level), passes=True, is_new=True, has_catalogue=self._binds(record))
            for held, record in records
        ]
        return self._judge.judge(history, candidates, self._catalogue(record for _held, record in records))

    def _binds(self, record: CaseRecord) -> bool:
        return self._bodies is None or record.org in self._bodies

    def _catalogue(self, records: Iterable[CaseRecord]) -> list[CaseRecord]:
        keys: set[str] = set()
        for each in records:
            keys.update(f"{self._kinds[kind]}:{each.item}" for kind in ("item", "flow") if each.item)
            keys.add(f"{self._kinds['body']}:{each.org}")
        return [each for key in sorted(keys) for each in self._master.get(key, ())]


def case_record(held: Held, facts: CaseFacts, *, withdrawn: bool) -> CaseRecord:
    """Return an original as the rules of its case see it."""
    return CaseRecord(
        held.type, held.key, held.version, sequence_in(held.key), held.occurred_at, withdrawn, facts,
        held.organisation, held.item, held.case_no,
    )  # fmt: skip


def _is_outside(held: Held) -> bool:
    return held.refused_for is not None


def _read_row(row: _Entry) -> Spooled:
    return _read(row[1])


def _read(entry: str) -> Spooled:
    org, type_, key, refused_for, version, item, occurred, level, case_no, facts, withdrawn = json.loads(entry)
    held = Held(
        org, type_, key, b"", None if refused_for is None else frozenset(refused_for), version, case_no, item, occurred,
        level,
    )  # fmt: skip
    return held, case_record(held, facts, withdrawn=withdrawn)


def _parts(records: Iterable[Spooled]) -> Iterator[list[Spooled]]:
    """Cut what belongs to no case into parts of a bounded size."""
    part: list[Spooled] = []
    for each in records:
        part.append(each)
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part
