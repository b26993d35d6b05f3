# SPDX-License-Identifier: Apache-2.0
"""Hosted departments (代建): rows of a filled-in workbook as a state source of the ledger, versions given by the gateway (B3).

A record's row id is its business key, so that the same record in a later workbook is the same row: unchanged it is a
re-read, changed it is the next version.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.documents.standard_form import read_standard_form
from gateway.ledger.findings import from_json, to_json
from gateway.model.finding import Finding
from gateway.model.record import Draft, Piece, Refused, Row, Slot, SourceKind
from gateway.model.record import Spot as RowSpot
from gateway.model.record_type import RecordType, Role
from gateway.ports import AllocationRequest, Mapped, Page, Position, Window
from gateway.sdk import row as make_row

VERSION_MARK, OPERATION_MARK = "\ue0f1", "\ue0f2"
"""Stand in a document for what the ledger gives: characters of private use, which no record may hold."""

_TYPE, _DOCUMENT, _FINDINGS = "TYPE", "DOCUMENT", "FINDINGS"
_SLOTS: Final = {VERSION_MARK.encode(): Slot.VERSION, OPERATION_MARK.encode(): Slot.OPERATION}


def fixed_texts(kind: RecordType, item: str, version: int, org: str, region: str) -> dict[str, str]:
    """Return what the gateway fills in itself, by element path: nobody types it and no column holds it."""
    texts = {
        Role.ITEM: item, Role.ITEM_VERSION: str(version), Role.ORGANISATION: org, Role.REGION: region,
        Role.VERSION: VERSION_MARK, Role.OPERATION: OPERATION_MARK,
    }  # fmt: skip
    return {kind.roles[role]: text for role, text in texts.items() if role in kind.roles}


def hosted_row(
    kind: RecordType, document: bytes, findings: Sequence[Finding], line: int, columns: Mapping[str, int]
) -> Row:
    """Return the row of a record as filled in; ``columns`` are those of its elements, ``findings`` those of its cells."""
    key = key_of(kind, document)
    row_id = key or f"{kind.code} row {line}"
    made = make_row(
        row_id,
        {_TYPE: kind.code, _DOCUMENT: document.decode(), _FINDINGS: to_json(findings) if findings else None},
    )
    return Row(made.row_id, made.values, made.raw, made.digest, None, None, RowSpot(line, dict(columns)))


def key_of(kind: RecordType, document: bytes) -> str | None:
    """Return the business key of a record as filled in, None where what makes it is missing."""
    try:
        payload = safexml.parse(_plain(document))
        key = read_standard_form(payload, kind, b"").draft.key
    except (RefusedDocument, ValueError):
        return None
    parts = key.split(":")[1:]
    return key if parts and all(part and part != "None" for part in parts) else None


class HostedMapper:
    """Makes the record that a row is; nothing is translated, as the template already speaks the standard."""

    asks = False

    def __init__(self, types: Mapping[str, RecordType], version: str) -> None:
        """Map records of ``types``; ``version`` names the dictionary that the templates are made of."""
        self._types = types
        self.version = version

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        """Ask for nothing."""
        return ()

    def map(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> Mapped:
        """Return the draft of a row, or its refusal with what was wrong in its cells."""
        kind = self._types[str(row.values[_TYPE])]
        document = str(row.values[_DOCUMENT]).encode()
        found = row.values.get(_FINDINGS)
        key = key_of(kind, document)
        if found or key is None:
            findings = from_json(str(found)) if found else ()
            return Mapped((), (Refused(tuple(findings), kind.code, key, None, _plain(document)),))
        return Mapped((_draft(kind, document),), ())


def _draft(kind: RecordType, document: bytes) -> Draft:
    payload = safexml.parse(_plain(document))
    told = read_standard_form(payload, kind, document)
    identity = hashlib.sha256(document).digest()
    return told.draft._replace(pieces=_pieces(safexml.canonical(safexml.parse(document))), identity=identity)


def _pieces(document: bytes) -> tuple[Piece, ...]:
    """Cut a document where the ledger fills in."""
    pieces: list[Piece] = []
    rest = document
    for mark, slot in sorted(_SLOTS.items(), key=lambda each: document.find(each[0])):
        before, found, rest = rest.partition(mark)
        pieces.append(before)
        if found:
            pieces.append(slot)
    return (*pieces, rest)


def _plain(document: bytes) -> bytes:
    return document.replace(VERSION_MARK.encode(), b"1").replace(OPERATION_MARK.encode(), b"C")


class HostedRows:
    """The rows of one workbook as a source; ``digest`` is that of the workbook."""

    kind = SourceKind.STATE
    consumes = True

    def __init__(self, name: str, digest: str, rows: Iterable[Row]) -> None:
        self.name = name
        self._digest = digest
        self._rows = tuple(rows)

    def check(self) -> tuple[Finding, ...]:
        """Return nothing: there is no system to look at."""
        return ()

    def window(self, floor: str | None) -> Window:
        """Return the one window there is: the workbook."""
        return Window(None, "")

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Return the next rows; a position in another workbook, which a dead upload left, begins this one anew."""
        digest, _, passed = ((after.row_id if after else None) or "").partition(":")
        start = int(passed) if digest == self._digest and passed else 0
        part = self._rows[start : start + size]
        end = start + len(part)
        return Page(part, Position(None, f"{self._digest}:{end}"), end < len(self._rows))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return None: every workbook is read whole."""
        return None

    def estimate(self, window: Window) -> int | None:
        """Return how many rows there are."""
        return len(self._rows)

    def close(self) -> None:
        """Do nothing."""
