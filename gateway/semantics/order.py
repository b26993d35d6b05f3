# SPDX-License-Identifier: Apache-2.0
"""The order of records inside a lane, and the lane a record belongs to (ledger.md B9, B13), without any I/O."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.model.record import Level
from gateway.model.record_type import LaneKind, RecordType

_ZONE = "+08:00"
_VERSION_DIGITS = 6


class Place(NamedTuple):
    """What decides the place of a record in its lane."""

    rank: int
    occurred_at: str
    sequence: int
    key: str


def order_key(place: Place, version: int, lane: str, after: str = "") -> str:
    """Return a text that sorts, byte by byte and inside ``lane``, like (rank, occurredAt, sequence, key, version).

    What all records of the lane share is left out. ``after`` is the order key of the version before: a correction
    never sorts before what it corrects, even where the new time is earlier or the withdrawal it follows ranks higher.
    """
    rank, occurred_at, sequence, key = place
    begins = f"{rank:04d} {occurred_at.removesuffix(_ZONE)} {sequence:06d} {key.replace(lane, '', 1)} "
    return f"{max(begins, after[:-_VERSION_DIGITS])}{version:06d}"


def lane_name(record_type: RecordType, key: str, case_no: str | None, level: Level) -> str:
    """Return the lane of a new key: its case (or that of the record it names) at L2 and L3, else itself.

    A withdrawal takes the lane of the key that it withdraws (B13).
    """
    if record_type.lane is not LaneKind.OWN and case_no is not None and level is not Level.L1:
        return case_no
    return key


def type_of(key: str) -> str:
    """Return the record type that a business key begins with."""
    return key.partition(":")[0]


class Pending(NamedTuple):
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
