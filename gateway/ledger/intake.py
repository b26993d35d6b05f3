# SPDX-License-Identifier: Apache-2.0
"""A chunk becomes durable: raw rows, records, refusals, deliveries and the cursor in one transaction."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

import pydantic_core
from sqlalchemy import Connection, bindparam, insert, select

from gateway.ledger import absences, notices, refusals, runs, withdrawals
from gateway.ledger.batches import insert_rows, reserve, upsert_rows
from gateway.ledger.catalogue import HeldCatalogue
from gateway.ledger.evidence import state_rows
from gateway.ledger.findings import from_json, to_json
from gateway.ledger.fold import Fold, Folded, Made
from gateway.ledger.gate import ACCEPTED, WAITING, Decided, Gate, lock_cases
from gateway.ledger.golive import Lock, keep_back
from gateway.ledger.heads import Heads
from gateway.ledger.lanes import NewRecord, enqueue
from gateway.ledger.notices import Happened
from gateway.ledger.numbers import Numbers
from gateway.ledger.packed import Offer
from gateway.ledger.refusals import Outcome, RawRows, Register
from gateway.ledger.row_memory import Remembered, remembered
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.segments import SegmentWriter, write_segment
from gateway.ledger.tables import record, row_memory, versions
from gateway.model.case_record import CaseRecord, Sender
from gateway.model.destination import Route
from gateway.model.finding import Finding
from gateway.model.priority import NEVER, Priority
from gateway.model.record import Draft, Observation, Refused, Row, content_digest
from gateway.model.record_type import LaneKind, RecordType
from gateway.ports import AllocationRequest, FileStep, Unreadable
from gateway.semantics.admission import Candidate, CaseJudge, Mark
from gateway.semantics.names import named_refused

_RECORD_COLUMNS = (
    "id", "type", "key", "version", "content_digest", "identity", "state", "lane", "order_key", "case_no", "org_code",
    "item_code", "occurred_at", "source_id", "row_id", "run_id", "accepted_at", "segment_id", "offset", "length",
    "raw_segment_id", "raw_offset", "raw_length", "versions_id", "warnings", "facts",
)  # fmt: skip
_MEMORY_COLUMNS = ("source_id", "row_id", "digest", "keys")


@dataclass(frozen=True, slots=True)
class Chunk:
    """All that came of one page of a source.

    ``rows`` counts the rows read, ``rereads`` those among them left out as unchanged; unreadable rows come on top.
    ``numbers`` are those the mapping used, new or not. ``cursor`` is where the source stands after this chunk.
    ``offer`` is what was packed of the observations beforehand. ``sender`` is who shows the rows, where that is known.
    ``withdrawals`` are numbers of proposals that the observations carry out, decided by people (T4).
    ``marks`` are those of the rows whose source wants to be told, re-reads included (B17). ``again`` are the re-reads of a
    file with the line that each stands on now: what was said of them is said again in the file's receipt.
    """

    observations: tuple[Observation, ...]
    numbers: Mapping[AllocationRequest, int]
    cursor: str
    rows: int
    rereads: int
    pack: str
    mapping: str
    adapter: str
    unreadable: tuple[Unreadable, ...] = ()
    offer: Offer | None = None
    sender: Sender | None = None
    marks: Mapping[str, str] = field(default_factory=dict)
    file: FileStep | None = None
    again: Mapping[str, int | None] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    withdrawals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """What intake must know beyond the chunk: the record types, where records go, numbers, and secrets.

    ``discards`` are the codes of findings that forbid to store a row at all. ``judge`` are the rules of cases; without
    it the gate alone decides. ``catalogue_required``: a body of which no item is held yet waits for its items too.
    ``lock`` holds back what is not live, where the site has one.
    """

    types: Mapping[str, RecordType]
    routes: Sequence[Route] = ()
    numbers: Numbers = field(default_factory=Numbers)
    discards: Collection[str] = frozenset()
    judge: CaseJudge | None = None
    catalogue: HeldCatalogue = field(default_factory=HeldCatalogue)
    catalogue_required: bool = False
    lock: Lock | None = None

    def gate(self, connection: Connection, now: int | None = None) -> Gate:
        """Return the gate of one transaction; with ``now`` it tells which records keep a limit of the law."""
        return Gate(
            connection, self.types, self.judge, self.catalogue, catalogue_required=self.catalogue_required, now=now
        )


def commit(connection: Connection, desk: Desk, lease: RunLease, chunk: Chunk, now: int) -> Figures:
    """Write a chunk inside the caller's transaction and return its figures.

    Raises Fenced when the lease is lost. Where somebody else came first the chunk is folded again from its start.
    """
    if not lease.again:
        runs.move_cursor(connection, lease, chunk.cursor)
    desk.numbers.keep(connection, chunk.numbers)
    shown = (*chunk.observations, *(_of_unreadable(each) for each in chunk.unreadable))
    memory = remembered(connection, lease.source_id, (each.row.row_id for each in shown), lock=lease.again)
    observations = [each for each in shown if _is_wanted(lease, memory.get(each.row.row_id), each.row)]
    known = [each.row.row_id for each in observations if each.row.row_id in memory]
    gate = desk.gate(connection, now if lease.priority is Priority.ORDINARY else None)
    decision = _decide(connection, desk, lease, gate, _Brought(observations, memory, chunk.sender))
    kept = Kept(
        versions=Versions(chunk.pack, chunk.mapping, chunk.adapter),
        secret={each.row.row_id for each in observations if _is_secret(each, desk.discards)},
        known=known,
        offer=chunk.offer,
    )
    write_fold(connection, desk, lease, gate, decision, kept, now)
    rereads = chunk.rereads + lease.rereads + len(shown) - len(observations)
    figures = count(decision, chunk.rows + len(chunk.unreadable) + lease.rereads, rereads)
    runs.add_figures(connection, lease, figures)
    if chunk.marks or chunk.file is not None:
        again = _again(chunk, {each.row.row_id for each in observations})
        happened = Happened(chunk.marks, chunk.file, figures, decision.fold.turned_away, now, *again)
        notices.write(connection, lease, happened)
    if chunk.withdrawals:
        withdrawals.carried_out(connection, lease, chunk.withdrawals)
    if chunk.back:
        absences.cancel(connection, lease.source_id, chunk.back)
    if chunk.gone:
        absences.propose_gone(connection, lease, chunk.gone, now)
    return figures


def _again(chunk: Chunk, wanted: Collection[str]) -> tuple[Mapping[str, int | None], tuple[Finding, ...]]:
    """Return the re-reads of a file's page: the rows with their lines, and what keeps the unreadable ones from being read."""
    if chunk.file is None:
        return {}, ()
    rows = {each.row.row_id: each.row.spot.line if each.row.spot else None for each in chunk.observations}
    same = {row_id: line for row_id, line in rows.items() if row_id not in wanted}
    return {**chunk.again, **same}, tuple(each.finding for each in chunk.unreadable if each.row_id not in wanted)


