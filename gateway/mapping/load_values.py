# SPDX-License-Identifier: Apache-2.0
"""Read values: one source, then steps in a fixed order, each checked against the kind that is wanted."""

import re
from dataclasses import replace
from typing import Final, Literal, cast

from gateway.mapping.conditions import read_condition
from gateway.mapping.load_guards import read_needed, read_plausible
from gateway.mapping.load_scope import Scope, Target
from gateway.mapping.load_steps import (
    check_constant,
    check_format,
    read_amount,
    read_default,
    read_extract,
    read_mask,
    read_touch,
)
from gateway.mapping.load_tables import TableReader
from gateway.mapping.model import (
    Column,
    Concat,
    Condition,
    Constant,
    Crosswalk,
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
from gateway.mapping.reading import Node, undeclared, unknown_word
from gateway.mapping.text import null_tokens

KINDS: Final = ("text", "date", "dateTime", "decimal", "integer", "boolean")
SOURCES: Final = ("from", "value", "const", "concat", "first", "number", "key_of", "row_id", "item", "text")
STEPS: Final = (
    "when", "null", "remove", "replace", "case", "pad", "extract", "no_match", "codes", "take", "on", "otherwise",
    "formats", "date_only_at", "unit", "thousands", "written", "plausible", "mask", "default", "empty", "separator", "as",
)  # fmt: skip
_FITTING: Final = {
    ("dateTime", "date"), ("date", "dateTime"), ("integer", "decimal"),
}  # fmt: skip
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)


