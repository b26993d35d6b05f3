# SPDX-License-Identifier: Apache-2.0
"""Every kind of limit against a model that walks day by day (minute by minute) and knows no table."""

from datetime import date, datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.clock import BEIJING
from gateway.legal import Interval, LegalClock, Term, Unit
from gateway.pack import load_pack
from tests.legal import naive

CLOCK = LegalClock(load_pack())
DAYS = st.dates(date(2009, 11, 1), date(2027, 2, 28))
KNOWN = st.dates(date(2009, 6, 1), date(2026, 12, 31))


@st.composite
def starts_and_spans(draw: st.DrawFn) -> tuple[date, list[tuple[date, date]]]:
    """Draw a start and suspensions around it, overlapping or not, some before it, some of no length."""
    start = draw(DAYS)
    offsets = st.tuples(st.integers(-20, 160), st.integers(0, 60))
    spans = draw(st.lists(offsets, max_size=4))
    return start, [(start + timedelta(days=a), start + timedelta(days=a + b)) for a, b in spans]


def intervals(spans: list[tuple[date, date]]) -> list[Interval]:
    """Return suspensions as the gateway takes them."""
    return [Interval(first, last) for first, last in spans]


@settings(max_examples=400, deadline=None)
@given(starts_and_spans(), st.integers(1, 60), st.integers(0, 20))
def test_working_days(given_: tuple[date, list[tuple[date, date]]], n: int, extension: int) -> None:
    start, spans = given_
    due = CLOCK.due(
        "permit.decision", start, suspensions=intervals(spans), extension=extension, term=Term(n, Unit.WORKING_DAYS)
    )
    assert due.at == naive.due(start, n + extension, spans, naive.is_working)
    assert due.provisional == (start < date(2009, 12, 31) or due.day > date(2026, 12, 31))


@settings(max_examples=200, deadline=None)
@given(starts_and_spans(), st.integers(1, 120))
def test_natural_days(given_: tuple[date, list[tuple[date, date]]], n: int) -> None:
    start, spans = given_
    due = CLOCK.due(
        "penalty.decision", start, on=date(2022, 1, 1), suspensions=intervals(spans), term=Term(n, Unit.DAYS)
    )
    end = naive.due(start, n, spans, lambda _: True)
    assert due.counted_to == end
    assert due.at == naive.rolled(end)


@settings(max_examples=200, deadline=None)
@given(starts_and_spans(), st.integers(1, 40))
def test_months(given_: tuple[date, list[tuple[date, date]]], n: int) -> None:
    start, spans = given_
    due = CLOCK.due(
        "coercion.court", start, on=date(2022, 1, 1), suspensions=intervals(spans), term=Term(n, Unit.MONTHS)
    )
    end = naive.due_months(start, n, spans)
    assert due.counted_to == end
    assert due.at == naive.rolled(end)


@settings(max_examples=60, deadline=None)
@given(
    st.datetimes(datetime(2011, 12, 1), datetime(2021, 12, 31)),  # noqa: DTZ001
    st.integers(1, 48),
    st.lists(st.tuples(st.integers(-600, 4000), st.integers(0, 900)), max_size=3),
)
def test_hours(start: datetime, n: int, offsets: list[tuple[int, int]]) -> None:
    start = start.replace(second=0, microsecond=0, tzinfo=BEIJING)
    spans = [(start + timedelta(minutes=a), start + timedelta(minutes=a + b)) for a, b in offsets]
    due = CLOCK.due(
        "coercion.report", start, on=date(2022, 1, 1), term=Term(n, Unit.HOURS),
        suspensions=[Interval(first, last) for first, last in spans],
    )  # fmt: skip
    assert due.at == naive.due_hours(start, n, spans)


@settings(max_examples=200, deadline=None)
@given(DAYS, st.integers(1, 60), KNOWN)
def test_working_days_as_known_on_a_day(start: date, n: int, known_on: date) -> None:
    due = CLOCK.due("permit.decision", start, term=Term(n, Unit.WORKING_DAYS), known_on=known_on)
    assert due.at == naive.due(start, n, [], lambda day: naive.is_working(day, known_on))


@settings(max_examples=200, deadline=None)
@given(starts_and_spans(), st.integers(0, 200), st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS]))
def test_time_used(given_: tuple[date, list[tuple[date, date]]], length: int, unit: Unit) -> None:
    start, spans = given_
    to = start + timedelta(days=length)
    walked = [start + timedelta(days=i) for i in range(1, length + 1)]
    counts = [day for day in walked if unit is Unit.DAYS or naive.is_working(day)]
    used = CLOCK.elapsed(unit, start, to, suspensions=intervals(spans))
    assert used.amount == sum(not naive.suspended(day, spans) for day in counts)
    assert used.deducted == len(counts) - used.amount


@settings(max_examples=200, deadline=None)
@given(starts_and_spans(), st.integers(1, 30), st.sampled_from([Unit.WORKING_DAYS, Unit.DAYS, Unit.MONTHS]))
def test_a_limit_is_kept_exactly_while_no_more_than_it_is_used(
    given_: tuple[date, list[tuple[date, date]]], n: int, unit: Unit
) -> None:
    start, spans = given_
    told = intervals(spans)
    end = CLOCK.due("permit.decision", start, suspensions=told, term=Term(n, unit)).counted_to
    assert isinstance(end, date)
    assert CLOCK.elapsed(unit, start, end, suspensions=told).amount <= n
    assert CLOCK.elapsed(unit, start, end + timedelta(days=200), suspensions=told).amount > n


@settings(max_examples=200, deadline=None)
@given(DAYS, st.integers(1, 60))
def test_back_and_forth(start: date, n: int) -> None:
    """So many working days before a day: exactly so many lie between."""
    limit = CLOCK.limit("permit.renewal", start)
    assert limit is not None
    last = CLOCK.due(limit, start, term=Term(n, Unit.WORKING_DAYS)).day
    assert naive.is_working(last)
    assert sum(naive.is_working(last + timedelta(days=i)) for i in range((start - last).days)) == n


@settings(max_examples=300, deadline=None)
@given(DAYS, KNOWN)
def test_next_working_day(day: date, known_on: date) -> None:
    walked = day + naive.DAY
    while not naive.is_working(walked, known_on):
        walked += naive.DAY
    assert CLOCK.next_working_day(day, known_on) == walked
    assert CLOCK.is_working_day(day, known_on) == naive.is_working(day, known_on)


@settings(max_examples=300, deadline=None)
@given(starts_and_spans(), st.integers(-10, 120), st.integers(0, 20), st.data())
def test_what_lasts_so_long_at_least_is_met_by_an_act_on_that_day(
    given_: tuple[date, list[tuple[date, date]]], days: int, extension: int, data: st.DataObject
) -> None:
    start, spans = given_
    limit = data.draw(st.sampled_from(CLOCK.limits.all))
    due = CLOCK.due(limit, start, suspensions=intervals(spans), extension=extension)
    if limit.lasts(days):
        assert due.met_by(start + timedelta(days=days))
    event("surely met" if limit.lasts(days) else "to be computed")
