# SPDX-License-Identifier: Apache-2.0
"""Steps of values as closures: null tokens, extraction, conversion, conditions, joins."""

import re
from collections.abc import Callable
from decimal import Context, Decimal
from functools import cache, lru_cache
from typing import Final, TypeAlias

from gateway.mapping import amounts, formats
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Extract, Touch, Value
from gateway.mapping.work import UNSET, Get, RootCause, Unset, Work
from gateway.mapping.written import written_decimal
from gateway.model.record import Draft
from gateway.trust.masking import mask

Test: TypeAlias = Callable[[Work], bool]
Convert: TypeAlias = Callable[[str], str | None]
REMEMBERED: Final = 2048
"""Outcomes that a step remembers: those of a few chunks, so that memory stays flat however many rows come by."""


def remembered(get: Get, index: int) -> Get:
    """Compute a named value once per row; a fault is remembered as well."""

    def step(work: Work) -> str | None:
        known = work.memo[index]
        if known is UNSET:
            try:
                known = get(work)
            except Faulty as fault:
                known = fault
            work.memo[index] = known
        if isinstance(known, Faulty):
            raise known
        return None if isinstance(known, Unset) else known

    return step


def without(get: Get, nulls: frozenset[str]) -> Get:
    """Take further null tokens out."""

    def step(work: Work) -> str | None:
        text = get(work)
        return None if text in nulls else text

    return step


def extracted(get: Get, extract: Extract, value: Value) -> Get:
    """Keep what the pattern catches."""

    search = re.compile(extract.pattern).search
    group = 1 if re.compile(extract.pattern).groups else 0

    def step(work: Work) -> str | None:
        text = get(work)
        if text is None:
            return None
        match = search(text)
        if match is not None:
            return (match[group] or "").strip() or None
        if extract.no_match == "refuse":
            raise Faulty(finding("MAP-007", value.origin, text, value.where))
        return text if extract.no_match == "keep" else None

    return step


def touched(get: Get, touch: Touch) -> Get:
    """Take out, put for, change the case, put leading zeros."""
    out = str.maketrans(dict.fromkeys([text for text in touch.remove if len(text) == 1], ""))
    longer = [text for text in touch.remove if len(text) > 1]
    one = len(longer) + bool(out) == len(touch.remove) and not longer

    @lru_cache(maxsize=REMEMBERED)
    def mended(text: str) -> str | None:
        if one:
            text = text.translate(out)
        else:
            for each in touch.remove:
                text = text.replace(each, "")
        for old, new in touch.replace:
            text = text.replace(old, new)
        if touch.case:
            text = text.upper() if touch.case == "upper" else text.lower()
        text = text.strip()
        return text.rjust(touch.pad, "0") if text else None

    def step(work: Work) -> str | None:
        text = get(work)
        return None if text is None else mended(text)

    return step


def plausible(get: Get, value: Value, low: Get, high: Get) -> Get:
    """Refuse a number outside its range.

    One that is out by more than ten times, and inside as soon as the point moves by four, is blamed on the unit.
    """

    def step(work: Work) -> str | None:
        text = get(work)
        if text is None:
            return None
        least, most = low(work), high(work)
        number = Decimal(text)
        if _between(number, least, most):
            return text
        wanted = f"[{least or '-∞'}, {most or '∞'}]"
        if value.kind == "decimal" and not _between(number, _tenth(least), _tenfold(most)):
            for power, unit in ((-4, "元"), (4, "万元")):
                if _between(number.scaleb(power, _WIDE), least, most):
                    raise Faulty(finding("MAP-015", value.origin, text, value.where, unit))
        raise Faulty(finding("MAP-014", value.origin, text, value.where, wanted))

    return step


_WIDE: Final = Context(prec=400)


def _tenth(bound: str | None) -> str | None:
    return None if bound is None else str(Decimal(bound).scaleb(-1, _WIDE))


def _tenfold(bound: str | None) -> str | None:
    return None if bound is None else str(Decimal(bound).scaleb(1, _WIDE))


def _between(number: Decimal, least: str | None, most: str | None) -> bool:
    return (least is None or number >= Decimal(least)) and (most is None or number <= Decimal(most))


def masked(get: Get, form: str) -> Get:
    """Hide personal data."""

    def step(work: Work) -> str | None:
        text = get(work)
        return None if text is None else mask(text, form)

    return step


def required(get: Get, value: Value) -> Get:
    """Refuse where there is nothing."""

    def step(work: Work) -> str | None:
        text = get(work)
        if text is None:
            raise Faulty(finding("MAP-016", value.origin, where=value.where))
        return text

    return step


