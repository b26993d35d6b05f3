# SPDX-License-Identifier: Apache-2.0
"""R1, R3, R4: the gateway and its destinations are killed at random moments; nothing is lost, doubled or out of order.

``GATEWAY_CHAOS_SEED`` replays a drill, ``GATEWAY_CHAOS_CYCLES`` makes it longer (``make chaos``).
"""

import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.chaos.checker import Event, Receipts, judge, told
from tests.chaos.drill import Drill

pytestmark = [pytest.mark.chaos, pytest.mark.service, pytest.mark.timeout(0)]

CITIES = 2
EACH = -(-int(os.environ.get("GATEWAY_CHAOS_CYCLES", "30")) // CITIES)
LIFE = 6  # records of the longest case: whoever misses the first has all the others object as well
Dumps = dict[str, dict[str, Any]]


class Drilled(NamedTuple):
    """A drill that is over, with the three accounts of it."""

    drill: Drill
    summary: dict[str, Any]
    events: list[Event]
    receipts: Receipts
    dumps: Dumps


def drill(directory: Path, seed: int, stack: ExitStack) -> Drilled:
    """Let one city die and rise, and judge it; its systems run until ``stack`` is closed."""
    city = Drill(directory, seed)
    stack.callback(city.close)
    city.open()
    for _ in range(EACH):
        city.cycle()
    summary = city.finish()
    objections, events, receipts, dumps = city.verdict()
    assert not objections, f"GATEWAY_CHAOS_SEED={seed}\n{told(objections)}"
    return Drilled(city, summary, events, receipts, dumps)


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Drilled]]:
    """Two cities side by side: each start of a gateway keeps one core busy."""
    first = int(os.environ.get("GATEWAY_CHAOS_SEED") or secrets.randbelow(10**9))
    print(f"GATEWAY_CHAOS_SEED={first} GATEWAY_CHAOS_CYCLES={EACH * CITIES}")
    with ExitStack() as stack, ThreadPoolExecutor(CITIES) as threads:
        begun = [
            threads.submit(drill, tmp_path_factory.mktemp("chaos") / "city", first + number, stack)
            for number in range(CITIES)
        ]
        yield [each.result() for each in begun]


@pytest.fixture(params=range(CITIES))
def drilled(request: pytest.FixtureRequest, cities: list[Drilled]) -> Drilled:
    chosen: Drilled = cities[request.param]
    return chosen


def test_nothing_is_lost_doubled_or_out_of_order(drilled: Drilled) -> None:
    city, summary, events, receipts, dumps = drilled
    assert city.tally.cycles == EACH
    assert summary["waiting"] == 0
    accepted = {(each.key, each.version) for each in receipts.records}
    assert len(events) > 400 * EACH
    assert len(accepted) > 400 * EACH
    for name, dump in dumps.items():
        assert {(record["key"], record["version"]) for record in dump["records"]} == accepted, name
        assert dump["duplicates"] == 0


def test_the_kills_struck_work_under_way(drilled: Drilled) -> None:
    city, _summary, _events, receipts, dumps = drilled
    assert city.tally.left_open >= EACH // 4, "kills between packages prove little"
    assert city.tally.platform_kills
    assert len(city.journal) >= len(receipts.records) // 8, "nearly all was accepted after the last kill"
    assert any(each.version > 1 for each in receipts.records), "no correction was made"
    assert receipts.refusals, "nothing was refused"
    assert all(record["version"] for dump in dumps.values() for record in dump["records"])


def test_a_correction_made_now_arrives_as_the_next_version_and_nothing_else_moves(drilled: Drilled) -> None:
    city, _summary, _events, receipts, dumps = drilled
    versions = {each.key: each.version for each in sorted(receipts.records, key=lambda r: r.version)}
    corrected = {key: versions[key] + 1 for key in city.departments.correct_one()}
    summary = city.finish()
    assert (summary["accepted"], summary["refused"], summary["conflicts"], summary["waiting"]) == (
        len(corrected),
        0,
        0,
        0,
    )
    assert summary["reconciliation"] == {"differences": 0}
    for name, system in city.systems.items():
        held = system.dump()["records"]
        before = len(dumps[name]["records"])
        assert {record["key"]: record["version"] for record in held[before:]} == corrected, name
        assert [(r["key"], r["version"]) for r in held[:before]] == [
            (r["key"], r["version"]) for r in dumps[name]["records"]
        ]


def drop(dumps: Dumps) -> None:
    del dumps["municipal"]["records"][100]


def double(dumps: Dumps) -> None:
    records = dumps["supervision"]["records"]
    records.append({**records[50], "order": records[-1]["order"] + 1})


def swap(dumps: Dumps) -> None:
    """Let an acceptance arrive before its application."""
    records = dumps["municipal"]["records"]
    place = {(r["case"], r["type"]): at for at, r in enumerate(records) if r["version"] == 1}
    case = next(case for case, type_ in place if type_ == "XK_SL")
    one, other = place[case, "XK_SQ"], place[case, "XK_SL"]
    records[one], records[other] = (
        {**records[one], "order": records[other]["order"]},
        {**records[other], "order": records[one]["order"]},
    )


def alter(dumps: Dumps) -> None:
    records = dumps["municipal"]["records"]
    records[7] = {**records[7], "digest": "0" * 64}


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
    dumps = {name: {"records": list(dump["records"])} for name, dump in drilled.dumps.items()}
    damage(dumps)
    found = judge(drilled.events, drilled.receipts, dumps)
    assert (rule, where) in {(each.rule, each.where) for each in found}, told(found)
    assert len(found) <= LIFE, told(found)
