# SPDX-License-Identifier: Apache-2.0
"""What an answer about one record means for its delivery, given what the ledger itself holds (ledger.md B13, T2)."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, TextClause, literal_column, or_, select

from gateway.ledger import lanes
from gateway.ledger.tables import delivery, record
from gateway.model.destination import Route
from gateway.semantics.outcomes import Move, RecordMove


def resolve(
    connection: Connection, route: Route, move: Move, receipt_no: int | None, item_type: str | None
) -> tuple[str, str | None]:
    """Turn a move into a delivery state; only here the ledger's own holdings are looked at."""
    if move.move is RecordMove.STALE_THERE:
        return ("superseded" if _settled_higher(connection, route, move) else "parked"), None
    if move.move is RecordMove.STATE_DEPENDENT:
        missing = _missing_there(connection, route, move, item_type)
        if missing is not None and _exists(connection, route, missing.which, lanes.IS_OPEN):
            return "waiting", missing.name
        mended = missing is not None and _came_since(connection, route, missing, receipt_no)
        return ("ready" if mended else "parked"), None
    return str(move.move), None


def _settled_higher(connection: Connection, route: Route, move: Move) -> bool:
    higher = (record.c.key == move.record.key) & (record.c.version > move.record.version)
    return _exists(connection, route, higher, _IS_SETTLED)


_IS_SETTLED = delivery.c.state == literal_column("'settled'")


class _Missing(NamedTuple):
    """What a destination misses, by its name, and which of our records would mend it."""

    name: str
    which: ColumnElement[bool]


def _missing_there(connection: Connection, route: Route, move: Move, item_type: str | None) -> _Missing | None:
    """Name what the destination misses: an item's master record, or a record of the case (B13)."""
    row = connection.execute(select(record.c.case_no, record.c.item_code).where(record.c.id == move.record.id)).one()
    if move.code == "2001":
        if not item_type or not row.item_code:
            return None
        key = f"{item_type}:{row.item_code}"
        return _Missing(key, record.c.key == key)
    if row.case_no is None:
        return None
    # What stands behind it in its own lane can't go before it: waiting for that would be waiting for ever.
    here = delivery.c.destination_id == route.destination_id
    own = connection.execute(
        select(delivery.c.lane, delivery.c.order_key).where(here, delivery.c.record_id == move.record.id)
    ).one()
    before = or_(delivery.c.lane != own.lane, delivery.c.order_key < own.order_key)
    return _Missing(str(row.case_no), (record.c.case_no == row.case_no) & before)


def _came_since(connection: Connection, route: Route, missing: _Missing, receipt_no: int | None) -> bool:
    """Tell whether the destination took what it missed after it gave this answer, which may have been heard late (T3)."""
    if receipt_no is None:
        return False
    return _exists(connection, route, missing.which, _IS_SETTLED, delivery.c.receipt_no > receipt_no)


def _exists(connection: Connection, route: Route, *conditions: ColumnElement[bool] | TextClause) -> bool:
    found = connection.execute(
        select(delivery.c.record_id)
        .join(record, record.c.id == delivery.c.record_id)
        .where(delivery.c.destination_id == route.destination_id, *conditions)
        .limit(1)
    )
    return found.first() is not None
