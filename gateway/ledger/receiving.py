# SPDX-License-Identifier: Apache-2.0
"""Packages that others push become durable: records, refusals, deliveries and the receipt in one transaction.

Several packages share one commit (B16): each is folded behind a savepoint, receipts are numbered and written when all
are folded, and nobody is answered before the outer commit. If that fails, it fails for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError

from gateway.ledger import owed, runs
from gateway.ledger.batches import insert_rows, upsert_rows
from gateway.ledger.declared_fold import DeclaredFold, DeclaredRecord, Taken, held_versions
from gateway.ledger.engine import Contended, is_contention
from gateway.ledger.evidence import incarnation_of, state_row
from gateway.ledger.fold import Made
from gateway.ledger.gate import ACCEPTED, Gate, lock_cases
from gateway.ledger.heads import Heads
from gateway.ledger.intake import Decision, Desk, Kept, Versions, count, decide, write_fold
from gateway.ledger.received_streams import note_sequence, note_voided
from gateway.ledger.received_tables import notice, received_package, received_record
from gateway.ledger.runs import RunLease
from gateway.ledger.segments import SegmentWriter
from gateway.ledger.store import Ledger
from gateway.ledger.tables import site
from gateway.model.case_record import Sender
from gateway.model.finding import Finding
from gateway.model.record import Draft, Row
from gateway.semantics.declared import Declared

STATE_DEPENDENT: Final = frozenset({"2001", "2002", "2003", "2008"})
"""Codes of refusals that may pass when what is missing arrives."""

_RECEIPT_NO = "receipt-no"
_RECORD_COLUMNS = ("record_id", "wire_id", "source_id", "receipt_no", "day")
_NOTICE_COLUMNS = ("record_id", "org_code", "at")


class Arrived(NamedTuple):
    """One record of a package as it was judged by itself.

    ``refused`` are the findings that keep it out, answered with ``code``; then ``draft`` may be missing. ``block`` is
    what holds together records of one case within a package: the second part of the key.
    """

    record_id: str
    key: str
    block: str
    version: int
    row: Row
    draft: Draft | None
    warnings: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    code: str = ""


CodeOf = Callable[[Sequence[Finding]], str]
"""Returns the return code of findings that keep a record out (standard.md §4)."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package whose signature and digests hold, ready for the ledger.

    ``head`` is the sender's Head with its Signature, kept as evidence. ``secret`` are keys whose content must not be
    stored. ``sender`` is whom the rules of cases take for the one who acts, ``code_of`` words what they refuse.
    ``cursor`` is where the source stands behind a package that was fetched from it; its receipt is owed (B17).
    """

    lease: RunLease
    package_id: str
    body_digest: str
    stream_id: str
    seq: int
    voided: tuple[str, ...]
    head: bytes = field(repr=False)
    records: tuple[Arrived, ...] = field(repr=False)
    versions: Versions
    secret: frozenset[str] = frozenset()
    sender: Sender | None = None
    code_of: CodeOf = field(default=lambda _findings: "1002", repr=False)
    cursor: str | None = None


class Answer(NamedTuple):
    """The ledger's word on one record: its own code where the record was judged before, else the outcome."""

    record: Arrived
    taken: Taken | None
    stored: bool = False
    """Whether the version passed the gate (True) or waits for an earlier record (False)."""


class Receipted(NamedTuple):
    """What a receipt is made of."""

    package_id: str
    receipt_no: int
    incarnation: int
    received_at: int
    answers: tuple[Answer, ...]


Issue = Callable[[Receipted], bytes]
"""Writes and signs a receipt."""


class Stored(NamedTuple):
    """A package that is durable: its receipt, and how many deliveries became possible."""

    receipt: bytes
    accepted: int


@dataclass(slots=True)
class _Member:
    parcel: Parcel
    answers: list[Answer]
    made: list[tuple[int, Made]]


