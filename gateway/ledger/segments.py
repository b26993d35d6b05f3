# SPDX-License-Identifier: Apache-2.0
"""Segments: the payloads of one chunk and kind in one compressed blob that records point into."""

import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeAlias

from sqlalchemy import Connection, insert, select

from gateway.errors import LedgerError
from gateway.ledger.evidence import state_row
from gateway.ledger.tables import segment
from gateway.model.words import Words

Place: TypeAlias = tuple[int, int, int]
"""Segment number, offset and length; the offset counts bytes of the blob after decompression."""

_CODEC = "zlib"
_LEVEL = 1  # higher levels cost more time than the rest of the commit
_KEPT = 4


class SegmentWriter:
    """Collects payloads in memory and writes them as one row."""

    def __init__(self, kind: str) -> None:
        """Begin an empty segment of ``kind`` (document, raw, refused)."""
        self._kind = kind
        self._parts: list[bytes] = []
        self._length = 0

    def add(self, payload: bytes) -> tuple[int, int]:
        """Append a payload and return its offset and length."""
        at = self._length
        self._parts.append(payload)
        self._length = at + len(payload)
        return at, len(payload)

    def blob(self) -> bytes:
        """Return everything that was added, compressed."""
        return zlib.compress(b"".join(self._parts), _LEVEL)

    def write(self, connection: Connection, now: int, blob: bytes | None = None) -> int | None:
        """Store the blob and return its number; None when nothing was added.

        ``blob`` is what ``blob()`` of a writer with the very same payloads has returned.
        """
        if not self._parts:
            return None
        return write_segment(connection, self._kind, self.blob() if blob is None else blob, now)


def write_segment(connection: Connection, kind: str, blob: bytes, now: int) -> int:
    """Store what ``SegmentWriter.blob`` has made and return the number of the segment."""
    values = {"kind": kind, "codec": _CODEC, "created_at": now, "payload": blob}
    made = connection.execute(_MAKE, values)
    number = int(made.inserted_primary_key[0])  # type: ignore[index]
    state_row(connection, segment, number, values)
    return number


_MAKE = insert(segment)


class SegmentReader:
    """Reads payloads back and keeps the last few segments decompressed; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def read(self, connection: Connection, places: Iterable[Place]) -> list[bytes]:
        """Return the payloads in the order given; raises LedgerError where a segment was pruned or is damaged."""
        wanted = list(places)
        blobs = self._blobs(connection, {number for number, _, _ in wanted})
        return [blobs[number][offset : offset + length] for number, offset, length in wanted]

    def _blobs(self, connection: Connection, numbers: set[int]) -> dict[int, bytes]:
        with self._lock:
            blobs = {number: self._kept[number] for number in numbers if number in self._kept}
        for number in sorted(numbers - blobs.keys()):
            blobs[number] = _load(connection, number)
        with self._lock:
            for number, blob in blobs.items():
                self._kept[number] = blob
                self._kept.move_to_end(number)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return blobs


class PayloadPruned(LedgerError):
    """A payload is no longer there: retention has pruned it, its identity stays (B22)."""

    code = "GW-505"
    summary = Words("内容已按保存期限清理", "the payload was pruned by retention")
    advice = Words(
        "身份、摘要和回执仍在;内容见业务系统",
        "identity, digest and receipts remain; see the department system for the content",
    )


def _load(connection: Connection, number: int) -> bytes:
    row = connection.execute(select(segment.c.codec, segment.c.payload).where(segment.c.id == number)).first()
    if row is None:
        raise PayloadPruned(f"segment {number}: missing")
    if row.codec != _CODEC:
        raise LedgerError(f"segment {number}: codec {row.codec}")
    try:
        return zlib.decompress(row.payload)
    except zlib.error as fault:
        raise LedgerError(f"segment {number}: {fault}") from fault
