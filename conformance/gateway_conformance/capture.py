# SPDX-License-Identifier: Apache-2.0
"""Captured records and what the gateway's own validator says of them: one code base, so no split verdicts."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from gateway.documents.record_file import lay_out
from gateway.documents.safexml import Element
from gateway.documents.schema import Schema
from gateway.flow.surroundings import CaseBench, Head, Surroundings
from gateway.flow.validate import PackValidator
from gateway.legal import LegalClock
from gateway.model.finding import Finding
from gateway.pack import Pack, load_pack
from gateway.rules import CaseRules, Rules

PREFIX: Final = r"(?:[\w.-]+:)?"
"""What may stand before the name of an element in a document: a namespace prefix is the sender's choice."""


@dataclass(frozen=True, slots=True)
class CapturedRecord:
    """One record as the system gave it: what stands around the payload, and the payload as a document of its own."""

    key: str
    version: int
    digest: str
    record_id: str
    document: bytes
    computed_digest: str = ""
    type: str = ""

    def text(self, element: str) -> str | None:
        """Return the text of the first element of this name, by pattern: the document need not be valid."""
        found = re.search(f"<{PREFIX}{element}(?:\\s[^>]*)?>([^<]*)</{PREFIX}{element}>".encode(), self.document)
        return html.unescape(found.group(1).decode("utf-8", "replace")).strip() if found else None

    @property
    def case(self) -> str:
        """The case number, or empty."""
        return self.text("caseNo") or ""

    @property
    def day(self) -> str:
        """The date of occurredAt."""
        return (self.text("occurredAt") or "")[:10]


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding of the gateway's validator with the record it is about."""

    record: CapturedRecord
    finding: Finding


@cache
def _compiled() -> tuple[Pack, LegalClock, PackValidator, dict[str, CaseBench]]:
    """Return pack, legal clock, validator and the rules of cases; compiled once a process."""
    pack = load_pack()
    clock = LegalClock(pack)
    validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack, clock.calendar()))
    return pack, clock, validator, {pack.name: CaseBench(pack, CaseRules(pack), clock)}


class Judge:
    """The gateway's validator over one pack and the approved catalogue of the system's items."""

    def __init__(self, catalogue: Path | None) -> None:
        self.pack, self.clock, self._validator, self._cases = _compiled()
        self._names = {f"{{{self.pack.namespace}}}{name}": kind for name, kind in self.pack.by_element.items()}
        self._catalogue = [part.document for part in lay_out(catalogue.read_bytes()).parts] if catalogue else []

    def type_of(self, document: bytes) -> str:
        """Return the record type code of a document, or empty."""
        found = re.match(rb"(?:<\?[^>]*\?>)?\s*<(?:[\w.-]+:)?([\w.-]+)", document)
        kind = self.pack.by_element.get(found.group(1).decode()) if found else None
        return kind.code if kind else ""

    def judge(self, records: Sequence[CapturedRecord], sender: str, now: str) -> list[Judged]:
        """Return everything that the validator finds wrong with the records, case by case and with their catalogue."""
        around = Surroundings(self._cases, self.pack.name, Head(sender, now))
        documents = [*self._catalogue, *(record.document for record in records)]
        around.foresee(documents)
        levels = [around.level(document) for document in documents]
        skipped = len(self._catalogue)
        found: list[Judged] = []
        broken: set[str] = set()
        for number, (seen, findings) in enumerate(self._validator.check_file(documents, levels, now)):
            if number >= skipped:
                record = records[number - skipped]
                found.extend(Judged(record, finding) for finding in findings)
                if seen.findings:
                    broken.add(record.case)
            if seen.element is not None and not seen.findings:
                self._add(around, number, seen.element)
        return found + self._of_cases(around, records, skipped, broken)

    def _add(self, around: Surroundings, number: int, element: Element) -> None:
        kind = self._names.get(str(element.tag))
        if kind is None:
            return
        given = {role: _text(element, self.pack.namespace, path) for role, path in kind.roles.items()}
        key = kind.key_of(given)
        if key:
            around.add((number, 1), self.pack.name, kind, given, key, element)

    def _of_cases(
        self, around: Surroundings, records: Sequence[CapturedRecord], skipped: int, broken: set[str]
    ) -> list[Judged]:
        """Return case and catalogue findings; a case that lacks a record for its schema is not judged as a whole."""
        held = {record.key for record in records}
        found = []
        for located in around.judge():
            if located.number < skipped:
                continue
            record = records[located.number - skipped]
            whole = record.case not in broken or located.finding.code.startswith(("CAT", "SND"))
            superseded = located.finding.code == "CAS-028" and record.text("targetKey") not in held
            if whole and not superseded:
                found.append(Judged(record, located.finding))
        return found


def _text(element: Element, namespace: str, path: str) -> str | None:
    return element.findtext("/".join(f"{{{namespace}}}{step}" for step in path.split("/")))


@dataclass(slots=True)
class Capture:
    """What a system gave in one sweep, and the raw messages it came in."""

    records: Sequence[CapturedRecord]
    messages: Sequence[bytes]
    judge: Judge
    sender: str
    now: str
    _judged: list[Judged] | None = field(default=None)

    @property
    def judged(self) -> list[Judged]:
        """Everything that the gateway's validator finds; computed once."""
        if self._judged is None:
            self._judged = self.judge.judge(self.records, self.sender, self.now)
        return self._judged

    def by_case(self) -> dict[str, list[CapturedRecord]]:
        """Return the records by case number, without those of no case."""
        cases: dict[str, list[CapturedRecord]] = defaultdict(list)
        for record in self.records:
            if record.case:
                cases[record.case].append(record)
        return dict(cases)

    def having(self, *elements: str) -> list[CapturedRecord]:
        """Return the records that hold any of these elements."""
        marks = [re.compile(f"<{PREFIX}{element}[\\s>]".encode()) for element in elements]
        return [record for record in self.records if any(mark.search(record.document) for mark in marks)]


def keys(records: Iterable[CapturedRecord]) -> list[str]:
    """Return the keys in the order given."""
    return [record.key for record in records]
