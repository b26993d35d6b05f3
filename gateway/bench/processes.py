# SPDX-License-Identifier: Apache-2.0
"""The bench's child processes: receivers and measured runs, which talk to the bench in lines of JSON."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from gateway.bench.failure import BenchFailure
from gateway.bench.rows import RECEIVERS
from gateway.bench.workshop import Workshop

_STOP_WITHIN = 15.0


class Child:
    """A Python process of the bench; ends when its standard input does."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._name = module
        self._process = subprocess.Popen(  # noqa: S603 # our own module
            [sys.executable, "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line: str) -> Any:
        """Send one line and return the answer. Raises BenchFailure when the process has died."""
        stdin = self._process.stdin
        if stdin is None:
            raise AssertionError
        try:
            stdin.write(line + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise BenchFailure(f"{self._name}: exit {self._process.wait(_STOP_WITHIN)}") from None
        return self.hear()

    def hear(self) -> Any:
        """Return the next line that the process prints. Raises BenchFailure when it has died."""
        stdout = self._process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise BenchFailure(f"{self._name}: exit {self._process.wait(_STOP_WITHIN)}")
        return json.loads(line)

    def stop(self) -> None:
        """Close the process's input and wait for its end."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def child(module: str, *arguments: str) -> Iterator[Child]:
    """Start ``module`` and stop it at the end of the block."""
    process = Child(module, arguments)
    try:
        yield process
    finally:
        process.stop()


class Receivers:
    """Both destinations, each a process of its own."""

    def __init__(self, processes: dict[str, Child]) -> None:
        self._processes = processes
        self.addresses = {name: str(process.hear()["url"]) for name, process in processes.items()}

    def reset(self) -> None:
        """Let both forget what they hold and have counted."""
        for process in self._processes.values():
            process.ask("reset")

    def counts(self) -> dict[str, dict[str, Any]]:
        """Return what each has counted since the last reset."""
        return {name: process.ask("counts") for name, process in self._processes.items()}


@contextmanager
def receiving(workshop: Workshop) -> Iterator[Receivers]:
    """Run both receivers for as long as the block lasts."""
    with ExitStack() as stack:
        yield Receivers(
            {name: stack.enter_context(child("gateway.bench.receiver", str(workshop.keys), name)) for name in RECEIVERS}
        )
