# SPDX-License-Identifier: Apache-2.0
"""Whether the intake is closed for maintenance: who closed it, why and until when, kept in the ledger."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection, delete, select

from gateway.ledger.batches import upsert_rows
from gateway.ledger.tables import site

_NAME: Final = "intake-closed"
_SECOND: Final = 1_000_000
_UNKNOWN: Final = 300
"""Seconds after which callers may ask again where nobody said when the maintenance ends."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A maintenance; times in microseconds, ``until`` None where it ends by hand."""

    reason: str
    who: str
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Closed:
    """What callers are told: why, and after how many seconds to come back."""

    reason: str
    retry_after: int


def closure(connection: Connection) -> Closure | None:
    """Return the maintenance that was ordered, over or not."""
    found = connection.execute(select(site.c.value).where(site.c.name == _NAME)).scalar()
    return None if found is None else Closure(**json.loads(found))


def closed(connection: Connection, now: int) -> Closed | None:
    """Return what callers are told at ``now``; None while the intake is open."""
    found = closure(connection)
    if found is None or (found.until is not None and found.until <= now):
        return None
    left = _UNKNOWN if found.until is None else -(-(found.until - now) // _SECOND)
    return Closed(found.reason, left)


def close(connection: Connection, ordered: Closure) -> None:
    """Close the intake."""
    text = json.dumps(asdict(ordered), ensure_ascii=False)
    upsert_rows(connection, site, ("name", "value"), [(_NAME, text)], replaced=("value",))


def reopen(connection: Connection) -> bool:
    """Open the intake; tell whether it was closed."""
    return connection.execute(delete(site).where(site.c.name == _NAME)).rowcount > 0
