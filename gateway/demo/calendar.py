# SPDX-License-Identifier: Apache-2.0
"""Moments of the demo city: a quarter that is over, office hours, weekdays."""

import random
from datetime import datetime, timedelta
from functools import cache

from gateway.legal import Calendar, LegalClock
from gateway.pack import load_pack

# 2025-09-01 is a Monday; the quarter ends well before the product's own time.
_START = datetime(2025, 9, 1)  # noqa: DTZ001 # departments write local time
_DAYS = 60


def opening(chance: random.Random) -> datetime:
    """Return when a case begins: some working hour of the quarter's first two months."""
    return _working(_START + timedelta(days=chance.randrange(_DAYS)), chance)


def later(moment: datetime, chance: random.Random, least: int, most: int) -> datetime:
    """Return a working hour ``least`` to ``most`` days after ``moment``."""
    return _working(moment.replace(hour=0, minute=0, second=0) + timedelta(days=chance.randint(least, most)), chance)


def working_days_after(moment: datetime, days: int) -> datetime:
    """Return the day on which ``days`` working days after ``moment`` have passed, by the calendar of the State Council."""
    calendar = _calendar()
    wanted = calendar.rank(moment.toordinal()) + days
    ordinal = moment.toordinal()
    while calendar.rank(ordinal) < wanted:
        ordinal += 1
    return datetime.fromordinal(ordinal)


@cache
def _calendar() -> Calendar:
    return LegalClock(load_pack()).calendar()


def _working(day: datetime, chance: random.Random) -> datetime:
    day += timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])
    return day.replace(hour=chance.choice((9, 10, 11, 14, 15, 16)), minute=chance.randrange(60), second=0)
