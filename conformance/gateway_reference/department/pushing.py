# SPDX-License-Identifier: Apache-2.0
"""A department that pushes (profile P): outbox, sender threads, receipts, notices. Every method without a leading
underscore is a seam. All waits are in seconds of the standard, on the clock that suite and system share."""

import random
import re
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from lxml import etree

from gateway_reference import wire
from gateway_reference.department.life import Row, value
from gateway_reference.department.sending import Sending, Unreachable, Unsure
from gateway_reference.receipts import Answer
from gateway_reference.signing import verify
from gateway_reference.wire import NAMESPACE, Refusal, name, text

DONE: Final = frozenset({"0000", "0001", "0002"})
WAITS: Final = frozenset({"2001", "2002", "2003", "2008"})
REFUSED: Final = frozenset({"1001", "1002", "1003", "1004", "1005", "1006", "2004", "2005", "2006", "2007"})
PATIENCE: Final = 120.0
"""Only never-received, asked at least so long after the last byte, means not received (wire.md §6)."""
_LISTED: Final = re.compile(
    r"<(?:\w+:)?recordId>([^<]*)</(?:\w+:)?recordId><(?:\w+:)?key>([^<]*)</(?:\w+:)?key><(?:\w+:)?version>(\d+)<"
)


@dataclass(slots=True, eq=False)
class Parcel:
    """A package on its way: composed once, sent as often as needed, always the same."""

    id: str
    document: str
    rows: list[Row]
    due: float = 0.0
    attempts: int = 0
    unknown: bool = False
    sent_at: float = 0.0
    in_hand: bool = False
    begun: float = 0.0
    keys: dict[str, str] = field(default_factory=dict)


