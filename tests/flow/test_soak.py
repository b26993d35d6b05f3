# SPDX-License-Identifier: Apache-2.0
"""R18: what a gateway holds of memory and open files does not grow with what has gone through it.

``GATEWAY_SOAK_ROUNDS`` says how many rounds of ``RECORDS`` records one process lives through: ``make soak`` takes 2,000.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.config import load
from gateway.schedule.once import RoundOptions
from tests.flow.town import Town, town

pytestmark = [pytest.mark.service, pytest.mark.timeout(0 if "GATEWAY_SOAK_ROUNDS" in os.environ else 300)]

ROUNDS = int(os.environ.get("GATEWAY_SOAK_ROUNDS", "14"))
RECORDS = 500
WARM = 8
"""Rounds after which caches are full and everything that is loaded late has been loaded."""
GROWTH = 1.05


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        yield made


def open_files(process: int) -> int:
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


def resident_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def family() -> list[int]:
    """Return this process and its children, the computing ones of the gateway among them."""
    me = os.getpid()
    children = [
        int(each)
        for task in Path(f"/proc/{me}/task").iterdir()
        for each in (task / "children").read_text(encoding="ascii").split()
    ]
    computing = [each for each in children if b"gateway.child" in Path(f"/proc/{each}/cmdline").read_bytes()]
    return [me, *computing]


def test_r18_memory_and_open_files_do_not_grow_with_the_records(place: Town) -> None:
    seen: list[tuple[int, float]] = []
    with Gateway.open(load(place.folder), workers=1) as gateway:
        for _ in range(ROUNDS):
            place.apply(RECORDS)
            done = gateway.run_once(RoundOptions(patience=12.0, reconcile=False))
            assert done.figures.accepted == RECORDS
            processes = family()
            assert len(processes) == 2
            seen.append((sum(map(open_files, processes)), sum(map(resident_mb, processes))))
    warm, last = seen[WARM - 1], seen[-1]
    assert last[0] <= max(files for files, _ in seen[:WARM]), f"open files: {[files for files, _ in seen]}"
    assert last[1] <= warm[1] * GROWTH, f"MB: {[round(mb, 1) for _, mb in seen]}"
