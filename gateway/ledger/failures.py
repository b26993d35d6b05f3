# SPDX-License-Identifier: Apache-2.0
"""Failures by cause: refusals, parked deliveries, records whose predecessor is missing, unknown outcomes (ledger.md B11).

One group is one fingerprint; what follows from another failure stands under it (ledger.md "Counting").
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, and_, func, literal_column, or_, select

from gateway.ledger import lanes
from gateway.ledger.failure_tables import failure_note
from gateway.ledger.findings import from_json
from gateway.ledger.tables import delivery, destination, package, record, refusal, source
from gateway.model.words import Words
from gateway.semantics.fingerprint import fingerprint
from gateway.semantics.outcomes import UNKNOWN_OUTCOME

REFUSED, PARKED, WAITING, UNKNOWN, HALTED = "refused", "parked", "waiting", "unknown", "halted"
_SAMPLES: Final = 3
_FOLLOWS: Final = ("MAP-090", "LDG-004")
"""Codes of refusals that follow from another refusal: of the record they name, of the one they withdraw."""

_MISSING = Words("办件的前序记录未收录,已超过等待期限", "the predecessor of the record is missing beyond its limit")
_ASKING = Words("结果未知,网关正在向对方询问", "outcome unknown, the gateway is asking")
_PARKED_RECORD = record.c.state == literal_column("'parked'")
_PARKED_DELIVERY = delivery.c.state == literal_column("'parked'")


@dataclass(slots=True)
class Group:
    """Failures of one cause. ``where`` is a source or a destination; ``blocked`` counts records that wait behind them."""

    fingerprint: str
    kind: str
    stage: str
    code: str
    where: str
    message: Words
    count: int = 0
    first_seen: int | None = None
    last_seen: int | None = None
    samples: list[str] = field(default_factory=list)
    blocked: int = 0
    followers: list["Group"] = field(default_factory=list)
    state: str = "open"
    assignee: str | None = None
    reason: str | None = None

    def add(self, count: int, first: int | None, last: int | None, sample: str | None) -> None:
        """Count more failures of this cause."""
        self.count += count
        known = [each for each in (self.first_seen, first) if each is not None]
        self.first_seen = min(known) if known else None
        known = [each for each in (self.last_seen, last) if each is not None]
        self.last_seen = max(known) if known else None
        if sample is not None and sample not in self.samples and len(self.samples) < _SAMPLES:
            self.samples.append(sample)


def groups(connection: Connection) -> list[Group]:
    """Return all groups with their followers below them, the one that holds up most first."""
    found = {each.fingerprint: each for each in _refusals(connection)}
    for each in (*_parked(connection), *_unknown(connection), *_halted(connection), *_missing(connection)):
        found[each.fingerprint] = each
    below: dict[str, set[str]] = {}
    for child, root, count in (*_named(connection), *_waiting_for(connection)):
        if child == root or root not in found:
            continue
        if child not in found:
            found[root].blocked += count
            continue
        below.setdefault(child, set()).add(root)
    for child, roots in below.items():
        for root in sorted(roots):
            found[root].followers.append(found[child])
    _note(connection, found)
    top = [each for name, each in found.items() if name not in below]
    return sorted(top, key=lambda each: (-each.count - each.blocked, each.fingerprint))


def _refusals(connection: Connection) -> list[Group]:
    columns = refusal.c
    rows = connection.execute(
        select(
            columns.fingerprint, func.count().label("n"), func.min(columns.at).label("first"),
            func.max(columns.at).label("last"), func.min(columns.id).label("id"), func.max(columns.id).label("newest"),
        )
        .where(columns.superseded.is_(False), columns.outcome.in_(["refused", "conflict"]))
        .group_by(columns.fingerprint)
    ).all()  # fmt: skip
    wanted = {number for row in rows for number in (row.id, row.newest)}
    told = {
        row.id: row
        for row in connection.execute(
            select(
                columns.id, columns.stage, columns.code, columns.findings, columns.key, columns.row_id, source.c.name
            )
            .join(source, source.c.id == columns.source_id)
            .where(columns.id.in_(wanted))
        )
    }
    made = []
    for row in rows:
        sample = told[row.id]
        message = from_json(sample.findings)[0].message
        group = Group(row.fingerprint, REFUSED, sample.stage, sample.code, sample.name, message)
        for number in (row.id, row.newest):
            group.add(0, row.first, row.last, told[number].key or f"#{number}")
        group.count = row.n
        made.append(group)
    return made


def _parked(connection: Connection) -> list[Group]:
    behind = _behind(connection)
    made: dict[str, Group] = {}
    rows = connection.execute(
        select(
            delivery.c.destination_id, destination.c.name, delivery.c.code, delivery.c.message, func.count().label("n"),
            func.min(package.c.last_sent_at).label("first"), func.max(package.c.last_sent_at).label("last"),
            func.min(record.c.key).label("key"),
        )
        .join(destination, destination.c.id == delivery.c.destination_id)
        .join(record, record.c.id == delivery.c.record_id)
        .outerjoin(package, package.c.no == delivery.c.package_no)
        .where(_PARKED_DELIVERY)
        .group_by(delivery.c.destination_id, destination.c.name, delivery.c.code, delivery.c.message)
        .order_by(destination.c.name, delivery.c.code, delivery.c.message)
    )  # fmt: skip
    for row in rows:
        name = of_delivery(row.name, row.code, row.message)
        kind = UNKNOWN if row.code == UNKNOWN_OUTCOME else PARKED
        message = Words(row.message or row.code or "-", row.message or row.code or "-")
        group = made.setdefault(name, Group(name, kind, "deliver", row.code or "", row.name, message))
        group.add(row.n, row.first, row.last, row.key)
        group.blocked += behind.get((row.destination_id, row.code, row.message), 0)
    return list(made.values())


def of_delivery(where: str, code: str | None, message: str | None) -> str:
    """Return the fingerprint of a parked delivery."""
    return fingerprint("deliver", code or "", where, message or "")


def _behind(connection: Connection) -> dict[tuple[Any, ...], int]:
    """Count the open deliveries that stand behind parked ones in their lanes."""
    later = delivery.alias("later")
    rows = connection.execute(
        select(delivery.c.destination_id, delivery.c.code, delivery.c.message, func.count())
        .join(
            later,
            and_(
                later.c.destination_id == delivery.c.destination_id, later.c.lane == delivery.c.lane,
                later.c.order_key > delivery.c.order_key, or_(later.c.state == "ready", later.c.state == "waiting"),
            ),
        )
        .where(_PARKED_DELIVERY)
        .group_by(delivery.c.destination_id, delivery.c.code, delivery.c.message)
    )  # fmt: skip
    return {tuple(row[:3]): int(row[3]) for row in rows}


def _unknown(connection: Connection) -> list[Group]:
    rows = connection.execute(
        select(
            destination.c.name, func.count().label("n"), func.min(package.c.last_sent_at).label("first"),
            func.max(package.c.last_sent_at).label("last"), func.min(record.c.key).label("key"),
        )
        .join(destination, destination.c.id == package.c.destination_id)
        .join(delivery, and_(delivery.c.package_no == package.c.no, delivery.c.state == "packed"))
        .join(record, record.c.id == delivery.c.record_id)
        .where(package.c.state == literal_column("'unknown'"))
        .group_by(destination.c.name)
    )  # fmt: skip
    made = []
    for row in rows:
        group = Group(
            of_delivery(row.name, UNKNOWN_OUTCOME, "asking"), UNKNOWN, "confirm", UNKNOWN_OUTCOME, row.name, _ASKING
        )
        group.add(row.n, row.first, row.last, row.key)
        made.append(group)
    return made


def _halted(connection: Connection) -> list[Group]:
    made = []
    for row in connection.execute(select(destination).where(destination.c.state == "halted")):
        open_there = connection.execute(
            select(func.count()).select_from(delivery).where(delivery.c.destination_id == row.id, lanes.IS_OPEN)
        ).scalar_one()
        code = (row.reason or "").partition(" ")[0]
        message = Words(row.reason or "-", row.reason or "-")
        group = Group(of_delivery(row.name, code, row.reason), HALTED, "deliver", code, row.name, message, count=1)
        group.blocked = open_there
        made.append(group)
    return made


def _missing(connection: Connection) -> list[Group]:
    """Group records whose predecessor has not come in time, by source and type."""
    made = []
    rows = connection.execute(
        select(
            source.c.name, record.c.type, func.count().label("n"), func.min(record.c.accepted_at).label("first"),
            func.max(record.c.accepted_at).label("last"), func.min(record.c.key).label("key"),
        )
        .join(source, source.c.id == record.c.source_id)
        .where(_PARKED_RECORD)
        .group_by(source.c.name, record.c.type)
    )  # fmt: skip
    for row in rows:
        group = Group(of_missing(row.name, row.type), WAITING, "ledger", "0002", row.name, _MISSING)
        group.add(row.n, row.first, row.last, row.key)
        made.append(group)
    return made


def of_missing(where: str, type_: str) -> str:
    """Return the fingerprint of records of a type whose predecessor is missing."""
    return fingerprint("ledger", "0002", where, type_.replace("_", " "))


def _named(connection: Connection) -> Iterable[tuple[str, str, int]]:
    """Yield (follower, root, count): refusals because of another record of the same row, or of the key they name."""
    root = refusal.alias("root")
    same = or_(
        and_(root.c.source_id == refusal.c.source_id, root.c.row_id == refusal.c.row_id), root.c.key == refusal.c.key
    )
    rows = connection.execute(
        select(refusal.c.fingerprint, root.c.fingerprint, func.count())
        .join(root, and_(same, root.c.superseded.is_(False), root.c.code.not_in(_FOLLOWS)))
        .where(
            refusal.c.code.in_(_FOLLOWS), refusal.c.superseded.is_(False), refusal.c.outcome == "refused",
            root.c.outcome.in_(["refused", "conflict"]),
        )
        .group_by(refusal.c.fingerprint, root.c.fingerprint)
    )  # fmt: skip
    return [(child, parent, n) for child, parent, n in rows]


def _waiting_for(connection: Connection) -> Iterable[tuple[str, str, int]]:
    """Yield (follower, root, count): records that wait in a case of which something was refused."""
    rows = connection.execute(
        select(source.c.name, record.c.type, record.c.state, refusal.c.fingerprint, func.count(record.c.id.distinct()))
        .join(source, source.c.id == record.c.source_id)
        .join(refusal, and_(refusal.c.case_no == record.c.case_no, refusal.c.superseded.is_(False)))
        .where(
            record.c.state != literal_column("'accepted'"), refusal.c.outcome.in_(["refused", "conflict"]),
            refusal.c.code.not_in(_FOLLOWS),
        )
        .group_by(source.c.name, record.c.type, record.c.state, refusal.c.fingerprint)
    )  # fmt: skip
    return [(of_missing(name, type_) if state == "parked" else "", root, n) for name, type_, state, root, n in rows]


def _note(connection: Connection, found: dict[str, Group]) -> None:
    """Put what people have said to the groups; one that was put aside and went on failing is open again."""
    for row in connection.execute(select(failure_note)):
        group = found.get(row.fingerprint)
        if group is None:
            continue
        group.assignee, group.reason = row.assignee, row.reason
        again = group.last_seen is not None and group.last_seen > row.at
        group.state = "again" if row.state == "aside" and again else row.state


@dataclass(frozen=True, slots=True)
class Members:
    """What a group holds: deliveries of records at one destination, or refusals (``record_ids`` is then empty)."""

    kind: str
    destination_id: int | None
    where: str
    record_ids: Sequence[int]


def members(connection: Connection, name: str) -> Members | None:
    """Return what stands under a fingerprint, or None where there is no such group (any more)."""
    refused = connection.execute(
        select(source.c.name)
        .join(refusal, refusal.c.source_id == source.c.id)
        .where(
            refusal.c.fingerprint == name,
            refusal.c.superseded.is_(False),
            refusal.c.outcome.in_(["refused", "conflict"]),
        )
        .limit(1)
    ).scalar()
    if refused is not None:
        return Members(REFUSED, None, refused, ())
    kinds = connection.execute(
        select(delivery.c.destination_id, destination.c.name, delivery.c.code, delivery.c.message)
        .join(destination, destination.c.id == delivery.c.destination_id)
        .where(_PARKED_DELIVERY)
        .distinct()
    )
    alike = [row for row in kinds if of_delivery(row.name, row.code, row.message) == name]
    if not alike:
        return None
    messages = {(row.code, row.message) for row in alike}
    rows = connection.execute(
        select(delivery.c.record_id, delivery.c.code, delivery.c.message).where(
            delivery.c.destination_id == alike[0].destination_id, _PARKED_DELIVERY
        )
    )
    ids = [row.record_id for row in rows if (row.code, row.message) in messages]
    return Members(PARKED, alike[0].destination_id, alike[0].name, ids)
