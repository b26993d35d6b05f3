# SPDX-License-Identifier: Apache-2.0
"""Heads of keys: read for update once per chunk, folded in memory, written back once (ledger.md B10, B16)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from gateway.ledger.batches import among, insert_rows, listed, update_rows
from gateway.ledger.tables import record_key
from gateway.semantics.order import type_of
from gateway.semantics.versions import Head

_NEW = (
    "key", "type", "version", "record_id", "identity", "withdrawal", "order_token", "source_id", "row_id",
    "several_rows", "lane", "case_no", "withdrawn", "accepted", "order_key",
)  # fmt: skip
_CHANGING = (
    "version", "record_id", "identity", "withdrawal", "order_token", "source_id", "row_id", "several_rows", "lane",
    "case_no", "withdrawn", "accepted", "order_key",
)  # fmt: skip


@dataclass(slots=True)
class Held:
    """The head of one key with what belongs to it in the ledger; ``head`` None means that the key is new.

    ``accepted`` tells whether the key has passed the gate of its case (B9): a correction of it need not wait again.
    """

    key: str
    type: str
    head: Head | None = None
    record_id: int | None = None
    lane: str = ""
    case_no: str | None = None
    order_key: str = ""
    accepted: bool = False
    stored: bool = False
    changed: bool = False


class Heads:
    """The heads that one chunk touches."""

    def __init__(self, connection: Connection, keys: Iterable[str]) -> None:
        """Read the heads of ``keys``, locking them in sorted order."""
        self._held: dict[str, Held] = {}
        dialect = connection.dialect.name
        wanted = sorted(set(keys))
        if wanted:
            rows = connection.execute(_by_key(dialect), {"among": listed(dialect, wanted)})
            self._held.update((row.key, _read(row)) for row in rows)

    def of(self, key: str) -> Held:
        """Return the head of ``key``, a blank one where nothing is held."""
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = Held(key, type_of(key))
        return held

    def cases(self) -> set[str]:
        """Return the cases of what is held."""
        return {held.case_no for held in self._held.values() if held.case_no is not None}

    def write(self, connection: Connection) -> None:
        """Store new heads, and those that changed."""
        touched = [each for each in self._held.values() if each.changed]
        insert_rows(connection, record_key, _NEW, [_inserted(each) for each in touched if not each.stored])
        update_rows(connection, record_key, "key", _CHANGING, [_updated(each) for each in touched if each.stored])


@lru_cache
def _by_key(dialect: str) -> Select[Any]:
    return select(record_key).where(among(dialect, record_key.c.key)).order_by(record_key.c.key).with_for_update()


def _read(row: Row[tuple[object, ...]]) -> Held:
    head = Head(
        row.version, row.identity, row.withdrawal, row.withdrawn, row.order_token, row.source_id, row.row_id,
        row.several_rows,
    )  # fmt: skip
    return Held(row.key, row.type, head, row.record_id, row.lane, row.case_no, row.order_key, row.accepted, stored=True)


def _head(held: Held) -> Head:
    if held.head is None:
        raise AssertionError(held.key)
    return held.head


def _inserted(held: Held) -> tuple[object, ...]:
    head = _head(held)
    return (
        held.key, held.type, head.version, held.record_id, head.identity, head.withdrawal, head.order_token,
        head.source_id, head.row_id, head.several_rows, held.lane, held.case_no, head.withdrawn, held.accepted,
        held.order_key,
    )  # fmt: skip


def _updated(held: Held) -> tuple[object, ...]:
    head = _head(held)
    return (
        head.version, held.record_id, head.identity, head.withdrawal, head.order_token, head.source_id, head.row_id,
        head.several_rows, held.lane, held.case_no, head.withdrawn, held.accepted, held.order_key, held.key,
    )  # fmt: skip
