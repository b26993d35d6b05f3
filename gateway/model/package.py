# SPDX-License-Identifier: Apache-2.0
"""Packages, receipts and what the exchange service says, as plain values."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from gateway.model.record import record_id


class Purpose(StrEnum):
    """Why a package is sent."""

    BUSINESS = "business"
    TEST = "test"
    REPLAY = "replay"


class _Packed(NamedTuple):
    id: int
    type: str
    key: str
    version: int
    content_digest: bytes
    record_id: str
    line: str


class PackedRecord(_Packed):
    """A record inside a package; ``id`` is the ledger's own number of it.

    ``record_id``, its id on the wire, and ``line``, the ``recordId|key|version|contentDigest`` and line feed that
    bodyDigest is computed over, are worked out once: they are asked for several times on a record's way.
    """

    __slots__ = ()

    def __new__(cls, id: int, type: str, key: str, version: int, content_digest: bytes) -> "PackedRecord":  # noqa: A002 # the names of its fields
        """Work out id and line."""
        number = record_id(type, key, version, content_digest)
        line = f"{number}|{key}|{version}|{content_digest.hex()}\n"
        return super().__new__(cls, id, type, key, version, content_digest, number, line)


@dataclass(frozen=True, slots=True)
class PackageHead:
    """Head of a Package (报文头), as standard.md §4 lists it."""

    package_id: str
    standard_version: str
    sender_code: str
    receiver_code: str
    created_at: datetime
    purpose: Purpose
    record_count: int
    body_digest: str
    code_list_version: str
    stream_id: str
    package_seq: int
    voided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """What a receiver shows of a version it already holds (proof of a duplicate, ledger.md B18)."""

    version: int
    content_digest: str
    original_received_at: str | None = None
    receipt_no: int | None = None


class RecordResult(NamedTuple):
    """The receiver's word on one record of a package."""

    record_id: str
    code: str
    message: str = ""
    path: str | None = None
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Receipt (回执) of one package; ``receipt_no`` is dense and commit-ordered within an ``incarnation``.

    ``retry_after`` (seconds) comes with a refusal of the whole package for now.
    """

    package_id: str
    receiver: str
    received_at: str
    receipt_no: int
    incarnation: int
    code: str
    message: str
    results: tuple[RecordResult, ...]
    retry_after: int | None = None


class ReceiptStatus(StrEnum):
    """Answers to QueryReceipt when there is no receipt."""

    FOUND = "found"
    IN_PROGRESS = "in-progress"
    NEVER_RECEIVED = "never-received"
    NOT_RETAINED = "not-retained"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a DailyStatement (对账单): organisation, record type, item, count, keys and digest."""

    org_code: str
    type: str
    item_code: str
    count: int
    distinct_keys: int
    digest: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A DailyStatement; it speaks of everything up to ``through_receipt_no``."""

    day: str
    through_receipt_no: int
    incarnation: int
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of GetKeys."""

    type: str
    key: str
    version: int
    operation: str
    content_digest: str
    receipt_no: int


@dataclass(frozen=True, slots=True)
class Keys:
    """Every key a destination holds for a day; it speaks of everything up to ``through_receipt_no``."""

    through_receipt_no: int
    rows: tuple[KeyRow, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The destination's answer when it gives no receipt: its return code and when to come back."""

    code: str
    message: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of sending a package: a receipt, a refusal, or silence.

    ``receipt`` and ``refusal`` both None means that the outcome is unknown (ledger.md T3). ``sent`` is False only
    where not one byte can have reached the other side (connection refused, name unknown, TLS handshake failed).
    """

    receipt: Receipt | None = None
    refusal: Refusal | None = None
    sent: bool = True
    detail: str = ""
    evidence: bytes = field(default=b"", repr=False)


def body_digest(records: Iterable[PackedRecord]) -> str:
    """Return bodyDigest: SHA-256, hex, over ``recordId|key|version|contentDigest`` lines in order (standard.md §4)."""
    return hashlib.sha256("".join([each.line for each in records]).encode()).hexdigest()


def statement_term(key: str, version: int, digest: str) -> int:
    """Return what one record adds to the sum of a statement line: SHA-256 of ``key|version|contentDigest`` as a number."""
    return int.from_bytes(hashlib.sha256(f"{key}|{version}|{digest}".encode()).digest(), "big")


def statement_text(total: int) -> str:
    """Return a statement sum as it stands on the wire: modulo 2^256, 64 hex digits."""
    return f"{total % (1 << 256):064x}"
