# SPDX-License-Identifier: Apache-2.0
"""An outage measured: what the living destination gets while the other is dead, and how fast the dead one catches up."""

import shutil
import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gateway.bench.contest import PRODUCT, SHORT_RUNS, WARM_RECORDS, Run, Tell, judged
from gateway.bench.failure import BenchFailure
from gateway.bench.processes import Receivers, child, receiving
from gateway.bench.workshop import Workshop, make_rows, open_workshop, write_configuration
from gateway.ports import Clock

NORMAL: Final = "normal"
DEAD: Final = "dead"
DRAIN: Final = "drain"
"""How the product runs: as ever; with one destination that refuses connections; sending what that one has missed."""

Phases = dict[str, Run]


def measure_outage(
    records: int, rounds: int, directory: Path, clock: Clock, seed: int, workers: int, tell: Tell
) -> list[Phases]:
    """Return the runs of each round: normal, with a dead destination, and the drain after it over the same ledger."""
    workshop = open_workshop(directory, clock.now())
    source = make_rows(workshop, "source", records, seed)
    warm = make_rows(workshop, "warm", WARM_RECORDS, seed + 1)
    told = []
    with receiving(workshop) as receivers:
        yard = _Yard(workshop, receivers, source, warm, workers)
        for number in range(rounds):
            phases = {}
            for phase in (NORMAL, DEAD, DRAIN):
                phases[phase] = yard.run(phase)
                tell(f"{number + 1}/{rounds}", replace(phases[phase], name=phase))
            yard.clear()
            told.append(phases)
    return told


def measure_memory_down(
    sizes: Sequence[int], directory: Path, clock: Clock, seed: int, workers: int, tell: Tell
) -> dict[int, Run]:
    """Return the run with a dead destination that needed most memory, by number of records; the last size runs once."""
    workshop = open_workshop(directory, clock.now())
    warm = make_rows(workshop, "warm", WARM_RECORDS, seed + 1)
    greatest: dict[int, Run] = {}
    with receiving(workshop) as receivers:
        for size in sizes:
            yard = _Yard(workshop, receivers, make_rows(workshop, f"source-{size}", size, seed), warm, workers)
            for _ in range(1 if size == sizes[-1] else SHORT_RUNS):
                run = yard.run(DEAD)
                yard.clear()
                tell(str(size), replace(run, name=DEAD))
                greatest[size] = max(run, greatest.get(size, run), key=lambda each: each.peak_rss_mb)
    return greatest


class _Yard:
    def __init__(self, workshop: Workshop, receivers: Receivers, source: Path, warm: Path, workers: int) -> None:
        self._workshop, self._receivers = workshop, receivers
        self._source, self._warm, self._workers = source, warm, workers
        self._living, self._dying = receivers.addresses

    def run(self, phase: str) -> Run:
        """Run the product; the dead phase and the drain share one ledger."""
        alive = self._receivers.addresses
        addresses = alive | {self._dying: _refusing()} if phase == DEAD else alive
        name = NORMAL if phase == NORMAL else DEAD
        folders = [
            write_configuration(self._workshop, each, source, where)
            for each, source, where in ((name, self._source, addresses), (f"{phase}-warm", self._warm, alive))
        ]
        with child("gateway.bench.product", *map(str, folders), "0", str(self._workers), phase) as process:
            process.hear()
            self._receivers.reset()
            told: dict[str, Any] = process.ask("go")
        counts = self._receivers.counts()
        silent = {DEAD: self._dying, DRAIN: self._living}.get(phase)
        if silent is not None and counts.pop(silent)["records"]:
            raise BenchFailure(f"{phase}: {silent}")
        shutil.rmtree(folders[1])
        return judged(PRODUCT, told, counts)

    def clear(self) -> None:
        """Forget the ledgers of a round."""
        for name in (NORMAL, DEAD):
            shutil.rmtree(self._workshop.directory / name, ignore_errors=True)


def _refusing() -> str:
    """Return an address of this machine where nobody listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{probe.getsockname()[1]}/exchange"
