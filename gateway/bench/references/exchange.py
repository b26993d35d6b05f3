# SPDX-License-Identifier: Apache-2.0
"""What every reference shares: the rows of the department database, and packages and receipts as the wire wants them."""

import hashlib
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests

from gateway.bench.failure import BenchFailure
from gateway.bench.references.plan import System
from gateway.clock import SystemClock
from gateway.config import Configuration, DestinationSettings
from gateway.documents import safexml
from gateway.documents.package import render_head
from gateway.documents.render import NAMESPACE
from gateway.model.package import PackageHead, Purpose
from gateway.model.record import RECORD_NAMESPACE
from gateway.trust.signing import Signer, Verifier

CHUNK: Final = 500
ACTION: Final = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}/SubmitPackage"'}
_SPACE: Final = NAMESPACE.encode()
_NS: Final = f"{{{NAMESPACE}}}"
_CLOCK: Final = SystemClock()
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_RECORDS: Final = RECORD_NAMESPACE.bytes
_OPENING: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="%b"><soap:Body><SubmitPackage xmlns="%b">'
    b'<Package xmlns="%b">' % (_SOAP.encode(), _SPACE, _SPACE)
)
_CLOSING: Final = b"</Package></SubmitPackage></soap:Body></soap:Envelope>"


class Document(NamedTuple):
    """One record: its type, key and canonical document."""

    type: str
    key: str
    content: bytes


class Sent(NamedTuple):
    """One record as the wire names it; digest in hex."""

    record_id: str
    key: str
    digest: str


class Body(NamedTuple):
    """The body of a package, the same for every destination."""

    records: tuple[Sent, ...]
    digest: str
    content: bytes


class Answered(NamedTuple):
    """A receipt that was verified: its number, and the code of every record."""

    receipt_no: int
    codes: list[str]


@dataclass(slots=True)
class Peer:
    """One destination: where it is, what a package for it needs, and its place in the stream."""

    settings: DestinationSettings
    sender: str
    signer: Signer
    verifier: Verifier
    stream: str
    seq: int = 0

    def envelope(self, body: Body) -> bytes:
        """Return the next signed package in its envelope."""
        _, signed = self.signed_head(body)
        return b"%b%b<Body>\n%b</Body>%b%b" % (_OPENING, signed, body.content, self.signer.sign(signed), _CLOSING)

    def signed_head(self, body: Body) -> tuple[PackageHead, bytes]:
        """Return the Head of the next package, as a value and in canonical form."""
        self.seq += 1
        head = PackageHead(
            package_id=str(uuid.uuid5(RECORD_NAMESPACE, f"{self.stream} {self.seq}")),
            standard_version="1.0",
            sender_code=self.sender,
            receiver_code=self.settings.receiver,
            created_at=_CLOCK.now(),
            purpose=Purpose.BUSINESS,
            record_count=len(body.records),
            body_digest=body.digest,
            code_list_version="1.0",
            stream_id=self.stream,
            package_seq=self.seq,
        )
        return head, render_head(head)

    def receipt(self, answer: bytes, body: Body) -> Answered:
        """Verify a receipt and return the code of every record, in order. Raises BenchFailure, TrustError."""
        found = list(safexml.parse(answer).iter(f"{_NS}Receipt"))
        if len(found) != 1:
            raise BenchFailure(answer[:500].decode())
        return self.verified(found[0], body)

    def verified(self, receipt: safexml.Element, body: Body) -> Answered:
        """Verify a ``Receipt`` element. Raises BenchFailure, TrustError."""
        head, results, signature = receipt
        self.verifier.verify(head, signature, self.settings.receiver)
        if hashlib.sha256(safexml.canonical(results)).hexdigest() != head.findtext(f"{_NS}resultDigest"):
            raise BenchFailure("resultDigest")
        named = [(result[0].text, str(result[1].text)) for result in results]
        if [each for each, _ in named] != [record.record_id for record in body.records]:
            raise BenchFailure("the receipt names other records")
        return Answered(int(head.findtext(f"{_NS}receiptNo") or 0), [code for _, code in named])


def peers(configuration: Configuration) -> list[Peer]:
    """Return the destinations of a configuration, keys loaded."""
    trust = configuration.site.trust
    signer = Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes())
    return [
        Peer(
            each,
            configuration.site.organisation,
            signer,
            Verifier({each.receiver: [each.receipt_certificate.read_bytes()]}),
            str(uuid.uuid5(RECORD_NAMESPACE, f"{configuration.root} {each.name}")),
        )
        for each in configuration.destinations
    ]


def session_with(peer: Peer) -> requests.Session:
    """Return a session with the keys for one destination; the environment has no say in it."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(peer.settings.ca)
    session.cert = (str(peer.settings.certificate), str(peer.settings.key))
    return session


def make_body(documents: Sequence[Document], digests: Sequence[bytes]) -> Body:
    """Return the body of a package of these documents, whose SHA-256 digests are given."""
    records: list[Sent] = []
    pieces: list[bytes] = []
    for document, digest in zip(documents, digests, strict=True):
        name = digest.hex()
        text = f"{document.type}|{document.key}|1|{name}"
        number = hashlib.sha1(_RECORDS + text.encode(), usedforsecurity=False).digest()[:16]
        sent = Sent(str(uuid.UUID(bytes=number, version=5)), document.key, name)
        records.append(sent)
        pieces.append(
            b"<Record><recordId>%b</recordId><key>%b</key><version>1</version><contentDigest>%b</contentDigest>%b</Record>\n"
            % (sent.record_id.encode(), document.key.encode(), name.encode(), document.content)
        )
    lines = "".join([f"{record_id}|{key}|1|{digest}\n" for record_id, key, digest in records])
    return Body(tuple(records), hashlib.sha256(lines.encode()).hexdigest(), b"".join(pieces))


def pages(path: Path, system: System, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of one system in pages, by keyset in the order (stamp, row id)."""
    named = ", ".join(f'"{column}"' for column in system.columns)
    after: tuple[str, int] = ("", 0)
    stamp, number = system.columns.index("GXSJ"), system.columns.index("GCID")
    statement = f'SELECT {named} FROM "{system.table}" WHERE ("GXSJ", "GCID") > (?, ?) ORDER BY "GXSJ", "GCID" LIMIT ?'  # noqa: S608
    with closing(sqlite3.connect(path)) as connection:
        while rows := connection.execute(statement, (*after, size)).fetchall():
            yield rows
            after = (rows[-1][stamp], rows[-1][number])


def source_of(configuration: Configuration) -> Path:
    """Return the department database of a bench configuration."""
    return Path(str(configuration.sources[0].options["url"]).removeprefix("sqlite:///"))
