# SPDX-License-Identifier: Apache-2.0
"""A loaded standard pack (标准包) and its loader: the only place that knows how the pack's files are laid out."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from gateway import resources
from gateway.errors import ConfigurationError
from gateway.model.record_type import LaneKind, RecordType, Role
from gateway.model.words import Words
from gateway.pack.code_list import CodeList, CodeLists
from gateway.pack.dictionary import Dictionary, read_dictionary
from gateway.pack.files import pack_digest
from gateway.pack.schema import SchemaFiles
from gateway.pack.shape import Shape

DEFAULT = "jiangxi-1.0"


@dataclass(frozen=True)
class Pack:
    """One version of the standard: record types, shapes, code lists, and where its files are."""

    name: str
    root: Path
    version: str
    namespace: str
    code_list_version: str
    title: Words
    edition_words: Words
    schema_path: Path
    wsdl_path: Path
    types: Mapping[str, RecordType]
    by_element: Mapping[str, RecordType]
    code_lists: Mapping[str, CodeList]
    _schema: SchemaFiles = field(repr=False)
    _shapes: dict[str, Shape] = field(default_factory=dict, repr=False)

    @property
    def edition(self) -> str:
        """The edition in both languages: it says that this is not the official text."""
        return f"{self.edition_words.zh} ({self.edition_words.en})"

    @property
    def digest(self) -> str:
        """SHA-256 hex over all files of the pack: stored with what was judged by it."""
        return pack_digest(self.root)

    @cached_property
    def dictionary(self) -> Dictionary:
        """The data dictionary; raises ConfigurationError when the pack's file is not well made."""
        return read_dictionary(self.root / "dictionary.csv")

    def shape(self, code: str) -> Shape:
        """Return the element tree of record type ``code``; raises KeyError for a type the pack lacks."""
        if code not in self._shapes:
            kind = self.types[code]
            self._shapes[code] = self._schema.shape(code, kind.element, self.namespace)
        return self._shapes[code]

    def code_list_of(self, code: str, path: str) -> CodeList | None:
        """Return the code list that the element at ``path`` of record type ``code`` is held to, None for none."""
        name = self._bindings.get((code, path)) or self._bindings.get(("*", path))
        return self.code_lists[name] if name else None

    @cached_property
    def _bindings(self) -> Mapping[tuple[str, str], str]:
        """Names of code lists by record type (or ``*``) and path, from ``checks.toml``."""
        checks = self.toml("checks.toml")
        return {
            (kind, path): bound["list"]
            for bound in (*checks["codes"], checks["region"])
            for kind, _, path in (address.partition("/") for address in bound["at"])
        }

    def toml(self, name: str) -> dict[str, Any]:
        """Return the parsed TOML file ``name`` of the pack (rules read ``checks.toml`` and ``findings.toml``)."""
        return _toml(self.root / name)


def load_pack(name: str = DEFAULT, root: Path | None = None) -> Pack:
    """Load the pack ``name`` from ``root`` (default: the packs that ship with the gateway), once per process.

    Raises:
        ConfigurationError: the pack is absent or contradicts itself.
    """
    try:
        folder = root or resources.find("schemas")
    except FileNotFoundError as fault:
        raise ConfigurationError(str(fault)) from fault
    return _load(folder.resolve() / name)


def pack_named(named: str) -> Pack:
    """Load the pack that a person names: a folder, or the name of one that ships with the gateway."""
    path = Path(named)
    return load_pack(path.resolve().name, path.resolve().parent) if path.is_dir() else load_pack(named)


@cache
def _load(root: Path) -> Pack:
    if not root.is_dir():
        raise ConfigurationError(f"pack {root.name}: no such folder in {root.parent}")
    about = _toml(root / "pack.toml")
    schema = SchemaFiles(root / about["schema"])
    types = _record_types(_toml(root / "roles.toml"))
    pack = Pack(
        name=about["name"],
        root=root,
        version=about["version"],
        namespace=about["namespace"],
        code_list_version=about["code_list_version"],
        title=Words(**about["title"]),
        edition_words=Words(**about["edition"]),
        schema_path=root / about["schema"],
        wsdl_path=root / about["wsdl"],
        types=types,
        by_element={kind.element: kind for kind in types.values()},
        code_lists=CodeLists(root / "codes"),
        _schema=schema,
    )
    _check_roles(pack)
    return pack


def _record_types(table: Mapping[str, Any]) -> dict[str, RecordType]:
    heads: Mapping[str, Mapping[str, str]] = table["heads"]
    return {
        code: RecordType(
            code=code,
            element=entry["element"],
            label=Words(entry["zh"], entry["en"]),
            category=entry["category"],
            rank=entry["rank"],
            lane=LaneKind(entry["lane"]),
            predecessors=tuple(entry["predecessors"]),
            roles={Role(role): path for role, path in {**heads[entry["head"]], **entry.get("roles", {})}.items()},
            withdraws=entry.get("withdraws", False),
            closes=entry.get("closes", False),
            notice=entry.get("notice", False),
        )
        for code, entry in table["types"].items()
    }


def _check_roles(pack: Pack) -> None:
    """Refuse a pack whose roles point at elements the schema lacks, or whose predecessors are no types."""
    for kind in pack.types.values():
        shape = pack.shape(kind.code)
        lost = [path for path in kind.roles.values() if shape.find(path) is None]
        lost += [code for code in kind.predecessors if code not in pack.types]
        if lost:
            raise ConfigurationError(
                f"pack {pack.name}: roles.toml: {kind.code} names {', '.join(lost)}, not in schema"
            )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise ConfigurationError(f"{path.name}: {fault}") from fault
