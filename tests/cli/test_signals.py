# SPDX-License-Identifier: Apache-2.0
"""A signal may come at any step of the main thread, into a wait for it above all."""

import signal
from collections.abc import Callable, Iterator

import pytest

from gateway.cli.signals import Signals, listening

SIGNALS = 3000
EVERY = 20e-6
"""Seconds between two signals, so that they come at every step into and out of a wait."""


@pytest.fixture
def alarmed() -> Iterator[Callable[[], None]]:
    """Begins a hail of SIGALRM upon this thread."""
    yield lambda: signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY) and None
    signal.setitimer(signal.ITIMER_REAL, 0)


def test_signals_that_come_while_they_are_waited_for_stop_nothing(alarmed: Callable[[], None]) -> None:
    with listening(signal.SIGALRM) as told:
        alarmed()
        for _ in range(SIGNALS):
            told.end = False
            while not told.end:
                told.wait(EVERY)
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_a_signal_that_came_before_the_wait_is_not_lost_and_all_that_came_are_told_at_once() -> None:
    with listening(signal.SIGTERM, signal.SIGHUP) as told:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM):
            signal.raise_signal(number)
        assert told == Signals(_told=told._told)
        told.wait(60)
        assert (told.reload, told.end) == (True, True)
        told.reload = False
        told.wait(0)
        assert not told.reload, "two of a kind ask for one thing"


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with listening(signal.SIGTERM):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
