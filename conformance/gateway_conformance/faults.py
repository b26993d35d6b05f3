# SPDX-License-Identifier: Apache-2.0
"""The fault dictionary: failures of a run compared with those of every mutant, so that one cause leads the report."""

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from gateway_conformance import registry
from gateway_conformance.verdict import Outcome, Verdict

MOST: Final = 3
FILE: Final = "faults.json"


@cache
def dictionary() -> dict[str, Any]:
    """Return the recorded patterns: mutant → profile, failing cases and finding codes."""
    try:
        text = resources.files(__package__).joinpath(FILE).read_text("utf-8")
    except FileNotFoundError:
        return {}
    held: dict[str, Any] = json.loads(text)
    return held


def likely_causes(profile: str, outcomes: dict[str, Outcome]) -> list[dict[str, Any]]:
    """Return up to three single causes, best first: matching failures less those that stay unexplained."""
    failed = {outcome.id for outcome in outcomes.values() if outcome.verdict is Verdict.FAIL}
    codes = {
        finding.code for outcome in outcomes.values() if outcome.verdict is Verdict.FAIL for finding in outcome.findings
    }
    if not failed:
        return []
    ranked = []
    for mutant, pattern in dictionary().items():
        if pattern["profile"] != profile:
            continue
        cases = set(pattern["cases"])
        explained = failed & cases
        if 2 * len(explained) < len(failed):
            continue
        matching = len(codes & set(pattern["codes"]))
        score = 2 * len(explained) - len(failed) - len(cases - failed)
        ranked.append((-score, -matching, mutant, sorted(explained)))
    known = registry.mutants()
    return [
        {
            "mutant": mutant,
            "cause": known[mutant.partition(":")[0]].defect,
            "cause_zh": known[mutant.partition(":")[0]].defect_zh,
            "killer": known[mutant.partition(":")[0]].killer,
            "hint": registry.requirements()[known[mutant.partition(":")[0]].killer].hint_zh,
            "clears": explained,
            "of_failures": len(failed),
        }
        for _score, _matching, mutant, explained in sorted(ranked)[:MOST]
        if mutant.partition(":")[0] in known
    ]
