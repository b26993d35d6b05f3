# SPDX-License-Identifier: Apache-2.0
"""Occurrences and packed columns as the interpreter reads them: the oracle of packed.py and of the body's items."""

import json
import re
from collections.abc import Iterator
from typing import Any

from gateway.mapping.findings import Faulty, finding
from gateway.mapping.interpret_values import State, cell_text, evaluate, tidied
from gateway.mapping.model import Found, Items, NumberedColumns, Rows, Split


def occurrences(items: Items, state: State, where: str) -> list[dict[str, str | None]]:
    """Return the occurrences of this row; raises Faulty."""
    match items:
        case NumberedColumns():
            return list(_numbered(items, state))
        case Split():
            return list(_pieces(items, evaluate(items.value, state) or "", where))
        case Found():
            return _matches(items, evaluate(items.value, state) or "", where)
        case Rows():
            return list(_details(items, evaluate(items.value, state), where))


def _numbered(items: NumberedColumns, state: State) -> Iterator[dict[str, str | None]]:
    for row in items.rows:
        item = {alias: cell_text(state, state.mapping.columns[column]) for alias, column in row}
        if set(item.values()) != {None}:
            yield item


def _pieces(items: Split, text: str, where: str) -> Iterator[dict[str, str | None]]:
    pieces = [text]
    for separator in items.separators:
        pieces = [part for piece in pieces for part in piece.split(separator)]
    for piece in (piece.strip() for piece in pieces):
        if piece in items.nulls:
            continue
        if items.inner is None:
            yield {items.names[0]: piece}
            continue
        texts = [part.strip() for part in piece.split(items.inner)]
        if len(texts) > len(items.names):
            raise Faulty(finding("MAP-010", items.value.origin, piece, where))
        yield {name: None if part in items.nulls else part for name, part in zip(items.names, texts, strict=False)}


def _matches(items: Found, text: str, where: str) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = []
    rest = text
    while rest:
        match = re.compile(items.pattern).search(text, len(text) - len(rest))
        gap = rest if match is None else text[len(text) - len(rest) : match.start()]
        if gap.strip(items.between):
            raise Faulty(finding("MAP-007", items.value.origin, rest, where))
        if match is None:
            break
        rest = text[match.end() :]
        item: dict[str, str | None] = {}
        for name in items.names:
            part = (match.group(name) or "").strip()
            item[name] = part if part not in items.nulls else None
        found.append(item)
    return found


def _details(items: Rows, text: str | None, where: str) -> Iterator[dict[str, str | None]]:
    if text is None:
        return
    try:
        held = json.loads(text, parse_float=lambda number: number, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        held = None
    if type(held) is not list or [each for each in held if type(each) is not dict]:
        raise Faulty(finding("MAP-019", items.value.origin, where=where))
    for row in held:
        item = {name: _detail(row.get(name), items) for name in items.names}
        if [text for text in item.values() if text]:
            yield item


def _detail(cell: Any, items: Rows) -> str | None:
    text = _as_text(cell)
    if text is not None and not isinstance(cell, list | dict):
        text = tidied(text, narrow=items.half_width)
    return None if text in items.nulls else text


def _as_text(cell: Any) -> str | None:
    match cell:
        case None | str():
            return cell
        case True:
            return "true"
        case False:
            return "false"
        case int():
            return str(cell)
        case _:
            return json.dumps(cell, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
