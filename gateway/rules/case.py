# SPDX-License-Identifier: Apache-2.0
"""Case, catalogue and sender rules (standard.md §6): pure functions of a case's records and what surrounds them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.case_record import CaseRecord
from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import Pack
from gateway.rules.catalogue import Context
from gateway.rules.expression import Compiled, ExpressionCompiler
from gateway.rules.facts import FactScope, FactTable
from gateway.rules.forms import ALWAYS, CaseRow, Hit
from gateway.rules.limit_form import FORMS
from gateway.rules.records import CaseView
from gateway.rules.rows import shown, types_of
from gateway.rules.sets import expression_compiler
from gateway.rules.texts import Rule, Scope, read_rules

_COMMON = frozenset(
    {"form", "a", "b", "path", "path_a", "when", "must", "given", "amount", "unless", "extra", "fills", "day"}
)  # fmt: skip

_ALONE = frozenset({"alone", "item", "sender", "body", "numbering", "due"})
"""Forms that look at one record and the catalogue."""

Findings = Mapping[tuple[str, int], tuple[Finding, ...]]
"""Findings by key and version of the record they belong to; clean records are not in it."""


class CaseRules:
    """The rules of a pack that see more than one record."""

    def __init__(self, pack: Pack, table: FactTable | None = None) -> None:
        """Compile; raises ConfigurationError where a row names what the pack lacks."""
        self._pack = pack
        self.table = table or FactTable(pack)
        self.rules = {
            code: rule
            for code, rule in read_rules(pack).items()
            if rule.scope in (Scope.CASE, Scope.CATALOGUE, Scope.SENDER)
        }
        self._rows = lru_cache(maxsize=4096)(self._choose)
        self._breakable = lru_cache(maxsize=4096)(self._choose_breakable)
        self._wants = lru_cache(maxsize=4096)(self._history_wanted)
        compiler = expression_compiler(pack)
        self._by_type: dict[str, list[tuple[Rule, CaseRow]]] = {}
        self._withdrawals: list[tuple[Rule, Mapping[str, Any]]] = []
        for rule in self.rules.values():
            for number, entry in enumerate(rule.rows, 1):
                if entry.get("form") == "withdrawal":
                    self._withdrawals.append((rule, entry))
                elif "form" in entry:
                    row = _RowMaker(pack, self.table, compiler, rule, f"{rule.code} row {number}").make(entry)
                    for code in row.a | row.b | frozenset(row.parts.get("by", ()) if row.form == "lines" else ()):
                        self._by_type.setdefault(code, []).append((rule, row))

    def check(self, history: Sequence[CaseRecord], new: Sequence[CaseRecord], context: Context) -> Findings:
        """Return what is wrong with ``new`` records, given those that stand already in their cases.

        ``history`` holds the newest version of every key of the cases concerned (withdrawn ones too, or they count as
        never sent). The answer does not depend on the order of either sequence. Nothing is read or kept.
        """
        cases: dict[str | None, list[tuple[CaseRecord, bool]]] = {}
        for record, is_new in [*((each, False) for each in history), *((each, True) for each in new)]:
            cases.setdefault(record.case, []).append((record, is_new))
        found: dict[tuple[str, int], list[Finding]] = {}
        lacks = context.lacks()
        calendar = None if context.clock is None else context.clock.calendar()
        alike: dict[tuple[frozenset[str], frozenset[str]], list[CaseView]] = {}
        for name, records in cases.items():
            view = CaseView(name, records, self._pack.types, self.table)
            alike.setdefault((view.new, view.present), []).append(view)
            for rule, entry in self._withdrawals if view.withdrawals else ():
                if _applies(rule, context.level, lacks):
                    for record, finding in self._withdrawn(rule, entry, view):
                        found.setdefault((record.key, record.version), []).append(finding)
        for (new_types, present), views in alike.items():  # rule by rule, as Rules.examine and for the same reason
            for rule, row in self._breakable(new_types, present, context.level, lacks):
                form = FORMS[row.form]
                for view in views:
                    for hit in form(row, view, context, calendar):
                        record = hit.record.record
                        found.setdefault((record.key, record.version), []).append(self._finding(rule, row, hit))
        return {key: tuple(sorted(each, key=_by_place)) for key, each in found.items()}

    def rows_of(self, form: str) -> tuple[CaseRow, ...]:
        """Return the rows of one form, each once, in the order of the pack."""
        rows = {id(row): row for entries in self._by_type.values() for _rule, row in entries if row.form == form}
        return tuple(rows.values())

    def rank(self, code: str) -> int:
        """Return the place of a record type in the order of a case."""
        return self._pack.types[code].rank

    def view(self, name: str | None, records: Iterable[CaseRecord]) -> CaseView:
        """Return the standing records of one case as the rules see them."""
        return CaseView(name, [(record, True) for record in records], self._pack.types, self.table)

    def wants_history(self, types: frozenset[str], level: str) -> bool:
        """Tell whether some rule that holds at a level needs the history of the cases of these types."""
        return self._wants(types, level)

    def _history_wanted(self, types: frozenset[str], level: str) -> bool:
        lacks = frozenset({"history"}) if level == "L1" else frozenset()  # results come without their stages
        withdraws = any(self._pack.types[code].withdraws for code in types if code in self._pack.types)
        if withdraws and any(_applies(rule, level, lacks) for rule, _entry in self._withdrawals):
            return True
        rows = self._rows(types, level, lacks)
        return any("history" in rule.needs or row.form not in _ALONE for rule, row in rows)

    def not_evaluated(self, context: Context, types: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return the codes of rules that can't be judged for lack of context: all, or those about these types."""
        lacks = context.lacks()
        about = self._by_type if types is None else types
        concerned = {id(rule) for code in about for rule, _row in self._by_type.get(code, ())}
        return tuple(
            code
            for code, rule in self.rules.items()
            if id(rule) in concerned and (not lacks.isdisjoint(rule.needs) or (rule.levels and context.level is None))
        )

    def _choose(
        self, codes: frozenset[str], level: str | None, lacks: frozenset[str]
    ) -> tuple[tuple[Rule, CaseRow], ...]:
        """Return the rows that new records of these types touch and for which there is the context."""
        rows: dict[int, tuple[Rule, CaseRow]] = {}
        for code in sorted(codes):
            for rule, row in self._by_type.get(code, ()):
                if _applies(rule, level, lacks):
                    rows.setdefault(id(row), (rule, row))
        return tuple(rows.values())

    def _choose_breakable(
        self, new: frozenset[str], present: frozenset[str], level: str | None, lacks: frozenset[str]
    ) -> tuple[tuple[Rule, CaseRow], ...]:
        """Return the rows that new records can break beside what stands in their case: a few of a hundred."""
        return tuple((rule, row) for rule, row in self._rows(new, level, lacks) if row.may_break(new, present))

    def _finding(self, rule: Rule, row: CaseRow, hit: Hit) -> Finding:
        record = hit.record.record
        kind = self._pack.types[record.type]
        fact = self.table.of[record.type].get(hit.fact)
        path = kind.element if fact is None else f"{kind.element}/{fact.path}"
        element = None if fact is None else self._pack.shape(record.type).find(fact.path)
        value = None if fact is not None and fact.is_digest else hit.record.values.get(hit.fact)
        fills: dict[str, Words] = {
            name: Words(text, text) for name, text in ((name, shown(each)) for name, each in hit.fills.items())
        }
        if "because" in row.parts:
            fills["because"] = Words(*row.parts["because"])
        fills.setdefault("value", Words(shown(value), shown(value)))
        fills.setdefault("field", element.label if element is not None else kind.label)
        fills.setdefault("type", kind.label)
        return rule.finding(path, None if isinstance(value, list) else shown(value), None, fills)

    def _withdrawn(self, rule: Rule, entry: Mapping[str, Any], view: CaseView) -> Iterable[tuple[CaseRecord, Finding]]:
        """Yield withdrawals that name no standing version (``ask`` target), or do not take the next one (version)."""
        for record, target in view.withdrawals:
            values = self.table.told(record)
            told = values.get(entry["version"])
            if entry["ask"] == "version":
                fits = told is None or record.version == told + 1
            else:
                fits = target is not None and not target.withdrawn and told in (None, target.version)
            if not fits:
                element = self._pack.types[record.type].element
                fact = self.table.of[record.type][entry["path"]]
                said = {"value": record.key, "version": str(told), "target": str(told), "taken": str(record.version)}
                fills = {name: Words(text, text) for name, text in said.items()}
                yield (
                    record,
                    rule.finding(f"{element}/{fact.path}", str(values.get(entry["path"], record.key)), None, fills),
                )


