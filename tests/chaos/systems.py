# SPDX-License-Identifier: Apache-2.0
"""Processes that the tests start, kill and start again: reference systems, and the gateway itself."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 30.0
STEP_SECONDS = 0.02
STARTED = "网关已启动"


def gateway(*arguments: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command of the gateway to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", timeout=timeout, check=False,
    )  # fmt: skip


def gateway_json(*arguments: str | Path, timeout: float = 120, codes: Sequence[int] = (0,)) -> Any:
    """Run a command that prints JSON and return it; any other exit code than ``codes`` fails."""
    done = gateway(*arguments, "--json", timeout=timeout)
    assert done.returncode in codes, (done.returncode, done.stdout[-2000:], done.stderr[-4000:])
    return json.loads(done.stdout)


@dataclass
class System:
    """One reference system; a killed one comes back on the same directory and port."""

    role: str
    directory: Path
    options: tuple[str, ...] = ()
    port: int = 0
    url: str = ""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "gateway", "reference", self.role, "--dir", str(self.directory)]
        command += ["--port", str(self.port), "--ready-file", str(ready), *self.options]
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait(ready)
        self.url = str(json.loads(ready.read_text(encoding="utf-8"))["url"])
        self.port = int(self.url.rsplit(":", 1)[1].partition("/")[0])

    def _wait(self, ready: Path) -> None:
        assert self.process is not None
        for _ in range(int(START_SECONDS / STEP_SECONDS)):
            if ready.exists():
                return
            try:
                code = self.process.wait(STEP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            log = (self.directory / "server.log").read_text(encoding="utf-8")[-2000:]
            raise AssertionError(f"{self.directory.name} ended with {code}: {log}")
        raise AssertionError(f"{self.directory.name} is not ready after {START_SECONDS:.0f} s")

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it with a signal; one that has ended already is left alone."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def script(self, *rules: Mapping[str, Any]) -> None:
        """Put these faults in force, in place of the ones before; none: behave."""
        path = self.directory / "faults.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(list(rules), ensure_ascii=False), encoding="utf-8")
        draft.replace(path)

    def dump(self) -> dict[str, Any]:
        """Return what it holds, from its storage alone."""
        held: dict[str, Any] = gateway_json("reference", "dump", "--dir", self.directory)
        return held


@dataclass
class Service:
    """``gateway run`` (or another command that serves) as a process; the lines it says are watched for its start."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("run",)
    process: subprocess.Popen[str] | None = None
    told: list[str] = field(default_factory=list)

    def spawn(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *self.command, "-C", str(self.directory)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
        )  # fmt: skip
        return self.process

    def until(self, words: str) -> None:
        """Read what it says until a line holds ``words``; fails when it ends before."""
        assert self.process is not None
        assert self.process.stderr is not None
        for line in iter(self.process.stderr.readline, ""):
            self.told.append(line)
            if words in line:
                return
        raise AssertionError(f"gateway run ended with {self.process.wait(STOP_SECONDS)}: {self.rest()[-4000:]}")

    def live(self, seconds: float) -> None:
        """Let it work for so many seconds; fails when it ends by itself."""
        assert self.process is not None
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise AssertionError(f"gateway run ended by itself with {code}: {self.rest()[-4000:]}")

    def die_after(self, seconds: float) -> None:
        """``kill -9`` when so many seconds have passed."""
        self.live(seconds)
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.rest()

    def end(self, within: float = STOP_SECONDS) -> int:
        """SIGTERM; return the exit code, or fail when it takes longer than ``within`` seconds."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            _, told = self.process.communicate(timeout=within)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, told = self.process.communicate()
            raise AssertionError(f"gateway run did not end within {within} s of SIGTERM: {told[-4000:]}") from None
        self.told.append(told)
        return self.process.returncode

    def rest(self) -> str:
        """Return everything it said; the process has ended."""
        assert self.process is not None
        if self.process.stderr is not None and not self.process.stderr.closed:
            self.told.append(self.process.stderr.read())
            self.process.stderr.close()
        return "".join(self.told)


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[Service]:
    """Run ``gateway run`` for as long as the block lasts; it has told that it is up. Killed if the block leaves it."""
    service = Service(directory, environment)
    process = service.spawn()
    try:
        service.until(STARTED)
        yield service
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_SECONDS)
        service.rest()


def make_keys(directory: Path, *systems: str) -> dict[str, Any]:
    """Make certificates, keys and registries and return their paths; ``systems`` are pairs NAME=CODE."""
    named = [f"--system={pair}" for pair in systems]
    done = gateway("reference", "init", "--dir", directory, *named)
    assert done.returncode == 0, done.stderr
    keys: dict[str, Any] = json.loads(done.stdout)
    return keys
