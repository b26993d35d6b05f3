# SPDX-License-Identifier: Apache-2.0
"""Reading what a client sent, also where it is wrong: by local names, in any encoding, damaged XML mended."""

import hashlib
import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from gateway_conformance.capture import CapturedRecord
from gateway_conformance.standin.log import Package
from gateway_reference import wire
from gateway_reference.wire import Refusal

_DOCTYPE: Final = re.compile(rb"<!DOCTYPE[^\[>]*(\[.*?\])?[^>]*>", re.DOTALL)
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufeff]")
OPERATIONS: Final = frozenset(
    {"Ping", "GetVersion", "QueryReceipt", "GetStatement", "GetKeys", "FetchNotices", "AckNotices"}
)
_MEMBERS: Final = ("recordId", "key", "version", "contentDigest")


def tree(body: bytes) -> tuple[etree._Element, bool]:
    """Return the root of a message and whether it had to be mended; raises Refusal where nothing can be made of it."""
    try:
        return wire.parse(body), False
    except Refusal:
        found = _mended(body)
        if found is None:
            raise
        return found, True


def _mended(body: bytes) -> etree._Element | None:
    declared = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w-]+)", body)
    names = [declared.group(1).decode("ascii") if declared else "utf-8", "utf-8", "gb18030"]
    for name in names:
        try:
            text = body.decode(name)
        except (UnicodeError, LookupError):
            continue
        plain = _CONTROLS.sub("", _DECLARATION.sub("", text.lstrip("\ufeff"), count=1))
        root = wire.parse_damaged(_DOCTYPE.sub(b"", plain.encode(), count=1))
        whole = root is not None and (len(root) > 0 or local(root) in OPERATIONS)
        return root if whole else None
    return None


def local(element: etree._Element) -> str:
    """Return the local name of an element."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def child(element: etree._Element, name: str, *, deep: bool = False) -> etree._Element | None:
    """Return the first child (``deep``: descendant or self) of a local name."""
    return next((each for each in (element.iter() if deep else element) if local(each) == name), None)


def text(element: etree._Element | None, name: str) -> str:
    """Return the text of a child, or empty."""
    found = None if element is None else child(element, name)
    return "" if found is None else (found.text or "").strip()


def package(root: etree._Element, type_of: Callable[[bytes], str], document: bytes) -> Package | None:
    """Return the package in a message, or None where it holds none."""
    found = child(root, "Package", deep=True)
    if found is None:
        return None
    head, body = child(found, "Head"), child(found, "Body")
    told = {} if head is None else {local(each): (each.text or "").strip() for each in head}
    voided = () if head is None else tuple((each.text or "").strip() for each in head if local(each) == "voided")
    held = [each for each in (() if body is None else body) if local(each) == "Record"]
    lines = "".join("|".join(text(each, name) for name in _MEMBERS) + "\n" for each in held)
    records = [record for each in held if (record := _record(each, type_of)) is not None]
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return Package(told.get("packageId", ""), told, voided, records, digest, document)


def _record(element: etree._Element, type_of: Callable[[bytes], str]) -> CapturedRecord | None:
    payload = next((each for each in reversed(element) if local(each) and local(each) not in _MEMBERS), None)
    if payload is None:
        return None
    document = wire.canonical(payload)
    version = text(element, "version")
    return CapturedRecord(
        text(element, "key"), int(version) if version.isdecimal() and len(version) < 10 else 0,
        text(element, "contentDigest"), text(element, "recordId"), document, hashlib.sha256(document).hexdigest(),
        type_of(document),
    )  # fmt: skip
