# SPDX-License-Identifier: Apache-2.0
"""Layouts (表样): a record type as flat tables; the exchange tables and the templates share them.

A group that stands once becomes columns of its parent (``DSR_XM``, 当事人.姓名或名称); whatever may stand several times
becomes a layout of its own, tied to its parent by the parent's key and a line number. Names are joined pinyin codes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.dictionary.described import Described, describe
from gateway.model.record_type import RecordType, Role
from gateway.pack import Pack

LINE, LINE_LABEL = "HH", "行号"
_OWNER_ROLES = (Role.CASE, Role.SEQUENCE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its pinyin name, its Chinese header, where it comes from in the record.

    ``required``: a record without it is refused at every level. ``key`` columns identify the row.
    """

    name: str
    header: str
    described: Described
    required: bool
    key: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One flat table of a record type. ``lines`` names the line-number columns, the last of them its own."""

    name: str
    title: str
    path: str
    key: tuple[Column, ...]
    columns: tuple[Column, ...]
    parent: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    """A layout that is being filled."""

    name: str
    title: str
    path: str
    parent: str | None
    lines: tuple[str, ...]
    columns: list[Column] = field(default_factory=list)


def layouts(pack: Pack, code: str) -> tuple[Layout, ...]:
    """Return the layouts of a record type, parents before children; raises KeyError for a type the pack lacks."""
    kind = pack.types[code]
    described = {each.element.path: each for each in describe(pack, code)}
    top = [each for path, each in described.items() if "/" not in path]
    done = list(_fill(_Open(code, kind.label.zh, "", None, ()), top, described, "", "", set(_key_paths(kind)), True))
    key = tuple(column for column in done[0].columns if column.key)
    return tuple(
        Layout(each.name, each.title, each.path, key, tuple(each.columns), each.parent, each.lines) for each in done
    )


def _fill(
    table: _Open, elements: list[Described], known: dict[str, Described], name: str, header: str, keys: set[str],
    required: bool,
) -> Iterator[_Open]:  # fmt: skip
    """Put ``elements`` into ``table``; yield it first (when it begins here), then what hangs below it."""
    below: list[_Open] = []
    for each in elements:
        element, pinyin = each.element, f"{name}{each.field.pinyin}"
        label = f"{header}{each.field.label.zh}"
        children = [known[child.path] for child in element.children]
        needed = required and element.min > 0
        if element.kind == "extension":
            continue  # free content has no columns
        if element.max != 1:
            lines = (*table.lines, f"{LINE}{len(table.lines) + 1}" if table.lines else LINE)
            child = _Open(f"{table.name}_{pinyin}", f"{table.title}-{label}", element.path, table.name, lines)
            if children:
                below += _fill(child, children, known, "", "", keys, True)
            else:
                child.columns.append(Column(each.field.pinyin, each.field.label.zh, each, True))
                below.append(child)
        elif children:
            below += list(_fill(table, children, known, f"{pinyin}_", f"{label}.", keys, needed))[1:]
        else:
            table.columns.append(Column(pinyin, label, each, needed, element.path in keys))
    yield table
    yield from below


def _key_paths(kind: RecordType) -> Iterator[str]:
    """Yield the paths that make the business key and the version: what a row is found by."""
    if kind.withdraws:
        roles: tuple[Role, ...] = (Role.TARGET_KEY,)
    else:
        roles = (Role.OWN_CODE,) if kind.has_own_code else _OWNER_ROLES
    for role in (*roles, Role.VERSION):
        yield kind.roles[role]
