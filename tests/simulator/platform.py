# SPDX-License-Identifier: Apache-2.0
"""A destination that lives in memory, of any of the three kinds, with every fault a wire and a platform may have."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.clock import BEIJING
from gateway.errors import TimedOut
from gateway.model.destination import Behaviour
from gateway.model.package import (
    Held,
    Keys,
    PackageHead,
    PackedRecord,
    Receipt,
    ReceiptStatus,
    RecordResult,
    Refusal,
    Statement,
    Submission,
)


class Died(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class Late:
    """A package that is still on the wire when its sender has given up waiting."""

    arrives: float
    head: PackageHead
    records: Sequence[PackedRecord]
    documents: Sequence[bytes]


@dataclass
class Platform:
    """Holds what it took in its own list; ``may_die`` lets a process die at the worst moments of an exchange."""

    name: str
    behaviour: Behaviour
    chance: random.Random
    monotonic: Callable[[], float]
    may_die: Callable[[], bool] = lambda: False
    trouble: float = 0.4
    held: list[dict[str, Any]] = field(default_factory=list)
    ambiguous: set[tuple[str, int]] = field(default_factory=set)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    late: list[Late] = field(default_factory=list)
    strikes: dict[str, int] = field(default_factory=dict)

    def submit(self, head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes]) -> Submission:
        self.settle_late()
        if self.chance.random() < self.trouble:
            struck = self._struck(head, records, documents)
            if struck is not None:
                return struck
        return Submission(receipt=self._store(head, records, documents), evidence=b"<r/>")

    def _struck(
        self, head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes]
    ) -> Submission | None:
        kind = self.chance.choice(
            ("refused", "busy", "no request", "no answer", "late", "few named", "internal", "die before", "die after")
        )
        self.strikes[kind] = self.strikes.get(kind, 0) + 1
        if kind == "refused":
            return Submission(sent=False, detail="connection refused")
        if kind == "busy":
            return Submission(refusal=Refusal("4001", "busy", 2))
        if kind == "die before":
            self._die("before the first byte")
            return None
        self.ambiguous.update((each.key, each.version) for each in records)
        if kind == "late":
            # Only whoever tells packages apart may be asked whether one is still under way.
            if self.behaviour is Behaviour.IDEMPOTENT:
                self.late.append(Late(self.monotonic() + self.chance.uniform(0, 100), head, records, documents))
            return Submission(detail="no answer")
        if kind == "no answer":
            self._store(head, records, documents)
        elif kind == "few named":
            whole = self._store(head, records, documents)
            named = tuple(each for each in whole.results if self.chance.random() < 0.5)
            return Submission(receipt=_only(whole, named), evidence=b"<r/>")
        elif kind == "internal":
            return Submission(refusal=Refusal("5000", "internal"))
        elif kind == "die after":
            self._store(head, records, documents)
            self._die("after storing")
        return Submission(detail="no answer")

    def _die(self, _when: str) -> None:
        if self.may_die():
            raise Died

    def settle_late(self) -> None:
        """Take in what was on the wire long enough."""
        arrived = [each for each in self.late if each.arrives <= self.monotonic()]
        self.late = [each for each in self.late if each.arrives > self.monotonic()]
        for each in arrived:
            self._store(each.head, each.records, each.documents)

    def _store(self, head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes]) -> Receipt:
        known = self.receipts.get(head.package_id)
        if known is not None and self.behaviour is Behaviour.IDEMPOTENT:
            return known
        results = []
        troubled: set[str] = set()
        for record, document in zip(records, documents, strict=True):
            case = record.key.split(":")[1]
            code, held = ("2003", None) if case in troubled else self._judge(record, document)
            if code not in ("0000", "0001"):
                troubled.add(case)
            results.append(RecordResult(record.record_id, code, held=held))
        number = len(self.receipts) + 1
        receipt = Receipt(head.package_id, self.name, "", number, 1, "0000", "", tuple(results))
        self.receipts[head.package_id] = receipt
        return receipt

    def _judge(self, record: PackedRecord, document: bytes) -> tuple[str, Held | None]:
        if b"poison" in document:
            return "1002", None
        mine = [each for each in self.held if each["key"] == record.key]
        if self.behaviour is not Behaviour.NAIVE:
            same = [each for each in mine if each["version"] == record.version]
            if same:
                proof = Held(record.version, same[0]["digest"]) if self.behaviour is Behaviour.IDEMPOTENT else None
                return "0001", proof
            if any(each["version"] > record.version for each in mine):
                return "2006", None
        self.held.append(
            {
                "key": record.key, "type": record.type, "version": record.version, "case": record.key.split(":")[1],
                "digest": record.content_digest.hex(), "order": len(self.held), "record_id": record.record_id,
                "text": document.partition(b"<t>")[2].partition(b"</t>")[0].decode(),
            }
        )  # fmt: skip
        return "0000", None

    def query_receipt(self, package_id: str) -> Receipt | ReceiptStatus:
        self.settle_late()
        if self.behaviour is not Behaviour.IDEMPOTENT:
            return ReceiptStatus.UNSUPPORTED
        if self.chance.random() < self.trouble / 2:
            if self.chance.random() < 0.5:
                raise TimedOut("no answer")
            return ReceiptStatus.IN_PROGRESS
        return self.receipts.get(package_id, ReceiptStatus.NEVER_RECEIVED)

    def ping(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=BEIJING)

    def statement(self, day: str) -> Statement:
        return Statement(day, 0, 1, ())

    def keys(self, day: str) -> Keys:
        return Keys(0, ())

    def cut(self) -> None:
        return None

    def close(self) -> None:
        return None


def _only(receipt: Receipt, results: tuple[RecordResult, ...]) -> Receipt:
    return Receipt(
        receipt.package_id, receipt.receiver, "", receipt.receipt_no, 1, receipt.code, receipt.message, results
    )
