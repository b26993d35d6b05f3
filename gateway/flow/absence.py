# SPDX-License-Identifier: Apache-2.0
"""Absence (缺失比对): rows that the ledger knows and a complete listing of the source does not show (ledger.md T4)."""

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from gateway.errors import SourceHeld
from gateway.ledger.absences import OUTSIDE, Absence, Looked
from gateway.ledger.runs import RunLease
from gateway.ledger.store import Ledger
from gateway.ports import Listed

MOST_SUSPECTS: Final = 20
MOST_SHARE: Final = 0.01
"""More suspects than the greater of the two, a number and a share of all rows, and nothing is proposed (mass-delete guard)."""

MASS_DELETE: Final = "SRC-020"


class Compared(NamedTuple):
    """What a comparison came to."""

    known: int
    suspects: int
    proposed: int


class Listing:
    """The ids of all rows of a source as 8-byte digests: 8 MB a million rows.

    Two ids share a digest once in ten billion listings of a million rows; the row then stays a while longer.
    """

    def __init__(self, parts: Iterable[Sequence[str]]) -> None:
        digests = array("Q")
        for part in parts:
            digests.extend([_digest(row_id) for row_id in part])
        self._digests = array("Q", sorted(digests))

    def __contains__(self, row_id: str) -> bool:
        wanted = _digest(row_id)
        at = bisect_left(self._digests, wanted)
        return at < len(self._digests) and self._digests[at] == wanted

    def __len__(self) -> int:
        return len(self._digests)


def _digest(row_id: str) -> int:
    return int.from_bytes(blake2b(row_id.encode(), digest_size=8).digest())


def compare(ledger: Ledger, source: Listed, lease: RunLease) -> Compared:
    """Compare one complete listing with the row memory and keep what it showed.

    Raises SourceError when the listing is not complete (nothing is concluded then), SourceHeld when too many rows are
    gone at once, Fenced when the lease is lost.
    """
    listing = Listing(source.keys())
    known, missing = _missing(ledger, lease, listing)
    before = ledger.absences(lease)
    back = [row_id for row_id in before if row_id in listing]
    settled = {row_id for row_id, each in before.items() if each.settled or each.state == OUTSIDE}
    fresh = [row_id for row_id in missing if row_id not in settled]
    outside = _outside(ledger, source, lease, fresh)
    suspects = [row_id for row_id in fresh if row_id not in outside]
    if len(suspects) > max(MOST_SUSPECTS, int(known * MOST_SHARE), ledger.allowed(lease)):
        figures = {"known": known, "listed": len(listing), "suspects": len(suspects)}
        ledger.hold(lease, MASS_DELETE, figures)
        raise SourceHeld(", ".join(f"{name}={number}" for name, number in figures.items()))
    looked = _looked(source, suspects, before, back, sorted(outside))
    return Compared(known, len(suspects), ledger.note_absences(lease, looked))


def _missing(ledger: Ledger, lease: RunLease, listing: Listing) -> tuple[int, list[str]]:
    known = 0
    missing: list[str] = []
    for part in ledger.known_rows(lease):
        known += len(part)
        missing.extend(row_id for row_id in part if row_id not in listing)
    return known, missing


def _outside(ledger: Ledger, source: Listed, lease: RunLease, row_ids: Sequence[str]) -> set[str]:
    """Return the rows that may be missing: what they last held puts them outside of what the source shows."""
    return {
        row_id
        for row_id, raw in ledger.last_rows(lease, row_ids).items()
        if not source.in_scope(json.loads(raw))
    }  # fmt: skip


def _looked(
    source: Listed, suspects: Sequence[str], before: dict[str, Absence], back: list[str], outside: Sequence[str]
) -> Looked:
    """Rows missed for the second time are looked up one by one before anything is proposed."""
    again = [row_id for row_id in suspects if row_id in before]
    there = set(source.present(again)) if again else set()
    gone = [row_id for row_id in again if row_id not in there]
    first = [row_id for row_id in suspects if row_id not in before]
    return Looked([*back, *there], outside, first, gone)
