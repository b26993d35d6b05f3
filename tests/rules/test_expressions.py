# SPDX-License-Identifier: Apache-2.0
"""The language of the rule pack: what it says of absent values, days and lists, and what it does not let in."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.legal import LegalClock
from gateway.pack import load_pack
from gateway.rules.expression import ExpressionCompiler, Symbol
from gateway.rules.functions import FUNCTIONS

SYMBOLS = {
    "fine": Symbol("fine", "decimal"),
    "days": Symbol("days", "integer"),
    "decided": Symbol("decided", "dateTime"),
    "due": Symbol("due", "date"),
    "result": Symbol("result", "text"),
    "from": Symbol("from", "dateTime"),
    "urgent": Symbol("urgent", "boolean"),
    "kinds": Symbol("kinds", "text", many=True),
    "lines.amount": Symbol("amount", "decimal", group="lines"),
}
COMPILER = ExpressionCompiler({"grave": frozenset({"CF04", "CF08"})}, lambda *names: frozenset(names))
CALENDAR = LegalClock(load_pack()).calendar()


class _Scope:
    def find(self, name: str, /) -> Symbol | None:
        return SYMBOLS.get(name)


def _broken(when: str, must: str, **values: Any) -> bool:
    given: Mapping[str, Any] = {name.rstrip("_"): value for name, value in values.items()}
    return bool(COMPILER.violation(when, must, _Scope(), "test").test(given, given, CALENDAR))


def test_must_is_broken_where_when_holds() -> None:
    assert _broken("result == 'x'", "fine <= 50", result="x", fine=Decimal(51))
    assert not _broken("result == 'x'", "fine <= 50", result="x", fine=Decimal(50))
    assert not _broken("result == 'x'", "fine <= 50", result="y", fine=Decimal(51))


@pytest.mark.parametrize("must", ["fine <= 50", "days + 1 == 2", "days(decided, due) < 3", "decided <= due"])
def test_what_is_absent_breaks_no_order_and_no_sum(must: str) -> None:
    assert not _broken("", must)


def test_absence_itself_can_be_asked_for() -> None:
    assert _broken("", "present(result)")
    assert _broken("absent(fine)", "present(result)")
    assert not _broken("", "present(kinds)", kinds=["CF01"])
    assert _broken("", "present(kinds)")
    assert not _broken("urgent", "")


def test_a_moment_against_a_day_is_compared_by_day() -> None:
    assert not _broken("", "decided <= due", decided="2022-05-06T23:59:59+08:00", due="2022-05-06")
    assert _broken("", "decided <= due", decided="2022-05-07T00:00:00+08:00", due="2022-05-06")
    assert _broken("decided >= '2021-07-15'", "present(result)", decided="2021-07-15T00:00:00+08:00")
    assert not _broken("decided >= '2021-07-15'", "present(result)", decided="2021-07-14T23:59:59+08:00")


def test_moments_against_each_other_are_compared_to_the_second() -> None:
    assert _broken("", "from <= decided", from_="2022-05-06T09:00:01+08:00", decided="2022-05-06T09:00:00+08:00")


def test_lists_sets_and_sums() -> None:
    assert _broken("shares(kinds, grave)", "present(result)", kinds=["CF01", "CF08"])
    assert not _broken("shares(kinds, grave)", "present(result)", kinds=["CF01"])
    lines = [{"amount": Decimal("0.10")}, {"amount": Decimal("0.20")}, {}]
    assert not _broken("", "fine == sum(lines.amount)", fine=Decimal("0.3"), lines=lines)
    assert not _broken("", "count(lines.amount) == 2", lines=lines)
    assert _broken("'CF02' in kinds", "fine > 0", kinds=["CF02"], fine=Decimal(0))
    assert _broken("result in codes('a', 'b')", "urgent", result="a")


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "fine.real", "(lambda: 1)()", "[x for x in kinds]", "open('x')", "result[0]", "f'{fine}'",
     "fine if", "fine is not None", "unknown == 1", "fine ** 2", "result := 'x'", "days(decided, to='x')"],
)  # fmt: skip
def test_nothing_else_gets_in(text: str) -> None:
    with pytest.raises(ConfigurationError):
        COMPILER.violation(text, "", _Scope(), "test")


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("days", ("2022-02-28", "2022-03-01T01:00:00+08:00"), 1),
        ("hours", ("2022-03-05T09:00:00+08:00", "2022-03-06T09:00:00+08:00"), 24),
        ("add_days", ("2021-12-31T09:00:00+08:00", 1), "2022-01-01"),
        ("add_months", ("2022-01-31", 1), "2022-02-28"),
        ("add_months", ("2022-11-15", 2), "2023-01-15"),
        ("add_seconds", ("2022-04-01T08:59:00+08:00", 60), "2022-04-01T09:00:00+08:00"),
        ("age", ("360102200803010010", "2022-02-28"), 13),
        ("age", ("360102200803010010", "2022-03-01"), 14),
        ("age", ("360102080301001", "2022-03-01"), 999),
        ("leaks", ("编号36010219900101001X与电话13000000001",), "phone"),
        ("leaks", ("360102 19900101 0018",), "id"),
        ("leaks", ("罚款1000元",), ""),
        ("within", (("编制", "法制"), ["法制", "编制", "其他"]), True),
        ("distinct", (["a", "b", "a"],), False),
        ("hour", ("2022-06-06T22:00:00+08:00",), 22),
    ],
)
def test_functions(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    assert FUNCTIONS[name].call(*arguments) == result


def test_working_days_ask_the_calendar() -> None:
    assert FUNCTIONS["workdays"].call(CALENDAR, "2022-09-28", "2022-10-17") == 10
    assert FUNCTIONS["holiday"].call(CALENDAR, "2022-06-03T10:00:00+08:00")
    assert not FUNCTIONS["holiday"].call(CALENDAR, "2022-06-11T10:00:00+08:00")
    assert not FUNCTIONS["known"].call(CALENDAR, "2035-01-01")
    assert FUNCTIONS["working"].call(CALENDAR, "2022-10-08")
