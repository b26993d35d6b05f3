# SPDX-License-Identifier: Apache-2.0
"""The calendar of the pack against two foreign ones, its states, its horizon, and what the loader refuses."""

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from gateway.errors import ConfigurationError
from gateway.legal import LegalClock
from gateway.pack import Pack, load_pack
from tests.legal.naive import rows

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "calendar" / "workdays_2010_2026.csv"
YEARS = range(2010, 2027)
BEFORE_EXTENSION, EXTENSION = date(2020, 1, 25), date(2020, 1, 26)


def all_days() -> Iterator[date]:
    """Yield every day the calendar covers."""
    first = date(2010, 1, 1)
    return (first + timedelta(days=i) for i in range((date(2026, 12, 31) - first).days + 1))


def test_every_day_agrees_with_chinesecalendar(clock: LegalClock) -> None:
    different = [day for day in all_days() if clock.is_working_day(day) != chinese_calendar.is_workday(day)]
    assert different == []


@pytest.mark.component("shared-data")
def test_every_day_agrees_with_the_real_data_set(clock: LegalClock) -> None:
    if not SHARED.exists():
        pytest.skip("shared-data: ../shared/data/calendar is not here")
    with SHARED.open(encoding="utf-8", newline="") as file:
        told = {date.fromisoformat(row["date"]): row["is_workday"] == "1" for row in csv.DictReader(file)}
    assert set(all_days()) == set(told)
    assert [day for day, working in told.items() if clock.is_working_day(day) != working] == []


def test_files_hold_exceptions_only() -> None:
    """What equals its weekday is a row only where it undoes an earlier notice or names a holiday on a Sunday."""
    plain = []
    for year in YEARS:
        state: dict[date, bool] = {}
        issued = {row["number"]: row["issued"] for row in rows("notices.csv")}
        for row in sorted(rows(f"{year}.csv"), key=lambda each: issued[each["notice"]]):
            day, working = date.fromisoformat(row["date"]), row["day"] == "work"
            assert day.year == year
            assert row["name"]
            assert date.fromisoformat(row["signed_off"]) >= date.fromisoformat(issued[row["notice"]])
            if state.get(day, day.weekday() < 5) == working:
                plain.append(day)
            state[day] = working
    assert plain == [date(2015, 9, 27)]


@pytest.mark.parametrize(
    ("day", "known_on", "working"),
    [
        (date(2020, 1, 31), BEFORE_EXTENSION, True),   # the Friday that the extension took
        (date(2020, 1, 31), EXTENSION, False),
        (date(2020, 2, 1), BEFORE_EXTENSION, True),    # a worked Saturday, ordinary again afterwards
        (date(2020, 2, 1), EXTENSION, False),
        (date(2019, 5, 2), date(2019, 3, 21), True),
        (date(2019, 5, 2), date(2019, 3, 22), False),
        (date(2019, 4, 28), date(2019, 3, 21), False),
        (date(2019, 4, 28), date(2019, 3, 22), True),
        (date(2015, 9, 3), date(2015, 5, 12), True),
        (date(2015, 9, 3), date(2015, 5, 13), False),
        (date(2012, 1, 2), date(2011, 12, 4), True),   # next year's notice not out yet: bare Monday to Friday
        (date(2012, 1, 2), date(2011, 12, 5), False),
        (date(2011, 12, 31), date(2011, 12, 4), False),
        (date(2011, 12, 31), date(2011, 12, 5), True),
    ],
)  # fmt: skip
def test_earlier_states(clock: LegalClock, day: date, known_on: date, working: bool) -> None:
    assert clock.is_working_day(day, known_on) is working


@pytest.mark.parametrize(
    ("known_on", "until"),
    [
        (date(2009, 12, 6), date(2009, 12, 31)),    # nothing is known: the calendar covers no day
        (date(2009, 12, 7), date(2010, 12, 31)),
        (date(2019, 11, 20), date(2019, 12, 31)),
        (date(2019, 11, 21), date(2020, 12, 31)),
        (date(2020, 1, 26), date(2020, 12, 31)),    # a change does not lengthen it
        (date(2026, 11, 23), date(2026, 12, 31)),
        (date(2099, 1, 1), date(2026, 12, 31)),
    ],
)  # fmt: skip
def test_the_horizon_is_what_was_announced(clock: LegalClock, known_on: date, until: date) -> None:
    assert clock.calendar(known_on).valid_until == until


