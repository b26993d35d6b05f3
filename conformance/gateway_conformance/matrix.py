# SPDX-License-Identifier: Apache-2.0
"""The kill matrix: every mutant against the suite, every good twin as well; the suite's proof of itself.

Departments run in the process that tries them and are reached over the loopback interface; keys are made once a process.
"""

import multiprocessing
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway_conformance import registry, runner, sut
from gateway_conformance.case import BUILT, implemented
from gateway_conformance.engine import expected
from gateway_conformance.registry import Severity
from gateway_conformance.verdict import OPEN

SCALE: Final = 600.0
OTHERS: Final = 20
REFERENCE: Final = "reference"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the matrix to run: ``quick`` runs each killer, its prerequisites and 20 seeded others."""

    quick: bool = False
    seed: int = 1
    only: frozenset[str] | None = None
    twins: bool = True
    others: int = OTHERS
    profiles: tuple[str, ...] = BUILT
    jobs: int = 1
    """How many departments run at once, each in a process of its own."""
    held: Mapping[str, Any] = field(default_factory=dict)
    """A matrix that this one goes on from: what is not tried now is taken from it."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One department against its cases: what of the matrix it is, and the defect or difference that it has."""

    part: str
    name: str
    profile: str
    cases: frozenset[str] | None
    seed: int
    defect: Mapping[str, str] = field(default_factory=dict)


def matrix(choice: Choice, advance: Callable[[str, list[str]], None] = lambda _id, _failed: None) -> dict[str, Any]:
    """Run the matrix and return its figures."""
    from gateway_reference.department import mutants, pushing_twins

    found = {
        "per_mutant": _held(choice, "per_mutant", mutants.load()),
        "per_twin": _held(choice, "per_twin", pushing_twins.load()),
    }
    for task, result in _carried_out(list(_tasks(choice)), choice.jobs):
        entry: dict[str, Any] = {"profile": task.profile}
        if task.part == "per_mutant":
            entry |= {"killed_by": _failed(result), "codes": _codes(result)}
        else:
            entry["failed"] = _failed(result, opening=True)
        found[task.part][task.name] = {**entry, "quick": choice.quick}
        advance(task.name, entry.get("killed_by", entry.get("failed", [])))
    per_mutant, per_twin = (dict(sorted(found[part].items())) for part in ("per_mutant", "per_twin"))
    quick = any(each.get("quick", choice.quick) for each in (*per_mutant.values(), *per_twin.values()))
    return {**figures(per_mutant, per_twin), "quick": quick, "others": choice.others if quick else None}


def _tasks(choice: Choice) -> Iterator[_Task]:
    from gateway_reference.department import mutants, pushing_twins

    for name, id_, profile in _entries(mutants.load(), choice, _asked):
        cases = _cases(choice, profile, registry.mutants()[id_].killer, name)
        yield _Task("per_mutant", name, profile, cases, choice.seed, {"mutant": id_})
    if not choice.twins:
        return
    for profile in choice.profiles:
        name = REFERENCE if profile == BUILT[0] else f"{REFERENCE}:{profile}"
        yield _Task("per_twin", name, profile, _cases(choice, profile, None, name), choice.seed)
    for name, id_, profile in _entries(pushing_twins.load(), choice):
        yield _Task("per_twin", name, profile, _cases(choice, profile, None, name), choice.seed, {"twin": id_})


def _carried_out(tasks: list[_Task], jobs: int) -> Iterator[tuple[_Task, dict[str, Any]]]:
    """Give each task with its result; most of a run is waiting, so several processes at once cost little."""
    if jobs == 1:
        yield from map(_carry_out, tasks)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_carry_out, task) for task in tasks]):
            yield done.result()


@cache
def _place() -> tuple[tempfile.TemporaryDirectory[str], Any]:
    """Return this process's own folder, and the keys in it."""
    from gateway_reference.department import keys

    place = tempfile.TemporaryDirectory(prefix="conformance-matrix-")
    return place, keys.make(Path(place.name) / "keys")


def _carry_out(task: _Task) -> tuple[_Task, dict[str, Any]]:
    from gateway_reference.department import running

    place, ring = _place()
    work = Path(place.name) / "department"
    department = running.build(running.Settings(task.profile, work, seed=task.seed, **task.defect), ring)  # type: ignore[arg-type]
    try:
        options = runner.Options(task.seed, SCALE, task.profile, task.cases)
        return task, runner.run(sut.load(work / "sut.toml"), options)
    finally:
        department.close()


