# SPDX-License-Identifier: Apache-2.0
"""Deliver: claim a package, send it, write down what came of it; one destination never waits for another."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from gateway.clock import microseconds
from gateway.errors import ChannelError, Fenced, LedgerError
from gateway.flow.backlog import Backlog
from gateway.flow.confirm import confirm, facts_of
from gateway.ledger import health
from gateway.ledger.claims import Claimed, Transaction, claim, still_held, unfinished
from gateway.ledger.destinations import next_due
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.store import Ledger
from gateway.model.destination import Behaviour, Route
from gateway.model.package import PackageHead, Purpose
from gateway.ports import Clock, Destination, Ids
from gateway.semantics.health import Allowed
from gateway.semantics.outcomes import INTERNAL, Judgement, PackageMove, judge_submission

T = TypeVar("T")

LONGEST_REST = 5.0
_GLANCE = 0.02
HOLD_ON = 60.0
"""Seconds for which a worker keeps an answer in hand while the ledger's database is away; then the answer is given up,
and the package is asked about."""
_WAITS_FOR_PROBE = 600 * 1_000_000
"""A package that waits out a pause of its own goes as the probe; one that was asked to wait longer does not."""


@dataclass(frozen=True, slots=True)
class Parties:
    """What stands in every package head besides the package itself."""

    sender_code: str
    standard_version: str
    code_list_version: str
    item_type: str | None
    withdrawing: Collection[str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything one destination's worker needs; ``worker`` is its number in the ledger.

    ``enough`` tells that the worker is to end after the package in hand, though the service goes on.
    """

    ledger: Ledger
    worker: int
    destination: Destination
    route: Route
    parties: Parties
    clock: Clock
    ids: Ids
    backlog: Backlog
    enough: Callable[[], bool] = lambda: False

    @property
    def ends(self) -> bool:
        """Whether nothing new is to be begun."""
        return self.backlog.stopped or self.enough()


def deliver_until(job: Delivery, *, patience: float | None) -> None:
    """Deliver until the backlog is stopped; with ``patience`` also until nothing is left or can be tried in so many seconds."""
    claimed: Claimed | None = None
    while claimed is not None or not job.ends:
        if claimed is not None:
            claimed = deliver_one(job, claimed)
            continue
        wait = idle_for(job)
        if wait == 0.0:
            claimed = _next(job)
            if claimed is None:  # another worker looks at the same lanes just now
                job.backlog.rest(_GLANCE)
        elif patience is not None and job.backlog.idle and (wait is None or wait > patience):
            return
        else:
            job.backlog.rest(LONGEST_REST if wait is None else min(wait, LONGEST_REST))


def deliver_one(job: Delivery, claimed: Claimed) -> Claimed | None:
    """Take one package a step further and claim the next in the same commit.

    A receipt waits for the next package to fill, a linger time at most, since half the commits are saved so; should the
    process die meanwhile, the next one asks the destination for the receipt (T3). A naive destination can't be asked.
    A package that another worker has taken over meanwhile is dropped (R20).
    """
    try:
        answer = _exchange(job, claimed)
        go_on = _may_go_on(job, answer)
        return _hold_on(
            job, lambda: job.ledger.again(lambda connection: _settle(connection, job, claimed, answer, go_on))
        )
    except Fenced:
        return None


def _exchange(job: Delivery, claimed: Claimed) -> Answer:
    if claimed.state == "unknown":
        return confirm(job.destination, claimed, job.route.terms, microseconds(job.clock.now()))
    return _send(job, claimed)


def _may_go_on(job: Delivery, answer: Answer) -> bool:
    terms = job.route.terms
    if answer.judgement.accepted_all and terms.behaviour is not Behaviour.NAIVE:
        job.backlog.wait_for_package(terms.name, terms.package_records)
        return True
    return job.backlog.take_if_full(terms.name, terms.package_records)


def _settle(connection: Transaction, job: Delivery, claimed: Claimed, answer: Answer, go_on: bool) -> Claimed | None:
    settle(connection, job.route, claimed, answer, job.parties.item_type)
    return _next_in(connection, job) if go_on else None


def _hold_on(job: Delivery, work: Callable[[], T]) -> T:
    """Do what needs the ledger, again and again while its database is away: what is in hand is known only here.

    A settlement that did take place, though its commit was not heard of, is fenced the second time.
    """
    end = job.clock.monotonic() + HOLD_ON
    while True:
        try:
            return work()
        except Fenced:
            raise
        except LedgerError:
            if job.backlog.stopped or job.clock.monotonic() > end:
                raise
            job.backlog.rest(1.0)


