# SPDX-License-Identifier: Apache-2.0
"""The judge: compares what departments hold, what the gateway receipted and what each destination holds.

It reads three accounts and nothing else: the departments' databases, the gateway's receipts, ``gateway reference dump``
of every destination. It imports nothing of the gateway and computes by itself what it can.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:jx:power-exchange:1.0")
SETTLED = "settled"
OPENLY_ENDED = frozenset({"parked", "superseded", "skipped", "not-needed"})
ON_THE_WAY = frozenset({"ready", "packed", "waiting"})
UNKNOWN = "outcome-unknown"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a case, as the department's rows tell it: it must become one record.

    ``key`` is the business key where the department knows the case number; else the gateway gives the case one, and
    ``case`` only tells cases apart. ``after`` are the types that happened before it in this case. ``contents`` is how many
    contents the row has shown one after the other, where the department has counted them.
    """

    source: str
    row_id: str
    type: str
    case: str
    sequence: int
    key: str | None = None
    after: tuple[str, ...] = ()
    contents: int | None = None


@dataclass(frozen=True, slots=True)
class Receipted:
    """One version of a key that the gateway says it has accepted, and what it says of each destination."""

    source: str
    row_id: str
    type: str
    key: str
    version: int
    digest: str
    state: str
    deliveries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing the gateway says it has not let in; ``type`` is None where the whole row was."""

    source: str
    row_id: str
    type: str | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """Everything the gateway says."""

    records: Sequence[Receipted]
    refusals: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Objection:
    """What does not hold: the rule that is broken, where, and of which key."""

    rule: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the judge must know of a destination: whether it keeps a record twice, whether anything may be on its way."""

    idempotent: bool = True
    may_be_on_the_way: bool = False


def judge(
    events: Sequence[Event],
    receipts: Receipts,
    dumps: Mapping[str, Mapping[str, Any]],
    terms: Mapping[str, Terms] | None = None,
    journal: Iterable[tuple[str, int, str]] = (),
) -> list[Objection]:
    """Return everything that is wrong; an empty list means that every promise was kept.

    ``journal`` are (key, version, digest) that the gateway called accepted at any moment before: none may be forgotten.
    """
    terms = terms or {}
    objections = [*_forgotten(receipts, journal), *_rows(events, receipts), *_numbers(events, receipts)]
    objections += _invented(events, receipts)
    keys = {(r.source, r.row_id, r.type): r.key for r in receipts.records if r.version == 1}
    for name, dump in dumps.items():
        there = terms.get(name, Terms())
        objections += _delivered(receipts, name, dump["records"], there)
        objections += _foreign(receipts, name, dump["records"])
        objections += _twice(name, dump["records"]) if there.idempotent else []
        objections += _order(events, keys, name, dump["records"])
    return objections


def _forgotten(receipts: Receipts, journal: Iterable[tuple[str, int, str]]) -> Iterator[Objection]:
    """What was accepted before a kill is still accepted after it, unaltered."""
    known = {(each.key, each.version): each.digest for each in receipts.records}
    for key, version, digest in journal:
        found = known.get((key, version))
        if found is None:
            yield Objection("forgotten", "gateway", f"{key} v{version}")
        elif found != digest:
            yield Objection("rewritten", "gateway", f"{key} v{version}")


def _rows(events: Sequence[Event], receipts: Receipts) -> Iterator[Objection]:
    """Every event of every row is accepted or openly refused, and nothing was accepted that no row tells."""
    accepted = {(each.source, each.row_id, each.type): each.key for each in receipts.records}
    refused = {(each.source, each.row_id, each.type) for each in receipts.refusals}
    expected = set()
    for event in events:
        place = (event.source, event.row_id, event.type)
        expected.add(place)
        if place in accepted:
            if event.key is not None and accepted[place] != event.key:
                yield Objection("wrong key", event.source, f"{accepted[place]} for {event.key}")
        elif place not in refused and (event.source, event.row_id, None) not in refused:
            yield Objection("row unaccounted", event.source, f"{event.row_id} {event.type}")
    for source, row_id, type_ in accepted.keys() - expected:
        yield Objection("from nowhere", source, f"{row_id} {type_}")
    versions = Counter(each.key for each in receipts.records)
    highest: dict[str, int] = defaultdict(int)
    for each in receipts.records:
        highest[each.key] = max(highest[each.key], each.version)
    for key, count in versions.items():
        if highest[key] != count:
            yield Objection("versions not dense", "gateway", f"{key}: {count} versions, highest {highest[key]}")


def _invented(events: Sequence[Event], receipts: Receipts) -> Iterator[Objection]:
    """A key has at most as many versions as its row has shown contents: reading again makes no version."""
    versions = Counter(each.key for each in receipts.records)
    for event in events:
        if event.contents is not None and event.key is not None and versions[event.key] > event.contents:
            yield Objection("version from nowhere", event.source, f"{event.key}: {versions[event.key]}")


