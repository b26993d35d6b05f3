# SPDX-License-Identifier: Apache-2.0
"""From what a source shows to a version of a key: table T1 of ledger.md (B3, B4, B6, B7), without any I/O.

A key has a head: its last version. Something seen is compared with the head alone, never with the whole history:
A, B, A is three versions.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gateway.model.record import SourceKind

UNOWNED: Final = 0
"""Source of a key that only a destination is known to hold, after a restore (T5): the first to show it owns it."""

ANY_ROW = ""
"""Row of a key whose ownership was handed over: the new owner's first reading is its own change (B6)."""


class Verdict(StrEnum):
    """What becomes of one record seen at a mapped source."""

    FIRST = "first"  # version 1
    NEXT = "next"  # head + 1: a correction, a withdrawal, a re-creation
    DUPLICATE = "duplicate"  # nothing changed
    STALE = "stale"  # older than the head: evidence, not sent
    CONFLICT = "conflict"  # nobody can tell which is right: both kept
    UNFOUNDED = "unfounded"  # a withdrawal of what was never held: refused, yet its version stays reserved (B7)

    @property
    def makes_version(self) -> bool:
        """Tell whether the record enters the ledger under a new version."""
        return self in (Verdict.FIRST, Verdict.NEXT)


class Head(NamedTuple):
    """The last version of a key.

    ``identity`` is that of the last content, ``withdrawal`` that of the last withdrawal. ``row_id`` is the row that
    spoke last; ``several_rows`` remembers that other rows of the source carried the key too, so that the order of
    observation alone proves nothing (B4).
    """

    version: int
    identity: bytes
    withdrawal: bytes | None
    withdrawn: bool
    order_token: str | None
    source_id: int
    row_id: str
    several_rows: bool


class Seen(NamedTuple):
    """One record as seen now: its identity, where it came from, and whether it withdraws the key."""

    identity: bytes
    order_token: str | None
    source_id: int
    row_id: str
    kind: SourceKind
    withdraws: bool = False
    again: bool = False  # the row of the head, mapped again (B21)


def decide(head: Head | None, seen: Seen) -> Verdict:
    """Return what T1 says about ``seen`` where ``head`` is the last version of its key."""
    if head is None:
        return Verdict.UNFOUNDED if seen.withdraws else Verdict.FIRST
    if _unchanged(head, seen):
        return Verdict.DUPLICATE
    if head.source_id == UNOWNED:
        return Verdict.NEXT
    if head.source_id != seen.source_id:
        return Verdict.CONFLICT
    if seen.again and head.row_id == seen.row_id:
        return Verdict.NEXT
    if seen.kind is SourceKind.STATE and not head.several_rows and head.row_id in (ANY_ROW, seen.row_id):
        return Verdict.NEXT
    return _by_token(head.order_token, seen.order_token)


def decide_pair(head: Head | None, content: Seen, withdrawal: Seen) -> tuple[Verdict, Verdict]:
    """Decide a row that shows a record and its withdrawal at once; the withdrawal shares the fate of the record.

    Where exactly this content was withdrawn before, nothing happened: without this rule every change of a volatile
    column would re-create and withdraw the key again.
    """
    if head is not None and head.withdrawn and head.identity == content.identity:
        return Verdict.DUPLICATE, decide(head, withdrawal)
    first = decide(head, content)
    if first.makes_version:
        return first, Verdict.NEXT
    if first is Verdict.DUPLICATE:
        return first, decide(head, withdrawal)
    return first, first


def advance(head: Head | None, seen: Seen, verdict: Verdict) -> Head | None:
    """Return the head after ``verdict``; the same object where nothing about it changed."""
    if verdict.makes_version or verdict is Verdict.UNFOUNDED:
        return _succeed(head, seen)
    if head is None or head.source_id != seen.source_id:
        return head
    several = head.several_rows or head.row_id not in (ANY_ROW, seen.row_id)
    speaks_last = verdict is Verdict.DUPLICATE and _newer(seen.order_token, head.order_token)
    if several == head.several_rows and not speaks_last:
        return head
    return Head(
        head.version,
        head.identity,
        head.withdrawal,
        head.withdrawn,
        seen.order_token if speaks_last else head.order_token,
        head.source_id,
        seen.row_id if speaks_last else head.row_id,
        several,
    )


def _succeed(head: Head | None, seen: Seen) -> Head:
    if head is None:
        identity, withdrawal = (b"", seen.identity) if seen.withdraws else (seen.identity, None)
        return Head(1, identity, withdrawal, seen.withdraws, seen.order_token, seen.source_id, seen.row_id, False)
    return Head(
        head.version + 1,
        head.identity if seen.withdraws else seen.identity,
        seen.identity if seen.withdraws else head.withdrawal,
        seen.withdraws,
        seen.order_token,
        seen.source_id,
        seen.row_id,
        head.several_rows or (head.source_id != UNOWNED and head.row_id not in (ANY_ROW, seen.row_id)),
    )


def _unchanged(head: Head, seen: Seen) -> bool:
    if seen.withdraws:
        return head.withdrawn and head.withdrawal == seen.identity
    return not head.withdrawn and head.identity == seen.identity


def _by_token(held: str | None, seen: str | None) -> Verdict:
    if held is None or seen is None or held == seen:
        return Verdict.CONFLICT
    return Verdict.NEXT if seen > held else Verdict.STALE


def _newer(seen: str | None, held: str | None) -> bool:
    return seen is not None and (held is None or seen > held)
