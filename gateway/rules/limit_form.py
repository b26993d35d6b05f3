# SPDX-License-Identifier: Apache-2.0
"""Forms that ask the legal clock: acts later than a limit of the law, and due dates that must be the computed ones."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from gateway.legal.moments import day_of
from gateway.rules.catalogue import Context
from gateway.rules.forms import CASE_FORMS, CaseRow, Form, Hit, item_of
from gateway.rules.functions import WorkingDays
from gateway.rules.records import CaseView, Seen


def within(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """An act comes within a limit of the law after another; what only the calendar of a later year can tell passes."""
    clock, names = context.clock, row.parts
    if clock is None:
        return
    for a in view.of(row.a):
        start = a.values.get(names["start"])
        if start is None or not row.holds(row.given, a.values, calendar):
            continue
        acts = [b for b in _acts(row, view, a, calendar) if b.is_new]
        begins = datetime.fromisoformat(start)
        limit = clock.limit(names["limit"], begins.date()) if acts else None
        if limit is None:
            continue
        extension = longer(row, view)
        for b in acts:
            act = _moment(b.values[names["act"]])
            if extension >= 0 and limit.lasts((day_of(act) - day_of(begins)).days):
                continue
            due = clock.due(limit, begins, suspensions=pauses(row, view), extension=extension)
            if not due.provisional and not due.is_paused and not due.met_by(act):
                if row.excused(view, calendar):
                    return
                yield Hit(b, row.path, {"due": due.at if isinstance(due.at, date) else due.day, "start": start[:10]})


def _acts(row: CaseRow, view: CaseView, a: Seen, calendar: WorkingDays | None) -> list[Seen]:
    """Return the records that end the limit begun by ``a``: all that fit, or the first of them alone."""
    act, match = row.parts["act"], row.parts.get("match")
    found = [
        b
        for b in view.of(row.b)
        if b.values.get(act) is not None
        and (match is None or b.values.get(match[0]) == a.values.get(match[1]))
        and row.holds(row.test, b.values, calendar)
    ]
    return sorted(found, key=lambda b: (b.values[act], b.order))[:1] if row.parts.get("first") else found


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if len(text) > len("2022-01-01") else date.fromisoformat(text)


def due_date(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """The due date of an acceptance is that of the item's committed limit; up to the legal one it is a warning.

    Beyond the calendar nobody knows: then ``ask`` = provisional alone speaks (ledger.md B25).
    """
    clock, names = context.clock, row.parts
    if clock is None:
        return
    for each in view.of(row.a):
        values = each.values
        told, start, item = values.get(names["due"]), values.get(names["start"]), item_of(each, context)
        if not each.is_new or told is None or start is None or item is None or item.get(names["n"]) is None:
            continue
        begins = datetime.fromisoformat(start)
        limit = clock.limit(names["limit"], begins.date())
        if limit is None:
            continue
        ends = clock.admissible(limit, begins, term=_term(limit, item[names["n"]], item[names["unit"]]))
        days = {end.day.isoformat() for end in ends}
        if any(end.provisional for end in ends):
            if names["ask"] == "provisional":
                yield Hit(each, row.path, {"told": told, "until": clock.calendar().valid_until})
            continue
        if told in days:
            continue
        legal_n = item.get(names["legal_n"])
        latest = max(days)
        if legal_n is not None:
            legal = clock.admissible(limit, begins, term=_term(limit, legal_n, item[names["legal_unit"]]))
            latest = max(end.day.isoformat() for end in legal)
        is_later = min(days) < told <= latest
        if names["ask"] == ("later" if is_later else "wrong"):
            yield Hit(each, row.path, {"due": min(days), "told": told, "legal": latest})


def _term(limit: Any, n: int, unit: str) -> Any:
    """Return the item's own term in the limit's types: their unit is an enumeration of the same letters."""
    return limit.term._replace(n=n, unit=type(limit.term.unit)(unit))


def pauses(row: CaseRow, view: CaseView) -> list[tuple[datetime, datetime | None]]:
    """Return suspensions from their starts to their ends: the start names none, the end the sequence of its start."""
    names = row.parts.get("pauses")
    if names is None:
        return []
    found: dict[int, tuple[Seen, Seen | None]] = {}
    for each in view.of(frozenset(names["of"])):
        start = each.values.get(names["link"])
        if start is None:
            found[each.record.sequence] = (each, None)
        elif start in found:
            found[start] = (found[start][0], each)
    return [
        (
            datetime.fromisoformat(start.record.occurred_at),
            None if end is None else datetime.fromisoformat(end.record.occurred_at),
        )
        for start, end in found.values()
    ]


def longer(row: CaseRow, view: CaseView) -> int:
    """Return by how much the limit was extended in the case, in its own unit."""
    names = row.parts.get("longer")
    if names is None:
        return 0
    return sum(each.values.get(names["days"], 0) for each in view.of(frozenset(names["of"])))


FORMS: dict[str, Form] = {**CASE_FORMS, "within": within, "due": due_date}
"""Every form a case rule can have."""
