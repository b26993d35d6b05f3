# SPDX-License-Identifier: Apache-2.0
"""Deliver: claim a package, send it, write down what came of it; one destination never waits for another."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from gateway.clock import microseconds
from gateway.errors import Fenced, LedgerError
from gateway.flow.backlog import Backlog
from gateway.flow.confirm import confirm, facts_of
from gateway.ledger.claims import Claimed, Transaction, claim, still_held, unfinished
from gateway.ledger.destinations import next_due
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.store import Ledger
from gateway.model.destination import Behaviour, Route
from gateway.model.package import PackageHead, Purpose
from gateway.ports import Clock, Destination, Ids
from gateway.semantics.outcomes import judge_submission

T = TypeVar("T")

LONGEST_REST = 5.0
_GLANCE = 0.02
HOLD_ON = 60.0
"""Seconds for which a worker keeps an answer in hand while the ledger's database is away; then the answer is given up,
and the package is asked about."""


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
    """Everything one destination's worker needs; ``worker`` is its number in the ledger."""

    ledger: Ledger
    worker: int
    destination: Destination
    route: Route
    parties: Parties
    clock: Clock
    ids: Ids
    backlog: Backlog


def deliver_until(job: Delivery, *, patience: float | None) -> None:
    """Deliver until the backlog is stopped; with ``patience`` also until nothing is left or can be tried in so many seconds."""
    claimed: Claimed | None = None
    while claimed is not None or not job.backlog.stopped:
        if claimed is not None:
            claimed = deliver_one(job, claimed)
            continue
        wait = _idle_for(job)
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
    receipt_no = submission.receipt.receipt_no if submission.receipt else None
    return Answer("submit", microseconds(job.clock.now()), judgement, receipt_no, submission.evidence)


def _documents(job: Delivery, claimed: Claimed) -> list[bytes]:
    """Fetch the documents of a package; raises Fenced where the worker slept so long that another one took it over."""
    documents = job.ledger.documents([record.id for record in claimed.records])
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
    if job.backlog.stopped:
        return None
    return job.ledger.again(lambda connection: _next_in(connection, job))


def _next_in(connection: Transaction, job: Delivery) -> Claimed | None:
    """Packages already made come first; then a new one is claimed."""
    now = microseconds(job.clock.now())
    if job.backlog.stopped:
        return None
    left = unfinished(connection, job.route, job.worker, now)
    return left or claim(connection, job.route, job.worker, job.ids, now, job.parties.withdrawing)


def _idle_for(job: Delivery) -> float | None:
    """Return the seconds until something can be tried at this destination, or None when nothing is left to try."""
    with job.ledger.reading() as connection:
        due = next_due(connection, job.route, job.worker)
    if due is None:
        return None
    return max(0.0, (due - microseconds(job.clock.now())) / 1_000_000)