def test_the_horizon_of_the_pack(clock: LegalClock) -> None:
    assert clock.valid_until == date(2026, 12, 31)
    revision = clock.calendar().revision
    assert revision is not None
    assert revision.number == "国办发明电〔2025〕7号"


def test_ranks_and_days_are_inverse_far_beyond_the_tables(clock: LegalClock) -> None:
    calendar = clock.calendar()
    for first in (1, 700_000, calendar.first - 20, calendar.last - 20, 800_000):
        for ordinal in range(first, first + 40):
            rank = calendar.rank(ordinal)
            assert rank - calendar.rank(ordinal - 1) == calendar.is_working(ordinal)
            if calendar.is_working(ordinal):
                assert calendar.nth(rank) == ordinal


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2012, 1, 23), "春节"),
        (date(2012, 1, 22), "春节"),        # a Sunday inside the holiday
        (date(2011, 1, 1), "元旦"),         # a Saturday, the Monday after is the day in lieu
        (date(2015, 9, 27), "中秋节"),      # a Sunday with no day in lieu
        (date(2012, 1, 29), None),          # a Sunday that was worked
        (date(2012, 2, 5), None),           # an ordinary Sunday
        (date(2012, 2, 6), None),
        (date(2020, 2, 2), "春节"),
    ],
)  # fmt: skip
def test_holidays_have_names(clock: LegalClock, day: date, name: str | None) -> None:
    assert clock.holiday(day) == name


def test_next_working_day_and_counting(clock: LegalClock) -> None:
    assert clock.next_working_day(date(2012, 1, 20)) == date(2012, 1, 21)  # the Saturday before the holiday
    assert clock.next_working_day(date(2012, 1, 21)) == date(2012, 1, 29)  # the Sunday after it
    assert clock.working_days(date(2012, 1, 20), date(2012, 1, 30)) == 3
    assert clock.working_days(date(2012, 1, 30), date(2012, 1, 20)) == -3


def broken(pack: Pack, folder: Path, change: Callable[[Path], None]) -> Pack:
    """Return a copy of the pack with one thing changed in it."""
    shutil.copytree(pack.root, folder / pack.name)
    change(folder / pack.name)
    return load_pack(pack.name, folder)


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a change of text in one file."""

    def change(root: Path) -> None:
        path = root / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (replaced("calendar/2012.csv", "2012-01-02", "2013-01-02"), "2012.csv:3: 2013-01-02 is not in 2012"),
        (replaced("calendar/2012.csv", "2012-01-02,off", "2012-01-02,holiday"), "2012.csv:3"),
        (replaced("calendar/2012.csv", "〔2011〕45号", "〔2011〕48号"), "2012.csv:3"),
        (replaced("calendar/2012.csv", "2012-01-02", "2012-13-02"), "2012.csv:3"),
        (replaced("calendar/notices.csv", "2011-12-05,2012,base", "2011-12-05,2012,change"), "no notice for 2012"),
        (replaced("calendar/notices.csv", "2011-12-05,2012,base", "2011-12-05,2012,other"), "notices.csv:6"),
        (replaced("limits.toml", "valid_until = 2026-12-31", "valid_until = 2027-12-31"), "2027.csv"),
        (replaced("limits.toml", "[office_hours]", "[hours]"), "office_hours"),
        (replaced("limits.toml", 'start = "received"', 'start = "arrived"'), "arrived"),
        (replaced("limits.toml", 'decides = "received"', 'decides = "arrived"'), "arrived"),
        (replaced("limits.toml", 'unit = "W"', 'unit = "X"'), "X"),
        (lambda root: (root / "limits.toml").unlink(), "limits.toml"),
        (lambda root: (root / "calendar" / "2015.csv").unlink(), "2015.csv"),
    ],
)  # fmt: skip
def test_a_wrong_calendar_is_refused(pack: Pack, tmp_path: Path, change: Callable[[Path], None], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told.replace(".", r"\.")):
        LegalClock(broken(pack, tmp_path, change))
