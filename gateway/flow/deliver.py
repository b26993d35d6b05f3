# SPDX-License-Identifier: Apache-2.0
"""Deliver: claim a package, send it, write down what came of it; one destination never waits for another."""

from collections.abc import Collection
from dataclasses import dataclass

from gateway.clock import microseconds
from gateway.flow.backlog import Backlog
from gateway.flow.confirm import confirm, facts_of
from gateway.ledger.claims import Claimed, Transaction, claim, unfinished
from gateway.ledger.destinations import next_due
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.store import Ledger
from gateway.model.destination import Behaviour, Route
from gateway.model.package import PackageHead, Purpose
from gateway.ports import Clock, Destination, Ids
from gateway.semantics.outcomes import judge_submission

LONGEST_REST = 5.0


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
    """Everything one destination's worker needs."""

    ledger: Ledger
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
        elif patience is not None and job.backlog.idle and (wait is None or wait > patience):
            return
        else:
            job.backlog.rest(LONGEST_REST if wait is None else min(wait, LONGEST_REST))


def deliver_one(job: Delivery, claimed: Claimed) -> Claimed | None:
    """Take one package a step further and claim the next in the same commit.

    A receipt waits for the next package to fill, a linger time at most, since half the commits are saved so; should the
    process die meanwhile, the next one asks the destination for the receipt (T3). A naive destination can't be asked.
    """
    if claimed.state == "unknown":
        answer = confirm(job.destination, claimed, job.route.terms, microseconds(job.clock.now()))
    else:
        answer = _send(job, claimed)
    terms = job.route.terms
    if answer.judgement.accepted_all and terms.behaviour is not Behaviour.NAIVE:
        job.backlog.wait_for_package(terms.name, terms.package_records)
        go_on = True
    else:
        go_on = job.backlog.take_if_full(terms.name, terms.package_records)
    with job.ledger.begin() as connection:
        settle(connection, job.route, claimed, answer, job.parties.item_type)
        return _next_in(connection, job) if go_on else None


def _send(job: Delivery, claimed: Claimed) -> Answer:
    documents = job.ledger.documents([record.id for record in claimed.records])
    submission = job.destination.submit(_head(job, claimed), claimed.records, documents)
    judgement = judge_submission(facts_of(claimed, job.route.terms), submission)
    receipt_no = submission.receipt.receipt_no if submission.receipt else None
    return Answer("submit", microseconds(job.clock.now()), judgement, receipt_no, submission.evidence)


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
    with job.ledger.begin() as connection:
        return _next_in(connection, job)


def _next_in(connection: Transaction, job: Delivery) -> Claimed | None:
    """Packages already made come first; then a new one is claimed."""
    now = microseconds(job.clock.now())
    if job.backlog.stopped:
        return None
    return unfinished(connection, job.route, now) or claim(connection, job.route, job.ids, now, job.parties.withdrawing)


def _idle_for(job: Delivery) -> float | None:
    """Return the seconds until something can be tried at this destination, or None when nothing is left to try."""
    with job.ledger.reading() as connection:
        due = next_due(connection, job.route)
    if due is None:
        return None
    return max(0.0, (due - microseconds(job.clock.now())) / 1_000_000)
