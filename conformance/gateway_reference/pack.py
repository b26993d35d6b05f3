# SPDX-License-Identifier: Apache-2.0
"""The pack's files as the reference systems read them: schemas, WSDL, record types. Nothing is fetched."""

import re
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from gateway_reference.wire import Refusal, name

NAME = "jiangxi-1.0"
DICTIONARY = "urn:jx:power-exchange:dictionary"
SCHEMA = "http://www.w3.org/2001/XMLSchema"


class PackMissing(Exception):
    """No pack directory was found; the message lists where it was looked for."""


def find(explicit: Path | None = None) -> Path:
    """Return the pack's directory: the one given, the source tree's, or the installed gateway's; raises PackMissing."""
    here = Path(__file__).resolve().parent
    candidates = (
        [explicit]
        if explicit
        else [
            here.parents[1] / "schemas" / NAME,
            here.parent / "gateway" / "_bundle" / "schemas" / NAME,
        ]
    )
    for candidate in candidates:
        if (candidate / "xsd" / "all.xsd").is_file():
            return candidate
    raise PackMissing("找不到标准包 / no pack found: " + ", ".join(map(str, candidates)))


@dataclass(frozen=True)
class Fault:
    """What the schema found wrong with one payload, without its values."""

    path: str
    message: str


class Pack:
    """Compiled schemas and tables of one pack; safe to share between threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._whole = _compile(root / "xsd" / "all.xsd")
        self._messages = _compile(root / "xsd" / "exchange.xsd")
        self.types = _types(root)
        about = tomllib.loads((root / "pack.toml").read_text("utf-8"))
        self.version: str = about["version"]
        self.code_list_version: str = about["code_list_version"]
        self._wsdl = root / about["wsdl"]

    def holds(self, element: etree._Element) -> bool:
        """Tell whether a message is valid with everything inside it."""
        with self._lock:
            return bool(self._whole.validate(element))

    def require_message(self, element: etree._Element) -> None:
        """Check a message without the payloads inside; raises Refusal 1002 for the whole of it."""
        with self._lock:
            if self._messages.validate(element):
                return
            entry = _first(self._messages)
        raise Refusal("1002", f"报文结构不符合模式 / message against the schema: {_kind(entry)}")

    def fault(self, payload: etree._Element) -> Fault | None:
        """Return the first fault of a payload element, or None when it is valid."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        copy = etree.fromstring(etree.tostring(payload, with_tail=False), parser)
        with self._lock:
            if self._whole.validate(copy):
                return None
            entry = _first(self._whole)
        return Fault(_path(copy, entry.path), f"{entry.type_name}")

    def wsdl(self, url: str) -> bytes:
        """Return the WSDL with ``url`` as its address and its schemas to be had from the same address."""
        source = self._wsdl.read_text("utf-8")
        source = re.sub(r'(<(?:\w+:)?address\s[^>]*location=")[^"]*(")', rf"\g<1>{url}\g<2>", source)
        return _own_schemas(source, url).encode()

    def schema(self, file: str, url: str) -> bytes | None:
        """Return one of the pack's XSD files with its includes pointing to ``url``, or None when there is none."""
        known = {path.name: path for path in (self.root / "xsd").glob("*.xsd")}
        return _own_schemas(known[file].read_text("utf-8"), url).encode() if file in known else None


def _compile(path: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    return etree.XMLSchema(etree.parse(str(path), parser))


def _first(schema: etree.XMLSchema) -> etree._LogEntry:
    log: Any = schema.error_log  # the stubs do not know that it is a sequence
    entry: etree._LogEntry = log[0]
    return entry


def _types(root: Path) -> dict[str, str]:
    """Return payload element (Clark name) to record type code, from the annotations of the schemas."""
    types: dict[str, str] = {}
    for path in sorted((root / "xsd").glob("*.xsd")):
        for element in etree.parse(str(path)).iterfind(f"{{{SCHEMA}}}element"):
            record = element.find(f"{{{SCHEMA}}}annotation/{{{SCHEMA}}}appinfo/{{{DICTIONARY}}}record")
            if record is not None:
                types[name(element.get("name", ""))] = record.get("code", "")
    return types


def _own_schemas(source: str, url: str) -> str:
    return re.sub(r'schemaLocation="(?:[^"]*/)?([\w.\-]+\.xsd)"', rf'schemaLocation="{url}?xsd=\g<1>"', source)


def _kind(entry: etree._LogEntry) -> str:
    found = re.match(r"Element '(?:\{[^}]*\})?([\w.\-]+)'", entry.message or "")
    return f"{entry.type_name} {found.group(1) if found else ''}".strip()


def _path(root: etree._Element, path: str | None) -> str:
    """Turn libxml2's ``/*/*[3]`` into names: ``penaltyDecision/party/name``."""
    found = root.getroottree().xpath(path) if path else []
    node: etree._Element | None = root
    if isinstance(found, list) and found and isinstance(found[0], etree._Element):
        node = found[0]
    names: list[str] = []
    while node is not None:
        parent = node.getparent()
        local = etree.QName(node).localname
        same = [] if parent is None else parent.findall(str(node.tag))
        names.append(f"{local}[{same.index(node) + 1}]" if len(same) > 1 else local)
        node = parent
    return "/".join(reversed(names))


__all__ = ["Fault", "Pack", "PackMissing", "find"]
