# SPDX-License-Identifier: Apache-2.0
"""The engine: runs the cases of a profile in seeded order, prerequisites first, and turns what they say into verdicts."""

import random
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.model.words import Words
from gateway_conformance import registry
from gateway_conformance.bench import Bench
from gateway_conformance.case import Function, functions
from gateway_conformance.clock import ScaledClock
from gateway_conformance.journal import Journal
from gateway_conformance.registry import Requirement
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.subject import Subject, Unanswered
from gateway_conformance.sut import Description
from gateway_conformance.verdict import OPEN, Inconclusive, NotApplicable, Outcome, Verdict

NOT_BUILT: Final = Words("本版套件尚无此用例", "this release of the suite has no case for it")
NO_EVIDENCE: Final = Words("没有可检查的数据(检查数为 0)", "nothing to look at: zero things examined")


@dataclass(slots=True)
class Run:
    """One profile of one system being tried; ``outcomes`` fills up case by case."""

    description: Description
    profile: str
    subject: Subject
    stimulus: Hook | NoStimulus | Prompt
    seed: int
    clock: ScaledClock
    only: frozenset[str] | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def expected(profile: str, only: frozenset[str] | None = None) -> list[Requirement]:
    """Return the requirements in force of a profile, or those asked for together with all their prerequisites."""
    known = registry.requirements()
    wanted = {each.id for each in known.values() if profile in each.profiles and each.status == "in-force"}
    if only is None:
        return [known[id_] for id_ in known if id_ in wanted]
    needed, todo = set[str](), [id_ for id_ in only if id_ in wanted]
    while todo:
        id_ = todo.pop()
        if id_ not in needed:
            needed.add(id_)
            todo.extend(each for each in known[id_].prerequisites if profile in known[each].profiles)
    return [known[id_] for id_ in known if id_ in needed]


def order(requirements: Iterable[Requirement], seed: int) -> list[Requirement]:
    """Return the requirements shuffled by the seed, each after its prerequisites."""
    waiting = list(requirements)
    random.Random(seed).shuffle(waiting)  # noqa: S311 - an order to be repeated, not a secret
    names = {each.id for each in waiting}
    done: set[str] = set()
    ordered: list[Requirement] = []
    while waiting:
        ready = next(each for each in waiting if not (set(each.prerequisites) & names) - done)
        waiting.remove(ready)
        ordered.append(ready)
        done.add(ready.id)
    return ordered


def execute(
    run: Run, journal: Journal, advance: Callable[[Outcome], None] = lambda _outcome: None
) -> dict[str, Outcome]:
    """Run what the journal does not hold yet, and return every outcome in the order of the registry."""
    wanted = expected(run.profile, run.only)
    known = functions()
    held = journal.outcomes()
    for requirement in order(wanted, run.seed):
        before = held.get(requirement.id)
        if before is not None:
            before.evidence = []  # its numbers are those of the exchanges of another process
            run.outcomes[requirement.id] = before
            advance(before)
            continue
        outcome = _one(run, requirement, known.get((requirement.id, run.profile)))
        run.outcomes[requirement.id] = outcome
        journal.keep(outcome)
        advance(outcome)
    return {each.id: run.outcomes[each.id] for each in wanted}


def _one(run: Run, requirement: Requirement, function: Function | None) -> Outcome:
    if function is None:
        return Outcome(requirement.id, Verdict.NOT_RUN, NOT_BUILT)
    for needed in requirement.prerequisites:
        before = run.outcomes.get(needed)
        if before is not None and before.verdict not in OPEN:
            return Outcome(
                requirement.id,
                Verdict.NOT_RUN,
                Words(f"前提用例 {needed} 未通过", f"its prerequisite {needed} did not pass"),
            )
    chance = random.Random(f"{run.seed}:{requirement.id}")  # noqa: S311 - to be repeated from the seed
    bench = Bench(requirement, run.description, run.subject, run.stimulus, run.clock, chance)
    first = len(run.subject.evidence.exchanges)
    outcome = _judged(run, requirement, function, bench)
    outcome.examined = bench.count
    outcome.evidence = [each.number for each in run.subject.evidence.exchanges[first:]][-20:]
    return outcome


def _judged(run: Run, requirement: Requirement, function: Function, bench: Bench) -> Outcome:
    id_ = requirement.id
    try:
        function(bench)
    except NotApplicable as said:
        return Outcome(id_, Verdict.NOT_APPLICABLE, said.reason)
    except (Inconclusive, Unanswered) as said:
        if bench.failures:
            return Outcome(id_, Verdict.FAIL, None, bench.failures)
        return Outcome(id_, Verdict.INCONCLUSIVE, said.reason)
    except Exception as fault:  # noqa: BLE001 - whatever breaks in a case is the suite's own fault, and never a pass
        run.faults.append(f"{id_}: {traceback.format_exc()}")
        return Outcome(id_, Verdict.ERROR, Words(f"套件故障:{type(fault).__name__}", f"fault of the suite: {fault}"))
    if bench.failures:
        return Outcome(id_, Verdict.FAIL, None, [*bench.failures, *bench.warnings])
    if not bench.count:
        return Outcome(id_, Verdict.INCONCLUSIVE, NO_EVIDENCE)
    if bench.warnings:
        return Outcome(id_, Verdict.WARN, None, bench.warnings)
    return Outcome(id_, Verdict.PASS)


def gate(outcomes: dict[str, Outcome]) -> str:
    """Return ``open`` when every requirement that gates is PASS, WARN, N/A or WAIVED, else ``closed``."""
    known = registry.requirements()
    shut = [each for each in outcomes.values() if known[each.id].gates and each.verdict not in OPEN]
    errors = any(each.verdict is Verdict.ERROR for each in outcomes.values())
    return "closed" if shut or errors or not outcomes else "open"


def totals(outcomes: dict[str, Outcome]) -> dict[str, Any]:
    """Count verdicts, in all and for blockers, majors and advisories apart."""
    known = registry.requirements()
    counted: dict[str, Any] = {verdict.value: 0 for verdict in Verdict}
    by_level: dict[str, dict[str, int]] = {}
    for outcome in outcomes.values():
        counted[outcome.verdict.value] += 1
        level = by_level.setdefault(known[outcome.id].severity.value, {verdict.value: 0 for verdict in Verdict})
        level[outcome.verdict.value] += 1
    return {**counted, "cases": len(outcomes), "by_severity": by_level}
