# SPDX-License-Identifier: Apache-2.0
"""The operations of PowerExchange over this gateway's ledger: one contract, whichever face asked (standard.md §4)."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.clock import microseconds
from gateway.documents import service
from gateway.documents.safexml import Element
from gateway.errors import BadGateway, LedgerError
from gateway.exchange.commits import Commits
from gateway.flow.given import daily_statement
from gateway.flow.receive import CallRefused, Receiving, Sender
from gateway.ledger import received
from gateway.ledger.received import Turned
from gateway.ledger.receiving import Stored
from gateway.ledger.runs import RunLease
from gateway.ledger.store import Ledger
from gateway.model.package import PackedRecord, ReceiptStatus
from gateway.ports import Clock

BUSY_SECONDS: Final = 5
DISK_SECONDS: Final = 30
_WAIT_FOR_COMMIT: Final = 120.0


@dataclass(frozen=True)
class Standing:
    """What GetVersion tells."""

    receiver: str
    standard_versions: tuple[str, ...]
    code_list_versions: tuple[str, ...]


class Office:
    """Carries out operations for a sender that is known; every method may be called from many threads."""

    def __init__(
        self, ledger: Ledger, receiving: Receiving, commits: Commits, standing: Standing, clock: Clock,
        leases: Mapping[str, RunLease],
    ) -> None:  # fmt: skip
        """Serve the senders of ``leases`` (by their source name)."""
        self._ledger = ledger
        self._receiving = receiving
        self._commits = commits
        self._standing = standing
        self._clock = clock
        self._leases = leases
        self._open: set[tuple[str, str]] = set()
        self._opening = threading.Lock()
        self._operations: dict[str, Callable[[Element, Sender], bytes]] = {
            "Ping": self._ping,
            "GetVersion": self._version,
            "SubmitPackage": self._submit,
            "QueryReceipt": self._query,
            "GetStatement": self._statement,
            "GetKeys": self._keys,
            "FetchNotices": self._fetch,
            "AckNotices": self._acknowledge,
        }

    def perform(self, operation: str, request: Element, sender: Sender, peer: str) -> bytes:
        """Carry out an operation and return its response element; raises CallRefused."""
        known = self._operations.get(operation)
        if known is None:
            raise CallRefused("1002", "未知的操作 / unknown operation")
        try:
            return service.response(operation, known(request, sender))
        except BadGateway as fault:
            raise CallRefused("1002", fault.detail) from None
        except LedgerError:
            raise CallRefused(
                "4001", "台账暂时不能写入或读取,请稍后重试 / the ledger can't be written or read now", DISK_SECONDS
            ) from None
        except CallRefused as refused:
            self._note(refused, sender, peer)
            raise

    def _note(self, refused: CallRefused, sender: Sender, peer: str) -> None:
        fault = refused.fault
        if fault.code[0] in "45":
            return
        source_id = self._leases[sender.name].source_id
        self._commits.note(Turned(source_id, refused.package_id, fault.code, fault.message, peer))

    def _ping(self, request: Element, _sender: Sender) -> bytes:
        service.read_nothing(request)
        return service.pong(self._clock.now())

    def _version(self, request: Element, _sender: Sender) -> bytes:
        service.read_nothing(request)
        standing = self._standing
        return service.version(
            standing.standard_versions, standing.code_list_versions, standing.receiver, self._clock.now()
        )

    def _submit(self, request: Element, sender: Sender) -> bytes:
        element = service.read_submission(request)
        package = self._receiving.authentic(element, sender)
        lease = self._leases[sender.name]
        head = package.head
        with self._being_taken(sender.name, head.package_id):
            receipt = self._receiving.given(lease, head.package_id, head.body_digest)
            if receipt is not None:
                return receipt
            parcel = self._receiving.parcel(element, package, sender, lease)
            future: Future[Stored] = self._commits.submit(parcel)
            return future.result(_WAIT_FOR_COMMIT).receipt

    @contextmanager
    def _being_taken(self, name: str, package_id: str) -> Iterator[None]:
        """Take a package once at a time; raises CallRefused 4001 while the same one is being processed."""
        own = (name, package_id)
        with self._opening:
            if own in self._open:
                raise CallRefused("4001", "该包正在处理 / this package is being processed", 1, package_id)
            self._open.add(own)
        try:
            yield
        finally:
            with self._opening:
                self._open.discard(own)

    def _query(self, request: Element, sender: Sender) -> bytes:
        asked = service.read_receipt_question(request)
        lease = self._leases[sender.name]
        if asked.package_id is not None and (sender.name, asked.package_id) in self._open:
            return service.status(ReceiptStatus.IN_PROGRESS)
        with self._ledger.reading() as connection:
            segments = self._ledger.segments
            if asked.package_id is not None:
                known = received.given(connection, segments, lease.source_id, asked.package_id)
            else:
                known = received.given_for_record(connection, segments, lease.source_id, asked.record_id or "")
        if known is None:
            return service.status(ReceiptStatus.NEVER_RECEIVED)
        if known.receipt is None:
            return service.status(ReceiptStatus.NOT_RETAINED)
        return self._receiving.renewed(lease, known.receipt)

    def _statement(self, request: Element, sender: Sender) -> bytes:
        day, org = service.read_statement_question(request)
        with self._ledger.reading() as connection:
            return service.statement(daily_statement(connection, self._leases[sender.name].source_id, day, org))

    def _keys(self, request: Element, sender: Sender) -> bytes:
        asked = service.read_keys_question(request)
        with self._ledger.reading() as connection:
            page = received.sent_keys(
                connection, self._leases[sender.name].source_id, day=asked.day, org=asked.org, after=asked.after,
                size=asked.size,
            )  # fmt: skip
        return service.keys(page.keys.through_receipt_no, page.keys.rows, page.cursor)

    def _fetch(self, request: Element, sender: Sender) -> bytes:
        asked = service.read_notices_question(request)
        since = 0 if asked.since is None else microseconds(datetime.fromisoformat(asked.since))
        with self._ledger.reading() as connection:
            found = received.open_notices(
                connection, self._leases[sender.name].source_id, sender.organisations, since=since,
                after=asked.after, size=asked.size + 1,
            )  # fmt: skip
            page = found[: asked.size]
            documents = self._ledger.segments.read(connection, [each.place for each in page])
        records = [PackedRecord(each.record_id, each.type, each.key, each.version, each.digest) for each in page]
        cursor = str(page[-1].record_id) if len(found) > len(page) else None
        return service.notices(zip(records, documents, strict=True), cursor)

    def _acknowledge(self, request: Element, sender: Sender) -> bytes:
        ids = service.read_acknowledgement(request)
        with self._ledger.begin() as connection:
            count = received.acknowledge(
                connection, self._leases[sender.name].source_id, sender.organisations, ids, self._ledger.now()
            )
        return service.acknowledged(count)
