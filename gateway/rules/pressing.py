# SPDX-License-Identifier: Apache-2.0
"""Pressing records (时钟紧迫): records that keep a limit of the law, and when the supervision side would call it missed.

A record that was acted in time but arrives late draws a yellow or red card that is false. Which act keeps which limit
stands in the pack's case rules (form ``within``); the decision of a permit keeps the due date that its acceptance told
(form ``due``). Suspensions and extensions are counted where the case holds them already.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.clock import BEIJING, microseconds, moment
from gateway.legal.clock import LegalClock
from gateway.legal.moments import Interval
from gateway.model.case_record import CaseRecord
from gateway.pack import Pack
from gateway.rules.case import CaseRules
from gateway.rules.forms import CaseRow
from gateway.rules.limit_form import longer, pauses
from gateway.rules.records import CaseView, Seen

LONGEST: Final = timedelta(days=180)
"""An act longer ago keeps no limit that could end only now: its case is not looked at."""
GRACE: Final = timedelta(days=7)
"""So long after its due time a record still presses: the card stands and each day adds to it. Older ones are history."""

Mark = tuple[str, int]


class _Promise(NamedTuple):
    """Where a record tells the due date of a decision."""

    of: frozenset[str]
    due: str


class Pressing:
    """Tells of new records when a limit that they keep ends."""

    def __init__(self, pack: Pack, rules: CaseRules, clock: LegalClock) -> None:
        self._rules, self._clock = rules, clock
        self._kept: dict[str, list[CaseRow]] = {}
        for row in rules.rows_of("within"):
            for code in row.b:
                self._kept.setdefault(code, []).append(row)
        self._promised: dict[str, list[_Promise]] = {}
        decisions = pack.toml("rules/sets.toml")["dates"]["decision"]
        for row in rules.rows_of("due"):
            promise = _Promise(row.a, row.parts["due"])
            categories = {pack.types[code].category for code in row.a}
            for code in decisions:
                known = self._promised.setdefault(code, [])
                if pack.types[code].category in categories and promise not in known:
                    known.append(promise)
        self.types = frozenset(self._kept) | frozenset(code for code, found in self._promised.items() if found)
        """Types that stop a clock."""
        self._due = lru_cache(maxsize=65_536)(self._plain_due)

    def dues(
        self, history: Sequence[CaseRecord], new: Sequence[CaseRecord], now: int
    ) -> Mapping[Mark, int]:  # fmt: skip
        """Return the earliest end (microseconds) of the limits that each of ``new`` keeps; others are not in it.

        ``history`` holds the standing records of their cases. Whoever was late himself presses nobody: that card is true.
        """
        since = (moment(now) - LONGEST).date().isoformat()
        stopping = [each for each in new if each.type in self.types and each.occurred_at[:10] >= since]
        if not stopping:
            return {}
        cases: dict[str | None, list[CaseRecord]] = {each.case: [] for each in stopping}
        for record in (*history, *new):
            held = cases.get(record.case)
            if held is not None:
                held.append(record)
        views = {case: self._rules.view(case, records) for case, records in cases.items()}
        floor = now - GRACE // timedelta(microseconds=1)
        found: dict[Mark, int] = {}
        for each in stopping:
            ends = [end for end in self._ends(each, views[each.case]) if end >= floor]
            if ends:
                found[each.key, each.version] = min(ends)
        return found

    def _ends(self, record: CaseRecord, view: CaseView) -> Iterator[int]:
        seen = next((each for each in view.of((record.type,)) if each.record.key == record.key), None)
        if seen is None:
            return
        for row in self._kept.get(record.type, ()):
            yield from self._of_limit(row, view, seen)
        for promise in self._promised.get(record.type, ()):
            for told in view.of(promise.of):
                due = told.values.get(promise.due)
                if isinstance(due, str) and record.occurred_at[:10] <= due:
                    yield _end(date.fromisoformat(due[:10]))

    def _of_limit(self, row: CaseRow, view: CaseView, seen: Seen) -> Iterator[int]:
        act, match, calendar = seen.values.get(row.parts["act"]), row.parts.get("match"), self._clock.calendar()
        if not isinstance(act, str) or not row.holds(row.test, seen.values, calendar):
            return
        for begun in view.of(row.a):
            start = begun.values.get(row.parts["start"])
            if not isinstance(start, str) or not row.holds(row.given, begun.values, calendar):
                continue
            if match is not None and seen.values.get(match[0]) != begun.values.get(match[1]):
                continue
            end = self._due(row.parts["limit"], start, act, longer(row, view), tuple(pauses(row, view)))
            if end is not None:
                yield end

    def _plain_due(
        self, code: str, start: str, act: str, extension: int, suspended: tuple[tuple[datetime, datetime | None], ...]
    ) -> int | None:
        """Return when a limit ends that was kept; None where there was none, or it was missed, or it stands still."""
        begins = datetime.fromisoformat(start)
        limit = self._clock.limit(code, begins.date())
        if limit is None:
            return None
        due = self._clock.due(limit, begins, suspensions=[Interval(*each) for each in suspended], extension=extension)
        acted = date.fromisoformat(act) if len(act) <= len("2026-01-01") else datetime.fromisoformat(act)
        return None if due.is_paused or not due.met_by(acted) else _end(due.at)


def _end(at: date | datetime) -> int:
    """Return the end of a day, or a time, in microseconds."""
    if isinstance(at, datetime):
        return microseconds(at if at.tzinfo is not None else at.replace(tzinfo=BEIJING))
    return microseconds(datetime.combine(at + timedelta(days=1), time(), BEIJING))
