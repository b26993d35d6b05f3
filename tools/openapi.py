# SPDX-License-Identifier: Apache-2.0
"""Write the OpenAPI page of PowerExchange's REST face from the pack's XSD; ``--check`` fails where it is not current.

JSON bodies have the names and the order of the XSD. What the XSD leaves open is XML text: a record's ``payload`` (its
canonical document, over which contentDigest runs) and the ``Signature``.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.documents import safexml
from gateway.pack import Pack, load_pack

if TYPE_CHECKING:
    from lxml.etree import _Element

XS = "{http://www.w3.org/2001/XMLSchema}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
FILE = "openapi/power-exchange.json"
BASE = "/exchange/v1"

ROUTES: Mapping[str, tuple[str, str]] = {
    "Ping": ("get", "/ping"),
    "GetVersion": ("get", "/version"),
    "SubmitPackage": ("post", "/packages"),
    "QueryReceipt": ("get", "/receipts"),
    "GetStatement": ("get", "/statements"),
    "GetKeys": ("get", "/keys"),
    "FetchNotices": ("get", "/notices"),
    "AckNotices": ("post", "/notices/acknowledgements"),
}
"""Method and path by operation; the arguments of a ``get`` are query parameters of the same names."""

BUILT_IN: Mapping[str, dict[str, Any]] = {
    "xs:string": {"type": "string"},
    "xs:boolean": {"type": "boolean"},
    "xs:date": {"type": "string", "format": "date"},
    "xs:dateTime": {"type": "string", "format": "date-time"},
    "xs:positiveInteger": {"type": "integer", "minimum": 1},
    "xs:nonNegativeInteger": {"type": "integer", "minimum": 0},
    "xs:ID": {"type": "string"},
}
WILDCARDS = {"##targetNamespace": "payload", "http://www.w3.org/2000/09/xmldsig#": "Signature"}
ABOUT_WILDCARDS = {
    "payload": "记录的规范形式 XML 文本 / the record's canonical document, XML text",
    "Signature": "XML 签名文本 / the XML signature, XML text",
}


class Messages:
    """The components of exchange.xsd as JSON schemas."""

    def __init__(self, path: Path) -> None:
        """Read the global components of ``path``."""
        root = safexml.parse(path.read_bytes())
        self.elements = {node.get("name", ""): node for node in root.iterchildren(f"{XS}element")}
        self.types = {node.get("name", ""): node for node in root.iterchildren(f"{XS}complexType", f"{XS}simpleType")}

    def schemas(self) -> dict[str, Any]:
        """Return every named type, and every message whose type has no name."""
        named = {name: self._type(node) for name, node in self.types.items()}
        for name, node in self.elements.items():
            inner = node.find(f"{XS}complexType")
            if inner is not None:
                named[name] = {**words(node), **self._type(inner)}
        return dict(sorted(named.items()))

    def parts(self, name: str) -> list["_Element"]:
        """Return the child elements of a message."""
        inner = self.elements[name].find(f"{XS}complexType")
        return [] if inner is None else list(inner.iter(f"{XS}element"))

    def part(self, node: "_Element") -> tuple[str, dict[str, Any], bool]:
        """Return name, schema and obligation of a child element."""
        name = node.get("name", "") or node.get("ref", "")
        schema = self._named(node.get("type", "") or self.elements[name].get("type", ""))
        if words(node):
            schema = {**words(node), **schema}
        if node.get("maxOccurs", "1") != "1":
            schema = {"type": "array", "items": schema}
            if node.get("maxOccurs") != "unbounded":
                schema["maxItems"] = int(node.get("maxOccurs", ""))
            if node.get("minOccurs", "1") != "0":
                schema["minItems"] = 1
        return name, schema, node.get("minOccurs", "1") != "0"

    def _named(self, name: str) -> dict[str, Any]:
        return dict(BUILT_IN[name]) if name in BUILT_IN else {"$ref": f"#/components/schemas/{name}"}

    def _type(self, node: "_Element") -> dict[str, Any]:
        restriction = node.find(f"{XS}restriction")
        if restriction is not None:
            return {**words(node), **self._simple(restriction)}
        properties: dict[str, Any] = {}
        required: list[str] = []
        for attribute in node.iterfind(f"{XS}attribute"):
            properties[attribute.get("name", "")] = self._named(attribute.get("type", ""))
            required.append(attribute.get("name", ""))
        group = next(iter(node.iterchildren(f"{XS}sequence", f"{XS}choice")))
        for child in group.iterchildren(f"{XS}element", f"{XS}any"):
            if child.tag == f"{XS}any":
                name = WILDCARDS[child.get("namespace", "")]
                properties[name] = {"type": "string", "description": ABOUT_WILDCARDS[name]}
                must = True
            else:
                name, properties[name], must = self.part(child)
            if must:
                required.append(name)
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if group.tag == f"{XS}choice":
            schema["oneOf"] = [{"required": [name]} for name in required]
        elif required:
            schema["required"] = required
        return schema

    def _simple(self, restriction: "_Element") -> dict[str, Any]:
        schema = dict(BUILT_IN[restriction.get("base", "")])
        values = [facet.get("value") for facet in restriction.iterfind(f"{XS}enumeration")]
        if values:
            schema["enum"] = values
        for facet in restriction:
            match str(facet.tag).removeprefix(XS):
                case "pattern":
                    schema["pattern"] = f"^(?:{facet.get('value')})$"
                case "minLength" | "maxLength" as name:
                    schema[name] = int(facet.get("value", ""))
                case _:
                    pass
        return schema


def words(node: "_Element") -> dict[str, Any]:
    """Return the label of a component in both languages as a description."""
    found = node.findall(f"{XS}annotation/{XS}documentation")
    texts = [doc.text or "" for doc in sorted(found, key=lambda doc: doc.get(LANG) != "zh")]
    return {"description": " / ".join(texts)} if texts else {}


def bodies(schema: str) -> dict[str, Any]:
    """Return a body that is XML, or JSON of the same names."""
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"application/xml": {"schema": reference}, "application/json": {"schema": reference}}


def operation(messages: Messages, name: str, method: str) -> dict[str, Any]:
    """Return one operation."""
    found: dict[str, Any] = {"operationId": name, "summary": words(messages.elements[name])["description"]}
    if method == "post":
        found["requestBody"] = {"required": True, "content": bodies(name)}
    else:
        parameters = []
        for node in messages.parts(name):
            argument, schema, must = messages.part(node)
            alone = node.getparent().tag == f"{XS}sequence"  # type: ignore[union-attr]
            about = schema.pop("description", argument)
            parameters.append(
                {"name": argument, "in": "query", "required": must and alone, "description": about, "schema": schema}
            )
        if parameters:
            found["parameters"] = parameters
    fault = {"description": "交换错误 / fault", "content": bodies("ExchangeFault")}
    answer = words(messages.elements[f"{name}Response"])["description"]
    found["responses"] = {
        "200": {"description": answer, "content": bodies(f"{name}Response")},
        "400": fault,
        "403": fault,
        "503": fault,
    }
    return found


def page(pack: Pack) -> str:
    """Return the text of the OpenAPI page (JSON, UTF-8)."""
    messages = Messages(pack.root / "xsd" / "exchange.xsd")
    paths: dict[str, Any] = {}
    for name, (method, path) in ROUTES.items():
        paths.setdefault(path, {})[method] = operation(messages, name, method)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{pack.title.zh} · PowerExchange",
            "version": pack.version,
            "summary": pack.edition,
            "description": "REST 形式与 SOAP 服务 PowerExchange 的操作、字段一一对应;由 tools/openapi.py 按 XSD 生成。 / "
            "The operations and fields of the SOAP service PowerExchange; written from the XSD by tools/openapi.py.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"https://localhost{BASE}", "description": "地址由各站点确定 / the address is the site's"}],
        "security": [{"certificate": []}],
        "paths": paths,
        "components": {
            "schemas": messages.schemas(),
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "登记的客户端证书 / a registered client certificate",
                }
            },
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on any difference")
    check: bool = parser.parse_args(arguments).check
    pack = load_pack()
    path = pack.root / FILE
    text = page(pack)
    if not check:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        sys.stderr.write(f"{FILE}: not current, run tools/openapi.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
