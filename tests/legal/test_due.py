# SPDX-License-Identifier: Apache-2.0
"""Ends of limits, computed by hand from the notices' texts, on both sides of every change of law."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from gateway.clock import BEIJING
from gateway.legal import Interval, LegalClock, Term, Unit
from gateway.legal.calendar import Calendar


def at(text: str) -> datetime:
    """Return a time at +08:00."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def day(text: str) -> date:
    """Return a date."""
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        # permits: the Saturday 2011-12-31 was worked, 1 to 3 January were off
        ("permit.supplement", "2011-12-28", "2012-01-05"),
        ("permit.acceptance", "2011-12-28", "2012-01-05"),
        ("permit.decision", "2019-04-15", "2019-05-14"),       # two worked Sundays, three days off
        ("permit.decision", "2020-01-10", "2020-02-14"),       # Spring Festival as extended
        ("permit.joint", "2019-03-21", "2019-05-27"),
        ("permit.delivery", "2021-09-24", "2021-10-13"),       # 26 Sept. and 9 Oct. worked, 1-7 Oct. off
        # penalties: 2021-07-15 (a Thursday) changes natural days to working days
        ("penalty.hearing-request", "2021-07-14", "2021-07-19"),    # third day a Saturday
        ("penalty.hearing-request", "2021-07-15", "2021-07-22"),
        ("penalty.hearing-notified", "2021-07-10", "2021-07-17"),   # a Saturday: the party's preparation never shortens
        ("penalty.hearing-notified", "2021-07-15", "2021-07-26"),
        ("penalty.served", "2021-07-14", "2021-07-21"),
        ("penalty.served", "2021-07-15", "2021-07-26"),
        ("penalty.preservation", "2021-07-14", "2021-07-21"),
        ("penalty.preservation", "2021-07-15", "2021-07-26"),
        ("penalty.cash-handed-in", "2021-07-14", "2021-07-16"),
        ("penalty.cash-handed-in", "2021-07-15", "2021-07-19"),
        ("penalty.payment", "2012-01-10", "2012-01-29"),            # into Spring Festival: on to the worked Sunday
        ("penalty.payment", "2021-07-15", "2021-07-30"),
        ("penalty.decision", "2021-07-15", "2021-10-13"),
        ("penalty.decision", "2021-07-19", "2021-10-18"),           # the 90th day is a Sunday
        ("penalty.takedown", "2021-07-16", "2021-07-21"),
        # coercion, from 2012-01-01
        ("coercion.seizure", "2012-01-01", "2012-01-31"),
        ("coercion.seizure", "2012-01-06", "2012-02-05"),           # a Sunday, and stays one
        ("coercion.freeze", "2012-01-06", "2012-02-05"),
        ("coercion.freeze-served", "2012-01-20", "2012-01-30"),     # 21 and 29 January were worked
        ("coercion.demand", "2012-09-26", "2012-10-16"),            # 27, 28, 29 (worked), then 8 to 12, 15, 16
        ("coercion.court", "2011-12-31", "2012-06-28"),             # 180 days
        ("coercion.court", "2012-01-01", "2012-04-01"),             # three months; that Sunday was worked
        ("coercion.court", "2012-11-30", "2013-02-28"),             # no 30 February
        # information: 2019-05-15
        ("information.reply", "2019-05-14", "2019-06-04"),
        ("information.reply", "2019-05-15", "2019-06-13"),          # 7 June off
        ("information.supplement", "2019-05-15", "2019-05-24"),
        ("information.publication", "2019-05-14", "2019-06-12"),
        ("information.results", "2015-09-01", "2015-09-11"),        # 2, then 6 (worked) to 11: 3 to 5 Sept. off
        # remedies and taxes
        ("remedy.reconsideration", "2023-12-31", "2024-02-29"),
        ("remedy.litigation", "2015-04-30", "2015-07-30"),
        ("remedy.litigation", "2015-05-01", "2015-11-02"),          # 1 November is a Sunday
        ("tax.deferral", "2011-11-30", "2012-02-29"),
        ("tax.refund-found", "2012-01-13", "2012-01-29"),           # the 10th day is inside Spring Festival
        ("tax.refund-applied", "2012-03-01", "2012-03-31"),         # a Saturday that was worked
        ("tax.refund-claim", "2012-02-29", "2015-02-28"),           # a Saturday that was worked
        ("permit.renewal", "2012-07-31", "2012-07-01"),
        ("supervision.feedback", "2010-02-11", "2010-02-21"),       # Saturday and Sunday after the holiday worked
    ],
)  # fmt: skip
def test_ends(clock: LegalClock, code: str, start: str, end: str) -> None:
    due = clock.due(code, day(start))
    assert (due.at, due.provisional, due.is_paused) == (day(end), False, False)


