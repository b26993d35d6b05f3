# SPDX-License-Identifier: Apache-2.0
"""A timer that no jump of the wall clock stops (promises.md R7).

APScheduler keeps the time, in memory; what comes back by a cron line stands in the ledger (``gateway.schedule.firing``).
Its next run is a moment of the wall clock, so after a clock that was an hour ahead is put right it would wait that hour:
a watch beside it compares the wall with a clock that never goes back and lets everything run anew.
"""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from gateway.clock import BEIJING, SystemClock
from gateway.errors import GatewayError
from gateway.ports import Clock

log = structlog.get_logger(__name__)

logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of every run that is left out while one goes on

_WATCH_EVERY = 1.0
_JUMP = timedelta(seconds=5)
_WALL = SystemClock()  # the one that APScheduler reads


class Timer:
    """Does things again and again, never the same thing twice at once, until stopped; one that fails is tried again."""

    def __init__(self, clock: Clock, broken: Callable[[BaseException], None]) -> None:
        """``broken`` hears of what nobody foresaw; nothing is begun any more then."""
        self._clock = clock
        self._broken = broken
        self._scheduler = BackgroundScheduler(
            timezone=BEIJING, executors={"default": ThreadPoolExecutor(16)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )  # fmt: skip
        self._stopping = threading.Event()
        self._seen = clock.now(), clock.monotonic()
        self._watch = threading.Thread(target=self._watch_the_wall, name="clock-watch", daemon=True)

    def every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        """Do ``work`` each time so many seconds have passed, for the first time at once."""
        self._scheduler.add_job(
            self._do, "interval", seconds=seconds, args=(name, work), id=name, next_run_time=_WALL.now()
        )

    def start(self) -> None:
        """Start."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.pause()

    def join(self) -> None:
        """Wait for what is under way."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
            self._watch.join()

    def mind_the_wall(self) -> None:
        """Let everything run anew where the wall clock has jumped since it was looked at last."""
        now, steady = self._clock.now(), self._clock.monotonic()
        was, since = self._seen
        self._seen = now, steady
        if abs(now - was - timedelta(seconds=steady - since)) <= _JUMP:
            return
        log.warning("clock-jumped", was=was.isoformat(), is_now=now.isoformat())
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=_WALL.now())

    def _watch_the_wall(self) -> None:
        while not self._stopping.wait(_WATCH_EVERY):
            self.mind_the_wall()

    def _do(self, name: str, work: Callable[[], None]) -> None:
        if self._stopping.is_set():
            return
        try:
            work()
        except GatewayError as error:
            log.warning("timer-failed", what=name, code=error.code, error=error.spoken("zh"))
        except BaseException as fault:  # noqa: BLE001  # handed on whole
            self._stopping.set()
            self._broken(fault)
