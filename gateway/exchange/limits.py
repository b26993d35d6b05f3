# SPDX-License-Identifier: Apache-2.0
"""What one sender may take of the intake: packages in work, and packages a minute (S21)."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.flow.receive import CallRefused
from gateway.ports import Clock

_MINUTE: Final = 60.0


class Limits:
    """Counts of one sender; asked before a byte of the body is read."""

    def __init__(self, in_flight: int, rate: int, clock: Clock) -> None:
        """Allow ``in_flight`` calls at once and ``rate`` in any minute."""
        self._in_flight = in_flight
        self._rate = rate
        self._clock = clock
        self._now = 0
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place for one call; raises CallRefused 4001 with the time to wait."""
        with self._lock:
            self._require()
            self._now += 1
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1

    def _require(self) -> None:
        if self._now >= self._in_flight:
            raise CallRefused("4001", "同时处理的请求过多 / too many calls of this sender at once", 1)
        now = self._clock.monotonic()
        while self._times and self._times[0] <= now - _MINUTE:
            self._times.popleft()
        if len(self._times) >= self._rate:
            wait = int(self._times[0] + _MINUTE - now) + 1
            raise CallRefused("4001", "报送过于频繁 / more calls a minute than agreed", wait)
        self._times.append(now)
