# SPDX-License-Identifier: Apache-2.0
"""Receive: a pushed package is checked, judged record by record, and answered by a signed receipt (standard.md §4)."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gateway.clock import moment
from gateway.documents import safexml
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.package import MOST_RECORDS, WirePackage, WireRecord, instant, read_package, wire_body_digest
from gateway.documents.receipt import read_receipt, render_receipt
from gateway.documents.render import one_line
from gateway.documents.safexml import Element
from gateway.documents.soap import ExchangeFault
from gateway.documents.standard_form import read_standard_form, target_type
from gateway.errors import BadGateway, TrustError
from gateway.ledger import received
from gateway.ledger.findings import NOT_YOURS, finding
from gateway.ledger.intake import Versions
from gateway.ledger.receiving import Answer, Arrived, Parcel, Receipted
from gateway.ledger.runs import RunLease
from gateway.ledger.store import Ledger
from gateway.model.case_record import Sender as CaseSender
from gateway.model.finding import Finding
from gateway.model.package import Held, Purpose, Receipt, RecordResult
from gateway.model.record import Draft, Level, Row, record_id
from gateway.model.record_type import RecordType
from gateway.ports import Clock, Examined, Validator
from gateway.semantics.declared import Declared
from gateway.semantics.order import type_of
from gateway.trust.signing import Signer, Verifier

_ASHEAD = timedelta(minutes=5)
_MOST_TOLD = 500
_WAITING_CODE = "0002"
_BLOCKED = RecordResult("", "2003", "同一办件的前序记录未被接受 / blocked by an earlier record of the case")
_WAITS = "已保存,等待同一办件的前序记录 / stored, waits for an earlier record of the case"
_CODES = {
    Declared.CONFLICT: "2005",
    Declared.OWNED: "2005",
    Declared.STALE: "2006",
    Declared.UNFOUNDED: "2002",
}


class CallRefused(Exception):
    """A call is refused before anything of it is stored; ``fault`` goes to the caller."""

    def __init__(self, code: str, message: str, retry_after: int | None = None, package_id: str | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.fault = ExchangeFault(code, message, retry_after)
        self.package_id = package_id


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may push: a party code, the organisations it may send records of (None: all), and the level it supplies.

    ``in_flight`` caps its packages in work, ``rate`` those of a minute.
    """

    name: str
    code: str
    organisations: frozenset[str] | None
    level: Level
    waiting: timedelta | None
    in_flight: int = 4
    rate: int = 600

    def acts(self) -> CaseSender:
        """Return who acts, as the rules of cases ask: bodies were compared with ``organisations`` before."""
        return CaseSender(self.code, self.organisations or frozenset(), for_all=self.organisations is None)


@dataclass(frozen=True)
class Judging:
    """What packages are judged with: this party, the standard, and whoever answers for schema, rules and signatures."""

    receiver: str
    standard_version: str
    code_list_version: str
    by_element: Mapping[str, RecordType]
    namespace: str
    verifier: Verifier
    signer: Signer
    validator: Validator
    code_of: Callable[[Sequence[Finding]], str]
    versions: Versions
    discards: Collection[str] = field(default=frozenset())


