# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is at a destination: classes of urgency with guaranteed shares, and departments in turn within each.

**How others join.** Everything that is sent goes through ``gateway.ledger.lanes``: give ``NewRecord.priority`` the class
(``Priority.BACK_FILL`` for history, ``Priority.REPLAY`` for a replay plan) and ``NewRecord.org_code`` the department.
A pull is put into a class as a whole with ``RunLease.priority`` (``Ledger.start_run(…, priority=Priority.BACK_FILL)``).
Deliveries that exist already are made ready again by their owner and their lanes lined up with ``lanes.line_up``.
Nothing else is needed: the claim hands out turns, so a replay of a million records takes its twentieth of a busy
destination and all of an idle one.

Lanes whose legal clock runs out within ``PRESSING`` are in the class of the clock whatever their own class; the most
pressing goes first. Within a class departments (organisation codes) take turns, each with its oldest lane first.
"""

from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, literal_column, select, text

from gateway.ledger.tables import lane
from gateway.model.priority import Priority, turns

PRESSING: Final = 2 * 24 * 3600 * 1_000_000
"""A lane is pressed by the clock from two days before its due time on: two days cover a weekend's lag of the other side."""

_ROUND: Final = turns()
_SMALLEST_PAGE: Final = 16

# One step of the index for every group, however many lanes it holds.
_GROUPS = text(
    """
    WITH RECURSIVE found(priority, org_code) AS (
      SELECT * FROM (
        SELECT priority, org_code FROM lane
        WHERE destination_id = :here AND state = 'ready' ORDER BY priority, org_code LIMIT 1
      ) AS first
      UNION ALL
      SELECT
        (SELECT priority FROM lane WHERE destination_id = :here AND state = 'ready'
         AND (lane.priority, lane.org_code) > (found.priority, found.org_code) ORDER BY priority, org_code LIMIT 1),
        (SELECT org_code FROM lane WHERE destination_id = :here AND state = 'ready'
         AND (lane.priority, lane.org_code) > (found.priority, found.org_code) ORDER BY priority, org_code LIMIT 1)
      FROM found WHERE found.priority IS NOT NULL
    )
    SELECT priority, org_code FROM found WHERE priority IS NOT NULL
    """
)

_PRESSED = (
    select(lane.c.name)
    .where(
        lane.c.destination_id == bindparam("here"),
        lane.c.state == literal_column("'ready'"),
        lane.c.due < literal_column("9223372036854775807"),
        lane.c.due <= bindparam("soon"),
    )
    .order_by(lane.c.due, lane.c.name)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)


@lru_cache
def _of_group() -> Select[Any]:
    return (
        select(lane.c.name)
        .where(
            lane.c.destination_id == bindparam("here"),
            lane.c.state == literal_column("'ready'"),
            lane.c.priority == bindparam("priority"),
            lane.c.org_code == bindparam("org_code"),
        )
        .order_by(lane.c.since, lane.c.name)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .with_for_update(skip_locked=True)
    )


def ready_lanes(connection: Connection, here: int, limit: int, now: int, turn: int) -> dict[str, Priority]:
    """Return the names and classes of at most ``limit`` ready lanes of a destination in the order in which they take turns.

    Every beginning of the list keeps the shares. ``turn`` is where the round of turns begins: where packages are small
    it must differ from one to the next, else only the first class would ever be sent.
    """
    pressed = connection.execute(_PRESSED, {"here": here, "soon": now + PRESSING, "limit": limit}).scalars().all()
    groups = connection.execute(_GROUPS, {"here": here}).all()
    page = max(_SMALLEST_PAGE, -(-limit // max(1, len(groups))))
    queues: dict[Priority, deque[Iterator[str]]] = {Priority.CLOCK: deque([iter(pressed)])}
    for priority, org_code in groups:
        lanes = _lanes_of(connection, here, priority, org_code, page)
        queues.setdefault(Priority(priority), deque()).append(lanes)
    taken: dict[str, Priority] = {}
    if not pressed and len(groups) == 1:  # whose turn it is needs no asking
        ((priority, _org_code),) = groups
        return dict.fromkeys(islice(queues[Priority(priority)][-1], limit), Priority(priority))
    while len(taken) < limit and queues:
        wanted = _ROUND[(turn + len(taken)) % len(_ROUND)]
        priority = wanted if wanted in queues else min(queues)
        name = _next(queues, priority)
        if name is not None:
            taken.setdefault(name, priority)
    return taken


def _lanes_of(connection: Connection, here: int, priority: int, org_code: str, page: int) -> Iterator[str]:
    """Yield the ready lanes of one department in one class, oldest first, reading more each time it is asked again."""
    offset = 0
    while True:
        wanted = {"here": here, "priority": priority, "org_code": org_code, "limit": page, "offset": offset}
        names = connection.execute(_of_group(), wanted).scalars().all()
        yield from names
        if len(names) < page:
            return
        offset += page
        page *= 2


def _next(queues: dict[Priority, deque[Iterator[str]]], priority: Priority) -> str | None:
    """Take one lane of a class, from the department whose turn it is; None where that one has just run dry."""
    departments = queues[priority]
    lanes = departments.popleft()
    name = next(lanes, None)
    if name is not None:
        departments.append(lanes)
    elif not departments:
        del queues[priority]
    return name
