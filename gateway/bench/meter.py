# SPDX-License-Identifier: Apache-2.0
"""What is measured of a run inside its own process: wall time, CPU of all threads, peak memory, stages."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_MEGABYTE = 1024 * 1024
_STATUS = Path("/proc/self/status")


class Stages:
    """CPU seconds by stage, of the thread that does the work; each stage belongs to threads that never share it.

    CPU and not wall time: a stage that waits for the interpreter lock or for the network must not count it as its own.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Add the CPU time of the block to a stage."""
        begun = time.thread_time()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.thread_time() - begun

    def timed(self, stage: str, function: Callable[P, T]) -> Callable[P, T]:
        """Return ``function`` with its CPU time added to a stage."""
        seconds, clock = self.seconds, time.thread_time
        seconds.setdefault(stage, 0.0)

        def measured(*arguments: P.args, **named: P.kwargs) -> T:
            begun = clock()
            try:
                return function(*arguments, **named)
            finally:
                seconds[stage] += clock() - begun

        return measured

    def per_record(self, records: int) -> dict[str, float]:
        """Return microseconds per record by stage."""
        return {name: round(spent / records * 1e6, 2) for name, spent in sorted(self.seconds.items())}


def peak_rss_mb() -> float:
    """Return the peak resident memory of this process in megabytes.

    Linux hands ``ru_maxrss`` of the parent on to a child, so the process's own high-water mark is read there.
    """
    if _STATUS.is_file():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    scale = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / _MEGABYTE, 1)


def serve(work: Callable[[], dict[str, Any]], after: Callable[[], dict[str, Any]] = dict) -> None:
    """Tell the bench that all is warm, wait for its word, run ``work`` and tell what was measured.

    ``work`` returns what it counted, ``records`` among it; what ``after`` finds out is told but not measured.
    """
    _tell({"ready": True})
    if not sys.stdin.readline():
        return
    begun, cpu = time.perf_counter(), time.process_time()
    counted = work()
    told = {"seconds": time.perf_counter() - begun, "cpu_seconds": time.process_time() - cpu}
    _tell({**counted, **told, "peak_rss_mb": peak_rss_mb(), **after()})


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
