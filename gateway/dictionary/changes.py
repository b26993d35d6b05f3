# SPDX-License-Identifier: Apache-2.0
"""What differs between two packs, and whether a sender who did right by the first still does by the second.

A change is *breaking* when a record that the first pack takes may be refused by the second: something is gone, new and
mandatory, narrower, or judged more severely. Everything else is compatible.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from gateway.dictionary.described import Described, describe
from gateway.model.finding import Severity
from gateway.model.record_type import RecordType
from gateway.model.words import Words
from gateway.pack import LEVELS, CodeList, Pack

_Thing = TypeVar("_Thing")
_RANK = {"O": 0, "C": 1, "M": 2}


class What(StrEnum):
    """What a change is about."""

    TYPE = "type"
    ELEMENT = "element"
    OBLIGATION = "obligation"
    CODE = "code"
    RULE = "rule"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``before`` None: new, ``after`` None: gone. ``part`` names the property that changed."""

    what: What
    at: str
    part: str
    before: str | None
    after: str | None
    breaking: bool


class RuleLike(Protocol):
    """What the comparison needs of a rule."""

    @property
    def severity(self) -> Severity:
        """E refuses, W warns."""

    @property
    def message(self) -> Words:
        """The sentence."""


def compare(before: Pack, after: Pack) -> Iterator[Change]:
    """Yield the differences of record types, elements, obligations, texts and code lists, in a stable order."""
    for code, (old, new) in _pairs(before.types, after.types):
        if old is None or new is None:
            yield _whole(What.TYPE, code, old.label.zh if old else None, new.label.zh if new else None)
            continue
        yield from _properties(What.TYPE, code, _type_facts(old), _type_facts(new))
        yield from _elements(before, after, code)
    for name, (one, other) in _pairs(before.code_lists, after.code_lists):
        if one is None or other is None:
            yield _whole(What.CODE, name, one.title.zh if one else None, other.title.zh if other else None)
        else:
            yield from _codes(name, one, other)


def compare_rules(before: Mapping[str, RuleLike], after: Mapping[str, RuleLike]) -> Iterator[Change]:
    """Yield the differences of two rule catalogues; a new error, or a warning that became one, is breaking."""
    for code, (old, new) in _pairs(before, after):
        stricter = new is not None and new.severity is Severity.ERROR
        if old is None or new is None:
            shown = [None if rule is None else f"{rule.severity.value} {rule.message.zh}" for rule in (old, new)]
            yield Change(What.RULE, code, "rule", shown[0], shown[1], stricter)
            continue
        if old.severity is not new.severity:
            yield Change(What.RULE, code, "severity", old.severity.value, new.severity.value, stricter)
        if old.message != new.message:
            yield Change(What.TEXT, code, "message", old.message.zh, new.message.zh, False)


def _elements(before: Pack, after: Pack, code: str) -> Iterator[Change]:
    ours = {each.element.path: each for each in describe(before, code)}
    theirs = {each.element.path: each for each in describe(after, code)}
    for path, (old, new) in _pairs(ours, theirs):
        at = f"{code}/{path}"
        if old is None and new is not None:
            yield Change(What.ELEMENT, at, "element", None, new.field.label.zh, _forced(new))
        elif new is None and old is not None:
            yield Change(What.ELEMENT, at, "element", old.field.label.zh, None, True)
        elif old is not None and new is not None:
            yield from _element(at, old, new)
    shared = [path for path in ours if path in theirs]
    if shared != [path for path in theirs if path in ours]:
        yield Change(What.ELEMENT, code, "order", None, None, True)


