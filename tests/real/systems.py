# SPDX-License-Identifier: Apache-2.0
"""Both reference systems as processes of their own, on free ports of the loopback interface."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROLES = {"municipal": "platform", "supervision": "supervision"}
START_SECONDS = 60.0
STOP_SECONDS = 30.0
STEP_SECONDS = 0.05


def make_city(directory: Path) -> dict[str, Any]:
    """Make certificates, keys and registries of the test city and return their paths."""
    return _told("init", "--dir", str(directory))


def dump(directory: Path) -> dict[str, Any]:
    """Return what a system holds, read from its storage alone."""
    return _told("dump", "--dir", str(directory), "--json")


def _told(*arguments: str) -> dict[str, Any]:
    """Run ``gateway reference …`` and return the JSON it prints; raises RuntimeError with what it said instead."""
    command = [sys.executable, "-m", "gateway", "reference", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if ended.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {ended.returncode}: {ended.stderr}")
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


@contextmanager
def running(city: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Run every system of the city for as long as the block lasts; yields the URL of each."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(_system(ROLES[name], Path(system["directory"])))
            for name, system in city["systems"].items()
        }


@contextmanager
def _system(role: str, directory: Path) -> Iterator[str]:
    ready = directory / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gateway", "reference", role, "--dir", str(directory)]
    options = ["--catalogue", "strict", "--ready-file", str(ready)]
    with (
        (directory / "server.log").open("ab") as log,
        subprocess.Popen([*command, *options], stdout=log, stderr=log) as server,
    ):
        try:
            _wait_for(server, ready, directory)
            yield str(json.loads(ready.read_text(encoding="utf-8"))["url"])
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(server: subprocess.Popen[bytes], ready: Path, directory: Path) -> None:
    """Wait until the system has written where it listens; raises RuntimeError when it ends or takes too long."""
    for _ in range(int(START_SECONDS / STEP_SECONDS)):
        if ready.exists():
            return
        try:
            code = server.wait(STEP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"{directory.name} ended with {code}, see {directory / 'server.log'}")
    raise RuntimeError(f"{directory.name} is not ready after {START_SECONDS:.0f} s")
