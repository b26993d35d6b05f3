# SPDX-License-Identifier: Apache-2.0
"""Rows of the rule pack that judge one record by itself, compiled for one record type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.pack import Element, Pack
from gateway.rules.expression import Compiled, ExpressionCompiler, Symbol
from gateway.rules.functions import WorkingDays
from gateway.rules.plan import NOW, Field, Planner, Values, group_of
from gateway.rules.texts import Rule

_ROW_PARTS = frozenset({"on", "path", "each", "when", "must", "fills", "because"})


class RecordScope:
    """What names mean in a row about one record type: its elements, and those of the line looked at before them."""

    def __init__(self, planner: Planner, code: str, each: str | None) -> None:
        self._planner, self._code, self._each = planner, code, each
        self._shape = planner.pack.shape(code)

    def find(self, name: str, /) -> Symbol | None:
        """Return the meaning of a dotted name and see to it that its value is read."""
        path = name.replace(".", "/")
        if name == "now":
            return Symbol(NOW, "dateTime")
        if self._each is not None:
            inner = self._shape.find(f"{self._each}/{path}")
            if inner is not None:
                self._planner.read(self._code, inner)
                return Symbol(path, inner.kind, of_line=True, many=inner.max != 1)
        element = self._shape.find(path)
        return None if element is None else self._symbol(element)

    def _symbol(self, element: Element) -> Symbol:
        for each in (element, *element.children):  # a group as a whole is all that is in it
            self._planner.read(self._code, each)
        group = group_of(self._shape, element.path)
        if group:
            return Symbol(element.path[len(group) + 1 :], element.kind, group=group)
        return Symbol(element.path, element.kind, many=element.max != 1)


@dataclass(frozen=True, slots=True)
class Row:
    """One compiled condition: true when the record breaks it."""

    rule: Rule
    field: Field
    test: Compiled
    fills: Mapping[str, Compiled | Words]
    each: str | None

    def judge(self, values: Values, calendar: WorkingDays | None) -> Iterator[Finding]:
        """Yield a finding for the record, or for every line of it, that breaks the row."""
        if self.each is None:
            if self.test.test(values, values, calendar):
                yield self._finding(values, values, 0, calendar)
            return
        for number, line in enumerate(values.get(self.each, ())):
            if self.test.test(values, line, calendar):
                yield self._finding(values, line, number, calendar)

    def _finding(self, values: Values, line: Values, number: int, calendar: WorkingDays | None) -> Finding:
        fills: dict[str, Words | str] = {}
        for name, fill in self.fills.items():
            fills[name] = fill if isinstance(fill, Words) else shown(fill.test(values, line, calendar))
        return self.field.report(self.rule, values, number, fills)


class RowCompiler:
    """Compiles the rows of all rules that have no ``form``: those that see one record."""

    def __init__(
        self, pack: Pack, planner: Planner, compiler: ExpressionCompiler, dates: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._pack, self._planner, self._compiler, self._dates = pack, planner, compiler, dates

    def rows(self, rule: Rule) -> Iterator[tuple[str, Row]]:
        """Yield record type and compiled row for every row of a rule; raises ConfigurationError for a bad one."""
        for number, entry in enumerate(rule.rows, 1):
            if "form" in entry:
                continue
            where = f"{rule.code} row {number}"
            strange = entry.keys() - _ROW_PARTS
            if strange or "on" not in entry or "path" not in entry:
                raise ConfigurationError(f"{where}: needs on and path; knows not {', '.join(sorted(strange))}")
            for code in types_of(self._pack, entry["on"], where):
                yield code, self._row(rule, code, entry, f"{where} ({code})")

    def _row(self, rule: Rule, code: str, entry: Mapping[str, Any], where: str) -> Row:
        each = entry.get("each")
        shape = self._pack.shape(code)
        path = f"{each}/{entry['path']}" if each else entry["path"]
        if shape.find(path) is None:
            raise ConfigurationError(f"{where}: no element {path}")
        scope = RecordScope(self._planner, code, each)
        when = " and ".join(part for part in (self._in_force(rule, code, where), entry.get("when", "")) if part)
        fills: dict[str, Compiled | Words] = {
            name: self._compiler.value(text, scope, where) for name, text in entry.get("fills", {}).items()
        }
        if "because" in entry:
            fills["because"] = Words(*entry["because"])
        if rule.decides is not None:
            fills.setdefault("date", self._compiler.value(f"day({self.day(rule, code, where)})", scope, where))
        test = self._compiler.violation(when, entry.get("must", ""), scope, where)
        return Row(rule, self._planner.field(code, path), test, fills, each)

    def _in_force(self, rule: Rule, code: str, where: str) -> str:
        if rule.valid_from is None and rule.valid_to is None:
            return ""
        day = self.day(rule, code, where)
        parts = [f"{day} >= '{rule.valid_from}'"] if rule.valid_from else []
        parts += [f"{day} <= '{rule.valid_to}'"] if rule.valid_to else []
        return " and ".join(parts)

    def day(self, rule: Rule, code: str, where: str) -> str:
        """Return the name of the date that decides for a record type."""
        if rule.decides is None:
            raise ConfigurationError(f"{where}: a rule with dates must say which date decides")
        if rule.decides == "event":
            return self._pack.types[code].roles[Role.OCCURRED_AT].replace("/", ".")
        try:
            return self._dates[rule.decides][code]
        except KeyError:
            raise ConfigurationError(f"{where}: rules/dates.toml: no {rule.decides} date of {code}") from None


def types_of(pack: Pack, on: Sequence[str], where: str) -> Iterator[str]:
    """Yield the record types that patterns (``CF_*``) stand for; raises ConfigurationError for a pattern of none."""
    for pattern in on:
        found = [code for code in pack.types if fnmatchcase(code, pattern)]
        if not found:
            raise ConfigurationError(f"{where}: no record type {pattern}")
        yield from found


def shown(value: Any) -> str:
    """Return a value as a sentence shows it: amounts without trailing zeros, lists with 、."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return "、".join(map(str, value))
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "", 1).isdigit() else text
