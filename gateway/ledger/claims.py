# SPDX-License-Identifier: Apache-2.0
"""Claiming: which records go into the next package of a destination (ledger.md B9, B12, B20)."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from gateway.clock import moment
from gateway.ledger import health, lanes, turns
from gateway.ledger.batches import among, listed
from gateway.ledger.evidence import state_row
from gateway.ledger.segments import Place
from gateway.ledger.tables import delivery, destination, lane, package, record
from gateway.ledger.workers import is_gone, number_package, take_stream
from gateway.model.destination import Route
from gateway.model.package import PackedRecord, Purpose, body_digest
from gateway.model.priority import Priority
from gateway.ports import Ids

_LANES_AT_ONCE = 100

Transaction: TypeAlias = Connection
"""What ``Ledger.begin()`` gives: one open transaction, for those who pass it on without looking inside."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A package as the ledger committed it before its first byte was sent.

    ``cases``, ``lanes`` and ``places`` (where the documents lie) run parallel to ``records``. Times are microseconds. ``epoch`` is what its holder must still find there
    when it writes down an answer (R20).
    """

    no: int
    package_id: str
    stream_id: str
    seq: int
    created_at: int
    records: tuple[PackedRecord, ...]
    cases: tuple[str | None, ...]
    lanes: tuple[str, ...]
    places: tuple[Place, ...]
    body_digest: str
    state: str = "open"
    attempts: int = 0
    was_unknown: bool = False
    last_sent_at: int | None = None
    voided: tuple[str, ...] = ()
    epoch: int = 1

    @property
    def created(self) -> datetime:
        """When the package was made, in +08:00."""
        return moment(self.created_at)


@dataclass(frozen=True, slots=True)
class _Picked:
    """What a claim takes, and the withdrawals that nobody there needs (B12)."""

    taken: list[Any]
    not_needed: list[int]
    touched: set[str]


def claim(
    connection: Connection, route: Route, holder: int, ids: Ids, now: int, withdrawing: Collection[str]
) -> Claimed | None:
    """Take the next package of ready records and lease their lanes, inside the caller's transaction.

    ``holder`` is the worker that takes it; several may claim at once, each passes over lanes that another one looks
    at. ``withdrawing`` are the record types that withdraw another record. Returns None when nothing is ready. Whether the
    destination may be spoken to is asked beforehand (``gateway.ledger.health.admission``).
    """
    reduced = connection.execute(_PACKAGE_LIMIT, {"here": route.destination_id}).scalar_one()
    limit = min(route.terms.package_records, reduced or route.terms.package_records)
    classes = turns.ready_lanes(connection, route.destination_id, limit, now, ids.fresh().int)
    picked = _pick(connection, route, list(classes), limit, withdrawing)
    if picked.not_needed:
        connection.execute(
            update(delivery)
            .where(delivery.c.destination_id == route.destination_id, delivery.c.record_id.in_(picked.not_needed))
            .values(state="not-needed")
        )
        lanes.refresh(connection, route.destination_id, picked.touched, now)
    if not picked.taken:
        return claim(connection, route, holder, ids, now, withdrawing) if picked.not_needed else None
    # What others name stands before them.
    picked.taken.sort(key=lambda row: classes[row[0]] is not Priority.MASTER_DATA)
    health.spend(connection, route, len(picked.taken), now)
    return _open_package(connection, route, picked.taken, holder, ids, now)


_PACKAGE_LIMIT = select(destination.c.package_limit).where(destination.c.id == bindparam("here"))


def _ready_rows(connection: Connection, here: int, names: Sequence[str]) -> Iterator[Any]:
    """Yield the open deliveries of the named lanes, lane after lane, each in its order.

    Lanes are looked up a few at a time: with one question for all of them SQLite walks the whole destination.
    """
    dialect = connection.dialect.name
    for start in range(0, len(names), _LANES_AT_ONCE):
        some = {name: place for place, name in enumerate(names[start : start + _LANES_AT_ONCE])}
        rows = connection.execute(_open_in(dialect), {"here": here, "among": listed(dialect, some)}).all()
        yield from sorted(rows, key=lambda row: some[row[0]])


@lru_cache
def _open_in(dialect: str) -> Select[Any]:
    """Return the question for the open deliveries of some lanes, each lane in its order; claims read it by position."""
    return (
        select(
            delivery.c.lane, delivery.c.state, record.c.id, record.c.type, record.c.key, record.c.version,
            record.c.content_digest, record.c.case_no, record.c.segment_id, record.c.offset, record.c.length,
        )
        .join(record, record.c.id == delivery.c.record_id)
        .where(delivery.c.destination_id == bindparam("here"), among(dialect, delivery.c.lane), lanes.IS_OPEN)
        .order_by(delivery.c.lane, delivery.c.order_key)
    )  # fmt: skip


def _pick(
    connection: Connection, route: Route, names: Sequence[str], limit: int, withdrawing: Collection[str]
) -> _Picked:
    """Walk the lanes in the order of their turns and take the leading ready records of each."""
    here = route.destination_id
    picked = _Picked([], [], set())
    closed: set[str] = set()
    cases: set[str] = set()
    for row in _ready_rows(connection, here, names):
        if len(picked.taken) == limit:
            break
        name, state, number, type_, key = row[:5]  # by name each costs three times as much
        if name in closed:
            continue
        case = row[7] or key
        one_per_case = not route.terms.case_order and case in cases
        if state != "ready" or one_per_case:
            closed.add(name)
            continue
        if type_ in withdrawing and not _known_there(connection, here, row, picked.taken):
            picked.not_needed.append(number)
            picked.touched.add(name)
            continue
        picked.taken.append(row)
        cases.add(case)
    return picked


def _known_there(connection: Connection, here: int, row: Any, taken: Iterable[Any]) -> bool:
    """Tell whether the destination accepted the key, may have (an open package), or gets it in this package."""
    if any(each.key == row.key for each in taken):
        return True
    found = connection.execute(
        select(delivery.c.record_id)
        .join(record, record.c.id == delivery.c.record_id)
        .where(
            record.c.key == row.key,
            record.c.version < row.version,
            delivery.c.destination_id == here,
            delivery.c.state.in_(["settled", "packed"]),
        )
        .limit(1)
    )
    return found.first() is not None


@lru_cache(maxsize=4096)
def _packed(number: int, type_: str, key: str, version: int, digest: bytes) -> PackedRecord:
    """Return a record of a package; every destination takes it, and its id on the wire is computed once."""
    return PackedRecord(number, type_, key, version, digest)


def _open_package(
    connection: Connection,
    route: Route,
    taken: Sequence[Any],
    holder: int,
    ids: Ids,
    now: int,
) -> Claimed:
    records = tuple([_packed(*row[2:7]) for row in taken])
    stream_no, stream_id, last = take_stream(connection, route.destination_id, holder, str(ids.fresh()))
    seq = last + 1
    package_id = str(ids.fresh())
    digest = body_digest(records)
    made = {
        "package_id": package_id, "destination_id": route.destination_id, "stream_id": stream_id, "seq": seq,
        "purpose": Purpose.BUSINESS, "created_at": now, "records": json.dumps([r.id for r in records]),
        "body_digest": digest, "state": "open", "last_sent_at": now, "holder": holder, "epoch": 1,
    }  # fmt: skip
    no = int(connection.execute(_MAKE, made).inserted_primary_key[0])  # type: ignore[index]
    state_row(connection, package, no, made)
    here, dialect = route.destination_id, connection.dialect.name
    packed, leased = _packing(dialect)
    connection.execute(packed, {"here": here, "package": no, "among": listed(dialect, [r.id for r in records])})
    connection.execute(leased, {"here": here, "among": listed(dialect, sorted({row[0] for row in taken}))})
    number_package(connection, stream_no, seq)
    voided = _voided_since(connection, stream_id, seq)
    return Claimed(
        no, package_id, stream_id, seq, now, records, tuple([row[7] for row in taken]), tuple([row[0] for row in taken]),
        tuple([row[8:11] for row in taken]), digest, last_sent_at=now, voided=voided,
    )  # fmt: skip


_MAKE = insert(package)


@lru_cache
def _packing(dialect: str) -> tuple[Update, Update]:
    """Return the statements that pack deliveries and lease their lanes."""
    return (
        update(delivery)
        .where(delivery.c.destination_id == bindparam("here"), among(dialect, delivery.c.record_id))
        .values(state="packed", package_no=bindparam("package")),
        update(lane)
        .where(lane.c.destination_id == bindparam("here"), among(dialect, lane.c.name))
        .values(state="leased"),
    )


def _voided_since(connection: Connection, stream_id: str, seq: int) -> tuple[str, ...]:
    """Name the packages given up just before this one, so that the receiver need not wait for their numbers."""
    return tuple(connection.execute(_VOIDED, {"stream": stream_id, "seq": seq}).scalars())


_BEFORE = and_(package.c.stream_id == bindparam("stream"), package.c.seq < bindparam("seq"))
_LAST_KEPT = (
    select(package.c.seq)
    .where(_BEFORE, package.c.state != literal_column("'void'"))
    .order_by(package.c.seq.desc())
    .limit(literal_column("1"))
    .scalar_subquery()
)
_VOIDED = (
    select(package.c.package_id).where(_BEFORE, package.c.seq > func.coalesce(_LAST_KEPT, 0)).order_by(package.c.seq)
)


def unfinished(connection: Connection, route: Route, holder: int, now: int, ahead: int = 0) -> Claimed | None:
    """Take up the oldest open or unknown package of the destination whose time has come, inside the caller's transaction.

    ``ahead`` takes up one whose time comes within so many microseconds too: a probe does not wait for it. One that was
    put off unsent is marked as on its way again before the first byte: should the process die now, nobody
    could know (T3). One that was on its way when its worker went, or lost sight of it, is unknown from now on.
    """
    wanted = {"here": route.destination_id, "me": holder, "by": now + ahead}
    row = connection.execute(_left(connection.dialect.name), wanted).first()
    if row is None:
        return None
    changed: dict[str, Any] = {"holder": holder, "epoch": row.epoch + 1}
    if row.state == "open" and row.not_before:
        changed |= {"not_before": 0, "last_sent_at": now}
    elif row.state == "open":
        changed |= {"state": "unknown", "was_unknown": True, "last_sent_at": now}
    connection.execute(update(package).where(package.c.no == row.no).values(**changed))
    return _load(connection, row, changed)


@lru_cache
def _left(dialect: str) -> Select[Any]:
    """Return the question for the oldest unfinished package that a worker may take up."""
    return (
        select(package)
        .where(
            package.c.destination_id == bindparam("here"),
            IS_UNFINISHED,
            may_take(dialect, bindparam("me"), bindparam("by")),
        )
        .order_by(package.c.no)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


IS_UNFINISHED = package.c.state.in_([literal_column("'open'"), literal_column("'unknown'")])


def may_take(dialect: str, holder: Any, now: Any) -> ColumnElement[bool]:
    """Return the condition that a worker may take up an unfinished package: nobody holds it and its time has come, or
    its holder is gone, or the worker itself held it and does not know any more.
    """
    at_rest = and_(package.c.holder.is_(None), package.c.not_before <= now)
    return or_(at_rest, package.c.holder == holder, is_gone(dialect, package.c.holder))


def still_held(connection: Connection, claimed: Claimed) -> bool:
    """Tell whether a package is still with the worker that took it (R20)."""
    return int(connection.execute(_EPOCH, {"of": claimed.no}).scalar_one()) == claimed.epoch


_EPOCH = select(package.c.epoch).where(package.c.no == bindparam("of"))


def _load(connection: Connection, row: Any, changed: Mapping[str, Any]) -> Claimed:
    """Read a package back; records that were settled meanwhile still belong to its body (B20)."""
    order = json.loads(row.records)
    columns = record.c
    question = (
        select(
            delivery.c.lane, columns.id, columns.type, columns.key, columns.version, columns.content_digest,
            columns.case_no, columns.segment_id, columns.offset, columns.length,
        )
        .join(delivery, delivery.c.record_id == columns.id)
        .where(columns.id.in_(order), delivery.c.destination_id == row.destination_id)
    )  # fmt: skip
    found = {each.id: each for each in connection.execute(question)}
    loaded = [found[number] for number in order]
    held = {"state": row.state, "was_unknown": row.was_unknown, "last_sent_at": row.last_sent_at, **changed}
    return Claimed(
        row.no, row.package_id, row.stream_id, row.seq, row.created_at, tuple([_packed(*each[1:6]) for each in loaded]),
        tuple([each[6] for each in loaded]), tuple([each[0] for each in loaded]),
        tuple([each[7:10] for each in loaded]), row.body_digest, held["state"], row.attempts, held["was_unknown"],
        held["last_sent_at"], epoch=held["epoch"],
    )  # fmt: skip
