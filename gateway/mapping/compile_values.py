# SPDX-License-Identifier: Apache-2.0
"""Values as closures: only the steps that a value has cost anything."""

from collections.abc import Callable
from typing import TypeAlias

from gateway.mapping import amounts
from gateway.mapping.compile_steps import (
    REMEMBERED,
    Test,
    converted,
    converted_cell,
    defaulted,
    extracted,
    first,
    is_guarded,
    joined,
    key_of,
    masked,
    only_converts,
    only_when,
    plausible,
    remembered,
    required,
    touched,
    without,
)
from gateway.mapping.conditions import decide, program_of
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import (
    Concat,
    Condition,
    Constant,
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
from gateway.mapping.work import Get, Work

NumberGet: TypeAlias = Callable[[str], Get]


class ValueCompiler:
    """Compiles values of one mapping; ``numbers`` gives the closure of an allocated number, by its name."""

    def __init__(self, mapping: MappingModel) -> None:
        self._cells = {name: index for index, name in enumerate(mapping.used)}
        self._columns = mapping.columns
        self._kinds = {name: value.kind for name, value in mapping.values.items()}
        self._named: dict[str, Get] = {}
        for index, (name, value) in enumerate(mapping.values.items()):
            self._named[name] = remembered(self.value(value), index)

    def value(self, value: Value, number: NumberGet | None = None) -> Get:
        """Return the closure of ``value``."""
        get = self._source(value.source, number)
        if isinstance(value.source, FromColumn) and value.source.name in self._cells and only_converts(value):
            return converted_cell(self._cells[value.source.name], value)
        if value.nulls:
            get = without(get, value.nulls)
        if value.touch:
            get = touched(get, value.touch)
        if value.extract:
            get = extracted(get, value.extract, value)
        if value.lookup:
            get = self._looked_up(get, value.lookup, value)
        get = self._guarded(converted(get, value), value)
        if value.when:
            get = only_when(get, self.condition(value.when))
        if value.default is not None:
            get = defaulted(get, amounts.BOOLEANS[value.default] if value.kind == "boolean" else value.default)
        return get

    def _guarded(self, get: Get, value: Value) -> Get:
        if value.plausible:
            get = plausible(get, value, self._bound(value.plausible.low), self._bound(value.plausible.high))
        if value.mask:
            get = masked(get, value.mask)
        return required(get, value) if value.needed else get

    def named(self, name: str) -> Get:
        """Return the closure of a value declared under ``values``."""
        return self._named[name]

    def cell(self, value: Value) -> int | None:
        """Return the index of the cell that ``value`` is a bare copy of, or None when it does more."""
        bare = value.kind == "text" and not (
            value.nulls
            or value.touch
            or value.extract
            or value.lookup
            or value.when
            or value.default
            or is_guarded(value)
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
        items = condition.items
        gets = [read[2] for read in reads] + [_item(name) for name in items]
        known: dict[object, bool] = {}

        def decided(work: Work, key: object) -> bool:
            rec: dict[str, str | int | None] = {}
            val: dict[str, str | int | None] = {}
            for is_column, name, get, kind in reads:
                (rec if is_column else val)[name] = typed(get(work), kind, name, condition.text)
            item: dict[str, str | int | None] = {name: work.item.get(name) for name in items}
            outcome = decide(program_of(condition.text), condition, {"rec": rec, "val": val, "item": item})
            if len(known) >= REMEMBERED:
                known.clear()
            known[key] = outcome
            return outcome

        def test(work: Work) -> bool:
            key = tuple([get(work) for get in gets])
            outcome = known.get(key)
            return decided(work, key) if outcome is None else outcome

        if len(reads) != 1 or condition.values or items:
            return test
        cell = self._cells[condition.columns[0]]

        def test_one(work: Work) -> bool:
            key = work.cells[cell]
            outcome = known.get(key)
            return decided(work, key) if outcome is None else outcome

        return test_one

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
                return joined(list(zip(self._parts(parts, number), literal, strict=True)), separator)
            case First(parts):
                return first(self._parts(parts, number))
            case FromNumber(name):
                return (number or _no_number)(name)
            case KeyOf(record):
                return key_of(record)
            case RowId():
                return lambda work: work.row.row_id
            case FromItem(name):
                return lambda work: work.item.get(name)

    def _bound(self, bound: str | FromNamed | None) -> Get:
        return self._named[bound.name] if isinstance(bound, FromNamed) else lambda _work: bound

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


def _item(name: str) -> Get:
    return lambda work: work.item.get(name)


def _no_number(name: str) -> Get:
    raise AssertionError(name)  # the loader allows numbers under records only


def _column_kind(integer: bool) -> Kind:
    return "integer" if integer else "text"
