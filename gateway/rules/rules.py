# SPDX-License-Identifier: Apache-2.0
"""The rules of a pack, bound to record types and ready to run on parsed records."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.pack import CodeList, Pack
from gateway.rules.codes import code_check, region_check
from gateway.rules.identity import NumberRules, identity_check, organisation_check
from gateway.rules.plan import Days, Field, Node, Planner, Run, Step
from gateway.rules.texts import Rule, read_rules


class Rules:
    """Field rules of one pack: code lists by date, identifiers, filler dates, secrecy (standard.md §1, §2, §6).

    A record is expected to be valid against the XSD; what the schema already says is not said again.
    """

    def __init__(self, pack: Pack) -> None:
        """Compile; raises ConfigurationError where the pack's tables name what it lacks."""
        self.catalogue: dict[str, Rule] = read_rules(pack)
        checks = pack.toml("checks.toml")
        planner = Planner(pack)
        self._fillers = tuple(checks["dates"]["fillers"])
        self._filler = self.catalogue["DAT-001"]
        self._bind(planner, pack, checks)
        self._pack = pack
        self._plans = planner.plans

    def check(self, type_code: str, element: Node, *, with_lines: bool = True) -> tuple[Finding, ...]:
        """Return what the rules find in a payload element of ``type_code``; empty when it is clean.

        ``with_lines`` is for elements of a file that someone has before them; elsewhere lines say nothing.
        A finding whose rule ``discards`` means that the payload must not be stored: ask :meth:`discards`.
        """
        days: Days = {}
        due: list[tuple[Run, Any]] = []
        found: list[Finding] = []
        self._look(type_code, element, self._plans[type_code], days, due, found)
        for run, node in due:
            run(node, days, found)
        return tuple(found if with_lines else [replace(finding, line=None) for finding in found])

    def discards(self, findings: Iterable[Finding]) -> bool:
        """Tell whether a finding forbids that the payload be stored (state secrets)."""
        return any(rule.discards for finding in findings if (rule := self.catalogue.get(finding.code)) is not None)

    def _look(
        self, code: str, element: Node, steps: dict[str, Step], days: Days,
        due: list[tuple[Run, Any]], found: list[Finding],
    ) -> None:  # fmt: skip
        """Note days and gather the checks that are due below ``element``: each child is looked at once."""
        get = steps.get
        fillers = self._fillers
        for child in element:
            step = get(child.tag)
            if step is None:
                continue
            if step.is_day:
                text = child.text
                if text is not None:
                    days[step.path] = text[:10]
                    if text.startswith(fillers):
                        found.append(self._field(code, step.path).report(self._filler, child))
            for run in step.runs:
                due.append((run, child))
            if step.below:
                self._look(code, child, step.below, days, due, found)

    def _field(self, code: str, path: str) -> Field:
        shape = self._pack.shape(code)
        return Field(shape, shape.by_path[path])

    def _bind(self, planner: Planner, pack: Pack, checks: dict[str, Any]) -> None:
        rules = self.catalogue
        for code, field in planner.fields(checks["secrecy"]["at"]):
            planner.add(code, field.element, _secrecy_check(field, checks["secrecy"]["refused"], rules["SEC-001"]))
        for code, field in planner.fields(checks["organisation"]["at"]):
            planner.add(code, field.element, organisation_check(field, rules))
        for code, field in planner.fields(checks["region"]["at"]):
            regions = _list(pack, checks["region"]["list"])
            planner.add(code, field.element, region_check(field, regions, planner.day(code), rules))
        for entry in checks["codes"]:
            for code, field in planner.fields(entry["at"]):
                day = planner.day(code, entry.get("date"))
                planner.add(code, field.element, code_check(field, _list(pack, entry["list"]), day, rules))
        self._bind_identity(planner, pack, checks["identity"])

    def _bind_identity(self, planner: Planner, pack: Pack, table: dict[str, Any]) -> None:
        numbers = NumberRules(table, _list(pack, table["places"]))
        kind, name = (f"{{{pack.namespace}}}{table[part]}" for part in ("kind", "number"))
        for group in table["at"]:
            for code, number in planner.fields(f"{group}/{table['number']}"):
                holder = number.shape.by_path[number.element.path.rpartition("/")[0]]
                day = planner.day(code)
                planner.add(code, holder, identity_check(number, kind, name, day, numbers, self.catalogue))


def _list(pack: Pack, name: str) -> CodeList:
    if name not in pack.code_lists:
        raise ConfigurationError(f"checks.toml: no code list {name}")
    return pack.code_lists[name]


def _secrecy_check(field: Field, refused: str, rule: Rule) -> Run:
    def check(node: Node, days: Days, found: list[Finding]) -> None:
        if node.text == refused:
            found.append(field.report(rule, node))

    return check
