# SPDX-License-Identifier: Apache-2.0
"""Mappings compiled once to closures that write canonical bytes, without a tree (architecture.md §3)."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from gateway.mapping import model
from gateway.mapping.compile_body import TOLD, BodyCompiler, Items, Step, run
from gateway.mapping.compile_numbers import Ask, form_request, form_text, sequence_request, sequence_text
from gateway.mapping.compile_values import ValueCompiler
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import FormNumber, RecordRule, RowId, Value
from gateway.mapping.packed import unpacker
from gateway.mapping.walk import leaves, uses_numbers
from gateway.mapping.work import Get, RootCause, Work, is_plain, reader
from gateway.model.finding import Finding
from gateway.model.record import Draft, Piece, Refused, Row
from gateway.model.record_type import RecordType, Role, case_in
from gateway.pack import Pack
from gateway.ports import AllocationRequest, Mapped

_WIDE: Final = 20
_KEPT: Final = 2048


def compile_mapping(mapping: model.Mapping, pack: Pack, source_name: str) -> "CompiledMapping":
    """Return the mapper of ``mapping`` for rows of the source ``source_name`` (its name is part of allocated numbers)."""
    return CompiledMapping(mapping, pack, source_name)


class CompiledMapping:
    """A mapper (port ``gateway.ports.Mapper``): rows in, drafts and refusals out; never an exception."""

    def __init__(self, mapping: model.Mapping, pack: Pack, source_name: str) -> None:
        self.version = mapping.version
        compiler = ValueCompiler(mapping)
        used = [mapping.columns[name] for name in mapping.used]
        read = reader(used, _keeps_plain(mapping))
        wanted = {column.name: column.part for column in used if column.part}
        expand = unpacker(mapping.unpack, wanted)
        self._read = (lambda values: read(expand(values))) if wanted else read
        self._values = len(mapping.values)
        self._ignored = compiler.condition(mapping.ignore) if mapping.ignore else None
        self._order = _order(mapping.order, compiler)
        self._programs = [_Program(rule, mapping, pack, compiler, source_name) for rule in mapping.records]
        self.asks = any(program.asks for program in self._programs)
        # What wants() has found out of a row is there when map() takes the same row up. Each entry holds its row, so
        # that the row's address can't be another's meanwhile.
        self._begun: dict[int, Work] = {}

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        """Name the numbers this row needs before it can be mapped; a broken row asks for nothing."""
        if not self.asks:
            return ()
        try:
            work = Work(row, *self._read(row.values), self._values)
            if self._ignored is not None and self._ignored(work):
                return ()
        except Faulty:
            return ()
        if len(self._begun) >= _KEPT:
            self._begun.clear()
        self._begun[id(row)] = work
        return tuple(dict.fromkeys([request for program in self._programs for request in program.wants(work)]))

    def map(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> Mapped:
        """Make records of one row."""
        begun = self._begun.pop(id(row), None)
        try:
            work = begun if begun and begun.row is row else Work(row, *self._read(row.values), self._values)
            if self._ignored is not None and self._ignored(work):
                return Mapped((), (), ignored=True)
        except Faulty as fault:
            return Mapped((), (Refused((fault.finding,)),))
        work.numbers = numbers
        token, wrong = self._token(work)
        made: list[Draft | Refused] = []
        for program in self._programs:
            made += program.make(work, token, wrong)
        if not made:
            return Mapped((), (Refused((finding("MAP-009", ""),)),))
        return Mapped(
            tuple([one for one in made if isinstance(one, Draft)]),
            tuple([one for one in made if isinstance(one, Refused)]),
        )

    def _token(self, work: Work) -> tuple[str | None, tuple[Finding, ...]]:
        try:
            return (self._order(work) if self._order else None), ()
        except Faulty as fault:
            return None, (fault.finding,)


class _Program:
    """One record of the mapping, compiled."""

    def __init__(
        self, rule: RecordRule, mapping: model.Mapping, pack: Pack, compiler: ValueCompiler, source: str
    ) -> None:
        self.name = rule.name
        self._rule = rule
        self._kind = pack.types[rule.type]
        shape = pack.shape(rule.type)
        self._opening = f'<{shape.element} xmlns="{shape.namespace}">'
        self._closing = f"</{shape.element}>"
        self._test = compiler.condition(rule.when) if rule.when else None
        self._key = rule.each.key if rule.each else ()
        self._identity = _Identity(rule, self._kind)
        self._numbers = _Numbers(rule, mapping, compiler, source, self._kind)
        self.asks: list[Ask] = self._numbers.asks
        body = BodyCompiler(compiler, rule, self._kind, self._numbers.text)
        self._steps: list[Step] = body.steps(shape.children)
        self._items = body.items(rule.each.items, "each") if rule.each else None

    def wants(self, work: Work) -> Iterator[AllocationRequest]:
        """Yield the numbers this record needs; nothing where the row does not give it, or can't name them."""
        if self._items is None or not self.asks:
            yield from self._wants(work)
            return
        try:
            for _item in self._occurrences(work, self._items):
                yield from self._wants(work)
        except Faulty:
            return

    def _occurrences(self, work: Work, items: Items) -> Iterator[bool]:
        """Put each occurrence in place; yield whether its key is new in the row."""
        seen: set[tuple[str, ...]] = set()
        try:
            for item in items(work):
                work.item = item
                work.item_key = tuple([item.get(name) or "" for name in self._key])
                yield work.item_key not in seen
                seen.add(work.item_key)
        finally:
            work.item, work.item_key = {}, ()

    def _wants(self, work: Work) -> Iterator[AllocationRequest]:
        try:
            if not self.asks or (self._test is not None and not self._test(work)):
                return
        except Faulty:
            return
        for ask in self.asks:
            try:
                yield ask(work)
            except (Faulty, RootCause):
                continue

    def make(self, work: Work, token: str | None, wrong: tuple[Finding, ...]) -> list[Draft | Refused]:
        """Make the record, or one of each occurrence, or say why not; nothing when the row does not give it."""
        if self._items is None:
            work.made[self.name] = one = self._make(work, token, wrong)
            return [] if one is None else [one]
        made: list[Draft | Refused] = []
        try:
            for new in self._occurrences(work, self._items):
                found = self._make(work, token, wrong)
                if found is not None and not new:
                    found = Refused((finding("MAP-017", "", "", wanted=" ".join(self._key)),), self._rule.type)
                made += [] if found is None else [found]
        except Faulty as fault:
            made.append(Refused((fault.finding,), self._rule.type))
        return made

    def _make(self, work: Work, token: str | None, wrong: tuple[Finding, ...]) -> Draft | Refused | None:
        try:
            if self._test is not None and not self._test(work):
                return None
        except Faulty as fault:
            return Refused((fault.finding,), self._rule.type)
        work.begin()
        out = [self._opening]
        work.findings.extend(wrong)
        run(self._steps, work, out)
        out.append(self._closing)
        key = self._identity.key(work.roles)
        if key is None and not work.findings:
            work.findings.extend(self._identity.missing(work.roles))
        if key is None or work.findings:
            case_no = work.roles.get(self._identity.case)
            return Refused(tuple(dict.fromkeys(work.findings)), self._rule.type, key, case_no)
        return self._draft(work, out, key, token)

    def _draft(self, work: Work, out: list[str], key: str, token: str | None) -> Draft:
        pieces: list[Piece] = []
        at = 0
        for place, slot in work.slots:
            pieces += ("".join(out[at:place]).encode(), slot)
            at = place
        pieces.append("".join(out[at:]).encode())
        identity = hashlib.sha256(b"".join([piece for piece in pieces if isinstance(piece, bytes)]))
        if work.marks:
            for start, end in work.marks:
                out[start:end] = [""] * (end - start)
            identity = hashlib.sha256("".join(out).encode())
        roles, at_path = work.roles, self._identity
        return Draft(
            type=self._rule.type,
            key=key,
            case_no=self._case_of_target(work) if self._kind.withdraws else at_path.case_no(roles),
            org_code=roles.get(at_path.organisation, ""),
            item_code=roles.get(at_path.item),
            occurred_at=roles.get(at_path.occurred_at, ""),
            sequence=int(roles.get(at_path.sequence, "0")),
            pieces=tuple(pieces),
            identity=identity.digest(),
            order_token=token,
            withdraws=key if self._kind.withdraws else None,
            names=tuple(dict.fromkeys(work.named)) if work.named else (),
        )

    def _case_of_target(self, work: Work) -> str | None:
        target = work.made.get(self._rule.withdraws or "")
        return target.case_no if isinstance(target, Draft) else None