def _send(job: Delivery, claimed: Claimed) -> Answer:
    documents = _hold_on(job, lambda: _documents(job, claimed))
    submission = job.destination.submit(_head(job, claimed), claimed.records, documents)
    judgement = judge_submission(facts_of(claimed, job.route.terms), submission)
    reached = submission.receipt is not None or submission.refusal is not None
    if judgement.package is PackageMove.DIVIDE and judgement.code == INTERNAL and _ping(job) is not None:
        # Only of a destination that is well otherwise can the package be at fault (B19).
        judgement, reached = Judgement(PackageMove.UNKNOWN, code=INTERNAL, detail=judgement.detail), False
    receipt = submission.receipt
    number, life = (receipt.receipt_no, receipt.incarnation) if receipt else (None, None)
    return Answer("submit", microseconds(job.clock.now()), judgement, number, submission.evidence, reached, life)


def _ping(job: Delivery) -> str | None:
    """Ask whether the destination is there at all; return what went wrong, None when it answers."""
    try:
        job.destination.ping()
    except ChannelError as error:
        return f"{error.code} {error.detail}"
    return None


def _documents(job: Delivery, claimed: Claimed) -> list[bytes]:
    """Fetch the documents of a package; raises Fenced where the worker slept so long that another one took it over."""
    documents = job.ledger.payloads(claimed.places)
    with job.ledger.reading() as connection:
        if not still_held(connection, claimed):
            raise Fenced(f"package {claimed.package_id} epoch {claimed.epoch}")
    return documents


def _head(job: Delivery, claimed: Claimed) -> PackageHead:
    return PackageHead(
        package_id=claimed.package_id,
        standard_version=job.parties.standard_version,
        sender_code=job.parties.sender_code,
        receiver_code=job.route.terms.receiver,
        created_at=claimed.created,
        purpose=Purpose.BUSINESS,
        record_count=len(claimed.records),
        body_digest=claimed.body_digest,
        code_list_version=job.parties.code_list_version,
        stream_id=claimed.stream_id,
        package_seq=claimed.seq,
        voided=claimed.voided,
    )


def _next(job: Delivery) -> Claimed | None:
    job.backlog.wait_for_package(job.route.terms.name, job.route.terms.package_records)
    if job.ends:
        return None
    claimed, probing = job.ledger.again(lambda connection: _next_or_probe(connection, job))
    if probing and claimed is None:
        _probe_by_ping(job)
    return claimed


def _next_or_probe(connection: Transaction, job: Delivery) -> tuple[Claimed | None, bool]:
    """Return what comes next, and whether it is the one exchange that an open circuit lets through."""
    now = microseconds(job.clock.now())
    due = health.admission(connection, job.route, now).allowed is Allowed.PROBE
    if due and health.begin_probe(connection, job.route, now):
        return _probe_in(connection, job, now), True
    return _next_in(connection, job), False


def _next_in(connection: Transaction, job: Delivery) -> Claimed | None:
    """Packages already made come first; then a new one is claimed, where the destination's health allows it."""
    now = microseconds(job.clock.now())
    if job.ends:
        return None
    allowed = health.admission(connection, job.route, now).allowed
    if allowed in (Allowed.NOTHING, Allowed.PROBE):
        return None
    claimed = unfinished(connection, job.route, job.worker, now)
    if claimed is None and allowed is Allowed.ALL:
        claimed = claim(connection, job.route, job.worker, job.ids, now, job.parties.withdrawing)
    return claimed


def _probe_in(connection: Transaction, job: Delivery, now: int) -> Claimed | None:
    """Use the one exchange that an open circuit lets through for a package that waits for it, where there is one."""
    claimed = unfinished(connection, job.route, job.worker, now, _WAITS_FOR_PROBE)
    if claimed is None and health.takes_new(connection, job.route):
        claimed = claim(connection, job.route, job.worker, job.ids, now, job.parties.withdrawing)
    return claimed


def _probe_by_ping(job: Delivery) -> None:
    """Probe a destination for which nothing waits."""
    fault = _ping(job)
    at = microseconds(job.clock.now())
    job.ledger.again(
        lambda connection: health.note_ping(connection, job.route, at, reached=fault is None, detail=fault or "")
    )


def idle_for(job: Delivery) -> float | None:
    """Return the seconds until something can be tried at this destination, or None when nothing is left to try."""
    now = microseconds(job.clock.now())
    with job.ledger.reading() as connection:
        due = next_due(connection, job.route, job.worker, now)
    if due is None:
        return None
    return max(0.0, (due - now) / 1_000_000)
