# SPDX-License-Identifier: Apache-2.0
"""Packed columns taken apart, and detail rows read: what the compiled mapping does before and besides its cells."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Found, Packing, Rows
from gateway.mapping.text import clean
from gateway.mapping.work import Get, Work
from gateway.model.record import Scalar

Values: TypeAlias = Mapping[str, Scalar]
Occurrence: TypeAlias = dict[str, str | None]

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def unpacker(unpack: Mapping[str, Packing], wanted: Mapping[str, tuple[str, str]]) -> Callable[[Values], Values]:
    """Return a function that adds the columns ``wanted`` (name -> packed column, name in it) to a row."""
    by_column: dict[str, list[tuple[str, str]]] = {}
    for name, (column, part) in wanted.items():
        by_column.setdefault(column, []).append((name, part))
    readers = [(unpack[column], _reader(unpack[column]), parts) for column, parts in by_column.items()]

    def expand(values: Values) -> Values:
        whole: dict[str, Scalar] = dict(values)
        for packing, read, parts in readers:
            cell = values.get(packing.column)
            text = "" if cell is None else str(cell)
            take = read(text) if text.strip() not in packing.nulls else (lambda _part: None)
            for name, part in parts:
                whole[name] = take(part)
        return whole

    return expand


def _reader(packing: Packing) -> Callable[[str], Callable[[str], str | None]]:
    return _pairs(packing) if packing.pairs else _object(packing)


def _pairs(packing: Packing) -> Callable[[str], Callable[[str], str | None]]:
    pieces = re.compile("|".join(map(re.escape, packing.pairs))).split
    between = re.compile("|".join(map(re.escape, packing.between)))

    def read(text: str) -> Callable[[str], str | None]:
        found: dict[str, str] = {}
        for piece in pieces(text):
            if not piece.strip():
                continue
            mark = between.search(piece)
            name = piece[: mark.start()].strip() if mark else ""
            if mark is None or not name:
                raise Faulty(finding("MAP-018", packing.column, wanted=" ".join(packing.between)))
            value = piece[mark.end() :].strip()
            if name in found and packing.repeated == "refuse":
                raise Faulty(finding("MAP-018", packing.column, wanted=f"{name} ×2"))
            if name not in found or packing.repeated == "last":
                found[name] = value
            elif packing.repeated == "join":
                found[name] += packing.join + value
        return found.get

    return read


def _object(packing: Packing) -> Callable[[str], Callable[[str], str | None]]:
    def read(text: str) -> Callable[[str], str | None]:
        try:
            held = json.loads(text, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            held = None
        if not isinstance(held, dict):
            raise Faulty(finding("MAP-018", packing.column, wanted="JSON"))
        return lambda path: spelled(_inside(held, path.split("/")))

    return read


def _inside(held: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(held, dict):
            held = held.get(step)
        elif isinstance(held, list) and step.isascii() and step.isdigit() and int(step) < len(held):
            held = held[int(step)]
        else:
            return None
    return held


def spelled(held: Any) -> str | None:
    """Return a JSON value as the text of a cell; lists and objects stay JSON."""
    if held is None or isinstance(held, str):
        return held
    if isinstance(held, bool):
        return "true" if held else "false"
    return str(held) if isinstance(held, int) else encode(held)


def found_items(found: Found, get: Get, where: str) -> Callable[[Work], list[Occurrence]]:
    """Return the closure of the places that a pattern finds; what stands between them must be of no account."""
    search = re.compile(found.pattern).finditer
    between = set(found.between)

    def items(work: Work) -> list[Occurrence]:
        text = get(work)
        if text is None:
            return []
        occurrences: list[Occurrence] = []
        at = 0
        for match in search(text):
            if not between.issuperset(text[at : match.start()]):
                break
            at = match.end()
            parts = {name: (part or "").strip() for name, part in match.groupdict().items()}
            occurrences.append({name: None if part in found.nulls else part for name, part in parts.items()})
        if not between.issuperset(text[at:]):
            raise Faulty(finding("MAP-007", found.value.origin, text[at:], where))
        return occurrences

    return items


def detail_items(rows: Rows, get: Get, where: str) -> Callable[[Work], list[Occurrence]]:
    """Return the closure of the detail rows of a cell."""

    def items(work: Work) -> list[Occurrence]:
        text = get(work)
        if text is None:
            return []
        try:
            held = json.loads(text, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            held = None
        if not isinstance(held, list) or not all(isinstance(each, dict) for each in held):
            raise Faulty(finding("MAP-019", rows.value.origin, where=where))
        return [occurrence for each in held if any((occurrence := dict(_cells(each, rows))).values())]

    return items


def _cells(row: Mapping[str, Any], rows: Rows) -> Iterator[tuple[str, str | None]]:
    for name in rows.names:
        text = spelled(row.get(name))
        if text is not None and not isinstance(row.get(name), list | dict):
            text = clean(text, narrow=rows.half_width)
        yield name, None if text is None or text in rows.nulls else text
