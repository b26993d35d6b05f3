# SPDX-License-Identifier: Apache-2.0
"""The clocks of a case (办件时钟): which limits of the law began to run in it, when they end, and whether an act kept them.

Which act starts and keeps a limit stands in the pack's case rules alone (form ``within``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.legal.clock import LegalClock
from gateway.legal.explain import explain
from gateway.legal.moments import Interval
from gateway.model.case_record import CaseRecord
from gateway.model.words import Words
from gateway.rules.case import CaseRules
from gateway.rules.forms import CaseRow
from gateway.rules.limit_form import longer, pauses
from gateway.rules.records import CaseView, Seen


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One limit in a case. ``act`` is the act that it asks for, None while that is open; then nobody knows ``kept``.

    ``provisional``: days beyond the calendar went into the end. ``paused``: a suspension has not ended.
    """

    limit: str
    title: Words
    article: str
    started: str
    started_by: str
    due: str
    act: str | None
    act_by: str | None
    kept: bool | None
    provisional: bool
    paused: bool
    steps: tuple[Words, ...]


def case_clocks(rules: CaseRules, clock: LegalClock, case_no: str, records: Iterable[CaseRecord]) -> list[CaseClock]:
    """Return the clocks of one case in the order of their starts; each limit once a starting record."""
    view = rules.view(case_no, records)
    found: dict[tuple[str, str], CaseClock] = {}
    for row in rules.rows_of("within"):
        for begun in view.of(row.a):
            made = _clock(rules, row, view, clock, begun)
            if made is not None:
                found.setdefault((made.limit, made.started_by), made)
    return sorted(found.values(), key=lambda each: (each.started, each.limit))


def _clock(rules: CaseRules, row: CaseRow, view: CaseView, clock: LegalClock, begun: Seen) -> CaseClock | None:
    start = begun.values.get(row.parts["start"])
    if start is None or not row.holds(row.given, begun.values, clock.calendar()):
        return None
    begins = datetime.fromisoformat(start)
    limit = clock.limit(row.parts["limit"], begins.date())
    if limit is None:
        return None
    due = clock.due(
        limit, begins, suspensions=[Interval(*each) for each in pauses(row, view)], extension=longer(row, view)
    )
    act = _act(row, view, clock, start)
    if act is None and _is_past(rules, row, view):
        return None
    told = None if act is None else act.values[row.parts["act"]]
    kept = None if told is None or due.is_paused else due.met_by(datetime.fromisoformat(told))
    return CaseClock(
        limit.code, limit.title, limit.article, start, begun.record.key, due.at.isoformat(), told,
        None if act is None else act.record.key, kept, due.provisional, due.is_paused, explain(due),
    )  # fmt: skip


def _is_past(rules: CaseRules, row: CaseRow, view: CaseView) -> bool:
    """Tell whether the case has gone beyond the act: it was not needed, a supplement notice for one."""
    last = max(rules.rank(code) for code in row.b)
    return any(rules.rank(each.record.type) > last for each in view.seen)


def _act(row: CaseRow, view: CaseView, clock: LegalClock, start: str) -> Seen | None:
    """Return the first act after the start that the limit asks for."""
    name = row.parts["act"]
    acts = [
        each
        for each in view.of(row.b)
        if (each.values.get(name) or "") >= start[: len(each.values.get(name) or "")]
        and each.values.get(name) is not None
        and row.holds(row.test, each.values, clock.calendar())
    ]
    return min(acts, key=lambda each: str(each.values[name]), default=None)
