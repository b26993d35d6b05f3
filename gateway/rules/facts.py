# SPDX-License-Identifier: Apache-2.0
"""Facts (办件要素): the few values of a record that case rules ask for, declared in the pack's ``rules/facts.toml``.

A fact is an element path, ``{path}``, or a table ``{group, field}`` (that element of every line), ``{group, fields}``
(small mappings) with optional ``where`` / ``equals``. ``digest = true``: names of people are kept as a digest, which is
enough to compare them. Facts are JSON: text, whole numbers, truth values, lists; amounts are text and are read as
Decimal by the rules. A fact that the ledger knows of every record anyhow (its body, item, time, version) is not kept
beside it: see :meth:`FactTable.told`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from hashlib import sha256
from operator import attrgetter
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.case_record import CaseFacts, CaseRecord
from gateway.model.record_type import Role
from gateway.pack import Element, Pack
from gateway.rules.expression import Symbol
from gateway.rules.plan import Node, Planner, Values, gather

KEY, VERSION = "@key", "@version"
_COLUMNS: Mapping[Role, Callable[[CaseRecord], Any]] = {
    Role.CASE: attrgetter("case"),
    Role.ITEM: attrgetter("item"),
    Role.ORGANISATION: attrgetter("org"),
    Role.SEQUENCE: attrgetter("sequence"),
    Role.OCCURRED_AT: attrgetter("occurred_at"),
    Role.VERSION: attrgetter("version"),
    Role.OPERATION: lambda record: "C" if record.version == 1 else "U",
    Role.TARGET_VERSION: lambda record: record.version - 1,
}
"""What the ledger knows of every record, whatever its facts."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a record type: its name, kind, where it comes from, and the element findings point at."""

    name: str
    kind: str
    path: str
    many: bool
    take: Callable[[Values], Any]
    fields: Mapping[str, str] | None = None
    is_digest: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether the value stands as it is at the path."""
        return self.fields is None and not self.many and self.kind != "decimal" and not self.is_digest


class FactTable:
    """The facts of every record type of a pack."""

    def __init__(self, pack: Pack, planner: Planner | None = None) -> None:
        """Read ``rules/facts.toml``; raises ConfigurationError where it names what the schema lacks.

        With a ``planner`` facts are read along with what it reads anyhow: use :meth:`of_values` then.
        """
        self._planner = planner or Planner(pack, dates=False)
        self._pack = pack
        self.of: dict[str, dict[str, Fact]] = {}
        table = dict(pack.toml("rules/facts.toml"))
        self.master_data: Mapping[str, str] = table.pop("master-data")
        for code in pack.types:
            entries: dict[str, Any] = {}
            for pattern, given in table.items():
                if fnmatchcase(code, pattern):
                    entries |= {
                        name: entry for name, entry in given.items() if pattern == code or self._has(code, entry)
                    }
            self.of[code] = {name: self._fact(code, name, entry) for name, entry in entries.items()}
        self._amounts = {
            code: tuple(fact for fact in facts.values() if fact.kind == "decimal" or fact.fields)
            for code, facts in self.of.items()
        }
        self._columns = {code: self._of_columns(code) for code in self.of}
        self._ways = {code: self._ways_to(facts) for code, facts in self.of.items()}
        self._kept = {
            code: self._ways_to({name: fact for name, fact in facts.items() if name not in self._columns[code]})
            for code, facts in self.of.items()
        }

    def take(self, code: str, element: Node) -> CaseFacts:
        """Return the facts of a payload element of record type ``code``."""
        values: Values = {}
        gather(element, self._planner.plans[code], values)
        return self.of_values(code, values)

    def of_values(self, code: str, values: Values) -> CaseFacts:
        """Return the facts among the values of a record."""
        return self._taken(self._ways[code], values)

    def kept(self, code: str, values: Values) -> CaseFacts:
        """Return those of the facts that the ledger must keep: it knows the others."""
        return self._taken(self._kept[code], values)

    def told(self, record: CaseRecord) -> Values:
        """Return all facts of a record as rules compute with them: those kept, and what the ledger knows anyhow."""
        values = self.typed(record.type, record.facts)
        for name, column in self._columns[record.type].items():
            if name not in values:
                value = column(record)
                if value is not None:
                    values[name] = value
        values[KEY], values[VERSION] = record.key, record.version
        return values

    @staticmethod
    def _taken(ways: "_Ways", values: Values) -> CaseFacts:
        plain, others = ways
        taken: CaseFacts = {}
        for name, key in plain:
            value = values.get(key)
            if value is not None:
                taken[name] = value
        for name, take in others:
            value = take(values)
            if value is not None and value != []:
                taken[name] = value
        return taken

    def typed(self, code: str, facts: CaseFacts) -> Values:
        """Return facts as rules compute with them: amounts as Decimal."""
        typed = dict(facts)
        for fact in self._amounts.get(code, ()):
            held = typed.get(fact.name)
            if held is None:
                continue
            if fact.fields is not None:
                amounts = [name for name, kind in fact.fields.items() if kind == "decimal"]
                typed[fact.name] = [
                    {name: Decimal(value) if name in amounts else value for name, value in line.items()}
                    for line in held
                ]
            else:
                typed[fact.name] = [Decimal(each) for each in held] if fact.many else Decimal(held)
        return typed

    def _of_columns(self, code: str) -> "dict[str, Callable[[CaseRecord], Any]]":
        paths = {path: _COLUMNS[role] for role, path in self._pack.types[code].roles.items() if role in _COLUMNS}
        return {name: paths[fact.path] for name, fact in self.of[code].items() if fact.path in paths and not fact.many}

    @staticmethod
    def _ways_to(facts: Mapping[str, Fact]) -> "_Ways":
        plain = [(name, fact.path) for name, fact in facts.items() if fact.is_plain]
        return plain, [(name, fact.take) for name, fact in facts.items() if not fact.is_plain]

    def _has(self, code: str, entry: Any) -> bool:
        return isinstance(entry, str) and self._pack.shape(code).find(entry) is not None

    def _fact(self, code: str, name: str, entry: Any) -> Fact:
        try:
            if isinstance(entry, str):
                return self._plain(code, name, entry)
            if "path" in entry:
                return self._digest(code, name, entry["path"])
            return self._lines(code, name, entry)
        except KeyError as fault:
            raise ConfigurationError(f"rules/facts.toml: {code}: {name}: no {fault}") from None

    def _plain(self, code: str, name: str, path: str) -> Fact:
        element = self._pack.shape(code).by_path[path]
        field = self._planner.field(code, path)
        if field.group:
            raise ConfigurationError(f"rules/facts.toml: {code}: {name}: {path} is in lines: name group and field")
        json = _json_of(element)
        if element.max != 1:
            return Fact(name, element.kind, path, True, lambda values: [json(each) for each in values.get(path, ())])
        return Fact(name, element.kind, path, False, lambda values: json(values.get(path)))

    def _digest(self, code: str, name: str, path: str) -> Fact:
        plain = self._plain(code, name, path)
        return Fact(name, "text", path, False, lambda values: _digest_of(plain.take(values)), is_digest=True)

    def _lines(self, code: str, name: str, entry: Mapping[str, Any]) -> Fact:
        shape, group = self._pack.shape(code), entry["group"]
        names: list[str] = entry.get("fields", [entry.get("field")])
        elements = {each: shape.by_path[f"{group}/{each}"] for each in names}
        for each in [*names, *([entry["where"]] if "where" in entry else [])]:
            self._planner.field(code, f"{group}/{each}")
        chosen = _filter(entry)
        if "fields" not in entry:
            (only,) = names
            hidden = entry.get("digest", False)
            json = _digest_of if hidden else _json_of(elements[only])

            def column(values: Values) -> list[Any]:
                return [json(line[only]) for line in values.get(group, ()) if only in line and chosen(line)]

            return Fact(name, elements[only].kind, group, True, column, is_digest=hidden)
        turn = {each: _json_of(element) for each, element in elements.items()}

        def lines(values: Values) -> list[Any]:
            return [
                {each: json(line[each]) for each, json in turn.items() if each in line}
                for line in values.get(group, ())
                if chosen(line)
            ]

        return Fact(name, "group", group, True, lines, {each: element.kind for each, element in elements.items()})


class FactScope:
    """What names mean in a case rule: ``a.fact`` of the first record, ``b.fact`` (or ``item.fact``) of the second."""

    def __init__(self, table: FactTable, first: tuple[str, ...], second: tuple[str, ...] = ()) -> None:
        self._table = table
        kinds = table.master_data
        self._sides = {"a": first, "b": second, "item": (kinds["item"],)}

    def find(self, name: str, /) -> Symbol | None:
        """Return the meaning of a dotted name; a bare one is a fact of the first record."""
        if name == "extra":
            return Symbol("@extra", "integer")
        side, dot, rest = name.partition(".")
        if name == "version":
            return Symbol(VERSION, "integer")
        if rest == "key" and side in ("a", "b"):
            return Symbol(KEY, "text", of_line=side == "b")
        if not dot or side not in self._sides:
            side, rest = "a", name
        fact_name, _, below = rest.partition(".")
        for code in self._sides[side]:
            fact = self._table.of[code].get(fact_name)
            if fact is not None:
                of_line = side == "b"
                if side == "item":
                    return None if below else Symbol(f"item.{fact_name}", fact.kind, many=fact.many)
                if below:
                    kind = (fact.fields or {}).get(below)
                    return None if kind is None else Symbol(below, kind, of_line, group=fact_name)
                return Symbol(fact_name, fact.kind, of_line, many=fact.many)
        return None


_Ways = tuple[list[tuple[str, str]], list[tuple[str, Callable[[Values], Any]]]]
"""How facts come out of values: those that stand there as they are, and those that are worked out."""


def _digest_of(value: Any) -> str | None:
    """Return what tells two names apart without telling the name."""
    return None if value is None else sha256(str(value).encode()).hexdigest()[:16]


def _json_of(element: Element) -> Callable[[Any], Any]:
    if element.kind == "decimal":
        return lambda value: None if value is None else str(value)
    return lambda value: value


def _filter(entry: Mapping[str, Any]) -> Callable[[Values], bool]:
    where, wanted = entry.get("where"), entry.get("equals")
    return lambda line: where is None or line.get(where) == wanted
