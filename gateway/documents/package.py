# SPDX-License-Identifier: Apache-2.0
"""Packages (数据包) as bytes: one record a line, only the Head is signed (standard.md §4)."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from lxml import etree

from gateway.documents.contract import INSTANT, PARTY, SHA256, UUID, Children, moment
from gateway.documents.render import NAMESPACE, element, escape_text
from gateway.documents.safexml import canonical
from gateway.errors import BadGateway
from gateway.model.package import PackageHead, PackedRecord, Purpose

DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE: Final = f"{{{DSIG}}}Signature"
MOST_RECORDS: Final = 500

Sign: TypeAlias = Callable[[bytes], bytes]
"""Turns a Head in canonical form into the bytes of its ``ds:Signature``."""


class WireRecord(NamedTuple):
    """A record as it stands in a package; ``content_digest`` is hex as received, not yet recomputed."""

    record_id: str
    key: str
    version: int
    content_digest: str
    payload: "etree._Element"


class WirePackage(NamedTuple):
    """A package as received: structure checked, nothing trusted yet."""

    head: PackageHead
    records: tuple[WireRecord, ...]


def head_id(package_id: str) -> str:
    """Return the Id attribute of a package's Head."""
    return f"h-{package_id}"


def render_head(head: PackageHead) -> bytes:
    """Return the Head in exclusive canonical form: what is signed is what is sent."""
    parts = [
        f'<Head xmlns="{NAMESPACE}" Id="{head_id(head.package_id)}">',
        element("packageId", head.package_id),
        element("standardVersion", head.standard_version),
        element("senderCode", head.sender_code),
        element("receiverCode", head.receiver_code),
        element("createdAt", instant(head.created_at)),
        element("purpose", head.purpose.value),
        element("recordCount", head.record_count),
        element("bodyDigest", head.body_digest),
        element("codeListVersion", head.code_list_version),
        element("streamId", head.stream_id),
        element("packageSeq", head.package_seq),
        *(element("voided", package_id) for package_id in head.voided),
        "</Head>",
    ]
    return "".join(parts).encode()


def render_package(head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes], sign: Sign) -> bytes:
    """Return the whole package without an XML declaration, ready to stand in an envelope.

    ``documents`` are the canonical payloads of ``records``, in the same order.
    """
    signed = render_head(head)
    pieces = [b'<Package xmlns="%b">' % NAMESPACE.encode(), signed, b"<Body>\n"]
    for record, document in zip(records, documents, strict=True):
        pieces.append(
            f"<Record><recordId>{record.record_id}</recordId><key>{escape_text(record.key)}</key>"
            f"<version>{record.version}</version><contentDigest>{record.content_digest.hex()}</contentDigest>".encode()
        )
        pieces.append(document)
        pieces.append(b"</Record>\n")
    pieces += [b"</Body>", sign(signed), b"</Package>"]
    return b"".join(pieces)


def read_package(package: "etree._Element") -> WirePackage:
    """Read a ``Package`` element; raises BadGateway where it is not exactly of the contract.

    Says nothing about signature and digests: ``gateway.trust.signing.Verifier`` does.
    """
    if package.tag != f"{{{NAMESPACE}}}Package":
        raise BadGateway("不是 Package / not a Package")
    parts = Children(package)
    head, body = parts.element("Head"), parts.element("Body")
    parts.foreign(SIGNATURE)
    parts.end()
    if not 1 <= len(body) <= MOST_RECORDS:
        raise BadGateway(f"Body: 1..{MOST_RECORDS} Record")
    rest = Children(body)
    records = tuple(_read_record(rest.element("Record")) for _ in range(len(body)))
    return WirePackage(_read_head(head), records)


def recomputed_digest(record: WireRecord) -> str:
    """Return the contentDigest that the payload really has: SHA-256 hex of its exclusive canonical form."""
    return hashlib.sha256(canonical(record.payload)).hexdigest()


def wire_body_digest(records: Sequence[WireRecord]) -> str:
    """Return bodyDigest over the records as received (standard.md §4)."""
    lines = "".join(f"{r.record_id}|{r.key}|{r.version}|{r.content_digest}\n" for r in records)
    return hashlib.sha256(lines.encode()).hexdigest()


def instant(time: datetime) -> str:
    """Return an aware time of +08:00 as the wire writes it."""
    return time.isoformat(timespec="milliseconds")


def _read_record(record: "etree._Element") -> WireRecord:
    parts = Children(record)
    read = WireRecord(
        record_id=parts.text("recordId", UUID),
        key=parts.text("key"),
        version=parts.number("version"),
        content_digest=parts.text("contentDigest", SHA256),
        payload=parts.any_element(),
    )
    parts.end()
    return read


def _read_head(head: "etree._Element") -> PackageHead:
    parts = Children(head, frozenset({"Id"}))
    package_id = parts.text("packageId", UUID)
    read = PackageHead(
        package_id=package_id,
        standard_version=parts.text("standardVersion"),
        sender_code=parts.text("senderCode", PARTY),
        receiver_code=parts.text("receiverCode", PARTY),
        created_at=moment(parts.text("createdAt", INSTANT)),
        purpose=_purpose(parts.text("purpose")),
        record_count=parts.number("recordCount"),
        body_digest=parts.text("bodyDigest", SHA256),
        code_list_version=parts.text("codeListVersion"),
        stream_id=parts.text("streamId", UUID),
        package_seq=parts.number("packageSeq"),
        voided=_voided(parts),
    )
    parts.end()
    return read


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError:
        raise BadGateway("purpose: 不符合接口规范 / not of the contract") from None


def _voided(parts: Children) -> tuple[str, ...]:
    found: list[str] = []
    while (package_id := parts.text_if("voided", UUID)) is not None:
        found.append(package_id)
    return tuple(found)
