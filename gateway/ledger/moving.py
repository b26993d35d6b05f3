# SPDX-License-Identifier: Apache-2.0
"""Moving a ledger from SQLite to PostgreSQL (台账搬迁): every row, compared by count and digest before it counts.

All or nothing: the new ledger is filled in one transaction. The old one is marked before and after, so that it can't be
written any more once the new one may be; what a crash leaves half done is finished, or begun anew, by the same command.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, delete, func, insert, select

from gateway.errors import RefusedByGate
from gateway.ledger.backup import set_sequences
from gateway.ledger.batches import upsert_rows
from gateway.ledger.tables import metadata, site
from gateway.ledger.worker_tables import worker
from gateway.model.words import Words

MOVED_TO: Final = "moved-to"
MOVED_FROM: Final = "moved-from"
_ROWS: Final = 2000
_LEFT_OUT: Final = frozenset({worker.name})
"""Who works on the old ledger does not work on the new one: what it held is asked about at the next start."""


class NotMovable(RefusedByGate):
    """The ledger can't be moved there."""

    code = "GW-751"
    summary = Words("台账不能搬到那里", "the ledger can't be moved there")
    advice = Words(
        "目标须是空的 PostgreSQL 台账;反方向用备份和恢复",
        "the target must be an empty ledger on PostgreSQL; for the way back use backup and restore",
    )


class NotTheSame(RefusedByGate):
    """What arrived is not what was sent; nothing was kept of it."""

    code = "GW-752"
    summary = Words(
        "搬过去的与原来的不一致,已全部撤销", "what arrived differs from what was sent, all of it was undone"
    )
    advice = Words("原台账未动;查目标库后重新执行", "the old ledger is untouched; look at the target and run it again")


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of one table, and the sum of their SHA-256 modulo 2^256 (order does not matter)."""

    table: str
    rows: int
    digest: str


class _Sum:
    def __init__(self) -> None:
        self.rows = self._total = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self.rows += 1
            text = "\x1f".join(map(_text, row)).encode("utf-8", "surrogatepass")
            self._total += int.from_bytes(hashlib.sha256(text).digest(), "big")

    def counted(self, table: Table) -> Counted:
        return Counted(table.name, self.rows, f"{self._total % (1 << 256):064x}")


def _text(value: Any) -> str:
    """Return a value as both databases give it back."""
    if value is None:
        return "\x00"
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(int(value)) if isinstance(value, bool) else str(value)


def tables() -> list[Table]:
    """Return the tables that move, in an order in which they can be filled."""
    return [table for table in metadata.sorted_tables if table.name not in _LEFT_OUT]


def _rows(table: Table) -> Select[Any]:
    """Return the question for the rows that move; the marks of a move stay where they are."""
    question = select(table)
    return question.where(site.c.name.not_in([MOVED_TO, MOVED_FROM])) if table is site else question


def _streamed(connection: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """Yield the rows that move, in parts."""
    yield from connection.execute(_rows(table), execution_options={"yield_per": _ROWS}).partitions()


def sizes(connection: Connection) -> dict[str, int]:
    """Count the rows of every table that moves."""
    return {
        each.name: int(connection.execute(select(func.count()).select_from(each)).scalar_one()) for each in tables()
    }


def is_empty(connection: Connection) -> bool:
    """Tell whether a ledger holds nothing yet."""
    return all(connection.execute(select(table).limit(1)).first() is None for table in metadata.sorted_tables)


def mark(connection: Connection, to: str, token: str, state: str) -> None:
    """Write into the old ledger where it moves; ``state`` is ``moving`` or ``moved``."""
    value = json.dumps({"to": to, "token": token, "state": state}, ensure_ascii=False)
    upsert_rows(connection, site, ("name", "value"), [(MOVED_TO, value)], replaced=("value",))


def marked(connection: Connection) -> dict[str, str] | None:
    """Return where a ledger moves or has moved; None for one that stays."""
    value = connection.execute(select(site.c.value).where(site.c.name == MOVED_TO)).scalar()
    return None if value is None else dict(json.loads(value))


def unmark(connection: Connection) -> None:
    """Let a ledger that was not moved after all be written again."""
    connection.execute(delete(site).where(site.c.name == MOVED_TO))


def arrived(connection: Connection, token: str) -> bool:
    """Tell whether a ledger is what the move with this token made."""
    return connection.execute(select(site.c.value).where(site.c.name == MOVED_FROM)).scalar() == token


def move(
    old: Connection, new: Connection, token: str, advance: Callable[[int], None] = lambda _rows: None
) -> list[Counted]:
    """Fill an empty ledger inside the caller's transaction, then read it back and compare; return what was moved.

    Raises NotMovable where it is not empty, NotTheSame where a table differs by count or digest.
    """
    if not is_empty(new):
        raise NotMovable(Words("目标台账不是空的", "the target ledger is not empty").en)
    sent = [_copy(old, new, table, advance) for table in tables()]
    set_sequences(new)
    for each, table in zip(sent, tables(), strict=True):
        found = _summed(new, table)
        if found != each:
            raise NotTheSame(f"{each.table}: {each.rows} {each.digest[:16]} != {found.rows} {found.digest[:16]}")
    upsert_rows(new, site, ("name", "value"), [(MOVED_FROM, token)], replaced=("value",))
    return sent


def _copy(old: Connection, new: Connection, table: Table, advance: Callable[[int], None]) -> Counted:
    total = _Sum()
    for rows in _streamed(old, table):
        total.add(rows)
        new.execute(insert(table), [row._asdict() for row in rows])
        advance(len(rows))
    return total.counted(table)


def _summed(connection: Connection, table: Table) -> Counted:
    total = _Sum()
    for rows in _streamed(connection, table):
        total.add(rows)
    return total.counted(table)
