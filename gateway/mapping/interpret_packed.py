# SPDX-License-Identifier: Apache-2.0
"""A packed column taken apart as the interpreter does it, one name at a time."""

import json
from typing import Any

from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Packing


def part_of(packing: Packing, text: str, wanted: str) -> object:
    """Return what stands in ``text`` under the name ``wanted``, None where nothing does; raises Faulty (MAP-018)."""
    if text.strip() in packing.nulls:
        return None
    if packing.pairs:
        return _paired(packing, text, wanted)
    held: Any = None
    try:
        held = json.loads(text, parse_float=lambda number: number, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        raise Faulty(finding("MAP-018", packing.column, wanted="JSON"))
    for step in wanted.split("/"):
        if isinstance(held, dict):
            held = held.get(step)
        elif isinstance(held, list) and step and all(c in "0123456789" for c in step):
            held = held[int(step)] if int(step) < len(held) else None
        else:
            return None
    return held


def _paired(packing: Packing, text: str, wanted: str) -> str | None:
    pieces = [text]
    for separator in packing.pairs:
        pieces = [part for piece in pieces for part in piece.split(separator)]
    seen: list[str] = []
    values: list[str] = []
    for piece in filter(str.strip, pieces):
        places = [(piece.index(mark), at, mark) for at, mark in enumerate(packing.between) if mark in piece]
        if not places or not piece[: min(places)[0]].strip():
            raise Faulty(finding("MAP-018", packing.column, wanted=" ".join(packing.between)))
        at, _, mark = min(places)
        name = piece[:at].strip()
        if name in seen and packing.repeated == "refuse":
            raise Faulty(finding("MAP-018", packing.column, wanted=f"{name} ×2"))
        seen.append(name)
        if name == wanted:
            values.append(piece[at + len(mark) :].strip())
    if not values:
        return None
    return {"refuse": values[0], "first": values[0], "last": values[-1], "join": packing.join.join(values)}[
        packing.repeated
    ]
