# SPDX-License-Identifier: Apache-2.0
"""Rehearse a pack (标准预演): judge stored documents by a new pack, and say what would newly be refused or pass."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.documents.schema import Schema
from gateway.flow.rehearse_cases import CaseTrial, case_record
from gateway.flow.validate import PackValidator
from gateway.ledger.originals import Held
from gateway.legal import LegalClock
from gateway.model.case_record import CaseFacts, CaseRecord
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.model.record_type import RecordType, Role
from gateway.pack import Pack
from gateway.ports import Examined
from gateway.rules import Rules

CHUNK: Final = 500
_EXAMPLES: Final = 3


@dataclass(slots=True)
class Line:
    """One rule at one department: how many records it would newly refuse, and a few of their keys.

    ``waits``: an arrival may mend what the rule says, so such a record would wait.
    """

    organisation: str
    rule: str
    waits: bool = False
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

    def see(self, original: Held) -> None:
        """Count one record that was looked at."""
        self.looked_at += 1
        self.departments[original.organisation] += 1

    def note(
        self, original: Held, findings: Iterable[Finding], waits: Callable[[str], bool] = lambda _c: False
    ) -> None:
        """Note what all rules of the new pack find of one record; ``waits`` tells of a code that an arrival may mend."""
        wrong = {each.code: each for each in findings if each.refuses}
        if wrong and original.refused_for is None:
            self.newly_refused += 1
            for code, finding in wrong.items():
                self._note(self.refused, original, code, finding, waits=waits(code))
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
                own = mine.setdefault(at, Line(line.organisation, line.rule, line.waits, 0, line.finding))
                own.records += line.records
                own.examples = (own.examples + line.examples)[:_EXAMPLES]

    def _note(
        self, table: dict[tuple[str, str], Line], original: Held, code: str, finding: Finding | None,
        *, waits: bool = False,
    ) -> None:  # fmt: skip
        at = (original.organisation, code)
        line = table.setdefault(at, Line(original.organisation, code, waits, 0, finding))
        line.records += 1
        if len(line.examples) < _EXAMPLES:
            line.examples.append(original.key)


def lines(table: Mapping[tuple[str, str], Line]) -> list[Line]:
    """Return the lines by department, the rule with most records first."""
    return sorted(table.values(), key=lambda line: (line.organisation, -line.records, line.rule))


class PackTrial:
    """Judges documents by one pack: schema, the rules of records and, with the catalogue held, those of their cases."""

    def __init__(
        self, pack: Pack, *, master: Iterable[Held] = (), required: bool = False,
        rest: Callable[[Sequence[str]], Iterable[Held]] | None = None,
    ) -> None:  # fmt: skip
        """Compile; raises ConfigurationError where the pack contradicts itself.

        ``master`` is the catalogue held, ``required`` whether it binds bodies of which it holds no item. ``rest`` gives
        the accepted records of cases, where what is run is only part of what is held.
        """
        self._types = pack.types
        self._forms = {code: _forms(kind) for code, kind in pack.types.items()}
        self._validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack, LegalClock(pack).calendar()))
        self._rest = rest
        self._cases = CaseTrial(
            pack, list(self._records(master)), required=required, rest=None if rest is None else self._rest_of,
        )  # fmt: skip

    def run(self, originals: Iterable[Held]) -> Iterator[Rehearsal]:
        """Yield what came of each chunk, then what the rules of cases say of those that are clean by themselves."""
        for chunk in _chunks(originals):
            yield self._judge(chunk)
        for judged in self._cases.run():
            found = Rehearsal()
            for original, findings in judged:
                found.note(original, findings, self._cases.depends_on_state)
            yield found

    def _judge(self, chunk: Sequence[Held]) -> Rehearsal:
        found = Rehearsal()
        clean: list[tuple[Held, CaseFacts]] = []
        for original, (findings, facts) in self._examined(chunk):
            found.see(original)
            if facts is None or any(each.refuses for each in findings):
                found.note(original, findings)
            else:
                clean.append((original, facts))
        self._cases.add(clean)
        return found

    def _examined(self, chunk: Sequence[Held]) -> Iterator[tuple[Held, Examined]]:
        """Yield originals with what the pack says of them; those of one level are checked together."""
        for level in sorted({each.level for each in chunk}):
            like = [each for each in chunk if each.level == level]
            checked = self._validator.check([each.document for each in like], Level(level))
            yield from zip(map(self._completed, like), checked, strict=True)

    def _records(self, originals: Iterable[Held]) -> Iterator[CaseRecord]:
        for chunk in _chunks(originals):
            for original, (_findings, facts) in self._examined(chunk):
                if facts is not None:
                    yield case_record(original, facts, withdrawn=self._types[original.type].withdraws)

    def _rest_of(self, cases: Sequence[str]) -> Iterator[CaseRecord]:
        return self._records(self._rest(cases) if self._rest is not None else ())

    def _completed(self, original: Held) -> Held:
        """Return an original with what the ledger does not know of a refusal, taken from the document itself."""
        if original.organisation or original.type not in self._forms:
            return original
        told = {
            name: found.group(1).decode("utf-8", "replace")
            for name, form in self._forms[original.type].items()
            if (found := form.search(original.document)) is not None
        }
        return original._replace(
            organisation=told.get("organisation", ""), item=told.get("item"), occurred_at=told.get("occurred_at", "")
        )


_FROM_DOCUMENT: Final = {
    "organisation": Role.ORGANISATION, "item": Role.ITEM, "occurred_at": Role.OCCURRED_AT,
}  # fmt: skip


def _forms(kind: RecordType) -> dict[str, re.Pattern[bytes]]:
    """Return where a document of this type tells its body, item and time."""
    return {
        name: re.compile(rf"<{path}>([^<]*)</{path}>".encode())
        for name, role in _FROM_DOCUMENT.items()
        if (path := kind.roles.get(role)) is not None and "/" not in path
    }


def _chunks(originals: Iterable[Held]) -> Iterator[list[Held]]:
    chunk: list[Held] = []
    for each in originals:
        chunk.append(each)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
