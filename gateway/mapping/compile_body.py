# SPDX-License-Identifier: Apache-2.0
"""The body of a record as a list of steps that append canonical text, in the order of the schema."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from gateway.mapping import model
from gateway.mapping.compile_steps import Test
from gateway.mapping.compile_values import NumberGet, ValueCompiler
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import (
    Constant,
    Fields,
    Found,
    Group,
    Listed,
    NumberedColumns,
    RecordRule,
    Repeat,
    Split,
    Value,
)
from gateway.mapping.packed import detail_items, found_items
from gateway.mapping.work import Get, RootCause, Work, is_plain, safe
from gateway.model.record import Slot
from gateway.model.record_type import RecordType, Role
from gateway.pack.shape import Element

Step: TypeAlias = Callable[[Work, list[str]], None]
Items: TypeAlias = Callable[[Work], list[dict[str, str | None]]]

_SLOTS = ((Role.VERSION, Slot.VERSION), (Role.OPERATION, Slot.OPERATION), (Role.TARGET_VERSION, Slot.TARGET_VERSION))

TOLD = (Role.CASE, Role.ITEM, Role.ORGANISATION, Role.SEQUENCE, Role.OCCURRED_AT, Role.OWN_CODE, Role.TARGET_KEY)
"""Roles whose values a draft tells the ledger."""


class BodyCompiler:
    """Compiles the fields of one record."""

    def __init__(self, compiler: ValueCompiler, rule: RecordRule, kind: RecordType, number: NumberGet) -> None:
        self._compiler = compiler
        self._rule = rule
        self._number = number
        self._slots = {kind.roles[role]: slot for role, slot in _SLOTS if role in kind.roles}
        self._roles = frozenset(kind.roles[role] for role in TOLD if role in kind.roles) - frozenset(self._slots)

    def steps(self, elements: Sequence[Element]) -> list[Step]:
        """Return the steps of a whole record."""
        return self._merged(self._steps(elements, self._rule.fields, ""))

    def _steps(self, elements: Sequence[Element], fields: Fields, below: str) -> list["Step | _Copy"]:
        steps: list[Step | _Copy] = []
        for element in elements:
            path = element.path[len(below) :]
            if not below and path in self._slots:
                steps.append(_slot(element.name, self._slots[path]))
            elif path in fields:
                found = self._field(fields[path], element)
                steps += [_volatile(self._merged(found))] if not below and path in self._rule.volatile else found
            elif any(name.startswith(f"{path}/") for name in fields):
                steps.append(_group(element.name, self._merged(self._steps(element.children, fields, below))))
        return steps

    def _field(self, spec: Value | Repeat | Listed, element: Element) -> list["Step | _Copy"]:
        match spec:
            case Value():
                return [self._leaf(spec, element)]
            case Listed(items):
                return [step for item in items for step in self._listed(item, element)]
            case Repeat(items, body, when):
                occurrence = (
                    [self._leaf(body, element)] if isinstance(body, Value) else [self._occurrence(body, element)]
                )
                test = self._compiler.condition(when) if when else None
                return [_repeat(self.items(items, element.path), self._merged(occurrence), test)]

    def _listed(self, item: Value | Group, element: Element) -> list["Step | _Copy"]:
        if isinstance(item, Value):
            return [self._leaf(item, element)]
        step = self._occurrence(item.fields, element)
        return [_guarded(step, self._compiler.condition(item.when)) if item.when else step]

    def _occurrence(self, fields: Fields, element: Element) -> Step:
        return _group(element.name, self._merged(self._steps(element.children, fields, f"{element.path}/")))

    def _leaf(self, value: Value, element: Element) -> "Step | _Copy":
        role = element.path if element.path in self._roles else None
        opening, closing = f"<{element.name}>", f"</{element.name}>"
        cell = self._compiler.cell(value)
        if cell is not None and role is None:
            return _Copy(cell, opening, closing, value)
        return _leaf(self._compiler.value(value, self._number), opening, closing, value, role)

    def _merged(self, steps: Sequence["Step | _Copy"]) -> list[Step]:
        """Turn each run of bare copies into one step."""
        merged: list[Step] = []
        run: list[_Copy] = []
        for step in steps:
            if isinstance(step, _Copy):
                run.append(step)
                continue
            if run:
                merged.append(_copies(run))
                run = []
            merged.append(step)
        if run:
            merged.append(_copies(run))
        return merged

    def items(self, items: model.Items, where: str) -> Items:
        """Return the closure of occurrences; ``where`` names the target in findings."""
        if not isinstance(items, NumberedColumns):
            get = self._compiler.value(items.value, self._number)
            if isinstance(items, Split):
                return _split(items, get, where)
            return found_items(items, get, where) if isinstance(items, Found) else detail_items(items, get, where)
        rows = [[(alias, self._compiler.column(column)) for alias, column in row] for row in items.rows]

        def numbered(work: Work) -> list[dict[str, str | None]]:
            found = [{alias: get(work) for alias, get in row} for row in rows]
            return [item for item in found if any(text is not None for text in item.values())]

        return numbered


class _Copy:
    """A cell that goes into the document as it is."""

    __slots__ = ("cell", "closing", "opening", "value")

    def __init__(self, cell: int, opening: str, closing: str, value: Value) -> None:
        self.cell = cell
        self.opening = opening
        self.closing = closing
        self.value = value


def run(steps: Sequence[Step], work: Work, out: list[str]) -> None:
    """Run all steps; what goes wrong is gathered, so that one look finds everything."""
    for step in steps:
        try:
            step(work, out)
        except Faulty as fault:
            work.findings.append(fault.finding)
        except RootCause as cause:
            work.findings.extend(cause.findings)


def _copies(run_of: list[_Copy]) -> Step:
    parts = [(copy.cell, copy.opening, copy.closing, copy.value) for copy in run_of]
    short = [part[:3] for part in parts]

    def copies(work: Work, out: list[str]) -> None:
        cells = work.cells
        if work.plain:
            for cell, opening, closing in short:
                text = cells[cell]
                if text is not None:
                    out.append(opening + text + closing)
            return
        for cell, opening, closing, value in parts:
            text = cells[cell]
            if text is not None:
                try:
                    out.append(opening + safe(text, value.origin, value.where) + closing)
                except Faulty as fault:
                    work.findings.append(fault.finding)

    return copies


def _leaf(get: Get, opening: str, closing: str, value: Value, role: str | None) -> Step:
    if role is None and _is_fixed(value):
        written = f"{opening}{cast(Constant, value.source).text}{closing}"
        return lambda _work, out: out.append(written)

    def bare(work: Work, out: list[str]) -> None:
        text = get(work)
        if text is not None:
            out.append(opening + (text if work.plain else safe(text, value.origin, value.where)) + closing)

    if role is None:
        return bare

    def leaf(work: Work, out: list[str]) -> None:
        text = get(work)
        if text is not None:
            out.append(opening + (text if work.plain else safe(text, value.origin, value.where)) + closing)
            work.roles[role] = text

    return leaf


def _is_fixed(value: Value) -> bool:
    """Tell whether ``value`` is the same text in every row and needs no escaping."""
    if not isinstance(value.source, Constant) or value.kind != "text" or not is_plain(value.source.text):
        return False
    return not (value.when or value.lookup or value.extract or value.nulls or value.touch or value.mask)


def _slot(name: str, slot: Slot) -> Step:
    opening, closing = f"<{name}>", f"</{name}>"

    def step(work: Work, out: list[str]) -> None:
        out.append(opening)
        work.slots.append((len(out), slot))
        out.append(closing)

    return step


def _group(name: str, steps: list[Step]) -> Step:
    opening, closing = f"<{name}>", f"</{name}>"

    def group(work: Work, out: list[str]) -> None:
        at = len(out)
        out.append(opening)
        run(steps, work, out)
        if len(out) == at + 1:
            out.pop()
        else:
            out.append(closing)

    return group


def _volatile(steps: list[Step]) -> Step:
    def volatile(work: Work, out: list[str]) -> None:
        at = len(out)
        run(steps, work, out)
        work.marks.append((at, len(out)))

    return volatile


def _guarded(step: Step, test: Test) -> Step:
    def guarded(work: Work, out: list[str]) -> None:
        if test(work):
            step(work, out)

    return guarded


def _repeat(items: Items, steps: list[Step], test: Test | None) -> Step:
    def repeat(work: Work, out: list[str]) -> None:
        if test is not None and not test(work):
            return
        outer = work.item
        for item in items(work):
            work.item = outer | item if outer else item
            run(steps, work, out)
        work.item = outer

    return repeat


def _split(split: Split, get: Get, where: str) -> Items:
    pieces = re.compile("|".join(re.escape(separator) for separator in split.separators)).split
    names, inner = split.names, split.inner

    def items(work: Work) -> list[dict[str, str | None]]:
        text = get(work)
        if text is None:
            return []
        found = [piece for raw in pieces(text) if (piece := raw.strip()) not in split.nulls]
        if inner is None:
            return [{names[0]: piece} for piece in found]
        return [_named(piece, names, inner, split, where) for piece in found]

    return items


def _named(piece: str, names: tuple[str, ...], inner: str, split: Split, where: str) -> dict[str, str | None]:
    texts = [text.strip() for text in piece.split(inner)]
    if len(texts) > len(names):
        raise Faulty(finding("MAP-010", split.value.origin, piece, where))
    return {name: None if text in split.nulls else text for name, text in zip(names, texts, strict=False)}
