# SPDX-License-Identifier: Apache-2.0
"""What people decide about sources and destinations: pause, drain, resume, hand over.

Who and why stand beside the source or destination for everybody to see; the caller writes the act into the audit.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from gateway.errors import RefusedByGate
from gateway.ledger.tables import destination, record_key, source
from gateway.semantics.health import Circuit, Control


@dataclass(frozen=True, slots=True)
class Told:
    """Who says so, why, and when (microseconds)."""

    who: str
    why: str
    at: int


def control_destination(connection: Connection, name: str, control: Control, told: Told) -> bool:
    """Pause, drain or resume a destination; False when there is none of that name.

    Resuming goes through a probe: one exchange first, and all the rest once it is answered. A destination whose channel
    is still at fault so halts again with nothing burned. Raises RefusedByGate while restored books are not yet compared
    and released: T5 says how.
    """
    state = connection.execute(select(destination.c.state).where(destination.c.name == name)).scalar()
    if state == Control.HELD:
        raise RefusedByGate(
            f"{name}: 台账由备份恢复,先 gateway ledger compare,再 gateway ledger release / restored: compare, then release"
        )
    values: dict[str, Any] = {
        "state": control, "told_by": told.who, "told_reason": told.why, "told_at": told.at,
    }  # fmt: skip
    if control is Control.OPEN:
        values |= {"circuit": Circuit.HALF_OPEN, "probe_by": 0, "not_before": 0, "reason": None}
    changed = connection.execute(update(destination).where(destination.c.name == name).values(**values))
    return changed.rowcount == 1


def pause_source(connection: Connection, name: str, told: Told, *, paused: bool) -> bool:
    """Pause or resume the pulling of a source; False when the ledger has not seen it yet."""
    changed = connection.execute(
        update(source)
        .where(source.c.name == name)
        .values(paused=paused, told_by=told.who, told_reason=told.why, told_at=told.at)
    )
    return changed.rowcount == 1


def is_paused(connection: Connection, name: str) -> bool:
    """Tell whether a source is paused."""
    return bool(connection.execute(select(source.c.paused).where(source.c.name == name)).scalar())


def owned(connection: Connection, name: str, prefix: str = "") -> int:
    """Return how many keys a source owns, of those that begin with ``prefix``."""
    of = select(func.count()).select_from(record_key).join(source, source.c.id == record_key.c.source_id)
    return int(connection.execute(of.where(source.c.name == name, _begins(prefix))).scalar_one())


def hand_over(connection: Connection, giver: str, taker: str, prefix: str = "") -> int | None:
    """Move the ownership of keys from one source to another (B6); None when one of them is unknown.

    The taker's next reading of a key counts as its own change: the row it came from, and its order token, are forgotten.
    """
    numbers = {row.name: row.id for row in connection.execute(select(source.c.name, source.c.id))}
    if giver not in numbers or taker not in numbers:
        return None
    moved = connection.execute(
        update(record_key)
        .where(record_key.c.source_id == numbers[giver], _begins(prefix))
        .values(source_id=numbers[taker], row_id="", order_token=None, several_rows=False)
    ).rowcount
    return int(moved)


def _begins(prefix: str) -> Any:
    return record_key.c.key.startswith(prefix, autoescape=True)