def _is_wanted(lease: RunLease, known: Remembered | None, row: Row) -> bool:
    """Tell whether a row is new or changed (B2), or, where it is mapped again, still the last that was seen (B21)."""
    if lease.again:
        return known is not None and known.digest == row.digest
    return known is None or known.digest != row.digest


class Versions(NamedTuple):
    """Versions of pack, mapping and adapter that records were handled with."""

    pack: str
    mapping: str
    adapter: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How what was folded is kept: under which versions, which rows are ``secret``, which were ``known`` before."""

    versions: Versions
    secret: Collection[str]
    known: Sequence[str]
    offer: Offer | None = None


class Decision(NamedTuple):
    """What was folded, its new versions as candidates, and what gate and rules decided of them."""

    fold: Folded
    new: Sequence[Candidate]
    decided: Decided

    @property
    def refused(self) -> Mapping[Mark, tuple[Finding, ...]]:
        """New versions that rules of their cases refuse: to be folded again without them."""
        return self.decided.admission.refused


def decide(gate: Gate, lease: RunLease, fold: Folded, sender: Sender | None) -> Decision:
    """Ask gate and rules about the new versions of a fold; what is admitted is marked accepted, with its warnings.

    Whoever calls it has taken the locks of the gate, the cases and the heads, in this order.
    """
    new = [_candidate(gate, lease, made, sender) for made in fold.made]
    decided = gate.decide(new)
    if not decided.admission.refused:
        for number, made in enumerate(fold.made):
            mark = _mark(made)
            if decided.admits(mark):
                made.held.accepted = True
                warned = decided.admission.warnings.get(mark)
                if warned:
                    fold.made[number] = made._replace(warnings=to_json([*from_json(made.warnings or "[]"), *warned]))
    return Decision(fold, new, decided)


def _candidate(gate: Gate, lease: RunLease, made: Made, sender: Sender | None) -> Candidate:
    draft = made.draft
    seen = CaseRecord(
        draft.type, draft.key, made.version, draft.sequence, draft.occurred_at, draft.withdraws is not None,
        draft.facts or {}, draft.org_code, draft.item_code, made.held.case_no,
    )  # fmt: skip
    return gate.candidate(seen, lease.level, passes=made.held.accepted, sender=sender)


def _mark(made: Made) -> Mark:
    return made.draft.key, made.version


def write_fold(
    connection: Connection, desk: Desk, lease: RunLease, gate: Gate, decision: Decision, kept: Kept, now: int
) -> list[tuple[int, Made]]:
    """Write what was folded and decided: records, refusals, heads, what was released, and deliveries.

    Returns the new versions with their numbers, in the order of the fold.
    """
    fold = decision.fold
    raws = RawRows(kept.secret)
    raw_segment = _write_raws(connection, raws, fold, kept, now)
    written = _Written(raws, raw_segment, _versions_id(connection, kept.versions), now, kept.offer)
    made = _write_records(connection, lease, decision, written)
    gate.settle(decision.decided, {_mark(each): number for number, each in made}, decision.new, now)
    refusals.supersede(connection, lease.source_id, kept.known)
    refusals.write(connection, fold.turned_away, Register(lease.source_id, lease.run_id, now), raws, raw_segment)
    new = _new_records(desk.types, lease, decision, made)
    enqueue(connection, desk.routes, new if desk.lock is None else keep_back(connection, desk.lock, new, now), now)
    return made


def _of_unreadable(unreadable: Unreadable) -> Observation:
    """An unreadable row is known by its id alone; as long as it fails in the same way it is a re-read."""
    raw = json.dumps({"row_id": unreadable.row_id}, ensure_ascii=False).encode()
    digest = hashlib.sha256(b"unreadable\n%s\n%s" % (unreadable.finding.code.encode(), raw)).digest()
    return Observation(Row(unreadable.row_id, {}, raw, digest), (), (Refused((unreadable.finding,)),))


def _is_secret(observation: Observation, discards: Collection[str]) -> bool:
    return any(found.code in discards for refused in observation.refused for found in refused.findings)


class _Brought(NamedTuple):
    """What a chunk brings that is new, what is remembered of its rows, and who sends it."""

    observations: Sequence[Observation]
    memory: Mapping[str, Remembered]
    sender: Sender | None


def _decide(connection: Connection, desk: Desk, lease: RunLease, gate: Gate, brought: _Brought) -> Decision:
    """Fold and judge under the locks of the catalogue, the cases and the heads, in this order (B10, B16).

    What the rules refuse is taken out of its row, and the chunk is folded again without it.
    """
    drafts = [draft for each in brought.observations for draft in each.drafts]
    woken = gate.lock((draft.type, draft.item_code, draft.org_code) for draft in drafts)
    cases = {draft.case_no for draft in drafts if draft.case_no is not None} | woken
    lock_cases(connection, cases)
    observations = brought.observations
    while True:
        fold, rows = _fold(connection, desk, lease, observations, brought.memory, cases)
        decision = decide(gate, lease, fold, brought.sender)
        if not decision.refused:
            break
        reasons = {id(made.draft): decision.refused.get(_mark(made), ()) for made in decision.fold.made}
        observations = [_without(each, reasons) for each in observations]
    upsert_rows(connection, row_memory, _MEMORY_COLUMNS, rows, replaced=("digest", "keys"))
    return decision


def _without(each: Observation, reasons: Mapping[int, tuple[Finding, ...]]) -> Observation:
    """Return an observation whose refused drafts, and those that speak of them, have become refusals.

    ``reasons`` are by the identity of the draft: another row of the chunk may bring the same key in order.
    """
    if not any(reasons.get(id(draft)) for draft in each.drafts):
        return each
    kept: list[Draft] = []
    away, fallen = list(each.refused), set[str]()
    for draft in each.drafts:
        findings = reasons.get(id(draft)) or named_refused(draft, fallen)
        if findings:
            fallen.add(draft.key)
            away.append(Refused(findings, draft.type, draft.key, draft.case_no, draft.document()))
        else:
            kept.append(draft)
    return Observation(each.row, tuple(kept), tuple(away), each.warnings)


def _fold(
    connection: Connection, desk: Desk, lease: RunLease, observations: Sequence[Observation],
    memory: Mapping[str, Remembered], cases: set[str],
) -> tuple[Fold, list[tuple[Any, ...]]]:  # fmt: skip
    """Lock heads in sorted order, and the cases of what is held, and fold the rows in the order they were read (B16)."""
    keys = {draft.key for each in observations for draft in each.drafts}
    for each in observations:
        if each.row.row_id in memory:
            keys.update(memory[each.row.row_id].keys)
    heads = Heads(connection, keys)
    lock_cases(connection, heads.cases() - cases)
    cases |= heads.cases()
    fold = Fold(lease, desk.types, heads)
    stood = {row_id: known.keys for row_id, known in memory.items()}
    rows: dict[str, tuple[Any, ...]] = {}
    for each in observations:
        row_id, digest = each.row.row_id, each.row.digest
        stood[row_id] = tuple(fold.take(each, stood.get(row_id, ())))
        rows[row_id] = (lease.source_id, row_id, digest, "\n".join(stood[row_id]))
    return fold, list(rows.values())


def _priority(types: Mapping[str, RecordType], lease: RunLease, type_: str) -> int:
    if lease.priority is not Priority.ORDINARY:
        return lease.priority
    return Priority.MASTER_DATA if types[type_].lane is LaneKind.OWN else Priority.ORDINARY


def _write_raws(connection: Connection, raws: RawRows, fold: Folded, kept: Kept, now: int) -> int:
    shown = [*[made.row for made in fold.made], *[away.row for away in fold.turned_away]]
    rows = list({(row.row_id, row.digest): row for row in shown}.values())
    for row in rows:
        raws.place(row)
    ready = kept.offer is not None and not kept.secret and kept.offer.holds_rows(rows)
    return raws.write(connection, now, kept.offer.packed.raws if kept.offer is not None and ready else None)


@dataclass(frozen=True, slots=True)
class _Written:
    """What the records of a chunk share."""

    raws: RawRows
    raw_segment: int
    versions_id: int
    now: int
    offer: Offer | None


def _documents(
    connection: Connection, fold: Folded, shared: _Written
) -> tuple[int | None, list[tuple[bytes, tuple[int, int]]]]:
    """Write the documents of the new versions; return their segment and the digest and place of each."""
    if shared.offer is not None and shared.offer.holds_documents(fold.made):
        packed = shared.offer.packed
        begins = accumulate(packed.lengths, initial=0)
        placed = list(zip(packed.digests, zip(begins, packed.lengths, strict=False), strict=True))
        return write_segment(connection, "document", packed.documents, shared.now), placed
    documents = SegmentWriter("document")
    written = [made.draft.document(made.version, made.target_version) for made in fold.made]
    placed = [(content_digest(document), documents.add(document)) for document in written]
    return documents.write(connection, shared.now), placed


def _write_records(
    connection: Connection, lease: RunLease, decision: Decision, shared: _Written
) -> list[tuple[int, Made]]:
    """Write the new versions and their heads; return them with their numbers, in the order of the fold."""
    fold = decision.fold
    segment_id, documents = _documents(connection, fold, shared) if fold.made else (None, [])
    numbered = list(zip(reserve(connection, record, len(fold.made)), fold.made, strict=True))
    rows = []
    for (number, made), (digest, place) in zip(numbered, documents, strict=True):
        draft, held = made.draft, made.held
        held.record_id = number
        rows.append(
            (
                number, draft.type, draft.key, made.version, digest, draft.identity,
                ACCEPTED if decision.decided.admits(_mark(made)) else WAITING, held.lane, made.order_key, held.case_no, draft.org_code,
                draft.item_code, draft.occurred_at, lease.source_id, made.row.row_id, lease.run_id, shared.now,
                segment_id, *place, shared.raw_segment, *shared.raws.place(made.row), shared.versions_id, made.warnings,
                None if draft.facts is None else pydantic_core.to_json(draft.facts).decode(),
            )
        )  # fmt: skip
    rows.sort(key=_by_key)
    insert_rows(connection, record, _RECORD_COLUMNS, rows)
    state_rows(connection, record, _RECORD_COLUMNS, rows)
    fold.heads.write(connection)
    return numbered


def _by_key(row: tuple[object, ...]) -> tuple[object, ...]:
    return row[2:4]


_VERSIONS = select(versions.c.id).where(
    *(versions.c[name] == bindparam(name) for name in ("pack", "mapping", "adapter"))
)


def _versions_id(connection: Connection, handled: Versions) -> int:
    """Return the number of this trio of pack, mapping and adapter versions, making it when new."""
    trio = handled._asdict()
    found = connection.execute(_VERSIONS, trio).scalar()
    if found is None:
        found = connection.execute(insert(versions).values(**trio)).inserted_primary_key[0]  # type: ignore[index]
    return int(found)


def _new_records(
    types: Mapping[str, RecordType], lease: RunLease, decision: Decision, made: Iterable[tuple[int, Made]]
) -> list[NewRecord]:
    dues = decision.decided.dues
    released = [
        NewRecord(
            row.id, row.type, row.key, row.version, row.lane, row.order_key, _priority(types, lease, row.type),
            row.org_code, dues.get((row.key, row.version), NEVER),
        )
        for row in (each.row for each in decision.decided.released)
    ]  # fmt: skip
    return released + [
        NewRecord(
            number, each.draft.type, each.draft.key, each.version, each.held.lane, each.order_key,
            _priority(types, lease, each.draft.type), each.draft.org_code, dues.get(_mark(each), NEVER),
        )
        for number, each in made
        if decision.decided.admits(_mark(each))
    ]  # fmt: skip


def count(decision: Decision, rows: int, rereads: int) -> Figures:
    """Return the figures of what was folded and decided."""
    fold = decision.fold
    outcomes = Counter(each.outcome for each in fold.turned_away)
    accepted = sum(decision.decided.admits(_mark(made)) for made in fold.made)
    return Figures(
        rows=rows,
        rereads=rereads,
        accepted=accepted,
        refused=outcomes[Outcome.REFUSED],
        duplicates=fold.duplicates,
        conflicts=outcomes[Outcome.CONFLICT],
        stale=outcomes[Outcome.STALE],
        waiting=len(fold.made) - accepted,
    )
