# SPDX-License-Identifier: Apache-2.0
"""Packages fetched from a department: which of its records were seen before, and which receipts it is still owed (B2, B17)."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from gateway.ledger.batches import upsert_rows
from gateway.ledger.row_memory import remembered
from gateway.ledger.source_tables import owed_receipt
from gateway.ledger.tables import row_memory

if TYPE_CHECKING:
    from gateway.ledger.receiving import Arrived

_MEMORY_COLUMNS = ("source_id", "row_id", "digest", "keys")


class Owed(NamedTuple):
    """A receipt that a department has not heard; ``put``: digest of what it heard while records still waited."""

    receipt_no: int
    package_id: str
    put: str | None


def row_of(key: str, version: int) -> str:
    """Return the row id under which row memory knows a record of a department: each version is one of its own."""
    return f"{key} v{version}"


def digest_of(record_id: str) -> bytes:
    """Return what row memory keeps of a record: its recordId stands for type, key, version and content."""
    return hashlib.sha256(record_id.encode()).digest()


def remember(connection: Connection, source_id: int, records: Iterable["Arrived"]) -> None:
    """Note records that need not be looked at when the department shows them again."""
    rows = {row_of(each.key, each.version): each for each in records}
    upsert_rows(
        connection, row_memory, _MEMORY_COLUMNS,
        [(source_id, row_id, digest_of(each.record_id), each.key) for row_id, each in rows.items()],
        replaced=("digest", "keys"),
    )  # fmt: skip


def seen(connection: Connection, source_id: int, records: Sequence[tuple[str, int, str]]) -> set[str]:
    """Return the recordIds, of records given as (key, version, recordId), that were seen before."""
    rows = {row_of(key, version): record_id for key, version, record_id in records}
    known = remembered(connection, source_id, rows)
    return {rows[row_id] for row_id, each in known.items() if each.digest == digest_of(rows[row_id])}


def versions_seen(connection: Connection, source_id: int, shown: Sequence[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of these (key, version) that were seen before, whatever became of them."""
    rows = {row_of(key, version): (key, version) for key, version in shown}
    return {rows[row_id] for row_id in remembered(connection, source_id, rows)}


def owe(connection: Connection, receipt_no: int, source_id: int, package_id: str) -> None:
    """Note that a department is owed a receipt; it stands or falls with the package."""
    connection.execute(
        insert(owed_receipt).values(receipt_no=receipt_no, source_id=source_id, package_id=package_id, attempts=0)
    )


def pending(connection: Connection, source_id: int, after: int, most: int = 100) -> list[Owed]:
    """Return receipts that a department is owed, in the order of their numbers."""
    rows = connection.execute(
        select(owed_receipt.c.receipt_no, owed_receipt.c.package_id, owed_receipt.c.put)
        .where(owed_receipt.c.source_id == source_id, owed_receipt.c.receipt_no > after)
        .order_by(owed_receipt.c.receipt_no)
        .limit(most)
    )
    return [Owed(*row) for row in rows]


def heard(connection: Connection, receipt_no: int, waits: str | None) -> None:
    """Strike a receipt off; where records of it wait it stays, with the digest of what was put."""
    where = owed_receipt.c.receipt_no == receipt_no
    if waits is None:
        connection.execute(delete(owed_receipt).where(where))
    else:
        connection.execute(update(owed_receipt).where(where).values(put=waits, error=None))


def not_heard(connection: Connection, receipt_no: int, error: str) -> None:
    """Note why a receipt could not be put; it stays."""
    connection.execute(
        update(owed_receipt)
        .where(owed_receipt.c.receipt_no == receipt_no)
        .values(attempts=owed_receipt.c.attempts + 1, error=error[:500])
    )
