# SPDX-License-Identifier: Apache-2.0
"""Go-live lock in the ledger: which records may leave, which are held back, and where each item of a source stands."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, select

from gateway.ledger.audit import DONE, Act, record_act
from gateway.ledger.batches import among, in_parts, insert_rows, listed, upsert_rows
from gateway.ledger.golive_tables import attestation, go_live, go_live_record, reconciled_source_day
from gateway.ledger.lanes import NewRecord, enqueue
from gateway.ledger.received_tables import received_gap
from gateway.ledger.source_tables import source_file
from gateway.ledger.tables import record, site, source
from gateway.model.destination import Route
from gateway.model.person import ITSELF
from gateway.semantics.golive import EVERY_ITEM, Moved, Stage, Standing
from gateway.semantics.interface import Change, Interface

HELD: Final = "held"
FLAGGED: Final = "flagged"
NO_ITEM: Final = ""
"""Item of records that name none, such as those of the catalogue: they go where any item of their source may."""
_COLUMNS: Final = ("record_id", "source", "item", "lane", "at", "state", "stage", "priority", "due")


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock as it is configured: the sources and senders under it, None for all."""

    sources: frozenset[str] | None = None

    def covers(self, name: str) -> bool:
        """Tell whether a source is under the lock."""
        return self.sources is None or name in self.sources


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the lock: an item of a source, where it stands, and what that rests on."""

    source: str
    item: str
    standing: Standing
    since: int
    told_by: str
    told_reason: str
    attestation: str | None = None
    interface: Interface | None = None
    override_by: str | None = None
    override_reason: str | None = None


# -- records -----------------------------------------------------------------------------------------------------


def keep_back(connection: Connection, lock: Lock, new: Sequence[NewRecord], now: int) -> list[NewRecord]:
    """Write down which of these records are held back, and return those that go; those let pass under a flag are noted.

    A lane in which something is held takes nothing else: the order of a case holds when it is released.
    """
    if not new:
        return []
    of = _belongings(connection, [each.id for each in new])
    standings = Standings(items(connection, {name for name, _item in of.values()}), lock, now)
    closed = _held_lanes(connection, [each.lane for each in new])
    closed |= {each.lane for each in new if not standings.delivers(*of[each.id])}
    rows, going = [], []
    for each in new:
        name, item = of[each.id]
        held = each.lane in closed
        if not held:
            going.append(each)
        if held or standings.marks(name, item):
            stage = standings.of(name, item).stage
            state = HELD if held else FLAGGED
            rows.append((each.id, name, item, each.lane, now, state, stage, each.priority, each.due))
    insert_rows(connection, go_live_record, _COLUMNS, rows)
    return going


class Standings:
    """The standings of some sources at one moment, asked record by record."""

    def __init__(self, rows: Iterable[Item], lock: Lock, now: int) -> None:
        self._of = {(each.source, each.item): each.standing for each in rows}
        self._lock, self._now = lock, now

    def of(self, name: str, item: str) -> Standing:
        """Return the standing of an item; of a record without one the farthest of its source."""
        if item == NO_ITEM:
            mine = [each for (source_name, _item), each in self._of.items() if source_name == name]
            return max(mine, key=lambda each: each.delivers(self._now), default=Standing())
        return self._of.get((name, item)) or self._of.get((name, EVERY_ITEM)) or Standing()

    def delivers(self, name: str, item: str) -> bool:
        """Tell whether a record of this source and item may leave."""
        if not self._lock.covers(name):
            return True
        every = self._of.get((name, EVERY_ITEM))
        return self.of(name, item).delivers(self._now) or (every is not None and self._now < every.override_until)

    def marks(self, name: str, item: str) -> bool:
        """Tell whether what leaves is to be flagged."""
        return self._lock.covers(name) and self.of(name, item).marks(self._now)


def _belongings(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return source and item of each record; one that names no item has that of its case."""
    dialect = connection.dialect.name
    found: dict[int, tuple[str, str]] = {}
    cases: dict[int, str] = {}
    for part in in_parts(ids):
        question = (
            select(record.c.id, source.c.name, record.c.item_code, record.c.case_no)
            .join(source, source.c.id == record.c.source_id)
            .where(among(dialect, record.c.id))
        )
        for number, name, item, case_no in connection.execute(question, {"among": listed(dialect, list(part))}):
            found[number] = (name, item or NO_ITEM)
            if not item and case_no:
                cases[number] = case_no
    known: dict[str, str] = {}
    for names in in_parts(sorted(set(cases.values()))):
        of_case = (
            select(record.c.case_no, func.max(record.c.item_code))
            .where(record.c.case_no.in_(names), record.c.item_code.is_not(None))
            .group_by(record.c.case_no)
        )
        known.update((case_no, item) for case_no, item in connection.execute(of_case))
    for number, case_no in cases.items():
        found[number] = (found[number][0], known.get(case_no, NO_ITEM))
    return found


