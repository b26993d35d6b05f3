# SPDX-License-Identifier: Apache-2.0
"""Bytes of the wire: hardened parsing, exclusive C14N, digests and identifiers (standard.md §4)."""

import hashlib
import uuid
from datetime import UTC, datetime, timedelta, timezone

from lxml import etree

NAMESPACE = "urn:jx:power-exchange:1.0"
SIGNATURE_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
RECORD_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
BEIJING = timezone(timedelta(hours=8))
STATEMENT_MODULUS = 1 << 256
_ENCODING_ERRORS = {
    etree.ErrorTypes.ERR_INVALID_ENCODING,
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
}


class Refusal(Exception):
    """A request, package or record is refused with a return code of standard.md §4.

    ``message`` is Chinese first, English after a slash, and never quotes a value of the record: it may be personal.
    """

    def __init__(self, code: str, message: str, *, path: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.path = path
        self.retry_after = retry_after


def name(local: str) -> str:
    """Return a name of the exchange's namespace in Clark notation."""
    return f"{{{NAMESPACE}}}{local}"


def parse(data: bytes) -> etree._Element:
    """Parse a document from outside; raises Refusal 1001 (not well-formed, DOCTYPE) or 1003 (not UTF-8).

    Comments are dropped while reading, as C14N drops them: what is digested is what is read. Entities are never
    expanded, nothing is fetched, and libxml2's own limits on depth and size stay on.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", 0) in _ENCODING_ERRORS:
            raise Refusal("1003", f"编码错误,须为 UTF-8 / not UTF-8, line {error.lineno}") from error
        raise Refusal("1001", f"XML 格式不良 / not well-formed, line {error.lineno}") from error
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.externalDTD is not None:
        raise Refusal("1001", "不接受 DOCTYPE / DOCTYPE is not accepted")
    if (document.encoding or "UTF-8").upper() not in {"UTF-8", "ASCII", "US-ASCII"}:
        raise Refusal("1003", "编码须为 UTF-8 / the encoding must be UTF-8")
    if next(root.iter(etree.ProcessingInstruction, etree.Entity), None) is not None:
        raise Refusal("1001", "不接受处理指令和实体 / processing instructions and entities are not accepted")
    return root


def parse_damaged(data: bytes) -> etree._Element | None:
    """Return what can be made of a document that is not well-formed, or None: for looking at it, never for taking it."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    found: etree._Element | None = etree.fromstring(data, parser)
    return found


def canonical(element: etree._Element) -> bytes:
    """Return the exclusive C14N (without comments) of an element, without its tail."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)


def digest(data: bytes) -> str:
    """Return SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def record_id(type_: str, key: str, version: int, content_digest: str) -> str:
    """Return the recordId: UUIDv5 over ``type|key|version|contentDigest``."""
    return str(uuid.uuid5(RECORD_NAMESPACE, f"{type_}|{key}|{version}|{content_digest}"))


def statement_term(key: str, version: int, content_digest: str) -> int:
    """Return what one head adds to the digest of its statement line."""
    return int.from_bytes(hashlib.sha256(f"{key}|{version}|{content_digest}".encode()).digest(), "big")


def text(element: etree._Element, local: str) -> str:
    """Return the text of a child that the schema has made sure of; absent children read as empty."""
    found = element.findtext(name(local))
    return (found or "").strip()


def number(value: str | None) -> int:
    """Read a positive number of the schema; raises Refusal 1002 above 2^31-1, which the schema cannot say."""
    digits = (value or "").strip().lstrip("+").lstrip("0") or "0"
    if len(digits) > 10 or int(digits) > 2**31 - 1:
        raise Refusal("1002", "数值过大 / a number is too large")
    return int(digits)


def escape(value: str) -> str:
    """Return text as canonical XML writes it between tags."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def now() -> str:
    """Return the wall clock as xs:dateTime with milliseconds and +08:00."""
    return datetime.now(UTC).astimezone(BEIJING).isoformat(timespec="milliseconds")
