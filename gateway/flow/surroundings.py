# SPDX-License-Identifier: Apache-2.0
"""Surroundings (上下文) of the records of a file: history, catalogue, sender and time, from the file itself.

That is how ``gateway validate`` judges without configuration (standard.md §6, "Rule codes"): a case of which the file
holds one record has no history here; a file without items has no catalogue, one without Head neither sender nor time.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gateway.legal import LegalClock
from gateway.model.finding import Finding
from gateway.model.record_type import LaneKind, RecordType, Role, case_in
from gateway.pack import Pack
from gateway.rules import CaseRecord, CaseRules, Context, RecordedCatalogue, Sender

MOST_RECORDS = 100_000
"""Records whose facts are kept at once; beyond it the rules of cases are not evaluated."""

_ELEMENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_CASE_NO = re.compile(rb"caseNo[^>]*>([^<]*)<")


class Head(NamedTuple):
    """What the Head of a package tells."""

    sender: str | None = None
    now: str | None = None


class Located(NamedTuple):
    """A finding of a case rule: which record of the file (from 0) it belongs to, and its key and type."""

    number: int
    key: str
    type: str
    finding: Finding


class CaseBench(NamedTuple):
    """One pack with its rules of cases and its clock."""

    pack: Pack
    rules: CaseRules
    clock: LegalClock


class _Kept(NamedTuple):
    """A record whose facts are kept: its number and line in the file, the name of its pack, and itself as JSON."""

    number: int
    line: int
    pack: str
    text: bytes


class Surroundings:
    """Gathers what the records of one file say of each other, and judges them together, each by the pack of its day."""

    def __init__(self, benches: Mapping[str, CaseBench], newest: str, head: Head) -> None:
        """Take the packs by name; the ``newest`` names what a file may hold."""
        self._benches = benches
        self.head = head
        pack = benches[newest].pack
        self._results = frozenset(pack.toml("rules/sets.toml")["levels"]["results"])
        self._by_element = {name.encode(): kind.code for name, kind in pack.by_element.items()}
        self._every_stage: set[bytes] = set()
        self._cases: dict[str | None, list[_Kept]] = {}
        self._count = 0
        self._lacking: set[str] = set()

    def foresee(self, documents: Iterable[bytes]) -> None:
        """Note the cases of which documents report every stage, so that results are judged likewise."""
        for document in documents:
            code, case = self._glance(document)
            if case is not None and code not in self._results:
                self._every_stage.add(case)

    def level(self, document: bytes) -> str:
        """Return the level by which a record is judged: L2, or L1 for a result that comes without its stages."""
        code, case = self._glance(document)
        return "L2" if code not in self._results or case in self._every_stage else "L1"

    def add(
        self, place: tuple[int, int], pack: str, kind: RecordType, given: dict[Role, str | None], key: str,
        element: object,
    ) -> None:  # fmt: skip
        """Keep the facts of a record that holds to the XSD; ``place`` is its number and line in the file."""
        self._count += 1
        if self._count > MOST_RECORDS:
            self._cases.clear()
            return
        sequence, version = given.get(Role.SEQUENCE) or "0", given.get(Role.VERSION) or "1"
        facts = self._benches[pack].rules.table.take(kind.code, element)  # type: ignore[arg-type] # lxml's elements are such nodes
        record = CaseRecord(
            kind.code, key, int(version), int(sequence), given.get(Role.OCCURRED_AT) or "", kind.withdraws, facts
        )
        kept = [record.type, key, record.version, record.sequence, record.occurred_at, record.withdrawn, facts]
        case = None if kind.lane is LaneKind.OWN else record.case or key
        self._cases.setdefault(case, []).append(_Kept(*place, pack, json.dumps(kept, ensure_ascii=False).encode()))

    def judge(self) -> Iterator[Located]:
        """Yield what case, catalogue and sender rules find, in the order of the file."""
        master = [_read(kept.text) for kept in self._cases.get(None, ())]
        catalogues = {
            name: held if (held := RecordedCatalogue.of(bench.rules.table, master)).items else None
            for name, bench in self._benches.items()
        }
        found: list[Located] = []
        for case, kept in self._cases.items():
            found += self._judge_case(case, [(each, _read(each.text)) for each in kept], catalogues)
        yield from sorted(found, key=lambda each: (each.number, each.finding.code, each.finding.path))

    def _judge_case(
        self, case: str | None, records: Sequence[tuple[_Kept, CaseRecord]],
        catalogues: Mapping[str, RecordedCatalogue | None],
    ) -> Iterator[Located]:  # fmt: skip
        """Judge the records of one case; those of another pack's time are history to each other."""
        name = (case_in(records[0][1].key) or "").encode()
        sender = None if self.head.sender is None else Sender(self.head.sender)
        level = "L2" if case is None or name in self._every_stage else "L1"
        for pack in dict.fromkeys(kept.pack for kept, _record in records):
            bench = self._benches[pack]
            context = Context(
                catalogues[pack], sender, bench.clock, level, history=case is not None and len(records) > 1
            )
            own = [record for kept, record in records if kept.pack == pack]
            others = [record for kept, record in records if kept.pack != pack]
            self._lacking |= set(bench.rules.not_evaluated(context, {record.type for record in own}))
            findings = bench.rules.check(others, own, context)
            for kept, record in records:
                for finding in findings.get((record.key, record.version), ()) if kept.pack == pack else ():
                    yield Located(kept.number, record.key, record.type, replace(finding, line=kept.line))

    @property
    def not_evaluated(self) -> frozenset[str]:
        """Codes of the case rules that lacked their context for some record of the file."""
        too_many = (
            {code for bench in self._benches.values() for code in bench.rules.rules}
            if self._count > MOST_RECORDS
            else set()
        )
        return frozenset(self._lacking | too_many)

    def _glance(self, document: bytes) -> tuple[str | None, bytes | None]:
        """Return type and case of a document without parsing it."""
        element = _ELEMENT.search(document.removeprefix(b"<?"))
        case = _CASE_NO.search(document, 0, 4096)
        code = self._by_element.get(element.group(1)) if element else None
        return code, case.group(1).strip() if case else None


def _read(kept: bytes) -> CaseRecord:
    return CaseRecord(*json.loads(kept))