@pytest.mark.parametrize(
    ("code", "on"),
    [
        ("penalty.decision", "2021-07-14"), ("penalty.takedown", "2021-07-14"),
        ("coercion.seizure", "2011-12-31"), ("coercion.report", "2011-12-31"), ("coercion.demand", "2011-12-31"),
        ("information.supplement", "2019-05-14"), ("information.reply", "2008-04-30"),
        ("information.results", "2015-06-23"), ("permit.decision", "2004-06-30"),
    ],
)  # fmt: skip
def test_before_its_law_there_is_no_limit(clock: LegalClock, code: str, on: str) -> None:
    assert clock.limit(code, day(on)) is None
    assert clock.limit(code, day(on) + timedelta(days=1)) is not None
    with pytest.raises(LookupError):
        clock.due(code, day(on))


def test_an_unknown_limit_is_an_error(clock: LegalClock) -> None:
    with pytest.raises(KeyError):
        clock.limit("permit.coffee", day("2020-01-01"))


def test_the_date_that_decides_may_be_another_than_the_start(clock: LegalClock) -> None:
    """Notice of the hearing under the old law, though the limit starts after the change."""
    assert clock.due("penalty.served", day("2021-07-15"), on=day("2021-07-14")).at == day("2021-07-22")


@pytest.mark.parametrize(
    ("code", "start", "extension", "end"),
    [
        ("permit.decision", "2019-04-15", 10, "2019-05-28"),
        ("permit.joint", "2019-03-21", 15, "2019-06-18"),
        ("coercion.seizure", "2012-01-06", 30, "2012-03-06"),
        ("information.reply", "2019-05-14", 15, "2019-06-26"),
        ("information.reply", "2019-05-15", 20, "2019-07-11"),
    ],
)
def test_extension(clock: LegalClock, code: str, start: str, extension: int, end: str) -> None:
    limit = clock.limit(code, day(start))
    assert limit is not None
    assert limit.extension is not None
    assert (limit.extension.n, limit.extension.times) == (extension, 1)
    assert clock.due(limit, day(start), extension=extension).at == day(end)


def test_suspension_deducts_from_the_day_after_its_start_to_its_end(clock: LegalClock) -> None:
    start = day("2021-07-15")
    ten_days = Interval(day("2021-08-01"), day("2021-08-11"))
    assert clock.due("penalty.decision", start, suspensions=[ten_days]).counted_to == day("2021-10-23")
    assert clock.due("penalty.decision", start, suspensions=[ten_days]).at == day("2021-10-25")
    # Wednesday to Friday: Thursday and Friday are deducted
    hearing = Interval(at("2021-07-21T09:00"), at("2021-07-23T17:00"))
    plain = clock.due("permit.decision", day("2021-07-19"))
    later = clock.due("permit.decision", day("2021-07-19"), suspensions=[hearing])
    assert (plain.at, later.at) == (day("2021-08-16"), day("2021-08-18"))


def test_overlapping_suspensions_are_deducted_once(clock: LegalClock) -> None:
    spans = [
        Interval(day("2021-08-05"), day("2021-08-11")),
        Interval(day("2021-08-01"), day("2021-08-06")),
        Interval(day("2021-08-11"), day("2021-08-11")),
        Interval(day("2021-08-20"), day("2021-08-10")),  # ends before it starts: no time
        Interval(day("2022-08-01"), day("2022-08-06")),  # after the end
    ]
    assert clock.due("penalty.decision", day("2021-07-15"), suspensions=spans).counted_to == day("2021-10-23")