class _Numbers:
    """The numbers of one record: what to ask for, and their texts."""

    def __init__(
        self, rule: RecordRule, mapping: model.Mapping, compiler: ValueCompiler, source: str, kind: RecordType
    ) -> None:
        self._rule = rule
        self._mapping = mapping
        self._compiler = compiler
        self._source = source
        self._case = rule.fields.get(kind.roles.get(Role.CASE, ""))
        self._known: dict[str, Ask] = {}
        for name in dict.fromkeys(name for value in leaves(rule.fields) for name in uses_numbers(value)):
            self._ask(name)
        self.asks = list(self._known.values())

    def text(self, name: str) -> Get:
        """Return the closure of the number's text."""
        number = self._mapping.numbers[name]
        ask = self._ask(name)
        return form_text(number, ask) if isinstance(number, FormNumber) else sequence_text(number, ask)

    def _ask(self, name: str) -> Ask:
        if name not in self._known:
            number = self._mapping.numbers[name]
            if isinstance(number, FormNumber):
                self._known[name] = form_request(number, self._compiler, self._source)
            else:
                self._known[name] = sequence_request(
                    number, self._compiler, self._source, self._rule.name, self._scope(number)
                )
        return self._known[name]

    def _scope(self, number: model.SequenceNumber) -> Callable[[Work], str]:
        """Return the closure of what a sequence counts within: record type and case, however the case gets its number."""
        head = self._rule.type
        if not isinstance(self._case, Value):
            return lambda _work: head
        numbers = uses_numbers(self._case)
        if numbers:
            ask = self._ask(numbers[0])

            def allocated(work: Work) -> str:
                request = ask(work)
                return f"{head}:{request.scope}:{request.subject}"

            return allocated
        get, origin = self._compiler.value(self._case), self._case.origin

        def given(work: Work) -> str:
            case = get(work)
            if case is None:
                raise Faulty(finding("MAP-005", origin, wanted=number.name))
            return f"{head}:{case}"

        return given


