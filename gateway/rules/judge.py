# SPDX-License-Identifier: Apache-2.0
"""The judge of cases (案件规则): the case rules of the packs in force, asked by whoever takes records in (ledger.md B10).

It is a pure function of what it is shown, so every intake may use it: of mapped sources, of packages sent here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from gateway.legal import LegalClock
from gateway.model.case_record import CaseRecord, Sender
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.pack import Pack, PackSet
from gateway.rules.case import CaseRules
from gateway.rules.catalogue import Context, RecordedCatalogue
from gateway.rules.pressing import Pressing
from gateway.rules.return_codes import ReturnCodes
from gateway.semantics.admission import Candidate, Findings, Mark

_Alike = tuple[str, bool, Sender | None, bool]
"""What candidates must share to be judged in one go: pack, results only, sender, catalogue."""


class _Bench:
    """One pack with its rules."""

    def __init__(self, pack: Pack) -> None:
        self.rules = CaseRules(pack)
        self.codes = ReturnCodes(pack)
        self.clock = LegalClock(pack)
        self.pressing = Pressing(pack, self.rules, self.clock)


class PackJudge:
    """Judges records by the case rules of the pack in force on the day of each; safe to share between threads."""

    def __init__(self, packs: PackSet) -> None:
        """Compile; raises ConfigurationError where a pack contradicts itself."""
        self._packs = packs
        self._benches = {pack.name: _Bench(pack) for pack in packs}
        self._newest = self._benches[packs.newest.name]
        self.master_data = self._newest.rules.table.master_data
        self.only = packs.newest.name if len(packs) == 1 else None

    def judge(
        self, history: Sequence[CaseRecord], new: Sequence[Candidate], master: Sequence[CaseRecord] | None, /
    ) -> Findings:
        """Return what is wrong with ``new``, given what stands in their cases and in the catalogue."""
        groups: dict[_Alike, list[CaseRecord]] = defaultdict(list)
        for each in new:
            groups[self._alike(each)].append(each.record)
        if len(groups) == 1:
            ((alike, records),) = groups.items()
            return self._judge(alike, history, records, master)
        found: dict[Mark, tuple[Finding, ...]] = {}
        for alike, records in groups.items():
            others = [each for other, held in groups.items() if other != alike for each in held]
            found.update(self._judge(alike, [*history, *others], records, master))
        return found

    def depends_on_state(self, code: str, /) -> bool:
        """Tell whether a later arrival may mend what this code says."""
        return self._newest.codes.depends_on_state(code)

    def return_code(self, code: str) -> str:
        """Return the return code of standard.md §4 for a finding's code."""
        return self._newest.codes.of(code)

    def wants_history(self, types: frozenset[str], level: Level) -> bool:
        """Tell whether rules about records of these types look at what else stands in their cases."""
        return any(bench.rules.wants_history(types, level) for bench in self._benches.values())

    def dues(self, history: Sequence[CaseRecord], admitted: Sequence[Candidate], now: int, /) -> Mapping[Mark, int]:
        """Return when limits end that admitted records keep (microseconds); those that keep none are not in it."""
        if self.only is not None:
            return self._newest.pressing.dues(history, [each.record for each in admitted], now)
        found: dict[Mark, int] = {}
        for name, bench in self._benches.items():
            records = [each.record for each in admitted if self._alike(each)[0] == name]
            found.update(bench.pressing.dues(history, records, now))
        return found

    def _alike(self, each: Candidate) -> _Alike:
        name = self.only or self._packs.select(date.fromisoformat(each.record.occurred_at[:10])).name
        return name, each.level is Level.L1, each.sender, each.has_catalogue

    def _judge(
        self, alike: _Alike, history: Sequence[CaseRecord], new: Sequence[CaseRecord],
        master: Sequence[CaseRecord] | None,
    ) -> Mapping[Mark, tuple[Finding, ...]]:  # fmt: skip
        name, results_only, sender, has_catalogue = alike
        bench = self._benches[name]
        catalogue = RecordedCatalogue.of(bench.rules.table, master or ()) if has_catalogue else None
        level = Level.L1 if results_only else Level.L2
        return bench.rules.check(history, new, Context(catalogue, sender, bench.clock, level, history=not results_only))