def _held(choice: Choice, part: str, known: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what of the matrix held is still of a mutant or twin that there is, the references among them."""
    quick = bool(choice.held.get("quick"))
    kept = {
        name: {"quick": quick, **found}
        for name, found in choice.held.get(part, {}).items()
        if (id_ := name.partition(":")[0]) in known and found["profile"] in known[id_].profiles
    }
    return kept if part == "per_mutant" else {**choice.held.get("references", {}), **kept}


def entries(
    known: Mapping[str, Any], asked: Callable[[str, str], bool] = lambda _id, _profile: True
) -> dict[str, tuple[str, str]]:
    """Return id and profile by name: the bare id in the first profile that can have it, ``id:PROFILE`` in the others."""
    found: dict[str, tuple[str, str]] = {}
    for id_ in sorted(known):
        able = [profile for profile in BUILT if profile in known[id_].profiles and asked(id_, profile)]
        found.update({f"{id_}:{each}" if number else id_: (id_, each) for number, each in enumerate(able)})
    return found


def mutants_tried(known: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return the entries of mutants: those of a profile that the case which must find the mutant is for."""
    return entries(known, _asked)


def _asked(id_: str, profile: str) -> bool:
    return profile in registry.requirements()[registry.mutants()[id_].killer].profiles


def _entries(
    known: Mapping[str, Any], choice: Choice, asked: Callable[[str, str], bool] = lambda _id, _profile: True
) -> list[tuple[str, str, str]]:
    return [
        (name, id_, profile)
        for name, (id_, profile) in entries(known, asked).items()
        if profile in choice.profiles and (choice.only is None or {id_, name} & choice.only)
    ]


def _cases(choice: Choice, profile: str, killer: str | None, name: str) -> frozenset[str] | None:
    """Return the cases of a quick run: the killer and 20 others of the profile, chosen by the seed."""
    if not choice.quick:
        return None
    known = [each.id for each in expected(profile)]
    chance = random.Random(f"{choice.seed}:{name}")  # noqa: S311 - to be repeated from the seed
    return frozenset(chance.sample(known, min(choice.others, len(known)))) | ({killer} if killer else frozenset())


def _failed(result: dict[str, Any], *, opening: bool = False) -> list[str]:
    """Return the cases that failed; for what must pass, all that are neither passed nor out of place."""
    return [
        each["id"]
        for each in result["cases"]
        if (each["verdict"] not in OPEN if opening else each["verdict"] == "FAIL")
    ]


def _codes(result: dict[str, Any]) -> list[str]:
    return sorted(
        {finding["code"] for each in result["cases"] if each["verdict"] == "FAIL" for finding in each["findings"]}
    )


def figures(per_mutant: dict[str, dict[str, Any]], per_twin: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Count what was found; a blocker has its mutant where one is killed in every profile that tries the blocker."""
    known, listed = registry.requirements(), registry.mutants()
    mutant = {name: listed[name.partition(":")[0]] for name in per_mutant}
    blockers = {
        id_: profiles
        for id_, profiles in implemented().items()
        if known[id_].severity is Severity.BLOCKER and known[id_].status == "in-force"
    }
    kills = {
        (mutant[name].killer, found["profile"])
        for name, found in per_mutant.items()
        if mutant[name].killer in found["killed_by"]
    }
    without = sorted(f"{id_}:{p}" for id_, profiles in blockers.items() for p in profiles if (id_, p) not in kills)
    open_blockers = {each.partition(":")[0] for each in without}
    unexpected = {
        name: sorted(set(found["killed_by"]) - {mutant[name].killer} - set(mutant[name].may_also_fail))
        for name, found in per_mutant.items()
    }
    twins = {name: found for name, found in per_twin.items() if name.partition(":")[0] != REFERENCE}
    references = {name: found for name, found in per_twin.items() if name not in twins}
    return {
        "cases": len(implemented()),
        "blockers": len(blockers),
        "blockers_with_mutant": sum(id_ not in open_blockers for id_ in blockers),
        "blockers_without_mutant": without,
        "mutants": len(per_mutant),
        "killed": sum(bool(found["killed_by"]) for found in per_mutant.values()),
        "killed_by_named": sum(mutant[name].killer in found["killed_by"] for name, found in per_mutant.items()),
        "unexpected_failures": sum(len(found) for found in unexpected.values()),
        "unexpected": {name: found for name, found in unexpected.items() if found},
        "twins": len(twins),
        "twins_failed": sum(bool(found["failed"]) for found in twins.values()),
        "reference_failed": sorted({id_ for found in references.values() for id_ in found["failed"]}),
        "per_mutant": per_mutant,
        "per_twin": twins,
        "references": references,
        "not_built": {
            "mutants": sorted(set(listed) - {name.partition(":")[0] for name in per_mutant}),
            "twins": sorted(set(registry.twins()) - {name.partition(":")[0] for name in twins}),
        },
    }


def dictionary(found: dict[str, Any]) -> dict[str, Any]:
    """Return the fault dictionary of a full matrix: mutant → profile, failing cases, finding codes."""
    return {
        id_: {"profile": each["profile"], "cases": each["killed_by"], "codes": each["codes"]}
        for id_, each in sorted(found["per_mutant"].items())
        if each["killed_by"]
    }
