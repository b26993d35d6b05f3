# SPDX-License-Identifier: Apache-2.0
"""Time limits of the law (法定期限) as data: each with article, unit, validity and the date that decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

from gateway.errors import ConfigurationError
from gateway.model.words import Words

BY_ITEM: Final = "item"
"""In ``deductions``: the item's own limit may name further procedures that are deducted."""


class Unit(StrEnum):
    """What a limit counts; W and D are the codes of LimitUnit."""

    WORKING_DAYS = "W"
    DAYS = "D"
    HOURS = "H"
    MONTHS = "M"


class Sense(StrEnum):
    """How an act meets the end of a limit."""

    BY = "by"
    FROM = "from"
    AFTER = "after"


class Term(NamedTuple):
    """A length of time: what an item's own limit says in place of the law's."""

    n: int
    unit: Unit


class Extension(NamedTuple):
    """How far a limit may be extended, in its own unit, and how often."""

    n: int
    times: int


@dataclass(frozen=True, slots=True)
class Law:
    """A law by its short code."""

    code: str
    title: Words


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit in the form it had from ``valid_from`` to ``valid_to`` (inclusive; None is open).

    ``start`` is the event that starts the clock, ``decides`` the event whose date decides whether this row holds.
    """

    code: str
    title: Words
    law: Law
    article: str
    term: Term
    start: str
    decides: str
    sense: Sense
    rolls: bool
    shift: bool
    backward: bool
    extension: Extension | None
    deductions: frozenset[str]
    valid_from: date
    valid_to: date | None
    source: str
    start_words: Words

    def lasts(self, days: int) -> bool:
        """Tell whether it can't be over so many days after its start, whatever calendar and suspensions add to it."""
        counts_days = self.term.unit is Unit.WORKING_DAYS or self.term.unit is Unit.DAYS
        return counts_days and days <= self.term.n and self.sense is Sense.BY and not self.backward

    def holds(self, on: date) -> bool:
        """Tell whether this row is in force on the date that decides."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def deducts(self, kind: str, by_item: bool = False) -> bool:
        """Tell whether a special procedure or suspension stops the clock; ``by_item``: the item names it with a law."""
        return kind in self.deductions or (by_item and BY_ITEM in self.deductions)


@dataclass(frozen=True, slots=True)
class DayRule:
    """What 日 means in a law: ``numbers`` of days are working days; None stands for all."""

    law: str
    article: str
    numbers: frozenset[int] | None
    valid_from: date
    valid_to: date | None
    source: str


class Limits:
    """The limits of one pack."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        """Take the pack's ``limits.toml``; raises ConfigurationError where an entry lacks a part."""
        try:
            laws = {code: Law(code, Words(**words)) for code, words in table["laws"].items()}
            events = {code: Words(**words) for code, words in table["events"].items()}
            self.all: tuple[Limit, ...] = tuple(_limit(entry, laws, events) for entry in table["limits"])
            self.days: tuple[DayRule, ...] = tuple(_day_rule(entry) for entry in table["days"])
        except (KeyError, TypeError, ValueError) as fault:
            raise ConfigurationError(f"limits.toml: {fault}") from fault
        self.events: Mapping[str, Words] = events
        self._by_code: dict[str, tuple[Limit, ...]] = {}
        for limit in sorted(self.all, key=lambda each: each.valid_from):
            self._by_code[limit.code] = (*self._by_code.get(limit.code, ()), limit)

    def rows(self, code: str) -> tuple[Limit, ...]:
        """Return all rows of a code, oldest first; raises KeyError for an unknown code."""
        return self._by_code[code]

    def choose(self, code: str, on: date) -> Limit | None:
        """Return the row in force on the date that decides, None when the law knew no such limit then.

        Raises:
            KeyError: the pack has no such limit at all.
        """
        for limit in self._by_code[code]:
            if limit.holds(on):
                return limit
        return None

    def unit_of_days(self, law: str, n: int, on: date) -> Unit:
        """Return what ``n`` 日 mean in a law on a day: natural days where the law says nothing."""
        for rule in self.days:
            in_force = rule.valid_from <= on and (rule.valid_to is None or on <= rule.valid_to)
            if rule.law == law and in_force and (rule.numbers is None or n in rule.numbers):
                return Unit.WORKING_DAYS
        return Unit.DAYS


def _limit(entry: Mapping[str, Any], laws: Mapping[str, Law], events: Mapping[str, Words]) -> Limit:
    unit = Unit(entry["unit"])
    if entry["decides"] not in events:
        raise ValueError(f"{entry['code']}: no event {entry['decides']}")
    return Limit(
        code=entry["code"],
        title=Words(entry["zh"], entry["en"]),
        law=laws[entry["law"]],
        article=entry["article"],
        term=Term(entry["n"], unit),
        start=entry["start"],
        decides=entry["decides"],
        sense=Sense(entry.get("sense", "by")),
        rolls=entry.get("rolls", unit in (Unit.DAYS, Unit.MONTHS)),
        shift=entry.get("shift", False),
        backward=entry.get("counts") == "back",
        extension=Extension(**entry["extension"]) if "extension" in entry else None,
        deductions=frozenset(entry.get("deductions", ())),
        valid_from=entry["valid_from"],
        valid_to=entry.get("valid_to"),
        source=entry["source"],
        start_words=events[entry["start"]],
    )


def _day_rule(entry: Mapping[str, Any]) -> DayRule:
    numbers = entry["numbers"]
    return DayRule(
        law=entry["law"],
        article=entry["article"],
        numbers=None if numbers == "all" else frozenset(numbers),
        valid_from=entry["valid_from"],
        valid_to=entry.get("valid_to"),
        source=entry["source"],
    )
