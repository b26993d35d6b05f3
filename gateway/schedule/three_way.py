# SPDX-License-Identifier: Apache-2.0
"""Three-way reconciliation (三方对账): source, ledger and every destination, by day, body, item and type (ledger.md B26)."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.clock import moment
from gateway.errors import ChannelError, SourceError
from gateway.flow.compare_keys import KeyListing, compare_keys, days_until_now
from gateway.flow.compare_keys import keep as keep_keys
from gateway.flow.lateness import PARTIES, Late, late_records
from gateway.flow.reconcile import Difference, Reconciled, keep, reconcile
from gateway.flow.sweep import RowFigures, Swept, can_sweep, sweep
from gateway.flow.sweep import keep as keep_sweep
from gateway.ledger.reconciling import Line, held_lines
from gateway.ledger.store import Ledger
from gateway.schedule.workplace import DestinationPart, SourcePart

LATE_SINCE: Final = timedelta(days=1)
"""How far back arrivals are looked at for lateness unless it is asked otherwise."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who takes part: the sources and destinations of a site, the ledger, and where to keep what was found."""

    ledger: Ledger
    sources: Sequence[SourcePart]
    destinations: Sequence[DestinationPart]
    write: Ledger | None = None


@dataclass(slots=True)
class ThreeWay:
    """What was found. ``skipped`` names who was not compared and why, ``failures`` who could not be reached."""

    at: datetime
    swept: dict[str, Swept] = field(default_factory=dict)
    reconciled: dict[str, Reconciled] = field(default_factory=dict)
    held: dict[Line, dict[str, int]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def counted(self) -> int:
        """How many differences count: not what is on its way, and of a source only what was seen again."""
        return sum(each.counts for each in self.differences)

    def as_json(self, *, all_lines: bool) -> dict[str, Any]:
        """Return everything as ``--json`` prints it; lines that agree on all sides only with ``all_lines``."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "counted": self.counted,
            "differences": [asdict(each) for each in self.differences],
            "lines": [each for each in self.lines() if all_lines or not each["agrees"]],
            "sources": {
                name: {"rows": each.rows, "refused_rows": each.refused_rows, "differences": len(each.differences)}
                for name, each in self.swept.items()
            },
            "destinations": {
                name: {
                    "days": len(each.through), "through_receipt_no": max(each.through.values(), default=0),
                    "restated": list(each.restated), "differences": len(each.differences),
                }
                for name, each in self.reconciled.items()
            },
            "lateness": self.lateness(),
            "late": [asdict(each) for each in self.late],
            "skipped": self.skipped,
            "failures": self.failures,
        }  # fmt: skip

    def lateness(self) -> dict[str, dict[str, int]]:
        """Count the late records of each destination by the party that used most of the time."""
        counted: dict[str, dict[str, int]] = {}
        for each in self.late:
            of = counted.setdefault(each.destination, {"late": 0, **dict.fromkeys(PARTIES, 0)})
            of["late"] += 1
            of[each.party] += 1
        return counted

    def lines(self) -> list[dict[str, Any]]:
        """Return the figures of all sides line by line, in order of day, body, type and item."""
        named = {
            *(line for each in self.swept.values() for line in (*each.source, *each.ledger)),
            *(line for each in self.reconciled.values() for line in (*each.ours, *each.theirs, *each.on_the_way)),
        }
        found = []
        for line in sorted(named):
            sources = {name: _of_source(each, line) for name, each in self.swept.items() if _shows(each, line)}
            destinations = {name: _of_destination(each, line) for name, each in self.reconciled.items()}
            agrees = all(each["agrees"] for each in (*sources.values(), *destinations.values()))
            sides = {"ledger": self.held.get(line, {}), "sources": sources, "destinations": destinations}
            found.append({**line._asdict(), **sides, "agrees": agrees})
        return found


def _shows(swept: Swept, line: Line) -> bool:
    return line in swept.source or line in swept.ledger


_NONE: Final = RowFigures(0, f"{0:064x}")


def _of_source(swept: Swept, line: Line) -> dict[str, Any]:
    theirs, ours = swept.source.get(line, _NONE), swept.ledger.get(line, _NONE)
    return {"source": asdict(theirs), "ledger": asdict(ours), "agrees": theirs == ours}


def _of_destination(found: Reconciled, line: Line) -> dict[str, Any]:
    nothing = (_NONE.count, _NONE.digest)
    theirs, ours = found.theirs.get(line, nothing), found.ours.get(line, nothing)
    names = ("count", "digest")
    return {
        "settled": dict(zip(names, ours, strict=True)), "held": dict(zip(names, theirs, strict=True)),
        "on_the_way": dict(found.on_the_way.get(line, {})), "agrees": ours == theirs,
    }  # fmt: skip


Advance = Callable[[str, int], None]
"""Called with the name of a source or destination and how many rows or days more of it are done."""


def three_way(
    parties: Parties, days: Sequence[str] | None = None, late_since: datetime | None = None,
    advance: Advance = lambda _name, _steps: None,
) -> ThreeWay:  # fmt: skip
    """Compare all parties; whoever can't be reached is named, the others are compared.

    ``days`` restricts what is said of events, and the days that destinations are asked for.
    """
    ledger = parties.ledger
    found = ThreeWay(moment(ledger.now()))
    for source in parties.sources:
        _sweep(parties, source, found, lambda rows, name=source.name: advance(name, rows))  # type: ignore[misc]
    for destination in parties.destinations:
        _reconcile(parties, destination, found, days, late_since or found.at - LATE_SINCE, advance)
    with ledger.reading() as connection:
        found.held = held_lines(connection)
    if days is not None:
        _only(found, frozenset(days))
    return found


def _sweep(parties: Parties, part: SourcePart, found: ThreeWay, advance: Callable[[int], None]) -> None:
    try:
        with closing(part.open()) as source:
            if isinstance(source, KeyListing):
                keys = compare_keys(parties.ledger, source, days_until_now(parties.ledger.clock))
                if keys is None:
                    found.skipped[part.name] = "never-pulled"
                elif parties.write is not None:
                    keep_keys(parties.write, part.name, keys)
                found.differences += keys or []
                return
            if not can_sweep(source):
                found.skipped[part.name] = "consumed"
                return
            swept = sweep(parties.ledger, source, part.current(parties.ledger).mapper, advance=advance)
    except SourceError as error:
        found.failures[part.name] = error.spoken("zh")
        return
    if swept is None:
        found.skipped[part.name] = "never-pulled"
        return
    noted = keep_sweep(parties.ledger, swept, write=parties.write)
    found.swept[part.name] = swept
    found.differences += swept.told(part.name, noted)


def _reconcile(
    parties: Parties, part: DestinationPart, found: ThreeWay, days: Sequence[str] | None, since: datetime,
    advance: Advance,
) -> None:  # fmt: skip
    found.late += late_records(parties.ledger, part.route, since)
    if not part.statements:
        found.skipped[part.name] = "no-statements"
        return
    try:
        with closing(part.open()) as destination:
            told = reconcile(
                parties.ledger, destination, part.route, days, advance=lambda done: advance(part.name, done)
            )
    except ChannelError as error:
        found.failures[part.name] = error.spoken("zh")
        return
    if parties.write is not None:
        keep(parties.write, part.route, told, parties.write.clock)
    found.reconciled[part.name] = told
    found.differences += told.differences


def _only(found: ThreeWay, days: frozenset[str]) -> None:
    """Leave out what is of other days; a row of which no day is known stays."""
    found.differences = [each for each in found.differences if not each.day or each.day in days]
    found.late = [each for each in found.late if each.occurred_at[:10] in days]
    for swept in found.swept.values():
        for side in (swept.source, swept.ledger):
            for line in [line for line in side if line.day not in days]:
                del side[line]


def mendable(differences: Sequence[Difference]) -> Mapping[str, int]:
    """Count, by destination, the differences that sending again mends: what is missing there or differs."""
    counted: dict[str, int] = {}
    for each in differences:
        if each.destination and each.kind in ("missing", "altered"):
            counted[each.destination] = counted.get(each.destination, 0) + 1
    return counted
