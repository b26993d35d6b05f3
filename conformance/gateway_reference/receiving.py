# SPDX-License-Identifier: Apache-2.0
"""Taking a package: checked as a whole, judged record by record in body order, stored, then receipted (standard.md §4)."""

import sqlite3
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from gateway_reference import receipts, signing, store, wire
from gateway_reference.pack import Pack
from gateway_reference.parties import Peer, System
from gateway_reference.receipts import Answer, Held
from gateway_reference.records import Arrived, arrived
from gateway_reference.store import Store, Version
from gateway_reference.wire import Refusal, name, text

RECORD_LIMIT = 500
BYTE_LIMIT = 8 * 1024 * 1024


class Kind(StrEnum):
    """How a receiver treats what it has already (promises.md R3)."""

    IDEMPOTENT = "idempotent"
    DUPLICATE_REJECTING = "duplicate-rejecting"
    NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class Forced:
    """A scripted answer: ``records`` maps recordIds to the code they are refused with; ``package`` refuses the whole."""

    records: dict[str, str]
    package: str | None = None
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a package: its receipt, and whether it was stored now (False: the receipt given before)."""

    receipt: bytes
    fresh: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What of a package's Head is kept with it."""

    package_id: str
    sender: str
    body_digest: str
    stream_id: str
    package_seq: int


class Receiver:
    """The intake of one reference system; ``take`` may be called from many threads."""

    def __init__(self, system: System, pack: Pack, storage: Store, *, kind: Kind, strict_catalogue: bool) -> None:
        self._system = system
        self._pack = pack
        self._store = storage
        self._kind = kind
        self._strict = strict_catalogue
        self.signer = signing.Signer(system.receipt_key, system.receipt_certificate)
        self._open: set[str] = set()
        self._opening = threading.Lock()

    def in_progress(self, package_id: str) -> bool:
        """Tell whether a package is being taken at this moment."""
        return package_id in self._open

    def take(self, package: etree._Element, caller: Peer, forced: Forced | None = None) -> Taken:
        """Check, judge, store and receipt a package; raises Refusal when it is refused whole and nothing is stored."""
        document = etree.tostring(package, encoding="UTF-8", with_tail=False)
        if len(document) > BYTE_LIMIT:
            raise Refusal("1006", "数据包超过 8 MB / the package is larger than 8 MB")
        body = package.find(name("Body"))
        if body is not None and len(body) > RECORD_LIMIT:
            raise Refusal("1006", f"数据包超过 {RECORD_LIMIT} 条 / more than {RECORD_LIMIT} records")
        schema_checked = self._pack.holds(package)
        if not schema_checked:
            self._pack.require_message(package)
        head = self._authentic(package, caller)
        with self._opening:
            if head.package_id in self._open:
                raise Refusal("4001", "该包正在处理 / this package is being processed", retry_after=1)
            self._open.add(head.package_id)
        try:
            if self._kind is Kind.IDEMPOTENT:
                given = self._given(head)
                if given is not None:
                    return Taken(given, fresh=False)
            records = [arrived(record, self._pack, caller, schema_checked=schema_checked) for record in package[1]]
            return Taken(self.settle(head, records, zlib.compress(document, 1), forced), fresh=True)
        finally:
            with self._opening:
                self._open.discard(head.package_id)

    def _authentic(self, package: etree._Element, caller: Peer) -> Head:
        """Check signature, parties, count and bodyDigest; raises Refusal 1002, 1005, 3002 or 3003."""
        head, body, signature = package
        sender = text(head, "senderCode")
        if sender != caller.code:
            raise Refusal("3002", "发送方与证书不符 / senderCode is not the caller's", path="senderCode")
        if text(head, "receiverCode") != self._system.code:
            raise Refusal("3002", "接收方不是本系统 / receiverCode is not this system", path="receiverCode")
        if text(head, "standardVersion") != self._pack.version:
            raise Refusal("1002", "标准版本不受理 / this standard version is not served", path="standardVersion")
        if caller.signing is None:
            raise Refusal("3003", "该发送方未登记签名证书 / no signing certificate registered for this sender")
        signing.verify(head, signature, caller.signing)
        if wire.number(text(head, "recordCount")) != len(body):
            raise Refusal("1002", "记录数不符 / recordCount is not the number of records", path="recordCount")
        lines = "".join(f"{r[0].text}|{r[1].text}|{r[2].text}|{r[3].text}\n" for r in body)
        digest = wire.digest(lines.encode())
        if digest != text(head, "bodyDigest"):
            raise Refusal("1005", "包体摘要不符 / bodyDigest does not fit", path="bodyDigest")
        return Head(
            text(head, "packageId"), sender, digest, text(head, "streamId"), wire.number(text(head, "packageSeq"))
        )

    def _given(self, head: Head) -> bytes | None:
        """Return the receipt given before for the same package; raises Refusal 1005 when its body was another."""
        known = self._store.known(head.package_id, head.sender)
        if known is not None and known.body_digest != head.body_digest:
            raise Refusal("1005", "该包号已用于别的内容 / packageId was used for another body", path="packageId")
        return known.receipt if known is not None else None

    def settle(self, head: Head, records: list[Arrived], document: bytes, forced: Forced | None) -> bytes:
        """Judge and store in one transaction; returns the signed receipt, which is stored with it."""
        received_at = wire.now()
        whole = forced.package if forced is not None else None
        with self._store.transaction() as connection:
            receipt_no = connection.execute("SELECT coalesce(max(receipt_no), 0) + 1 FROM package").fetchone()[0]
            held = store.versions(connection, [record.key for record in records])
            items = self._items(connection, records) if self._strict else None
            judge = self.judge(held, items, (received_at, receipt_no), forced)
            answers = [] if whole else [judge.answer(record) for record in records]
            receipt = receipts.receipt(
                self.signer,
                package_id=head.package_id,
                receiver=self._system.code,
                received_at=received_at,
                receipt_no=receipt_no,
                incarnation=self._store.incarnation,
                code=whole or "0000",
                answers=answers,
                retry_after=forced.retry_after if forced is not None else None,
            )
            package = {
                "receipt_no": receipt_no,
                "package_id": head.package_id,
                "sender": head.sender,
                "body_digest": head.body_digest,
                "received_at": received_at,
                "code": whole or "0000",
                "stream_id": head.stream_id,
                "package_seq": head.package_seq,
                "records": len(judge.stored),
                "receipt": receipt,
                "document": document,
            }
            last = {record.key: record for record in judge.stored}
            naive = self._kind is Kind.NAIVE
            rows = [
                (
                    receipt_no,
                    r.record_id,
                    r.type,
                    r.key,
                    r.version,
                    r.digest,
                    head.sender,
                    r.org,
                    r.case,
                    r.item,
                    r.operation,
                    r.day,
                    received_at,
                    int(naive or last[r.key] is r),
                )
                for r in judge.stored
            ]
            store.insert(connection, package, rows, supersede=not naive)
            self._store.count("packages", *(f"answers.{answer.code}" for answer in answers))
        return receipt

    def judge(
        self, held: dict[str, list[Version]], items: set[str] | None, now: tuple[str, int], forced: Forced | None
    ) -> "Judge":
        """Return what decides about the records of one package."""
        return Judge(self._kind, held, items, *now, forced)

    @staticmethod
    def _items(connection: sqlite3.Connection, records: Sequence[Arrived]) -> set[str]:
        """Return which of the records' power items are held and not withdrawn."""
        keys = [f"QL_SX:{record.item}" for record in records if record.item]
        return {key for key, found in store.versions(connection, keys).items() if found[-1].type == "QL_SX"}


