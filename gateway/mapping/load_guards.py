# SPDX-License-Identifier: Apache-2.0
"""Read what a value is held against once it is read: a plausible range, and whether it may lack."""

from decimal import Decimal

from gateway.mapping.amounts import decimal
from gateway.mapping.load_scope import Scope
from gateway.mapping.model import FromNamed, Plausible
from gateway.mapping.reading import Node


def read_needed(keys: dict[str, Node]) -> bool:
    """Tell whether the record is refused where there is no value."""
    node = keys.get("empty")
    if node is None:
        return False
    said = node.one_of(("absent", "refuse", "keep"))
    if said == "refuse" and "default" in keys:
        node.fault("empty: refuse 和 default 只能写一个", "either empty: refuse or default")
    if said == "keep" and "from" not in keys:
        node.fault("empty: keep 只用于 from: 源列", "empty: keep goes with from: COLUMN")
    return said == "refuse"


def read_plausible(node: Node | None, scope: Scope) -> Plausible | None:
    """Read a range ``[least, most]``; either end may be open (null) or the name of a number."""
    if node is None:
        return None
    bounds = [_bound(each, scope) for each in node.list()]
    if len(bounds) != 2:
        node.fault(
            '写成 plausible: ["最小", "最大"],不限的写 null', 'write plausible: ["least", "most"], null for no bound'
        )
        return None
    low, high = bounds
    if isinstance(low, str) and isinstance(high, str) and Decimal(low) > Decimal(high):
        node.fault("plausible 的最小大于最大", "the least is more than the most")
    return Plausible(low, high)


def _bound(node: Node, scope: Scope) -> str | FromNamed | None:
    if node.value is None:
        return None
    if node.is_map:
        keys = node.keys(("value",), ("value",))
        name = keys["value"].text() if "value" in keys else ""
        if name and (name not in scope.values or scope.values[name].kind not in ("decimal", "integer")):
            node.fault(
                f"values 里没有名为 {name} 的数(as: decimal)", f"there is no number {name} (as: decimal) in values"
            )
        return FromNamed(name)
    text = node.text()
    number = decimal(text)
    if text and number is None:
        node.fault(f"{text} 不是数", f"{text} is no number")
    return number