class Pushing(Sending):
    """What becomes of every record on its way to the gateway."""

    generation = 0
    moved: threading.Condition

    def reset(self) -> None:
        """Go back to the seed data and send it all from the beginning."""
        with self.lock:
            self.moved = getattr(self, "moved", None) or threading.Condition(self.lock)
            self.settled: set[tuple[str, int, str]] = set()
            self.flying: list[Parcel] = []
            self.parked: dict[tuple[str, int, str], str] = {}
            self.lane_due: dict[str, float] = {}
            self.alarms: dict[str, str] = {}
            self.voided: list[str] = []
            self.busy_until = 0.0
            self.generation += 1
            super().reset()
            self.stream = str(uuid.uuid4())
            self.moved.notify_all()

    def write(self, row: Row, stamp: Any = None) -> Row:
        """Put a row into the books and wake the senders."""
        with self.lock:
            kept = super().write(row, stamp)
            self.moved.notify_all()
            return kept

    def head(self, count: int, body_digest: str) -> str:
        """Return the Head of a package; packages that were given up are named once."""
        given_up = "".join(f"<voided>{each}</voided>" for each in self.voided)
        self.voided = []
        return super().head(count, body_digest).replace("</Head>", f"{given_up}</Head>")

    # the outbox --------------------------------------------------------------------------------------------------

    def lane(self, row: Row) -> str:
        """Return what keeps its order: the case; what goes with a record is in the lane of that record's case."""
        if row.case:
            return row.case
        owner = value(row.document, "ownerKey") or value(row.document, "sourceKey")
        return owner.split(":")[1] if owner.count(":") > 1 else row.key

    def batch_size(self) -> int:
        """Return how many records a package holds at most."""
        return 100

    def senders(self) -> int:
        """Return how many packages may be on their way at once."""
        return 2

    def waiting(self) -> list[Row]:
        """Return the rows that have still to be sent, in the order in which they were written."""
        rows = sorted(self.visible(), key=lambda row: row.order)
        return [row for row in rows if mark(row) not in self.settled]

    def ready_rows(self) -> list[Row]:
        """Return the rows that may go now: none of a case that has something on its way, refused or put off."""
        now = time.monotonic()
        rows = self.waiting()
        held = {self.lane(row) for parcel in self.flying for row in parcel.rows}
        held |= {self.lane(row) for row in rows if mark(row) in self.parked}
        held |= {lane for lane, due in self.lane_due.items() if due > now}
        return [row for row in rows if self.lane(row) not in held][: self.batch_size()]

    def compose(self, rows: list[Row]) -> Parcel:
        """Return the package of some rows, its id and number given once and for all."""
        document = self.package(rows)
        found = re.search(r"<packageId>([^<]*)<", document)
        parcel = Parcel(found.group(1) if found else "", document, rows)
        parcel.keys = {record_id: key for record_id, key, _version in _LISTED.findall(document)}
        return parcel

    # the senders -------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Send until stopped: one of the sender threads."""
        while not self.stopped:
            parcel = self._next()
            if parcel is not None:
                generation = self.generation
                self.carry(parcel, generation)
                with self.lock:
                    parcel.in_hand = False
                    self.moved.notify_all()

    def _next(self) -> Parcel | None:
        """Return the package to be carried now; waits until there may be one."""
        with self.moved:
            now = time.monotonic()
            if self.busy_until <= now:
                for parcel in self.flying:
                    if not parcel.in_hand and parcel.due <= now:
                        parcel.in_hand = True
                        return parcel
                rows = self.ready_rows() if len(self.flying) < self.senders() else []
                if rows:
                    parcel = self.compose(rows)
                    parcel.in_hand = True
                    self.flying.append(parcel)
                    return parcel
            dues = [each for each in self._dues() if each > now]
            self.moved.wait(min([each - now for each in dues] + [1.0]))
            return None

    def _dues(self) -> Iterator[float]:
        yield self.busy_until
        yield from (parcel.due for parcel in self.flying if not parcel.in_hand)
        yield from self.lane_due.values()

    def carry(self, parcel: Parcel, generation: int) -> None:
        """Send a package, or ask what became of it, and act upon the answer."""
        try:
            answer = self.ask(parcel) if parcel.unknown else self.deliver(parcel)
        except Unreachable:
            self.later(parcel)
        except Unsure:
            self.unsure(parcel)
        except Refusal as refusal:
            if generation == self.generation:
                self.refused_whole(parcel, refusal)
        else:
            if generation == self.generation and answer is not None:
                self.handle(parcel, answer)

    def deliver(self, parcel: Parcel) -> etree._Element | None:
        """Send a package and return its receipt; raises Unreachable, Unsure or Refusal."""
        parcel.attempts += 1
        try:
            answer = self.call("SubmitPackage", parcel.document)
        finally:
            parcel.sent_at = time.monotonic()
        return self.believed(parcel, answer.find(name("Receipt")))

    def ask(self, parcel: Parcel) -> etree._Element | None:
        """Ask for the receipt of a package whose outcome is not known; None where it is to be sent again or waits."""
        parcel.attempts += 1
        answer = self.call("QueryReceipt", self.question(parcel))
        status = text(answer, "status")
        if not status:
            return self.believed(parcel, answer.find(name("Receipt")))
        left = PATIENCE - (time.monotonic() - parcel.sent_at) * self.scale
        if status == "never-received" and left <= 0:
            self.resend(parcel)
        else:
            self.put_off(parcel, max(left, 1.0) if status == "never-received" else self.backoff(parcel.attempts))
        return None

    def question(self, parcel: Parcel) -> str:
        """Return what a receipt is asked for by."""
        return f"<packageId>{parcel.id}</packageId>"

    def resend(self, parcel: Parcel) -> None:
        """Let a package be sent once more: the same id, the same body."""
        with self.lock:
            parcel.unknown, parcel.due = False, 0.0
            self.moved.notify_all()

    def backoff(self, attempt: int) -> float:
        """Return the seconds to wait before the next attempt: growing, with jitter, at most a quarter of an hour."""
        return min(5.0 * 2.0 ** min(attempt - 1, 12), 900.0) * random.uniform(0.9, 1.1)  # noqa: S311 - jitter

    def put_off(self, parcel: Parcel, seconds: float) -> None:
        """Let a package wait."""
        with self.lock:
            parcel.due = time.monotonic() + seconds / self.scale
            self.moved.notify_all()

    def later(self, parcel: Parcel) -> None:
        """Wait where nothing could be sent."""
        parcel.attempts += 1
        self.put_off(parcel, self.backoff(parcel.attempts))

    def unsure(self, parcel: Parcel) -> None:
        """Wait where the outcome is not known, then ask."""
        with self.lock:
            parcel.unknown = True
        self.put_off(parcel, self.backoff(parcel.attempts))

    def refused_whole(self, parcel: Parcel, refusal: Refusal) -> None:
        """Act upon a fault: busy waits as told, what cannot be read is halved, everything else waits with an alarm."""
        if refusal.code in {"4001", "4002"}:
            self.busy(refusal.retry_after if refusal.retry_after is not None else self.backoff(parcel.attempts))
        elif refusal.code == "5000":
            self.unsure(parcel)
        elif refusal.code in {"1001", "1002", "1003", "1004", "1006"}:
            self.halve(parcel, refusal.code)
        else:
            self.alarms[parcel.id] = refusal.code
            self.put_off(parcel, 900.0)

    def busy(self, seconds: float) -> None:
        """Send nothing for so long."""
        with self.lock:
            self.busy_until = time.monotonic() + seconds / self.scale
            self.moved.notify_all()

    def halve(self, parcel: Parcel, code: str) -> None:
        """Give a package up and send its halves; a record that is refused alone is refused for good."""
        with self.lock:
            self.flying.remove(parcel)
            self.voided.append(parcel.id)
            if len(parcel.rows) == 1:
                self.refuse(parcel.rows[0], code)
                return
            middle = len(parcel.rows) // 2
            self.flying += [self.compose(rows) for rows in (parcel.rows[:middle], parcel.rows[middle:])]
            self.moved.notify_all()

    # receipts ----------------------------------------------------------------------------------------------------

    def believed(self, parcel: Parcel, receipt: etree._Element | None) -> etree._Element:
        """Return a receipt that is signed by the gateway and is of this package; raises Unsure or Refusal."""
        if receipt is None or len(receipt) < 3:
            raise Unsure("no receipt")
        try:
            self.check_receipt(receipt[0], receipt[1], receipt[2])
        except Refusal as refusal:
            raise Unsure(refusal.message) from refusal
        if not self.of_parcel(parcel, receipt):
            raise Unsure("a receipt of another package")
        code = text(receipt[0], "code")
        if code != "0000" and not len(receipt[1]):
            again = text(receipt[0], "retryAfter")
            raise Refusal(code, "the package is refused", retry_after=int(again) if again else None)
        return receipt

    def check_receipt(self, head: etree._Element, results: etree._Element, signature: etree._Element | None) -> None:
        """Refuse a receipt that no registered certificate of the gateway has signed; raises Refusal."""
        refused: Refusal | None = None
        for file in self.receipt_signers():
            try:
                if signature is not None:
                    verify(head, signature, x509.load_pem_x509_certificate(file.read_bytes()))
                    break
            except Refusal as refusal:
                refused = refusal
        else:
            raise refused or Refusal("1005", "回执没有签名 / the receipt is not signed")
        if wire.digest(wire.canonical(results)) != text(head, "resultDigest"):
            raise Refusal("1005", "回执摘要不符 / the digest of the results differs")

    def receipt_signers(self) -> list[Path]:
        """Return the certificates that receipts may be signed with."""
        return [self.bench_files / "receipts.pem"]

    def of_parcel(self, parcel: Parcel, receipt: etree._Element) -> bool:
        """Tell whether a receipt is for a package and names its records, once each."""
        named = [text(result, "recordId") for result in receipt[1]]
        own = list(parcel.keys)
        whole = text(receipt[0], "code") != "0000" and not named
        return text(receipt[0], "packageId") == parcel.id and (whole or sorted(set(named)) == sorted(own))

    def handle(self, parcel: Parcel, receipt: etree._Element) -> None:
        """Act upon a receipt: each record by its own answer."""
        answers = [Answer(text(each, "recordId"), text(each, "code")) for each in receipt[1]]
        proofs = {text(each, "recordId"): each.find(name("held")) for each in receipt[1]}
        with self.lock:
            self.keep_receipt(parcel.id, answers)
            rows = {row.key: row for row in parcel.rows}
            for answer in answers:
                row = rows.get(self.key_of(parcel, answer))
                if row is not None:
                    self.settle(parcel, row, answer.code, proofs[answer.record_id])
            if parcel in self.flying:
                self.flying.remove(parcel)
            self.moved.notify_all()

    def key_of(self, parcel: Parcel, answer: Answer) -> str:
        """Return the key of the record that an answer is about."""
        return parcel.keys.get(answer.record_id, "")

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Act upon the answer to one record."""
        if code == "0001" and not self.proven(parcel, row, held):
            self.refuse(row, code)
        elif code in DONE:
            self.done(row)
        elif code in REFUSED:
            self.refuse(row, code)
        else:
            if code not in WAITS:
                self.alarms[row.key] = code
            self.hold(row)

    def proven(self, parcel: Parcel, row: Row, held: etree._Element | None) -> bool:
        """Tell whether a duplicate is this very record: by its proof, or because an attempt of ours was unknown."""
        digest = self.digest(self.document(row))
        return parcel.attempts > 1 or (held is not None and text(held, "contentDigest") == digest)

    def done(self, row: Row) -> None:
        """Note that a record has been taken."""
        self.settled.add(mark(row))
        self.alarms.pop(row.key, None)
        self.lane_due.pop(self.lane(row), None)

    def refuse(self, row: Row, code: str) -> None:
        """Note that a version is refused for good: it is not sent again, a task stands for it."""
        self.parked[mark(row)] = code

    def hold(self, row: Row) -> None:
        """Let the case of a record wait; other cases go on."""
        self.lane_due[self.lane(row)] = time.monotonic() + 300.0 / self.scale

    def tasks_open(self) -> list[str]:
        """Return the keys (and numbers) that a person has to look at."""
        return [key for key, version, document in self.parked if self._stands(key, version, document)] + list(
            self.alarms
        )

    def _stands(self, key: str, version: int, document: str) -> bool:
        row = self.rows.get(key)
        return row is not None and mark(row) == (key, version, document)

    # notices -----------------------------------------------------------------------------------------------------

    def poll_seconds(self) -> float:
        """Return how often notices are fetched."""
        return 30.0

    def poll(self) -> None:
        """Fetch notices until stopped: the thread of notices."""
        while not self.stopped:
            try:
                self.fetch()
            except (Unreachable, Unsure, Refusal):
                self.alarms.pop("notices", None)
            with self.moved:
                self.moved.wait(self.poll_seconds() / self.scale)

    def fetch(self) -> None:
        """Fetch what is there, keep each notice, then acknowledge it."""
        answer = self.call("FetchNotices", "", keep=True)
        ids = []
        for record in answer.iterfind(name("Record")):
            self.take_notice(record[4])
            ids.append(text(record, "recordId"))
        if ids:
            self.acknowledge(ids)

    def take_notice(self, notice: etree._Element) -> None:
        """Keep a notice as a task; one about a case that is not known here is a task for a person."""
        kind = etree.QName(notice).localname
        if kind not in {"alert", "instruction"}:
            return
        number = text(notice, "alertNo" if kind == "alert" else "instructionNo")
        case = text(notice, "caseNo")
        if case and all(row.case != case for row in self.visible()):
            self.unknown_case(number)
        else:
            self.keep_notice(number, case, text(notice, "itemCode"))

    def unknown_case(self, number: str) -> None:
        """Make a notice about an unknown case a task for a person."""
        self.alarms[number] = "2002"

    def acknowledge(self, record_ids: Sequence[str]) -> None:
        """Acknowledge notices that are kept."""
        self.call("AckNotices", "".join(f"<recordId>{each}</recordId>" for each in record_ids), keep=True)


def mark(row: Row) -> tuple[str, int, str]:
    """Return what stands for one version of a record with its content."""
    return (row.key, row.version, row.document)


__all__ = ["NAMESPACE", "Parcel", "Pushing", "mark"]
