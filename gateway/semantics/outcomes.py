# SPDX-License-Identifier: Apache-2.0
"""What a destination's answer means for a package and its records (ledger.md T2, T3, B18, B19), without any I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.destination import Behaviour
from gateway.model.package import PackedRecord, Receipt, ReceiptStatus, RecordResult, Submission

ACCEPTED = "0000"
DUPLICATE = "0001"
STORED_WAITING = "0002"
BLOCKED = "2003"
STALE_THERE = "2006"
MAINTENANCE = "4002"
INTERNAL = "5000"

UNPROVEN = "duplicate-unproven"
UNKNOWN_OUTCOME = "outcome-unknown"

_STATE_DEPENDENT = frozenset({"2001", "2002", "2003", "2008"})
_DIVISIBLE = frozenset({"1001", "1002", "1003", "1006"})
_UNNAMED_LIMIT = 3
# Questions count as attempts: send, ask, send, ask, send makes 5000 three times (B19).
_INTERNAL_LIMIT = 5


class RecordMove(StrEnum):
    """What becomes of one delivery of a package."""

    SETTLED = "settled"
    PARKED = "parked"
    READY = "ready"
    STATE_DEPENDENT = "state-dependent"  # waits where the ledger holds what is missing, else parks
    STALE_THERE = "stale-there"  # superseded where a higher version was settled there, else parks
    OPEN = "open"  # outcome not known yet: stays in its package


class PackageMove(StrEnum):
    """What becomes of the package itself."""

    SETTLED = "settled"
    RETRY = "retry"  # nothing was stored: send the same package again later
    UNKNOWN = "unknown"  # ask before anything else
    DIVIDE = "divide"  # give the records back and try smaller packages (B19)
    HALT = "halt"  # the channel is at fault: stop the destination, burn nothing
    PARK = "park"  # nobody can know: a person decides


@dataclass(frozen=True, slots=True)
class Move:
    """The move of one delivery with the destination's code and message."""

    record: PackedRecord
    move: RecordMove
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The move of a package, and of those of its records that the answer speaks of.

    ``accepted_all`` is the fast path: every record settled with code 0000. ``retry_after`` are seconds the destination
    asked for.
    """

    package: PackageMove
    moves: tuple[Move, ...] = ()
    accepted_all: bool = False
    code: str = ""
    detail: str = ""
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What the judgement needs to know of a package.

    ``attempts`` counts exchanges about it, this one included; ``was_unknown`` tells whether an earlier one got no answer.
    """

    records: Sequence[PackedRecord]
    cases: Sequence[str | None]
    behaviour: Behaviour
    attempts: int
    was_unknown: bool


def judge_submission(facts: PackageFacts, submission: Submission) -> Judgement:
    """Judge what came of sending a package."""
    if submission.receipt is not None:
        return judge_receipt(facts, submission.receipt)
    if submission.refusal is not None:
        return _judge_refusal(
            facts, submission.refusal.code, submission.refusal.message, submission.refusal.retry_after
        )
    if not submission.sent:
        return Judgement(PackageMove.RETRY, detail=submission.detail)
    return Judgement(PackageMove.UNKNOWN, detail=submission.detail)


def judge_receipt(facts: PackageFacts, receipt: Receipt) -> Judgement:
    """Judge a receipt; records that it does not name stay open (T2, last but three)."""
    if receipt.code != ACCEPTED and not receipt.results:
        return _judge_refusal(facts, receipt.code, receipt.message, receipt.retry_after)
    if [(each.record_id, each.code) for each in receipt.results] == [(r.record_id, ACCEPTED) for r in facts.records]:
        return Judgement(PackageMove.SETTLED, accepted_all=True, code=receipt.code)
    results = {result.record_id: result for result in receipt.results}
    if len(results) == len(facts.records) and all(r.code == ACCEPTED for r in receipt.results):
        named = all(record.record_id in results for record in facts.records)
        if named:
            return Judgement(PackageMove.SETTLED, accepted_all=True, code=receipt.code)
    moves = tuple(_moves(facts, results))
    still_open = any(move.move is RecordMove.OPEN for move in moves)
    return Judgement(
        PackageMove.UNKNOWN if still_open else PackageMove.SETTLED, moves, code=receipt.code, detail=receipt.message
    )


