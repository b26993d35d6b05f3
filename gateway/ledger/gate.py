# SPDX-License-Identifier: Apache-2.0
"""The gate of a case: who may go, who waits, who is released by an arrival, all under one lock (ledger.md B9-B11)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, delete, literal_column, or_, select, update

from gateway.ledger import catalogue
from gateway.ledger.batches import among, in_parts, insert_rows, listed, upsert_rows
from gateway.ledger.catalogue import COLUMNS, HeldCatalogue, Standing, case_record
from gateway.ledger.findings import from_json, to_json
from gateway.ledger.tables import case_file, record, record_key, source
from gateway.ledger.waiting_tables import held_back
from gateway.model.case_record import CaseRecord
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.model.record_type import RecordType
from gateway.semantics.admission import Admission, Candidate, CaseJudge, ClockKeeper, Mark, admit, still_broken

ACCEPTED = "accepted"
WAITING = "waiting"
PARKED = "parked"
SUPERSEDED = "superseded"  # broke a rule until a correction of it came, and is not sent

NOT_ACCEPTED = or_(record.c.state == literal_column("'waiting'"), record.c.state == literal_column("'parked'"))
"""Literal, so that SQLite can see that the partial index covers the question."""

_ANYTHING_WAITS = select(record.c.id).where(NOT_ACCEPTED).limit(1)
_HELD_BACK = ("record_id", "item_code", "org_code", "level", "has_catalogue", "findings")


def lock_cases(connection: Connection, cases: Iterable[str]) -> None:
    """Lock the case rows in sorted order, making those that are new; whoever decides about a case holds its row."""
    upsert_rows(connection, case_file, ("case_no", "rev"), [(case, 1) for case in sorted(set(cases))], added=("rev",))


def anything_waits(connection: Connection) -> bool:
    """Tell whether any record at all waits or is parked."""
    return connection.execute(_ANYTHING_WAITS).first() is not None


class Waiting(NamedTuple):
    """A version held that is not accepted yet: its row, and what was said of it when it was last judged."""

    candidate: Candidate
    row: Row[Any]
    findings: tuple[Finding, ...]


@dataclass
class Decided:
    """What came of all candidates: the admission, and of those held before who goes and who was overtaken."""

    admission: Admission
    released: list[Waiting] = field(default_factory=list)
    overtaken: list[Waiting] = field(default_factory=list)
    still_waiting: list[Waiting] = field(default_factory=list)
    dues: Mapping[Mark, int] = field(default_factory=dict)
    """When limits of the law end that admitted records keep (microseconds)."""

    def admits(self, mark: Mark) -> bool:
        """Tell whether a version that came now is accepted."""
        if not self.admission.waiting and not self.admission.refused:
            return True
        return mark not in self.admission.waiting and mark not in self.admission.refused


class Gate:
    """Decides what a chunk brings together with everything that already waits in its cases.

    With ``now`` (microseconds) it also tells when limits of the law end that admitted records keep.

    Use: :meth:`lock` before anything else, :meth:`decide` once heads are folded, :meth:`settle` when records have
    their numbers.
    """

    def __init__(
        self, connection: Connection, types: Mapping[str, RecordType], judge: CaseJudge | None,
        held: HeldCatalogue, *, catalogue_required: bool = False, now: int | None = None,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._types = types
        self._judge = judge
        self._held = held
        self._required = catalogue_required
        self._now = now
        self._standing = Standing()
        self._woken: list[Row[Any]] = []
        self._master_types = frozenset(judge.master_data.values()) if judge is not None else frozenset()

    def lock(self, brought: Iterable[tuple[str, str | None, str]]) -> set[str]:
        """Take the lock of the catalogue; ``brought`` are types, items and bodies of what came.

        Returns the cases of records that wait for master data among it: the caller locks them with its own.
        """
        if self._judge is None:
            return set()
        master = [(item, org) for type_, item, org in brought if type_ in self._master_types]
        self._standing = catalogue.lock(self._connection, for_change=bool(master))
        if master:
            items = sorted({item for item, _org in master if item is not None})
            bodies = sorted({org for _item, org in master})
            self._woken = [
                *self._read(held_back.c.item_code, items),
                *self._read(held_back.c.org_code, bodies),
            ]
        return {row.case_no for row in self._woken if row.case_no is not None}

    def candidate(self, record: CaseRecord, level: Level, *, passes: bool, sender: Any = None) -> Candidate:
        """Return a version that came now."""
        bound = self._judge is not None and (self._required or (record.org or "") in self._standing.bodies)
        return Candidate(record, level, passes, True, sender, bound)

    def decide(self, new: Sequence[Candidate]) -> Decided:
        """Decide about ``new`` and about what waits in the same cases or for the same items."""
        wants = self._judge is not None and bool(new) and self._judge.wants_history(
            frozenset(each.record.type for each in new), new[0].level
        )  # fmt: skip
        waits = anything_waits(self._connection)
        if self._judge is None and not waits and all(each.passes for each in new):
            return Decided(Admission(admitted=list(new)))
        history: list[CaseRecord] = []
        waiting: list[Waiting] = []
        if wants or waits or not all(each.passes for each in new):
            history, waiting = self._around(new)
        candidates = [*(each.candidate for each in waiting), *new]
        master = self._master(candidates)
        admission = admit(history, candidates, master, self._judge, self._types)
        suspects = _suspects(admission, waiting)
        broken = still_broken(suspects, history, candidates, master, self._judge, self._types) if suspects else set()
        decided = _sorted_out(admission, waiting, broken)
        keeper: object = self._judge
        if self._now is not None and admission.admitted and isinstance(keeper, ClockKeeper):
            decided.dues = keeper.dues(history, admission.admitted, self._now)
        return decided

    def settle(self, decided: Decided, numbers: Mapping[Mark, int], new: Sequence[Candidate], now: int) -> None:
        """Write what became of those that waited, and note why new ones wait; ``numbers`` are those of new records."""
        admission = decided.admission
        rows = [
            (numbers[each.mark], each.record.item, each.record.org, each.level.value, each.has_catalogue,
             to_json(admission.waiting[each.mark]))
            for each in new
            if each.mark in admission.waiting and each.mark in numbers
        ]  # fmt: skip
        insert_rows(self._connection, held_back, _HELD_BACK, rows)
        for each in decided.still_waiting:
            findings = admission.waiting[each.candidate.mark]
            if findings != each.findings:
                self._connection.execute(
                    update(held_back).where(held_back.c.record_id == each.row.id).values(findings=to_json(findings))
                )
        release(self._connection, decided.released, ACCEPTED, now)
        release(self._connection, decided.overtaken, SUPERSEDED, now)
        self._note_master(admission)

    def _note_master(self, admission: Admission) -> None:
        if self._judge is None:
            return
        master = [each.record for each in admission.admitted if each.record.key.partition(":")[0] in self._master_types]
        if master:
            items = self._judge.master_data["item"]
            catalogue.changed(
                self._connection, self._standing, {each.org or "" for each in master if each.type == items}
            )

    def _around(self, new: Sequence[Candidate]) -> tuple[list[CaseRecord], list[Waiting]]:
        """Return what is accepted in the cases of ``new`` and of what master data woke, and all that waits there."""
        cases = {each.record.case_no for each in new} | {row.case_no for row in self._woken}
        rows: dict[int, Any] = {row.id: row for row in self._woken}
        dialect = self._connection.dialect.name
        named = listed(dialect, sorted(case for case in cases if case is not None))
        question = _of_cases(dialect)
        for row in self._connection.execute(question, {"among": named}).all():
            rows[row[0]] = row
        alone = sorted({each.record.key for each in new if each.record.case_no is None})
        if alone:
            question = select(*COLUMNS).where(among(dialect, record.c.key), NOT_ACCEPTED)
            for row in self._connection.execute(question, {"among": listed(dialect, alone)}):
                rows[row.id] = row
        history = [case_record(self._types, row) for row in rows.values() if row[_STATE] == ACCEPTED]
        return history, self._waiting([row for row in rows.values() if row[_STATE] != ACCEPTED])

    def _waiting(self, rows: Sequence[Row[Any]]) -> list[Waiting]:
        if not rows:
            return []
        dialect = self._connection.dialect.name
        ids = {"among": listed(dialect, [row.id for row in rows])}
        reasons = {
            each.record_id: each
            for each in self._connection.execute(select(held_back).where(among(dialect, held_back.c.record_id)), ids)
        }
        keys = {"among": listed(dialect, sorted({row.key for row in rows}))}
        question = select(record_key.c.key, record_key.c.accepted).where(among(dialect, record_key.c.key))
        passed = {row.key: row.accepted for row in self._connection.execute(question, keys)}
        waiting = []
        for row in rows:
            reason = reasons[row.id]
            bound = reason.has_catalogue or (row.org_code in self._standing.bodies)
            candidate = Candidate(
                case_record(self._types, row), Level(reason.level), passed[row.key], is_new=False, has_catalogue=bound
            )
            waiting.append(Waiting(candidate, row, from_json(reason.findings)))
        return waiting

    def _read(self, column: Any, values: list[str]) -> list[Row[Any]]:
        dialect = self._connection.dialect.name
        question = select(*COLUMNS).join(held_back, held_back.c.record_id == record.c.id).where(among(dialect, column))
        return list(self._connection.execute(question, {"among": listed(dialect, values)}))

    def _master(self, candidates: Sequence[Candidate]) -> list[CaseRecord] | None:
        """Return the items, flows and bodies that the candidates speak of: those held, and those that come now."""
        if self._judge is None or not any(each.has_catalogue for each in candidates):
            return None
        kinds = self._judge.master_data
        keys: set[str] = set()
        for each in candidates:
            keys.update(f"{kinds[kind]}:{each.record.item}" for kind in ("item", "flow") if each.record.item)
            keys.add(f"{kinds['body']}:{each.record.org}")
        held = self._held.look_up(self._connection, self._types, self._standing, keys)
        return held + [each.record for each in candidates if each.record.type in self._master_types]


_STATE = COLUMNS.index(record.c.state)


@lru_cache
def _of_cases(dialect: str) -> Select[Any]:
    return select(*COLUMNS).where(among(dialect, record.c.case_no), record.c.state != literal_column("'superseded'"))


def _suspects(admission: Admission, waiting: Sequence[Waiting]) -> list[Candidate]:
    """Return those that waited because of a rule while a newer version of their key may go now."""
    newest: dict[str, int] = {}
    for each in admission.admitted:
        key, version = each.mark
        newest[key] = max(version, newest.get(key, 0))
    return [
        each.candidate
        for each in waiting
        if newest.get(each.row.key, 0) > each.row.version and any(finding.refuses for finding in each.findings)
    ]


def _sorted_out(admission: Admission, waiting: Sequence[Waiting], broken: Collection[Mark]) -> Decided:
    """Tell of those that waited who goes, and who was overtaken: a correction takes the place of what breaks a rule."""
    decided = Decided(admission)
    admitted = {each.mark for each in admission.admitted}
    for each in waiting:
        mark = each.candidate.mark
        if mark in broken:
            decided.overtaken.append(each)
        elif mark in admitted:
            decided.released.append(each)
        else:
            decided.still_waiting.append(each)
    decided.released.sort(key=lambda each: each.row.order_key)
    return decided


def release(connection: Connection, waiting: Iterable[Waiting], state: str, now: int) -> None:
    """Give waiting or parked versions their new state; their keys have passed the gate."""
    rows = [each.row for each in waiting]
    for part in in_parts(sorted({row.key for row in rows})):
        connection.execute(update(record_key).where(record_key.c.key.in_(part)).values(accepted=True))
    for ids in in_parts([row.id for row in rows]):
        connection.execute(update(record).where(record.c.id.in_(ids)).values(state=state, accepted_at=now))
        connection.execute(delete(held_back).where(held_back.c.record_id.in_(ids)))


@dataclass(frozen=True, slots=True)
class Overdue:
    """A record that waited longer than its source allows; it is parked and still released by its predecessor."""

    id: int
    type: str
    key: str
    case_no: str | None
    source_id: int


def park_overdue(connection: Connection, now: int) -> list[Overdue]:
    """Park the waiting records whose limit has passed (B9, B11: never refused)."""
    rows = connection.execute(
        select(record.c.id, record.c.type, record.c.key, record.c.case_no, record.c.source_id)
        .join(source, source.c.id == record.c.source_id)
        .where(NOT_ACCEPTED, record.c.state == WAITING, record.c.accepted_at + source.c.waiting_limit <= now)
        .order_by(record.c.id)
    )
    overdue = [Overdue(*row) for row in rows]
    for ids in in_parts([each.id for each in overdue]):
        connection.execute(update(record).where(record.c.id.in_(ids)).values(state=PARKED))
    return overdue
