# SPDX-License-Identifier: Apache-2.0
"""One thread commits: packages that wait at the same time share a commit, and nobody is answered before it (B16)."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final

import structlog

from gateway.errors import GatewayError, LedgerError
from gateway.ledger import received
from gateway.ledger.engine import Contended
from gateway.ledger.received import Turned
from gateway.ledger.receiving import Issue, Parcel, Stored, commit_parcels
from gateway.ledger.store import Ledger

log = structlog.get_logger()

TOGETHER: Final = 16
_TRIES: Final = 5

Member = tuple[Parcel, "Future[Stored]"]


class Commits:
    """The only writer of the intake; ``submit`` may be called from any thread."""

    def __init__(self, ledger: Ledger, issue: Issue, notices: frozenset[str], grew: Callable[[int], None]) -> None:
        """Commit into ``ledger``; ``grew`` is told how many deliveries became possible."""
        self._ledger = ledger
        self._issue = issue
        self._notices = notices
        self._grew = grew
        self._queue: queue.Queue[Member | None] = queue.Queue()
        self._thread = threading.Thread(target=self._commit_for_ever, name="intake-commit", daemon=True)
        self._thread.start()

    def submit(self, parcel: Parcel) -> "Future[Stored]":
        """Queue a package; the future holds its receipt, or LedgerError with nothing stored."""
        future: Future[Stored] = Future()
        self._queue.put((parcel, future))
        return future

    @property
    def depth(self) -> int:
        """How many packages wait."""
        return self._queue.qsize()

    def stop(self) -> None:
        """Finish what is queued, then end."""
        self._queue.put(None)
        self._thread.join()

    def _commit_for_ever(self) -> None:
        going = True
        while going:
            members = self._together()
            going = None not in members
            self._settle([each for each in members if each is not None])

    def _together(self) -> list[Member | None]:
        members: list[Member | None] = [self._queue.get()]
        while len(members) < TOGETHER and members[-1] is not None:
            try:
                members.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return members

    def _settle(self, members: Sequence[Member]) -> None:
        for attempt in range(1, _TRIES + 1):
            if not members:
                return
            members = self._attempt(members, last=attempt == _TRIES)

    def _attempt(self, members: Sequence[Member], *, last: bool) -> list[Member]:
        """Commit once; return those that lost a race and may be tried again."""
        try:
            outcomes = commit_parcels(self._ledger, [parcel for parcel, _ in members], self._issue, self._notices)
        except Contended as fault:
            outcomes = [fault] * len(members)
        except Exception as fault:
            told = fault if isinstance(fault, GatewayError) else LedgerError(f"{type(fault).__name__}: {fault}")
            log.exception("intake-commit-failed", error=str(fault), packages=len(members))
            for _, future in members:
                future.set_exception(told)
            return []
        again: list[Member] = []
        accepted = 0
        for member, outcome in zip(members, outcomes, strict=True):
            if isinstance(outcome, Stored):
                accepted += outcome.accepted
                member[1].set_result(outcome)
            elif last:
                member[1].set_exception(outcome)
            else:
                again.append(member)
        if accepted:
            self._grew(accepted)
        return again

    def note(self, refused: Turned) -> None:
        """Keep that a known sender's package was refused whole; a ledger that can't is only logged."""
        try:
            with self._ledger.begin() as connection:
                received.note_refusals(connection, [refused], self._ledger.now())
        except LedgerError as fault:
            log.warning("intake-refusal-not-kept", error=str(fault), code=refused.code)