def _moves(facts: PackageFacts, results: dict[str, RecordResult]) -> list[Move]:
    """Judge record by record in body order; a case with a trouble turns later 2003 of that case into 'blocked'."""
    moves: list[Move] = []
    troubled: set[str] = set()
    for record, case in zip(facts.records, facts.cases, strict=True):
        result = results.get(record.record_id)
        if result is None:
            moves.append(_unnamed(facts, record))
            continue
        where = case or record.key
        move = _move(facts, record, result, blocked=where in troubled)
        if move.move is not RecordMove.SETTLED:
            troubled.add(where)
        moves.append(move)
    return moves


def _unnamed(facts: PackageFacts, record: PackedRecord) -> Move:
    if facts.attempts >= _UNNAMED_LIMIT:
        return Move(
            record, RecordMove.PARKED, UNKNOWN_OUTCOME, "回执未提到该记录 / the receipt does not name this record"
        )
    return Move(record, RecordMove.OPEN, "", "")


def _move(facts: PackageFacts, record: PackedRecord, result: RecordResult, *, blocked: bool) -> Move:
    code = result.code
    if code == ACCEPTED:
        return Move(record, RecordMove.SETTLED, code, result.message)
    if code == DUPLICATE:
        proven = facts.was_unknown or _proves(record, result)
        if proven:
            return Move(record, RecordMove.SETTLED, code, result.message)
        return Move(record, RecordMove.PARKED, UNPROVEN, result.message)
    if code == STORED_WAITING:
        return Move(record, RecordMove.OPEN, code, result.message)
    if (code == BLOCKED and blocked) or code[0] in "345":
        return Move(record, RecordMove.READY, code, result.message)
    if code in _STATE_DEPENDENT:
        return Move(record, RecordMove.STATE_DEPENDENT, code, result.message)
    if code == STALE_THERE:
        return Move(record, RecordMove.STALE_THERE, code, result.message)
    return Move(record, RecordMove.PARKED, code, result.message)


def _proves(record: PackedRecord, result: RecordResult) -> bool:
    """Tell whether the answer shows our very version and content (B18)."""
    held = result.held
    return held is not None and held.version == record.version and held.content_digest == record.content_digest.hex()


def _judge_refusal(facts: PackageFacts, code: str, message: str, retry_after: int | None) -> Judgement:
    """Judge a refusal of the package as a whole (B19, T3)."""
    if code == INTERNAL:
        move = PackageMove.DIVIDE if facts.attempts >= _INTERNAL_LIMIT else PackageMove.UNKNOWN
        return Judgement(move, code=code, detail=message)
    if code.startswith("4"):
        return Judgement(PackageMove.RETRY, code=code, detail=message, retry_after=retry_after)
    if code in _DIVISIBLE:
        return Judgement(PackageMove.DIVIDE, code=code, detail=message)
    return Judgement(PackageMove.HALT, code=code, detail=message)


def judge_query(
    facts: PackageFacts, answer: Receipt | ReceiptStatus, silent_for: float, max_in_flight: float
) -> Judgement:
    """Judge the answer to QueryReceipt for a package whose outcome is unknown (T3, lower half).

    ``silent_for`` are the seconds since the last byte can have been sent.
    """
    if isinstance(answer, Receipt):
        return judge_receipt(facts, answer)
    if answer is ReceiptStatus.IN_PROGRESS:
        return Judgement(PackageMove.UNKNOWN, detail=answer)
    if answer is ReceiptStatus.NEVER_RECEIVED:
        if silent_for < max_in_flight:
            return Judgement(
                PackageMove.UNKNOWN, detail=answer, retry_after=max(1, int(max_in_flight - silent_for) + 1)
            )
        return Judgement(PackageMove.RETRY, detail=answer)
    if facts.behaviour is Behaviour.NAIVE:
        return Judgement(PackageMove.PARK, code=UNKNOWN_OUTCOME, detail=answer)
    return Judgement(PackageMove.RETRY, detail=answer)
