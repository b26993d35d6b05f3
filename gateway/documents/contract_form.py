# SPDX-License-Identifier: Apache-2.0
"""WSDL and schemas of a service as an interface: canonical, and without the addresses at which they lie."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from gateway.documents import safexml
from gateway.errors import RecordError
from gateway.semantics.interface import SOAP, Interface

_ADDRESS: Final = re.compile(r"https?://[^/\"'\s<>]+")


def service_interface(
    files: Mapping[str, bytes], certificates: Mapping[str, bytes] | None = None, version: str = ""
) -> Interface:
    """Return the interface of a SOAP service: digests of its WSDL and schemas, its certificates, the version it announces.

    ``files`` are documents by target (path and query, as in ``/department?wsdl``), ``certificates`` DER bytes by what
    they are for. White space between elements, comments and the order of attributes do not count, nor do host names:
    the test system and the live one have different ones.
    """
    parts = {_part(target): hashlib.sha256(_canonical(body)).hexdigest() for target, body in files.items()}
    for role, der in (certificates or {}).items():
        parts[f"certificate:{role}"] = hashlib.sha256(der).hexdigest()
    if version:
        parts["version:interface"] = version
    return Interface(SOAP, parts)


def _part(target: str) -> str:
    kind = "wsdl" if target.casefold().endswith("wsdl") else "schema"
    return f"{kind}:{target}"


def _canonical(body: bytes) -> bytes:
    try:
        root = safexml.parse(body)
    except RecordError:
        return _ADDRESS.sub("", body.decode("utf-8", "replace")).encode()  # what is no XML is compared as it is
    for element in root.iter():
        element.text, element.tail = _plain(element.text), _plain(element.tail)
        if isinstance(element.tag, str):
            for name, value in element.attrib.items():
                element.attrib[name] = _ADDRESS.sub("", str(value))
    return safexml.canonical(root)


def _plain(text: str | None) -> str | None:
    return None if text is None or not text.strip() else _ADDRESS.sub("", text)
