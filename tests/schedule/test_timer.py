# SPDX-License-Identifier: Apache-2.0
"""R7: the timer goes on whatever the wall clock does, and tells what nobody foresaw."""

import threading
from collections.abc import Iterator

import pytest

from gateway.errors import LedgerError
from gateway.schedule.timer import Timer
from gateway.testing.clock import FakeClock

HOUR = 3600.0
LONG = 30.0


class Counted:
    """Work that counts how often it was done."""

    def __init__(self) -> None:
        self._runs = threading.Semaphore(0)
        self.fault: BaseException | None = None

    def __call__(self) -> None:
        self._runs.release()
        if self.fault is not None:
            raise self.fault

    def ran(self) -> bool:
        """Wait for the next run, and tell whether it came."""
        return self._runs.acquire(timeout=LONG)

    def idle(self) -> bool:
        return not self._runs.acquire(blocking=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def broken() -> list[BaseException]:
    return []


@pytest.fixture
def timer(clock: FakeClock, broken: list[BaseException]) -> Iterator[Timer]:
    made = Timer(clock, broken.append)
    yield made
    made.stop()
    made.join()


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_r07_a_jump_of_the_wall_clock_stops_nothing(timer: Timer, clock: FakeClock, seconds: float) -> None:
    work = Counted()
    timer.every(HOUR, "work", work)
    timer.start()
    assert work.ran(), "the first time at once"
    clock.advance(2.0)
    timer.mind_the_wall()
    assert work.idle(), "time that passes is no jump"
    clock.jump(seconds)
    timer.mind_the_wall()
    assert work.ran()


def test_what_fails_is_tried_again(timer: Timer, broken: list[BaseException]) -> None:
    work = Counted()
    work.fault = LedgerError("away")
    timer.every(0.05, "work", work)
    timer.start()
    assert work.ran()
    assert work.ran()
    assert not broken


def test_what_nobody_foresaw_is_told_and_ends_it(timer: Timer, broken: list[BaseException]) -> None:
    work = Counted()
    work.fault = ZeroDivisionError()
    timer.every(0.05, "work", work)
    timer.start()
    assert work.ran()
    timer.stop()
    timer.join()
    assert broken == [work.fault]


def test_one_that_never_started_ends_too(clock: FakeClock, broken: list[BaseException]) -> None:
    never = Timer(clock, broken.append)
    never.stop()
    never.join()
