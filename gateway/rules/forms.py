# SPDX-License-Identifier: Apache-2.0
"""Forms (规则形式) of case rules: each looks at a case and tells the records that break it; fields come from the pack."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from gateway.rules.catalogue import Context
from gateway.rules.expression import Compiled
from gateway.rules.functions import WorkingDays
from gateway.rules.plan import Values
from gateway.rules.records import CaseView, Fills, Seen

ALWAYS = Compiled(lambda _v, _d, _c: True, "True")
"""The condition of a row that has none."""


class Hit(NamedTuple):
    """A record that breaks a row, the fact it is shown at, and what its sentence says."""

    record: Seen
    fact: str
    fills: Fills


@dataclass
class CaseRow:
    """One compiled row of a case rule; which parts it has depends on its form."""

    form: str
    a: frozenset[str]
    b: frozenset[str] = frozenset()
    path: str = "occurred"
    path_a: str = "occurred"
    test: Compiled = ALWAYS
    given: Compiled = ALWAYS
    unless: "tuple[frozenset[str], Compiled] | None" = None
    amount: Compiled = ALWAYS
    limit: Compiled = ALWAYS
    extra: "tuple[frozenset[str], Compiled] | None" = None
    fills: Mapping[str, Compiled] = field(default_factory=dict)
    uses_item: bool = False
    parts: Mapping[str, Any] = field(default_factory=dict)

    def may_break(self, new: frozenset[str], present: frozenset[str]) -> bool:
        """Tell whether new records of some types can break the row in a case where records of some types stand."""
        match self.form:
            case "pair":
                both = not self.a.isdisjoint(present) and not self.b.isdisjoint(present)
                return both and not new.isdisjoint(self.a | self.b)
            case "within":
                return not self.a.isdisjoint(present) and not self.b.isdisjoint(new)
            case "after" | "total":
                return not self.a.isdisjoint(new) and not self.b.isdisjoint(present)
            case "first":
                return not self.a.isdisjoint(new) and self.b.isdisjoint(present)
            case "lines":
                return not new.isdisjoint(self.a | frozenset(self.parts["by"]))
            case _:
                return not self.a.isdisjoint(new)

    def holds(self, compiled: Compiled, v: Values, calendar: WorkingDays | None) -> bool:
        """Tell whether a condition on one record holds."""
        return bool(compiled.test(v, v, calendar))

    def filled(self, v: Values, d: Values, calendar: WorkingDays | None) -> Fills:
        """Return what the sentence says of two records."""
        return {name: each.test(v, d, calendar) for name, each in self.fills.items()}

    def excused(self, view: CaseView, calendar: WorkingDays | None) -> bool:
        """Tell whether some record of the case lifts the rule."""
        if self.unless is None:
            return False
        codes, when = self.unless
        return any(self.holds(when, each.values, calendar) for each in view.of(codes))


def withitem_of(row: CaseRow, seen: Seen, context: Context) -> Values | None:
    """Return a record's facts and those of its item as ``item.…``; None where the row asks for an item not known."""
    if not row.uses_item:
        return seen.values
    item = item_of(seen, context)
    return None if item is None else {**seen.values, **{f"item.{name}": value for name, value in item.items()}}


def item_of(seen: Seen, context: Context) -> dict[str, Any] | None:
    """Return the facts of the item of a record, or None where catalogue or item are not known."""
    code, version = seen.values.get("item"), seen.values.get("item_version")
    if context.catalogue is None or code is None or version is None:
        return None
    return context.catalogue.item(code, version)