class Judge:
    """Decides about the records of one package in body order, knowing what is held (ledger.md B18 as receivers see it)."""

    def __init__(
        self,
        kind: Kind,
        held: dict[str, list[Version]],
        items: set[str] | None,
        received_at: str,
        receipt_no: int,
        forced: Forced | None,
    ) -> None:
        self.stored: list[Arrived] = []
        self._kind = kind
        self._held = held
        self._items = items
        self._now = (received_at, receipt_no)
        self._forced = forced.records if forced is not None else {}
        self._blocked: set[str] = set()

    def answer(self, record: Arrived) -> Answer:
        """Answer one record; a refused one blocks what follows of its case."""
        if record.case in self._blocked:
            return Answer(
                record.record_id, "2003", "同一办件的前序记录未被接受 / blocked by an earlier record of the case"
            )
        try:
            self._require(record)
            answer = self._duplicate(record)
        except Refusal as refusal:
            self._blocked.add(record.case)
            return Answer(record.record_id, refusal.code, refusal.message, refusal.path)
        if answer is None:
            self._store(record)
            return Answer(record.record_id, "0000")
        if answer.code != "0001":
            self._blocked.add(record.case)
        return answer

    def _require(self, record: Arrived) -> None:
        """Raise the record's own refusal, the script's, or 2001 for an item that is not held."""
        if record.refusal is not None:
            raise record.refusal
        if record.record_id in self._forced:
            raise Refusal(self._forced[record.record_id], "按脚本拒绝 / refused by script")
        if self._items is None or not record.item or record.type == "QL_SX":
            return
        if f"QL_SX:{record.item}" not in self._items:
            raise Refusal("2001", "未知或未生效的事项 / unknown item or not in force", path="itemCode")

    def _duplicate(self, record: Arrived) -> Answer | None:
        """Return the answer for what is held already, or None when the record is new."""
        held = self._held.get(record.key, [])
        if self._kind is Kind.NAIVE or not held:
            return None
        if self._kind is Kind.DUPLICATE_REJECTING:
            if any(version.type == record.type for version in held):
                return Answer(record.record_id, "0001", "主键已存在 / the key exists")
            return None
        for version in held:
            if version.version == record.version:
                proof = Held(version.version, version.digest, version.received_at, version.receipt_no)
                if version.digest == record.digest:
                    return Answer(record.record_id, "0001", "已接收 / accepted before", held=proof)
                return Answer(
                    record.record_id, "2005", "同版本内容不同 / same version, other content", "version", proof
                )
        highest = max(held, key=lambda version: version.version)
        if record.version < highest.version:
            proof = Held(highest.version, highest.digest, highest.received_at, highest.receipt_no)
            return Answer(record.record_id, "2006", "低于已有版本 / older than the version held", "version", proof)
        return None

    def _store(self, record: Arrived) -> None:
        self.stored.append(record)
        self._held.setdefault(record.key, []).append(Version(record.version, record.digest, record.type, *self._now))
        if self._items is not None and record.type == "QL_SX":
            self._items.add(record.key)
