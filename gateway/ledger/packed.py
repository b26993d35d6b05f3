# SPDX-License-Identifier: Apache-2.0
"""Payloads of a chunk made ready beforehand: documents of first versions and raw rows, each compressed as one segment.

Most records are the first version of their key. What a child process has written out, digested and compressed for that
case the commit takes as it is; wherever the fold decided otherwise it makes the segments itself.
"""

from collections.abc import Sequence
from operator import is_
from typing import NamedTuple

from gateway.ledger.fold import Made
from gateway.ledger.segments import SegmentWriter
from gateway.model.record import Draft, Observation, Row, content_digest


class Packed(NamedTuple):
    """Segments of the documents of all drafts, as version 1, and of all raw rows; ``digests`` are of the documents."""

    documents: bytes
    lengths: tuple[int, ...]
    digests: tuple[bytes, ...]
    raws: bytes


class Offer(NamedTuple):
    """What was packed, and the very drafts and rows it was made of, in that order."""

    packed: Packed
    drafts: Sequence[Draft]
    rows: Sequence[Row]

    def holds_documents(self, made: Sequence[Made]) -> bool:
        """Tell whether the documents of ``made`` are exactly those that were packed."""
        return len(made) == len(self.drafts) and all(
            each.version == 1 and each.draft is draft for each, draft in zip(made, self.drafts, strict=True)
        )

    def holds_rows(self, rows: Sequence[Row]) -> bool:
        """Tell whether ``rows`` are exactly those that were packed."""
        return len(rows) == len(self.rows) and all(map(is_, rows, self.rows))


def pack(observations: Sequence[Observation]) -> Packed:
    """Write out, digest and compress what a commit will most likely need."""
    documents, raws = SegmentWriter("document"), SegmentWriter("raw")
    written = [draft.document(1, 0) for each in observations for draft in each.drafts]
    for document in written:
        documents.add(document)
    for each in observations:
        raws.add(each.row.raw)
    return Packed(documents.blob(), tuple(map(len, written)), tuple(map(content_digest, written)), raws.blob())


def offer(packed: Packed, observations: Sequence[Observation]) -> Offer:
    """Return what was packed of ``observations`` together with their drafts and rows."""
    return Offer(packed, [draft for each in observations for draft in each.drafts], [each.row for each in observations])
