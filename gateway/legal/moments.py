# SPDX-License-Identifier: Apache-2.0
"""Days, moments and stretches of time at +08:00, and the arithmetic of months (民法典202)."""

import calendar
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from gateway.clock import BEIJING, microseconds, moment
from gateway.legal.calendar import LAST_ORDINAL

Moment = date | datetime
"""A date, or a date and time; a time without a zone is read as +08:00."""

Stretch = tuple[int, int | None]
"""What is deducted, as counting points: after the first, up to and including the second; None has no end yet."""

HOUR = 3_600_000_000
_LATEST = microseconds(datetime.max.replace(tzinfo=BEIJING))


class Interval(NamedTuple):
    """A special procedure or suspension from its start to its end; None has not ended."""

    start: Moment
    end: Moment | None


def day_of(when: Moment) -> date:
    """Return the day of a moment at +08:00."""
    if not isinstance(when, datetime):
        return when
    if when.tzinfo is None or when.tzinfo is BEIJING:
        return when.date()
    return when.astimezone(BEIJING).date()


def at_beijing(when: datetime) -> datetime:
    """Return a time at +08:00."""
    return when.replace(tzinfo=BEIJING) if when.tzinfo is None else when.astimezone(BEIJING)


def point_of(when: Moment) -> int:
    """Return microseconds of a moment; a bare date stands for its end, since its own hours can't be told."""
    if isinstance(when, datetime):
        return microseconds(at_beijing(when))
    return min(microseconds(datetime(when.year, when.month, when.day, tzinfo=BEIJING)) + 24 * HOUR, _LATEST)


def time_at(point: int) -> datetime:
    """Return the time of a point in microseconds, at the latest the end of the year 9999."""
    return moment(min(point, _LATEST))


def date_at(ordinal: int) -> date:
    """Return the day of an ordinal, at the latest the last day of the year 9999."""
    return date.fromordinal(min(ordinal, LAST_ORDINAL))


def add_months(day: date, months: int) -> date:
    """Return the same day so many months on (or back), or the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    if year < date.min.year:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_stretches(intervals: Iterable[Interval], start: int) -> tuple[Stretch, ...]:
    """Return what intervals deduct after day ``start``, merged, in order: the first day of each is not deducted.

    So it counts for a suspension as for a limit: the day on which it begins does not count, the day it ends does.
    """
    return _merged(
        ((day_of(one).toordinal(), None if end is None else day_of(end).toordinal()) for one, end in intervals), start
    )


def hour_stretches(intervals: Iterable[Interval], start: int) -> tuple[Stretch, ...]:
    """Return what intervals deduct after the point ``start`` in microseconds, merged, in order."""
    return _merged(((point_of(one), None if end is None else point_of(end)) for one, end in intervals), start)


def _merged(stretches: Iterable[Stretch], start: int) -> tuple[Stretch, ...]:
    merged: list[Stretch] = []
    for first, last in sorted(stretches, key=lambda each: each[0]):
        begins = max(first, start)
        if last is not None and last <= begins:
            continue
        if not merged:
            merged.append((begins, last))
            continue
        before, until = merged[-1]
        if until is None:
            break
        if begins > until:
            merged.append((begins, last))
        elif last is None or last > until:
            merged[-1] = (before, last)
    return tuple(merged)