def test_an_open_suspension_stops_the_clock(clock: LegalClock) -> None:
    due = clock.due("permit.decision", day("2021-07-19"), suspensions=[Interval(day("2021-07-21"), None)])
    assert due.is_paused
    assert (due.at, due.paused_at) == (day("2021-08-16"), day("2021-07-21"))
    left = clock.remaining(due, day("2022-01-01"))
    assert (left.amount, left.is_over) == (18, False)
    after = clock.due("permit.decision", day("2021-07-19"), suspensions=[Interval(day("2021-08-16"), None)])
    assert not after.is_paused


@pytest.mark.parametrize(
    ("start", "end", "provisional"),
    [
        ("2026-12-03", "2026-12-31", False),
        ("2026-12-04", "2027-01-01", True),     # nobody knows yet whether that Friday is off: it is
        ("2026-12-07", "2027-01-04", True),
        ("2009-12-31", "2010-01-29", False),    # the first counted day is the first that is known
        ("2009-12-30", "2010-01-28", True),
    ],
)  # fmt: skip
def test_beyond_the_calendar_a_limit_is_provisional(clock: LegalClock, start: str, end: str, provisional: bool) -> None:
    due = clock.due("permit.decision", day(start))
    assert (due.at, due.provisional) == (day(end), provisional)


def test_what_needs_no_calendar_is_never_provisional(clock: LegalClock) -> None:
    assert not clock.due("coercion.seizure", day("2026-12-20")).provisional
    assert not clock.due("coercion.report", at("2026-12-31T20:00")).provisional
    assert not clock.due("permit.renewal", day("2030-01-01")).provisional
    assert clock.due("penalty.payment", day("2026-12-20")).provisional  # may move to a working day
    assert not clock.due("penalty.payment", day("2026-12-16")).provisional


def test_the_ends_of_time_do_not_break_it(clock: LegalClock) -> None:
    for code in ("permit.decision", "penalty.decision", "coercion.court", "remedy.litigation"):
        assert clock.due(code, date.max).at == date.max
    assert clock.due("coercion.report", datetime.max.replace(tzinfo=BEIJING)).day == date.max
    assert clock.due("coercion.report", date.max).day == date.max
    assert clock.due("permit.renewal", date.min, on=day("2020-01-01")).at == date.min


def test_both_calendars_pass_around_a_change_after_the_fact(clock: LegalClock) -> None:
    """Accepted before the extension of Spring Festival 2020: two ends are right (ledger.md B25)."""
    both = clock.admissible("permit.decision", day("2020-01-10"))
    assert [due.at for due in both] == [day("2020-02-14"), day("2020-02-12")]
    assert [due.provisional for due in both] == [False, False]
    assert [due.at for due in clock.admissible("permit.decision", day("2020-02-03"))] == [day("2020-03-02")]
    assert len(clock.admissible("permit.decision", day("2020-01-10"), known_on=day("2020-01-26"))) == 1


def test_before_the_notice_of_the_next_year_the_end_was_provisional(clock: LegalClock) -> None:
    both = clock.admissible("permit.decision", day("2011-12-02"))  # three days before the notice for 2012
    assert [(due.at, due.provisional) for due in both] == [(day("2011-12-30"), False)]
    both = clock.admissible("permit.joint", day("2011-12-02"))
    assert [due.provisional for due in both] == [False, True]


def test_hours_run_through_holidays(clock: LegalClock) -> None:
    assert clock.due("coercion.report", at("2012-01-22T20:00")).at == at("2012-01-23T20:00")
    assert clock.due("coercion.report", datetime(2012, 1, 22, 20, 0)).at == at("2012-01-23T20:00")  # noqa: DTZ001
    assert clock.due("coercion.report", datetime(2012, 1, 22, 12, 0, tzinfo=UTC)).at == at("2012-01-23T20:00")
    bare = clock.due("coercion.report", day("2012-01-22"))
    assert bare.at == at("2012-01-24T00:00")  # the hour is not told: counted from the day's end
    assert bare.met_by(at("2012-01-23T23:59"))
    assert bare.met_by(day("2012-01-24"))
    assert not bare.met_by(at("2012-01-24T00:01"))


