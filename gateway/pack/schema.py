# SPDX-License-Identifier: Apache-2.0
"""Read shapes out of the pack's XSD files by a plain walk.

The pack keeps to a restricted style: global elements of named complex types, ``xs:sequence``, group references,
``xs:extension`` of complex types and restrictions of simple types. Anything else is a fault of the pack.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.documents import safexml
from gateway.errors import ConfigurationError
from gateway.model.words import Words
from gateway.pack.shape import Element, Kind, Need, Shape

if TYPE_CHECKING:
    from lxml.etree import _Element

XS = "{http://www.w3.org/2001/XMLSchema}"
DICTIONARY = "{urn:jx:power-exchange:dictionary}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_INTEGERS = {"integer", "positiveInteger", "nonNegativeInteger", "int", "long"}
_BUILT_IN: Mapping[str, Kind] = {"date": "date", "dateTime": "dateTime", "decimal": "decimal", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Simple:
    """A simple type boiled down to what a mapping must know."""

    kind: Kind
    fraction_digits: int | None = None
    max_length: int | None = None
    values: tuple[str, ...] = ()


class SchemaFiles:
    """The global components of an XSD and all files that it includes."""

    def __init__(self, path: Path) -> None:
        """Read ``path`` and what it includes; raises ConfigurationError where a component is missing or foreign."""
        self.elements: dict[str, _Element] = {}
        self.types: dict[str, _Element] = {}
        self.groups: dict[str, _Element] = {}
        self._read(path.resolve(), set())

    def shape(self, code: str, element: str, namespace: str) -> Shape:
        """Return the shape of the global element ``element``."""
        try:
            node = self.elements[element]
            children = tuple(self._sequence(self.types[node.get("type", "")], "", node.get("type", "")))
        except KeyError as fault:
            raise ConfigurationError(f"pack: {code}: schema has no component {fault}") from None
        return Shape(code, element, namespace, _label(node), children)

    def simple(self, name: str) -> Simple:
        """Boil down a built-in (``xs:date``) or named simple type."""
        if name.startswith("xs:"):
            local = name[3:]
            return Simple("integer" if local in _INTEGERS else _BUILT_IN.get(local, "text"))
        restriction = self.types[name].find(f"{XS}restriction")
        if restriction is None:
            raise ConfigurationError(f"pack: simple type {name} is not a restriction")
        base = self.simple(restriction.get("base", ""))
        values = tuple(facet.get("value", "") for facet in restriction.findall(f"{XS}enumeration"))
        return Simple(
            base.kind,
            _facet(restriction, "fractionDigits", base.fraction_digits),
            _facet(restriction, "maxLength", base.max_length),
            values or base.values,
        )

    def _read(self, path: Path, seen: set[Path]) -> None:
        if path in seen:
            return
        seen.add(path)
        root = safexml.parse(path.read_bytes())
        for node in root.iterchildren("*"):
            name = node.get("name", "")
            if node.tag == f"{XS}include":
                self._read((path.parent / node.get("schemaLocation", "")).resolve(), seen)
            elif node.tag == f"{XS}element":
                self.elements[name] = node
            elif node.tag in (f"{XS}complexType", f"{XS}simpleType"):
                self.types[name] = node
            elif node.tag == f"{XS}group":
                self.groups[name] = node

    def _sequence(self, holder: "_Element", path: str, owner: str) -> Iterator[Element]:
        """Yield the elements of a complex type, a group or a sequence; ``owner`` names the type or group."""
        for node in holder.iterchildren("*"):
            if node.tag == f"{XS}element":
                yield self._element(node, path, owner)
            elif node.tag == f"{XS}group":
                yield from self._sequence(self.groups[node.get("ref", "")], path, node.get("ref", ""))
            elif node.tag == f"{XS}extension":
                yield from self._sequence(self.types[node.get("base", "")], path, node.get("base", ""))
                yield from self._sequence(node, path, owner)
            elif node.tag in (f"{XS}sequence", f"{XS}complexContent"):
                yield from self._sequence(node, path, owner)
            elif node.tag not in (f"{XS}annotation", f"{XS}any", f"{XS}attribute"):
                raise ConfigurationError(f"pack: {node.tag} is outside the schema style, line {node.sourceline}")

    def _element(self, node: "_Element", path: str, owner: str) -> Element:
        name, type_name = node.get("name", ""), node.get("type", "")
        own_path = f"{path}/{name}" if path else name
        named = self.types.get(type_name)
        children: tuple[Element, ...] = ()
        if named is not None and named.tag == f"{XS}complexType":
            children = tuple(self._sequence(named, own_path, type_name))
            simple = Simple("group" if children else "extension")
        else:
            simple = self.simple(type_name)
        entry = node.find(f"{XS}annotation/{XS}appinfo/{DICTIONARY}field")
        most = node.get("maxOccurs", "1")
        return Element(
            name=name,
            path=own_path,
            min=int(node.get("minOccurs", "1")),
            max=None if most == "unbounded" else int(most),
            kind=simple.kind,
            fraction_digits=simple.fraction_digits,
            max_length=simple.max_length,
            label=_label(node),
            pinyin=entry.get("code", "") if entry is not None else "",
            personal=entry.get("personal") if entry is not None else None,
            children=children,
            need=_need(entry),
            nillable=node.get("nillable") == "true",
            values=simple.values,
            type=type_name,
            declared=f"{owner}/{name}",
        )


def _need(entry: "_Element | None") -> Need:
    match entry.get("need", "O") if entry is not None else "O":
        case "M":
            return "M"
        case "C":
            return "C"
        case _:
            return "O"


def _facet(restriction: "_Element", name: str, inherited: int | None) -> int | None:
    facet = restriction.find(f"{XS}{name}")
    return inherited if facet is None else int(facet.get("value", ""))


def _label(node: "_Element") -> Words:
    texts = {doc.get(_LANG): doc.text or "" for doc in node.findall(f"{XS}annotation/{XS}documentation")}
    return Words(texts.get("zh", ""), texts.get("en", ""))
