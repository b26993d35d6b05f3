# SPDX-License-Identifier: Apache-2.0
"""Rows as a source gave them and records of the standard made from them."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from gateway.model.case_record import CaseFacts
from gateway.model.finding import Finding

Scalar: TypeAlias = str | int | None
"""A cell of a row. Dates, times and decimals travel as the text the source shows; bytes never."""

RECORD_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:jx:power-exchange:1.0")


class Level(StrEnum):
    """What a source can supply (级别): L1 results only, L2 every stage, L3 every stage in real time."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"


class SourceKind(StrEnum):
    """What a source shows (ledger.md B1): what is now, or what happened."""

    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a row stands in a file: its line or sheet row, and the number (from 1) of each of its columns.

    ``sheet`` is the title of a sheet, None where columns have numbers and no letters.
    """

    line: int
    columns: Mapping[str, int]
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row (原始行) as read from a source.

    ``row_id`` is the source's own stable identity of the row as text; ``digest`` is SHA-256 over the canonical
    raw form (``raw``: UTF-8 JSON object, keys sorted, no spaces); ``stamp`` is the text that the cursor compares.
    ``mark`` is what the source must be shown again when it is told what became of the row (B17), None where it need
    not be told. ``spot`` is the row's place in a file.
    """

    row_id: str
    values: Mapping[str, Scalar]
    raw: bytes
    digest: bytes
    stamp: str | None = None
    mark: str | None = None
    spot: Spot | None = None


def row_of(row_id: str, raw: bytes) -> Row | None:
    """Return the stored raw row as the mapping takes it, or None where it is no row of columns."""
    try:
        values = json.loads(raw)
    except ValueError:
        return None
    return Row(row_id, values, raw, hashlib.sha256(raw).digest()) if isinstance(values, dict) else None


class Slot(StrEnum):
    """A place in a document that is filled when the ledger has assigned the version."""

    VERSION = "version"
    OPERATION = "operation"
    TARGET_VERSION = "target-version"


Piece: TypeAlias = bytes | Slot


class Draft(NamedTuple):
    """A record (记录) of the standard before the ledger has given it a version.

    ``pieces`` is the document in exclusive canonical form (UTF-8, one line, its namespace declared on the payload
    element) cut at its slots. ``identity`` is SHA-256 of the content without version, operation and volatile
    fields: equal identity means nothing changed (ledger.md B3). ``order_token`` sorts several observations of one
    key (B4). ``withdraws`` is the key of the target when the record is a withdrawal: ``key`` is then the same. ``names`` are keys of
    other records of the same row that this one speaks of: when they are refused, so is this one. ``facts`` are what the
    rules of its case will ask for.
    """

    type: str
    key: str
    case_no: str | None
    org_code: str
    item_code: str | None
    occurred_at: str
    sequence: int
    pieces: tuple[Piece, ...]
    identity: bytes
    order_token: str | None = None
    withdraws: str | None = None
    names: tuple[str, ...] = ()
    facts: CaseFacts | None = None

    def document(self, version: int = 1, target_version: int = 1) -> bytes:
        """Return the document with its slots filled; the operation is C for version 1 and U above."""
        operation: Literal[b"C", b"U"] = b"C" if version == 1 else b"U"
        filled = {Slot.VERSION: b"%d" % version, Slot.OPERATION: operation, Slot.TARGET_VERSION: b"%d" % target_version}
        return b"".join([piece if isinstance(piece, bytes) else filled[piece] for piece in self.pieces])


@dataclass(frozen=True, slots=True)
class Refused:
    """A record, or a whole row, that may not enter: what could be told of it, and why."""

    findings: tuple[Finding, ...]
    type: str | None = None
    key: str | None = None
    case_no: str | None = None
    document: bytes | None = None


class Observation(NamedTuple):
    """All that came of one new or changed row: records to fold into the ledger, and refusals.

    ``decided`` says that people decided it (T4): the row itself was not read, and stands for the keys it stood for.
    ``ignored`` says that the mapping leaves the row out: it gives nothing, and that is no fault.
    """

    row: Row
    drafts: tuple[Draft, ...]
    refused: tuple[Refused, ...]
    warnings: tuple[Finding, ...] = ()
    decided: bool = False
    ignored: bool = False


def content_digest(document: bytes) -> bytes:
    """Return SHA-256 of a document that is already in exclusive canonical form (standard.md §4)."""
    return hashlib.sha256(document).digest()


_NAMESPACE_HASHED = hashlib.sha1(RECORD_NAMESPACE.bytes, usedforsecurity=False)  # UUIDv5 is defined over SHA-1


_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
"""The first digit of the fourth group, its two upper bits set to the variant of RFC 9562."""


def record_id(type_: str, key: str, version: int, digest: bytes) -> str:
    """Return the recordId of the wire: UUIDv5 over ``type|key|version|contentDigest`` (standard.md §4).

    Written out since ``uuid.uuid5`` costs twice as much, and this runs several times for each record and destination.
    """
    hashed = _NAMESPACE_HASHED.copy()
    hashed.update(f"{type_}|{key}|{version}|{digest.hex()}".encode())
    text = hashed.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
