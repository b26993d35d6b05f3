# SPDX-License-Identifier: Apache-2.0
"""Values as closures: only the steps that a value has cost anything."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from gateway.mapping import amounts, formats
from gateway.mapping.conditions import decide, program_of
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import (
    Concat,
    Condition,
    Constant,
    Extract,
    First,
    FromColumn,
    FromItem,
    FromNamed,
    FromNumber,
    KeyOf,
    Kind,
    Lookup,
    RowId,
    Source,
    Value,
)
from gateway.mapping.model import Mapping as MappingModel
from gateway.mapping.work import UNSET, Get, RootCause, Unset, Work
from gateway.model.record import Draft

Test: TypeAlias = Callable[[Work], bool]
NumberGet: TypeAlias = Callable[[str], Get]
_REMEMBERED: Final = 4096


class ValueCompiler:
    """Compiles values of one mapping; ``numbers`` gives the closure of an allocated number, by its name."""

    def __init__(self, mapping: MappingModel) -> None:
        self._cells = {name: index for index, name in enumerate(mapping.used)}
        self._columns = mapping.columns
        self._kinds = {name: value.kind for name, value in mapping.values.items()}
        self._named: dict[str, Get] = {}
        for index, (name, value) in enumerate(mapping.values.items()):
            self._named[name] = _remembered(self.value(value), index)

    def value(self, value: Value, number: NumberGet | None = None) -> Get:
        """Return the closure of ``value``."""
        get = self._source(value.source, number)
        if isinstance(value.source, FromColumn) and value.source.name in self._cells and _only_converts(value):
            return _converted_cell(self._cells[value.source.name], value)
        if value.nulls:
            get = _without(get, value.nulls)
        if value.extract:
            get = _extracted(get, value.extract, value)
        if value.lookup:
            get = self._looked_up(get, value.lookup, value)
        get = _converted(get, value)
        if value.when:
            get = _only_when(get, self.condition(value.when))
        if value.default is not None:
            get = _defaulted(get, amounts.BOOLEANS[value.default] if value.kind == "boolean" else value.default)
        return get

    def named(self, name: str) -> Get:
        """Return the closure of a value declared under ``values``."""
        return self._named[name]

    def cell(self, value: Value) -> int | None:
        """Return the index of the cell that ``value`` is a bare copy of, or None when it does more."""
        bare = value.kind == "text" and not (
            value.nulls or value.extract or value.lookup or value.when or value.default
        )
        return self._cells[value.source.name] if bare and isinstance(value.source, FromColumn) else None

    def column(self, name: str) -> Get:
        """Return the closure of a column's clean text."""
        index = self._cells[name]
        return lambda work: work.cells[index]

    def condition(self, condition: Condition) -> Test:
        """Return the closure of a condition; its outcome is remembered by the texts that it reads."""
        reads = [
            (True, name, self.column(name), _column_kind(self._columns[name].integer)) for name in condition.columns
        ]
        reads += [(False, name, self.named(name), self._kinds[name]) for name in condition.values]
        gets = [read[2] for read in reads]
        known: dict[tuple[str | None, ...], bool] = {}

        def test(work: Work) -> bool:
            texts = tuple([get(work) for get in gets])
            outcome = known.get(texts)
            if outcome is None:
                rec: dict[str, str | int | None] = {}
                val: dict[str, str | int | None] = {}
                for (is_column, name, _, kind), text in zip(reads, texts, strict=True):
                    (rec if is_column else val)[name] = typed(text, kind, name, condition.text)
                outcome = decide(program_of(condition.text), condition, {"rec": rec, "val": val})
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[texts] = outcome
            return outcome

        return test

    def _source(self, source: Source, number: NumberGet | None) -> Get:
        match source:
            case FromColumn(name):
                return self.column(name)
            case FromNamed(name):
                return self._named[name]
            case Constant(text):
                return lambda _work: text
            case Concat(parts, separator):
                literal = [isinstance(part.source, Constant) for part in parts]
                return _joined(list(zip(self._parts(parts, number), literal, strict=True)), separator)
            case First(parts):
                return _first(self._parts(parts, number))
            case FromNumber(name):
                return (number or _no_number)(name)
            case KeyOf(record):
                return _key_of(record)
            case RowId():
                return lambda work: work.row.row_id
            case FromItem(name):
                return lambda work: work.item.get(name)

    def _parts(self, parts: tuple[Value, ...], number: NumberGet | None) -> list[Get]:
        return [self.value(part, number) for part in parts]

    def _looked_up(self, get: Get, lookup: Lookup, value: Value) -> Get:
        table, on = lookup.table, self._named[lookup.on] if lookup.on else None
        flat = {source: rows[0].code for source, rows in table.rows.items()}
        unknown = object()

        def fallback(text: str) -> str | None:
            if lookup.otherwise == "refuse":
                raise Faulty(finding("MAP-004", value.origin, text, value.where, table.name))
            return lookup.fallback if lookup.otherwise == "code" else None

        def plain(work: Work) -> str | None:
            text = get(work)
            if text is None:
                return None
            code = flat.get(text, unknown)
            return fallback(text) if code is unknown else code  # type: ignore[return-value]  # a code once it is known

        def dated(work: Work) -> str | None:
            text = get(work)
            if text is None:
                return None
            day = on(work) if on else None
            for row in table.rows.get(text, ()) if day else ():
                if row.valid_from <= day[:10] <= row.valid_to:  # type: ignore[index]  # the loop runs only with a day
                    return row.code
            return fallback(text)

        return dated if table.dated else plain


