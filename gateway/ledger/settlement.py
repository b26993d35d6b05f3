# SPDX-License-Identifier: Apache-2.0
"""Settling: writing down what a destination answered (ledger.md T2, T3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    Connection,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from gateway.errors import Fenced
from gateway.ledger import health, lanes
from gateway.ledger.claims import Claimed
from gateway.ledger.evidence import state_row
from gateway.ledger.resolution import resolve
from gateway.ledger.segments import SegmentWriter
from gateway.ledger.tables import attempt, awaiting, delivery, destination, package, record
from gateway.model.destination import Route
from gateway.semantics.outcomes import MAINTENANCE, STALE_THERE, Judgement, PackageMove, RecordMove

SECOND = 1_000_000
LONGEST_PAUSE = 300 * SECOND
LONGEST_WISH = 3600
"""Seconds; a destination that asks to be left alone longer, for years even, is asked again after an hour."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One exchange about a package, ready to be written down: when, which question, what came of it, and its evidence.

    ``reached`` is False where nobody answered, or nobody who speaks the contract.
    """

    kind: str  # submit, query
    at: int
    judgement: Judgement
    receipt_no: int | None = None
    evidence: bytes = b""
    reached: bool = True
    incarnation: int | None = None


def settle(connection: Connection, route: Route, claimed: Claimed, answer: Answer, item_type: str | None) -> None:
    """Write down an answer, move its deliveries, and free or block their lanes, inside the caller's transaction.

    Raises Fenced when another worker has taken the package over meanwhile; nothing may then be committed (R20).
    """
    judgement = answer.judgement
    # Whoever adds to these lanes meanwhile waits until we are done, or we for them: B11 looks at both sides.
    lanes.lock(connection, route.destination_id, sorted(set(claimed.lanes)))
    _note_attempt(connection, claimed, answer)
    segment_id = _keep_evidence(connection, answer)
    match judgement.package:
        case PackageMove.SETTLED:
            _settle_records(connection, route, claimed, answer, item_type)
            _close(connection, claimed, "settled", answer, segment_id)
            _healthy(connection, route)
        case PackageMove.UNKNOWN:
            _settle_records(connection, route, claimed, answer, item_type)
            _postpone(connection, route, claimed, answer, "unknown")
        case PackageMove.RETRY:
            _postpone(connection, route, claimed, answer, "open")
        case PackageMove.DIVIDE:
            _divide(connection, route, claimed, answer, segment_id)
        case PackageMove.HALT:
            _give_back(connection, route, claimed, answer.at)
            _close(connection, claimed, "void", answer, segment_id)
            health.halt(connection, route, f"{judgement.code} {judgement.detail}", answer.at)
        case PackageMove.PARK:
            _park_all(connection, route, claimed, answer)
            _close(connection, claimed, "parked", answer, segment_id)
    health.note(connection, route, answer.at, reached=answer.reached)
    if judgement.code == MAINTENANCE:
        health.note_maintenance(connection, route, answer.at + _pause(judgement, 0, 0))


def _note_attempt(connection: Connection, claimed: Claimed, answer: Answer) -> None:
    judgement = answer.judgement
    values = {
        "package_no": claimed.no,
        "kind": answer.kind,
        "at": answer.at,
        "outcome": judgement.package.value,
        "code": judgement.code or None,
        "detail": judgement.detail[:500] or None,
    }
    made = connection.execute(_NOTE, values)
    state_row(connection, attempt, int(made.inserted_primary_key[0]), values)  # type: ignore[index]


_NOTE = insert(attempt)


def _keep_evidence(connection: Connection, answer: Answer) -> int | None:
    if not answer.evidence:
        return None
    kept = SegmentWriter("receipt")
    kept.add(answer.evidence)
    return kept.write(connection, answer.at)


def _settle_records(
    connection: Connection, route: Route, claimed: Claimed, answer: Answer, item_type: str | None
) -> None:
    judgement = answer.judgement
    if judgement.accepted_all:
        _all_settled(connection, claimed, answer)
        settled = [each.id for each in claimed.records]
    else:
        settled = _settle_each(connection, route, claimed, answer, item_type)
        _give_way(connection, route, claimed)
    touched = [*_wake(connection, route, settled), *claimed.lanes]
    lanes.refresh(connection, route.destination_id, touched, answer.at)


def _all_settled(connection: Connection, claimed: Claimed, answer: Answer) -> None:
    connection.execute(_SETTLE, {"of": claimed.no, "receipt": answer.receipt_no})


_SETTLE = (
    update(delivery)
    .where(delivery.c.package_no == bindparam("of"), delivery.c.state == literal_column("'packed'"))
    .values(state=literal_column("'settled'"), receipt_no=bindparam("receipt"), code=literal_column("'0000'"))
)
_MOVE = (
    update(delivery)
    .where(
        delivery.c.destination_id == bindparam("b_destination"),
        delivery.c.record_id == bindparam("b_record"),
        delivery.c.state == literal_column("'packed'"),
    )
    .values(
        state=bindparam("b_state"),
        code=bindparam("b_code"),
        message=bindparam("b_message"),
        receipt_no=bindparam("b_receipt"),
    )
)


def _settle_each(
    connection: Connection, route: Route, claimed: Claimed, answer: Answer, item_type: str | None
) -> list[int]:
    rows: list[dict[str, object]] = []
    waiting: list[dict[str, object]] = []
    settled: list[int] = []
    for move in answer.judgement.moves:
        if move.move is RecordMove.OPEN:
            continue
        state, awaits = resolve(connection, route, move, answer.receipt_no, item_type)
        if state == "settled":
            settled.append(move.record.id)
        rows.append(
            {
                "b_destination": route.destination_id,
                "b_record": move.record.id,
                "b_state": state,
                "b_code": move.code,
                "b_message": move.message[:500] or None,
                "b_receipt": answer.receipt_no if state == "settled" else None,
            }
        )
        if awaits:
            waiting.append({"destination_id": route.destination_id, "record_id": move.record.id, "awaits": awaits})
    if rows:
        connection.execute(_MOVE, rows)
    if waiting:
        connection.execute(insert(awaiting), waiting)
    return settled


def _give_way(connection: Connection, route: Route, claimed: Claimed) -> None:
    """Let a higher version that arrived while its key was on the way take the place of what is parked now (B11).

    Not where the destination is ahead of us (2006): it would refuse the higher version as well.
    """
    here = delivery.c.destination_id == route.destination_id
    parked = connection.execute(
        select(delivery.c.record_id, record.c.key, record.c.version)
        .join(record, record.c.id == delivery.c.record_id)
        .where(
            here,
            delivery.c.package_no == claimed.no,
            delivery.c.state == literal_column("'parked'"),
            delivery.c.code != STALE_THERE,
        )
    ).all()
    if not parked:
        return
    versions = connection.execute(
        select(record.c.key, func.max(record.c.version))
        .join(delivery, delivery.c.record_id == record.c.id)
        .where(record.c.key.in_([row.key for row in parked]), here, lanes.IS_OPEN)
        .group_by(record.c.key)
    )
    newest = {row.key: row[1] for row in versions}
    outdated = [row.record_id for row in parked if newest[row.key] > row.version]
    if outdated:
        connection.execute(update(delivery).where(here, delivery.c.record_id.in_(outdated)).values(state="superseded"))


def _wake(connection: Connection, route: Route, settled: Sequence[int]) -> Sequence[str]:
    """Release deliveries that waited at this destination for what was settled just now; return their lanes."""
    here = route.destination_id
    waiting = connection.execute(_AWAITED, {"here": here}).all()
    if not waiting or not settled:
        return []
    arrived: set[str] = set()
    for row in connection.execute(select(record.c.key, record.c.case_no).where(record.c.id.in_(settled))):
        arrived.update(name for name in (row.key, row.case_no) if name)
    released = [row.record_id for row in waiting if row.awaits in arrived]
    if not released:
        return []
    freed = (delivery.c.destination_id == here) & delivery.c.record_id.in_(released)
    connection.execute(update(delivery).where(freed, delivery.c.state == "waiting").values(state="ready"))
    connection.execute(delete(awaiting).where(awaiting.c.destination_id == here, awaiting.c.record_id.in_(released)))
    return connection.execute(select(delivery.c.lane).where(freed)).scalars().all()


_AWAITED = select(awaiting.c.awaits, awaiting.c.record_id).where(awaiting.c.destination_id == bindparam("here"))


def _close(connection: Connection, claimed: Claimed, state: str, answer: Answer, segment_id: int | None) -> None:
    _change(
        connection,
        claimed,
        state=state,
        code=answer.judgement.code or None,
        receipt_no=answer.receipt_no,
        incarnation=answer.incarnation,
        receipt_segment_id=segment_id,
    )


def _change(connection: Connection, claimed: Claimed, **values: object) -> None:
    """Change a package that is still held as it was taken and let go of it; raises Fenced where it is not.

    The epoch rises: an answer is written down once, even where the first commit took place unheard.
    """
    given = {f"b_{name}": value for name, value in values.items()}
    freed = connection.execute(_freeing(tuple(values)), {"of": claimed.no, "mine": claimed.epoch, **given})
    if freed.rowcount != 1:
        raise Fenced(f"package {claimed.package_id} epoch {claimed.epoch}")


@lru_cache
def _freeing(names: tuple[str, ...]) -> Update:
    columns = package.c
    return (
        update(package)
        .where(columns.no == bindparam("of"), columns.epoch == bindparam("mine"))
        .values(
            holder=None, epoch=columns.epoch + 1, attempts=columns.attempts + 1,
            **{name: bindparam(f"b_{name}") for name in names},
        )
    )  # fmt: skip


def _postpone(connection: Connection, route: Route, claimed: Claimed, answer: Answer, state: str) -> None:
    """Keep the package for later; a destination that did not take it rests a while longer each time.

    Where a question has cleared the way the same package goes again at once: the pause came before the question, and a
    second one would grow with every question asked.
    """
    failures = connection.execute(
        select(destination.c.failures).where(destination.c.id == route.destination_id)
    ).scalar_one()
    wait = _pause(answer.judgement, failures, claimed.attempts)
    if answer.kind == "query" and state == "open":
        wait = 0
    values: dict[str, object] = {
        "state": state,
        "not_before": answer.at + wait,
        "code": answer.judgement.code or None,
    }
    if answer.kind == "submit":
        values["last_sent_at"] = answer.at
    if state == "unknown":
        values["was_unknown"] = True
    _change(connection, claimed, **values)
    silent = not answer.reached or (answer.kind == "submit" and not answer.receipt_no)
    if silent:
        connection.execute(
            update(destination)
            .where(destination.c.id == route.destination_id)
            .values(
                failures=destination.c.failures + 1, not_before=answer.at + wait, reason=answer.judgement.detail[:500]
            )
        )


def _pause(judgement: Judgement, failures: int, attempts: int) -> int:
    """Return how long to rest (microseconds): as long as wished, else longer with every failure."""
    if judgement.retry_after is not None:
        return min(judgement.retry_after, LONGEST_WISH) * SECOND
    return min(LONGEST_PAUSE, SECOND << min(max(failures, attempts), 9))


def _healthy(connection: Connection, route: Route) -> None:
    """A package went through: forget failures, and let packages grow again after a division."""
    row = connection.execute(_TROUBLE, {"here": route.destination_id}).one()
    if row.failures == 0 and row.package_limit is None:
        return
    limit = None if row.package_limit is None else row.package_limit * 2
    if limit is not None and limit >= route.terms.package_records:
        limit = None
    connection.execute(
        update(destination)
        .where(destination.c.id == route.destination_id)
        .values(failures=0, not_before=0, reason=None, package_limit=limit)
    )


_TROUBLE = select(destination.c.failures, destination.c.package_limit).where(destination.c.id == bindparam("here"))


def _give_back(connection: Connection, route: Route, claimed: Claimed, now: int) -> None:
    connection.execute(
        update(delivery)
        .where(delivery.c.package_no == claimed.no, delivery.c.state == literal_column("'packed'"))
        .values(state="ready", package_no=None)
    )
    lanes.refresh(connection, route.destination_id, claimed.lanes, now)


def _divide(connection: Connection, route: Route, claimed: Claimed, answer: Answer, segment_id: int | None) -> None:
    """Try smaller packages until the culprit is alone, then park it (B19)."""
    if len(claimed.records) == 1:
        _park_all(connection, route, claimed, answer)
        _close(connection, claimed, "void", answer, segment_id)
        return
    _give_back(connection, route, claimed, answer.at)
    _close(connection, claimed, "void", answer, segment_id)
    connection.execute(
        update(destination)
        .where(destination.c.id == route.destination_id)
        .values(package_limit=max(1, len(claimed.records) // 2))
    )


def _park_all(connection: Connection, route: Route, claimed: Claimed, answer: Answer) -> None:
    connection.execute(
        update(delivery)
        .where(delivery.c.package_no == claimed.no, delivery.c.state == literal_column("'packed'"))
        .values(state="parked", code=answer.judgement.code, message=answer.judgement.detail[:500] or None)
    )
    _give_way(connection, route, claimed)
    lanes.refresh(connection, route.destination_id, claimed.lanes, answer.at)
