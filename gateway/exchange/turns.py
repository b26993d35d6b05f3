# SPDX-License-Identifier: Apache-2.0
"""Fair shares between senders: work is taken in turns, whoever sends most (S21)."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar, cast

T = TypeVar("T")
Work = tuple["Future[object]", Callable[[], object]]


class Turns:
    """A few threads that take the next piece of work of each sender in turn."""

    def __init__(self, workers: int) -> None:
        """Start ``workers`` threads."""
        self._waiting: OrderedDict[str, deque[Work]] = OrderedDict()
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._work, name=f"intake-{n}", daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, sender: str, work: Callable[[], T]) -> "Future[T]":
        """Queue work of a sender; raises RuntimeError once stopped."""
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise RuntimeError("stopped")
            self._waiting.setdefault(sender, deque()).append((cast("Future[object]", future), work))
            self._changed.notify()
        return future

    def stop(self) -> None:
        """Finish what is queued, then end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            future, work = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as fault:  # noqa: BLE001 - whoever waits for the future is told
                future.set_exception(fault)

    def _next(self) -> Work | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            if not self._waiting:
                return None
            sender, queue = next(iter(self._waiting.items()))
            work = queue.popleft()
            if queue:
                self._waiting.move_to_end(sender)
            else:
                del self._waiting[sender]
            return work