def _numbers(events: Sequence[Event], receipts: Receipts) -> Iterator[Objection]:
    """Where the gateway numbers the cases: one number a case, one case a number, and the department's sequence."""
    keys = {(each.source, each.row_id, each.type): each.key for each in receipts.records}
    number_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    cases_of: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for event in events:
        key = keys.get((event.source, event.row_id, event.type))
        if event.key is not None or key is None:
            continue
        _type, number, sequence = key.split(":")
        number_of[event.source, event.case].add(number)
        cases_of[number].add((event.source, event.case))
        if sequence != str(event.sequence):
            yield Objection("wrong sequence", event.source, f"{key}, not {event.sequence}")
    for (source, case), numbers in number_of.items():
        if len(numbers) > 1:
            yield Objection("case with two numbers", source, f"{case}: {sorted(numbers)}")
    for number, cases in cases_of.items():
        if len(cases) > 1:
            yield Objection("number of two cases", "gateway", f"{number}: {sorted(cases)}")


def _delivered(receipts: Receipts, name: str, held: Sequence[Mapping[str, Any]], terms: Terms) -> Iterator[Objection]:
    """What the gateway calls settled is held there, same version, same content; the rest is open to see."""
    digests = {(record["key"], record["version"]): record["digest"] for record in held}
    for each in receipts.records:
        what = f"{each.key} v{each.version}"
        state = each.deliveries.get(name)
        if state is None:
            if each.state == "accepted":
                yield Objection("not routed", name, what)
        elif state == SETTLED:
            found = digests.get((each.key, each.version))
            if found is None:
                yield Objection("lost", name, what)
            elif found != each.digest:
                yield Objection("altered", name, what)
        elif state in ON_THE_WAY:
            if not terms.may_be_on_the_way:
                yield Objection("left on the way", name, f"{what}: {state}")
        elif state not in OPENLY_ENDED and state != UNKNOWN:
            yield Objection("state unheard of", name, f"{what}: {state}")


def _foreign(receipts: Receipts, name: str, held: Sequence[Mapping[str, Any]]) -> Iterator[Objection]:
    """A destination holds nothing that the gateway did not accept, and every recordId is that of its content."""
    ours = {(each.key, each.version): each for each in receipts.records}
    for record in held:
        what = f"{record['key']} v{record['version']}"
        mine = ours.get((record["key"], record["version"]))
        if mine is None or mine.state != "accepted":
            yield Objection("not of ours", name, what)
        elif mine.digest != record["digest"]:
            yield Objection("altered", name, what)
        content = f"{record['type']}|{record['key']}|{record['version']}|{record['digest']}"
        if record["record_id"] != str(uuid.uuid5(NAMESPACE, content)):
            yield Objection("wrong recordId", name, what)


def _twice(name: str, held: Sequence[Mapping[str, Any]]) -> Iterator[Objection]:
    for (key, version), count in Counter((r["key"], r["version"]) for r in held).items():
        if count > 1:
            yield Objection("twice", name, f"{key} v{version}: {count} times")


def _order(
    events: Sequence[Event], keys: Mapping[tuple[str, str, str], str], name: str, held: Sequence[Mapping[str, Any]]
) -> Iterator[Objection]:
    """Within a case nothing arrives before what happened earlier; within a key versions only rise."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for record in sorted(held, key=lambda r: r["order"]):
        key, version = record["key"], record["version"]
        if version < last.get(key, 0):
            yield Objection("version order", name, f"{key}: v{version} after v{last[key]}")
        last[key] = max(version, last.get(key, 0))
        first.setdefault(key, record["order"])
    cases: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
    for event in events:
        cases[_department(event), event.case][event.type] = event
    for case in cases.values():
        arrived = {type_: first.get(_key(event, keys)) for type_, event in case.items()}
        for type_, event in case.items():
            for earlier in event.after:
                if arrived[type_] is None or earlier not in arrived:
                    continue
                if arrived[earlier] is None:
                    yield Objection("hole", name, f"{event.case}: {type_} without {earlier}")
                elif arrived[earlier] > arrived[type_]:  # type: ignore[operator]  # neither is None here
                    yield Objection("case order", name, f"{event.case}: {type_} before {earlier}")


def _department(event: Event) -> str:
    """Several sources of one department share its cases: ``permits-steps`` and ``permits-decisions``."""
    return event.source.partition("-")[0]


def _key(event: Event, keys: Mapping[tuple[str, str, str], str]) -> str:
    return event.key or keys.get((event.source, event.row_id, event.type), "")


def told(objections: Sequence[Objection], limit: int = 20) -> str:
    """Return the objections as lines, counted by rule, the first few in full."""
    counts = Counter(each.rule for each in objections)
    lines = [", ".join(f"{rule}: {count}" for rule, count in sorted(counts.items()))]
    lines += [f"{each.rule} · {each.where} · {each.what}" for each in objections[:limit]]
    return "\n".join(lines)
