# SPDX-License-Identifier: Apache-2.0
"""Read which columns pack many: ``unpack`` says how, and columns named ``PACKED/NAME`` are what is taken out."""

from typing import Final, Literal, cast

from gateway.mapping.model import Column, Packing
from gateway.mapping.reading import Node, undeclared

_KEYS: Final = ("pairs", "between", "json", "repeated", "join")
_REPEATED: Final = ("refuse", "first", "last", "join")


def read_unpack(node: Node | None, nulls: frozenset[str]) -> dict[str, Packing]:
    """Read ``unpack``: column name to how it is packed."""
    found: dict[str, Packing] = {}
    for name, spec in node.items() if node else ():
        keys = spec.keys(_KEYS)
        if ("json" in keys) == ("pairs" in keys):
            spec.fault(
                '写 {pairs: [";;"], between: [":="]} 或 {json: true}',
                'write {pairs: [";;"], between: [":="]} or {json: true}',
            )
            continue
        if "json" in keys and not keys["json"].flag():
            keys["json"].fault("写 json: true", "write json: true")
        pairs, between = (keys[key].texts() if key in keys else () for key in ("pairs", "between"))
        if "pairs" in keys and (not pairs or not between or "" in pairs + between):
            spec.fault(
                '要写 pairs: ["分隔"] 和 between: ["名值之间"]', 'pairs: ["…"] and between: ["…"] are both wanted'
            )
        repeated = (keys["repeated"].one_of(_REPEATED) if "repeated" in keys else "refuse") or "refuse"
        join = keys["join"].text() if "join" in keys else ""
        if (repeated == "join") != ("join" in keys):
            spec.fault('repeated: join 和 join: "、" 要一起写', 'repeated: join goes with join: "、"')
        found[name.value] = Packing(
            name.value, nulls, pairs, between, cast(Literal["refuse", "first", "last", "join"], repeated), join
        )
    return found


def part_of(name: str, unpack: dict[str, Packing]) -> tuple[str, str] | None:
    """Return the packed column of ``PACKED/NAME`` and the name in it, None for any other column."""
    column, slash, part = name.partition("/")
    return (column, part) if slash and column in unpack else None


def packed_only(unpack: dict[str, Packing], columns: dict[str, Column], node: Node | None) -> None:
    """Fault a packing of which nothing is taken."""
    used = {column.part[0] for column in columns.values() if column.part}
    for name, spec in node.items() if node else ():
        if name.value in unpack and name.value not in columns:
            name.fault(*undeclared(name.value, columns))
        if name.value in unpack and name.value not in used:
            spec.fault(
                f"columns 里没有取自它的列:请声明 {name.value}/名称",
                f"nothing is taken of it: declare {name.value}/NAME",
            )
