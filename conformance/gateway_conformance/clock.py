# SPDX-License-Identifier: Apache-2.0
"""A clock that suite and system under test share: waits named in real seconds, passed ``scale`` times as fast."""

import time

from gateway.clock import SystemClock


class ScaledClock(SystemClock):
    """The machine's clock with waits and bounds in seconds of the standard; ``scale`` 1 is real time."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = max(scale, 1.0)

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the standard pass."""
        time.sleep(seconds / self.scale)

    def bound(self, seconds: float) -> float:
        """Return how long ``seconds`` of the standard last on this clock."""
        return seconds / self.scale
