# SPDX-License-Identifier: Apache-2.0
"""Read where occurrences come from: pieces of a text, numbered columns, places a pattern finds, detail rows."""

import re
from dataclasses import replace
from typing import Final

from gateway.mapping.load_scope import Scope, Target
from gateway.mapping.load_values import ValueReader
from gateway.mapping.model import Each, Found, FromColumn, Items, NumberedColumns, Rows, Split, Value
from gateway.mapping.reading import Node, undeclared, unknown_word

KINDS: Final = ("split", "columns", "find", "rows")
KEYS: Final = ("split", "by", "parts", "columns", "n", "find", "pattern", "between", "rows", "names")
BETWEEN: Final = " 　、，,；;。\n\t"
_NEEDS: Final = {"by": "split", "parts": "split", "n": "columns", "pattern": "find", "between": "find", "names": "rows"}

Aliases = dict[str, str]


class ItemReader:
    """Reads occurrences; ``nulls`` are the tokens that make a part absent."""

    def __init__(self, scope: Scope, values: ValueReader, nulls: frozenset[str]) -> None:
        self._scope, self._values, self._nulls = scope, values, nulls

    def read(self, node: Node, parts: dict[str, Node]) -> tuple[Items, Aliases]:
        """Return the occurrences and the names of their parts, each with the column that findings name."""
        kinds = [kind for kind in KINDS if kind in parts]
        if len(kinds) != 1:
            node.fault(f"{' '.join(KINDS)} 要写恰好一个", f"exactly one of {' '.join(KINDS)}")
            return NumberedColumns(()), {}
        for key, wanted in _NEEDS.items():
            if key in parts and wanted not in parts:
                parts[key].fault(f"{key} 要和 {wanted} 一起写", f"{key} goes with {wanted}")
        match kinds[0]:
            case "columns":
                return self._numbered(parts)
            case "split":
                return self._split(node, parts)
            case "find":
                return self._found(parts)
            case _:
                return self._rows(parts)

    def each(self, node: Node | None) -> tuple[Each | None, Aliases]:
        """Read ``each`` of a record: occurrences, and what tells those of one row apart."""
        if node is None:
            return None, {}
        keys = node.keys((*KEYS, "key"), ("key",))
        items, aliases = self.read(node, {name: spec for name, spec in keys.items() if name != "key"})
        names = keys["key"].texts() if "key" in keys else ()
        if "key" in keys and not names:
            keys["key"].fault(
                "写能区分各份的部分,如 key: [text]", "name the parts that tell them apart, such as key: [text]"
            )
        for name in names:
            if name and name not in aliases:
                keys["key"].fault(*unknown_word(f"这里没有 item {name}", f"no item {name} here", name, aliases))
        return Each(items, names), aliases

    def _split(self, node: Node, parts: dict[str, Node]) -> tuple[Split, Aliases]:
        value = self._values.read(parts["split"], Target("split", "text"))
        separators = parts["by"].texts() if "by" in parts else ()
        if not separators or "" in separators:
            parts.get("by", node).fault('请写分隔符 by: ["、"]', 'add separators, by: ["、"]')
            separators = ("、",)
        inner: str | None = None
        names: tuple[str, ...] = ("text",)
        if "parts" in parts:
            keys = parts["parts"].keys(("by", "names"), ("by", "names"))
            inner = keys["by"].text() if "by" in keys else None
            names = keys["names"].texts() if "names" in keys else names
        return Split(value, separators, self._nulls, inner or None, names), dict.fromkeys(names, value.origin)

    def _found(self, parts: dict[str, Node]) -> tuple[Found, Aliases]:
        value = self._values.read(parts["find"], Target("find", "text"))
        node = parts.get("pattern")
        between = parts["between"].text() if "between" in parts else BETWEEN
        names: tuple[str, ...] = ()
        pattern = ""
        if node is None:
            parts["find"].fault("请写 pattern: 正则,各部分写成 (?P<名字>…)", "add pattern with parts as (?P<name>…)")
        else:
            pattern = node.text()
            try:
                compiled = re.compile(pattern)
            except re.error as fault:
                node.fault(f"正则有误:{fault}", f"bad regular expression: {fault}", (fault.pos or 0) + int(node.quoted))
            else:
                names = tuple(compiled.groupindex)
                if not names:
                    node.fault("pattern 里要有 (?P<名字>…)", "pattern has no (?P<name>…)")
                if compiled.fullmatch(""):
                    node.fault("pattern 不能匹配空文本", "pattern must not match the empty text")
        return Found(value, pattern, between, names, self._nulls), dict.fromkeys(names, value.origin)

    def _rows(self, parts: dict[str, Node]) -> tuple[Rows, Aliases]:
        value = self._values.read(parts["rows"], Target("rows", "text"))
        names = parts["names"].texts() if "names" in parts else ()
        if not names:
            parts.get("names", parts["rows"]).fault(
                "请写用到明细的哪些列 names: [列, 列]", "name the columns of the detail rows, names: [A, B]"
            )
        half_width, nulls = False, self._nulls
        if isinstance(value.source, FromColumn) and value.source.name in self._scope.columns:
            column = self._scope.columns[value.source.name]
            half_width, nulls = column.half_width, column.nulls
            value = self._raw(value, value.source.name)
        return Rows(value, names, nulls, half_width), {name: f"{value.origin}.{name}" for name in names}

    def _raw(self, value: Value, name: str) -> Value:
        """Read the list as it is: narrowing its letters would break its quotes."""
        kept = f"{name} (rows)"
        self._scope.columns.setdefault(kept, replace(self._scope.columns[name], half_width=False))
        self._scope.used.add(kept)
        return replace(value, source=FromColumn(kept))

    def _numbered(self, parts: dict[str, Node]) -> tuple[NumberedColumns, Aliases]:
        bounds = [node.value for node in parts["n"].list()] if "n" in parts else []
        if len(bounds) != 2 or not all(isinstance(bound, int) for bound in bounds) or not bounds[0] <= bounds[1]:
            parts.get("n", parts["columns"]).fault("请写编号范围 n: [1, 5]", "add the range of numbers, n: [1, 5]")
            return NumberedColumns(()), {}
        names = {name.value: spec for name, spec in parts["columns"].items()}
        rows = tuple(
            tuple((alias, _numbered(spec.text(), n)) for alias, spec in names.items())
            for n in range(bounds[0], bounds[1] + 1)
        )
        for alias, column in (pair for row in rows for pair in row):
            self._scope.used.add(column)
            if column not in self._scope.columns:
                names[alias].fault(*undeclared(column, self._scope.columns))
        return NumberedColumns(rows), {alias: spec.text() for alias, spec in names.items()}


def _numbered(name: str, n: int) -> str:
    """Return ``A3`` for ``A{n}``; ``A{.n}`` is ``A``, ``A.2``, ``A.3`` as XML files and blocks number what repeats."""
    return name.replace("{n}", str(n)).replace("{.n}", "" if n == 1 else f".{n}")