def _by_place(finding: Finding) -> tuple[str, str]:
    return finding.code, finding.path


def _applies(rule: Rule, level: str | None, lacks: frozenset[str]) -> bool:
    return (not rule.levels or level in rule.levels) and lacks.isdisjoint(rule.needs)


class _RowMaker:
    """Compiles one row of a case rule."""

    def __init__(self, pack: Pack, table: FactTable, compiler: ExpressionCompiler, rule: Rule, where: str) -> None:
        self._pack, self._table, self._compiler, self._rule, self._where = pack, table, compiler, rule, where

    def make(self, entry: Mapping[str, Any]) -> CaseRow:
        """Return the compiled row."""
        a, b = self._types(entry["a"]), self._types(entry.get("b", ()))
        both = FactScope(self._table, tuple(sorted(a)), tuple(sorted(b)))
        first, second = FactScope(self._table, tuple(sorted(a))), FactScope(self._table, tuple(sorted(b or a)))
        form = entry["form"]
        if form not in FORMS:
            raise ConfigurationError(f"{self._where}: no form {form}")
        row = CaseRow(form, a, b, path=entry.get("path", "occurred"), path_a=entry.get("path_a", "occurred"))
        when = " and ".join(part for part in (self._in_force(entry), entry.get("when", "")) if part)
        if form in ("pair", "some", "item"):
            row.test = self._violation(when, entry.get("must", ""), both)
        else:
            row.given = self._violation(when, "", second if form == "total" else first)
            row.test = self._violation(entry.get("given", ""), "", second)
        if form == "total":
            row.amount = self._compiler.value(entry["amount"], first, self._where)
            row.limit = self._compiler.value(entry["limit"], second, self._where)
        row.unless = self._aside(entry, "unless", "when")
        row.extra = self._aside(entry, "extra", "value")
        fills = entry.get("fills", {})
        row.fills = {name: self._compiler.value(text, both, self._where) for name, text in fills.items()}
        row.uses_item = any("item." in text for text in (when, entry.get("must", ""), *fills.values()))
        row.parts = self._parts(entry, row)
        self._check_paths(row)
        return row

    def _parts(self, entry: Mapping[str, Any], row: CaseRow) -> dict[str, Any]:
        """Return what only the row's own form understands."""
        parts = {name: value for name, value in entry.items() if name not in _COMMON}
        if row.form == "first":
            parts["opens_when"] = {
                code: self._violation(text, "", FactScope(self._table, (code,)))
                for code, text in entry.get("opens_when", {}).items()
            }
            parts["opens"] = row.b | parts["opens_when"].keys()
        return parts

    def _aside(self, entry: Mapping[str, Any], name: str, part: str) -> "tuple[frozenset[str], Compiled] | None":
        if name not in entry:
            return None
        codes = self._types(entry[name]["of"])
        scope = FactScope(self._table, tuple(sorted(codes)))
        text = entry[name].get(part, "")
        if part == "when":
            return codes, self._violation(text, "", scope)
        return codes, self._compiler.value(text, scope, self._where)

    def _violation(self, when: str, must: str, scope: FactScope) -> Compiled:
        if not when and not must:
            return ALWAYS
        return self._compiler.violation(when, must, scope, self._where)

    def _in_force(self, entry: Mapping[str, Any]) -> str:
        rule = self._rule
        if rule.valid_from is None and rule.valid_to is None:
            return ""
        if "day" not in entry:
            raise ConfigurationError(f"{self._where}: a rule with dates must say by which day")
        parts = [f"{entry['day']} >= '{rule.valid_from}'"] if rule.valid_from else []
        parts += [f"{entry['day']} <= '{rule.valid_to}'"] if rule.valid_to else []
        return " and ".join(parts)

    def _types(self, patterns: Sequence[str]) -> frozenset[str]:
        return frozenset(types_of(self._pack, patterns, self._where))

    def _check_paths(self, row: CaseRow) -> None:
        for name in (row.path, row.path_a):
            if not any(name in self._table.of[code] for code in row.a | row.b):
                raise ConfigurationError(f"{self._where}: no fact {name}")
