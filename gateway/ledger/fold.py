# SPDX-License-Identifier: Apache-2.0
"""Folding observations, in their order, into the heads of their keys (ledger.md B3, B4, B6, B7, B16, T1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.ledger.findings import CONFLICT, NOTHING, OWNED, STALE, TWICE, UNFOUNDED, VANISHED, finding, to_json
from gateway.ledger.heads import Heads, Held
from gateway.ledger.refusals import Outcome, TurnedAway
from gateway.ledger.runs import RunLease
from gateway.model.record import Draft, Level, Observation, Row
from gateway.model.record_type import RecordType
from gateway.semantics.order import Place, lane_name, order_key
from gateway.semantics.versions import Seen, Verdict, advance, decide, decide_pair

UNNUMBERED = 0
"""Record id of a version that is made but not written yet."""


class Made(NamedTuple):
    """A new version: the draft, what it was given, and the head it moved."""

    draft: Draft
    row: Row
    held: Held
    version: int
    target_version: int
    order_key: str
    warnings: str | None


class Folded:
    """What came of folding: new versions, what was turned away, and the heads as they stand now."""

    def __init__(self, lease: RunLease, types: Mapping[str, RecordType], heads: Heads) -> None:
        """Fold for the source of ``lease`` over ``heads``."""
        self.made: list[Made] = []
        self.turned_away: list[TurnedAway] = []
        self.duplicates = 0
        self._decided = False
        self._lease = lease
        self._types = types
        self.heads = heads

    def _place(self, held: Held, draft: Draft) -> None:
        """Give a new key its lane and case; a key keeps them for ever, whatever the level of its source becomes."""
        if held.record_id is None:
            record_type = self._types[draft.type]
            held.case_no = draft.case_no
            held.lane = lane_name(record_type, draft.key, draft.case_no, self._lease.level)
            held.accepted = self._lease.level is Level.L1 or draft.case_no is None or not record_type.predecessors
            held.record_id = UNNUMBERED


class Fold(Folded):
    """What one chunk makes of its observations; nothing is written here."""

    def take(self, observation: Observation, remembered: Sequence[str]) -> list[str]:
        """Fold one row, of which ``remembered`` are the keys it made last time; return the keys it stands for now."""
        row = observation.row
        self._decided = observation.decided
        if observation.refused:
            self.turned_away.extend(
                TurnedAway(Outcome.REFUSED, row, each.findings, each.type, each.key, each.case_no, each.document)
                for each in observation.refused
            )
        elif not observation.drafts and not observation.ignored:
            self.turned_away.append(TurnedAway(Outcome.REFUSED, row, (finding(NOTHING, row.row_id),)))
        warnings = to_json(observation.warnings) if observation.warnings else None
        if len(observation.drafts) == 1:
            self._take_single(observation.drafts[0], row, warnings)
        else:
            self._take_several(observation.drafts, row, warnings)
        if observation.decided:
            return list(remembered)
        keys = [draft.key for draft in observation.drafts]
        if len(keys) == 1 and not remembered and not observation.refused:
            return keys
        keys += [each.key for each in observation.refused if each.key is not None]
        if remembered:
            keys += self._vanished(row, remembered, keys, propose=not observation.refused)
        return list(dict.fromkeys(keys))

    def _take_single(self, draft: Draft, row: Row, warnings: str | None) -> None:
        held = self.heads.of(draft.key)
        seen = self._seen(draft, row)
        self._apply(draft, row, held, seen, decide(held.head, seen), warnings)

    def _take_several(self, drafts: Iterable[Draft], row: Row, warnings: str | None) -> None:
        contents: dict[str, Draft] = {}
        withdrawals: dict[str, Draft] = {}
        for draft in drafts:
            kind = contents if draft.withdraws is None else withdrawals
            if draft.key not in kind:
                kind[draft.key] = draft
            elif kind[draft.key].identity == draft.identity:
                self.duplicates += 1
            else:
                self._turn_away(Outcome.CONFLICT, TWICE, draft, row, self.heads.of(draft.key))
        for key, draft in contents.items():
            withdrawal = withdrawals.pop(key, None)
            if withdrawal is None:
                self._take_single(draft, row, warnings)
            else:
                self._take_pair(draft, withdrawal, row, warnings)
        for draft in withdrawals.values():
            self._take_single(draft, row, warnings)

    def _take_pair(self, content: Draft, withdrawal: Draft, row: Row, warnings: str | None) -> None:
        held = self.heads.of(content.key)
        first, second = self._seen(content, row), self._seen(withdrawal, row)
        verdicts = decide_pair(held.head, first, second)
        self._apply(content, row, held, first, verdicts[0], warnings)
        self._apply(withdrawal, row, held, second, verdicts[1], warnings)

    def _seen(self, draft: Draft, row: Row) -> Seen:
        return Seen(
            draft.identity,
            draft.order_token,
            self._lease.source_id,
            row.row_id,
            self._lease.kind,
            draft.withdraws is not None,
            self._lease.again or self._decided,
        )

    def _apply(self, draft: Draft, row: Row, held: Held, seen: Seen, verdict: Verdict, warnings: str | None) -> None:
        before = held.head
        match verdict:
            case Verdict.FIRST | Verdict.NEXT:
                self._place(held, draft)
                version = 1 if before is None else before.version + 1
                place = Place(self._types[draft.type].rank, draft.occurred_at, draft.sequence, draft.key)
                key = order_key(place, version, held.lane, held.order_key)
                held.order_key = key
                self.made.append(
                    Made(draft, row, held, version, 0 if before is None else before.version, key, warnings)
                )
            case Verdict.DUPLICATE:
                self.duplicates += 1
            case Verdict.STALE:
                self._turn_away(Outcome.STALE, STALE, draft, row, held)
            case Verdict.CONFLICT:
                foreign = before is not None and before.source_id != self._lease.source_id
                self._turn_away(Outcome.CONFLICT, OWNED if foreign else CONFLICT, draft, row, held)
            case Verdict.UNFOUNDED:
                held.lane = held.key
                self._turn_away(Outcome.REFUSED, UNFOUNDED, draft, row, held)
        held.head = advance(before, seen, verdict)
        held.changed = held.changed or held.head is not before

    def _turn_away(self, outcome: Outcome, code: str, draft: Draft, row: Row, held: Held) -> None:
        version = 0 if held.head is None else held.head.version
        self.turned_away.append(
            TurnedAway(
                outcome,
                row,
                (finding(code, draft.type, draft.key),),
                draft.type,
                draft.key,
                draft.case_no or held.case_no,
                draft.document(version + 1, version),
            )
        )

    def _vanished(self, row: Row, remembered: Iterable[str], keys: Iterable[str], *, propose: bool) -> list[str]:
        """Return the keys that this row alone stood for and no longer does, proposing to withdraw them (B7)."""
        gone = []
        for key in dict.fromkeys(remembered):
            held = self.heads.of(key) if key not in keys else None
            head = held.head if held is not None else None
            if held is None or head is None or held.record_id is None:
                continue
            mine = head.source_id == self._lease.source_id and head.row_id == row.row_id and not head.several_rows
            if head.withdrawn or not mine:
                continue
            gone.append(key)
            if propose:
                found = (finding(VANISHED, held.type, ", ".join(keys) or None),)
                self.turned_away.append(TurnedAway(Outcome.PROPOSED, row, found, held.type, key, held.case_no))
        return gone
