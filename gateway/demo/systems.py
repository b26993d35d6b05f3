# SPDX-License-Identifier: Apache-2.0
"""Run the reference systems as processes while the demo lasts."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gateway.clock import SystemClock
from gateway.errors import Unreachable

_ROLES = {"municipal": "platform", "supervision": "supervision"}
_START_WITHIN = 30.0
_STOP_WITHIN = 15.0


@contextmanager
def running(directory: Path) -> Iterator[dict[str, str]]:
    """Start both systems below ``directory``/systems on free loopback ports; yield their addresses; stop them.

    Raises Unreachable when one does not come up in 30 s; its log stands in ``directory``/var.
    """
    with ExitStack() as stack:
        started = {name: stack.enter_context(_process(directory, name, role)) for name, role in _ROLES.items()}
        yield {name: _address(process, directory, name) for name, process in started.items()}


@contextmanager
def _process(directory: Path, name: str, role: str) -> Iterator["subprocess.Popen[bytes]"]:
    ready = _ready_file(directory, name)
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "gateway", "reference", role, "--dir", str(directory / "systems" / name)]
    with (directory / "var" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 # our own command
            [*command, "--port", "0", "--ready-file", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the gateway: it finishes its package before the systems go
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", directory: Path, name: str) -> str:
    ready = _ready_file(directory, name)
    clock = SystemClock()
    end = clock.monotonic() + _START_WITHIN
    while not ready.is_file():
        if process.poll() is not None or clock.monotonic() > end:
            raise Unreachable(f"{name}: {directory / 'var' / f'{name}.log'}")
        # Waiting for the process's end doubles as the pause between two looks.
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    address: str = json.loads(ready.read_text(encoding="utf-8"))["url"]
    return address


def _ready_file(directory: Path, name: str) -> Path:
    return directory / "var" / f"{name}.ready.json"
