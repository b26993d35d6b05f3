# SPDX-License-Identifier: Apache-2.0
"""Translate: rows through the mapping into drafts, and drafts through the validator (映射、校验)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.model.finding import Finding
from gateway.model.record import Draft, Level, Observation, Refused, Row
from gateway.model.words import Words
from gateway.ports import AllocationRequest, Examined, Mapped, Mapper, Validator
from gateway.semantics.names import named_refused

BROKE = "MAP-091"
FINDINGS = {
    BROKE: (
        Words("处理该行时程序中断:{how}", "working on this row breaks the program: {how}"),
        Words(
            "原始行已留存,其余各行不受影响;把该行和映射交给网关的维护者",
            "the raw row is kept, all others went on; show row and mapping to whoever maintains the gateway",
        ),
    ),
}
"""Sentences of this stage's own findings: what is wrong, and the way to mend it."""


def translate(
    rows: Sequence[Row], mapper: Mapper, numbers: Mapping[AllocationRequest, int], validator: Validator,
    level: Level | None = None, now: str | None = None,
) -> list[Observation]:  # fmt: skip
    """Turn rows into observations: drafts that passed every check, and refusals with their findings.

    ``level`` is that of the source, ``now`` the time (ISO, +08:00): rules that ask for them are silent without.
    """
    mapped = [mapper.map(row, numbers) for row in rows]
    drafts = [draft for each in mapped for draft in each.drafts]
    documents = [draft.document() for draft in drafts]
    checked = validator.check(documents, level, now)
    if not any(each.findings for each in checked) and not any(each.refused for each in mapped):
        facts = iter(checked)
        return [
            Observation(
                row, tuple([draft._replace(facts=next(facts).facts) for draft in each.drafts]), (), ignored=each.ignored
            )
            for row, each in zip(rows, mapped, strict=True)
        ]
    findings = iter(zip(documents, checked, strict=True))
    seen = [_observe(row, each, [next(findings) for _ in each.drafts]) for row, each in zip(rows, mapped, strict=True)]
    return [_spotted(each) if each.row.spot is not None else each for each in seen]


def _observe(row: Row, mapped: Mapped, checked: Sequence[tuple[bytes, Examined]]) -> Observation:
    kept: list[Draft] = []
    refused = list(mapped.refused)
    warnings: list[Finding] = []
    fallen = {each.key for each in mapped.refused if each.key}
    for draft, (document, (findings, facts)) in zip(mapped.drafts, checked, strict=True):
        reasons = findings if any(each.refuses for each in findings) else named_refused(draft, fallen)
        if reasons:
            fallen.add(draft.key)
            refused.append(Refused(reasons, draft.type, draft.key, draft.case_no, document))
        else:
            kept.append(draft._replace(facts=facts))
            warnings.extend(findings)
    return Observation(row, tuple(kept), tuple(refused), tuple(warnings), ignored=mapped.ignored)


def _spotted(observation: Observation) -> Observation:
    """Give the findings of a row that stands in a file their line, and where they name a column, its number too."""
    refused = tuple(replace(each, findings=_at(observation.row, each.findings)) for each in observation.refused)
    return observation._replace(refused=refused, warnings=_at(observation.row, observation.warnings))


def _at(row: Row, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    spot = row.spot
    if spot is None:
        return tuple(findings)
    return tuple(replace(each, line=spot.line, column=spot.columns.get(each.path)) for each in findings)


class TrialNumbers:
    """Numbers for a trial: like the ledger's, but counted from 1 and forgotten afterwards."""

    def __init__(self) -> None:
        self._given: dict[AllocationRequest, int] = {}
        self._last: dict[tuple[str, str], int] = {}

    def give(self, requests: Iterable[AllocationRequest]) -> Mapping[AllocationRequest, int]:
        """Return all numbers given so far, those of ``requests`` included."""
        for request in requests:
            if request not in self._given:
                scope = (request.name, request.scope)
                self._last[scope] = self._given[request] = self._last.get(scope, 0) + 1
        return self._given
