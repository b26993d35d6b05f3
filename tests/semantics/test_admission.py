# SPDX-License-Identifier: Apache-2.0
"""Who may enter a case: B9 to B11 with rules, and whatever the order of arrival."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from gateway.model.case_record import CaseRecord
from gateway.model.finding import Finding, Stage
from gateway.model.record import Level
from gateway.model.record_type import LaneKind, RecordType
from gateway.model.words import Words
from gateway.semantics.admission import Admission, Candidate, Findings, Mark, admit, still_broken

TYPES = {
    code: RecordType(code, code.lower(), Words(code, code), "CF", rank, LaneKind.CASE, predecessors, {}, False)
    for code, rank, predecessors in (("LA", 10, ()), ("JD", 30, ("LA",)), ("ZX", 40, ("JD",)))
}


class Judge:
    """Two rules: a decision needs its filing (may still come), and isn't dated before it (a correction may mend it)."""

    def __init__(self) -> None:
        self.master_data: dict[str, str] = {}

    def judge(
        self, history: Sequence[CaseRecord], new: Sequence[Candidate], _master: Sequence[CaseRecord] | None, /
    ) -> Findings:
        standing: dict[str, CaseRecord] = {}
        for each in (*history, *(candidate.record for candidate in new)):
            if each.key not in standing or standing[each.key].version < each.version:
                standing[each.key] = each
        filed = [each.occurred_at for each in standing.values() if each.type == "LA"]
        found: dict[Mark, tuple[Finding, ...]] = {}
        for candidate in new:
            each = candidate.record
            if each.type == "JD" and standing[each.key] is each and (not filed or each.occurred_at < filed[0]):
                code = "CAS-NO-FILING" if not filed else "CAS-BEFORE-FILING"
                found[each.key, each.version] = (
                    Finding(code, Stage.VALIDATE, "jd", Words("错", "wrong"), Words("改", "mend")),
                )
        return found

    def wants_history(self, _types: frozenset[str], _level: Level, /) -> bool:
        return True

    def depends_on_state(self, _code: str, /) -> bool:
        return True


def candidate(type_: str, day: int, version: int = 1, case: str = "c1") -> Candidate:
    record = CaseRecord(
        type_, f"{type_}:{case}:1", version, 1, f"2026-01-{day:02}T09:00:00+08:00", False, {}, "org", "item", case
    )
    return Candidate(record, Level.L3, passes=False, is_new=False)


def decided(candidates: Sequence[Candidate]) -> Admission:
    return admit([], candidates, None, Judge(), TYPES)


def broken(suspect: Candidate, *others: Candidate) -> set[Mark]:
    return still_broken([suspect], [], [suspect, *others], None, Judge(), TYPES)


LA, JD, ZX = candidate("LA", 5), candidate("JD", 6), candidate("ZX", 7)


@pytest.mark.parametrize("order", list(permutations((LA, JD, ZX))))
def test_the_answer_does_not_depend_on_the_order(order: tuple[Candidate, ...]) -> None:
    admission = decided(order)
    assert {each.mark for each in admission.admitted} == {LA.mark, JD.mark, ZX.mark}


def test_b09_who_follows_a_record_that_waits_waits_with_it() -> None:
    admission = decided([JD, ZX])
    assert not admission.admitted
    assert [each.code for each in admission.waiting[JD.mark]] == ["CAS-NO-FILING"]
    assert admission.waiting[ZX.mark] == ()


def test_b11_a_version_that_only_waited_for_another_record_goes_before_its_correction() -> None:
    corrected = candidate("JD", 8, version=2)
    assert {each.mark for each in decided([LA, JD, corrected]).admitted} == {LA.mark, JD.mark, corrected.mark}
    assert broken(JD, LA, corrected) == set()


def test_b11_a_version_that_breaks_a_rule_which_its_correction_mends_never_goes() -> None:
    early, corrected = candidate("JD", 3), candidate("JD", 8, version=2)
    assert broken(early, LA, corrected) == {early.mark}


def test_b11_a_correction_elsewhere_in_the_case_lets_the_version_go() -> None:
    filed_late = candidate("LA", 9)
    filed, corrected = candidate("LA", 5, version=2), candidate("JD", 8, version=2)
    assert broken(JD, filed_late, filed, corrected) == set()


def test_b11_what_stands_in_other_cases_does_not_matter() -> None:
    corrected = candidate("JD", 8, version=2)
    assert broken(JD, candidate("LA", 5, case="c2"), corrected) == {JD.mark}
