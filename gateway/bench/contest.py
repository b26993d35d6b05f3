# SPDX-License-Identifier: Apache-2.0
"""The contest: product and references in turns, every run in a fresh process, ratios within one round only."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.bench.failure import BenchFailure
from gateway.bench.processes import Receivers, child, receiving
from gateway.bench.workshop import Workshop, make_rows, open_workshop, write_configuration
from gateway.ports import Clock

PRODUCT: Final = "product"
PLAIN: Final = "product without rules"
"""The product with business rules that find nothing and cost nothing, as the references have none."""
REFERENCES: Final = ("ceiling", "tree", "naive")
NAIVE_RECORDS: Final = 300
WARM_RECORDS: Final = 600
SHORT_RUNS: Final = 3

_MODULES: Final = {PRODUCT: "gateway.bench.product", PLAIN: "gateway.bench.product"} | {
    name: f"gateway.bench.references.{name}" for name in REFERENCES
}

Tell = Callable[[str, "Run"], None]
"""Called after every run with its round and its figures."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. Times in seconds; ``held`` is the sum of the digests that each destination holds."""

    name: str
    records: int
    seconds: float
    cpu_seconds: float
    commits: int
    handshakes: int
    requests: int
    peak_rss_mb: float
    held: tuple[str, ...]
    stages: dict[str, float]
    bare_us: float | None = None

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU microseconds per record, all threads of the process and of its children."""
        return self.cpu_seconds / self.records * 1e6


@dataclass(frozen=True, slots=True)
class Contest:
    """What is run: rows, rounds, and who takes part besides the product."""

    records: int
    rounds: int
    references: Sequence[str]
    seed: int
    workers: int


def compete(contest: Contest, directory: Path, clock: Clock, tell: Tell) -> list[dict[str, Run]]:
    """Return the runs of every round by name.

    Raises BenchFailure when a run breaks, or when it sent other documents than the product.
    """
    rounds: list[dict[str, Run]] = []
    with _arena(directory, clock, contest.records, contest.seed, contest.workers) as arena:
        for number in range(contest.rounds):
            names = [PRODUCT, *([PLAIN] if contest.references else []), *contest.references]
            turn = number % len(names)
            runs: dict[str, Run] = {}
            for name in names[turn:] + names[:turn]:
                runs[name] = arena.run(name)
                tell(f"{number + 1}/{contest.rounds}", runs[name])
            _require_same_work(runs)
            rounds.append(runs)
    return rounds


def measure_memory(
    sizes: Sequence[int], directory: Path, clock: Clock, seed: int, workers: int, tell: Tell
) -> dict[int, Run]:
    """Return the run of the product that needed most memory, each in a fresh process, for each number of records.

    Peaks differ by chance, and a long run has more chances: all sizes but the last, the greatest, are run three times.
    """
    greatest: dict[int, Run] = {}
    for size in sizes:
        with _arena(directory, clock, size, seed, workers) as arena:
            for _ in range(1 if size == sizes[-1] else SHORT_RUNS):
                run = arena.run(PRODUCT)
                tell(str(size), run)
                greatest[size] = max(run, greatest.get(size, run), key=lambda each: each.peak_rss_mb)
    return greatest


@dataclass(frozen=True, slots=True)
class _Arena:
    workshop: Workshop
    receivers: Receivers
    source: Path
    warm: Path
    workers: int

    def run(self, name: str) -> Run:
        """Run one competitor over the rows."""
        directories = [
            write_configuration(self.workshop, each, source, self.receivers.addresses)
            for each, source in ((name.replace(" ", "-"), self.source), (f"{name.replace(' ', '-')}-warm", self.warm))
        ]
        try:
            with child(
                _MODULES[name],
                *map(str, directories),
                str(NAIVE_RECORDS),
                str(self.workers),
                "no rules" if name == PLAIN else "rules",
            ) as process:
                process.hear()
                self.receivers.reset()
                told = process.ask("go")
        finally:
            for each in directories:
                shutil.rmtree(each)
        return judged(name, told, self.receivers.counts())


@contextmanager
def _arena(directory: Path, clock: Clock, records: int, seed: int, workers: int) -> Iterator[_Arena]:
    workshop = open_workshop(directory, clock.now())
    source = make_rows(workshop, "source", records, seed)
    warm = make_rows(workshop, "warm", WARM_RECORDS, seed + 1)
    with receiving(workshop) as receivers:
        yield _Arena(workshop, receivers, source, warm, workers)


def judged(name: str, told: dict[str, Any], counts: dict[str, dict[str, Any]]) -> Run:
    """Make a run of what the process tells and the receivers have counted; theirs must fit."""
    records = told["records"]
    for place, count in counts.items():
        if count["faults"] or count["records"] != records:
            raise BenchFailure(f"{name}: {place} {count['records']}/{records} {count['faults'][:3]}")
    return Run(
        name=name,
        records=records,
        seconds=told["seconds"],
        cpu_seconds=told["cpu_seconds"] + told.get("children_cpu_seconds", 0.0),
        commits=told["commits"],
        handshakes=sum(count["handshakes"] for count in counts.values()),
        requests=sum(count["requests"] for count in counts.values()),
        peak_rss_mb=round(told["peak_rss_mb"] + told.get("children_peak_rss_mb", 0.0), 1),
        held=tuple(count["held"] for count in counts.values()),
        stages=told.get("stages", {}),
        bare_us=told.get("bare_us"),
    )


def _require_same_work(runs: dict[str, Run]) -> None:
    """Make sure that whoever sent as many records as the product sent the very same documents."""
    product = runs[PRODUCT]
    for name, run in runs.items():
        if run.records == product.records and run.held != product.held:
            raise BenchFailure(f"{name}: other documents than the product's")
