# SPDX-License-Identifier: Apache-2.0
"""Fetch: signed packages of a department are judged as pushed ones are, each page one commit with the cursor (B3, B5).

A page that can't be read is asked for again in smaller pieces until the record at fault is alone; that one is noted by
its place and passed over, everything around it goes on. Receipts and notices are told when everything is read (B17).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import structlog

from gateway.documents.department import NOTICES, RecordsPage, UnreadablePage
from gateway.documents.safexml import Element
from gateway.errors import SourceError
from gateway.flow.cursor import Cursor
from gateway.flow.receive import CallRefused, Examining, Judging, Receiving, Sender
from gateway.flow.rehearse import Trial
from gateway.ledger import owed, received
from gateway.ledger.engine import Contended
from gateway.ledger.intake import Chunk
from gateway.ledger.receiving import Parcel, Stored, commit_parcels
from gateway.ledger.runs import RunLease
from gateway.model.finding import Finding, Stage
from gateway.model.record import Refused, SourceKind
from gateway.model.words import Words
from gateway.ports import Clock, Position, Unreadable, Window

if TYPE_CHECKING:
    from gateway.flow.collect import Pull

MOST_PASSED: Final = 20
"""Records in a row that may be passed over; more, and the service is at fault, not its records."""

UNREADABLE, UNTRUSTED = "SVC-005", "SVC-006"

_TRIES: Final = 5
_SMALLER: Final = 4
_ALONE: Final = frozenset({"1001", "1002", "1003", "1005", "1006"})
"""Codes of what may be the fault of one record; anything else is that of the whole service."""
_APART: Final = _ALONE | {"3001", "3002"}
"""The same where packages come apart from each other: one of another sender or time says nothing of the next."""
_WAITS: Final = b"<code>0002</code>"
_MOST_NOTICES: Final = 500

log = structlog.get_logger(__name__)


@runtime_checkable
class PackageSource(Protocol):
    """A department system that gives signed packages in the standard form, and hears what became of them."""

    name: str
    kind: SourceKind

    @property
    def page(self) -> int:
        """The most records that one page may hold."""

    @property
    def tells_receipts(self) -> bool:
        """Whether receipts are to be put."""

    @property
    def tells_notices(self) -> bool:
        """Whether notices are to be put."""

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run by the department's clock."""

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run."""

    def fetch(self, window: Window, after: Position | None, size: int) -> RecordsPage:
        """Ask for the next page. Raises SourceError, UnreadablePage where this page alone is at fault."""

    def put_receipt(self, receipt: bytes) -> None:
        """Tell what became of a package; the same receipt may come twice."""

    def put_notice(self, document: bytes) -> None:
        """Tell of an alert or instruction; the same one may come twice."""


@runtime_checkable
class Apart(Protocol):
    """A source whose packages come apart from each other, as files do, and that hears of one that was passed over."""

    @property
    def apart(self) -> bool:
        """Tell that they do."""

    def passed_over(self, finding: Finding) -> None:
        """Put the package that was fetched last out of the way: it is at fault."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How packages of one department are judged: with what, whose they are, and which types departments are told of."""

    judging: Judging
    sender: Sender
    notices: frozenset[str]


def fetch_packages(job: "Pull", source: PackageSource, lease: RunLease) -> None:
    """Fetch everything from the cursor to now, then tell receipts and notices.

    Raises SourceError where the service fails, or where it does not take a receipt: what was read stays read.
    """
    fetching = job.handling.fetching
    if fetching is None:
        raise AssertionError(source.name)
    reading = _Reading(job, source, lease, fetching, Receiving(job.ledger, fetching.judging, job.clock))
    reading.to_end()
    if source.tells_receipts:
        _tell_receipts(job, source, lease, reading.receiving)
    if source.tells_notices:
        _tell_notices(job, source, lease, fetching.sender)


def rehearse_packages(
    source: PackageSource, fetching: Fetching, since: str | None, progress: Callable[[int], None], clock: Clock
) -> Trial:
    """Say what fetching from ``since`` would bring, without any ledger. Raises SourceError."""
    examining = Examining(fetching.judging, clock)
    lease = RunLease(0, 0, 0, "", 0, SourceKind.EVENT, fetching.sender.level)
    window, after = source.window(since), None
    rows, refused = 0, list[Refused]()
    while True:
        page = source.fetch(window, after, source.page)
        if page.package is not None:
            try:
                package = examining.authentic(page.package, fetching.sender)
            except CallRefused as fault:
                raise SourceError(f"{source.name}: {UNTRUSTED} {fault}", _TRUST_HINT) from None
            parcel = examining.parcel(page.package, package, fetching.sender, lease)
            refused += [
                Refused(each.refused, each.draft.type if each.draft else None, each.key)
                for each in parcel.records
                if each.refused
            ]
            rows += len(parcel.records)
            progress(len(parcel.records))
        if not page.more:
            return Trial(rows, rows - len(refused), tuple(refused))
        after = Position(None, page.cursor)


