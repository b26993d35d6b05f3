# SPDX-License-Identifier: Apache-2.0
"""A timer that no jump of the wall clock stops: every pause is counted by a clock that never goes back (promises.md R7)."""

import threading
from collections.abc import Callable

import structlog

from gateway.errors import GatewayError

log = structlog.get_logger(__name__)


class Timer:
    """Does things again and again, each in a thread of its own, until stopped; one that fails is tried again."""

    def __init__(self, broken: Callable[[BaseException], None]) -> None:
        """``broken`` hears of what nobody foresaw; its thread has ended then."""
        self._broken = broken
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        """Do ``work`` each time so many seconds have passed since it was done last, for the first time at once."""
        self._threads.append(threading.Thread(target=self._again_and_again, args=(seconds, name, work), name=name))

    def start(self) -> None:
        """Start."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for what is under way."""
        for thread in self._threads:
            thread.join()

    def _again_and_again(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except GatewayError as error:
                log.warning("timer-failed", what=name, code=error.code, error=error.spoken("zh"))
            except BaseException as fault:
                self._broken(fault)
                raise
            self._stopping.wait(seconds)
