# SPDX-License-Identifier: Apache-2.0
"""Obligations (必填约束): what the dictionary makes mandatory at L2 and L3 and the XSD leaves open for L1."""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.model.finding import Finding
from gateway.pack import Element
from gateway.rules.plan import Field, Planner, Run, Values
from gateway.rules.texts import Rule


def obligation_check(planner: Planner, code: str, rule: Rule) -> Run | None:
    """Return the check that mandatory elements of a record type are there, or None where the XSD asks for all."""
    owed = [_owed(planner, code, element) for element in _wanted(planner.pack.shape(code).children)]
    if not owed:
        return None
    alone = tuple(each for each in owed if not each.field.group)
    in_lines = tuple(each for each in owed if each.field.group)

    def check(values: Values, found: list[Finding]) -> None:
        for each in alone:
            if each.missing(values):
                found.append(each.field.report(rule, values, 0, {"value": ""}))
        for each in in_lines:
            for number, line in enumerate(values.get(each.field.group, ())):
                if each.missing(line):
                    found.append(each.field.report(rule, values, number, {"value": ""}))

    return check


class _Owed(NamedTuple):
    """A mandatory element: its key, and the key of the optional group that must be there to ask for it."""

    key: str
    holder: str
    field: Field

    def missing(self, values: Values) -> bool:
        return self.key not in values and (not self.holder or self.holder in values)


def _owed(planner: Planner, code: str, element: Element) -> _Owed:
    field = planner.field(code, element.path)
    above = element.path.rpartition("/")[0]
    holder = "" if above == field.group else above[len(field.group) + 1 :] if field.group else above
    return _Owed(field.key, holder, field)


def _wanted(elements: tuple[Element, ...]) -> Iterator[Element]:
    for element in elements:
        if element.need == "M" and element.min == 0:
            yield element
        yield from _wanted(element.children)
