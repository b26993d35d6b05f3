# SPDX-License-Identifier: Apache-2.0
"""Reconcile: what the ledger holds as settled against what a destination says it holds (对账, ledger.md B26)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from gateway.clock import microseconds
from gateway.flow.compare import days_between
from gateway.ledger.ahead import days_of
from gateway.ledger.destinations import count_differences, day_sums, open_keys, settled_heads
from gateway.ledger.reconciling import CONFIRMED, Line, Stated, keep_days, open_lines, replace_differences, stated_days
from gateway.ledger.store import Ledger
from gateway.model.destination import Route
from gateway.model.package import KeyRow, Statement, statement_text
from gateway.ports import Clock, Destination

LOOK_BACK: Final = 7
"""Days until today that a destination is asked for whatever the ledger holds of them: it may hold what we never sent."""


class DifferenceKind(StrEnum):
    """How the other side differs from the ledger."""

    MISSING = "missing"  # settled here and not held there; of a source: shown there and not known here
    EXTRA = "extra"  # held there and not settled here; of a source: known here and not shown there any more
    ALTERED = "altered"  # version or content differs
    LATE = "late"  # of a source: shown there with a time so long past that no pull will read it


@dataclass(frozen=True, slots=True)
class Difference:
    """One key on which the ledger and another side disagree: a ``destination``, or a row of a ``source``.

    ``state`` is ``confirmed`` for what counts; of a source also ``suspected`` (seen once) and ``in-flight`` (the next
    pull reads it). ``restated``: the day was stated otherwise at the reconciliation before.
    """

    destination: str
    day: str
    key: str
    kind: DifferenceKind
    ours: str
    theirs: str
    org_code: str = ""
    item_code: str = ""
    type: str = ""
    source: str = ""
    row_id: str = ""
    state: str = CONFIRMED
    first_seen: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is a difference by now, and not only on its way to one side."""
        return self.state == CONFIRMED


Figures = tuple[int, str]
"""Count and digest of a line, as a DailyStatement has them."""

_LineKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What reconciling with one destination found: both sides by line, what is on its way, and every difference.

    ``restated`` are days whose figures in the ledger have moved since they were last reconciled (late records);
    ``through`` is the last receipt that each day's statement speaks of.
    """

    destination: str
    ours: Mapping[Line, Figures]
    theirs: Mapping[Line, Figures]
    on_the_way: Mapping[Line, Mapping[str, int]]
    differences: tuple[Difference, ...]
    through: Mapping[str, int] = field(default_factory=dict)
    restated: tuple[str, ...] = ()
    days: tuple[str, ...] | None = None


def reconcile(
    ledger: Ledger, destination: Destination, route: Route, days: Sequence[str] | None = None,
    advance: Callable[[int], None] = lambda _days: None,
) -> Reconciled:  # fmt: skip
    """Compare day by day, by count and digest; only where a day differs, key by key.

    ``days`` defaults to all days of the ledger, those stated before, and the last week. ``advance`` hears of every day.
    Raises ChannelError when the destination does not answer.
    """
    with ledger.reading() as connection:
        sums = day_sums(connection, route.destination_id, days)
        waits = open_lines(connection, route.destination_id)
        before = stated_days(connection, route.destination_id)
        wanted = days or sorted({*sums, *before, *days_of(connection), *_last_days(ledger)})
    theirs: dict[Line, Figures] = {}
    through: dict[str, int] = {}
    differences: list[Difference] = []
    for day in wanted:
        statement = destination.statement(day)
        through[day] = statement.through_receipt_no
        stated = _stated(statement)
        theirs.update({Line(day, *line): figures for line, figures in stated.items()})
        if stated != sums.get(day, {}):
            differences.extend(_drill_down(ledger, destination, route, day, statement.incarnation))
        advance(1)
    ours = {Line(day, *line): figures for day, lines in sums.items() for line, figures in lines.items()}
    asked = set(wanted)
    return Reconciled(
        route.terms.name, ours, theirs, {line: n for line, n in waits.items() if line.day in asked}, tuple(differences),
        through, tuple(day for day in wanted if day in before and before[day] != _total(sums.get(day, {}))),
        None if days is None else tuple(days),
    )  # fmt: skip


def _last_days(ledger: Ledger) -> Iterable[str]:
    today: date = ledger.clock.now().date()
    return days_between(today - timedelta(days=LOOK_BACK - 1), today)


def _stated(statement: Statement) -> dict[_LineKey, Figures]:
    return {(line.org_code, line.type, line.item_code): (line.count, line.digest) for line in statement.lines}


def _total(lines: Mapping[_LineKey, Figures]) -> Figures:
    """Return count and digest of a whole day: sums add up (never XOR: twice would be absent)."""
    count = sum(each for each, _digest in lines.values())
    return count, statement_text(sum(int(digest, 16) for _count, digest in lines.values()))


def _drill_down(ledger: Ledger, destination: Destination, route: Route, day: str, incarnation: int) -> list[Difference]:
    """Compare the keys of one day up to the destination's last receipt; whatever is on its way is no difference."""
    page = destination.keys(day)
    with ledger.reading() as connection:
        ours = {
            row.key: (row.version, row.content_digest.hex(), Line(day, row.org_code, row.type, row.item_code or ""))
            for row in settled_heads(connection, route.destination_id, page.through_receipt_no, day, incarnation)
        }
        on_the_way = open_keys(connection, route.destination_id)
    theirs = _highest(page.rows)
    types = {row.key: row.type for row in page.rows}
    differences = []
    for key, kind in _compare({key: held[:2] for key, held in ours.items()}, theirs):
        if key in on_the_way:
            continue
        mine, other = ours.get(key), theirs.get(key)
        line = mine[2] if mine is not None else Line(day, "", types[key], "")
        differences.append(
            Difference(
                route.terms.name, day, key, kind, _said(mine[:2] if mine is not None else None), _said(other),
                line.org_code, line.item_code, line.type,
            )
        )  # fmt: skip
    return differences


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


def keep(ledger: Ledger, route: Route, found: Reconciled, clock: Clock) -> None:
    """Keep what was stated and what differs in place of the last reconciliation of these days.

    Costs no commit where it would change nothing.
    """
    now = microseconds(clock.now())
    stated = _stated_days(found)
    with ledger.reading() as connection:
        had = count_differences(connection, route.destination_id)
        before = stated_days(connection, route.destination_id)
    moved = {day: each for day, each in stated.items() if before.get(day) != (each.count, each.digest)}
    if not had and not found.differences and not moved:
        return
    rows = [
        {"day": each.day, "key": each.key, "kind": str(each.kind), "detail": f"{each.ours} / {each.theirs}"}
        for each in found.differences
    ]
    with ledger.begin() as connection:
        replace_differences(connection, route.destination_id, found.days, now, rows)
        keep_days(connection, route.destination_id, moved, now)


def _stated_days(found: Reconciled) -> dict[str, Stated]:
    """Return the ledger's own statement of every day that was compared and holds anything, or did so before."""
    days: dict[str, dict[_LineKey, Figures]] = {}
    for line, figures in found.ours.items():
        days.setdefault(line.day, {})[line[1:]] = figures
    return {
        day: Stated(*_total(days.get(day, {})), number)
        for day, number in found.through.items()
        if day in days or day in found.restated
    }
