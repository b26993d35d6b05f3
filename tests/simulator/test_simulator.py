# SPDX-License-Identifier: Apache-2.0
"""B1-B5, B7, B9-B12, B16, B18-B20, T1-T3, R1, R3, R4, R20: seeded worlds of the real ledger, judged by the checker.

``GATEWAY_SIMULATOR_SEED`` replays a seed, ``GATEWAY_SIMULATOR_SEEDS`` says how many worlds are lived through.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.checker import told
from tests.chaos.hunts import memory
from tests.simulator.world import Site, World

PARTS = 2
SEEDS = int(os.environ.get("GATEWAY_SIMULATOR_SEEDS", "200"))
FIXED = os.environ.get("GATEWAY_SIMULATOR_SEED")

pytestmark = pytest.mark.timeout(0 if SEEDS > 200 else 300)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(dir=memory()) as folder, Site(Path(folder)) as made:
        yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_no_seed_breaks_a_promise(site: Site, part: int) -> None:
    first = int(FIXED) if FIXED else secrets.randbelow(10**9)
    count = 1 if FIXED else SEEDS // PARTS
    crashes = accepted = 0
    for seed in range(first, first + count):
        world = World(site, seed)
        objections = world.run()
        lived = "\n".join(world.history)
        assert not objections, f"GATEWAY_SIMULATOR_SEED={seed}\n{told(objections)}\n{lived}"
        crashes += world.crashes
        accepted += len(world.journal)
    assert FIXED or (crashes > 2 * count and accepted > 3 * count), "worlds too quiet to prove anything"


def test_a_seed_lives_the_same_life_again(site: Site) -> None:
    one = World(site, 7)
    one.run()
    other = World(site, 7)
    other.run()
    assert one.history == other.history
    assert one.journal == other.journal
