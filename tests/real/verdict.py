# SPDX-License-Identifier: Apache-2.0
"""What must hold after both passes, judged from outside: the figures, the ledger's own list, what both systems hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.real import evidence, systems
from tests.real.passes import Pass
from tests.real.sets import RealSet

OUTCOMES = ("accepted", "refused", "duplicates", "conflicts", "stale", "waiting")


def complaints(chosen: RealSet, passes: Sequence[Pass], directory: Path) -> list[str]:
    """Return every promise that was broken, in words; nothing means that all hold."""
    first, second = passes
    broken = [f"pass {each.line['pass']}: {name}: {why}" for each in passes for name, why in each.failures.items()]
    for each in passes:
        broken += [f"pass {each.line['pass']}: {fault}" for fault in _accounts(chosen, each)]
    for name, least in chosen.least.items():
        if first.line[name] < least:
            broken.append(f"pass 1: {name} is {first.line[name]}, expected at least {least}")
    broken += [f"pass {each.line['pass']}: {fault}" for each in passes for fault in _reasons(chosen, each)]
    if any(second.line[name] for name in OUTCOMES):
        broken.append("pass 2 did something to an unchanged source")
    return broken + _holdings(first, directory)


def _reasons(chosen: RealSet, each: Pass) -> list[str]:
    """Tell each reason to refuse that is not known to be true, or is given more or less often than it is."""
    return [
        f"{reason}: given {each.reasons.get(reason, 0)} times, true {chosen.reasons.get(reason, 0)} times"
        for reason in sorted(each.reasons.keys() | chosen.reasons.keys())
        if each.reasons.get(reason) != chosen.reasons.get(reason)
    ]


def _accounts(chosen: RealSet, each: Pass) -> list[str]:
    line = each.line
    faults = []
    if line["rows"] != chosen.rows:
        faults.append(f"{line['rows']} of {chosen.rows} rows were read")
    if line["collected"] != sum(line[name] for name in OUTCOMES):
        faults.append("collected is not the sum of its outcomes")
    faults += [f"{name} is {line[name]}" for name in ("conflicts", "waiting") if line[name]]
    if line["reconciliation"]["differences"]:
        faults.append(f"{line['reconciliation']['differences']} differences")
    for name, figures in line["destinations"].items():
        if sum(figures.values()) != line["accepted"] or figures["accepted"] + figures["not_needed"] != line["accepted"]:
            faults.append(f"{name} did not take all that was accepted: {figures}")
    return faults


def _holdings(first: Pass, directory: Path) -> list[str]:
    """Compare what each system holds with what the ledger accepted, record by record."""
    try:
        ours = evidence.accepted(directory)
    except ValueError as fault:
        return [f"the ledger holds {fault}"]
    faults = []
    for name in first.line["destinations"]:
        dump = systems.dump(directory / "city" / name)
        faults += [f"{name}: {fault}" for fault in _differences(ours, dump["records"])]
        if dump["duplicates"]:
            faults.append(f"{name} holds {dump['duplicates']} records twice")
    return faults


def _differences(ours: Mapping[tuple[str, int], str], records: Sequence[Mapping[str, object]]) -> list[str]:
    theirs = {(str(each["key"]), int(str(each["version"]))): str(each["digest"]) for each in records}
    counts = {
        "lacks": len(ours.keys() - theirs.keys()),
        "was never sent": len(theirs.keys() - ours.keys()),
        "has with other content": sum(ours[place] != theirs[place] for place in ours.keys() & theirs.keys()),
        "holds more than once": len(records) - len(theirs),
    }
    return [f"{what}: {count} records" for what, count in counts.items() if count]