_TRUST_HINT = Words(
    "核对 signing_certificates 和 code;签名和摘要的算法见 docs/reference/wire.md",
    "check signing_certificates and code; docs/reference/wire.md tells how to sign and digest",
)


@dataclass(slots=True)
class _Reading:
    """The pages of one run. ``passed`` are records at fault that no commit holds yet."""

    job: "Pull"
    source: PackageSource
    lease: RunLease
    fetching: Fetching
    receiving: Receiving
    done: int = 0
    sound: bool = False
    passed: list[Unreadable] = field(default_factory=list)

    def to_end(self) -> None:
        """Finish the window of a run that died, then read on from there to now."""
        cursor = Cursor.parse(self.lease.cursor)
        if cursor.window is not None:
            cursor = self._window(cursor.floor, cursor.window, cursor.position)
        if cursor.window is None and not self.job.stopping():
            window = self.source.window(None if self.job.sweep else cursor.floor)
            self._window(cursor.floor, window, None)

    def _window(self, floor: str | None, window: Window, after: Position | None) -> Cursor:
        """Read a window to its end, or until told to stop; return the cursor as it is committed."""
        size = self.source.page
        while not self.job.stopping():
            reached = self._step(floor, window, after, size)
            if reached is None:  # the same again, in smaller pieces
                size = max(1, size // _SMALLER)
                continue
            if not reached.more:
                self._end(self._behind(floor, window, reached))
                break
            after = Position(None, reached.cursor)
            size = min(size * _SMALLER, self.source.page)
        return Cursor.parse(self.lease.cursor)

    def _step(self, floor: str | None, window: Window, after: Position | None, size: int) -> RecordsPage | None:
        """Fetch and take one page and return it, also where its one record was passed over; None to ask for less."""
        try:
            page = self.source.fetch(window, after, size)
        except UnreadablePage as fault:
            return self._at_fault(size, fault.beyond, UNREADABLE, fault)
        try:
            self._take(page, self._behind(floor, window, page))
        except CallRefused as refused:
            return self._at_fault(size, page, UNTRUSTED, self._untrusted(refused))
        return page

    def _behind(self, floor: str | None, window: Window, page: RecordsPage) -> str:
        if page.more:
            return Cursor(floor, window, Position(None, page.cursor)).text()
        return Cursor(self.source.next_floor(window, None) or floor).text()

    def _take(self, page: RecordsPage, behind: str) -> None:
        """Judge a page and make it durable with the cursor behind it; raises CallRefused where it can't be judged."""
        parcel = None if page.package is None else self._parcel(page.package, behind)
        self.sound = True
        if parcel is None:
            return
        if self.passed:
            self._commit(self.lease.cursor)
        self._store(parcel)

    def _parcel(self, element: Element, behind: str) -> Parcel | None:
        """Return what is new in a package, ready for the ledger; None where all of it was seen before (B2)."""
        job, lease = self.job, self.lease
        package = self.receiving.authentic(element, self.fetching.sender)
        shown = [(each.key, each.version, each.record_id) for each in package.records]
        self.done += len(shown)
        with job.ledger.reading() as connection:
            seen = owed.seen(connection, lease.source_id, shown)
            given = received.given(connection, job.ledger.segments, lease.source_id, package.head.package_id)
        fresh = tuple(each for each in package.records if each.record_id not in seen)
        if given is not None:
            if given.body_digest != package.head.body_digest:
                told = "packageId 已用于别的内容 / packageId was used for another body"
                raise SourceError(f"{self.source.name}: {UNTRUSTED} {told}", _TRUST_HINT)
            fresh = ()
        lease.note_rereads(len(shown) - len(fresh))
        if not fresh:
            return None
        parcel = self.receiving.parcel(element, package._replace(records=fresh), self.fetching.sender, lease)
        return replace(parcel, cursor=behind)

    def _store(self, parcel: Parcel) -> None:
        outcome: Stored | Contended = Contended(parcel.package_id)
        for _attempt in range(_TRIES):
            outcome = commit_parcels(self.job.ledger, [parcel], self.receiving.issue, self.fetching.notices)[0]
            if isinstance(outcome, Stored):
                break
        if isinstance(outcome, Contended):
            raise outcome
        self.lease.cursor, self.lease.deaths = parcel.cursor or "", 0
        if outcome.accepted:
            self.job.grew(outcome.accepted)
        self.job.progress(self.done, None)

    def _at_fault(
        self, size: int, page: RecordsPage | None, code: str, fault: SourceError
    ) -> RecordsPage | None:  # fmt: skip
        """Return None to ask for less, or the page with its one record passed over; raises where the service is at fault."""
        if size > 1:
            return None
        if page is None or page.cursor is None:
            raise fault
        if len(self.passed) >= MOST_PASSED:
            if not isinstance(self.source, Apart):
                raise fault
            self._commit(self.lease.cursor)
        place = f"page {page.cursor}"[:200]
        log.warning("record-passed-over", source=self.source.name, code=code, cursor=page.cursor)
        message = Words(fault.detail, fault.detail)
        self.passed.append(Unreadable(place, Finding(code, Stage.COLLECT, place, message, fault.hint)))
        if isinstance(self.source, Apart):
            self.source.passed_over(self.passed[-1].finding)
        if not page.more and not self.sound:  # nothing at all could be read: that is no matter of one record
            raise fault
        return page

    def _untrusted(self, refused: CallRefused) -> SourceError:
        fault = refused.fault
        error = SourceError(f"{self.source.name}: {UNTRUSTED} {fault.code} {fault.message}", _TRUST_HINT)
        if fault.code not in (_APART if isinstance(self.source, Apart) else _ALONE):
            raise error from None
        return error

    def _end(self, behind: str) -> None:
        """Close the window, if the last commit did not."""
        if self.lease.cursor != behind or self.passed:
            self._commit(behind)

    def _commit(self, cursor: str) -> None:
        """Move the cursor, with the records that were passed over on the way there."""
        handling = self.job.handling
        passed, self.passed = tuple(self.passed), []
        chunk = Chunk(
            (), {}, cursor, 0, 0, handling.pack, handling.mapper.version, handling.adapter, unreadable=passed,
            sender=handling.sender,
        )  # fmt: skip
        self.job.ledger.commit_chunk(self.lease, chunk)


def _tell_receipts(job: "Pull", source: PackageSource, lease: RunLease, receiving: Receiving) -> None:
    """Put every receipt that is owed, those of waiting records again once they are accepted; raises the first fault."""
    after, fault = 0, None
    ledger = job.ledger
    while True:
        with ledger.reading() as connection:
            batch = owed.pending(connection, lease.source_id, after)
        for each in batch:
            after = each.receipt_no
            with ledger.reading() as connection:
                given = received.given(connection, ledger.segments, lease.source_id, each.package_id)
            receipt = None if given is None or given.receipt is None else receiving.renewed(lease, given.receipt)
            told = None if receipt is None else hashlib.sha256(receipt).hexdigest()
            if told is not None and told == each.put:
                continue
            try:
                if receipt is not None:  # else it is not kept any more
                    source.put_receipt(receipt)
            except SourceError as error:
                fault = fault or error
                with ledger.begin() as connection:
                    owed.not_heard(connection, each.receipt_no, error.detail)
                continue
            waits = receipt is not None and _WAITS in receipt
            with ledger.begin() as connection:
                owed.heard(connection, each.receipt_no, told if waits else None)
        if not batch:
            break
    if fault is not None:
        raise fault


def _tell_notices(job: "Pull", source: PackageSource, lease: RunLease, sender: Sender) -> None:
    """Put open alerts and instructions; one that the department does not take is tried again with the next run."""
    with job.ledger.reading() as connection:
        found = received.open_notices(
            connection, lease.source_id, sender.organisations, since=0, after=0, size=_MOST_NOTICES
        )
        documents = job.ledger.segments.read(connection, [each.place for each in found])
    for each, document in zip(found, documents, strict=True):
        if document[1:].partition(b" ")[0].decode() not in NOTICES:
            continue
        try:
            source.put_notice(document)
        except SourceError as fault:
            log.warning("notice-not-put", source=source.name, key=each.key, error=fault.detail)
            continue
        with job.ledger.begin() as connection:
            received.mark_read(connection, lease.source_id, each.record_id, job.ledger.now())
