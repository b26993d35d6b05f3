# SPDX-License-Identifier: Apache-2.0
"""Tables T2 and T3 of the ledger, and rules B18 and B19, one row a test."""

import pytest

from gateway.model.destination import Behaviour
from gateway.model.package import Held, PackedRecord, Receipt, ReceiptStatus, RecordResult, Refusal, Submission
from gateway.semantics.outcomes import (
    PackageFacts,
    PackageMove,
    RecordMove,
    judge_query,
    judge_receipt,
    judge_submission,
)

RECORDS = tuple(PackedRecord(n, "CF_JD", f"CF_JD:case-{n // 2}:{n % 2}", 1, bytes([n + 1]) * 32) for n in range(4))
CASES = ("case-0", "case-0", "case-1", "case-1")


def facts(*, behaviour: Behaviour = Behaviour.IDEMPOTENT, attempts: int = 1, was_unknown: bool = False) -> PackageFacts:
    return PackageFacts(RECORDS, CASES, behaviour, attempts, was_unknown)


def receipt(*results: RecordResult, code: str = "0000") -> Receipt:
    return Receipt("p", "123456789", "2026-01-01T00:00:00+08:00", 1, 1, code, "", results)


def said(record: PackedRecord, code: str, held: Held | None = None) -> RecordResult:
    return RecordResult(record.record_id, code, held=held)


def rest_accepted(first: RecordResult) -> Receipt:
    return receipt(first, *(said(record, "0000") for record in RECORDS[1:]))


def test_t2_all_accepted_settles_the_package_at_once() -> None:
    judged = judge_receipt(facts(), receipt(*(said(record, "0000") for record in RECORDS)))
    assert judged.package is PackageMove.SETTLED
    assert judged.accepted_all


def test_t2_count_right_but_one_foreign_record_is_not_all_accepted() -> None:
    foreign = PackedRecord(9, "CF_JD", "CF_JD:other:1", 1, b"9" * 32)
    judged = judge_receipt(facts(), receipt(*(said(record, "0000") for record in (*RECORDS[:3], foreign))))
    assert not judged.accepted_all
    assert [move.move for move in judged.moves] == [RecordMove.SETTLED] * 3 + [RecordMove.OPEN]
    assert judged.package is PackageMove.UNKNOWN


@pytest.mark.parametrize(
    ("code", "move"),
    [
        ("0002", RecordMove.OPEN),
        ("1002", RecordMove.PARKED),
        ("1004", RecordMove.PARKED),
        ("1005", RecordMove.PARKED),
        ("2001", RecordMove.STATE_DEPENDENT),
        ("2002", RecordMove.STATE_DEPENDENT),
        ("2003", RecordMove.STATE_DEPENDENT),
        ("2004", RecordMove.PARKED),
        ("2005", RecordMove.PARKED),
        ("2006", RecordMove.STALE_THERE),
        ("2007", RecordMove.PARKED),
        ("2008", RecordMove.STATE_DEPENDENT),
        ("3002", RecordMove.READY),
        ("4001", RecordMove.READY),
        ("5000", RecordMove.READY),
    ],
)
def test_t2_each_return_code_moves_its_record(code: str, move: RecordMove) -> None:
    judged = judge_receipt(facts(), rest_accepted(said(RECORDS[0], code)))
    assert judged.moves[0].move is move


def test_t2_blocked_by_an_earlier_record_of_the_case_burns_nothing() -> None:
    answers = receipt(
        said(RECORDS[0], "1002"), said(RECORDS[1], "2003"), said(RECORDS[2], "0000"), said(RECORDS[3], "0000")
    )
    assert judge_receipt(facts(), answers).moves[1].move is RecordMove.READY


def test_t2_a_record_that_the_receipt_does_not_name_stays_open_until_asked_often_enough() -> None:
    answers = receipt(*(said(record, "0000") for record in RECORDS[1:]))
    assert judge_receipt(facts(), answers).moves[0].move is RecordMove.OPEN
    late = judge_receipt(facts(attempts=3), answers)
    assert late.moves[0].move is RecordMove.PARKED
    assert late.moves[0].code == "outcome-unknown"


