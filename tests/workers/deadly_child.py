# SPDX-License-Identifier: Apache-2.0
"""A child of the gateway in which some remarks are deadly, each in its own way."""

import os
import signal
import sys
from typing import Any

from gateway.child import Compute, serve
from gateway.schedule.frames import Task


def _recurse(depth: int) -> int:
    return _recurse(depth + 1) + 1


def _loop() -> None:
    while True:
        pass


DEATHS = {
    "SEGFAULT": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "EXIT": lambda: os._exit(3),
    "MEMORY": lambda: bytearray(1 << 50),
    "RECURSION": lambda: _recurse(0),
    "LOOP": _loop,
}


def prepare(compute: Compute) -> None:
    """Let a row whose remark names a death die of it."""
    done = compute.do

    def do(task: Task) -> Any:
        for _row_id, raw, _digest, _stamp in task.rows:
            for name, die in DEATHS.items():
                if f'"BZ":"{name}"'.encode() in raw:
                    die()
        return done(task)

    compute.do = do  # type: ignore[method-assign]


if __name__ == "__main__":
    if "--no-start" in sys.argv:
        sys.exit(7)
    serve(prepare=prepare)
