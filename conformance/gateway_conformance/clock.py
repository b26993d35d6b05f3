# SPDX-License-Identifier: Apache-2.0
"""A clock that suite and system under test share: waits named in real seconds, passed ``scale`` times as fast."""

import time
from datetime import datetime

from gateway.clock import BEIJING


class ScaledClock:
    """Waits and bounds in seconds of the standard; ``scale`` 1 is real time."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = max(scale, 1.0)

    def now(self) -> datetime:
        """Return the bench's wall clock at +08:00; it is never scaled."""
        return datetime.fromtimestamp(time.time_ns() / 1e9, BEIJING)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` of the standard pass."""
        time.sleep(seconds / self.scale)

    def bound(self, seconds: float) -> float:
        """Return how long ``seconds`` of the standard last on this clock."""
        return seconds / self.scale