@pytest.mark.parametrize(
    ("received", "counts_as"),
    [
        (at("2021-07-16T16:59"), "2021-07-16"),
        (at("2021-07-16T17:00"), "2021-07-16"),
        (at("2021-07-16T17:01"), "2021-07-19"),      # Friday evening
        (at("2021-07-16T06:00"), "2021-07-16"),      # before the office opens
        (at("2021-07-17T10:00"), "2021-07-19"),      # Saturday
        (at("2012-01-21T18:00"), "2012-01-29"),      # a worked Saturday evening before Spring Festival
        (at("2012-01-29T10:00"), "2012-01-29"),      # a worked Sunday
        (datetime(2021, 7, 16, 9, 30, tzinfo=UTC), "2021-07-19"),
        (day("2021-07-17"), "2021-07-19"),
        (day("2021-07-16"), "2021-07-16"),
    ],
)  # fmt: skip
def test_receipt_outside_working_time(clock: LegalClock, received: date, counts_as: str) -> None:
    assert clock.receipt_day(received) == day(counts_as)
    at_once = clock.due("permit.decision", received, term=Term(0, Unit.WORKING_DAYS))
    assert at_once.at == day(counts_as)


def test_the_items_own_limit_stands_in(clock: LegalClock) -> None:
    assert clock.due("permit.decision", day("2021-07-15"), term=Term(5, Unit.WORKING_DAYS)).at == day("2021-07-22")
    assert clock.due("permit.decision", day("2021-07-15"), term=Term(9, Unit.DAYS)).at == day("2021-07-24")
    penalty = clock.due("penalty.decision", day("2021-07-15"), term=Term(9, Unit.DAYS))
    assert penalty.at == day("2021-07-26")


def test_acts_meet_a_limit_by_its_sense(clock: LegalClock) -> None:
    served = clock.due("penalty.served", day("2021-07-15"))
    assert [served.met_by(day(f"2021-07-{d}")) for d in (25, 26, 27)] == [True, True, False]
    assert served.met_by(at("2021-07-26T23:59"))
    hearing = clock.due("penalty.hearing-notified", day("2021-07-15"))
    assert [hearing.met_by(day(f"2021-07-{d}")) for d in (25, 26, 27)] == [False, True, True]
    court = clock.due("coercion.demand", day("2012-09-26"))
    assert [court.met_by(day(f"2012-10-{d}")) for d in (15, 16, 17)] == [False, False, True]


RECEIVED = "2021-07-14T10:00"  # a Wednesday: notice at the latest on 21 July


def test_accepted_in_time_is_accepted_then(clock: LegalClock) -> None:
    told = clock.acceptance(at(RECEIVED), accepted=at("2021-07-21T16:00"))
    assert told is not None
    assert (told.at, told.begins, told.is_deemed) == (at("2021-07-21T16:00"), day("2021-07-21"), False)
    assert told.notice_due.at == day("2021-07-21")


def test_without_notice_it_is_accepted_as_of_receipt(clock: LegalClock) -> None:
    for given in ({}, {"accepted": at("2021-07-22T09:00")}, {"noticed": [at("2021-07-22T09:00")]}):
        told = clock.acceptance(at(RECEIVED), **given)
        assert told is not None
        assert (told.at, told.is_deemed) == (at(RECEIVED), True)


def test_notice_in_time_keeps_it_open(clock: LegalClock) -> None:
    noticed = [at("2021-07-21T16:00")]
    assert clock.acceptance(at(RECEIVED), noticed=noticed) is None
    told = clock.acceptance(at(RECEIVED), noticed=noticed, accepted=at("2021-08-10T09:00"))
    assert told is not None
    assert (told.at, told.is_deemed) == (at("2021-08-10T09:00"), False)


def test_while_the_five_days_run_it_is_open(clock: LegalClock) -> None:
    assert clock.acceptance(at(RECEIVED), now=at("2021-07-21T23:00")) is None
    told = clock.acceptance(at(RECEIVED), now=at("2021-07-22T00:00"))
    assert told is not None
    assert told.is_deemed


def test_deemed_acceptance_of_an_evening_receipt_counts_from_the_next_working_day(clock: LegalClock) -> None:
    told = clock.acceptance(at("2021-07-16T20:00"))
    assert told is not None
    assert (told.at, told.begins) == (at("2021-07-16T20:00"), day("2021-07-19"))
    assert clock.due("permit.decision", told.begins).at == day("2021-08-16")


