# SPDX-License-Identifier: Apache-2.0
"""The kill matrix: every mutant against the suite, every good twin as well; the suite's proof of itself.

Departments run in this process and are reached over the loopback interface; keys are made once.
"""

import random
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway_conformance import registry, runner, sut
from gateway_conformance.case import implemented
from gateway_conformance.engine import expected
from gateway_conformance.registry import Severity
from gateway_conformance.verdict import OPEN

SCALE: Final = 600.0
OTHERS: Final = 20
PROFILE: Final = "S"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the matrix to run: ``quick`` runs each killer, its prerequisites and 20 seeded others."""

    quick: bool = False
    seed: int = 1
    only: frozenset[str] | None = None
    twins: bool = True
    others: int = OTHERS


def matrix(choice: Choice, advance: Callable[[str, list[str]], None] = lambda _id, _failed: None) -> dict[str, Any]:
    """Run the matrix and return its figures."""
    from gateway_reference.department import keys, mutants, twins

    per_mutant: dict[str, dict[str, Any]] = {}
    per_twin: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        ring = keys.make(Path(place) / "keys")
        work = Path(place) / "department"
        for id_ in _chosen(mutants.load(), choice):
            result = _try(work, ring, choice.seed, _cases(choice, registry.mutants()[id_].killer, id_), mutant=id_)
            per_mutant[id_] = {"profile": PROFILE, "killed_by": _failed(result), "codes": _codes(result)}
            advance(id_, per_mutant[id_]["killed_by"])
        for name in (None, *_chosen(twins.TWINS, choice)) if choice.twins else ():
            result = _try(work, ring, choice.seed, _cases(choice, None, name or ""), twin=name)
            per_twin[name or "reference"] = {"profile": PROFILE, "failed": _failed(result, opening=True)}
            advance(name or "reference", per_twin[name or "reference"]["failed"])
    return {**figures(per_mutant, per_twin), "quick": choice.quick, "others": choice.others if choice.quick else None}


def _chosen(known: Iterable[str], choice: Choice) -> list[str]:
    return [id_ for id_ in sorted(known) if choice.only is None or id_ in choice.only]


def _cases(choice: Choice, killer: str | None, id_: str) -> frozenset[str] | None:
    """Return the cases of a quick run: the killer and 20 others of the profile, chosen by the seed."""
    if not choice.quick:
        return None
    known = [each.id for each in expected(PROFILE)]
    chance = random.Random(f"{choice.seed}:{id_}")  # noqa: S311 - to be repeated from the seed
    return frozenset(chance.sample(known, min(choice.others, len(known)))) | ({killer} if killer else frozenset())


def _try(work: Path, ring: Any, seed: int, only: frozenset[str] | None, **defect: str | None) -> dict[str, Any]:
    from gateway_reference.department import running

    department = running.build(running.Settings(PROFILE, work, seed=seed, **defect), ring)  # type: ignore[arg-type]
    try:
        return runner.run(sut.load(work / "sut.toml"), runner.Options(seed, SCALE, only=only))
    finally:
        department.close()


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
    """Count what was found."""
    known, listed = registry.requirements(), registry.mutants()
    blockers = [
        id_ for id_ in implemented() if known[id_].severity is Severity.BLOCKER and known[id_].status == "in-force"
    ]
    killers = {listed[id_].killer for id_, found in per_mutant.items() if listed[id_].killer in found["killed_by"]}
    unexpected = {
        id_: sorted(set(found["killed_by"]) - {listed[id_].killer} - set(listed[id_].may_also_fail))
        for id_, found in per_mutant.items()
    }
    return {
        "cases": len(implemented()),
        "blockers": len(blockers),
        "blockers_with_mutant": sum(id_ in killers for id_ in blockers),
        "blockers_without_mutant": sorted(id_ for id_ in blockers if id_ not in killers),
        "mutants": len(per_mutant),
        "killed": sum(bool(found["killed_by"]) for found in per_mutant.values()),
        "killed_by_named": sum(listed[id_].killer in found["killed_by"] for id_, found in per_mutant.items()),
        "unexpected_failures": sum(len(found) for found in unexpected.values()),
        "unexpected": {id_: found for id_, found in unexpected.items() if found},
        "twins": sum(id_ != "reference" for id_ in per_twin),
        "twins_failed": sum(bool(found["failed"]) for id_, found in per_twin.items() if id_ != "reference"),
        "reference_failed": per_twin.get("reference", {"failed": []})["failed"],
        "per_mutant": per_mutant,
        "per_twin": {id_: found for id_, found in per_twin.items() if id_ != "reference"},
        "not_built": {
            "mutants": sorted(set(listed) - set(per_mutant)),
            "twins": sorted(set(registry.twins()) - set(per_twin)),
        },
    }


def dictionary(found: dict[str, Any]) -> dict[str, Any]:
    """Return the fault dictionary of a full matrix: mutant → profile, failing cases, finding codes."""
    return {
        id_: {"profile": each["profile"], "cases": each["killed_by"], "codes": each["codes"]}
        for id_, each in sorted(found["per_mutant"].items())
        if each["killed_by"]
    }
