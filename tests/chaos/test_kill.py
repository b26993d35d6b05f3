# SPDX-License-Identifier: Apache-2.0
"""R1, R3, R4: the gateway and its destinations are killed at random moments; nothing is lost, doubled or out of order.

``GATEWAY_CHAOS_SEED`` replays a drill, ``GATEWAY_CHAOS_CYCLES`` makes it longer (``make chaos``).
"""

import copy
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests.chaos.checker import Event, Receipts, judge, told
from tests.chaos.drill import Drill

pytestmark = [pytest.mark.chaos, pytest.mark.service, pytest.mark.timeout(0)]

CYCLES = int(os.environ.get("GATEWAY_CHAOS_CYCLES", "30"))
Dumps = dict[str, dict[str, Any]]


class Drilled(NamedTuple):
    """A drill that is over, with the three accounts of it."""

    drill: Drill
    summary: dict[str, Any]
    events: list[Event]
    receipts: Receipts
    dumps: Dumps


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drilled]:
    seed = int(os.environ.get("GATEWAY_CHAOS_SEED") or secrets.randbelow(10**9))
    print(f"GATEWAY_CHAOS_SEED={seed} GATEWAY_CHAOS_CYCLES={CYCLES}")
    drill = Drill(tmp_path_factory.mktemp("chaos") / "city", seed)
    try:
        drill.open()
        for _ in range(CYCLES):
            drill.cycle()
        summary = drill.finish()
        objections, events, receipts, dumps = drill.verdict()
        assert not objections, f"seed {seed}\n{told(objections)}"
        yield Drilled(drill, summary, events, receipts, dumps)
    finally:
        drill.close()


def test_nothing_is_lost_doubled_or_out_of_order(drilled: Drilled) -> None:
    drill, summary, events, receipts, dumps = drilled
    assert drill.tally.cycles == CYCLES
    assert summary["waiting"] == 0
    accepted = {(each.key, each.version) for each in receipts.records}
    assert len(events) > 500 * CYCLES
    assert len(accepted) > 500 * CYCLES
    for name, dump in dumps.items():
        assert {(record["key"], record["version"]) for record in dump["records"]} == accepted, name
        assert dump["duplicates"] == 0


def test_the_kills_struck_work_under_way(drilled: Drilled) -> None:
    drill, _summary, _events, receipts, dumps = drilled
    assert drill.tally.left_open >= CYCLES // 6, "kills between packages prove little"
    assert drill.tally.platform_kills
    assert len(drill.journal) >= len(receipts.records) // 4, "most was accepted after the last kill"
    assert any(each.version > 1 for each in receipts.records), "no correction was made"
    assert receipts.refusals, "nothing was refused"
    assert all(record["version"] for dump in dumps.values() for record in dump["records"])


def test_a_quiet_round_afterwards_changes_nothing(drilled: Drilled) -> None:
    drill, _summary, _events, _receipts, dumps = drilled
    again = drill.finish()
    assert {again[name] for name in ("collected", "accepted", "refused", "duplicates", "conflicts", "waiting")} == {0}
    assert again["reconciliation"] == {"differences": 0}
    assert {name: system.dump()["records"] for name, system in drill.systems.items()} == {
        name: dump["records"] for name, dump in dumps.items()
    }


def test_a_correction_made_now_arrives_as_the_next_version(drilled: Drilled) -> None:
    drill, _summary, _events, receipts, _dumps = drilled
    before = {each.key: each.version for each in sorted(receipts.records, key=lambda r: r.version)}
    changed = drill.departments.correct_one()
    drill.finish()
    after = drill.receipts()
    for name, system in drill.systems.items():
        heads = {record["key"]: record["version"] for record in system.dump()["records"] if record["head"]}
        assert {key: heads[key] for key in changed} == {key: before[key] + 1 for key in changed}, name
    assert len(after.records) == len(receipts.records) + len(changed)


def drop(dumps: Dumps) -> None:
    del dumps["municipal"]["records"][100]


def double(dumps: Dumps) -> None:
    records = dumps["supervision"]["records"]
    records.append({**records[50], "order": records[-1]["order"] + 1})


def swap(dumps: Dumps) -> None:
    """Let an acceptance arrive before its application."""
    records = dumps["municipal"]["records"]
    later = next(record for record in records if record["type"] == "XK_SL" and record["version"] == 1)
    earlier = next(r for r in records if r["case"] == later["case"] and r["type"] == "XK_SQ" and r["version"] == 1)
    earlier["order"], later["order"] = later["order"], earlier["order"]


def alter(dumps: Dumps) -> None:
    dumps["municipal"]["records"][7]["digest"] = "0" * 64


def invent(dumps: Dumps) -> None:
    records = dumps["municipal"]["records"]
    records.append({**records[3], "key": "XK_SQ:DEM-NOBODY:1", "order": records[-1]["order"] + 1})


@pytest.mark.parametrize(
    ("damage", "rule", "where"),
    [
        (drop, "lost", "municipal"),
        (double, "twice", "supervision"),
        (swap, "case order", "municipal"),
        (alter, "altered", "municipal"),
        (invent, "not of ours", "municipal"),
    ],
)
def test_the_checker_objects_to_a_doctored_dump(
    drilled: Drilled, damage: Callable[[Dumps], None], rule: str, where: str
) -> None:
    dumps = copy.deepcopy(drilled.dumps)
    damage(dumps)
    found = judge(drilled.events, drilled.receipts, dumps)
    assert (rule, where) in {(each.rule, each.where) for each in found}, told(found)
    assert len(found) <= 4, told(found)
