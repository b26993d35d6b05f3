# SPDX-License-Identifier: Apache-2.0
"""The order of records inside a lane, and the lane a record belongs to (ledger.md B9, B13), without any I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.model.record import Level
from gateway.model.record_type import LaneKind, RecordType

_VERSION_DIGITS = 8


def order_key(record_type: RecordType, occurred_at: str, sequence: int, key: str, version: int, after: str = "") -> str:
    """Return a text that sorts, byte by byte, like (rank, occurredAt, sequence, key, version).

    ``after`` is the order key of the version before: a correction never sorts before what it corrects, even where
    the new ``occurred_at`` is earlier or the withdrawal that it follows ranks higher.
    """
    place = f"{record_type.rank:04d} {occurred_at} {sequence:08d} {key} "
    return f"{max(place, after[:-_VERSION_DIGITS])}{version:0{_VERSION_DIGITS}d}"


def lane_name(record_type: RecordType, key: str, case_no: str | None, level: Level) -> str:
    """Return the lane of a new key: its case at L2 and L3, else itself.

    A withdrawal takes the lane of the key that it withdraws (B13).
    """
    if record_type.lane is LaneKind.CASE and case_no is not None and level is not Level.L1:
        return case_no
    return key


def type_of(key: str) -> str:
    """Return the record type that a business key begins with."""
    return key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Pending:
    """A key of a case that has not been accepted yet; a withdrawn one opens the gate for nobody."""

    key: str
    type: str
    withdrawn: bool


def opened(pending: Sequence[Pending], accepted: Iterable[str], types: Mapping[str, RecordType]) -> set[str]:
    """Return the keys of one case that may go, given the record types ``accepted`` in it so far (B9).

    A key may go when its type has no predecessors or one of them is accepted; each that goes may open the gate for
    others, so the answer does not depend on the order of arrival.
    """
    there = set(accepted)
    waiting = list(pending)
    gone: set[str] = set()
    while waiting:
        left: list[Pending] = []
        for each in waiting:
            if _may_go(types.get(each.type), there):
                gone.add(each.key)
                if not each.withdrawn:
                    there.add(each.type)
            else:
                left.append(each)
        if len(left) == len(waiting):
            break
        waiting = left
    return gone


def _may_go(record_type: RecordType | None, there: set[str]) -> bool:
    return record_type is None or not record_type.predecessors or not there.isdisjoint(record_type.predecessors)
