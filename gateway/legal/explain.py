# SPDX-License-Identifier: Apache-2.0
"""Puts the end of a limit into words, step by step, for whoever must believe it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gateway.legal.clock import Due
from gateway.legal.limits import Sense, Unit
from gateway.legal.moments import Moment, date_at, day_of, time_at
from gateway.model.words import Words

UNITS: Final = {
    Unit.WORKING_DAYS: Words("个工作日", "working days"),
    Unit.DAYS: Words("个自然日", "natural days"),
    Unit.HOURS: Words("小时", "hours"),
    Unit.MONTHS: Words("个月", "months"),
}
_ENDS: Final = {
    Sense.BY: Words("最迟 {at}", "{at} at the latest"),
    Sense.FROM: Words("最早 {at}", "{at} at the earliest"),
    Sense.AFTER: Words("{at} 之后", "after {at}"),
}


def explain(due: Due) -> tuple[Words, ...]:
    """Return the steps that lead to the end of a limit, in the order in which they were taken."""
    return (*_start(due), *_stops(due), *_days(due), *_end(due))


def _start(due: Due) -> Iterator[Words]:
    limit, term = due.limit, due.term
    unit = UNITS[term.unit]
    yield Words(
        f"{limit.title.zh}:{term.n} {unit.zh}({limit.article})",
        f"{limit.title.en}: {term.n} {unit.en} ({limit.article})",
    )
    if due.extension:
        yield Words(f"延长 {due.extension} {unit.zh}", f"extended by {due.extension} {unit.en}")
    event, when = limit.start_words, _shown(due.started)
    if term.unit is not Unit.HOURS and due.begins != day_of(due.started):
        yield Words(
            f"{when} {event.zh},在办公时间以外,按 {due.begins} 计",
            f"{event.en} {when}, outside office hours: counts as {due.begins}",
        )
    if term.unit is Unit.HOURS:
        yield Words(f"自 {_shown(due.begins)} {event.zh}起连续计算", f"runs without a break from {event.en} {when}")
    elif limit.backward:
        yield Words(f"自 {due.begins} {event.zh}向前计算", f"counted back from {event.en} {due.begins}")
    else:
        yield Words(
            f"{due.begins} {event.zh},当日不计,次日起算",
            f"{event.en} {due.begins}: that day is not counted, the next is the first",
        )


def _stops(due: Due) -> Iterator[Words]:
    for first, last in due.deducted:
        begins = _point(due, first)
        if last is None:
            continue
        ends = _point(due, last)
        yield Words(f"扣除 {begins} 之后至 {ends}", f"deducted: after {begins} until {ends}")
    if due.paused_at is not None:
        since = _shown(due.paused_at)
        yield Words(f"自 {since} 中止,尚未恢复", f"stopped since {since}, not resumed yet")


def _days(due: Due) -> Iterator[Words]:
    """Tell which holidays were skipped and which weekends were worked."""
    if due.term.unit is not Unit.WORKING_DAYS:
        return
    first, last = sorted((day_of(due.begins).toordinal(), day_of(due.counted_to).toordinal()))
    rows = [row for day, row in sorted(due.calendar.exceptions.items()) if first < day <= last]
    skipped = Counter(row.name for row in rows if not row.working and (row.ordinal - 1) % 7 < 5)
    if skipped:
        zh = "、".join(f"{name} {days} 天" for name, days in skipped.items())
        en = ", ".join(f"{name} ({days})" for name, days in skipped.items())
        yield Words(f"周末之外跳过放假:{zh}", f"days off skipped besides weekends: {en}")
    worked = [str(date_at(row.ordinal)) for row in rows if row.working]
    if worked:
        yield Words(f"调休上班计入:{'、'.join(worked)}", f"weekend days worked, counted: {', '.join(worked)}")


def _end(due: Due) -> Iterator[Words]:
    if due.at != due.counted_to:
        name = due.calendar.holiday(day_of(due.counted_to).toordinal())
        zh = f"末日 {due.counted_to} 是休息日{f'({name})' if name else ''},顺延到 {due.at}"
        en = f"the last day {due.counted_to} is a day off{f' ({name})' if name else ''}: moves to {due.at}"
        yield Words(zh, en)
    if due.provisional:
        known = due.calendar.valid_until
        yield Words(f"日历只到 {known},此日期为暂定", f"the calendar ends on {known}: this date is provisional")
    if due.term.unit is not Unit.HOURS and due.calendar.revision is not None:
        notice = due.calendar.revision
        yield Words(f"日历依据到 {notice.number}({notice.issued})", f"calendar up to {notice.number} ({notice.issued})")
    shown = _ENDS[due.limit.sense]
    yield Words(shown.zh.format(at=_shown(due.at)), shown.en.format(at=_shown(due.at)))


def _point(due: Due, point: int) -> str:
    return _shown(time_at(point) if due.term.unit is Unit.HOURS else date_at(point))


def _shown(when: Moment) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if isinstance(when, datetime) else when.isoformat()
