# SPDX-License-Identifier: Apache-2.0
"""Taking packages in the gateway's place: identity, duplicates, receipts by the contract; content is taken as it comes."""

import threading
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from lxml import etree

from gateway_conformance.standin.log import Call, Log
from gateway_reference import records, service
from gateway_reference.faults import FILE, Rule, Script
from gateway_reference.parties import Peer
from gateway_reference.receipts import Answer, Held
from gateway_reference.receiving import Forced, Head, Judge, Kind, Receiver, Taken
from gateway_reference.records import Arrived
from gateway_reference.service import Service
from gateway_reference.store import Version
from gateway_reference.wire import Refusal

ARRIVED: Final = frozenset({"0000", "0001", "0002", "2005", "2006"})
"""Answers after which a record counts as come; others are refusals of the script, and what waits behind them."""


class BenchScript(Script):
    """Rules that the cases set, in memory; of one request the first that fires strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._path, self._stamp = FILE, None  # type: ignore[assignment]

    def set(self, *entries: dict[str, Any]) -> None:
        """Put these rules in force, and no others."""
        with self._lock:
            self._rules = [Rule(number, entry) for number, entry in enumerate(entries, 1)]

    def _refresh(self) -> None:
        """Read nothing: the rules are in memory."""


class BenchJudge(Judge):
    """Answers records in body order; a script may say of a record that it is a duplicate, or any other code."""

    def __init__(
        self, answers: dict[str, str], kind: Kind, held: dict[str, list[Version]], items: set[str] | None,
        now: tuple[str, int], forced: Forced | None,
    ) -> None:  # fmt: skip
        super().__init__(kind, held, items, *now, forced)
        self._answers = answers
        self._scripted = forced.records if forced is not None else {}

    def answer(self, record: Arrived) -> Answer:
        """Answer one record and note the answer."""
        if self._scripted.get(record.record_id) == "0001" and record.case not in self._blocked:
            received_at, receipt_no = self._now
            proof = Held(record.version, record.digest, received_at, receipt_no)
            self._store(record)
            told = Answer(record.record_id, "0001", "已接收 / accepted before", held=proof)
        else:
            told = super().answer(record)
        self._answers[record.record_id] = told.code
        return told


class BenchReceiver(Receiver):
    """The intake of the bench; ``local.call`` is the call that the thread is working on."""

    def __init__(self, log: Log, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.log = log
        self.local = threading.local()

    def take(self, package: etree._Element, caller: Peer, forced: Forced | None = None) -> Taken:
        """Store and receipt a package; one that came before with the same body gets its receipt again."""
        del package  # read already, leniently
        call: Call = self.local.call
        came = call.package
        if came is None or not came.records:
            raise Refusal("1002", "数据包没有记录 / a package without records")
        seq = came.head.get("packageSeq", "")
        head = Head(
            came.package_id, caller.code, came.computed_body_digest, came.head.get("streamId", ""),
            int(seq) if seq.isdecimal() and len(seq) < 10 else 0,
        )  # fmt: skip
        self.log.came(came.records)
        known = self._store.known(head.package_id, head.sender)
        if known is not None and known.body_digest == head.body_digest and known.receipt and forced is None:
            return Taken(known.receipt, fresh=False)
        arrived = [
            Arrived(
                each.record_id, each.key, each.version, each.digest, each.type, records.lane(each.key),
                each.text("itemCode") or "", each.text("orgCode") or "", each.text("operation") or "", each.day,
            )
            for each in came.records
        ]  # fmt: skip
        taken = Taken(self.settle(head, arrived, zlib.compress(came.document, 1), forced), fresh=True)
        self.log.taken([each for each in came.records if came.answers.get(each.record_id) in ARRIVED])
        return taken

    def judge(
        self, held: dict[str, list[Version]], items: set[str] | None, now: tuple[str, int], forced: Forced | None
    ) -> Judge:
        """Return what decides about the records of the package at hand."""
        came = self.local.call.package
        return BenchJudge(came.answers, self._kind, held, items, now, forced)


class BenchService(Service):
    """The operations; packages are not checked against the schema before they are taken."""

    def __init__(self, receiver: BenchReceiver, take: Callable[..., Taken], *args: Any) -> None:
        super().__init__(*args)
        self._bench, self._take = receiver, take

    def perform(self, operation: str, element: etree._Element, caller: Peer, forced: Forced | None = None) -> bytes:
        """Carry out an operation; raises Refusal."""
        if operation == "SubmitPackage":
            return service.response(operation, self._take(element, caller, forced).receipt)
        return super().perform(operation, element, caller, forced)


def acknowledged(element: etree._Element) -> Sequence[str]:
    """Return the recordIds that an AckNotices names."""
    return [(each.text or "").strip() for each in element]