def only_converts(value: Value) -> bool:
    """Tell whether a value does nothing but read a text as its kind."""

    if value.kind in ("text", value.given) or value.default is not None:
        return False
    return not (value.nulls or value.extract or value.lookup or value.when or value.touch or is_guarded(value))


def is_guarded(value: Value) -> bool:
    """Tell whether a value is looked at or hidden once it is read."""
    return bool(value.plausible or value.mask or value.needed)


def converted_cell(index: int, value: Value) -> Get:
    """Return the closure of a cell that is only read as a date, number or truth value: the most frequent of all."""
    slow = converted(lambda work: work.cells[index], value)
    known = _converter(value)

    def step(work: Work) -> str | None:
        text = work.cells[index]
        if text is None:
            return None
        return known(text) or slow(work)

    return step


def converted(get: Get, value: Value) -> Get:
    """Read the text as the kind wanted; raises Faulty where it is none."""

    if value.kind in ("text", value.given):
        return get
    code = {"date": "MAP-002", "dateTime": "MAP-002", "boolean": "MAP-013"}.get(value.kind, "MAP-003")
    wanted = " ".join(value.formats) if value.kind in ("date", "dateTime") else ""
    known = _converter(value)

    def step(work: Work) -> str | None:
        text = get(work)
        if text is None:
            return None
        outcome = known(text)
        if outcome is None:
            raise Faulty(finding(code, value.origin, text, value.where, wanted))
        return outcome

    return step


def _converter(value: Value) -> Convert:
    match value.kind:
        case "date" | "dateTime":
            return _dater(value.kind, value.given, value.formats, value.date_only_at)
        case "decimal":
            if value.written:
                return _written(value.scale, value.fraction_digits)
            return _decimal(value.thousands, value.scale, value.fraction_digits)
        case "boolean":
            return amounts.BOOLEANS.get
        case "integer" | "text":
            return amounts.integer


# Fields that read alike share one converter and its memory: the time of a stage stands in two or three of them.
@cache
def _dater(kind: str, given: str, patterns: tuple[str, ...], at: str | None) -> Convert:
    if given == "date":
        return lambda text: f"{text}T{at}+08:00"
    if given == "dateTime":
        return lambda text: text[:10]
    parse = formats.parser(patterns)

    @lru_cache(maxsize=REMEMBERED)
    def convert(text: str) -> str | None:
        moment = parse(text)
        if moment is None:
            return None
        if kind == "date":
            return moment.day
        time = moment.time or at
        return f"{moment.day}T{time}+08:00" if time else None

    return convert


@cache
def _decimal(thousands: str | None, scale: int, fraction_digits: int | None) -> Convert:
    @lru_cache(maxsize=REMEMBERED)
    def convert(text: str) -> str | None:
        plain = amounts.ungrouped(text, thousands) if thousands else text
        return None if plain is None else amounts.decimal(plain, scale, fraction_digits)

    return convert


@cache
def _written(scale: int, fraction_digits: int | None) -> Convert:
    @lru_cache(maxsize=REMEMBERED)
    def convert(text: str) -> str | None:
        return written_decimal(text, scale, fraction_digits)

    return convert


def only_when(get: Get, test: Test) -> Get:
    """Hide the value unless the condition holds."""
    return lambda work: get(work) if test(work) else None


def defaulted(get: Get, default: str) -> Get:
    """Put the default where there is nothing."""

    def step(work: Work) -> str | None:
        text = get(work)
        return default if text is None else text

    return step


def joined(parts: list[tuple[Get, bool]], separator: str) -> Get:
    """Join parts; literals alone are nothing."""

    def step(work: Work) -> str | None:
        found: list[str] = []
        facts = False
        for get, literal in parts:
            text = get(work)
            if text is not None:
                found.append(text)
                facts = facts or not literal
        return separator.join(found) if facts else None

    return step


def first(parts: list[Get]) -> Get:
    """Take the first part that has a value."""

    def step(work: Work) -> str | None:
        for get in parts:
            text = get(work)
            if text is not None:
                return text
        return None

    return step


def key_of(record: str) -> Get:
    """Take the key of an earlier record of the row."""

    def step(work: Work) -> str | None:
        made = work.made.get(record)
        if made is None:
            raise Faulty(finding("MAP-006", record, wanted=record))
        if not isinstance(made, Draft):
            raise RootCause(made.findings)
        work.named.append(made.key)
        return made.key

    return step
