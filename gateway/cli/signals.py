# SPDX-License-Identifier: Apache-2.0
"""Signals as the main thread learns of them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import FrameType


@dataclass(slots=True)
class Signals:
    """What signals have told this process since they are listened to.

    A handler runs in the midst of whatever the main thread does, so it may touch nothing that takes a lock: an event
    set while the main thread is on its way into a wait for it stops both for ever. ``SimpleQueue.put`` is made for it.
    """

    end: bool = False
    reload: bool = False
    _told: SimpleQueue[int] = field(default_factory=SimpleQueue)

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take note of a signal; the handler."""
        self._told.put(number)

    def wait(self, seconds: float) -> None:
        """Wait for a signal, so many seconds at most."""
        with suppress(Empty):
            self._take(self._told.get(timeout=seconds))
            while True:
                self._take(self._told.get_nowait())

    def _take(self, number: int) -> None:
        if number == signal.SIGHUP:
            self.reload = True
        else:
            self.end = True


@contextmanager
def listening(*numbers: signal.Signals) -> Iterator[Signals]:
    """Take note of some signals, in place of what they did before, for as long as the block lasts."""
    told = Signals()
    before = {number: signal.signal(number, told.handle) for number in numbers}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
