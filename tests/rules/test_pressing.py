# SPDX-License-Identifier: Apache-2.0
"""Records that keep a limit of the law, and when it ends: delay beyond that would draw a false card (standard.md §5, §7)."""

from datetime import datetime
from functools import cache

from gateway.clock import microseconds, moment
from gateway.rules.pressing import Pressing
from tests.rules.test_case_rules import CLOCK, PACK, CaseRecord, _records, _rules

DAY = 86_400_000_000


@cache
def _pressing() -> Pressing:
    return Pressing(PACK, _rules(), CLOCK)


def dues(records: list[CaseRecord], code: str, *, days_later: int = 0) -> list[str]:
    """Return when the limits end that the records of a type keep, looked at on the day of the last of them."""
    new = [each for each in records if each.type == code]
    now = microseconds(datetime.fromisoformat(new[-1].occurred_at)) + days_later * DAY
    found = _pressing().dues([each for each in records if each not in new], new, now)
    return [moment(found[each.key, each.version]).isoformat() for each in new if (each.key, each.version) in found]


def test_each_act_of_a_permit_presses_by_the_limit_that_it_keeps() -> None:
    life = _records("full-life-permit.xml")
    assert dues(life, "XK_BZ")[0] == "2022-03-09T00:00:00+08:00", "five working days for the supplement notice"
    assert dues(life, "XK_SL") == ["2022-03-09T00:00:00+08:00"], "and for the acceptance"
    assert dues(life, "XK_JD") == ["2022-03-19T00:00:00+08:00"], "the due date that the acceptance told"
    assert dues(life, "XK_SD") == ["2022-03-31T00:00:00+08:00"], "ten working days for the certificate"
    assert dues(life, "XK_SQ") == [], "an application stops no clock"


def test_limits_in_hours_and_of_penalties_count_too() -> None:
    assert dues(_records("full-life-coercion-on-the-spot.xml"), "QZ_SP") == ["2022-03-06T09:30:00+08:00"]
    assert dues(_records("full-life-penalty.xml"), "CF_JD") == ["2022-08-09T00:00:00+08:00"], "suspensions deducted"


def test_who_was_late_himself_presses_nobody() -> None:
    life = _records("full-life-permit.xml")
    late = [each._replace(occurred_at="2022-03-28T09:00:00+08:00") if each.type == "XK_JD" else each for each in life]
    assert dues(late, "XK_JD") == [], "that card is true"


def test_history_presses_nobody() -> None:
    life = _records("full-life-permit.xml")
    assert dues(life, "XK_JD", days_later=5) != [], "its card stands, and each day adds to it"
    assert dues(life, "XK_JD", days_later=30) == []
    assert dues(life, "XK_JD", days_later=3000) == []


def test_without_the_record_that_starts_it_there_is_no_clock() -> None:
    life = [each for each in _records("full-life-permit.xml") if each.type in ("XK_JD", "XK_SD")]
    assert dues([each for each in life if each.type == "XK_SD"], "XK_SD") == []
    assert dues(life, "XK_JD") == []
