# SPDX-License-Identifier: Apache-2.0
"""Reconcile: what the ledger holds as settled against what a destination says it holds (对账, ledger.md B26)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.clock import microseconds
from gateway.ledger.destinations import count_differences, day_sums, open_keys, replace_differences, settled_heads
from gateway.ledger.store import Ledger
from gateway.model.destination import Route
from gateway.model.package import KeyRow, Statement
from gateway.ports import Clock, Destination


class DifferenceKind(StrEnum):
    """How the destination differs from the ledger."""

    MISSING = "missing"  # settled here, not held there
    EXTRA = "extra"  # held there, not settled here
    ALTERED = "altered"  # version or content differs


@dataclass(frozen=True, slots=True)
class Difference:
    """One key on which the ledger and a destination disagree."""

    destination: str
    day: str
    key: str
    kind: DifferenceKind
    ours: str
    theirs: str


_LineKey = tuple[str, str, str]


def reconcile(
    ledger: Ledger, destination: Destination, route: Route, days: Sequence[str] | None = None
) -> list[Difference]:
    """Compare day by day, by count and digest; only where a day differs, key by key.

    ``days`` defaults to every day on which something was settled there. Raises ChannelError when the destination does
    not answer.
    """
    with ledger.reading() as connection:
        sums = day_sums(connection, route.destination_id, days)
    differences: list[Difference] = []
    for day in sorted(set(sums) if days is None else days):
        statement = destination.statement(day)
        if _stated(statement) != sums.get(day, {}):
            differences.extend(_drill_down(ledger, destination, route, day))
    return differences


def _stated(statement: Statement) -> dict[_LineKey, tuple[int, str]]:
    return {(line.org_code, line.type, line.item_code): (line.count, line.digest) for line in statement.lines}


def _drill_down(ledger: Ledger, destination: Destination, route: Route, day: str) -> list[Difference]:
    """Compare the keys of one day up to the destination's last receipt; whatever is on its way is no difference."""
    page = destination.keys(day)
    with ledger.reading() as connection:
        ours = {
            row.key: (row.version, row.content_digest.hex())
            for row in settled_heads(connection, route.destination_id, page.through_receipt_no, day)
        }
        on_the_way = open_keys(connection, route.destination_id)
    theirs = _highest(page.rows)
    return [
        Difference(route.terms.name, day, key, kind, _said(ours.get(key)), _said(theirs.get(key)))
        for key, kind in _compare(ours, theirs)
        if key not in on_the_way
    ]


def _highest(rows: Iterable[KeyRow]) -> dict[str, tuple[int, str]]:
    held: dict[str, tuple[int, str]] = {}
    for row in rows:
        if row.key not in held or held[row.key][0] < row.version:
            held[row.key] = (row.version, row.content_digest)
    return held


def _compare(
    ours: dict[str, tuple[int, str]], theirs: dict[str, tuple[int, str]]
) -> Iterable[tuple[str, DifferenceKind]]:
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in theirs:
            yield key, DifferenceKind.MISSING
        elif key not in ours:
            yield key, DifferenceKind.EXTRA
        elif ours[key] != theirs[key]:
            yield key, DifferenceKind.ALTERED


def _said(held: tuple[int, str] | None) -> str:
    return "" if held is None else f"v{held[0]} {held[1][:16]}"


def keep_differences(ledger: Ledger, route: Route, differences: Sequence[Difference], clock: Clock) -> None:
    """Keep the differences of this reconciliation in place of the last one's; costs no commit where there are none to keep."""
    with ledger.reading() as connection:
        had = count_differences(connection, route.destination_id)
    if not had and not differences:
        return
    rows = [
        {"day": each.day, "key": each.key, "kind": str(each.kind), "detail": f"{each.ours} / {each.theirs}"}
        for each in differences
    ]
    with ledger.begin() as connection:
        replace_differences(connection, route.destination_id, microseconds(clock.now()), rows)
