# SPDX-License-Identifier: Apache-2.0
"""Working days (工作日): Monday to Friday, corrected by the State Council's notices, as known on any day.

Days are proleptic ordinals (``date.toordinal``) inside this package: counting is then a look into a table.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

LAST_ORDINAL = date.max.toordinal()


class Notice(NamedTuple):
    """One notice: its number, day of issue, the year it arranges, and whether it only changes an earlier one."""

    number: str
    issued: date
    year: int
    is_change: bool
    signed_off: date | None


class Exceptional(NamedTuple):
    """One day that is not what its weekday says, or that a later notice makes ordinary again."""

    ordinal: int
    working: bool
    name: str
    notice: Notice


class Calendar:
    """One state of the calendar: exact from ``valid_from`` to ``valid_until``, bare Monday to Friday outside."""

    def __init__(
        self, rows: Iterable[Exceptional], valid_from: date, valid_until: date, revision: Notice | None
    ) -> None:
        """Build the tables; of several rows for one day the last one holds. A calendar may know no day at all."""
        self.valid_from, self.valid_until, self.revision = valid_from, valid_until, revision
        self.first, self.last = valid_from.toordinal(), valid_until.toordinal()
        self.exceptions = {row.ordinal: row for row in rows}
        self._base = count = _weekdays(self.first - 1)
        self._ranks: list[int] = []
        self._days: list[int] = []
        for ordinal in range(self.first, self.last + 1):
            row = self.exceptions.get(ordinal)
            if row.working if row is not None else (ordinal - 1) % 7 < 5:
                count += 1
                self._days.append(ordinal)
            self._ranks.append(count)
        self._top = count
        self._beyond = count - _weekdays(self.last)

    def rank(self, ordinal: int) -> int:
        """Return how many working days there are up to a day and on it, from the year 1 on."""
        if ordinal < self.first:
            return _weekdays(ordinal)
        if ordinal > self.last:
            return _weekdays(ordinal) + self._beyond
        return self._ranks[ordinal - self.first]

    def nth(self, rank: int) -> int:
        """Return the working day of a rank: the inverse of :meth:`rank`."""
        if rank <= self._base:
            return _weekday_of(rank)
        if rank > self._top:
            return _weekday_of(rank - self._beyond)
        return self._days[rank - self._base - 1]

    def is_working(self, ordinal: int) -> bool:
        """Tell whether a day is a working day."""
        return self.rank(ordinal) != self.rank(ordinal - 1)

    def following(self, ordinal: int) -> int:
        """Return the first working day after a day."""
        return self.nth(self.rank(ordinal) + 1)

    def settle(self, ordinal: int) -> int:
        """Return the day itself when it is a working day, else the next one that is."""
        return self.following(ordinal - 1)

    def covers(self, ordinal: int) -> bool:
        """Tell whether a day is inside what the calendar knows."""
        return self.first <= ordinal <= self.last

    def holiday(self, ordinal: int) -> str | None:
        """Return the name of the holiday a day off belongs to: its own, or of the days off it runs into; else None."""
        if self.is_working(ordinal):
            return None
        for step in (1, -1):
            day = ordinal
            while not self.is_working(day):
                row = self.exceptions.get(day)
                if row is not None and row.name:
                    return row.name
                day += step
        return None


class Calendars:
    """All states of the calendar: which days were known to be off on a given day."""

    def __init__(self, rows: Sequence[Exceptional], valid_from: date, valid_until: date) -> None:
        """Order the notices; rows of a later notice override those of an earlier one for the same day."""
        self.notices = tuple(sorted({row.notice for row in rows}, key=lambda notice: notice.issued))
        self._issued = [notice.issued.toordinal() for notice in self.notices]
        self._rows = sorted(rows, key=lambda row: row.notice.issued)
        self._valid_from, self._valid_until = valid_from, valid_until
        self._state = cache(self._build)
        self.latest = self._state(len(self.notices))

    def as_known_on(self, day: date) -> Calendar:
        """Return the calendar by the notices issued on or before a day."""
        return self._state(bisect_right(self._issued, day.toordinal()))

    def _build(self, count: int) -> Calendar:
        known = self.notices[:count]
        years = [notice.year for notice in known if not notice.is_change]
        until = date(max(years), 12, 31) if years else self._valid_from - timedelta(days=1)
        rows = [row for row in self._rows if row.notice in known]
        return Calendar(rows, self._valid_from, min(until, self._valid_until), known[-1] if known else None)


def _weekdays(ordinal: int) -> int:
    """Return how many Mondays to Fridays there are up to a day; ordinal 1 is a Monday."""
    weeks, rest = divmod(ordinal, 7)
    return weeks * 5 + min(rest, 5)


def _weekday_of(rank: int) -> int:
    weeks, rest = divmod(rank - 1, 5)
    return weeks * 7 + rest + 1
