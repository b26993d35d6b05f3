# SPDX-License-Identifier: Apache-2.0
"""Records as rows of the exchange tables: one table for a record type, one for each group in it that may repeat."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from gateway_reference import wire

_CONTROL: Final = {code: 0xE000 + code for code in (*range(9), 11, 12, *range(14, 32))}
_BACK: Final = {private: code for code, private in _CONTROL.items()}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its pinyin name, its Chinese heading, and the element of the record that it holds."""

    name: str
    header: str
    path: str
    kind: str
    length: str
    required: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``lines`` are the columns of its line numbers, ``key`` the columns of the record it belongs to."""

    name: str
    type: str
    element: str
    title: str
    parent: str | None
    path: str
    lines: tuple[str, ...]
    key: tuple[Column, ...]
    columns: tuple[Column, ...]


@cache
def tables() -> dict[str, tuple[Table, ...]]:
    """Return the tables by record type, the record's own first (tools/exchange_tables.py writes them)."""
    found: dict[str, list[Table]] = {}
    for each in json.loads((Path(__file__).parent / "exchange_tables.json").read_text("utf-8")):
        columns = {part: tuple(Column(**column) for column in each[part]) for part in ("key", "columns")}
        table = Table(**{**each, **columns, "lines": tuple(each["lines"])})
        found.setdefault(table.type, []).append(table)
    return {type_: tuple(held) for type_, held in found.items()}


def rows(type_: str, document: str) -> Iterator[tuple[Table, dict[str, str]]]:
    """Yield the rows that a record's document makes, as texts; what has no column (the extension) is left out."""
    root = _parsed(document)
    main, *parts = tables()[type_]
    held = {column.name: text for column in main.columns if (text := _text(root, column.path)) is not None}
    yield main, held
    key = {column.name: held[column.name] for column in main.key if column.name in held}
    for table in parts:
        for numbers, element in _repeated(root, table.path.split("/"), main.element):
            own = {
                column.name: text
                for column in table.columns
                if (text := _text(element, _below(column.path, table.path))) is not None
            }
            yield table, {**key, **dict(zip(table.lines, map(str, numbers[-len(table.lines) :]), strict=True)), **own}


def _parsed(document: str) -> etree._Element:
    """Parse a document; control characters, which no XML may hold and a database can, are kept."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, recover=True)
    found = etree.fromstring(document.translate(_CONTROL).encode(), parser)
    if found is None:
        raise ValueError("not a document")
    return found


def _below(path: str, above: str) -> str:
    return "" if path == above else path.removeprefix(f"{above}/")


def _text(element: etree._Element, path: str) -> str | None:
    found = element.find("/".join(f"{{*}}{step}" for step in path.split("/"))) if path else element
    return None if found is None or not found.text else found.text.translate(_BACK)


def _repeated(
    element: etree._Element, steps: list[str], _name: str, numbers: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], etree._Element]]:
    """Yield every element at a path with its numbers, one for each step that may stand several times."""
    found = element.findall(f"{{*}}{steps[0]}")
    for number, child in enumerate(found, 1):
        if len(steps) == 1:
            yield (*numbers, number), child
        else:
            yield from _repeated(child, steps[1:], _name, (*numbers, number))


def value(kind: str, text: str) -> Any:
    """Return a text as the value of a column: local times without zone, numbers, 0 and 1; what does not fit stays text."""
    with suppress(ValueError, InvalidOperation):
        match kind:
            case "dateTime":
                moment = datetime.fromisoformat(text)
                return (moment.astimezone(wire.BEIJING) if moment.tzinfo else moment).replace(tzinfo=None)
            case "date":
                return date.fromisoformat(text)
            case "boolean":
                return {"true": 1, "false": 0}.get(text, text)
            case "integer":
                return int(text)
            case "decimal":
                return Decimal(text)
            case _:
                return text
    return text


def local(text: str) -> str:
    """Return a moment as views, CSV and Excel write it: local time without zone."""
    return re.sub(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.0+)?(\.\d+)?\+08:00", r"\1 \2\3", text)
