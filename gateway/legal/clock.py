# SPDX-License-Identifier: Apache-2.0
"""The legal clock (法定时钟): when a limit ends, how much of it is used, what is left (standard.md §5).

Nothing here reads a file or a clock once it is built; days and times are +08:00.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple

from gateway.errors import ConfigurationError
from gateway.legal.calendar import Calendar, Calendars
from gateway.legal.calendar_files import read_calendars
from gateway.legal.limits import Limit, Limits, Sense, Term, Unit
from gateway.legal.moments import (
    HOUR,
    Interval,
    Moment,
    Stretch,
    add_months,
    at_beijing,
    date_at,
    day_of,
    day_stretches,
    hour_stretches,
    point_of,
    time_at,
)  # fmt: skip
from gateway.pack import Pack

SUPPLEMENT = "permit.supplement"


class Due(NamedTuple):
    """The end of a limit and how it came about; ``gateway.legal.explain.explain`` puts it into words.

    ``at`` is a date, for a limit in hours a time. ``provisional``: days outside the calendar went into it.
    ``paused_at``: a suspension without an end has stopped the clock, ``at`` is then the earliest end there can be.
    ``begins`` is the day from which it is counted, ``counted_to`` the end before it moved to a working day.
    """

    at: Moment
    provisional: bool
    limit: Limit
    term: Term
    started: Moment
    begins: Moment
    counted_to: Moment
    extension: int
    deducted: tuple[Stretch, ...]
    paused_at: Moment | None
    calendar: Calendar

    @property
    def day(self) -> date:
        """The day of the end."""
        return day_of(self.at)

    @property
    def is_paused(self) -> bool:
        """Whether the clock stands still."""
        return self.paused_at is not None

    def met_by(self, act: Moment) -> bool:
        """Tell whether an act is in time: on or before the end, or where the limit says so from it or after it."""
        ours: Any = self.at
        theirs: Any
        if isinstance(ours, datetime):
            theirs = at_beijing(act) if isinstance(act, datetime) else None
            if theirs is None:
                ours, theirs = ours.date(), act
        else:
            theirs = day_of(act)
        if self.limit.sense is Sense.BY:
            return bool(theirs <= ours)
        return bool(theirs >= ours if self.limit.sense is Sense.FROM else theirs > ours)


class Used(NamedTuple):
    """Time used: whole days, or hours and months begun, so that the limit is kept exactly while ``amount`` <= n."""

    amount: int
    unit: Unit
    deducted: int
    provisional: bool


class Left(NamedTuple):
    """Time left in days or whole hours; negative, and ``is_over``, once the end has passed."""

    amount: int
    unit: Unit
    is_over: bool


class Acceptance(NamedTuple):
    """An application taken as accepted: by decision, or by law because no supplement notice came in time.

    ``at`` is what ``acceptedAt`` must say, ``begins`` the day from which limits count, ``notice_due`` the last day
    for the supplement notice.
    """

    at: Moment
    begins: date
    is_deemed: bool
    notice_due: Due


class LegalClock:
    """Limits and calendar of one pack."""

    _closes: time

    def __init__(self, pack: Pack) -> None:
        """Read the pack's ``limits.toml`` and ``calendar/``; raises ConfigurationError where they are wrong."""
        table = pack.toml("limits.toml")
        try:
            span, self._closes = table["calendar"], table["office_hours"]["closes"]
        except KeyError as fault:
            raise ConfigurationError(f"limits.toml: {fault}") from fault
        self.limits = Limits(table)
        self.calendars: Calendars = read_calendars(pack, span)
        self._latest = self.calendars.latest

    @property
    def valid_until(self) -> date:
        """The last day the calendar knows; beyond it results are provisional."""
        return self._latest.valid_until

    def calendar(self, known_on: date | None = None) -> Calendar:
        """Return today's calendar, or the one that was in force on a day."""
        return self._latest if known_on is None else self.calendars.as_known_on(known_on)

    def limit(self, code: str, on: date) -> Limit | None:
        """Return the limit in force on the date that decides, None when there was none; KeyError: unknown code."""
        return self.limits.choose(code, on)

    def is_working_day(self, day: date, known_on: date | None = None) -> bool:
        """Tell whether a day is a working day."""
        return self.calendar(known_on).is_working(day.toordinal())

    def next_working_day(self, day: date, known_on: date | None = None) -> date:
        """Return the first working day after a day."""
        return date_at(self.calendar(known_on).following(day.toordinal()))

    def working_days(self, after: date, to: date, known_on: date | None = None) -> int:
        """Return how many working days lie after one day, up to and including another; negative backwards."""
        calendar = self.calendar(known_on)
        return calendar.rank(to.toordinal()) - calendar.rank(after.toordinal())

    def holiday(self, day: date, known_on: date | None = None) -> str | None:
        """Return the Chinese name of the statutory holiday a day off belongs to, None on any other day."""
        return self.calendar(known_on).holiday(day.toordinal())

    def receipt_day(self, received: Moment, known_on: date | None = None) -> date:
        """Return the day as which a receipt counts: the next working day after hours or on a day off (house rule)."""
        return date_at(self._receipt(received, self.calendar(known_on)))

    def due(
        self, limit: Limit | str, start: Moment, *, on: date | None = None, suspensions: Sequence[Interval] = (),
        extension: int = 0, term: Term | None = None, known_on: date | None = None,
    ) -> Due:  # fmt: skip
        """Return the end of a limit.

        ``on`` is the date that decides which row of a limit holds when it is named by its code (default: the day of
        ``start``); ``extension`` is in the unit of the limit; ``term`` is the item's own limit; ``known_on`` asks for
        the calendar as it was known on a day.

        Raises:
            LookupError: no such limit, or none in force on that date.
        """
        if isinstance(limit, str):
            limit = self._chosen(limit, on or day_of(start))
        n, unit = term or limit.term
        calendar = self._latest if known_on is None else self.calendars.as_known_on(known_on)
        if unit is Unit.HOURS:
            return _hours_due(limit, Term(n, unit), start, suspensions, extension, calendar)
        begins = self._receipt(start, calendar) if limit.shift or n == 0 else day_of(start).toordinal()
        if limit.backward:
            return _backward_due(limit, Term(n, unit), start, begins, calendar)
        counted = calendar if unit is Unit.WORKING_DAYS else None
        stretches = day_stretches(suspensions, begins) if suspensions else ()
        end, paused = _settled(_target(unit, begins, n + extension, calendar), stretches, counted)
        if n + extension == 0:
            end = begins
        last = calendar.settle(end) if counted is None and limit.rolls else end
        return Due(
            date_at(last), _provisional(counted is not None, limit.rolls, begins, last, calendar), limit, Term(n, unit),
            start, date_at(begins), date_at(end), extension, stretches, None if paused is None else date_at(paused),
            calendar,
        )  # fmt: skip

    def admissible(
        self, limit: Limit | str, start: Moment, *, on: date | None = None, suspensions: Sequence[Interval] = (),
        extension: int = 0, term: Term | None = None, known_on: date | None = None,
    ) -> tuple[Due, ...]:  # fmt: skip
        """Return the ends that pass (ledger.md B25): by today's calendar and by the one in force at the start.

        ``known_on`` is the day at which a source would have computed it, by default the day of ``start``.
        """
        given: dict[str, Any] = {"on": on, "suspensions": suspensions, "extension": extension, "term": term}
        today = self.due(limit, start, **given)
        then = self.due(limit, start, known_on=known_on or day_of(start), **given)
        return (today,) if then.at == today.at else (today, then)

    def elapsed(
        self, limit: Limit | Unit, start: Moment, to: Moment, *, suspensions: Sequence[Interval] = (),
        known_on: date | None = None,
    ) -> Used:  # fmt: skip
        """Return the time used from the start to a moment, suspensions deducted; one without an end deducts all."""
        calendar = self.calendar(known_on)
        unit = limit.term.unit if isinstance(limit, Limit) else limit
        if unit is Unit.HOURS:
            return _hours_used(start, to, suspensions)
        shifts = isinstance(limit, Limit) and limit.shift
        first = self._receipt(start, calendar) if shifts else day_of(start).toordinal()
        last = max(day_of(to).toordinal(), first)
        stretches = day_stretches(suspensions, first) if suspensions else ()
        if unit is Unit.WORKING_DAYS:
            deducted = sum(calendar.rank(b) - calendar.rank(a) for a, b in _until(stretches, last))
            used = calendar.rank(last) - calendar.rank(first) - deducted
            return Used(used, unit, deducted, not (calendar.covers(first + 1) and calendar.covers(last)))
        deducted = sum(b - a for a, b in _until(stretches, last))
        if unit is Unit.DAYS:
            return Used(last - first - deducted, unit, deducted, False)
        return Used(_months_begun(date_at(first), date_at(last - deducted)), unit, deducted, False)

    def remaining(self, due: Due, now: Moment) -> Left:
        """Return what is left of a limit at a moment: months are told in days, a paused clock from its pause on."""
        if due.paused_at is not None:
            now = min(now, due.paused_at, key=point_of)
        if due.term.unit is Unit.HOURS:
            left = point_of(due.at) - point_of(now)
            return Left(left // HOUR, Unit.HOURS, left < 0)
        today, end = day_of(now).toordinal(), due.day.toordinal()
        if due.term.unit is Unit.WORKING_DAYS:
            amount = due.calendar.rank(end) - due.calendar.rank(today)
            return Left(amount, Unit.WORKING_DAYS, today > end)
        return Left(end - today, Unit.DAYS, today > end)

    def acceptance(
        self, received: Moment, *, noticed: Sequence[Moment] = (), accepted: Moment | None = None,
        now: Moment | None = None, known_on: date | None = None,
    ) -> Acceptance | None:  # fmt: skip
        """Return when an application counts as accepted (行政许可法32 I (4)), None while that is open.

        Without a supplement notice in time it is accepted as of receipt, whatever the office decided later. ``now``
        None means that the time for the notice is over.
        """
        notice_due = self.due(SUPPLEMENT, received, known_on=known_on)
        last = notice_due.day
        in_time = any(day_of(each) <= last for each in noticed)
        if accepted is not None and (in_time or day_of(accepted) <= last):
            return Acceptance(accepted, day_of(accepted), False, notice_due)
        if in_time or (now is not None and day_of(now) <= last):
            return None
        return Acceptance(received, day_of(notice_due.begins), True, notice_due)

    def _receipt(self, received: Moment, calendar: Calendar) -> int:
        if not isinstance(received, datetime):
            return calendar.settle(received.toordinal())
        there = at_beijing(received)
        day = calendar.settle(there.toordinal())
        late = day == there.toordinal() and there.timetz().replace(tzinfo=None) > self._closes
        return calendar.following(day) if late else day

    def _chosen(self, code: str, on: date) -> Limit:
        limit = self.limits.choose(code, on)
        if limit is None:
            raise LookupError(f"{code}: no such limit in force on {on}")
        return limit


def _target(unit: Unit, begins: int, n: int, calendar: Calendar) -> int:
    """Return the counting point of the n-th day after the first: a rank of working days, or an ordinal."""
    if unit is Unit.WORKING_DAYS:
        return calendar.rank(begins) + n
    return begins + n if unit is Unit.DAYS else add_months(date_at(begins), n).toordinal()


def _settled(target: int, stretches: Sequence[Stretch], calendar: Calendar | None) -> tuple[int, int | None]:
    """Push the end back by every stretch it runs into; return it and the point where an open one stops the clock."""
    for first, last in stretches:
        end = target if calendar is None else calendar.nth(target)
        if end <= first:
            break
        if last is None:
            return end, first
        target += last - first if calendar is None else calendar.rank(last) - calendar.rank(first)
    return (target if calendar is None else calendar.nth(target)), None


def _provisional(by_working_days: bool, rolls: bool, begins: int, last: int, calendar: Calendar) -> bool:
    if by_working_days:
        return begins < calendar.first - 1 or last > calendar.last
    return rolls and not calendar.covers(last)


def _hours_due(
    limit: Limit, term: Term, start: Moment, suspensions: Sequence[Interval], extension: int, calendar: Calendar
) -> Due:
    begins = point_of(start)
    stretches = hour_stretches(suspensions, begins) if suspensions else ()
    end, paused = _settled(begins + (term.n + extension) * HOUR, stretches, None)
    at = time_at(end)
    stopped = None if paused is None else time_at(paused)
    return Due(at, False, limit, term, start, time_at(begins), at, extension, stretches, stopped, calendar)


def _backward_due(limit: Limit, term: Term, start: Moment, begins: int, calendar: Calendar) -> Due:
    """Return the last day for something that must come so long before the start event."""
    if term.unit is Unit.WORKING_DAYS:
        end = calendar.nth(max(calendar.rank(begins - 1) - term.n + 1, 1))
    elif term.unit is Unit.DAYS:
        end = max(begins - term.n, 1)
    else:
        end = add_months(date_at(begins), -term.n).toordinal()
    provisional = term.unit is Unit.WORKING_DAYS and not (calendar.covers(end) and begins <= calendar.last + 1)
    day = date_at(end)
    return Due(day, provisional, limit, term, start, date_at(begins), day, 0, (), None, calendar)


def _until(stretches: Sequence[Stretch], last: int) -> list[tuple[int, int]]:
    """Return the stretches as far as they lie before ``last``."""
    return [(a, last if b is None else min(b, last)) for a, b in stretches if a < last]


def _hours_used(start: Moment, to: Moment, suspensions: Sequence[Interval]) -> Used:
    first = point_of(start)
    last = max(point_of(to), first)
    deducted = sum(b - a for a, b in _until(hour_stretches(suspensions, first), last))
    return Used(-((deducted + first - last) // HOUR), Unit.HOURS, deducted // HOUR, False)


def _months_begun(first: date, last: date) -> int:
    months = max((last.year - first.year) * 12 + last.month - first.month, 0)
    return months if add_months(first, months) >= last else months + 1
