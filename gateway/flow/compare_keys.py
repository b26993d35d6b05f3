# SPDX-License-Identifier: Apache-2.0
"""Compare what a department says it holds (GetCounts, GetKeys) with what the ledger has seen of it (ledger.md B14, B26)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, Protocol, runtime_checkable

from gateway.clock import moment
from gateway.documents.department import DepartmentCount, DepartmentKey
from gateway.flow.reconcile import Difference, DifferenceKind
from gateway.ledger import owed, received
from gateway.ledger.golive import note_source_day
from gateway.ledger.store import Ledger
from gateway.ports import Clock

LOOK_BACK: Final = timedelta(days=35)
"""How far back the days lie of which the keys are compared; what is older is compared by ``gateway sync --sweep``."""


@runtime_checkable
class KeyListing(Protocol):
    """A source that tells how many records, and which keys, it holds of a day."""

    name: str

    def counts(self, day: str) -> list[DepartmentCount]:
        """Return the counts of a day. Raises SourceError."""

    def keys_of(self, day: str) -> Iterator[DepartmentKey]:
        """Yield the keys of a day. Raises SourceError."""


def days_until_now(clock: Clock, back: timedelta = LOOK_BACK) -> list[str]:
    """Return the days up to today, the oldest first."""
    today = clock.now().date()
    return [(today - timedelta(days=each)).isoformat() for each in range(back.days, -1, -1)]


def compare_keys(ledger: Ledger, source: KeyListing, days: Sequence[str]) -> list[Difference] | None:
    """Return the keys of these days on which department and ledger differ; None for a source that was never fetched.

    A day whose counts agree is not asked for its keys. What the ledger has seen, accepted or not, is no difference:
    refusals have their own place. Raises SourceError.
    """
    with ledger.reading() as connection:
        source_id = received.source_id_of(connection, source.name)
    if source_id is None:
        return None
    found: list[Difference] = []
    for day in days:
        found += _of_day(ledger, source, source_id, day)
    return found


def keep(write: Ledger, name: str, found: Sequence[Difference]) -> None:
    """Keep how many differences of a source counted today, which the go-live lock asks for."""
    now = write.now()
    counted = sum(each.counts for each in found)
    write.again(
        lambda connection: note_source_day(connection, name, f"{moment(now):%Y-%m-%d}", len(found), counted, now)
    )


def _of_day(ledger: Ledger, source: KeyListing, source_id: int, day: str) -> Iterator[Difference]:
    with ledger.reading() as connection:
        ours = {each.key: each for each in received.sent_heads(connection, source_id, day=day, org=None)}
    counted: dict[tuple[str, str], int] = {}
    for head in ours.values():
        counted[head.type, head.item_code] = counted.get((head.type, head.item_code), 0) + 1
    if counted == {(each.type, each.item_code): each.distinct for each in source.counts(day) if each.distinct}:
        return
    theirs = {each.key: each for each in source.keys_of(day)}
    with ledger.reading() as connection:
        shown = [(each.key, each.version) for each in theirs.values()]
        seen = owed.versions_seen(connection, source_id, shown)
    for key, each in theirs.items():
        if (key, each.version) not in seen:
            kind = DifferenceKind.ALTERED if key in ours else DifferenceKind.MISSING
            held = f"v{ours[key].version}" if key in ours else ""
            yield Difference(
                "", day, key, kind, held, f"v{each.version}", type=each.type, source=source.name, row_id=key
            )
    for key, head in ours.items():
        if key not in theirs:
            yield Difference(
                "", day, key, DifferenceKind.EXTRA, f"v{head.version}", "", head.org_code, head.item_code, head.type,
                source.name, key,
            )  # fmt: skip
