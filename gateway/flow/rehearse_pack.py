# SPDX-License-Identifier: Apache-2.0
"""Rehearse a pack (标准预演): judge stored documents by a new pack, and say what would newly be refused or pass."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.documents.schema import Schema
from gateway.flow.validate import PackValidator
from gateway.ledger.originals import Held
from gateway.model.finding import Finding
from gateway.model.record_type import Role
from gateway.pack import Pack
from gateway.rules import Rules

CHUNK: Final = 500
_EXAMPLES: Final = 3


@dataclass(slots=True)
class Line:
    """One rule at one department: how many records it would newly refuse, and a few of their keys."""

    organisation: str
    rule: str
    records: int = 0
    finding: Finding | None = None
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Rehearsal:
    """What came of it: records looked at, newly refused and newly passing by department and rule."""

    looked_at: int = 0
    newly_refused: int = 0
    newly_passing: int = 0
    refused: dict[tuple[str, str], Line] = field(default_factory=dict)
    passing: dict[tuple[str, str], Line] = field(default_factory=dict)
    departments: Counter[str] = field(default_factory=Counter)

    def add(self, original: Held, findings: Sequence[Finding]) -> None:
        """Count one record: ``findings`` are those of the new pack."""
        self.looked_at += 1
        self.departments[original.organisation] += 1
        wrong = {each.code: each for each in findings if each.refuses}
        if wrong and original.refused_for is None:
            self.newly_refused += 1
            for code, finding in wrong.items():
                self._note(self.refused, original, code, finding)
        elif not wrong and original.refused_for is not None:
            self.newly_passing += 1
            for code in sorted(original.refused_for):
                self._note(self.passing, original, code, None)

    def merge(self, other: "Rehearsal") -> None:
        """Take in what another part found."""
        self.looked_at += other.looked_at
        self.newly_refused += other.newly_refused
        self.newly_passing += other.newly_passing
        self.departments.update(other.departments)
        for mine, theirs in ((self.refused, other.refused), (self.passing, other.passing)):
            for at, line in theirs.items():
                own = mine.setdefault(at, Line(line.organisation, line.rule, 0, line.finding))
                own.records += line.records
                own.examples = (own.examples + line.examples)[:_EXAMPLES]

    def _note(self, table: dict[tuple[str, str], Line], original: Held, code: str, finding: Finding | None) -> None:
        at = (original.organisation, code)
        line = table.setdefault(at, Line(original.organisation, code, 0, finding))
        line.records += 1
        if len(line.examples) < _EXAMPLES:
            line.examples.append(original.key)


def lines(table: Mapping[tuple[str, str], Line]) -> list[Line]:
    """Return the lines by department, the rule with most records first."""
    return sorted(table.values(), key=lambda line: (line.organisation, -line.records, line.rule))


class PackTrial:
    """Judges documents by one pack: schema and the rules that need nothing but the record."""

    def __init__(self, pack: Pack) -> None:
        """Compile; raises ConfigurationError where the pack contradicts itself."""
        self._organisations = {
            code: re.compile(rf"<{path}>([^<]*)</{path}>".encode())
            for code, kind in pack.types.items()
            if "/" not in (path := kind.roles[Role.ORGANISATION])
        }
        self._validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack))

    def run(self, originals: Iterable[Held]) -> Iterator[Rehearsal]:
        """Yield what came of each chunk."""
        chunk: list[Held] = []
        for each in originals:
            chunk.append(each)
            if len(chunk) == CHUNK:
                yield self._judge(chunk)
                chunk = []
        if chunk:
            yield self._judge(chunk)

    def _judge(self, chunk: Sequence[Held]) -> Rehearsal:
        found = Rehearsal()
        for original, (findings, _facts) in zip(
            chunk, self._validator.check([each.document for each in chunk]), strict=True
        ):
            found.add(original._replace(organisation=self._organisation(original)), findings)
        return found

    def _organisation(self, original: Held) -> str:
        """Return whose record it is: what the ledger says or, of a refusal, the document itself."""
        form = self._organisations.get(original.type)
        told = form.search(original.document) if form is not None and not original.organisation else None
        return told.group(1).decode("utf-8", "replace") if told is not None else original.organisation