def test_b18_duplicate_settles_only_with_our_version_and_digest() -> None:
    ours = Held(1, RECORDS[0].content_digest.hex())
    other = Held(1, "00" * 32)
    older = Held(2, RECORDS[0].content_digest.hex())
    moves = [
        judge_receipt(facts(), rest_accepted(said(RECORDS[0], "0001", held))).moves[0]
        for held in (ours, other, older, None)
    ]
    assert [move.move for move in moves] == [
        RecordMove.SETTLED,
        RecordMove.PARKED,
        RecordMove.PARKED,
        RecordMove.PARKED,
    ]
    assert moves[1].code == "duplicate-unproven"


def test_b18_duplicate_settles_where_an_earlier_attempt_was_unknown() -> None:
    judged = judge_receipt(facts(attempts=2, was_unknown=True), rest_accepted(said(RECORDS[0], "0001")))
    assert judged.moves[0].move is RecordMove.SETTLED


@pytest.mark.parametrize("code", ["1001", "1002", "1003", "1006"])
def test_b19_a_refused_package_is_divided(code: str) -> None:
    assert judge_submission(facts(), Submission(refusal=Refusal(code, ""))).package is PackageMove.DIVIDE


def test_b19_internal_error_is_unknown_first_and_divides_after_the_third_send() -> None:
    refused = Submission(refusal=Refusal("5000", ""))
    assert judge_submission(facts(attempts=1), refused).package is PackageMove.UNKNOWN
    assert judge_submission(facts(attempts=3), refused).package is PackageMove.UNKNOWN
    assert judge_submission(facts(attempts=5), refused).package is PackageMove.DIVIDE


@pytest.mark.parametrize("code", ["3001", "3002", "3003", "1005"])
def test_t2_channel_faults_halt_the_destination(code: str) -> None:
    assert judge_submission(facts(), Submission(refusal=Refusal(code, ""))).package is PackageMove.HALT


def test_t3_busy_goes_back_to_claimed_after_the_pause_it_asked_for() -> None:
    judged = judge_submission(facts(), Submission(refusal=Refusal("4001", "", 7)))
    assert (judged.package, judged.retry_after) == (PackageMove.RETRY, 7)


def test_t3_nothing_sent_goes_back_to_claimed() -> None:
    assert judge_submission(facts(), Submission(sent=False)).package is PackageMove.RETRY


def test_t3_silence_is_unknown() -> None:
    assert judge_submission(facts(), Submission(sent=True)).package is PackageMove.UNKNOWN


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_t3_receipt_found_settles(behaviour: Behaviour) -> None:
    found = receipt(*(said(record, "0000") for record in RECORDS))
    assert judge_query(facts(behaviour=behaviour), found, 1.0, 120.0).package is PackageMove.SETTLED


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_t3_in_progress_waits(behaviour: Behaviour) -> None:
    assert (
        judge_query(facts(behaviour=behaviour), ReceiptStatus.IN_PROGRESS, 999.0, 120.0).package is PackageMove.UNKNOWN
    )


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_t3_never_received_is_believed_only_after_max_in_flight(behaviour: Behaviour) -> None:
    early = judge_query(facts(behaviour=behaviour), ReceiptStatus.NEVER_RECEIVED, 119.0, 120.0)
    assert early.package is PackageMove.UNKNOWN
    assert early.retry_after is not None
    late = judge_query(facts(behaviour=behaviour), ReceiptStatus.NEVER_RECEIVED, 120.0, 120.0)
    assert late.package is PackageMove.RETRY


@pytest.mark.parametrize("status", [ReceiptStatus.UNSUPPORTED, ReceiptStatus.NOT_RETAINED])
@pytest.mark.parametrize(
    ("behaviour", "move"),
    [
        (Behaviour.IDEMPOTENT, PackageMove.RETRY),
        (Behaviour.DUPLICATE_REJECTING, PackageMove.RETRY),
        (Behaviour.NAIVE, PackageMove.PARK),
    ],
)
def test_t3_no_way_to_know_depends_on_the_kind(status: ReceiptStatus, behaviour: Behaviour, move: PackageMove) -> None:
    assert judge_query(facts(behaviour=behaviour), status, 999.0, 120.0).package is move
