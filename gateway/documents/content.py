# SPDX-License-Identifier: Apache-2.0
"""Content errors taught: which child is missing, misplaced, repeated or unknown, and what else is wrong behind it.

libxml2 only says that something came where something else was expected, and then skips the rest of that parent. Where
the guide knows the order, the parent is compared with it; a mended copy is validated again to find what was skipped.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from gateway.documents.guide import Guide, Place
from gateway.documents.messages import ABSENT, DISORDERED, REPEATED, UNEXPECTED, Kind
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
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
    yield from _missing(path, places, parent, {str(child.tag) for child in children}, guide)
    seen: Counter[str] = Counter()
    furthest: etree._Element | None = None
    for child in children:
        tag = str(child.tag)
        own = field_path(record, child)
        if tag not in order:
            expected = _list([f"{path}/{place.name}" for place in places], guide)
            yield _finding(UNEXPECTED, own, child, guide, expected)
            continue
        seen[tag] += 1
        most = places[order[tag]].max
        if most is not None and seen[tag] > most:
            yield _finding(REPEATED, own, child, guide, Words(str(most), str(most)))
        elif furthest is not None and order[tag] < order[str(furthest.tag)]:
            yield _finding(DISORDERED, own, child, guide, named(field_path(record, furthest), guide))
        else:
            furthest = child


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
    advice = guide.advice(bare(path))
    hint = kind.hint
    if kind is ABSENT and advice is not None:
        hint = Words(f"{hint.zh}:{advice.zh}", f"{hint.en}: {advice.en}")
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