def typed(text: str | None, kind: Kind, name: str, where: str) -> str | int | None:
    """Return ``text`` as conditions see it: whole numbers and truth values are such."""
    if text is None or kind not in ("integer", "boolean"):
        return text
    if kind == "boolean":
        return text == "true"
    number = amounts.integer(text)
    if number is None:
        raise Faulty(finding("MAP-003", name, text, where))
    return int(number)


def _no_number(name: str) -> Get:
    raise AssertionError(name)  # the loader allows numbers under records only


def _column_kind(integer: bool) -> Kind:
    return "integer" if integer else "text"


def _remembered(get: Get, index: int) -> Get:
    def remembered(work: Work) -> str | None:
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

    return remembered


def _without(get: Get, nulls: frozenset[str]) -> Get:
    def without(work: Work) -> str | None:
        text = get(work)
        return None if text in nulls else text

    return without


def _extracted(get: Get, extract: Extract, value: Value) -> Get:
    search = re.compile(extract.pattern).search
    group = 1 if re.compile(extract.pattern).groups else 0

    def extracted(work: Work) -> str | None:
        text = get(work)
        if text is None:
            return None
        match = search(text)
        if match is not None:
            return (match[group] or "").strip() or None
        if extract.no_match == "refuse":
            raise Faulty(finding("MAP-007", value.origin, text, value.where))
        return text if extract.no_match == "keep" else None

    return extracted


def _only_converts(value: Value) -> bool:
    if value.kind in ("text", value.given) or value.default is not None:
        return False
    return not (value.nulls or value.extract or value.lookup or value.when)


def _converted_cell(index: int, value: Value) -> Get:
    """Return the closure of a cell that is only read as a date, number or truth value: the most frequent of all."""
    slow = _converted(lambda work: work.cells[index], value)
    known = lru_cache(maxsize=_REMEMBERED)(_converter(value))

    def converted(work: Work) -> str | None:
        text = work.cells[index]
        if text is None:
            return None
        return known(text) or slow(work)

    return converted


def _converted(get: Get, value: Value) -> Get:
    if value.kind in ("text", value.given):
        return get
    convert = _converter(value)
    code = {"date": "MAP-002", "dateTime": "MAP-002", "boolean": "MAP-013"}.get(value.kind, "MAP-003")
    wanted = " ".join(value.formats) if value.kind in ("date", "dateTime") else ""
    known = lru_cache(maxsize=_REMEMBERED)(convert)

    def converted(work: Work) -> str | None:
        text = get(work)
        if text is None:
            return None
        outcome = known(text)
        if outcome is None:
            raise Faulty(finding(code, value.origin, text, value.where, wanted))
        return outcome

    return converted


def _converter(value: Value) -> Callable[[str], str | None]:
    match value.kind:
        case "date" | "dateTime":
            return _dater(value)
        case "decimal":
            return _decimal(value)
        case "boolean":
            return amounts.BOOLEANS.get
        case "integer" | "text":
            return amounts.integer


def _dater(value: Value) -> Callable[[str], str | None]:
    at = value.date_only_at
    if value.given == "date":
        return lambda text: f"{text}T{at}+08:00"
    if value.given == "dateTime":
        return lambda text: text[:10]
    parse = formats.parser(value.formats)

    def convert(text: str) -> str | None:
        moment = parse(text)
        if moment is None:
            return None
        if value.kind == "date":
            return moment.day
        time = moment.time or at
        return f"{moment.day}T{time}+08:00" if time else None

    return convert


def _decimal(value: Value) -> Callable[[str], str | None]:
    def convert(text: str) -> str | None:
        plain = amounts.ungrouped(text, value.thousands) if value.thousands else text
        return None if plain is None else amounts.decimal(plain, value.scale, value.fraction_digits)

    return convert


def _only_when(get: Get, test: Test) -> Get:
    return lambda work: get(work) if test(work) else None


def _defaulted(get: Get, default: str) -> Get:
    def defaulted(work: Work) -> str | None:
        text = get(work)
        return default if text is None else text

    return defaulted


def _joined(parts: list[tuple[Get, bool]], separator: str) -> Get:
    def joined(work: Work) -> str | None:
        found: list[str] = []
        facts = False
        for get, literal in parts:
            text = get(work)
            if text is not None:
                found.append(text)
                facts = facts or not literal
        return separator.join(found) if facts else None

    return joined


def _first(parts: list[Get]) -> Get:
    def first(work: Work) -> str | None:
        for get in parts:
            text = get(work)
            if text is not None:
                return text
        return None

    return first


def _key_of(record: str) -> Get:
    def key_of(work: Work) -> str | None:
        made = work.made.get(record)
        if made is None:
            raise Faulty(finding("MAP-006", record, wanted=record))
        if not isinstance(made, Draft):
            raise RootCause(made.findings)
        work.named.append(made.key)
        return made.key

    return key_of


def uses_numbers(value: Value) -> list[str]:
    """Return the names of the numbers that ``value`` is made of."""
    match value.source:
        case FromNumber(name):
            return [name]
        case Concat(parts) | First(parts):
            return [name for part in parts for name in uses_numbers(part)]
        case _:
            return []
