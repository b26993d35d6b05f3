# SPDX-License-Identifier: Apache-2.0
"""A clock and identifiers that tests own."""

from datetime import datetime, timedelta
from uuid import UUID

from gateway.clock import BEIJING

START = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the wall clock."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the clock was made, never going back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` (not negative) pass."""
        if seconds < 0:
            raise ValueError(seconds)
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back by ``seconds``; the monotonic one does not notice."""
        self._now += timedelta(seconds=seconds)


class FakeIds:
    """Identifiers in counting order, in the form of UUID version 4."""

    def __init__(self, start: int = 0) -> None:
        self._last = start

    def fresh(self) -> UUID:
        """Return the next identifier."""
        self._last += 1
        return UUID(int=self._last, version=4)
