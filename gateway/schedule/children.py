# SPDX-License-Identifier: Apache-2.0
"""Child processes that map and validate rows: they compute, and hold no ledger handle (ledger.md B15, B28).

A child is our own program, started anew (never forked: this process has threads and connections). It ends when this
process does, however that ends, since its standard input closes then; a task that lasts too long ends it by a signal
that the kernel sends. Interrupts and terminations meant for the gateway do not reach it.
"""

import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, BinaryIO, Final

import structlog

from gateway.errors import ChildError
from gateway.flow.translating import Crashed, Hands, Numbers, Translated, Wanted
from gateway.mapping.model import Mapping as SourceMapping
from gateway.model.record import Row
from gateway.schedule.frames import Reply, Rewired, Task, Wiring, how_it_ended, observed, read, told, write

PROGRAM: Final = ("-m", "gateway.child")
_END_WITHIN: Final = 5.0

log = structlog.get_logger(__name__)


class Child:
    """One process, which does one task at a time."""

    def __init__(self, program: Sequence[str], wiring: Wiring) -> None:
        """Start it and wait until it is wired; raises ChildError."""
        try:
            self._process = subprocess.Popen(  # noqa: S603 # our own interpreter and module
                [sys.executable, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as fault:
            raise ChildError(str(fault)) from fault
        self.measured: Mapping[str, float] = {}
        self._versions = {source: mapping.version for source, mapping in wiring.mappings.items()}
        try:
            self.do(wiring)
        except Crashed as crash:
            self.end()
            raise ChildError(str(crash)) from crash

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def do(self, task: object) -> Any:
        """Have a task done. Raises Crashed when the process died of it, or when the task raised."""
        stdin, stdout = self._pipes()
        try:
            write(stdin, task)
            reply: Reply = read(stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise Crashed(self._death()) from None
        self.measured = reply.measured
        if reply.failed is not None:
            raise Crashed(reply.failed)
        return reply.made

    def keep_to(self, source: str, mapping: SourceMapping) -> None:
        """Give it the mapping of a source unless it has it; raises Crashed."""
        if self._versions.get(source) != mapping.version:
            self.do(Rewired(source, mapping))
            self._versions[source] = mapping.version

    @property
    def alive(self) -> bool:
        """Whether it can be given another task."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it; a task under way is lost."""
        stdin, stdout = self._pipes()
        self._process.kill()
        for pipe in (stdin, stdout):
            with suppress(OSError):
                pipe.close()
        self._process.wait()

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError
        return stdin, stdout  # type: ignore[return-value] # both are binary

    def _death(self) -> str:
        """Return how the process ended."""
        try:
            code = self._process.wait(_END_WITHIN)
        except subprocess.TimeoutExpired:
            self.end()
            return "no answer"
        return how_it_ended(code)


class ChildProcesses:
    """A few children, started when there is first something worth sending; safe to call from any thread.

    ``size`` 0 keeps none: one is started for rows under suspicion and ended after them.
    """

    def __init__(self, size: int, wiring: Wiring, program: Sequence[str] = PROGRAM) -> None:
        """Keep ``size`` children; ``wiring`` is the first thing each is told."""
        self.size = size
        self._wiring, self._program = wiring, program
        self._threads = ThreadPoolExecutor(max(1, size), thread_name_prefix="child")
        self._lock = threading.Lock()
        self._idle: deque[Child] = deque()
        self._all: set[Child] = set()
        self._starting: list[Future[None]] = []
        self._closed = False

    def rewire(self, source: str, mapping: SourceMapping) -> None:
        """Use another mapping of a source from now on; a task under way ends with the one it began with."""
        with self._lock:
            self._wiring = self._wiring._replace(mappings={**self._wiring.mappings, source: mapping})

    def ready(self) -> bool:
        """Tell whether there is a child; where none was ever started, begin to start all of them."""
        with self._lock:
            if not self._starting and not self._closed:
                self._starting = [self._threads.submit(self._start_one) for _ in range(self.size)]
            return bool(self._all)

    def start(self) -> None:
        """Start all children and wait until they can work; raises ChildError."""
        self.ready()
        for each in self._starting:
            each.result()
        if len(self._all) < self.size:
            raise ChildError(f"{len(self._all)} / {self.size}")

    def wanted(self, source: str, rows: Sequence[Row], *, apart: bool = False) -> list[Wanted]:
        """Name the numbers that each row needs. Raises Crashed, ChildError."""
        task = Task("wants", source, told(rows), {}, apart)
        return [tuple(each) for each in self._threads.submit(self._do, task).result()]

    def observe(
        self, hands: Hands, rows: Sequence[Row], numbers: Numbers, *, apart: bool = False
    ) -> "Future[Translated]":
        """Map and validate rows; the future may raise Crashed or ChildError."""

        def work() -> Translated:
            task = Task("observe", hands.source, told(rows), dict(numbers), apart, hands.level, hands.now)
            made, packed = self._do(task)
            return Translated(observed(rows, made), packed)

        return self._threads.submit(work)

    def rest(self) -> None:
        """End what was started for rows under suspicion only."""
        if self.size == 0:
            self._end_all()

    def close(self) -> None:
        """End every child; what is under way is lost."""
        self._closed = True
        self._end_all()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._end_all()

    @property
    def pids(self) -> list[int]:
        """The process ids of the children."""
        with self._lock:
            return sorted(each.pid for each in self._all)

    @property
    def measured(self) -> list[Mapping[str, float]]:
        """What each child last said of itself."""
        with self._lock:
            return [each.measured for each in self._all]

    def _start_one(self) -> None:
        try:
            self._give_back(self._new())
        except ChildError as fault:
            log.warning("no-child", error=fault.spoken("zh"))

    def _do(self, task: Task) -> Any:
        child = self._take()
        try:
            mapping = self._wiring.mappings.get(task.source)
            if mapping is not None:  # records in the standard form have none
                child.keep_to(task.source, mapping)
            return child.do(task)
        finally:
            self._give_back(child)

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                self._forget(child)
        return self._new()

    def _new(self) -> Child:
        if self._closed:
            raise ChildError
        child = Child(self._program, self._wiring)
        with self._lock:
            self._all.add(child)
        return child

    def _give_back(self, child: Child) -> None:
        with self._lock:
            if self._closed or not child.alive:
                self._forget(child)
            else:
                self._idle.append(child)

    def _forget(self, child: Child) -> None:
        self._all.discard(child)
        child.end()

    def _end_all(self) -> None:
        with self._lock:
            children = list(self._all)
            self._all.clear()
            self._idle.clear()
        for child in children:
            child.end()
