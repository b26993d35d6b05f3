# SPDX-License-Identifier: Apache-2.0
"""Read records: fields against the shape of their type, repeated elements, references, and what the pack demands."""

import difflib
from dataclasses import dataclass, replace
from typing import Final

from gateway.mapping.load_items import KEYS, KINDS, ItemReader
from gateway.mapping.load_scope import Scope, Target
from gateway.mapping.load_tables import TableReader
from gateway.mapping.load_values import SOURCES, STEPS, ValueReader
from gateway.mapping.model import (
    Constant,
    Each,
    Fields,
    FromItem,
    Group,
    KeyOf,
    Kind,
    Listed,
    RecordRule,
    Repeat,
    SequenceNumber,
    Value,
)
from gateway.mapping.reading import Node, unknown_word
from gateway.mapping.walk import columns_of, leaves, uses_numbers
from gateway.model.record_type import RecordType, Role
from gateway.pack import Pack
from gateway.pack.shape import Element, Shape

_GIVEN_BY_LEDGER: Final = (Role.VERSION, Role.OPERATION, Role.TARGET_VERSION)
_IDENTIFYING: Final = (Role.CASE, Role.OWN_CODE, Role.OCCURRED_AT, Role.TARGET_KEY)
_PERSONAL: Final = ("name", "id-number", "phone", "address")
RECORD: Final = ("name", "type", "each", "when", "withdraws", "volatile", "fields")
_PLURAL: Final = (*KEYS, "fields", "when")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A record type as the reader of one record needs it."""

    type: RecordType
    shape: Shape

    @property
    def slots(self) -> frozenset[str]:
        """Paths that the ledger fills."""
        return frozenset(path for role, path in self.type.roles.items() if role in _GIVEN_BY_LEDGER)

    def target(self, element: Element) -> Target:
        """Return what is wanted of a value for ``element``."""
        why = None
        if element.kind in ("date", "dateTime", "decimal"):
            why = ("日期和金额是事实", "dates and amounts are facts")
        elif element.personal in _PERSONAL:
            why = ("个人信息是事实", "personal data are facts")
        elif any(self.type.roles.get(role) == element.path for role in _IDENTIFYING):
            why = ("它是标识", "it identifies the record")
        kind: Kind = "text" if element.kind == "group" or element.kind == "extension" else element.kind
        return Target(element.path, kind, element.fraction_digits, why, self._whole(element))

    def _whole(self, element: Element) -> tuple[str, str] | None:
        """Return why an element may not be masked: identifiers, and personal data that the standard demands."""
        if element.path in self.type.roles.values() or element.values:
            return ("它是标识或代码", "it is an identifier or a code")
        if element.need != "O" and element.personal in _PERSONAL:
            return ("标准要求如实上报", "the standard demands it whole")
        return None


class RecordReader:
    """Reads the list of records in order; earlier ones can be referred to."""

    def __init__(self, pack: Pack, scope: Scope, tables: TableReader, nulls: frozenset[str]) -> None:
        self._pack = pack
        self._scope = scope
        self._tables = tables
        self._nulls = nulls
        self._values = ValueReader(scope, tables)

    def read(self, node: Node) -> RecordRule | None:
        """Read one record."""
        keys = node.keys(RECORD, ("type", "fields"))
        if "type" not in keys or "fields" not in keys:
            return None
        code = keys["type"].text()
        if code not in self._pack.types:
            near = ", ".join(difflib.get_close_matches(code, self._pack.types, 3)) or "gateway standard list"
            keys["type"].fault(f"标准里没有记录类型 {code}({near})", f"the standard has no record type {code} ({near})")
            return None
        sheet = Sheet(self._pack.types[code], self._pack.shape(code))
        name = keys["name"].text() if "name" in keys else code
        if name in self._scope.records:
            keys.get("name", node).fault(
                f"记录名 {name} 重复,请写不同的 name", f"record name {name} repeats: give another"
            )
        each, aliases = ItemReader(self._scope, self._values, self._nulls).each(keys.get("each"))
        if each is not None:
            return self._of_each(keys, sheet, name, each, aliases)
        rule = self._rule(keys, sheet, name)
        self._scope.records[name] = code
        return rule

    def _of_each(
        self, keys: dict[str, Node], sheet: Sheet, name: str, each: Each, aliases: dict[str, str]
    ) -> RecordRule:
        """Read a record of each occurrence: its fields may speak of the parts, and nobody may speak of it."""
        scope = replace(self._scope, items=aliases)
        inner = RecordReader(self._pack, scope, self._tables, self._nulls)
        rule = replace(inner._rule(keys, sheet, name), each=each)
        if "withdraws" in keys:
            keys["withdraws"].fault("each 和 withdraws 不能一起写", "each and withdraws don't go together")
        for number in {used for value in leaves(rule.fields) for used in uses_numbers(value)}:
            found = (self._scope.numbers or {}).get(number)
            if isinstance(found, SequenceNumber) and found.subject:
                keys["each"].fault(
                    f"序号 {number} 有 subject,各份会得到同一个序号;请另写一个 {{sequence: true}}",
                    f"sequence {number} has a subject, so all occurrences would share it; use another {{sequence: true}}",
                )
        return rule

    def _rule(self, keys: dict[str, Node], sheet: Sheet, name: str) -> RecordRule:
        fields = self._fields(keys["fields"], sheet)
        fields |= self._withdrawal(keys, sheet)
        self._check_case(keys["fields"], sheet, fields)
        _demand(keys["type"], sheet.shape.children, fields, sheet.slots)
        return RecordRule(
            name, sheet.type.code, fields, self._values.condition(keys.get("when")),
            keys["withdraws"].text() if "withdraws" in keys else None, self._volatile(keys.get("volatile"), sheet, fields),
        )  # fmt: skip

    def _check_case(self, node: Node, sheet: Sheet, fields: Fields) -> None:
        """A sequence counts within a case, so a case can't be numbered by a sequence."""
        path = sheet.type.roles.get(Role.CASE, "")
        case = fields.get(path)
        for name in uses_numbers(case) if isinstance(case, Value) else ():
            if isinstance((self._scope.numbers or {}).get(name), SequenceNumber):
                node.fault(
                    f"{path} 不能用序号 {name},要用 form 号码", f"{path} can't be the sequence {name}; use a form"
                )

    def _withdrawal(self, keys: dict[str, Node], sheet: Sheet) -> dict[str, Value]:
        node = keys.get("withdraws")
        if node is None:
            return {}
        name = node.text()
        if not sheet.type.withdraws:
            node.fault(f"{sheet.type.code} 不是撤回记录", f"{sheet.type.code} is no withdrawal")
            return {}
        if name not in self._scope.records:
            node.fault(
                *unknown_word(
                    f"前面没有名为 {name} 的记录", f"there is no earlier record named {name}", name, self._scope.records
                )
            )
            return {}
        kind, key = sheet.type.roles[Role.TARGET_TYPE], sheet.type.roles[Role.TARGET_KEY]
        return {
            kind: Value(Constant(self._scope.records[name]), where=kind),
            key: Value(KeyOf(name), where=key, origin=name),
        }

    def _fields(self, node: Node, sheet: Sheet) -> dict[str, "Value | Repeat | Listed"]:
        fields: dict[str, Value | Repeat | Listed] = {}
        for name, spec in node.items():
            element = self._element(name, sheet)
            if element is not None:
                fields[name.value] = self._field(spec, sheet, element)
        for path in fields:
            for other in fields:
                if other.startswith(f"{path}/"):
                    node.fault(f"{path} 和 {other} 不能同时写", f"{path} and {other} can't both be given")
        return fields

    def _element(self, name: Node, sheet: Sheet) -> Element | None:
        path = name.value
        element = sheet.shape.find(path)
        if path in sheet.slots:
            name.fault(f"{path} 由台账给出,不能写", f"{path} is given by the ledger")
            return None
        if element is None:
            name.fault(*_unknown(path, sheet.shape))
            return None
        if element.kind == "extension":
            name.fault("扩展元素不能由映射写", "extensions can't be mapped")
            return None
        return element

    def _field(self, node: Node, sheet: Sheet, element: Element) -> "Value | Repeat | Listed":
        plural = node.is_list or (node.is_map and not set(KINDS).isdisjoint(node.value))
        if plural and element.max == 1:
            node.fault(f"{element.path} 只能有一个,不能重复", f"{element.path} occurs once only")
        if node.is_list:
            return Listed(tuple(self._occurrence(item, sheet, element) for item in node.list()))
        if plural:
            return self._repeat(node, sheet, element)
        if element.kind == "group":
            children = " ".join(f"{element.path}/{child.name}" for child in element.children)
            node.fault(f"{element.path} 是一组元素,请写 {children}", f"{element.path} is a group: write {children}")
            return Listed(())
        return self._values.read(node, sheet.target(element))

    def _occurrence(self, node: Node, sheet: Sheet, element: Element) -> Value | Group:
        if element.kind != "group":
            return self._values.read(node, sheet.target(element))
        keys = node.keys(("fields", "when"), ("fields",))
        if "fields" not in keys:
            return Group({})
        return Group(_below(self._values, keys["fields"], sheet, element), self._values.condition(keys.get("when")))

    def _repeat(self, node: Node, sheet: Sheet, element: Element) -> Repeat:
        keys = node.keys((*_PLURAL, *SOURCES, *STEPS))
        items, aliases = ItemReader(self._scope, self._values, self._nulls).read(
            node, {key: spec for key, spec in keys.items() if key in KEYS}
        )
        when = self._values.condition(keys.pop("when", None))
        reader = ValueReader(replace(self._scope, items=self._scope.items | aliases), self._tables)
        fields = keys.get("fields")
        steps = {key: spec for key, spec in keys.items() if key not in _PLURAL}
        if element.kind != "group":
            if fields:
                fields.fault(f"{element.path} 没有下级元素", f"{element.path} has no elements below it")
            piece = FromItem(next(iter(aliases), "text"))
            return Repeat(items, reader.read_keys(node, steps, sheet.target(element), piece), when)
        for key, spec in steps.items():
            spec.fault(f"{key} 应写在 fields 里的元素上", f"{key} belongs to an element under fields")
        if fields is None:
            node.fault(f"{element.path} 是一组元素,请加 fields:", f"{element.path} is a group: add fields:")
            return Repeat(items, {}, when)
        return Repeat(items, _below(reader, fields, sheet, element), when)

    def _volatile(self, node: Node | None, sheet: Sheet, fields: Fields) -> frozenset[str]:
        declared = set()
        for entry in node.list() if node else ():
            path = entry.text()
            if path not in fields:
                entry.fault(f"fields 里没有 {path}", f"{path} is not among fields")
            declared.add(path)
        for path, spec in fields.items():
            if any(
                self._scope.columns[name].volatile
                for name in columns_of(spec, self._scope.values)
                if name in self._scope.columns
            ):
                declared.add(path)
        return frozenset(declared)


