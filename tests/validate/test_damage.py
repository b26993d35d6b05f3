# SPDX-License-Identifier: Apache-2.0
"""One spoiled field of a valid case is found at the right path: 1,000 seeded trials, more by GATEWAY_DAMAGE_TRIALS."""

import os
import re
from collections import Counter

from gateway.flow.inspect import Inspector
from tests.validate.damage import CLASSES, PACK, Damage, damaged, files

TRIALS = int(os.environ.get("GATEWAY_DAMAGE_TRIALS", "1000"))
FIRST = int(os.environ.get("GATEWAY_DAMAGE_SEED", "1"))
_NUMBER = re.compile(r"\[\d+\]")


def found(inspector: Inspector, done: Damage) -> bool:
    """Tell whether a finding names the spoiled field of the spoiled record."""
    line = int(done.record.rpartition(":")[2])
    return any(
        _NUMBER.sub("", placed.finding.path) in done.paths and placed.finding.line == line
        for placed in inspector.inspect(done.data)
    )


def test_the_cases_are_clean_before_they_are_damaged() -> None:
    for name in files():
        data = (PACK.root / "samples" / "valid" / name).read_bytes()
        assert [placed.finding for placed in Inspector(PACK).inspect(data) if placed.finding.refuses] == [], name


def test_the_same_seed_gives_the_same_damage() -> None:
    assert damaged(7) == damaged(7)
    assert {damaged(seed).name for seed in range(400)} == set(CLASSES)


def test_damage_is_found_at_the_right_path() -> None:
    inspector = Inspector(PACK)
    missed: Counter[str] = Counter()
    seeds: list[str] = []
    for seed in range(FIRST, FIRST + TRIALS):
        done = damaged(seed)
        if not found(inspector, done):
            missed[done.name] += 1
            seeds.append(f"{seed} {done.name} {done.file} {done.record} {sorted(done.paths)}")
    told = os.environ.get("GATEWAY_DAMAGE_REPORT")
    if told:
        with open(told, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{TRIALS - sum(missed.values())} of {TRIALS}: {missed}\n" + "\n".join(seeds) + "\n")
    assert sum(missed.values()) <= TRIALS * 0.01, f"{missed}\n" + "\n".join(seeds[:30])
