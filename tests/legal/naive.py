# SPDX-License-Identifier: Apache-2.0
"""The limits once more, day by day and minute by minute, sharing no code with the gateway: an oracle."""

import csv
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "schemas" / "jiangxi-1.0" / "calendar"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Spans = Sequence[tuple[date, date]]


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of one calendar file."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def days(known_on: date = date.max) -> dict[date, bool]:
    """Return the exceptions as they were known on a day."""
    issued = {row["number"]: date.fromisoformat(row["issued"]) for row in rows("notices.csv")}
    found: dict[date, tuple[date, bool]] = {}
    for year in range(2010, 2027):
        for row in rows(f"{year}.csv"):
            day, since = date.fromisoformat(row["date"]), issued[row["notice"]]
            if since <= known_on and (day not in found or found[day][0] < since):
                found[day] = (since, row["day"] == "work")
    return {day: working for day, (_, working) in found.items()}


def is_working(day: date, known_on: date = date.max) -> bool:
    """Tell whether a day is a working day."""
    return days(known_on).get(day, day.weekday() < 5)


def suspended(day: date, spans: Spans) -> bool:
    """Tell whether a day is deducted: the first day of a suspension is not, its last is."""
    return any(first < day <= last for first, last in spans)


def due(start: date, n: int, spans: Spans, counts: Callable[[date], bool]) -> date:
    """Return the n-th day that counts after the start."""
    day = start
    while n:
        day += DAY
        if counts(day) and not suspended(day, spans):
            n -= 1
    return day


def due_months(start: date, n: int, spans: Spans) -> date:
    """Return the same day n months on, later by every day that is deducted until then."""
    year, month = start.year, start.month
    for _ in range(n):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    base = min(date(year, month, 1) + DAY * (start.day - 1), first_of_next - DAY)
    end = base
    while True:
        stopped = sum(suspended(start + DAY * i, spans) for i in range(1, (end - start).days + 1))
        if end == base + DAY * stopped:
            return end
        end = base + DAY * stopped


def due_hours(start: datetime, n: int, spans: Sequence[tuple[datetime, datetime]]) -> datetime:
    """Return the end of n hours, counted minute by minute."""
    moment, left = start, n * 60
    while left:
        moment += MINUTE
        if not any(first < moment <= last for first, last in spans):
            left -= 1
    return moment


def rolled(day: date) -> date:
    """Return the day, or the next working day when it is a day off."""
    while not is_working(day):
        day += DAY
    return day
