# SPDX-License-Identifier: Apache-2.0
"""What a destination's state of health allows at a moment (promises.md R6), without any I/O.

The circuit is **closed** while all is well. Several exchanges in a row without a usable answer open it: then one
exchange at most a probing interval is let through (**half-open**); an answer closes it, silence opens it again. A
person may pause, drain or resume a destination; a fault of the channel halts it until a person resumes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cronsim import CronSim

from gateway.clock import microseconds, moment
from gateway.model.destination import Pace, Terms, Window

SECOND: Final = 1_000_000
RAMP_PARTS: Final = 8
"""After an outage the first package is an eighth of a full one; every good one doubles it."""


class Control(StrEnum):
    """What people, or a fault that only people can mend, have decided about a destination."""

    OPEN = "open"
    DRAINING = "draining"  # finishes what is packed, takes nothing new
    PAUSED = "paused"  # nothing is sent or asked
    HALTED = "halted"  # a fault of the channel: certificate, key, registration
    HELD = "held"  # the books were restored from a backup: nothing moves until they are compared and released (T5)


class Circuit(StrEnum):
    """The circuit breaker (熔断)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Allowed(StrEnum):
    """What may be done now."""

    ALL = "all"
    FINISHING = "finishing"  # packages that are made already
    PROBE = "probe"  # one exchange
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a destination as the ledger keeps it; times are microseconds."""

    control: Control
    circuit: Circuit
    failures: int
    not_before: int
    probe_by: int
    paced_until: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What may be done, or from when on it is worth asking again (None: not before a person acts)."""

    allowed: Allowed
    until: int | None = 0


def admit(health: Health, terms: Terms, now: int) -> Admission:
    """Return what may be done at a destination now."""
    if health.control in (Control.PAUSED, Control.HALTED, Control.HELD):
        return Admission(Allowed.NOTHING, None)
    window = window_end(terms.windows, now)
    if window is not None:
        return Admission(Allowed.NOTHING, window)
    if health.circuit is not Circuit.CLOSED:
        wait = max(health.not_before, health.probe_by)
        return Admission(Allowed.NOTHING, wait) if wait > now else Admission(Allowed.PROBE)
    if health.control is Control.DRAINING:
        return Admission(Allowed.FINISHING)
    rest = max(health.not_before, _paced(terms.pace, health.paced_until))
    return Admission(Allowed.FINISHING, rest) if rest > now else Admission(Allowed.ALL)


def window_end(windows: Iterable[Window], now: int) -> int | None:
    """Return when the maintenance window that is open now ends, None when none is."""
    ends = []
    for window in windows:
        lasts = timedelta(microseconds=window.lasts)
        begins = next(CronSim(window.cron, moment(now) - lasts - timedelta(minutes=1)))
        while begins <= moment(now):
            if microseconds(begins) + window.lasts > now:
                ends.append(microseconds(begins) + window.lasts)
            begins = next(CronSim(window.cron, begins))
    return max(ends, default=None)


def _paced(pace: Pace | None, paced_until: int) -> int:
    """Return when the bucket holds a token again: the burst may be spent beforehand."""
    return 0 if pace is None else paced_until - int(pace.burst / pace.per_second * SECOND)


def spent(pace: Pace, paced_until: int, records: int, now: int) -> int:
    """Return until when the bucket is spent after one more package of so many records."""
    cost = records if pace.counts == "records" else 1
    return max(paced_until, now) + int(cost / pace.per_second * SECOND)


def tripped(terms: Terms, failures: int) -> bool:
    """Tell whether so many exchanges without an answer, one after the other, open the circuit."""
    return failures >= terms.trip_after


def ramp(terms: Terms) -> int | None:
    """Return the size of the first package after an outage, None where that is a full one."""
    first = max(1, terms.package_records // RAMP_PARTS)
    return None if first >= terms.package_records else first
