# SPDX-License-Identifier: Apache-2.0
"""Who may enter a case (ledger.md B9-B11): rules and gate over all that waits in it at once, without any I/O.

What is new or waits is judged as if all of it were there; whoever breaks a rule, or lacks its predecessor, is left out,
and the others are judged again without it, until nobody has to go. So the answer does not depend on who came first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.model.case_record import CaseRecord, Sender
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.model.record_type import RecordType
from gateway.semantics.order import Pending, opened, type_of

Mark = tuple[str, int]
"""Key and version."""

Findings = Mapping[Mark, tuple[Finding, ...]]
"""What rules say of records; those they have nothing to say of are not in it."""


class Candidate(NamedTuple):
    """A version that is not accepted yet.

    ``is_new``: it came just now. ``passes``: its key has been through the gate of its case, or there is none for it.
    ``sender`` is the body that sent it; None leaves that out of question, since it was asked when the record came. ``has_catalogue``: the catalogue of powers binds it.
    """

    record: CaseRecord
    level: Level
    passes: bool
    is_new: bool
    sender: Sender | None = None
    has_catalogue: bool = False

    @property
    def mark(self) -> Mark:
        """Key and version."""
        return self.record.key, self.record.version


class CaseJudge(Protocol):
    """The rules that see more than one record; ``master_data`` names the types of the catalogue by what they are."""

    master_data: Mapping[str, str]

    def judge(
        self, history: Sequence[CaseRecord], new: Sequence[Candidate], master: Sequence[CaseRecord] | None, /
    ) -> Findings:
        """Return what is wrong with ``new``; ``master`` is the catalogue of powers, None where none is held."""

    def wants_history(self, types: frozenset[str], level: Level, /) -> bool:
        """Tell whether rules about records of these types look at what else stands in their cases."""

    def depends_on_state(self, code: str, /) -> bool:
        """Tell whether a later arrival may mend what this code says (2001, 2002, 2003, 2008)."""


@runtime_checkable
class ClockKeeper(Protocol):
    """A judge that knows which records keep a limit of the law."""

    def dues(self, history: Sequence[CaseRecord], admitted: Sequence[Candidate], now: int, /) -> Mapping[Mark, int]:
        """Return when the limits end (microseconds) that ``admitted`` records keep; those that keep none are not in it."""


@dataclass
class Admission:
    """What became of candidates, and what rules say of them; warnings are among the findings of the admitted."""

    admitted: list[Candidate] = field(default_factory=list)
    waiting: dict[Mark, tuple[Finding, ...]] = field(default_factory=dict)
    refused: dict[Mark, tuple[Finding, ...]] = field(default_factory=dict)
    warnings: dict[Mark, tuple[Finding, ...]] = field(default_factory=dict)


def admit(
    history: Sequence[CaseRecord], candidates: Sequence[Candidate], master: Sequence[CaseRecord] | None,
    judge: CaseJudge | None, types: Mapping[str, RecordType],
) -> Admission:  # fmt: skip
    """Decide about ``candidates``, all that waits in some cases, whose accepted versions are ``history``.

    Where a finding is final the record is refused; one that was held already keeps waiting with it, for a person to
    see. A record without predecessor waits without a finding.
    """
    told = Admission(admitted=list(candidates))
    while told.admitted:
        found = judge.judge(history, told.admitted, master) if judge is not None else {}
        broken = {mark for mark, findings in found.items() if any(each.refuses for each in findings)}
        gone = broken or _shut_out(history, told.admitted, types)
        if not gone:
            told.warnings = dict(found)
            break
        for each in told.admitted:
            if each.mark in gone:
                _turn_back(told, each, found.get(each.mark, ()) if broken else (), judge)
        told.admitted = [each for each in told.admitted if each.mark not in gone]
    return told


def still_broken(
    suspects: Iterable[Candidate], history: Sequence[CaseRecord], candidates: Sequence[Candidate],
    master: Sequence[CaseRecord] | None, judge: CaseJudge | None, types: Mapping[str, RecordType],
) -> set[Mark]:  # fmt: skip
    """Return those of ``suspects`` that could not enter their cases if no newer version of their keys were there.

    Versions not yet sent are not merged (ledger.md B11): one that only waited for another record goes before its
    correction; one that breaks a rule which the correction mends never goes.
    """
    broken: set[Mark] = set()
    for suspect in suspects:
        case, (key, version) = suspect.record.case, suspect.mark
        around = [each for each in history if each.case == case]
        alone = [
            each
            for each in candidates
            if each.record.case == case and (each.record.key != key or each.record.version <= version)
        ]
        admitted = admit(around, alone, master, judge, types).admitted
        if suspect.mark not in {each.mark for each in admitted}:
            broken.add(suspect.mark)
    return broken


def _turn_back(told: Admission, each: Candidate, findings: tuple[Finding, ...], judge: CaseJudge | None) -> None:
    final = any(f.refuses and judge is not None and not judge.depends_on_state(f.code) for f in findings)
    (told.refused if final and each.is_new else told.waiting)[each.mark] = findings


def _shut_out(
    history: Iterable[CaseRecord], candidates: Sequence[Candidate], types: Mapping[str, RecordType]
) -> set[Mark]:
    """Return the candidates whose predecessor is neither accepted nor among those that may go."""
    locked: dict[str | None, dict[str, CaseRecord]] = defaultdict(dict)
    for each in candidates:
        if not each.passes:
            _newest(locked[each.record.case], each.record)
    if not locked:
        return set()
    standing: dict[str | None, dict[str, CaseRecord]] = defaultdict(dict)
    for record in (*history, *(each.record for each in candidates if each.passes)):
        if (case := record.case) in locked:
            _newest(standing[case], record)
    shut: set[str] = set()
    for case, members in locked.items():
        accepted = {type_of(each.key) for each in standing[case].values() if not each.withdrawn}
        pending = [Pending(key, type_of(key), each.withdrawn) for key, each in members.items()]
        shut |= members.keys() - opened(pending, accepted, types)
    return {each.mark for each in candidates if each.record.key in shut}


def _newest(of_case: dict[str, CaseRecord], record: CaseRecord) -> None:
    held = of_case.get(record.key)
    if held is None or held.version < record.version:
        of_case[record.key] = record