def commit_parcels(
    ledger: Ledger, parcels: Sequence[Parcel], issue: Issue, notices: frozenset[str]
) -> list[Stored | Contended]:
    """Make packages durable in one commit; those that lost a race come back as Contended and may be tried again.

    ``notices`` are the record types that departments are told of. Raises LedgerError, with nothing stored of any.
    """
    desk = ledger.desk()
    now = ledger.now()
    results: list[Stored | Contended] = []
    with ledger.begin() as connection:
        members = [_apart(connection, desk, parcel, now) for parcel in parcels]
        taken = [each for each in members if isinstance(each, _Member)]
        receipts = iter(_receipt(connection, taken, issue, notices, now))
        for each in members:
            if isinstance(each, Contended):
                results.append(each)
            else:
                results.append(Stored(next(receipts), sum(made.held.accepted for _, made in each.made)))
        if any(isinstance(each, Stored) and each.accepted for each in results):
            ledger.became_ready(connection)  # a hint for workers elsewhere, standing or falling with the packages (B27)
    return results


def _apart(connection: Connection, desk: Desk, parcel: Parcel, now: int) -> "_Member | Contended":
    """Fold one package behind a savepoint; another's race does not undo it."""
    savepoint = connection.begin_nested()
    try:
        member = _fold(connection, desk, parcel, now)
    except DBAPIError as fault:
        if not is_contention(fault):
            raise
        savepoint.rollback()
        return Contended(str(fault.orig))
    except BaseException:
        if savepoint.is_active:
            savepoint.rollback()
        raise
    savepoint.commit()
    return member


def _fold(connection: Connection, desk: Desk, parcel: Parcel, now: int) -> _Member:
    runs.move_cursor(connection, parcel.lease, parcel.lease.cursor if parcel.cursor is None else parcel.cursor)
    gate = desk.gate(connection, now)
    decision, answers = _decide(connection, desk, gate, parcel)
    kept = Kept(parcel.versions, parcel.secret, [each.row.row_id for each in parcel.records])
    made = write_fold(connection, desk, parcel.lease, gate, decision, kept, now)
    runs.add_figures(connection, parcel.lease, count(decision, len(parcel.records), 0))
    if parcel.cursor is None:
        note_sequence(connection, parcel.lease.source_id, parcel.stream_id, parcel.seq, now)
        note_voided(connection, parcel.lease.source_id, parcel.stream_id, parcel.voided)
    else:
        owed.remember(connection, parcel.lease.source_id, [each.record for each in answers if _is_final(each)])
    return _Member(parcel, answers, made)


def _decide(connection: Connection, desk: Desk, gate: Gate, parcel: Parcel) -> tuple[Decision, list[Answer]]:
    """Fold and judge under the locks of the catalogue, the cases and the heads, in this order (B10).

    What the rules of cases refuse is refused like what the schema refuses, and the package is folded again.
    """
    drafts = [each.draft for each in parcel.records if each.draft is not None and not each.refused]
    woken = gate.lock((draft.type, draft.item_code, draft.org_code) for draft in drafts)
    cases = {draft.case_no for draft in drafts if draft.case_no is not None} | woken
    lock_cases(connection, cases)
    keys = {draft.key for draft in drafts}
    records = parcel.records
    while True:
        heads = Heads(connection, keys)
        lock_cases(connection, heads.cases() - cases)
        cases |= heads.cases()
        fold = DeclaredFold(parcel.lease, desk.types, heads, held_versions(connection, keys))
        answers = _take(fold, records)
        decision = decide(gate, parcel.lease, fold, parcel.sender)
        if not decision.refused:
            return decision, answers
        records = tuple(_turned_away(each, decision, parcel.code_of) for each in records)


def _is_final(answer: Answer) -> bool:
    """Tell whether a record need not be looked at when it is shown again: not if its refusal may pass (standard.md §4)."""
    if answer.taken is None:
        return False
    return answer.taken.outcome is not Declared.REFUSED or answer.record.code not in STATE_DEPENDENT


def _turned_away(each: Arrived, decision: Decision, code_of: CodeOf) -> Arrived:
    findings = decision.refused.get((each.key, each.version), ())
    return each._replace(refused=findings, code=code_of(findings)) if findings and not each.refused else each


def _take(fold: DeclaredFold, records: Sequence[Arrived]) -> list[Answer]:
    """Take records in body order; behind one that is refused, its case is not looked at any more (standard.md §4)."""
    blocked: set[str] = set()
    answers: list[Answer] = []
    for each in records:
        if each.block in blocked:
            answers.append(Answer(each, None))
            continue
        if each.refused or each.draft is None:
            fold.refuse(each.row, each.draft, each.refused, each.key)
            blocked.add(each.block)
            answers.append(Answer(each, Taken(Declared.REFUSED, findings=each.refused)))
            continue
        taken = fold.take(DeclaredRecord(each.draft, each.version, each.row, each.warnings))
        if taken.outcome not in (Declared.ACCEPTED, Declared.DUPLICATE):
            blocked.add(each.block)
        answers.append(Answer(each, taken))
    return answers


