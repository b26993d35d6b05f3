# SPDX-License-Identifier: Apache-2.0
"""Surroundings (上下文) of the records of a file: history, catalogue, sender and time, from the file itself.

That is how ``gateway validate`` judges without configuration (standard.md §6, "Rule codes"): a case of which the file
holds one record has no history here; a file without items has no catalogue, one without Head neither sender nor time.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice, takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from gateway.ledger.findings import from_json, to_json
from gateway.ledger.spool import Spool
from gateway.legal import LegalClock
from gateway.model.finding import Finding
from gateway.model.record_type import LaneKind, RecordType, Role, case_in
from gateway.pack import Pack
from gateway.rules import CaseRecord, CaseRules, Context, RecordedCatalogue, Sender

_AT_ONCE = 500
"""Records that are written to the spool, or judged where they belong to no case, at once."""

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
    text: str


class Surroundings:
    """Gathers what the records of one file say of each other, and judges them together, each by the pack of its day.

    Facts and findings are spooled to a private database on disk, so that a file of any size costs little memory.
    """

    def __init__(self, benches: Mapping[str, CaseBench], newest: str, head: Head) -> None:
        """Take the packs by name; the ``newest`` names what a file may hold."""
        self._benches = benches
        self.head = head
        pack = benches[newest].pack
        self._results = frozenset(pack.toml("rules/sets.toml")["levels"]["results"])
        self._by_element = {name.encode(): kind.code for name, kind in pack.by_element.items()}
        self._every_stage: set[bytes] = set()
        self._fresh: list[tuple[Any, ...]] = []
        self._held: Spool | None = None
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
        sequence, version = given.get(Role.SEQUENCE) or "0", given.get(Role.VERSION) or "1"
        facts = self._benches[pack].rules.table.take(kind.code, element)  # type: ignore[arg-type] # lxml's elements are such nodes
        record = CaseRecord(
            kind.code, key, int(version), int(sequence), given.get(Role.OCCURRED_AT) or "", kind.withdraws, facts
        )
        kept = [record.type, key, record.version, record.sequence, record.occurred_at, record.withdrawn, facts]
        case = None if kind.lane is LaneKind.OWN else record.case or key
        self._fresh.append((case, *place, pack, json.dumps(kept, ensure_ascii=False)))
        if len(self._fresh) >= _AT_ONCE:
            self._write()

    def judge(self) -> Iterator[Located]:
        """Yield what case, catalogue and sender rules find, in the order of the file."""
        held = self._write()
        master = [_read(row[4]) for row in takewhile(_is_caseless, held.rows())]
        catalogues = {
            name: known if (known := RecordedCatalogue.of(bench.rules.table, master)).items else None
            for name, bench in self._benches.items()
        }
        found = Spool(("number", "code", "path", "key", "type", "finding"), ("number", "code", "path"))
        for case, records in groupby(held.rows(), key=itemgetter(0)):
            for part in _parts(records, _AT_ONCE if case is None else None):
                found.add(map(_row, self._judge_case(case, part, catalogues)))
        held.close()
        for number, _code, _path, key, type_, text in found.rows():
            (finding,) = from_json(text)
            yield Located(number, key, type_, finding)
        found.close()

    def _write(self) -> Spool:
        """Write what has gathered to the spool."""
        if self._held is None:
            self._held = Spool(("case_no", "number", "line", "pack", "text"), ("case_no", "number"))
        self._held.add(self._fresh)
        self._fresh = []
        return self._held

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
        return frozenset(self._lacking)

    def _glance(self, document: bytes) -> tuple[str | None, bytes | None]:
        """Return type and case of a document without parsing it."""
        element = _ELEMENT.search(document.removeprefix(b"<?"))
        case = _CASE_NO.search(document, 0, 4096)
        code = self._by_element.get(element.group(1)) if element else None
        return code, case.group(1).strip() if case else None


def _is_caseless(row: tuple[Any, ...]) -> bool:
    return row[0] is None


def _read(text: str) -> CaseRecord:
    return CaseRecord(*json.loads(text))


def _parts(rows: Iterable[tuple[Any, ...]], size: int | None) -> Iterator[list[tuple[_Kept, CaseRecord]]]:
    """Yield the records of one case: all of them, or parts of ``size`` where they have nothing to do with each other."""
    while part := [(_Kept(*row[1:]), _read(row[4])) for row in islice(rows, size)]:
        yield part


def _row(found: Located) -> tuple[Any, ...]:
    finding = found.finding
    return found.number, finding.code, finding.path, found.key, found.type, to_json([finding])