class ValueReader:
    """Reads values in one scope."""

    def __init__(self, scope: Scope, tables: TableReader) -> None:
        self.scope = scope
        self._tables = tables

    def read(self, node: Node, target: Target) -> Value:
        """Read a column name or ``{source, steps…}``."""
        if not node.is_map:
            name = node.text()
            return self._finish(node, {}, target, self._column(node, name) if name else Constant(""))
        return self.read_keys(node, node.keys((*SOURCES, *STEPS)), target)

    def read_keys(self, node: Node, keys: dict[str, Node], target: Target, otherwise: Source | None = None) -> Value:
        """Read ``{source, steps…}`` whose keys are already apart; ``otherwise`` is the source when none is written."""
        sources = [key for key in keys if key in SOURCES]
        if not sources and otherwise is not None:
            return self._finish(node, keys, target, otherwise)
        if len(sources) != 1:
            node.fault(
                f"要写恰好一个来源({' '.join(SOURCES[:-1])}),现在有 {len(sources)} 个",
                f"exactly one source is wanted ({' '.join(SOURCES[:-1])}), there are {len(sources)}",
            )
            return Value(Constant(""), where=target.where)
        return self._finish(node, keys, target, self._source(sources[0], keys, target))

    def condition(self, node: Node | None) -> Condition | None:
        """Read a condition and check what it reads."""
        condition = None if node is None else read_condition(node)
        if node is None or condition is None:
            return None
        self.scope.used.update(condition.columns)
        for name in condition.columns:
            if name not in self.scope.columns:
                node.fault(*undeclared(name, self.scope.columns))
        for name in condition.items:
            if name not in self.scope.items:
                node.fault(*unknown_word(f"这里没有 item {name}", f"no item {name} here", name, self.scope.items))
        for name in condition.values:
            if name not in self.scope.values:
                node.fault(
                    *unknown_word(f"values 里还没有 {name}", f"there is no value {name} yet", name, self.scope.values)
                )
        return condition

    # -- sources

    def _source(self, kind: str, keys: dict[str, Node], target: Target) -> Source:
        node = keys[kind]
        match kind:
            case "from":
                return self._column(node, node.text(), keep="empty" in keys and keys["empty"].value == "keep")
            case "value":
                return self._named(node, target)
            case "const" | "text":
                return self._constant(node, target)
            case "concat":
                # literals between facts are no constants: without a fact there is no value
                parts = self._parts(node, replace(target, no_constant=None))
                return Concat(parts, keys["separator"].text() if "separator" in keys else "")
            case "first":
                return First(self._parts(node, target))
            case "number":
                return self._number(node)
            case "key_of":
                return self._key_of(node)
            case "item":
                return self._item(node)
            case _:
                pass
        if not node.flag():
            node.fault("写 row_id: true", "write row_id: true")
        return RowId()

    def _column(self, node: Node, name: str, *, keep: bool = False) -> FromColumn:
        if name and name not in self.scope.columns:
            node.fault(*undeclared(name, self.scope.columns))
        self.scope.used.add(name)
        if keep and name in self.scope.columns:
            # a second reading of the same cell, to which no null token applies
            kept = f"{name} (keep)"
            self.scope.columns.setdefault(kept, replace(self.scope.columns[name], nulls=frozenset({""})))
            self.scope.used.add(kept)
            return FromColumn(kept)
        return FromColumn(name)

    def _named(self, node: Node, target: Target) -> FromNamed:
        name = node.text()
        known = self.scope.values.get(name)
        if target.no_constant and known and self._may_be_constant(known):
            zh, en = target.no_constant
            node.fault(
                f"{target.where} 不能是常量,而 {name} 是:{zh}", f"{target.where} can't be constant, but {name} is: {en}"
            )
        if target.no_mask and known and self._masked(known):
            zh, en = target.no_mask
            node.fault(
                f"{target.where} 不能遮盖,而 {name} 是:{zh}", f"{target.where} can't be masked, but {name} is: {en}"
            )
        if name and name not in self.scope.values:
            node.fault(
                *unknown_word(
                    f"values 里没有(或还没有){name}", f"there is no value {name} (yet)", name, self.scope.values
                )
            )
        return FromNamed(name)

    def _constant(self, node: Node, target: Target) -> Constant:
        text = node.text()
        if node.value == "":
            node.fault("常量不能为空", "a constant can't be empty")
        if target.no_constant:
            node.fault(
                f"{target.where} 不能是常量:{target.no_constant[0]}",
                f"{target.where} can't be constant: {target.no_constant[1]}",
            )
        return Constant(text)

    def _may_be_constant(self, value: Value) -> bool:
        match value.source:
            case Constant():
                return value.lookup is None
            case FromNamed(name):
                return name in self.scope.values and self._may_be_constant(self.scope.values[name])
            case First(parts):
                return any(map(self._may_be_constant, parts))
            case _:
                return value.default is not None

    def _masked(self, value: Value) -> bool:
        if value.mask:
            return True
        match value.source:
            case FromNamed(name):
                return name in self.scope.values and self._masked(self.scope.values[name])
            case First(parts) | Concat(parts):
                return any(map(self._masked, parts))
            case _:
                return False

    def _parts(self, node: Node, target: Target) -> tuple[Value, ...]:
        parts = tuple(self.read(part, replace(target, kind=None)) for part in node.list())
        if node.is_list and not parts:
            node.fault("列表不能为空", "the list can't be empty")
        return parts

    def _number(self, node: Node) -> FromNumber:
        name = node.text()
        if self.scope.numbers is None:
            node.fault("这里不能用号码,只能在 records 里用", "numbers can be used under records only")
        elif name and name not in self.scope.numbers:
            node.fault(*unknown_word(f"numbers 里没有 {name}", f"there is no number {name}", name, self.scope.numbers))
        return FromNumber(name)

    def _key_of(self, node: Node) -> KeyOf:
        name = node.text()
        if name and name not in self.scope.records:
            node.fault(
                *unknown_word(
                    f"前面没有名为 {name} 的记录", f"there is no earlier record named {name}", name, self.scope.records
                )
            )
        return KeyOf(name)

    def _item(self, node: Node) -> FromItem:
        name = node.text()
        if name and name not in self.scope.items:
            names = " ".join(self.scope.items) or "-"
            node.fault(f"这里没有 item {name};可用:{names}", f"no item {name} here; there are: {names}")
        return FromItem(name)

    # -- steps

    def _finish(self, node: Node, keys: dict[str, Node], target: Target, source: Source) -> Value:
        value = Value(
            source,
            where=target.where,
            origin=self.origin(source),
            when=self.condition(keys.get("when")),
            nulls=null_tokens(keys["null"].texts()) if "null" in keys else frozenset(),
            extract=read_extract(keys),
            lookup=self._lookup(keys, target),
            fraction_digits=target.fraction_digits,
            touch=read_touch(keys),
            plausible=read_plausible(keys.get("plausible"), self.scope),
            needed=read_needed(keys),
        )
        given: Kind = "text" if value.extract or value.lookup or value.touch else self._given(node, source)
        kind: Kind = target.kind or given
        if "as" in keys:
            wanted = keys["as"].one_of(KINDS)
            if wanted and target.kind not in (None, wanted):
                keys["as"].fault(
                    f"目标是 {target.kind},不能写 as: {wanted}", f"the target is {target.kind}, not {wanted}"
                )
            kind = cast(Kind, wanted or kind)
        if given not in ("text", kind) and kind != "text" and (given, kind) not in _FITTING:
            node.fault(f"{given} 不能当 {kind} 用", f"{given} can't be used as {kind}")
        value = replace(value, given=given, kind=kind)
        if value.plausible and kind not in ("decimal", "integer"):
            keys["plausible"].fault("plausible 只用于数", "plausible is for numbers")
        check_constant(node, keys, value)
        value = read_mask(keys, read_amount(node, keys, value, self._declared(source)), target)
        return read_default(keys, self._dates(node, keys, value), target)

    def _given(self, node: Node, source: Source) -> Kind:
        if isinstance(source, FromNamed):
            known = self.scope.values.get(source.name)
            return known.kind if known else "text"
        if isinstance(source, First):
            kinds = {part.kind for part in source.parts}
            if len(kinds) > 1:
                node.fault(
                    f"first 的各部分类型不同:{' '.join(sorted(kinds))}",
                    f"parts differ in kind: {' '.join(sorted(kinds))}",
                )
            return next(iter(kinds), "text")
        return "text"

    def _declared(self, source: Source) -> Column | None:
        return self.scope.columns.get(source.name) if isinstance(source, FromColumn) else None

    def _lookup(self, keys: dict[str, Node], target: Target) -> Lookup | None:
        node = keys.get("codes")
        if node is None:
            for key in ("on", "otherwise", "take"):
                if key in keys:
                    keys[key].fault(f"{key} 要和 codes 一起写", f"{key} goes with codes")
            return None
        table = self._taken(node, self._table(node, target), keys.get("take"))
        on = keys["on"].text() if "on" in keys else None
        if on is not None and self._kind_of(on) not in ("date", "dateTime"):
            keys["on"].fault(
                f"on 要写 values 里一个日期值的名字,{on} 不是", f"on names a date under values; {on} is none"
            )
        if table.dated and on is None:
            node.fault(
                f"对照表 {table.name} 有生效期,请加 on: 日期值", f"crosswalk {table.name} has dates: add on: NAME"
            )
        otherwise = keys["otherwise"].text() if "otherwise" in keys else ""
        kept: Literal["refuse", "absent", "code"] = "code" if otherwise else "refuse"
        return Lookup(table, on, "absent" if otherwise == "absent" else kept, otherwise)

    def _table(self, node: Node, target: Target) -> Crosswalk:
        if node.is_map:
            return self._tables.inline(target.where, node)
        name = node.text()
        table = self.scope.tables.get(name)
        if table is None:
            if name:
                node.fault(
                    *unknown_word(f"tables 里没有 {name}", f"there is no crosswalk {name}", name, self.scope.tables)
                )
            return Crosswalk(name, {}, dated=False)
        return table

    def _taken(self, node: Node, table: Crosswalk, take: Node | None) -> Crosswalk:
        """Choose the column of a reference table; a plain crosswalk has none to choose."""
        if not table.columns:
            if take is not None:
                take.fault(f"对照表 {table.name} 只有代码一列", f"crosswalk {table.name} has codes only")
            return table
        names = " ".join(table.columns)
        if take is None:
            node.fault(f"参照表 {table.name} 请写 take: 列名,可用:{names}", f"add take: COLUMN, one of {names}")
            return table
        name = take.text()
        if name and name not in table.columns:
            take.fault(
                *unknown_word(
                    f"参照表 {table.name} 没有列 {name}", f"{table.name} has no column {name}", name, table.columns
                )
            )
        return table.columns.get(name, table)

    def _kind_of(self, name: str) -> Kind | None:
        value = self.scope.values.get(name)
        return value.kind if value else None

    def _dates(self, node: Node, keys: dict[str, Node], value: Value) -> Value:
        dated = value.kind in ("date", "dateTime")
        for key in ("formats", "date_only_at"):
            if key in keys and not dated:
                keys[key].fault(f"{key} 只用于日期,这里是 {value.kind}", f"{key} is for dates, this is {value.kind}")
        if not dated:
            return value
        at = keys["date_only_at"].text() if "date_only_at" in keys else None
        if at is not None and not _CLOCK.fullmatch(at):
            keys["date_only_at"].fault('应写成 "HH:mm:ss",如 "00:00:00"', 'write it as "HH:mm:ss", such as "00:00:00"')
        if value.kind == "dateTime" and value.given == "date" and at is None:
            node.fault(
                '只有日期而目标要时间:请写 date_only_at: "00:00:00"',
                'a bare date for a time: add date_only_at: "00:00:00"',
            )
        if value.given != "text":
            return replace(value, date_only_at=at)
        return replace(value, date_only_at=at, formats=self._formats(node, keys, value, at))

    def _formats(self, node: Node, keys: dict[str, Node], value: Value, at: str | None) -> tuple[str, ...]:
        column = self._declared(value.source)
        if "formats" in keys:
            chosen = keys["formats"].texts()
        elif column and column.formats:
            chosen = column.formats
        else:
            chosen = self.scope.formats.get(value.kind, ())
            if value.kind == "date" or at is not None:
                chosen += self.scope.formats.get("dateTime" if value.kind == "date" else "date", ())
        place = keys.get("formats", node)
        if not chosen:
            place.fault("没有日期格式:请写 formats: [yyyy-MM-dd]", "no date format: add formats: [yyyy-MM-dd]")
        for pattern in chosen:
            check_format(place, pattern, value, at)
        return chosen

    def origin(self, source: Source) -> str:
        """Return the source column, or columns, that findings name."""
        match source:
            case FromColumn(name):
                return self.scope.columns[name].name if name in self.scope.columns else name
            case FromNumber(name):
                return name
            case FromNamed(name):
                known = self.scope.values.get(name)
                return known.origin if known else name
            case Concat(parts) | First(parts):
                return ",".join(dict.fromkeys(part.origin for part in parts if part.origin))
            case FromItem(name):
                return self.scope.items.get(name, "")
            case KeyOf(record):
                return record
            case RowId():
                return "row_id"
            case Constant():
                return ""
