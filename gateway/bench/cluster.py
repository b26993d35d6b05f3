# SPDX-License-Identifier: Apache-2.0
"""Cluster mode measured: the same source through one worker process and through two, over a PostgreSQL ledger."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, create_engine, func, select

from gateway.bench.databases import scratch_database
from gateway.bench.failure import BenchFailure
from gateway.bench.processes import Receivers, receiving
from gateway.bench.workshop import Workshop, make_rows, open_workshop, write_configuration
from gateway.ledger.engine import parse
from gateway.ledger.tables import attempt, delivery, source_run
from gateway.ports import Clock

_HELPER: Final = ("worker", "--concurrency", "2")
"""One that collects in one place and delivers in one: two sources are then pulled by two processes."""
_STARTED: Final = "网关已启动"
_PATIENCE: Final = 600.0
_GLANCE: Final = 0.2
_END_WITHIN: Final = 60.0


def measure_cluster(
    records: int, rounds: int, directory: Path, clock: Clock, seed: int, children: int, server: str,
    tell: Callable[[str], None],
) -> list[dict[int, float]]:  # fmt: skip
    """Return records per second by number of worker processes, in turns; each run has a database of its own.

    The clock runs from the beginning of the first pull to the last receipt, as the ledger has them. ``children`` map
    and validate for each worker.
    """
    workshop = open_workshop(directory, clock.now())
    source = make_rows(workshop, "source", records, seed)
    told: list[dict[int, float]] = []
    with receiving(workshop) as receivers:
        for number in range(rounds):
            rates = {}
            for workers in (1, 2) if number % 2 == 0 else (2, 1):
                rates[workers] = _run(workshop, source, receivers, workers, children, server, records)
                tell(f"{number + 1}/{rounds} × {workers}: {rates[workers]:.0f}/s")
            told.append(rates)
    return told


def _run(
    workshop: Workshop, source: Path, receivers: Receivers, workers: int, children: int, server: str, records: int
) -> float:
    receivers.reset()
    with scratch_database(server) as url:
        run = ("mode: cluster", f"workers: {children}")
        folder = write_configuration(workshop, f"cluster-{workers}", source, receivers.addresses, url, run)
        with closing(_Ledger(url)) as ledger, ExitStack() as stack:
            # The last one pulls at its start: by then the others are waiting for work.
            for command in (_HELPER,) * (workers - 1) + (("run",),):
                stack.enter_context(_working(folder, command))
            ledger.wait_for(records * len(receivers.addresses))
            rate = records / ledger.seconds()
    for name, count in receivers.counts().items():
        if count["faults"] or count["records"] != records:
            raise BenchFailure(f"{name}: {count['records']}/{records} {count['faults'][:3]}")
    return rate


@contextmanager
def _working(folder: Path, command: tuple[str, ...]) -> Iterator[None]:
    """Run the gateway as a process for as long as the block lasts, which begins when it is up."""
    said = folder / f"{command[0]}.log"
    with said.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 # our own program
            [sys.executable, "-m", "gateway", *command, "-C", str(folder)], stderr=stream, stdout=stream
        )
        try:
            end = time.monotonic() + _END_WITHIN
            while _STARTED not in said.read_text(encoding="utf-8", errors="replace"):
                if process.poll() is not None or time.monotonic() > end:
                    raise BenchFailure(said.read_text(encoding="utf-8", errors="replace")[-500:])
                time.sleep(_GLANCE)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_END_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class _Ledger:
    """The ledger as the bench looks on: what is settled, and when."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = create_engine(parse(url))

    def close(self) -> None:
        self._engine.dispose()

    def wait_for(self, deliveries: int) -> None:
        """Wait until so many deliveries are settled. Raises BenchFailure when that takes too long."""
        end = time.monotonic() + _PATIENCE
        while (settled := self._settled()) < deliveries:
            if time.monotonic() > end:
                raise BenchFailure(f"{settled}/{deliveries}")
            time.sleep(_GLANCE)

    def _settled(self) -> int:
        with self._engine.connect() as connection:
            question = select(func.count()).select_from(delivery).where(delivery.c.state == "settled")
            return int(connection.execute(question).scalar_one())

    def seconds(self) -> float:
        """Return the time from the beginning of the first pull to the last receipt."""
        with self._engine.connect() as connection:
            first = connection.execute(select(func.min(source_run.c.started_at))).scalar_one()
            last = connection.execute(select(func.max(attempt.c.at))).scalar_one()
        return float(last - first) / 1e6
