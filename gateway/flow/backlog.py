# SPDX-License-Identifier: Apache-2.0
"""A hint that lets deliverers wait for full packages while sources are being pulled; the truth stays in the ledger."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Backlog:
    """Counts, per destination, records that became ready since its last claim, and how many pulls are under way."""

    def __init__(self, destinations: tuple[str, ...], linger: float) -> None:
        self._changed = threading.Condition()
        self._ready = dict.fromkeys(destinations, 0)
        self._pulls = 0
        self._stopped = False
        self._linger = linger

    @contextmanager
    def pulling(self) -> Iterator[None]:
        """Mark a pull as under way, for as long as the block lasts."""
        with self._changed:
            self._pulls += 1
        try:
            yield
        finally:
            with self._changed:
                self._pulls -= 1
                self._changed.notify_all()

    def grew(self, records: int) -> None:
        """Tell that a chunk made ``records`` more deliveries ready at every destination."""
        with self._changed:
            for name in self._ready:
                self._ready[name] += records
            self._changed.notify_all()

    def stop(self) -> None:
        """Wake every waiter for good."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stopped

    @property
    def idle(self) -> bool:
        """Whether no pull is under way."""
        with self._changed:
            return self._pulls == 0

    def wait_for_package(self, destination: str, size: int) -> None:
        """Wait until a package of ``size`` can be full, no pull is under way, or the linger time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or self._pulls == 0 or self._ready[destination] >= size, timeout=self._linger
            )
            self._ready[destination] = max(0, self._ready[destination] - size)

    def take_if_full(self, destination: str, size: int) -> bool:
        """Tell, without waiting, whether a claim would find a full package or no pull is under way."""
        with self._changed:
            full = self._pulls == 0 or self._ready[destination] >= size
            if full:
                self._ready[destination] = max(0, self._ready[destination] - size)
            return full

    def rest(self, seconds: float) -> None:
        """Wait until something changes, at most ``seconds``."""
        with self._changed:
            if not self._stopped:
                self._changed.wait(timeout=seconds)
