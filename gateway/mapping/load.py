# SPDX-License-Identifier: Apache-2.0
"""Load a mapping file: YAML to a checked model, every fault at once with its place."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, cast

from gateway import resources
from gateway.errors import ConfigurationError
from gateway.mapping.load_records import RecordReader
from gateway.mapping.load_scope import Scope, Target
from gateway.mapping.load_tables import TableReader
from gateway.mapping.load_unpack import packed_only, part_of, read_unpack
from gateway.mapping.load_values import ValueReader
from gateway.mapping.model import Column, FormNumber, Mapping, Number, Order, RecordRule, SequenceNumber, Value
from gateway.mapping.reading import Faults, Node, digest_of, read
from gateway.mapping.text import null_tokens
from gateway.model.words import Words
from gateway.pack import Pack

_TOP: Final = (
    "mapping", "title", "standard", "adapter", "null", "text", "formats", "unpack", "columns", "tables", "values", "numbers",
    "version_order", "ignore", "records",
)  # fmt: skip
_RANGE = re.compile(r"(.*)\{(\d+)\.\.(\d+)\}(.*)")
_HOLE = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_TRANSFORMS: Final = ("", "org9", "year")


def find_mapping(name: str, overlays: Sequence[Path] = ()) -> tuple[Path, tuple[Path, ...]]:
    """Return the file of the mapping ``name`` (``product/file.yaml``) and where its tables are looked for.

    Overlays (a site's own mapping folders) come before what ships with the gateway, for the mapping as for each table.

    Raises:
        ConfigurationError: no folder has it.
    """
    roots = [*overlays, resources.find("mappings")]
    folders = tuple((root / name).parent for root in roots)
    for root in roots:
        if (root / name).is_file():
            return root / name, folders
    raise ConfigurationError(f"mapping {name}: {', '.join(str(root) for root in roots)}")


def load_mapping(
    path: Path, pack: Pack, search: Sequence[Path] = (), shown: str | None = None, name: str | None = None
) -> Mapping:
    """Load the mapping at ``path`` for ``pack``; table files are looked for in ``search``, then beside ``path``.

    ``name`` is that of its file once it is put in place, where it is not yet: the version depends on it.

    Raises:
        MappingFaults: with every fault of the file (``file:line:column``).
    """
    faults = Faults()
    root = read(path, faults, shown)
    tables = TableReader([*search, path.parent])
    mapping = _Loader(root, path, pack, tables, name or path.name).load()
    faults.settle()
    return mapping


class _Loader:
    """One load; the order of the steps is that of what may speak of what."""

    def __init__(self, root: Node, path: Path, pack: Pack, tables: TableReader, name: str) -> None:
        self._name = name
        self._keys = root.keys(_TOP, ("mapping", "title", "standard", "columns", "records"))
        self._path = path
        self._pack = pack
        self._tables = tables
        self._scope = Scope()
        self._values = ValueReader(self._scope, tables)

    def load(self) -> Mapping:
        self._head()
        keys = self._keys
        tokens = keys["null"].texts() if "null" in keys else ()
        self._formats()
        unpack = read_unpack(keys.get("unpack"), null_tokens(tokens))
        self._scope.columns = {
            name: replace(column, part=part_of(name, unpack)) for name, column in self._columns(tokens).items()
        }
        packed_only(unpack, self._scope.columns, keys.get("unpack"))
        if "tables" in keys:
            self._scope.tables = {
                name.value: self._tables.read(name.value, node) for name, node in keys["tables"].items()
            }
        for name, node in keys["values"].items() if "values" in keys else ():
            self._scope.values[name.value] = self._values.read(node, Target(f"values.{name.value}"))
        numbers = self._numbers()
        order = self._order()
        self._scope.numbers = numbers
        records = self._records(null_tokens(tokens))
        ignore = self._values.condition(keys.get("ignore"))
        files = [(self._name, self._path.read_bytes()), *self._tables.files]
        return Mapping(
            path=self._path,
            version=digest_of(files),
            files=tuple(files),
            title=self._title(),
            standard=self._pack.name,
            columns=self._scope.columns,
            values=self._scope.values,
            numbers=numbers,
            records=records,
            order=order,
            ignore=ignore,
            adapter=keys["adapter"].text() if "adapter" in keys else None,
            tables=self._scope.tables,
            unpack=unpack,
            used=tuple(name for name in self._scope.columns if name in self._used()),
        )

    def _used(self) -> set[str]:
        """Return the columns that anything reads; what packs a column that is read is read too."""
        packed = {
            column.part[0] for name, column in self._scope.columns.items() if name in self._scope.used and column.part
        }
        return self._scope.used | packed

    def _head(self) -> None:
        version, standard = self._keys.get("mapping"), self._keys.get("standard")
        if version and version.value != 1:
            version.fault("格式版本应为 1", "the version of the format is 1")
        if standard and standard.text() != self._pack.name:
            standard.fault(f"标准包是 {self._pack.name}", f"the standard pack is {self._pack.name}")

    def _title(self) -> Words:
        node = self._keys.get("title")
        keys = node.keys(("zh", "en"), ("zh",)) if node else {}
        zh = keys["zh"].text() if "zh" in keys else ""
        return Words(zh, keys["en"].text() if "en" in keys else zh)

    def _formats(self) -> None:
        if "formats" in self._keys:
            for kind, node in self._keys["formats"].keys(("date", "dateTime")).items():
                self._scope.formats[kind] = node.texts()

    def _columns(self, tokens: tuple[str, ...]) -> dict[str, Column]:
        node = self._keys.get("columns")
        text = self._keys.get("text")
        narrow = (
            text is not None and "half_width" in (found := text.keys(("half_width",))) and found["half_width"].flag()
        )
        plain = Column("", nulls=null_tokens(tokens), half_width=narrow)
        if node is None:
            return {}
        pairs = [(name, None) for name in node.list()] if node.is_list else list(node.items())
        columns: dict[str, Column] = {}
        for name, spec in pairs:
            for written in _expand(name.text()):
                if written in columns:
                    name.fault(f"列 {written} 重复", f"column {written} repeats")
                columns[written] = _column(written, spec, plain)
        return columns

    def _numbers(self) -> dict[str, Number]:
        numbers: dict[str, Number] = {}
        for name, node in self._keys["numbers"].items() if "numbers" in self._keys else ():
            keys = node.keys(("form", "sequence", "subject", "shared"))
            subject = tuple(
                self._values.read(part, Target(f"numbers.{name.value}", "text"))
                for part in (keys["subject"].list() if "subject" in keys else ())
            )
            shared = keys["shared"].text() if "shared" in keys else None
            if "form" in keys:
                if not subject:
                    node.fault("form 号码要写 subject: [列…]", "a form needs subject: [columns…]")
                numbers[name.value] = self._form(name.value, keys["form"], subject, shared)
                continue
            if "sequence" not in keys or not keys["sequence"].flag():
                node.fault("要写 form: 或 sequence: true", "either form: or sequence: true")
            numbers[name.value] = SequenceNumber(name.value, subject, shared)
        return numbers

    def _form(self, name: str, node: Node, subject: tuple[Value, ...], shared: str | None) -> FormNumber:
        text = node.text()
        parts: list[str | tuple[str, Literal["", "org9", "year"]]] = []
        counters: list[tuple[int, int]] = []
        at = 0
        for hole in _HOLE.finditer(text):
            parts.append(text[at : hole.start()])
            at = hole.end()
            known, transform = hole[1], hole[2] or ""
            if known == "n":
                counters.append((len(parts), int(transform) if transform.isdigit() else 0))
                continue
            shift = hole.start() + int(node.quoted)
            if known not in self._scope.values:
                node.fault(f"values 里没有 {known}", f"there is no value {known}", shift)
            if transform not in _TRANSFORMS:
                node.fault(
                    f"没有变换 {transform};可用:org9 year", f"no transform {transform}; there are org9, year", shift
                )
            parts.append((known, cast(Literal["", "org9", "year"], transform)))
        parts.append(text[at:])
        if len(counters) != 1 or not 1 <= counters[0][1] <= 18:  # fits a 64-bit number
            node.fault("form 里要有恰好一个 {n:位数},如 {n:8}", "a form has exactly one {n:digits}, such as {n:8}")
            counters = [(0, 8)]
        return FormNumber(name, tuple(parts), *counters[0], subject, shared)

    def _order(self) -> Order | None:
        if "version_order" not in self._keys:
            return None
        keys = self._keys["version_order"].keys(("by", "row_id"), ("by",))
        by = tuple(
            self._values.read(part, Target("version_order")) for part in (keys["by"].list() if "by" in keys else ())
        )
        for value, node in zip(by, keys["by"].list() if by else (), strict=True):
            if value.kind in ("decimal", "boolean"):
                node.fault("次序只能用日期、整数或文本", "order goes by dates, integers or text")
        return Order(by, keys["row_id"].flag() if "row_id" in keys else True)

    def _records(self, nulls: frozenset[str]) -> tuple[RecordRule, ...]:
        node = self._keys.get("records")
        if node is None:
            return ()
        reader = RecordReader(self._pack, self._scope, self._tables, nulls)
        rules = [reader.read(entry) for entry in node.list()]
        if node.is_list and not rules:
            node.fault("至少写一条记录", "at least one record is wanted")
        return tuple(rule for rule in rules if rule is not None)


def _column(name: str, spec: Node | None, plain: Column) -> Column:
    if spec is None or spec.value is None:
        return Column(name, nulls=plain.nulls, half_width=plain.half_width)
    keys = spec.keys(("label", "type", "null", "half_width", "volatile", "optional", "formats", "unit"))
    return Column(
        name,
        integer="type" in keys and keys["type"].one_of(("text", "integer")) == "integer",
        nulls=null_tokens(keys["null"].texts()) if "null" in keys else plain.nulls,
        half_width=keys["half_width"].flag() if "half_width" in keys else plain.half_width,
        volatile="volatile" in keys and keys["volatile"].flag(),
        optional="optional" in keys and keys["optional"].flag(),
        label=keys["label"].text() if "label" in keys else "",
        formats=keys["formats"].texts() if "formats" in keys else (),
        unit=keys["unit"].text() if "unit" in keys else None,
    )


def _expand(name: str) -> list[str]:
    """Return ``A1 A2 A3`` for ``A{1..3}``; any other name stands for itself."""
    match = _RANGE.fullmatch(name)
    if match is None:
        return [name]
    return [f"{match[1]}{n}{match[4]}" for n in range(int(match[2]), int(match[3]) + 1)]


def standard_of(path: Path) -> str | None:
    """Return the name of the pack that the mapping at ``path`` is written for, or None; nothing else is checked."""
    return _said(path, "standard")


def adapter_of(path: Path) -> str | None:
    """Return the adapter that the mapping at ``path`` needs, or None when it needs none of its own."""
    return _said(path, "adapter")


def _said(path: Path, key: str) -> str | None:
    root = read(path, Faults())
    said = root.value.get(key) if root.is_map else None
    return str(said) if isinstance(said, str) else None
