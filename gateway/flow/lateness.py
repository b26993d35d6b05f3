# SPDX-License-Identifier: Apache-2.0
"""Lateness (迟到归因): records that arrived later than their level promises, and which party used the time.

Between the event and the receipt three parties have the record one after the other. The *source* has it until the last
pull that did not show it began: had it been there, that pull would have brought it; and as long as a record waits for
an earlier one of its case that had not come. The *destination* has it from the claim of its package until the receipt,
and while it answered nobody. All the rest is the *gateway*'s: the pause between pulls, its queue, its own standstills.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import microseconds, moment
from gateway.ledger import arrivals
from gateway.ledger.arrivals import Arrival
from gateway.ledger.store import Ledger
from gateway.model.destination import Route
from gateway.model.record import Level

BOUNDS: Final[Mapping[Level, timedelta]] = {Level.L3: timedelta(minutes=15), Level.L2: timedelta(days=3)}
"""How long after its event a record may arrive (standard.md §6 "Levels": L3 15 minutes; L2 the three days after which
the supervision side asks). At L1 nothing is promised."""

PARTIES: Final = ("source", "gateway", "destination")


@dataclass(frozen=True, slots=True)
class Late:
    """A record that came late, or has not come yet (``settled_at`` empty): the seconds that each party had it."""

    destination: str
    source: str
    key: str
    version: int
    type: str
    org_code: str
    item_code: str
    occurred_at: str
    collected_at: str
    claimed_at: str
    settled_at: str
    seconds: int
    by: Mapping[str, int]
    party: str


def late_records(
    ledger: Ledger, route: Route, since: datetime, bounds: Mapping[Level, timedelta] = BOUNDS
) -> list[Late]:
    """Return the records that arrived late at a destination since ``since``, and those that are late and still open."""
    begin = microseconds(since)
    now = ledger.now()
    with ledger.reading() as connection:
        outages = arrivals.outages(connection, route.destination_id, begin, now)
        found = [
            each
            for each in arrivals.arrivals(connection, route.destination_id, begin, now, [*bounds])
            if each.settled_at - each.occurred_at > bounds[Level(each.level)] // _MICROSECOND
        ]
        pulls = arrivals.pulls(connection, {each.source_id for each in found})
        awaited = arrivals.awaited(connection, [each for each in found if each.case_no is not None])
    late = [
        _judged(route.terms.name, each, pulls.get(each.source_id, ()), awaited.get(each.id), outages) for each in found
    ]
    return sorted(late, key=lambda each: (each.occurred_at, each.key, each.version))


_MICROSECOND: Final = timedelta(microseconds=1)
_SECOND: Final = 1_000_000


def _judged(
    destination: str, each: Arrival, pulls: Sequence[int], awaited: int | None, outages: Sequence[tuple[int, int]]
) -> Late:
    begin, end = each.occurred_at, each.settled_at
    earlier = bisect_left(pulls, each.pulled_at) - 1
    shown = pulls[earlier] if earlier >= 0 else each.accepted_at
    had = min(max(shown, begin), each.accepted_at)  # until then the source has had it, for certain
    source = max(0, had - begin)
    if awaited is not None and awaited > each.accepted_at:
        source += min(awaited, each.claimed_at) - each.accepted_at
    free = max(each.accepted_at, min(awaited or 0, each.claimed_at))
    destination_time = (end - each.claimed_at) + sum(_shared(free, each.claimed_at, outage) for outage in outages)
    gateway = max(0, end - begin - source - destination_time)
    by = dict(zip(PARTIES, (source // _SECOND, gateway // _SECOND, destination_time // _SECOND), strict=True))
    return Late(
        destination, each.source, each.key, each.version, each.type, each.org_code, each.item_code or "",
        each.occurred, _text(each.accepted_at), _text(each.claimed_at) if each.claimed else "",
        _text(end) if each.settled else "", (end - begin) // _SECOND, by, max(PARTIES, key=lambda party: by[party]),
    )  # fmt: skip


def _shared(first: int, last: int, outage: tuple[int, int]) -> int:
    return max(0, min(last, outage[1]) - max(first, outage[0]))


def _text(at: int) -> str:
    return moment(at).isoformat(timespec="seconds")