def test_time_used(clock: LegalClock) -> None:
    limit = clock.limit("permit.decision", day("2019-04-15"))
    assert limit is not None
    used = clock.elapsed(limit, day("2019-04-15"), day("2019-05-14"))
    assert (used.amount, used.unit, used.deducted, used.provisional) == (20, Unit.WORKING_DAYS, 0, False)
    stopped = [Interval(day("2019-04-26"), day("2019-05-06"))]  # 28, 29, 30 April, 5 and 6 May
    used = clock.elapsed(limit, day("2019-04-15"), day("2019-05-14"), suspensions=stopped)
    assert (used.amount, used.deducted) == (15, 5)
    still = [Interval(day("2019-04-26"), None)]
    assert clock.elapsed(limit, day("2019-04-15"), day("2019-05-14"), suspensions=still).amount == 9
    assert clock.elapsed(Unit.DAYS, day("2021-07-15"), day("2021-10-13")).amount == 90
    assert clock.elapsed(Unit.MONTHS, day("2011-11-30"), day("2012-02-29")).amount == 3
    assert clock.elapsed(Unit.MONTHS, day("2011-11-30"), day("2012-03-01")).amount == 4
    assert clock.elapsed(Unit.HOURS, at("2012-01-22T20:00"), at("2012-01-23T20:00")).amount == 24
    assert clock.elapsed(Unit.HOURS, at("2012-01-22T20:00"), at("2012-01-23T20:01")).amount == 25
    assert clock.elapsed(limit, day("2019-05-14"), day("2019-04-15")).amount == 0
    assert clock.elapsed(limit, day("2026-12-30"), day("2027-01-04")).provisional
    supplement = clock.limit("permit.supplement", day("2021-07-16"))
    assert supplement is not None
    assert clock.elapsed(supplement, at("2021-07-16T20:00"), day("2021-07-20")).amount == 1


def test_time_left(clock: LegalClock) -> None:
    due = clock.due("permit.decision", day("2019-04-15"))
    assert clock.remaining(due, day("2019-05-13")) == (1, Unit.WORKING_DAYS, False)
    assert clock.remaining(due, day("2019-05-14")) == (0, Unit.WORKING_DAYS, False)
    assert clock.remaining(due, at("2019-05-16T10:00")) == (-2, Unit.WORKING_DAYS, True)
    assert clock.remaining(due, day("2019-05-10")) == (2, Unit.WORKING_DAYS, False)
    seizure = clock.due("coercion.seizure", day("2012-01-06"))
    assert clock.remaining(seizure, day("2012-02-01")) == (4, Unit.DAYS, False)
    report = clock.due("coercion.report", at("2012-01-22T20:00"))
    assert clock.remaining(report, at("2012-01-23T18:30")) == (1, Unit.HOURS, False)
    assert clock.remaining(report, at("2012-01-23T20:00")) == (0, Unit.HOURS, False)
    assert clock.remaining(report, at("2012-01-23T20:01")) == (-1, Unit.HOURS, True)


def test_other_zones_are_read_at_beijing(clock: LegalClock) -> None:
    late = datetime(2021, 7, 15, 20, 0, tzinfo=timezone(timedelta(hours=-5)))  # 16 July 09:00 in Beijing
    assert clock.due("penalty.served", late).at == day("2021-07-27")
    assert clock.due("penalty.served", datetime.combine(day("2021-07-15"), time(23, 59))).at == day("2021-07-26")


def test_a_due_date_asks_the_calendar_as_often_for_years_as_for_days(
    clock: LegalClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is counted day by day: a rank is looked up, a number added, a day looked up."""
    asked: list[str] = []
    for name in ("rank", "nth"):
        monkeypatch.setattr(Calendar, name, counting(asked, name, getattr(Calendar, name)))
    start = day("2020-01-10")
    for code, unit in (("permit.decision", Unit.WORKING_DAYS), ("penalty.payment", Unit.DAYS)):
        limit = clock.limit(code, start)
        assert limit is not None
        counts = []
        for n in (5, 20, 1000):
            asked.clear()
            clock.due(limit, start, term=Term(n, unit))
            counts.append(len(asked))
        assert counts == [counts[0]] * 3, code
        assert 1 <= counts[0] <= 4, code


def counting(asked: list[str], name: str, function: Callable[..., int]) -> Callable[..., int]:
    """Return a function that notes each call."""

    def counted(*arguments: object) -> int:
        asked.append(name)
        return function(*arguments)

    return counted
