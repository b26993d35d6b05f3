# SPDX-License-Identifier: Apache-2.0
"""Folding records that name their own version into the heads of their keys (ledger.md B3, B6, B7, B16)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from gateway.ledger.batches import among, listed
from gateway.ledger.findings import CONFLICT, GAP, OWNED, STALE, UNFOUNDED, finding, to_json
from gateway.ledger.fold import Folded, Made
from gateway.ledger.heads import Heads, Held
from gateway.ledger.received_tables import received_record
from gateway.ledger.refusals import Outcome, TurnedAway
from gateway.ledger.runs import RunLease
from gateway.ledger.tables import record
from gateway.model.finding import Finding
from gateway.model.record import Draft, Row, content_digest
from gateway.model.record_type import RecordType
from gateway.semantics.declared import Claim, Declared, KeyHead, decide_declared, leaves_gap
from gateway.semantics.order import Place, order_key
from gateway.semantics.versions import Head


class HeldVersion(NamedTuple):
    """A version that the ledger holds; ``receipt_no`` is None where it came another way than by a package."""

    version: int
    digest: bytes
    accepted_at: int
    receipt_no: int | None
    state: str


class DeclaredRecord(NamedTuple):
    """A record in standard form with the version its sender gave it, judged so far as it can be judged alone."""

    draft: Draft
    version: int
    row: Row
    warnings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Taken:
    """What became of one record: a new version (``made``), what is held already, or why it was turned away."""

    outcome: Declared
    made: Made | None = None
    held: HeldVersion | None = None
    findings: tuple[Finding, ...] = ()


_REASONS = {
    Declared.CONFLICT: (Outcome.CONFLICT, CONFLICT),
    Declared.OWNED: (Outcome.CONFLICT, OWNED),
    Declared.STALE: (Outcome.STALE, STALE),
    Declared.UNFOUNDED: (Outcome.REFUSED, UNFOUNDED),
}


class DeclaredFold(Folded):
    """What one package makes of its records; nothing is written here."""

    def __init__(
        self, lease: RunLease, types: Mapping[str, RecordType], heads: Heads,
        versions: Mapping[str, Mapping[int, HeldVersion]],
    ) -> None:  # fmt: skip
        """Fold for the sender of ``lease``; ``versions`` are those held of the keys of the package."""
        super().__init__(lease, types, heads)
        self._versions: dict[str, dict[int, HeldVersion]] = {key: dict(held) for key, held in versions.items()}

    def refuse(self, row: Row, draft: Draft | None, findings: tuple[Finding, ...], key: str) -> None:
        """Keep a record that was refused before any version was looked at."""
        kind, case = (None, None) if draft is None else (draft.type, draft.case_no)
        document = draft.document() if draft is not None else None
        self.turned_away.append(TurnedAway(Outcome.REFUSED, row, findings, kind, key, case, document))

    def take(self, arrived: DeclaredRecord) -> Taken:
        """Fold one record."""
        draft = arrived.draft
        held = self.heads.of(draft.key)
        digest = content_digest(draft.document())
        versions = self._versions.setdefault(draft.key, {})
        same = versions.get(arrived.version)
        head = None if held.head is None else KeyHead(held.head.version, held.head.source_id)
        claim = Claim(arrived.version, digest, self._lease.source_id, draft.withdraws is not None)
        outcome = decide_declared(head, None if same is None else same.digest, claim)
        if outcome is Declared.ACCEPTED:
            gap = (finding(GAP, draft.type, draft.key),) if leaves_gap(head, arrived.version) else ()
            made = self._make(arrived, held, (*arrived.warnings, *gap))
            versions[arrived.version] = HeldVersion(arrived.version, digest, 0, None, "")
            return Taken(outcome, made)
        if outcome is Declared.DUPLICATE:
            self.duplicates += 1
            return Taken(outcome, held=same)
        if outcome is Declared.UNFOUNDED:
            self._reserve(arrived, held)
        return self._turn_away(arrived, held, outcome, same or max(versions.values(), default=None))

    def _make(self, arrived: DeclaredRecord, held: Held, warnings: tuple[Finding, ...]) -> Made:
        draft = arrived.draft
        self._place(held, draft)
        place = Place(self._types[draft.type].rank, draft.occurred_at, draft.sequence, draft.key)
        held.order_key = order_key(place, arrived.version, held.lane, held.order_key)
        before = 0 if held.head is None else held.head.version
        held.head = self._advanced(arrived, held)
        held.changed = True
        made = Made(
            draft, arrived.row, held, arrived.version, before, held.order_key, to_json(warnings) if warnings else None
        )
        self.made.append(made)
        return made

    def _advanced(self, arrived: DeclaredRecord, held: Held) -> Head:
        withdraws, identity = arrived.draft.withdraws is not None, arrived.draft.identity
        before = held.head
        content = identity if not withdraws else (before.identity if before is not None else b"")
        withdrawal = identity if withdraws else (before.withdrawal if before is not None else None)
        return Head(
            arrived.version, content, withdrawal, withdraws, None, self._lease.source_id, arrived.row.row_id, False
        )

    def _reserve(self, arrived: DeclaredRecord, held: Held) -> None:
        """Reserve the version of a withdrawal that names nothing held: the late original is stale then (B7)."""
        held.lane = held.key
        held.head = Head(
            arrived.version, b"", arrived.draft.identity, True, None, self._lease.source_id, arrived.row.row_id, False
        )
        held.changed = True

    def _turn_away(
        self, arrived: DeclaredRecord, held: Held, outcome: Declared, proof: HeldVersion | None
    ) -> Taken:  # fmt: skip
        draft = arrived.draft
        kind, code = _REASONS[outcome]
        found = (finding(code, draft.type, draft.key),)
        case = draft.case_no or held.case_no
        self.turned_away.append(TurnedAway(kind, arrived.row, found, draft.type, draft.key, case, draft.document()))
        return Taken(outcome, held=proof, findings=found)


def held_versions(connection: Connection, keys: Iterable[str]) -> dict[str, dict[int, HeldVersion]]:
    """Return every version held of ``keys``."""
    columns = record.c
    dialect = connection.dialect.name
    rows = connection.execute(
        select(
            columns.key, columns.version, columns.content_digest, columns.accepted_at, received_record.c.receipt_no,
            columns.state,
        )
        .outerjoin(received_record, received_record.c.record_id == columns.id)
        .where(among(dialect, columns.key)),
        {"among": listed(dialect, sorted(set(keys)))},
    )  # fmt: skip
    found: dict[str, dict[int, HeldVersion]] = {}
    for key, *rest in rows:
        version = HeldVersion(*rest)
        found.setdefault(key, {})[version.version] = version
    return found
