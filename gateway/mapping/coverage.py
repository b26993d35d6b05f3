# SPDX-License-Identifier: Apache-2.0
"""Coverage (覆盖): which fields of the standard a mapping leaves out, by the obligation of each level."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from gateway.mapping.model import Fields, Group, Listed, Mapping, RecordRule, Repeat, Value
from gateway.model.record_type import RecordType, Role
from gateway.model.words import Words
from gateway.pack import LEVELS, Pack
from gateway.pack.dictionary import Level
from gateway.pack.shape import Element

Owed: TypeAlias = Literal["M", "C"]
_GIVEN: Final = (Role.VERSION, Role.OPERATION, Role.TARGET_VERSION)


@dataclass(frozen=True, slots=True)
class Gap:
    """A field that the mapping never fills though the level asks for it.

    ``need`` is M (mandatory) or C (conditional: ``when`` says in which case).
    """

    record: str
    type: str
    path: str
    label: Words
    pinyin: str
    level: Level
    need: Owed
    when: Words


@dataclass(frozen=True, slots=True)
class Covered:
    """How much of a record type one record of a mapping fills: ``filled`` of ``fields`` that can be filled."""

    record: str
    type: str
    filled: int
    fields: int


def gaps(mapping: Mapping, pack: Pack, levels: tuple[Level, ...] = LEVELS) -> list[Gap]:
    """Return every mandatory or conditional field left out, record by record, in document order, level by level."""
    found = []
    for rule in mapping.records:
        filled = _filled(rule)
        shape, type_ = pack.shape(rule.type), pack.types[rule.type]
        for element in _asked(shape.children, filled, _given(type_)):
            field = pack.dictionary.field(element)
            if field is None:
                continue
            for level in levels:
                need = field.needs[level]
                if need != "O":
                    found.append(
                        Gap(rule.name, rule.type, element.path, field.label, field.pinyin, level, need, field.when)
                    )
    return found


def covered(mapping: Mapping, pack: Pack) -> list[Covered]:
    """Return for each record of a mapping how many of its type's fields it fills."""
    found = []
    for rule in mapping.records:
        given = _given(pack.types[rule.type])
        leaves = [each.path for each in pack.shape(rule.type).walk() if not each.children and each.path not in given]
        filled = _filled(rule)
        count = sum(path in filled for path in leaves)
        found.append(Covered(rule.name, rule.type, count, len(leaves)))
    return found


def _given(type_: RecordType) -> frozenset[str]:
    return frozenset(path for role, path in type_.roles.items() if role in _GIVEN)


def _asked(elements: tuple[Element, ...], filled: frozenset[str], given: frozenset[str]) -> Iterator[Element]:
    """Yield the elements that are not filled; below a group that is left out only the group itself counts."""
    for element in elements:
        if element.path in given or element.kind == "extension":
            continue
        if element.path not in filled:
            yield element
        elif element.children:
            yield from _asked(element.children, filled, given)


def _filled(rule: RecordRule) -> frozenset[str]:
    """Return the paths that a rule may fill, with every group above them."""
    paths: set[str] = set()
    for path in _paths(rule.fields, ""):
        steps = path.split("/")
        paths.update("/".join(steps[:count]) for count in range(1, len(steps) + 1))
    return frozenset(paths)


def _paths(fields: Fields, above: str) -> Iterator[str]:
    for name, content in fields.items():
        path = above + name
        yield path
        match content:
            case Value():
                pass
            case Repeat(body=body):
                if not isinstance(body, Value):
                    yield from _paths(body, f"{path}/")
            case Listed(items=items):
                for item in items:
                    if isinstance(item, Group):
                        yield from _paths(item.fields, f"{path}/")