def _below(reader: ValueReader, node: Node, sheet: Sheet, element: Element) -> dict[str, Value | Repeat | Listed]:
    """Read the fields of one occurrence of a group; their paths begin below it."""
    fields: dict[str, Value | Repeat | Listed] = {}
    for name, spec in node.items():
        child = sheet.shape.find(f"{element.path}/{name.value}")
        if child is None or child.kind in ("group", "extension"):
            below = " ".join(part.path[len(element.path) + 1 :] for part in element.walk() if part is not element)
            name.fault(
                f"{element.path} 下没有元素 {name.value};有:{below}",
                f"{element.path} has no {name.value}; it has: {below}",
            )
        else:
            fields[name.value] = reader.read(spec, sheet.target(child))
    _demand(node, element.children, {f"{element.path}/{path}": spec for path, spec in fields.items()}, frozenset())
    return fields


def _unknown(path: str, shape: Shape) -> tuple[str, str]:
    by_pinyin = [element.path for element in shape.walk() if element.pinyin and element.pinyin == path.upper()]
    near = by_pinyin or difflib.get_close_matches(path, [element.path for element in shape.walk()], 3)
    zh = f",是否应为 {' '.join(near)}" if near else ""
    en = f", did you mean {' '.join(near)}" if near else ""
    return f"{shape.type} 没有元素 {path}{zh}", f"{shape.type} has no element {path}{en}"


def _demand(node: Node, elements: tuple[Element, ...], fields: Fields, slots: frozenset[str]) -> None:
    """Fault every element that the schema demands and nothing fills."""
    for element in elements:
        below = any(path.startswith(f"{element.path}/") for path in fields)
        if element.path in fields or element.path in slots:
            continue
        if below:
            _demand(node, element.children, fields, slots)
        elif element.min > 0:
            node.fault(
                f"缺少必填元素 {element.path}({element.label.zh})",
                f"mandatory element {element.path} ({element.label.en}) is not mapped",
            )
