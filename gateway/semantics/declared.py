# SPDX-License-Identifier: Apache-2.0
"""Records that come with the version their sender gave them (ledger.md B3, B6, B7), without any I/O."""

from enum import StrEnum
from typing import NamedTuple


class Declared(StrEnum):
    """What becomes of a record in standard form."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # this very version is held
    CONFLICT = "conflict"  # the same version with other content
    OWNED = "owned"  # the key belongs to another source
    STALE = "stale"  # a higher version is held, or this one is reserved
    REFUSED = "refused"  # found wrong before any version was looked at
    UNFOUNDED = "unfounded"  # withdraws what was never held: refused, its version stays reserved (B7)


class KeyHead(NamedTuple):
    """The last version of a key, held or only reserved, and who owns it."""

    version: int
    source_id: int


class Claim(NamedTuple):
    """What a sender says: its version of a key, the content's digest, and whether it withdraws the key."""

    version: int
    digest: bytes
    source_id: int
    withdraws: bool


def decide_declared(head: KeyHead | None, same_version: bytes | None, claim: Claim) -> Declared:
    """Return what becomes of ``claim`` where ``head`` is the last version of its key.

    ``same_version`` is the digest held under the claimed version, if any. A correction may come first: any version is
    taken where nothing higher is held, and a lower one that comes later is stale (B7).
    """
    if same_version is not None:
        return Declared.DUPLICATE if same_version == claim.digest else Declared.CONFLICT
    if head is None:
        return Declared.UNFOUNDED if claim.withdraws else Declared.ACCEPTED
    if head.source_id != claim.source_id:
        return Declared.OWNED
    return Declared.STALE if claim.version <= head.version else Declared.ACCEPTED


def leaves_gap(head: KeyHead | None, version: int) -> bool:
    """Tell whether versions between the head and ``version`` were never seen."""
    return version > (head.version if head is not None else 0) + 1
