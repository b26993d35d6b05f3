# SPDX-License-Identifier: Apache-2.0
"""WSDL and schemas of a service as an interface: canonical, and without the addresses at which they lie."""

import hashlib
import html
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from gateway.documents import safexml
from gateway.errors import RecordError
from gateway.semantics.interface import SOAP, Interface

MOST_FILES: Final = 100
_REFERENCE: Final = re.compile(r"(?:\sschemaLocation|<(?:[\w.-]+:)?import\b[^>]*?\slocation)\s*=\s*[\"']([^\"']+)[\"']")
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


def contract_files(address: str, get: Callable[[str], bytes]) -> dict[str, bytes]:
    """Return WSDL and schemas of a service by target, as far as they lie on the WSDL's own host; ``get`` fetches one.

    Raises what ``get`` raises, and ValueError where there are more than MOST_FILES.
    """
    todo, found = [address], dict[str, bytes]()
    host = _host(address)
    while todo:
        place = todo.pop()
        target = target_of(place)
        if target in found:
            continue
        if len(found) >= MOST_FILES:
            raise ValueError(f"> {MOST_FILES} files")
        found[target] = get(place)
        todo += [each for each in references(place, found[target]) if _host(each) == host]
    return found


def _host(address: str) -> tuple[str | None, int]:
    parts = urlsplit(address)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def references(address: str, body: bytes) -> list[str]:
    """Return the absolute addresses of what a file of the contract imports or includes."""
    text = body.decode("utf-8", "replace")
    return [urljoin(address, html.unescape(place.strip())) for place in _REFERENCE.findall(text)]


def target_of(address: str) -> str:
    """Return path and query of an address, as requests name it."""
    parts = urlsplit(address)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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