def _element(at: str, old: Described, new: Described) -> Iterator[Change]:
    one, other = old.element, new.element
    for level in LEVELS:
        was, now = old.field.needs[level], new.field.needs[level]
        if was != now:
            yield Change(What.OBLIGATION, at, level, was, now, _RANK[now] > _RANK[was])
    if (one.min, one.max) != (other.min, other.max):
        fewer = other.max is not None and (one.max is None or other.max < one.max)
        yield Change(What.ELEMENT, at, "occurs", old.occurs, new.occurs, other.min > one.min or fewer)
    if old.field.length != new.field.length:
        yield Change(What.ELEMENT, at, "length", old.field.length, new.field.length, _shorter(old, new))
    elif old.field.type != new.field.type:
        yield Change(What.ELEMENT, at, "type", old.field.type, new.field.type, True)
    if one.kind != other.kind:
        yield Change(What.ELEMENT, at, "kind", one.kind, other.kind, True)
    if one.values != other.values:
        lost = bool(other.values) and not set(one.values or other.values) <= set(other.values)
        shown = " ".join(one.values), " ".join(other.values)
        yield Change(What.ELEMENT, at, "values", shown[0], shown[1], lost or not one.values)
    names = [each.codes.name if each.codes else "" for each in (old, new)]
    if names[0] != names[1]:
        yield Change(What.ELEMENT, at, "code_list", names[0], names[1], bool(names[1]))
    if old.field.pinyin != new.field.pinyin:
        yield Change(What.ELEMENT, at, "pinyin", old.field.pinyin, new.field.pinyin, True)
    yield from _texts(at, old, new)


def _texts(at: str, old: Described, new: Described) -> Iterator[Change]:
    for part in ("label", "meaning", "hint", "when"):
        was, now = getattr(old.field, part), getattr(new.field, part)
        if was != now:
            yield Change(What.TEXT, at, part, was.zh, now.zh, False)
    if (old.field.personal or "") != (new.field.personal or ""):
        yield Change(What.TEXT, at, "personal", old.field.personal, new.field.personal, False)


def _codes(name: str, one: CodeList, other: CodeList) -> Iterator[Change]:
    for code, (old, new) in _pairs(one.rows, other.rows):
        at = f"{name}/{code}"
        shown = [None if rows is None else "; ".join(map(str, _spans(rows))) for rows in (old, new)]
        if old is None or new is None:
            yield Change(What.CODE, at, "code", shown[0], shown[1], new is None)
        elif shown[0] != shown[1]:
            yield Change(What.CODE, at, "validity", shown[0], shown[1], not _covered(old, new))
        elif [row.label for row in old] != [row.label for row in new]:
            yield Change(What.TEXT, at, "label", old[-1].label.zh, new[-1].label.zh, False)


class _Spanned(Protocol):
    @property
    def valid_from(self) -> str: ...
    @property
    def valid_to(self) -> str: ...


def _spans(rows: Iterable[_Spanned]) -> list[str]:
    return [f"{row.valid_from}..{row.valid_to}" for row in rows]


def _covered(old: Iterable[_Spanned], new: Iterable[_Spanned]) -> bool:
    """Tell whether each period of the old rows lies inside one of the new rows; periods that touch count apart."""
    held = list(new)
    return all(any(each.valid_from <= row.valid_from and row.valid_to <= each.valid_to for each in held) for row in old)


def _forced(new: Described) -> bool:
    return new.element.min > 0 or "M" in new.field.needs.values()


def _shorter(old: Described, new: Described) -> bool:
    """Tell whether a value that fitted may no longer fit; a length that is no plain number counts as narrower."""
    was, now = old.field.length.split(","), new.field.length.split(",")
    if len(was) != len(now) or not all(part.isdecimal() for part in (*was, *now)):
        return True
    return any(int(later) < int(earlier) for earlier, later in zip(was, now, strict=True))


def _type_facts(kind: RecordType) -> dict[str, str]:
    return {
        "element": kind.element, "lane": kind.lane.value, "rank": str(kind.rank),
        "predecessors": " ".join(kind.predecessors), "label": kind.label.zh,
    }  # fmt: skip


def _properties(what: What, at: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for part, was in old.items():
        if was != new[part]:
            harmless = part == "label" or (
                part == "predecessors" and set(new[part].split()) >= set(was.split()) != set()
            )
            yield Change(What.TEXT if part == "label" else what, at, part, was, new[part], not harmless)


def _whole(what: What, at: str, old: str | None, new: str | None) -> Change:
    return Change(what, at, what.value, old, new, new is None)


def _pairs(
    old: Mapping[str, _Thing], new: Mapping[str, _Thing]
) -> Iterator[tuple[str, tuple[_Thing | None, _Thing | None]]]:
    """Yield both values by key: the old order, then what is new."""
    for key in (*old, *(key for key in new if key not in old)):
        yield key, (old.get(key), new.get(key))
