# SPDX-License-Identifier: Apache-2.0
"""What must hold after both passes, judged from the figures and from what both systems say they hold."""

from collections.abc import Sequence
from pathlib import Path

from tests.real import site, systems
from tests.real.passes import Pass

ROWS = 8772
LEAST_ACCEPTED = 7000
LEAST_DUPLICATES = 100
OUTCOMES = ("accepted", "refused", "duplicates", "conflicts", "stale", "waiting")


def complaints(passes: Sequence[Pass], directory: Path) -> list[str]:
    """Return every promise that was broken, in words; nothing means that all hold."""
    first, second = passes
    broken = [f"pass {each.line['pass']}: {name}: {why}" for each in passes for name, why in each.failures.items()]
    for each in passes:
        broken += [f"pass {each.line['pass']}: {fault}" for fault in _accounts(each)]
    if first.line["rows"] != ROWS:
        broken.append(f"pass 1 read {first.line['rows']} of {ROWS} rows")
    if first.line["accepted"] < LEAST_ACCEPTED or first.line["duplicates"] < LEAST_DUPLICATES:
        broken.append("pass 1 accepted or recognised too little")
    if any(second.line[name] for name in OUTCOMES):
        broken.append("pass 2 did something to an unchanged source")
    return broken + _holdings(first, directory)


def _accounts(each: Pass) -> list[str]:
    line = each.line
    faults = []
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
    """Compare what each system holds with what the ledger accepted; the items come on top."""
    items = len(site.invented_items()) - 1
    faults = []
    for name, figures in first.line["destinations"].items():
        held = systems.dump(directory / "city" / name)
        if len(held["records"]) != figures["accepted"] + items or held["duplicates"]:
            faults.append(f"{name} holds {len(held['records'])} records, {held['duplicates']} of them twice")
    return faults