def pair(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """Two records of a case against each other; blamed is the second, or the first where only that is new."""
    extra, test, seconds = _extra(row, view, calendar), row.test.test, view.of(row.b)
    for a in view.of(row.a):
        values = withitem_of(row, a, context)
        if values is None:
            continue
        values = values if extra is None else {**values, "@extra": extra}
        for b in seconds:
            if (a.is_new or b.is_new) and a is not b and test(values, b.values, calendar):
                if row.excused(view, calendar):  # asked late: few records break a rule
                    return
                fills = row.filled(values, b.values, calendar)
                yield Hit(b, row.path, fills) if b.is_new else Hit(a, row.path_a, fills)


def some(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """Of the second records one at least fits the first; it says nothing where there is none of them."""
    for a in view.of(row.a):
        values = withitem_of(row, a, context) if a.is_new else None
        if values is None:
            continue
        others = [b for b in view.of(row.b) if b is not a]
        if others and all(row.test.test(values, b.values, calendar) for b in others):
            if row.excused(view, calendar):
                return
            yield Hit(a, row.path, row.filled(values, others[-1].values, calendar))


def _extra(row: CaseRow, view: CaseView, calendar: WorkingDays | None) -> Any:
    if row.extra is None:
        return None
    codes, value = row.extra
    return sum(value.test(each.values, each.values, calendar) or 0 for each in view.of(codes))


def alone(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record by itself, once its version is known."""
    for each in view.of(row.a):
        if each.is_new and row.holds(row.given, each.values, calendar):
            yield Hit(each, row.path, row.filled(each.values, each.values, calendar))


def one(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """At most one record of these types (of a group) in a case; the later new one is too many."""
    there = view.of(row.a)
    if len(there) < 2:
        return
    held: dict[Any, list[Seen]] = {}
    for each in there:
        if row.holds(row.given, each.values, calendar):
            held.setdefault(each.values.get(row.parts.get("by", "@none")), []).append(each)
    for like in held.values():
        if len(like) > 1:
            new = [each for each in like if each.is_new]
            for each in new if len(new) < len(like) else new[1:]:
                yield Hit(each, row.path, {"count": len(like)})


def first(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A case begins with a record that may begin it."""
    opens = row.parts["opens_when"]
    for each in view.of(row.parts["opens"]):
        code = each.record.type
        if code in row.b or row.holds(opens[code], each.values, calendar):
            return
    there = view.of(row.a)
    if there and there[0].is_new:
        yield Hit(there[0], row.path, {})


def after(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """After a closing record nothing of these types happens any more; corrections keep their own time."""
    closed = min((each.record.occurred_at for each in view.of(row.b)), default=None)
    if closed is None:
        return
    for each in view.of(row.a):
        if each.is_new and each.record.version == 1 and each.record.occurred_at > closed:
            yield Hit(each, row.path, {"closed": closed})


def needs(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record asks for another one in the case."""
    for each in view.of(row.a):
        values = withitem_of(row, each, context) if each.is_new else None
        if values is None or not row.holds(row.given, values, calendar):
            continue
        if not any(row.holds(row.test, other.values, calendar) for other in view.of(row.b)):
            if row.excused(view, calendar):
                return
            yield Hit(each, row.path, row.filled(values, values, calendar))


def match(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """An end names the sequence of its start, and a start ends once."""
    starts: dict[Any, Seen] = {
        each.record.sequence: each for each in view.of(row.a) if row.holds(row.test, each.values, calendar)
    }
    ended: Counter[Any] = Counter()
    for each in view.of(row.a):
        if not row.holds(row.given, each.values, calendar):
            continue
        named = each.values.get(row.parts["link"])
        ended[named] += 1
        start = starts.get(named)
        fits = start is not None and start.record.occurred_at <= each.record.occurred_at and ended[named] == 1
        if each.is_new and named is not None and not fits:
            yield Hit(each, row.parts["link"], {"start": named})


def total(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """The sum over some records stays within that over others."""
    limits = [
        row.limit.test(each.values, each.values, calendar)
        for each in view.of(row.b)
        if row.holds(row.given, each.values, calendar)
    ]
    known = [each for each in limits if each is not None]
    if not known:
        return
    parts = [(each, row.amount.test(each.values, each.values, calendar) or Decimal(0)) for each in view.of(row.a)]
    reached, limit = sum((amount for _each, amount in parts), Decimal(0)), sum(known, Decimal(0))
    new = [each for each, amount in parts if each.is_new and amount]
    if reached > limit and new and not row.excused(view, calendar):
        yield Hit(new[-1], row.path, {"sum": reached, "limit": limit})


def lines(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """Things listed against things disposed of: none more than listed, and none left when the case is closed."""
    names = row.parts
    listed: Counter[Any] = Counter()
    for each in view.of(row.b):
        for line in each.values.get(names["list"], ()):
            listed[line[names["no"]]] += line[names["quantity"]]
    gone: Counter[Any] = Counter()
    for each in view.of(frozenset(names["by"])):
        for line in each.values.get(names["lines"], ()):
            number, quantity = line[names["line_no"]], line[names["quantity"]]
            gone[number] += quantity
            if names["ask"] == "most" and each.is_new and listed and gone[number] > listed.get(number, 0):
                yield Hit(each, names["lines"], {"line": number, "listed": listed.get(number, 0), "sum": gone[number]})
    if names["ask"] == "all":
        left = [number for number, quantity in listed.items() if gone.get(number, 0) < quantity]
        for each in view.of(row.a) if left else ():
            if each.is_new:
                yield Hit(each, row.path, {"lines": left})


def target(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record that names another one names one that stands."""
    for each in view.of(row.a):
        named = each.values.get(row.path)
        if each.is_new and named is not None and named not in view.keys:
            yield Hit(each, row.path, {"target": named})


def names(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record that names another one's sequence names one of the right type; it says nothing where there is none."""
    sequences = {each.record.sequence for each in view.of(row.b)}
    for each in view.of(row.a) if sequences else ():
        named = each.values.get(row.path)
        if each.is_new and named is not None and named not in sequences:
            yield Hit(each, row.path, {"target": named})


def steps(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """Steps of a case stand in the fixed flow of its item, and every move is one of its transitions."""
    if context.catalogue is None:
        return
    names = row.parts
    before: Seen | None = None
    for each in sorted(view.of(row.a), key=lambda seen: (seen.values.get(names["start"], ""), seen.order)):
        values = each.values
        flow = context.catalogue.flow(values.get("item", ""), values.get("item_version", 0))
        if flow is None:
            continue
        moves = {(move[names["from"]], move[names["to"]]) for move in flow[names["moves"]]}
        here, onward = values[names["step"]], values.get(names["next"])
        known = here in flow[names["steps"]]
        if names["ask"] == "step":
            if each.is_new and not known:
                yield Hit(each, names["step"], {"step": here})
        else:
            came = None if before is None else before.values[names["step"]]
            if each.is_new and known and came in flow[names["steps"]] and (came, here) not in moves:
                yield Hit(each, names["step"], {"move": f"{came}→{here}"})
            elif each.is_new and known and onward is not None and (here, onward) not in moves:
                yield Hit(each, names["next"], {"move": f"{here}→{onward}"})
        before = each


def item(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record against its item in the catalogue; without test the item must only be there."""
    for each in view.of(row.a):
        if not each.is_new:
            continue
        found = item_of(each, context)
        if row.test is ALWAYS:
            if found is None:
                yield Hit(each, row.path, {"item": each.values.get("item"), "version": each.values.get("item_version")})
            continue
        values = withitem_of(row, each, context)
        if values is not None and row.test.test(values, values, calendar):
            yield Hit(each, row.path, row.filled(values, values, calendar))


def sender(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record is the sender's own, or of a body that it acts for."""
    told = context.sender
    if told is None or told.for_all:
        return
    for each in view.of(row.a):
        org, acting = each.values.get("org"), each.values.get("entrusted")
        if not each.is_new or org is None:
            continue
        if told.code not in (org, acting) and org not in told.entrusted:
            yield Hit(each, row.path, {"org": org, "sender": told.code})


def body(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A record's body has not ended before the day of the event, as far as the catalogue knows the body."""
    if context.catalogue is None:
        return
    for each in view.of(row.a):
        known = context.catalogue.body(each.values.get("org", ""))
        if not each.is_new or known is None:
            continue
        ended, day = known.get(row.parts["to"]), each.record.occurred_at[:10]
        if ended is not None and day > ended:
            yield Hit(each, row.path, {"day": day, "ended": ended})


def numbering(row: CaseRow, view: CaseView, context: Context, calendar: WorkingDays | None) -> Iterator[Hit]:
    """A case number holds the organisation code of its body or of one that the body succeeds."""
    if context.catalogue is None or view.name is None:
        return
    for each in view.of(row.a):
        body = context.catalogue.body(each.values.get("org", ""))
        if not each.is_new or body is None:
            continue
        codes = [body["org"], *body.get(row.parts["before"], ())]
        if not any(view.name.startswith(_inner(code)) for code in codes):
            yield Hit(each, row.path, {"case": view.name, "codes": [_inner(code) for code in codes]})


def _inner(code: str) -> str:
    """Return the organisation code in a unified social credit code: characters 9 to 17."""
    return code[8:17] if len(code) == 18 else code


Form = Callable[[CaseRow, CaseView, Context, WorkingDays | None], Iterator[Hit]]
CASE_FORMS: dict[str, Form] = {
    "pair": pair, "some": some, "alone": alone, "one": one, "first": first, "after": after, "needs": needs, "match": match, "total": total,
    "lines": lines, "target": target, "names": names, "steps": steps, "item": item, "sender": sender, "body": body, "numbering": numbering,
}  # fmt: skip
