# SPDX-License-Identifier: Apache-2.0
"""Confirm: what became of a package whose outcome is unknown; always asked before anything is sent again (T3)."""

from gateway.errors import ChannelError
from gateway.ledger.claims import Claimed
from gateway.ledger.settlement import Answer
from gateway.model.destination import Terms
from gateway.model.package import Receipt
from gateway.ports import Destination
from gateway.semantics.outcomes import Judgement, PackageFacts, PackageMove, judge_query

SECOND = 1_000_000


def facts_of(claimed: Claimed, terms: Terms) -> PackageFacts:
    """Return what the judgement needs to know of a claimed package; the exchange under way counts as an attempt."""
    return PackageFacts(claimed.records, claimed.cases, terms.behaviour, claimed.attempts + 1, claimed.was_unknown)


def confirm(destination: Destination, claimed: Claimed, terms: Terms, now: int) -> Answer:
    """Ask the destination what became of a package and judge the answer."""
    try:
        answer = destination.query_receipt(claimed.package_id)
    except ChannelError as error:
        return Answer(
            "query", now, Judgement(PackageMove.UNKNOWN, detail=f"{error.code} {error.detail}"), reached=False
        )
    silent_for = (now - (claimed.last_sent_at or claimed.created_at)) / SECOND
    judgement = judge_query(facts_of(claimed, terms), answer, silent_for, terms.max_in_flight)
    number, life = (answer.receipt_no, answer.incarnation) if isinstance(answer, Receipt) else (None, None)
    return Answer("query", now, judgement, number, incarnation=life)
