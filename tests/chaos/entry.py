# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.chaos.entry ARGS``: the gateway's own command line, with a switch board that only tests have.

The wheel does not contain this module, and the gateway reads none of these variables:

``CHAOS_POINT``   name of a crash point and, after a colon, at which passing to die (``chunk.committed:3``)
``CHAOS_HITS``    file that gets a line when the point has struck
``CHAOS_PLANT``   names of known bugs to plant, comma-separated (``tests.chaos.planted``)
``CHAOS_CLOCK``   file with the seconds by which the wall clock is wrong; read again whenever it changes
"""

import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.chaos import planted, points

POINT, HITS, PLANT, CLOCK = "CHAOS_POINT", "CHAOS_HITS", "CHAOS_PLANT", "CHAOS_CLOCK"


def arm(environment: Mapping[str, str]) -> None:
    """Do what the environment asks for to this process."""
    for bug in filter(None, environment.get(PLANT, "").split(",")):
        planted.plant(bug)
    if CLOCK in environment:
        wrong_clock(Path(environment[CLOCK]))
    if POINT in environment:
        name, _, nth = environment[POINT].partition(":")
        log = Path(environment[HITS]) if HITS in environment else None
        points.arm(points.Hits(name, int(nth or 1), log), frozenset({name}))


def wrong_clock(path: Path) -> None:
    """Let the wall clock of the Clock port be wrong by what ``path`` says; the monotonic one does not notice."""
    from gateway.clock import SystemClock

    right = SystemClock.now
    read: dict[int, float] = {}

    def now(clock: SystemClock) -> Any:
        changed = path.stat().st_mtime_ns
        if changed not in read:
            read.clear()
            read[changed] = float(path.read_text(encoding="ascii") or 0)
        return right(clock) + timedelta(seconds=read[changed])

    SystemClock.now = now  # type: ignore[method-assign]


def main() -> None:
    """Arm this process and run the command line."""
    arm(os.environ)
    from gateway.cli import main as run

    sys.argv[0] = "gateway"
    run()


if __name__ == "__main__":
    main()
