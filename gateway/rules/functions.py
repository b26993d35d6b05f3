# SPDX-License-Identifier: Apache-2.0
"""What expressions of the rule pack may call: small pure functions of dates (ISO text), amounts and lists."""

import re
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, Protocol, TypeAlias
from unicodedata import normalize

from gateway.rules.identifiers import resident_check_digit

Result: TypeAlias = Literal["date", "dateTime", "number", "text", "truth"]


class WorkingDays(Protocol):
    """The calendar as the rules need it; days are proleptic ordinals."""

    def rank(self, ordinal: int, /) -> int:
        """Return how many working days there are up to a day and on it."""

    def is_working(self, ordinal: int, /) -> bool:
        """Tell whether a day is a working day."""

    def covers(self, ordinal: int, /) -> bool:
        """Tell whether the calendar knows the day for certain."""

    def holiday(self, ordinal: int, /) -> str | None:
        """Return the name of the statutory holiday that a day off belongs to, or None."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the expression language.

    ``strict``: with an absent argument the whole row is silent. ``calendar``: it asks the calendar, given first.
    """

    call: Callable[..., Any]
    gives: Result
    strict: bool = True
    calendar: bool = False


def _days(start: str, end: str) -> int:
    return (date.fromisoformat(end[:10]) - date.fromisoformat(start[:10])).days


def _hours(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600


def _workdays(calendar: WorkingDays, start: str, end: str) -> int:
    """Count working days after ``start`` up to ``end`` (the first day is not counted, law.md §2)."""
    first, last = (date.fromisoformat(day[:10]).toordinal() for day in (start, end))
    return calendar.rank(last) - calendar.rank(first)


def _working(calendar: WorkingDays, day: str) -> bool:
    return calendar.is_working(date.fromisoformat(day[:10]).toordinal())


def _next_working(calendar: WorkingDays, day: str) -> str:
    """Return the day, or the next working one: so a limit in natural days or months ends (law.md §2)."""
    ordinal = date.fromisoformat(day[:10]).toordinal()
    while not calendar.is_working(ordinal):
        ordinal += 1
    return date.fromordinal(ordinal).isoformat()


def _holiday(calendar: WorkingDays, day: str) -> bool:
    return calendar.holiday(date.fromisoformat(day[:10]).toordinal()) is not None


def _known(calendar: WorkingDays, *days: str) -> bool:
    return all(calendar.covers(date.fromisoformat(day[:10]).toordinal()) for day in days)


def _add_days(day: str, count: int) -> str:
    return (date.fromisoformat(day[:10]) + timedelta(days=count)).isoformat()


def _add_months(day: str, count: int) -> str:
    """Return the same day ``count`` months later, or that month's last day (民法典 202)."""
    year, month = divmod(int(day[:4]) * 12 + int(day[5:7]) - 1 + count, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(int(day[8:10]), last)).isoformat()


def _add_seconds(moment: str, count: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=count)).isoformat()


def _age(number: str, day: str) -> int:
    """Return full years of the holder of an 18-digit resident number on a day; 999 where it tells no birth date."""
    born = number[6:14]
    if len(number) != 18 or not born.isdigit():
        return 999
    return int(day[:4]) - int(born[:4]) - ((day[5:7] + day[8:10]) < born[4:8])


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _reaches(steps: Sequence[str], moves: Sequence[Mapping[str, str]], start: str, end: str) -> bool:
    """Tell whether a flow has one start, every step is reached from it, and an end from every step."""
    after: dict[str, set[str]] = {step: set() for step in steps}
    before: dict[str, set[str]] = {step: set() for step in steps}
    for move in moves:
        if move[start] not in after or move[end] not in after:
            return False
        after[move[start]].add(move[end])
        before[move[end]].add(move[start])
    starts = {step for step in steps if not before[step] - {step}} or set(steps[:1])
    ends = {step for step in steps if not after[step] - {step}}
    return len(starts) == 1 and _closure(starts, after) == set(steps) == _closure(ends, before)


def _closure(begin: Collection[str], moves: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begin)
    while waiting:
        step = waiting.pop()
        if step not in reached:
            reached.add(step)
            waiting.extend(moves[step])
    return reached


_BLANKS = re.compile(r"[\s\-·._]+")
_MAYBE_ID = re.compile(r"(?=([0-9]{17}[0-9Xx]))")
_PHONE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


def _leaks(text: str) -> str:
    """Tell what number of a person a text gives away (``id``, ``phone`` or nothing), full-width and spaced ones too."""
    plain = _BLANKS.sub("", normalize("NFKC", text))
    if any(resident_check_digit(each[:17]) == each[17].upper() for each in _MAYBE_ID.findall(plain)):
        return "id"
    return "phone" if _PHONE.search(plain) else ""


FUNCTIONS: dict[str, Function] = {
    "present": Function(lambda value: value is not None and value != [] and value != (), "truth", strict=False),
    "absent": Function(lambda value: value is None or value == [] or value == (), "truth", strict=False),
    "count": Function(len, "number"),
    "sum": Function(_total, "number"),
    "absolute": Function(abs, "number"),
    "least": Function(min, "number"),
    "day": Function(lambda moment: moment[:10], "date"),
    "year": Function(lambda day: int(day[:4]), "number"),
    "hour": Function(lambda moment: int(moment[11:13]), "number"),
    "days": Function(_days, "number"),
    "hours": Function(_hours, "number"),
    "workdays": Function(_workdays, "number", calendar=True),
    "working": Function(_working, "truth", calendar=True),
    "next_working": Function(_next_working, "date", calendar=True),
    "holiday": Function(_holiday, "truth", calendar=True),
    "known": Function(_known, "truth", calendar=True),
    "add_days": Function(_add_days, "date"),
    "add_months": Function(_add_months, "date"),
    "add_seconds": Function(_add_seconds, "dateTime"),
    "age": Function(_age, "number"),
    "length": Function(len, "number"),
    "cut": Function(lambda text, start, end: text[start:end], "text"),
    "matches": Function(lambda text, pattern: re.search(pattern, text) is not None, "truth"),
    "any_matches": Function(lambda texts, pattern: any(re.search(pattern, text) for text in texts), "truth"),
    "shares": Function(lambda some, others: not set(some).isdisjoint(others), "truth"),
    "within": Function(lambda some, others: set(some) <= set(others), "truth"),
    "distinct": Function(lambda some: len(set(some)) == len(list(some)), "truth"),
    "reaches": Function(_reaches, "truth"),
    "leaks": Function(_leaks, "text"),
    "decoded_size": Function(lambda content: len(b64decode(content)), "number"),
    "decoded_digest": Function(lambda content: sha256(b64decode(content)).hexdigest(), "text"),
    "joined": Function("、".join, "text"),
}