def _receipt(
    connection: Connection, members: Sequence[_Member], issue: Issue, notices: frozenset[str], now: int
) -> list[bytes]:
    """Number, sign and store the receipts of the packages of a commit, in their order."""
    if not members:
        return []
    first, incarnation = _next_numbers(connection, len(members))
    segment = SegmentWriter("receipt")
    rows, receipts = [], []
    numbered: dict[tuple[str, int], int] = {}
    for number, member in enumerate(members, first):
        numbered.update(((made.draft.key, made.version), number) for _, made in member.made)
        answers = tuple(_settled(answer, numbered, now) for answer in member.answers)
        receipt = issue(Receipted(member.parcel.package_id, number, incarnation, now, answers))
        receipts.append(receipt)
        rows.append((number, member, segment.add(receipt), segment.add(member.parcel.head)))
    segment_id = segment.write(connection, now)
    for number, member, (at, length), (head_at, head_length) in rows:
        parcel = member.parcel
        values = {
            "receipt_no": number, "source_id": parcel.lease.source_id, "package_id": parcel.package_id,
            "body_digest": parcel.body_digest, "stream_id": parcel.stream_id, "seq": parcel.seq, "received_at": now,
            "records": len(parcel.records), "segment_id": segment_id, "receipt_offset": at, "receipt_length": length,
            "head_offset": head_at, "head_length": head_length,
        }  # fmt: skip
        connection.execute(insert(received_package).values(values))
        state_row(connection, received_package, number, values)
        if parcel.cursor is not None:
            owed.owe(connection, number, parcel.lease.source_id, parcel.package_id)
        _note_records(connection, member, number, notices, now)
    return receipts


def _settled(answer: Answer, numbered: Mapping[tuple[str, int], int], now: int) -> Answer:
    """Complete an answer with what is known only now: whether it waits, and receipts given in this very commit."""
    taken = answer.taken
    if taken is None:
        return answer
    if taken.made is not None:
        return answer._replace(stored=taken.made.held.accepted)
    held = taken.held
    if held is None:
        return answer
    number = held.receipt_no or numbered.get((answer.record.key, held.version))
    taken.held = held._replace(receipt_no=number, accepted_at=held.accepted_at or now)
    return answer._replace(stored=held.state in ("", ACCEPTED))


def _note_records(connection: Connection, member: _Member, number: int, notices: frozenset[str], now: int) -> None:
    wire = {(each.key, each.version): each.record_id for each in member.parcel.records}
    source_id = member.parcel.lease.source_id
    rows = [
        (
            record_id, UUID(wire[made.draft.key, made.version]).bytes, source_id, number,
            made.draft.occurred_at[:10],
        )
        for record_id, made in member.made
    ]  # fmt: skip
    insert_rows(connection, received_record, _RECORD_COLUMNS, rows)
    told = [(record_id, made.draft.org_code, now) for record_id, made in member.made if made.draft.type in notices]
    insert_rows(connection, notice, _NOTICE_COLUMNS, told)


def _next_numbers(connection: Connection, wanted: int) -> tuple[int, int]:
    """Return the first of ``wanted`` receipt numbers and the incarnation; the numbers are dense and in commit order.

    The row stays locked until the commit, so that no later number can be seen before an earlier one.
    """
    upsert_rows(connection, site, ("name", "value"), [(_RECEIPT_NO, "0"), ("incarnation", "1")])
    last = int(
        connection.execute(select(site.c.value).where(site.c.name == _RECEIPT_NO).with_for_update()).scalar_one()
    )
    connection.execute(update(site).where(site.c.name == _RECEIPT_NO).values(value=str(last + wanted)))
    return last + 1, incarnation_of(connection)


def last_receipt_no(connection: Connection) -> int:
    """Return the number of the last receipt given; 0 before the first."""
    found = connection.execute(select(site.c.value).where(site.c.name == _RECEIPT_NO)).scalar()
    return int(found or 0)
