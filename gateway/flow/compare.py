# SPDX-License-Identifier: Apache-2.0
"""After a restore: ask a destination for every key it holds, and tell what the books lack, or it (ledger.md T5)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.ledger import ahead
from gateway.ledger.ahead import Found
from gateway.ledger.store import Ledger
from gateway.model.destination import Route
from gateway.model.package import KeyRow
from gateway.ports import Destination


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing with one destination found, and how many keys were adopted and deliveries settled by its proof."""

    destination: str
    days: int
    found: tuple[Found, ...]
    adopted: int
    settled: int


def days_between(first: date, last: date) -> Iterable[str]:
    """Yield the days from first to last, both included (ISO)."""
    for number in range((last - first).days + 1):
        yield (first + timedelta(days=number)).isoformat()


def days_to_compare(ledger: Ledger, since: date | None, today: date) -> list[str]:
    """Return every day from ``since`` (by default the first of the books) until today, and all later ones of the books.

    A destination can be asked for a day only, and what came after the backup may be of any day.
    """
    with ledger.reading() as connection:
        known = ahead.days_of(connection)
    first = since or date.fromisoformat(min(known, default=today.isoformat()))
    return sorted({day for day in known if day >= first.isoformat()} | set(days_between(first, today)))


def compare(
    ledger: Ledger,
    destination: Destination,
    route: Route,
    days: Sequence[str],
    advance: Callable[[int], None] = lambda _n: None,
    *,
    keep: bool,
) -> Compared:
    """Compare key by key on these days; with ``keep`` adopt and settle. ``advance`` hears of every day.

    Raises ChannelError where the destination does not answer.
    """
    found: list[Found] = []
    seen: set[str] = set()
    for day in days:
        highest: dict[str, KeyRow] = {}
        for row in destination.keys(day).rows:
            if row.key not in highest or highest[row.key].version < row.version:
                highest[row.key] = row
        seen.update(highest)
        with ledger.reading() as connection:
            found += ahead.compare(connection, route.destination_id, highest, day)
        advance(1)
    # A correction may have moved a key to another day: it is lacking only where no day shows it.
    found = [each for each in found if each.kind != ahead.LACKING or each.key not in seen]
    adopted = settled = 0
    if keep:
        with ledger.begin() as connection:
            adopted = ahead.adopt(connection, found)
            settled = ahead.settle_proven(connection, route.destination_id, found, ledger.now())
    return Compared(route.terms.name, len(days), tuple(found), adopted, settled)
