# SPDX-License-Identifier: Apache-2.0
"""Moments of the demo city: a quarter that is over, office hours, weekdays."""

import random
from datetime import datetime, timedelta

# 2025-09-01 is a Monday; the quarter ends well before the product's own time.
_START = datetime(2025, 9, 1)  # noqa: DTZ001 # departments write local time
_DAYS = 60


def opening(chance: random.Random) -> datetime:
    """Return when a case begins: some working hour of the quarter's first two months."""
    return _working(_START + timedelta(days=chance.randrange(_DAYS)), chance)


def later(moment: datetime, chance: random.Random, least: int, most: int) -> datetime:
    """Return a working hour ``least`` to ``most`` days after ``moment``."""
    return _working(moment.replace(hour=0, minute=0, second=0) + timedelta(days=chance.randint(least, most)), chance)


def _working(day: datetime, chance: random.Random) -> datetime:
    day += timedelta(days=(0, 0, 0, 0, 0, 2, 1)[day.weekday()])
    return day.replace(hour=chance.choice((9, 10, 11, 14, 15, 16)), minute=chance.randrange(60), second=0)
