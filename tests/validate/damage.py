# SPDX-License-Identifier: Apache-2.0
"""Seeded damage: one field of one record of a valid case is spoiled in one way, and where that must be seen."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from lxml import etree

from gateway.documents.safexml import parse
from gateway.model.record_type import RecordType
from gateway.pack import Element, Pack, load_pack

PACK = load_pack()
SPACE = f"{{{PACK.namespace}}}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True)
class Field:
    """One element of a record with its entry in the shape."""

    node: "etree._Element"
    entry: Element
    kind: RecordType

    @property
    def path(self) -> str:
        return f"{self.kind.element}/{self.entry.path}"


@dataclass(frozen=True)
class Damage:
    """What was done: the class, the file, and the paths any of which is right (without numbers)."""

    name: str
    file: str
    data: bytes
    record: str
    paths: frozenset[str]


Change = Callable[[random.Random, Field], "frozenset[str] | None"]
CLASSES: dict[str, Change] = {}


def damage(name: str) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        CLASSES[name] = change
        return change

    return add


def sibling(field: Field, name: str) -> str:
    return f"{field.path.rpartition('/')[0]}/{name}"


@damage("mandatory-dropped")
def drop(chance: random.Random, field: Field) -> frozenset[str] | None:
    parent = field.node.getparent()
    like = [] if parent is None else parent.findall(field.node.tag)
    if parent is None or field.entry.min < 1 or len(like) > 1:
        return None
    parent.remove(field.node)
    return frozenset({field.path})


@damage("owed-at-L2-dropped")
def drop_owed(chance: random.Random, field: Field) -> frozenset[str] | None:
    parent = field.node.getparent()
    if parent is None or field.entry.need != "M" or field.entry.min > 0 or len(parent.findall(field.node.tag)) > 1:
        return None
    parent.remove(field.node)
    return frozenset({field.path})


@damage("emptied")
def empty(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.children or field.entry.kind == "extension":
        return None
    field.node.text = ""
    return frozenset({field.path})


@damage("wrong-type")
def wrong_type(chance: random.Random, field: Field) -> frozenset[str] | None:
    wrong = {
        "date": ["2022-13-01", "2022-02-30", "20220301", "2022/03/01", "昨天"],
        "dateTime": ["2022-03-01", "2022-03-01 09:00:00", "2022-03-01T25:00:00+08:00", "2022-03-01T09:00:00Z"],
        "decimal": ["1,200.00", "壹佰", "1200元", "１２"],
        "integer": ["一", "1.5", "", "１"],
        "boolean": ["是", "Y", "TRUE"],
    }.get(field.entry.kind)
    if wrong is None:
        return None
    field.node.text = chance.choice(wrong)
    return frozenset({field.path})


@damage("too-long")
def too_long(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.max_length is None or field.entry.max_length > 10_000:
        return None
    field.node.text = (field.node.text or "") + "长" * field.entry.max_length
    return frozenset({field.path})


@damage("unknown-code")
def unknown_code(chance: random.Random, field: Field) -> frozenset[str] | None:
    if PACK.code_list_of(field.kind.code, field.entry.path) is None and not field.entry.values:
        return None
    field.node.text = chance.choice(["ZZ99", "没有这个代码", "99999"])
    return frozenset({field.path})


@damage("check-digit")
def check_digit(chance: random.Random, field: Field) -> frozenset[str] | None:
    text = field.node.text or ""
    if field.entry.children or len(text) != 18 or not text[:8].isdigit():
        return None
    last = chance.choice([each for each in "0123456789" if each != text[-1]])
    field.node.text = text[:-1] + last
    return frozenset({field.path})


@damage("repeated")
def repeat(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.max != 1:
        return None
    field.node.addnext(copy.deepcopy(field.node))
    return frozenset({field.path})


@damage("order-swapped")
def swap(chance: random.Random, field: Field) -> frozenset[str] | None:
    after = field.node.getnext()
    if after is None or after.tag == field.node.tag or not isinstance(after.tag, str):
        return None
    after.addnext(field.node)
    return frozenset({field.path, sibling(field, etree.QName(after).localname)})


@damage("misspelt")
def misspell(chance: random.Random, field: Field) -> frozenset[str] | None:
    name = field.entry.name
    field.node.tag = SPACE + chance.choice([name.lower() + "X", name + "s1", name[:-1] + "_"])
    return frozenset({sibling(field, etree.QName(field.node).localname)})


@damage("foreign-namespace")
def foreign(chance: random.Random, field: Field) -> frozenset[str] | None:
    field.node.tag = f"{{urn:other}}{field.entry.name}"
    return frozenset({field.path})


@damage("attribute-added")
def attribute(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.kind == "extension":
        return None
    field.node.set("note", "x")
    return frozenset({field.path})


@damage("negative-amount")
def negative(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.kind != "decimal":
        return None
    field.node.text = f"-{field.node.text}"
    return frozenset({field.path})


@damage("too-many-decimals")
def decimals(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.fraction_digits is None or field.entry.kind != "decimal":
        return None
    field.node.text = (field.node.text or "1").partition(".")[0] + "." + "1" * (field.entry.fraction_digits + 1)
    return frozenset({field.path})


@damage("filler-date")
def filler(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.kind not in ("date", "dateTime"):
        return None
    day = chance.choice(["1900-01-01", "0001-01-01", "9999-12-31"])
    field.node.text = day if field.entry.kind == "date" else f"{day}T00:00:00+08:00"
    return frozenset({field.path})


@damage("private-use-character")
def private_use(chance: random.Random, field: Field) -> frozenset[str] | None:
    if field.entry.kind != "text" or not (field.entry.max_length or 0) > len(field.node.text or ""):
        return None
    field.node.text = (field.node.text or "") + chr(chance.randrange(0xE000, 0xF8FF))
    return frozenset({field.path})


def files() -> Iterator[str]:
    """Yield the names of the samples that are whole cases."""
    yield from sorted(path.name for path in (PACK.root / "samples" / "valid").glob("full-life-*.xml"))


@cache
def _tree(name: str) -> "etree._Element":
    root = parse((PACK.root / "samples" / "valid" / name).read_bytes())
    for element in root.iter("*"):
        if len(element):
            element.text = None
        element.tail = None
    return root


def damaged(seed: int, pack: Pack = PACK) -> Damage:
    """Return the damage of a seed; the same seed gives the same."""
    chance = random.Random(seed)  # damage is no secret
    names = list(files())
    name = chance.choice(list(CLASSES))
    while True:
        file = chance.choice(names)
        root = copy.deepcopy(_tree(file))
        number = chance.randrange(len(root))
        record = root[number]
        kind = pack.by_element[etree.QName(record).localname]
        fields = list(_fields(record, kind, pack))
        for field in chance.sample(fields, len(fields)):
            paths = CLASSES[name](chance, field)
            if paths is not None:
                lines = [b'<Records xmlns="%s">' % pack.namespace.encode()]
                lines += [etree.tostring(each, encoding="utf-8") for each in root]
                return Damage(name, file, b"\n".join([*lines, b"</Records>"]), f"{kind.code}:{number + 2}", paths)


def _fields(record: "etree._Element", kind: RecordType, pack: Pack) -> Iterator[Field]:
    for node in record.iterdescendants("*"):
        names: list[str] = []
        at: etree._Element | None = node
        while at is not None and at is not record:
            names.append(etree.QName(at).localname)
            at = at.getparent()
        entry = pack.shape(kind.code).find("/".join(reversed(names)))
        if entry is not None and entry.kind != "extension" and NIL not in node.attrib:
            yield Field(node, entry, kind)
