# SPDX-License-Identifier: Apache-2.0
"""JSON bodies as the pack's OpenAPI says: the same elements by the same names, turned into the messages and back."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.documents.render import NAMESPACE, escape_text
from gateway.documents.safexml import Element, canonical
from gateway.errors import BadGateway

_DEPTH: Final = 16
_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,100}")


class JsonForm:
    """Messages as JSON; the schemas of the OpenAPI document decide what is a list, a number or XML text."""

    def __init__(self, openapi: Path) -> None:
        """Read the pack's document."""
        self.document: Mapping[str, Any] = json.loads(openapi.read_text("utf-8"))
        self._schemas: Mapping[str, Any] = self.document["components"]["schemas"]

    def to_xml(self, name: str, data: bytes) -> bytes:
        """Return the request element ``name`` that a JSON body stands for; raises BadGateway where it is not of it."""
        try:
            value = json.loads(data, parse_float=str, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadGateway("不是 JSON / not JSON") from None
        return self._element(name, self._schemas[name], value, f' xmlns="{NAMESPACE}"', 0).encode()

    def _element(self, name: str, schema: Mapping[str, Any], value: Any, space: str, depth: int) -> str:
        schema = self._resolved(schema)
        if depth > _DEPTH:
            raise _wrong(name)
        if schema.get("type") != "object":
            return f"<{name}{space}>{_text(name, schema, value)}</{name}>"
        properties: Mapping[str, Any] = schema["properties"]
        if not isinstance(value, dict) or set(value) - set(properties):
            raise _wrong(name)
        if set(schema.get("required", ())) - set(value):
            raise _wrong(name)
        parts: list[str] = []
        attributes = space
        for child, rule in properties.items():
            if child not in value:
                continue
            if child == "Id":
                attributes += f' Id="{_token(child, value[child])}"'
            elif child in ("Signature", "payload"):
                parts.append(_xml_text(child, value[child]))
            elif rule.get("type") == "array":
                parts += [self._element(child, rule["items"], each, "", depth + 1) for each in _list(child, value)]
            else:
                parts.append(self._element(child, rule, value[child], "", depth + 1))
        return f"<{name}{attributes}>{''.join(parts)}</{name}>"

    def to_json(self, element: Element) -> bytes:
        """Return the JSON form of a response element."""
        name = _local(element)
        value = self._value(element, self._schemas[name])
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def _value(self, element: Element, schema: Mapping[str, Any]) -> Any:
        schema = self._resolved(schema)
        if schema.get("type") != "object":
            text = element.text or ""
            return int(text) if schema.get("type") == "integer" else text
        properties: Mapping[str, Any] = schema["properties"]
        told: dict[str, Any] = {}
        if "Id" in properties and element.get("Id") is not None:
            told["Id"] = element.get("Id")
        for child in element:
            name = _local(child)
            if name == "Signature":
                told[name] = canonical(child).decode()
            elif name not in properties:
                told["payload"] = canonical(child).decode()
            elif properties[name].get("type") == "array":
                told.setdefault(name, []).append(self._value(child, properties[name]["items"]))
            else:
                told[name] = self._value(child, properties[name])
        for name, rule in properties.items():
            if rule.get("type") == "array" and name in schema.get("required", ()):
                told.setdefault(name, [])
        return told

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref")
        return schema if reference is None else self._resolved(self._schemas[reference.rpartition("/")[2]])


def _refuse_constant(_text: str) -> Any:
    raise ValueError


def _text(name: str, schema: Mapping[str, Any], value: Any) -> str:
    if schema.get("type") == "integer":
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong(name)
        return str(value)
    if not isinstance(value, str):
        raise _wrong(name)
    return escape_text(value)


def _token(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _wrong(name)
    return value


def _xml_text(name: str, value: Any) -> str:
    """Take XML text as it stands; whether it is one element and what it holds, the message's own checks tell."""
    if not isinstance(value, str) or not value.startswith("<") or not value.endswith(">"):
        raise _wrong(name)
    return value


def _list(name: str, value: Mapping[str, Any]) -> list[Any]:
    found = value[name]
    if not isinstance(found, list):
        raise _wrong(name)
    return found


def _wrong(name: str) -> BadGateway:
    return BadGateway(f"{name}: 不符合接口规范 / not of the contract")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
