# SPDX-License-Identifier: Apache-2.0
"""A mapping interpreted plainly: builds a tree, then writes it. The oracle that the compiled mapping must equal."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.mapping import model
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.interpret_items import occurrences
from gateway.mapping.interpret_numbers import Numbers
from gateway.mapping.interpret_tree import Branch, pieces, written
from gateway.mapping.interpret_values import Blamed, State, cell_text, evaluate, holds
from gateway.mapping.model import (
    Group,
    Listed,
    RecordRule,
    Repeat,
    Value,
)
from gateway.model.finding import Finding
from gateway.model.record import Draft, Refused, Row, Slot
from gateway.model.record_type import Role, case_in
from gateway.pack import Pack
from gateway.pack.shape import Element
from gateway.ports import AllocationRequest, Mapped


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a record as explain shows it: the source column, what each step made of it, the outcome."""

    record: str
    type: str
    path: str
    origin: str
    stages: tuple[tuple[str, str | None], ...]
    text: str | None
    finding: Finding | None = None


class Interpreter:
    """Interprets one mapping; the same answers as the compiled mapping, one element at a time."""

    def __init__(self, mapping: model.Mapping, pack: Pack, source_name: str) -> None:
        self.version = mapping.version
        self._mapping = mapping
        self._pack = pack
        self._source = source_name

    def map(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> Mapped:
        """Make records of one row."""
        return self._work(row, numbers, None)

    def explain(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> tuple[Mapped, list[Step]]:
        """Make records of one row and tell of every step."""
        steps: list[Step] = []
        return self._work(row, numbers, steps), steps

    def _work(self, row: Row, numbers: Mapping[AllocationRequest, int], steps: list[Step] | None) -> Mapped:
        state = State(self._mapping, row)
        try:
            self._look_at_cells(state)
            if self._mapping.ignore is not None and holds(self._mapping.ignore, state):
                return Mapped((), (), ignored=True)
        except Faulty as fault:
            return Mapped((), (Refused((fault.finding,)),))
        token: str | None = None
        wrong: tuple[Finding, ...] = ()
        try:
            token = self._token(state)
        except Faulty as fault:
            wrong = (fault.finding,)
        made: list[Draft | Refused] = []
        for rule in self._mapping.records:
            if rule.each is None:
                one = _OneRecord(self._pack, self._source, rule, state, numbers, steps).make(token, wrong)
                state.made[rule.name] = one
                made += [one] if one else []
            else:
                made += self._of_each(rule, rule.each, state, numbers, steps, token, wrong)
        if not made:
            return Mapped((), (Refused((finding("MAP-009", ""),)),))
        drafts = tuple(one for one in made if isinstance(one, Draft))
        return Mapped(drafts, tuple(one for one in made if isinstance(one, Refused)))

    def _of_each(
        self, rule: RecordRule, each: model.Each, state: State, numbers: Mapping[AllocationRequest, int],
        steps: list[Step] | None, token: str | None, wrong: tuple[Finding, ...],
    ) -> Iterator[Draft | Refused]:  # fmt: skip
        try:
            items = occurrences(each.items, state, "each")
        except Faulty as fault:
            yield Refused((fault.finding,), rule.type)
            return
        keys: list[list[str]] = []
        for state.item in items:
            key = [state.item.get(name) or "" for name in each.key]
            state.item_key = key
            one = _OneRecord(self._pack, self._source, rule, state, numbers, steps).make(token, wrong)
            if one and key in keys:
                one = Refused((finding("MAP-017", "", "", wanted=" ".join(each.key)),), rule.type)
            keys.append(key)
            if one:
                yield one
        state.item, state.item_key = {}, []

    def _look_at_cells(self, state: State) -> None:
        for name in self._mapping.used:
            column = self._mapping.columns[name]
            if column.part is None and column.name not in state.row.values and not column.optional:
                raise Faulty(finding("MAP-001", column.name))
        for name in self._mapping.used:
            cell_text(state, self._mapping.columns[name])

    def _token(self, state: State) -> str | None:
        order = self._mapping.order
        if order is None:
            return None
        parts = []
        for value in order.by:
            text = evaluate(value, state) or ""
            if value.kind == "integer" and text:
                if int(text) < 0:
                    raise Faulty(finding("MAP-003", value.origin, text, "version_order"))
                text = f"{int(text):020d}"
            parts.append(text)
        if order.row_id:
            row_id = state.row.row_id
            parts.append("0" * (20 - len(row_id)) + row_id if row_id.isdigit() else row_id)
        return "\t".join(parts)


class _OneRecord:
    """One record of one row."""

    def __init__(
        self, pack: Pack, source: str, rule: RecordRule, state: State,
        numbers: Mapping[AllocationRequest, int], steps: list[Step] | None,
    ) -> None:  # fmt: skip
        self._kind = pack.types[rule.type]
        self._shape = pack.shape(rule.type)
        self._source = source
        self._rule = rule
        self._state = state
        self._numbers = numbers
        self._steps = steps
        self._findings: list[Finding] = []
        self._roles: dict[str, str] = {}

    def make(self, token: str | None, wrong: tuple[Finding, ...]) -> Draft | Refused | None:
        self._state.spoken_of = []
        case_path = self._kind.roles.get(Role.CASE, "")
        self._state.number = Numbers(self._state, self._rule, case_path, self._source, self._numbers).text
        try:
            if self._rule.when is not None and not holds(self._rule.when, self._state):
                return None
        except Faulty as fault:
            return Refused((fault.finding,), self._rule.type)
        self._findings.extend(wrong)
        root = Branch(self._shape.element, self._children(self._shape.children, self._rule.fields, ""))
        key = self._key()
        if key is None and not self._findings:
            self._blame_identity()
        if self._findings:
            findings = tuple(dict.fromkeys(self._findings))
            return Refused(findings, self._rule.type, key, self._role(Role.CASE))
        return self._draft(root, key or "", token)

    # -- tree

    def _children(self, elements: tuple[Element, ...], fields: model.Fields, below: str) -> list[Branch]:
        slots = {self._kind.roles.get(Role(slot.value)): slot for slot in Slot}
        found: list[Branch] = []
        for element in elements:
            path = element.path.removeprefix(below)
            if not below and path in slots:
                found.append(Branch(element.name, slot=slots[path]))
            elif path in fields:
                branches = self._field(fields[path], element)
                for branch in branches:
                    branch.volatile = not below and path in self._rule.volatile
                found += branches
            elif any(name.startswith(path + "/") for name in fields):
                inside = self._children(element.children, fields, below)
                found += [Branch(element.name, inside)] if inside else []
        return found

    def _field(self, spec: Value | Repeat | Listed, element: Element) -> list[Branch]:
        try:
            match spec:
                case Value():
                    return self._leaf(spec, element)
                case Listed(items=items):
                    return [branch for item in items for branch in self._listed(item, element)]
                case Repeat():
                    return self._repeated(spec, element)
        except Faulty as fault:
            self._findings.append(fault.finding)
        except Blamed as blamed:
            self._findings.extend(blamed.findings)
        return []

    def _listed(self, item: Value | Group, element: Element) -> list[Branch]:
        if isinstance(item, Value):
            return self._field(item, element)
        try:
            if item.when is not None and not holds(item.when, self._state):
                return []
        except Faulty as fault:
            self._findings.append(fault.finding)
            return []
        return self._occurrence(item.fields, element)

    def _occurrence(self, fields: model.Fields, element: Element) -> list[Branch]:
        inside = self._children(element.children, fields, element.path + "/")
        return [Branch(element.name, inside)] if inside else []

    def _repeated(self, repeat: Repeat, element: Element) -> list[Branch]:
        if repeat.when is not None and not holds(repeat.when, self._state):
            return []
        found: list[Branch] = []
        outer = self._state.item
        for item in occurrences(repeat.items, self._state, element.path):
            self._state.item = {**outer, **item}
            if isinstance(repeat.body, Value):
                found += self._field(repeat.body, element)
            else:
                found += self._occurrence(repeat.body, element)
        self._state.item = outer
        return found

    def _leaf(self, value: Value, element: Element) -> list[Branch]:
        self._state.trace = [] if self._steps is not None else None
        text, fault = None, None
        try:
            text = evaluate(value, self._state)
            _check_characters(text, value)
        except Faulty as found:
            fault = found.finding
            raise
        finally:
            stages, self._state.trace = tuple(self._state.trace or ()), None
            if self._steps is not None:
                step = Step(self._rule.name, self._rule.type, element.path, value.origin, stages, text, fault)
                self._steps.append(step)
        if text is None:
            return []
        if element.path in self._kind.roles.values():
            self._roles[element.path] = text
        return [Branch(element.name, text=text)]

    # -- outcome

    def _role(self, role: Role) -> str | None:
        return self._roles.get(self._kind.roles.get(role, "\0"))

    def _case(self) -> str | None:
        """Return the record's case: its own, or that of the record it goes with (ledger.md B13)."""
        named = self._role(Role.TARGET_KEY)
        return self._role(Role.CASE) if named is None else case_in(named)

    def _key(self) -> str | None:
        if self._kind.withdraws:
            return self._role(Role.TARGET_KEY)
        if self._kind.has_own_code:
            own = self._role(Role.OWN_CODE)
            return None if own is None else f"{self._rule.type}:{own}"
        case, sequence = self._role(Role.CASE), self._role(Role.SEQUENCE)
        return None if case is None or sequence is None else f"{self._rule.type}:{case}:{sequence}"

    def _blame_identity(self) -> None:
        roles = [Role.CASE, Role.SEQUENCE]
        if self._kind.has_own_code:
            roles = [Role.OWN_CODE]
        if self._kind.withdraws:
            roles = [Role.TARGET_KEY]
        for role in roles:
            if self._role(role) is None:
                path = self._kind.roles[role]
                spec = self._rule.fields.get(path)
                origin = spec.origin if isinstance(spec, Value) else path
                self._findings.append(finding("MAP-012", origin, where=path))

    def _draft(self, root: Branch, key: str, token: str | None) -> Draft:
        target = self._state.made.get(self._rule.withdraws or "\0")
        withdraws = self._kind.withdraws
        return Draft(
            type=self._rule.type,
            key=key,
            case_no=(target.case_no if isinstance(target, Draft) else None) if withdraws else self._case(),
            org_code=self._role(Role.ORGANISATION) or "",
            item_code=self._role(Role.ITEM),
            occurred_at=self._role(Role.OCCURRED_AT) or "",
            sequence=int(self._role(Role.SEQUENCE) or 0),
            pieces=tuple(pieces(list(written(root, self._shape.namespace)))),
            identity=hashlib.sha256(
                "".join(p for p in written(root, self._shape.namespace, True) if not isinstance(p, Slot)).encode()
            ).digest(),
            order_token=token,
            withdraws=key if withdraws else None,
            names=tuple(dict.fromkeys(self._state.spoken_of)),
        )


def _check_characters(text: str | None, value: Value) -> None:
    if text is not None and re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", text):
        raise Faulty(finding("MAP-008", value.origin, text, value.where))
