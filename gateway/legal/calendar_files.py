# SPDX-License-Identifier: Apache-2.0
"""Reads the calendar of a pack: ``calendar/notices.csv``, one ``calendar/<year>.csv`` a year."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from gateway.errors import ConfigurationError
from gateway.legal.calendar import Calendars, Exceptional, Notice
from gateway.pack import Pack

NOTICES: Final = "notices.csv"
_KINDS: Final = {"base": False, "change": True}
_DAYS: Final = {"work": True, "off": False}


def read_calendars(pack: Pack, span: Mapping[str, Any]) -> Calendars:
    """Return the calendar of a pack with all its earlier states; ``span`` is the table that says how far it reaches.

    Raises:
        ConfigurationError: a file is absent, a row contradicts its file or its notice, or a covered year has no notice.
    """
    try:
        valid_from, valid_until = span["valid_from"], span["valid_until"]
        notices = _notices(pack.root / "calendar" / NOTICES)
        years = range(valid_from.year, valid_until.year + 1)
        rows = [row for year in years for row in _year(pack.root / "calendar" / f"{year}.csv", year, notices)]
    except (OSError, KeyError) as fault:
        raise ConfigurationError(f"calendar: {fault}") from fault
    arranged = {notice.year for notice in notices.values() if not notice.is_change}
    lost = [str(year) for year in years if year not in arranged]
    if lost:
        raise ConfigurationError(f"calendar/{NOTICES}: no notice for {', '.join(lost)}")
    return Calendars(rows, valid_from, valid_until)


def _notices(path: Path) -> dict[str, Notice]:
    found: dict[str, Notice] = {}
    for line, row in _rows(path):
        try:
            notice = Notice(
                row["number"], date.fromisoformat(row["issued"]), int(row["year"]), _KINDS[row["kind"]],
                date.fromisoformat(row["signed_off"]) if row["signed_off"] else None,
            )  # fmt: skip
        except (KeyError, ValueError) as fault:
            raise ConfigurationError(f"calendar/{path.name}:{line}: {fault}") from fault
        found[notice.number] = notice
    return found


def _year(path: Path, year: int, notices: dict[str, Notice]) -> Iterator[Exceptional]:
    for line, row in _rows(path):
        try:
            day, working, notice = date.fromisoformat(row["date"]), _DAYS[row["day"]], notices[row["notice"]]
        except (KeyError, ValueError) as fault:
            raise ConfigurationError(f"calendar/{path.name}:{line}: {fault}") from fault
        if day.year != year:
            raise ConfigurationError(f"calendar/{path.name}:{line}: {day} is not in {year}")
        yield Exceptional(day.toordinal(), working, row["name"], notice)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and fields; ``#`` lines are comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    yield from enumerate(csv.DictReader(lines[start:]), start + 2)
