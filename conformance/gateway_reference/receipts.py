# SPDX-License-Identifier: Apache-2.0
"""Receipts (回执): written in canonical form, digested and signed over their Head (standard.md §4)."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lxml import etree

from gateway_reference import wire
from gateway_reference.signing import Signer
from gateway_reference.wire import NAMESPACE, escape, name, text


@dataclass(frozen=True, slots=True)
class Held:
    """Proof of a version that is held."""

    version: int
    digest: str
    received_at: str
    receipt_no: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one record."""

    record_id: str
    code: str
    message: str = ""
    path: str | None = None
    held: Held | None = None

    def xml(self) -> str:
        """Return the ``Result`` element in canonical form."""
        parts = [f"<Result><recordId>{self.record_id}</recordId><code>{self.code}</code>"]
        if self.message:
            parts.append(f"<message>{escape(self.message)}</message>")
        if self.path:
            parts.append(f"<path>{escape(self.path)}</path>")
        if self.held:
            parts.append(
                f"<held><version>{self.held.version}</version><contentDigest>{self.held.digest}</contentDigest>"
                f"<originalReceivedAt>{self.held.received_at}</originalReceivedAt>"
                f"<receiptNo>{self.held.receipt_no}</receiptNo></held>"
            )
        parts.append("</Result>")
        return "".join(parts)


def receipt(
    signer: Signer,
    *,
    package_id: str,
    receiver: str,
    received_at: str,
    receipt_no: int,
    incarnation: int,
    code: str,
    answers: Sequence[Answer],
    retry_after: int | None = None,
) -> bytes:
    """Return a signed ``Receipt`` as UTF-8 bytes without an XML declaration, ready to stand in an answer."""
    results = f'<Results xmlns="{NAMESPACE}">{"".join(answer.xml() for answer in answers)}</Results>'.encode()
    reference = f"r-{receiver}-{incarnation}-{receipt_no}"
    message = "" if code == "0000" else "<message>整包拒收 / the whole package is refused</message>"
    again = "" if retry_after is None else f"<retryAfter>{retry_after}</retryAfter>"
    head = (
        f'<Head xmlns="{NAMESPACE}" Id="{reference}"><packageId>{package_id}</packageId><receiver>{receiver}</receiver>'
        f"<receivedAt>{received_at}</receivedAt><receiptNo>{receipt_no}</receiptNo>"
        f"<incarnation>{incarnation}</incarnation><code>{code}</code>{message}{again}"
        f"<recordCount>{len(answers)}</recordCount><resultDigest>{wire.digest(results)}</resultDigest></Head>"
    ).encode()
    return b'<Receipt xmlns="%b">%b%b%b</Receipt>' % (NAMESPACE.encode(), head, results, signer.sign(head, reference))


class Variant(StrEnum):
    """Ways in which a receipt can be wrong (promises.md R10)."""

    OTHER_RECORDS = "other-records"
    OTHER_PACKAGE = "other-package"
    MISSING = "missing"
    REPEATED = "repeated"
    ALTERED = "altered"
    UNSIGNED = "unsigned"
    REDATED = "redated"
    FOREIGN = "foreign"


def malformed(envelope: bytes, variant: str) -> bytes:
    """Return an answer that no client can read as one: ``bad-xml``, ``doctype`` with an entity, ``large`` (5 MB)."""
    if variant == "doctype":
        entity = b'<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
        declared, _mark, rest = envelope.partition(b"?>")
        return declared + b"?>" + entity + rest.replace(b"<code>0000</code>", b"<code>&b;&c;</code>")
    if variant == "large":
        message = b"<message>" + b"x" * (5 * 1024 * 1024) + b"</message>"
        return envelope.replace(b"<code>0000</code>", b"<code>0000</code>" + message, 1)
    return envelope.replace(b"</", b"<", 1)[: len(envelope) * 3 // 4]


def wrong(signer: Signer, given: bytes, variant: Variant) -> bytes:
    """Return a wrong copy of a receipt; the first four variants are well signed; ``foreign`` is, by whoever signs it."""
    if variant is Variant.UNSIGNED:
        return re.sub(rb"(<ds:SignatureValue>)(.{8})", rb"\1AAAAAAAA", given, count=1, flags=re.DOTALL)
    if variant is Variant.ALTERED:
        before, results, after = given.partition(b"<Results ")
        changed = re.sub(rb"<code>(?!0001)\d{4}</code>", b"<code>0001</code>", after, count=1)
        return before + results + changed
    if variant is Variant.REDATED:
        return re.sub(
            rb"(<receivedAt>\d{4}-)\d\d",
            lambda m: m[1] + (b"01" if given[m.end() - 2 : m.end()] != b"01" else b"02"),
            given,
        )
    root = wire.parse(given)
    head, answers = root[0], [_answer(result) for result in root[1]]
    if variant is Variant.OTHER_RECORDS:
        answers = [replace(answer, record_id=str(uuid.uuid4())) for answer in answers]
    elif variant is Variant.MISSING:
        answers = answers[:-1]
    elif variant is Variant.REPEATED:
        answers = [*answers[:-1], answers[0]] if len(answers) > 1 else answers * 2
    package_id = str(uuid.uuid4()) if variant is Variant.OTHER_PACKAGE else text(head, "packageId")
    return receipt(
        signer,
        package_id=package_id,
        receiver=text(head, "receiver"),
        received_at=text(head, "receivedAt"),
        receipt_no=int(text(head, "receiptNo")),
        incarnation=int(text(head, "incarnation")),
        code=text(head, "code"),
        answers=answers,
    )


def _answer(result: etree._Element) -> Answer:
    held = result.find(name("held"))
    proof = (
        None
        if held is None
        else Held(
            int(text(held, "version")),
            text(held, "contentDigest"),
            text(held, "originalReceivedAt"),
            int(text(held, "receiptNo")),
        )
    )
    return Answer(
        text(result, "recordId"), text(result, "code"), text(result, "message"), text(result, "path") or None, proof
    )