def _held_lanes(connection: Connection, lanes: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in in_parts(sorted(set(lanes))):
        question = select(go_live_record.c.lane).where(go_live_record.c.lane.in_(part), go_live_record.c.state == HELD)
        found.update(connection.execute(question).scalars())
    return found


def held(connection: Connection, name: str | None = None, state: str = HELD) -> list[dict[str, Any]]:
    """Count what is held back (or was flagged), by source, item and stage."""
    columns = (go_live_record.c.source, go_live_record.c.item, go_live_record.c.stage)
    question = (
        select(*columns, func.count().label("records"), func.min(go_live_record.c.at).label("first_at"))
        .where(go_live_record.c.state == state)
        .group_by(*columns)
        .order_by(*columns)
    )
    if name is not None:
        question = question.where(go_live_record.c.source == name)
    return [dict(row._mapping) for row in connection.execute(question)]


def marked(connection: Connection, number: int) -> tuple[Any, Item | None] | None:
    """Return what the lock says of one record, held or flagged, with the row that its item stands by; None for nothing."""
    row = connection.execute(select(go_live_record).where(go_live_record.c.record_id == number)).first()
    if row is None:
        return None
    of = {each.item: each for each in items(connection, {row.source})}
    return row, of.get(row.item) or of.get(EVERY_ITEM)


@dataclass(frozen=True, slots=True)
class Release:
    """What one step of a release did: records given to their lanes, and those looked at that stay held."""

    released: int
    stay: int
    more: str | None
    """The last lane looked at where there may be further ones."""


def release(
    connection: Connection, lock: Lock, routes: Sequence[Route], name: str, item: str | None, now: int, *, after: str = "",
    lanes: int = 1000,
) -> Release:  # fmt: skip
    """Give held records of a source to their lanes, some lanes at a time, inside the caller's transaction.

    A lane goes whole, and only where everything held in it may leave now: the order of its case stays.
    """
    wanted = and_(go_live_record.c.source == name, go_live_record.c.state == HELD, go_live_record.c.lane > after)
    if item is not None:
        wanted = and_(wanted, go_live_record.c.item == item)
    of_lanes = select(go_live_record.c.lane).where(wanted).distinct().order_by(go_live_record.c.lane).limit(lanes)
    names = list(connection.execute(of_lanes).scalars())
    rows = connection.execute(
        select(
            go_live_record.c.source, go_live_record.c.item, go_live_record.c.priority, go_live_record.c.due,
            record.c.id, record.c.type, record.c.key, record.c.version, record.c.lane, record.c.order_key, record.c.org_code,
        )
        .join(record, record.c.id == go_live_record.c.record_id)
        .where(go_live_record.c.lane.in_(names), go_live_record.c.state == HELD)
        .order_by(record.c.lane, record.c.order_key)
    ).all()  # fmt: skip
    standings = Standings(items(connection, {row.source for row in rows}), lock, now)
    closed = {row.lane for row in rows if not standings.delivers(row.source, row.item)}
    going = [
        NewRecord(row.id, row.type, row.key, row.version, row.lane, row.order_key, row.priority, row.org_code, row.due)
        for row in rows
        if row.lane not in closed
    ]
    for part in in_parts([each.id for each in going]):
        connection.execute(delete(go_live_record).where(go_live_record.c.record_id.in_(part)))
    enqueue(connection, routes, going, now)
    return Release(len(going), len(rows) - len(going), names[-1] if len(names) == lanes else None)


# -- standings ---------------------------------------------------------------------------------------------------


def items(connection: Connection, names: Collection[str] | None = None) -> list[Item]:
    """Return the rows of the lock, of all sources or of those named."""
    question = select(go_live).order_by(go_live.c.source, go_live.c.item)
    if names is not None:
        question = question.where(go_live.c.source.in_(sorted(names)))
    return [_item(row) for row in connection.execute(question)]


def _item(row: Any) -> Item:
    drift = tuple(Change(*each) for each in json.loads(row.drift or "[]"))
    standing = Standing(
        Stage(row.stage), row.valid_until, row.override_until, bool(row.flagged), row.warned, drift,
        None if row.before is None else Stage(row.before),
    )  # fmt: skip
    shown = None if row.interface is None else Interface.of_json(json.loads(row.interface))
    return Item(
        row.source, row.item, standing, row.since, row.told_by, row.told_reason, row.attestation, shown,
        row.override_by, row.override_reason,
    )  # fmt: skip


_ITEM_COLUMNS: Final = (
    "source", "item", "stage", "since", "told_by", "told_reason", "attestation", "interface", "valid_until", "warned",
    "flagged", "drift", "before", "override_until", "override_by", "override_reason",
)  # fmt: skip


def put(connection: Connection, each: Item) -> None:
    """Write a row of the lock, new or changed."""
    standing = each.standing
    interface = None if each.interface is None else json.dumps(each.interface.as_json(), ensure_ascii=False)
    drift = json.dumps([list(change) for change in standing.drift], ensure_ascii=False) if standing.drift else None
    row = (
        each.source, each.item, standing.stage, each.since, each.told_by, each.told_reason, each.attestation, interface,
        standing.valid_until, standing.warned, standing.flagged, drift, standing.before, standing.override_until, each.override_by,
        each.override_reason,
    )  # fmt: skip
    upsert_rows(connection, go_live, _ITEM_COLUMNS, [row], replaced=_ITEM_COLUMNS[2:])


def present(connection: Connection, shown: Mapping[str, Any]) -> None:
    """Keep an attestation that was presented: ``digest``, ``serial``, ``kind``, ``envelope``, ``at``, ``by``."""
    columns = tuple(column.name for column in attestation.c)
    upsert_rows(connection, attestation, columns, [tuple(shown[name] for name in columns)])


def envelope(connection: Connection, digest: str) -> bytes | None:
    """Return an attestation by its digest."""
    found = connection.execute(select(attestation.c.envelope).where(attestation.c.digest == digest)).scalar()
    return None if found is None else bytes(found)


def steps(connection: Connection, moving: Iterable[tuple[Item, Sequence[Moved], Sequence[str]]], now: int) -> None:
    """Write down what nobody ordered (drift, expiry, the end of an override): moves of items as seen, cases to run again."""
    for seen, moves, cases in moving:
        _step(connection, seen, moves, cases, now)


def _step(connection: Connection, seen: Item, moves: Sequence[Moved], cases: Sequence[str], now: int) -> None:
    """Write the steps of an item down, unless a person has moved it since it was looked at."""
    current = next(each for each in items(connection, {seen.source}) if each.item == seen.item)
    if (current.since, current.standing) != (seen.since, seen.standing):
        return
    for moved in moves:
        why = f"{moved.event} {moved.detail}".strip()
        if moved.to.stage is not current.standing.stage:
            current = replace(current, since=now, told_by=ITSELF.name, told_reason=why)
        current = replace(current, standing=moved.to)
        detail: dict[str, Any] = {"stage": moved.to.stage.value, "what": moved.detail}
        if moved.to.drift:
            detail |= {"changes": [list(each) for each in moved.to.drift], "cases": list(cases)}
        record_act(
            connection, ITSELF, Act(f"golive.{moved.event}", subject(seen.source, seen.item), DONE, why, detail), now
        )
    put(connection, current)


def subject(name: str, item: str) -> str:
    """Return how the audit names an item under the lock."""
    return f"golive:{name}/{item}"


# -- trial -------------------------------------------------------------------------------------------------------


def note_source_day(connection: Connection, name: str, day: str, rows: int, differences: int, now: int) -> None:
    """Keep what the reconciliation of a source came to on a day; of several the last one counts."""
    columns = ("source", "day", "at", "rows", "differences")
    upsert_rows(connection, reconciled_source_day, columns, [(name, day, now, rows, differences)], replaced=columns[2:])


def note_file_day(connection: Connection, name: str, day: str, began: int, now: int) -> None:
    """Keep what a day of a source of files came to: files can't be read again, those refused are its differences."""
    of = (source.c.name == name, source.c.id == source_file.c.source_id, source_file.c.taken_at >= began)
    rows = connection.execute(select(func.coalesce(func.sum(source_file.c.rows), 0)).where(*of)).scalar_one()
    refused = select(func.count()).select_from(source_file).join(source, source.c.id == source_file.c.source_id)
    count = connection.execute(refused.where(*of, source_file.c.state == "refused")).scalar_one()
    note_source_day(connection, name, day, int(rows), int(count), now)


def open_gaps(connection: Connection, name: str) -> int:
    """Return how many packages of a sender are missing between those that came: its differences."""
    question = select(func.count()).select_from(received_gap).join(source, source.c.id == received_gap.c.source_id)
    return int(connection.execute(question.where(source.c.name == name)).scalar_one())


def source_days(connection: Connection, name: str, since: str) -> dict[str, int]:
    """Return the differences of each day on which a source was reconciled, from ``since`` (YYYY-MM-DD) on."""
    question = select(reconciled_source_day.c.day, reconciled_source_day.c.differences).where(
        reconciled_source_day.c.source == name, reconciled_source_day.c.day >= since
    )
    return {row.day: int(row.differences) for row in connection.execute(question)}


_REVOCATIONS: Final = "revocations"


def accept_revocations(connection: Connection, number: int) -> int:
    """Return the highest number of a revocation list that was ever seen here, this one among them."""
    before = connection.execute(select(site.c.value).where(site.c.name == _REVOCATIONS)).scalar()
    highest = max(number, int(before or 0))
    upsert_rows(connection, site, ("name", "value"), [(_REVOCATIONS, str(highest))], replaced=("value",))
    return highest