class _Identity:
    """Where the values that a draft tells the ledger stand in the record; paths are looked up once."""

    def __init__(self, rule: RecordRule, kind: RecordType) -> None:
        self._rule = rule
        self._kind = kind
        self.case, self.item, self.organisation, self.sequence, self.occurred_at, self.own, self.target = (
            kind.roles.get(role, "") for role in TOLD
        )
        wanted: tuple[str, ...] = (self.case, self.sequence)
        if kind.withdraws:
            wanted = (self.target,)
        elif kind.has_own_code:
            wanted = (self.own,)
        self._wanted = wanted

    def key(self, roles: Mapping[str, str]) -> str | None:
        """Return the business key, or None when it can't be told."""
        for path in self._wanted:
            if path not in roles:
                return None
        if self._kind.withdraws:
            return roles[self.target]
        if self._kind.has_own_code:
            return self._kind.key(None, None, roles[self.own])
        return self._kind.key(roles[self.case], int(roles[self.sequence]), None)

    def case_no(self, roles: Mapping[str, str]) -> str | None:
        """Return the record's case: its own, or that of the record it goes with (ledger.md B13)."""
        named = roles.get(self.target)
        return roles.get(self.case) if named is None else case_in(named)

    def missing(self, roles: Mapping[str, str]) -> list[Finding]:
        """Return a finding for each identifying element that has no value."""
        found = []
        for path in self._wanted:
            if path not in roles:
                spec = self._rule.fields.get(path)
                found.append(finding("MAP-012", spec.origin if isinstance(spec, Value) else path, where=path))
        return found


def _order(order: model.Order | None, compiler: ValueCompiler) -> Get | None:
    """Return the closure of the order token: a text that sorts (ledger.md B4); whole numbers are padded."""
    if order is None:
        return None
    gets = [(compiler.value(value), value) for value in order.by]

    def token(work: Work) -> str:
        parts = [sortable(get(work), value) for get, value in gets]
        if order.row_id:
            row_id = work.row.row_id
            parts.append(row_id.zfill(_WIDE) if row_id.isdigit() else row_id)
        return "\t".join(parts)

    return token


def sortable(text: str | None, value: Value) -> str:
    """Return ``text`` so that it sorts as what it means; absent sorts first. Raises Faulty for negative numbers."""
    if text is None or value.kind != "integer":
        return text or ""
    if text.startswith("-"):
        raise Faulty(finding("MAP-003", value.origin, text, "version_order"))
    return text.zfill(_WIDE)


def _keeps_plain(mapping: model.Mapping) -> bool:
    """Tell whether every text that the mapping itself gives can stand in a document unescaped."""
    values = [*mapping.values.values(), *(value for rule in mapping.records for value in leaves(rule.fields))]
    forms = [part for number in mapping.numbers.values() if isinstance(number, FormNumber) for part in number.parts]
    texts = [part for part in forms if isinstance(part, str)]
    return all(is_plain(text) for text in texts) and all(_plain_value(value) for value in values)


def _plain_value(value: Value) -> bool:
    texts = [value.default or "", *(new for _, new in value.touch.replace)] if value.touch else [value.default or ""]
    if value.lookup:
        texts += [value.lookup.fallback, *(row.code or "" for rows in value.lookup.table.rows.values() for row in rows)]
    match value.source:
        case model.Constant(text):
            texts.append(text)
        case model.Concat(parts, separator):
            return is_plain(separator) and all(is_plain(text) for text in texts) and all(map(_plain_value, parts))
        case model.First(parts):
            return all(is_plain(text) for text in texts) and all(map(_plain_value, parts))
        case RowId():
            return False
        case _:
            pass
    return all(is_plain(text) for text in texts)