class Examining:
    """Judges packages by themselves: parties, signature, digests, every record; holds no ledger. Safe between threads."""

    def __init__(self, judging: Judging, clock: Clock) -> None:
        """Judge with ``judging`` by the time of ``clock``."""
        self._judging = judging
        self._clock = clock

    def authentic(self, element: Element, sender: Sender) -> WirePackage:
        """Check parties, signature, count and bodyDigest; raises CallRefused 1002, 1005, 1006, 3002 or 3003."""
        package = _structure(element)
        head, judging = package.head, self._judging
        refuse = _Refusing(head.package_id)
        if head.sender_code != sender.code:
            raise refuse("3002", "发送方与证书不符 / senderCode is not the caller's")
        if head.receiver_code != judging.receiver:
            raise refuse("3002", "接收方不是本网关 / receiverCode is not this gateway")
        if head.standard_version != judging.standard_version:
            raise refuse("1002", "标准版本不受理 / this standard version is not served")
        if head.purpose is Purpose.TEST:
            raise refuse("3002", "正式台账不收测试包 / a production ledger takes no test packages")
        now = self._clock.now()
        if not judging.verifier.current(sender.code, now):
            raise refuse(
                "3003", "该发送方没有有效的签名证书 / no valid signing certificate is registered for this sender"
            )
        if head.created_at > now + _ASHEAD:
            raise refuse("3001", "createdAt 在未来,检查时钟 / createdAt lies in the future: check the clock")
        try:
            judging.verifier.verify(element[0], element[2], sender.code)
        except TrustError as fault:
            raise refuse("1005", fault.detail) from None
        if head.record_count != len(package.records):
            raise refuse("1002", "记录数不符 / recordCount is not the number of records")
        if head.body_digest != wire_body_digest(package.records):
            raise refuse("1005", "包体摘要不符 / bodyDigest does not fit")
        return package

    def parcel(self, element: Element, package: WirePackage, sender: Sender, lease: RunLease) -> Parcel:
        """Judge every record by itself; what the ledger holds is looked at in its own transaction."""
        documents = [safexml.canonical(each.payload) for each in package.records]
        faults = [self._intact(each, document) for each, document in zip(package.records, documents, strict=True)]
        sound = [at for at, fault in enumerate(faults) if fault is None]
        now = self._clock.now().isoformat(timespec="seconds")
        seen = self._judging.validator.check([documents[at] for at in sound], sender.level, now)
        checked = dict(zip(sound, seen, strict=True))
        records = tuple(
            self._arrived(package, each, documents[at], sender, checked.get(at, Examined(faults[at] or ())))
            for at, each in enumerate(package.records)
        )
        secret = frozenset(
            each.key for each in records if any(found.code in self._judging.discards for found in each.refused)
        )
        head = package.head
        return Parcel(
            lease, head.package_id, head.body_digest, head.stream_id, head.package_seq, head.voided,
            safexml.canonical(element[0]) + safexml.canonical(element[2]), records, self._judging.versions, secret,
            sender.acts(), self._judging.code_of,
        )  # fmt: skip

    def _intact(self, record: WireRecord, document: bytes) -> tuple[Finding, ...] | None:
        """Return why a record is not what its sender says; None where digest, type and recordId fit."""
        kind = self._kind(record.payload)
        name = str(record.payload.tag).rpartition("}")[2]
        if hashlib.sha256(document).hexdigest() != record.content_digest:
            return (doc_finding(Doc.DIGEST, record.key, path="contentDigest"),)
        if kind is None:
            return (doc_finding(Doc.UNKNOWN_ROOT, name, path=name),)
        if record_id(kind.code, record.key, record.version, bytes.fromhex(record.content_digest)) != record.record_id:
            return (doc_finding(Doc.RECORD_ID, record.key, path="recordId"),)
        return None

    def _kind(self, payload: Element) -> RecordType | None:
        namespace, _, name = str(payload.tag).removeprefix("{").rpartition("}")
        return self._judging.by_element.get(name) if namespace == self._judging.namespace else None

    def _arrived(
        self, package: WirePackage, record: WireRecord, document: bytes, sender: Sender, examined: Examined
    ) -> Arrived:
        row = _row(package, record)
        parts = record.key.split(":")
        arrived = Arrived(
            record.record_id, record.key, parts[1] if len(parts) > 1 else record.key, record.version, row, None
        )
        kind, found = self._kind(record.payload), examined.findings
        if kind is None or any(each.refuses for each in found):
            return arrived._replace(refused=found, code=self._judging.code_of(found))
        told = read_standard_form(record.payload, kind, document)
        wrong = _identity_fault(record, told.draft, told.version, target_type(record.payload, kind))
        if wrong is not None:
            return arrived._replace(refused=(wrong,), code="1002")
        if sender.organisations is not None and told.draft.org_code not in sender.organisations:
            refused = (finding(NOT_YOURS, "orgCode", told.draft.org_code),)
            return arrived._replace(draft=told.draft, refused=refused, code="2007")
        return arrived._replace(draft=told.draft._replace(facts=examined.facts), warnings=found)


