# SPDX-License-Identifier: Apache-2.0
"""Content errors taught: which child is missing, misplaced, repeated or unknown, and what else is wrong behind it.

libxml2 only says that something came where something else was expected, and then skips the rest of that parent. Where
the guide knows the order, the parent is compared with it; a mended copy is validated again to find what was skipped.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from lxml import etree

from gateway.documents.guide import Guide, Place
from gateway.documents.messages import ABSENT, DISORDERED, FOREIGN, MISSPELT, REPEATED, UNEXPECTED, Kind
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_SHOWN: Final = 8
_LIKE: Final = 0.75
_NUMBER: Final = re.compile(r"\[\d+\]")


def field_path(record: "etree._Element", node: "etree._Element") -> str:
    """Return the element names from ``record`` down to ``node``; repeated siblings carry their number from 1."""
    names: list[str] = []
    at: etree._Element | None = node
    while at is not None:
        names.append(_step(at, at is record))
        if at is record:
            break
        at = at.getparent()
    return "/".join(reversed(names))


def _step(node: "etree._Element", is_record: bool) -> str:
    name = etree.QName(node).localname
    if is_record:
        return name
    before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
    more = before or next(node.itersiblings(node.tag), None) is not None
    return f"{name}[{before + 1}]" if more else name


def bare(path: str) -> str:
    """Return a path without the numbers of repeated siblings."""
    return _NUMBER.sub("", path)


def named(path: str, guide: Guide, pinyin: str = "") -> Words:
    """Return 「label(name)」 and name (label) of an element path, with the code that vendors know where it is given."""
    name = bare(path).rpartition("/")[2]
    label = guide.label(bare(path))
    called = f"{name} {pinyin}".rstrip()
    return Words(f"「{label.zh}({called})」", f"{called} ({label.en})") if label else Words(f"「{called}」", called)


def content_findings(record: "etree._Element", parent: "etree._Element", guide: Guide) -> Iterator[Finding]:
    """Yield what is wrong with the children of ``parent``, each with its own place; nothing where no order is known."""
    path = field_path(record, parent)
    places = guide.places(bare(path))
    if not places:
        return
    space = etree.QName(parent).namespace
    children = list(parent.iterchildren("*"))
    order = {f"{{{space}}}{place.name}": at for at, place in enumerate(places)}
    present = {str(child.tag) for child in children}
    yield from _missing(path, places, parent, present, guide)
    seen: Counter[str] = Counter()
    furthest: etree._Element | None = None
    for child in children:
        tag = str(child.tag)
        own = field_path(record, child)
        if tag not in order:
            yield _unknown(
                child, own, path, [each for each in places if f"{{{space}}}{each.name}" not in present], guide
            )
            continue
        seen[tag] += 1
        most = places[order[tag]].max
        if most is not None and seen[tag] > most:
            yield _finding(REPEATED, own, child, guide, Words(str(most), str(most)))
        elif furthest is not None and order[tag] < order[str(furthest.tag)]:
            yield _finding(DISORDERED, own, child, guide, named(field_path(record, furthest), guide))
        else:
            furthest = child


def _unknown(child: "etree._Element", own: str, path: str, empty: Sequence[Place], guide: Guide) -> Finding:
    """Tell what an element that has no place here was most likely meant to be; ``empty`` are the places that nothing stands at."""
    name, parent = etree.QName(child), child.getparent()
    space = None if parent is None else etree.QName(parent).namespace
    if name.namespace != space and any(place.name == name.localname for place in empty):
        return _finding(FOREIGN, own, child, guide, Words(str(space), str(space)))
    meant = _meant(name.localname, path, empty, guide)
    if meant is not None:
        return _finding(MISSPELT, own, child, guide, named(f"{path}/{meant}", guide))
    expected = _list([f"{path}/{place.name}" for place in empty[:_SHOWN]], guide)
    if len(empty) > _SHOWN:
        expected = Words(f"{expected.zh}等 {len(empty)} 项之一", f"{expected.en} or {len(empty) - _SHOWN} others")
    return _finding(UNEXPECTED, own, child, guide, expected)


def _meant(name: str, path: str, empty: Sequence[Place], guide: Guide) -> str | None:
    """Return the element whose name, pinyin code or label is this name, or whose name is most like it."""
    small = {place.name.lower(): place.name for place in empty}
    called = {place.pinyin.lower(): place.name for place in empty if place.pinyin}
    for place in empty:
        label = guide.label(bare(f"{path}/{place.name}"))
        if label is not None:
            called[label.zh] = place.name
    known = small.get(name.lower()) or called.get(name.lower())
    if known is not None:
        return known
    like = get_close_matches(name.lower(), small, n=1, cutoff=_LIKE)
    return small[like[0]] if like else None


def _missing(
    path: str, places: Sequence[Place], parent: "etree._Element", present: set[str], guide: Guide
) -> Iterator[Finding]:
    space = etree.QName(parent).namespace
    for place in places:
        if place.min < 1 or f"{{{space}}}{place.name}" in present:
            continue
        own = f"{path}/{place.name}"
        yield _finding(ABSENT, own, parent, guide, named(path, guide), pinyin=place.pinyin)


def _finding(
    kind: Kind, path: str, node: "etree._Element", guide: Guide, expected: Words, *, pinyin: str = ""
) -> Finding:
    field = named(path, guide, pinyin)
    hint = kind.advised(guide.advice(bare(path)) if kind is ABSENT else None)
    line: object = node.sourceline
    return Finding(
        code=kind.code,
        stage=Stage.VALIDATE,
        path=path,
        message=Words(
            kind.message.zh.replace("{field}", field.zh).replace("{expected}", expected.zh),
            kind.message.en.replace("{field}", field.en).replace("{expected}", expected.en),
        ),
        hint=hint,
        line=line if isinstance(line, int) else None,
    )


def _list(paths: list[str], guide: Guide) -> Words:
    words = [named(path, guide) for path in paths]
    return Words("".join(each.zh for each in words), ", ".join(each.en for each in words))


class Mended:
    """A copy of a record whose children stand as the guide wants them, so that the schema reads on behind an error."""

    def __init__(self, record: "etree._Element", guide: Guide) -> None:
        """Copy ``record`` and mend it; the record itself stays as it is."""
        self.record = copy.deepcopy(record)
        self._origins = dict(zip(self.record.iter("*"), record.iter("*"), strict=True))
        self._guide = guide
        self._mend(self.record, etree.QName(record).localname)

    def origin(self, node: "etree._Element") -> "etree._Element | None":
        """Return the element of the record that ``node`` of the copy was; None for one that was put in."""
        at: etree._Element | None = node
        while at is not None and at is not self.record:
            if at not in self._origins:
                return None
            at = at.getparent()
        return self._origins.get(node)

    def _mend(self, parent: "etree._Element", path: str) -> None:
        places = self._guide.places(path)
        if not places or parent.get(_NIL) in ("true", "1"):
            return
        space = etree.QName(parent).namespace
        held: dict[str, list[etree._Element]] = {}
        for child in list(parent):
            if isinstance(child.tag, str):
                held.setdefault(str(child.tag), []).append(child)
                child.tail = None
                parent.remove(child)
        for place in places:
            tag = f"{{{space}}}{place.name}"
            for child in held.get(tag, [])[: place.max]:
                parent.append(child)
                self._mend(child, f"{path}/{place.name}")
            if place.min and tag not in held:
                etree.SubElement(parent, tag)