class Receiving(Examining):
    """Turns packages into parcels for the ledger, and what the ledger says into receipts; safe between threads."""

    def __init__(self, ledger: Ledger, judging: Judging, clock: Clock) -> None:
        """Judge packages for ``ledger``."""
        super().__init__(judging, clock)
        self._ledger = ledger

    def given(self, lease: RunLease, package_id: str, body_digest: str) -> bytes | None:
        """Return the receipt given before for the same package, byte for byte; raises CallRefused for another body."""
        with self._ledger.reading() as connection:
            known = received.given(connection, self._ledger.segments, lease.source_id, package_id)
        if known is None:
            return None
        if known.body_digest != body_digest:
            raise CallRefused(
                "1005", "该包号已用于别的内容 / packageId was used for another body", package_id=package_id
            )
        if known.receipt is None:
            raise CallRefused("5000", "该包已接收,回执已不再保留 / taken before, its receipt is not retained any more")
        return known.receipt

    def issue(self, receipted: Receipted) -> bytes:
        """Write and sign the receipt of a package."""
        receipt = Receipt(
            receipted.package_id, self._judging.receiver, _moment(receipted.received_at), receipted.receipt_no, receipted.incarnation,
            "0000", "", tuple(_result(each) for each in receipted.answers),
        )  # fmt: skip
        return render_receipt(receipt, self._judging.signer.sign)

    def renewed(self, lease: RunLease, receipt: bytes) -> bytes:
        """Return a receipt as things stand now: records that waited when it was given may be accepted since.

        Number and time stay those of the package. A receipt without waiting records is returned as it was given.
        """
        if b"<code>0002</code>" not in receipt:
            return receipt
        read = read_receipt(safexml.parse(receipt))
        waiting = [each.record_id for each in read.results if each.code == _WAITING_CODE]
        with self._ledger.reading() as connection:
            accepted = received.accepted_since(connection, lease.source_id, waiting)
        if not accepted:
            return receipt
        results = tuple(
            RecordResult(each.record_id, "0000") if each.record_id in accepted else each for each in read.results
        )
        return render_receipt(replace(read, results=results), self._judging.signer.sign)


class _Refusing:
    def __init__(self, package_id: str) -> None:
        self._package_id = package_id

    def __call__(self, code: str, message: str) -> CallRefused:
        return CallRefused(code, message, package_id=self._package_id)


def _structure(element: Element) -> WirePackage:
    body = next((each for each in element if str(each.tag).rpartition("}")[2] == "Body"), None)
    if body is not None and len(body) > MOST_RECORDS:
        raise CallRefused("1006", f"数据包超过 {MOST_RECORDS} 条 / more than {MOST_RECORDS} records")
    try:
        return read_package(element)
    except BadGateway as fault:
        raise CallRefused("1002", fault.detail) from None


def _row(package: WirePackage, record: WireRecord) -> Row:
    """Return what came beside the document: the raw form of a record in standard form."""
    beside = {
        "contentDigest": record.content_digest, "key": record.key, "packageId": package.head.package_id,
        "recordId": record.record_id, "version": record.version,
    }  # fmt: skip
    raw = json.dumps(beside, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return Row(record.key, {}, raw, hashlib.sha256(raw).digest())


def _identity_fault(record: WireRecord, draft: Draft, version: int, target: str | None) -> Finding | None:
    """Return why key and version do not fit the payload, or None."""
    if draft.key != record.key:
        return doc_finding(Doc.KEY, record.key, path="key")
    if version != record.version:
        return doc_finding(Doc.KEY, record.key, path="version")
    if draft.withdraws is not None and target != type_of(draft.key):
        return doc_finding(Doc.KEY, record.key, path="targetType")
    return None


def _result(answer: Answer) -> RecordResult:
    taken, record = answer.taken, answer.record
    if taken is None:
        return _BLOCKED._replace(record_id=record.record_id)
    if taken.outcome is Declared.ACCEPTED and answer.stored:
        return RecordResult(record.record_id, "0000")
    if taken.outcome in (Declared.ACCEPTED, Declared.DUPLICATE) and not answer.stored:
        return RecordResult(record.record_id, _WAITING_CODE, _WAITS)
    held = taken.held
    proof = None
    if held is not None:
        proof = Held(held.version, held.digest.hex(), _moment(held.accepted_at), held.receipt_no)
    if taken.outcome is Declared.DUPLICATE:
        return RecordResult(record.record_id, "0001", "", None, proof)
    code = record.code if taken.outcome is Declared.REFUSED else _CODES[taken.outcome]
    first = next((each for each in taken.findings if each.refuses), None)
    message = "" if first is None else one_line(f"{first.code} {first.message.zh} / {first.message.en}")[:_MOST_TOLD]
    return RecordResult(record.record_id, code, message, None if first is None else first.path, proof)


def _moment(at: int) -> str:
    return instant(moment(at))
