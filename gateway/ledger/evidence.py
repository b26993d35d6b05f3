# SPDX-License-Identifier: Apache-2.0
"""Evidence (存证): what a transaction writes for ever is hashed into one leaf, leaves are sealed into a chain (B29).

Only columns that never change are hashed. A row that retention takes away, or whose payload it moves, is stated anew by
the transaction that does so: the last statement about a row holds. An unkeyed chain proves nothing against somebody who
computes it anew; a head that was exported before, or a signature, does.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, event, func, insert, select, text, update

from gateway.ledger.batches import in_parts, insert_rows, upsert_rows
from gateway.ledger.evidence_tables import leaf, seal
from gateway.ledger.received_tables import received_package
from gateway.ledger.tables import attempt, package, record, refusal, segment, site

SIZE: Final = 16
"""Bytes kept of the SHA-256 of each row."""

GONE: Final = bytes(SIZE)
"""Stands for a row that retention has taken away."""

HEAD: Final = "evidence-head"
BEGINNING: Final = bytes(32)
SEAL_EVERY: Final = 1_000_000
"""Microseconds after which a transaction seals what stands open."""
_MOST: Final = 1000
_SEALING: Final = 0x65766964  # any number that nobody else in this database uses
_KEY: Final = "gateway-evidence"
_CHANGING: Final[Mapping[str, frozenset[str]]] = {
    "record": frozenset({"state", "accepted_at"}),
    "refusal": frozenset({"superseded"}),
}
_OF_PACKAGE: Final = ("package_id", "destination_id", "stream_id", "seq", "created_at", "records", "body_digest")

Runs = list[list[int]]
Sign = Callable[[bytes], str]


def _columns(table: Table) -> tuple[str, ...]:
    if table is package:
        return _OF_PACKAGE
    key = next(iter(table.primary_key)).name
    left_out = _CHANGING.get(table.name, frozenset()) | {key}
    return tuple(column.name for column in table.c if column.name not in left_out)


CHAINED: Final[Mapping[str, tuple[Table, tuple[str, ...]]]] = {
    table.name: (table, _columns(table)) for table in (record, segment, refusal, package, attempt, received_package)
}
"""The tables under evidence, each with the columns that are hashed, in this order."""


def incarnation_of(connection: Connection) -> int:
    """Return how often these books were restored from a backup, plus one (T5)."""
    found = connection.execute(select(site.c.value).where(site.c.name == "incarnation")).scalar()
    return int(found or 1)


class Leaf:
    """What one transaction has written so far; a savepoint that is rolled back takes what came after it along."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, int, bytes]] = []
        self._marks: list[int] = []

    def mark(self) -> None:
        """A savepoint begins."""
        self._marks.append(len(self.statements))

    def back(self) -> None:
        """The innermost savepoint is rolled back."""
        del self.statements[self._marks.pop() :]

    def keep(self) -> None:
        """The innermost savepoint is released."""
        self._marks.pop()


def attend(engine: Engine) -> None:
    """Let leaves follow the savepoints of an engine's connections."""
    for name, method in (("savepoint", Leaf.mark), ("rollback_savepoint", Leaf.back), ("release_savepoint", Leaf.keep)):
        event.listen(engine, name, _following(method))


def _following(method: Callable[[Leaf], None]) -> Callable[..., None]:
    def follow(connection: Connection, *_names: Any) -> None:
        opened = connection.info.get(_KEY)
        if opened is not None:
            method(opened)

    return follow


class Evidence:
    """Keeps the chain of one open ledger: a leaf with each transaction, a seal with one of them a second."""

    def __init__(self) -> None:
        """Begin without a key: ``sign`` is set by whoever has one; until then seals are unsigned."""
        self.sign: Sign | None = None
        self._sealed_at = 0

    def begin(self, connection: Connection) -> None:
        """Open the leaf of a write transaction."""
        connection.info[_KEY] = Leaf()

    def end(self, connection: Connection, now: Callable[[], int]) -> None:
        """Write the leaf before the commit, and seal what stands open where a second has passed."""
        opened: Leaf | None = connection.info.pop(_KEY, None)
        if opened is None or not opened.statements:
            return
        _write(connection, opened, at := now())
        if abs(at - self._sealed_at) >= SEAL_EVERY:
            self.seal(connection, at)

    def seal(self, connection: Connection, now: int) -> int:
        """Seal what stands open inside the caller's transaction; return how many leaves that were."""
        self._sealed_at = now
        return seal_open(connection, now, self.sign)


def state_rows(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """State rows that were written just now; ``columns`` names their values, the primary key among them."""
    opened: Leaf | None = connection.info.get(_KEY)
    if opened is None:
        return
    name, (number, chosen), sha256 = table.name, _pickers(table, columns), hashlib.sha256
    opened.statements += [(name, number(row), sha256(ascii(chosen(row)).encode()).digest()[:SIZE]) for row in rows]


@lru_cache
def _pickers(table: Table, columns: tuple[str, ...]) -> tuple[Callable[[Any], int], Callable[[Any], tuple[Any, ...]]]:
    key = next(iter(table.primary_key)).name
    _table, chained = CHAINED[table.name]
    return itemgetter(columns.index(key)), itemgetter(*(columns.index(each) for each in chained))


def state_row(connection: Connection, table: Table, number: int, values: Mapping[str, Any]) -> None:
    """State one row that was written just now under ``number``; columns not in ``values`` are empty."""
    opened: Leaf | None = connection.info.get(_KEY)
    if opened is not None:
        _table, chained = CHAINED[table.name]
        opened.statements.append((table.name, number, row_digest(table, tuple(values.get(name) for name in chained))))


def state_gone(connection: Connection, table: Table, numbers: Iterable[int]) -> None:
    """State that rows are taken away by right."""
    opened: Leaf | None = connection.info.get(_KEY)
    if opened is not None:
        opened.statements += [(table.name, number, GONE) for number in numbers]


def state_again(connection: Connection, table: Table, numbers: Iterable[int]) -> None:
    """State rows anew that were changed by right."""
    opened: Leaf | None = connection.info.get(_KEY)
    _table, chained = CHAINED[table.name]
    key = next(iter(table.primary_key))
    for part in in_parts(sorted(numbers) if opened is not None else []):
        rows = connection.execute(select(key, *(table.c[name] for name in chained)).where(key.in_(part)))
        opened.statements += [(table.name, row[0], row_digest(table, tuple(row)[1:])) for row in rows]  # type: ignore[union-attr]


def row_digest(table: Table, values: tuple[Any, ...]) -> bytes:
    """Return the digest of a row from the values of its chained columns; a payload goes in as its own digest."""
    if table is segment:
        values = (*values[:-1], hashlib.sha256(values[-1]).digest())
    return hashlib.sha256(ascii(values).encode()).digest()[:SIZE]


def _write(connection: Connection, opened: Leaf, now: int) -> None:
    by_table: dict[str, dict[int, bytes]] = {}
    for name, number, digest in opened.statements:
        by_table.setdefault(name, {})[number] = digest
    rows, digests = {}, []
    for name, stated in by_table.items():
        numbers = sorted(stated)
        rows[name] = runs_of(numbers)
        digests += [stated[number] for number in numbers]
    written = json.dumps(rows, separators=(",", ":"))
    blob = b"".join(digests)
    insert_rows(
        connection, leaf, ("at", "rows", "digests", "digest"), [(now, written, blob, leaf_digest(now, written, blob))]
    )


def leaf_digest(at: int, rows: str, digests: bytes) -> bytes:
    """Return the digest of a leaf."""
    return hashlib.sha256(b"leaf\n%d\n%s\n" % (at, rows.encode()) + digests).digest()


def runs_of(numbers: Sequence[int]) -> Runs:
    """Write sorted numbers as runs: ``[first, count]``."""
    runs: Runs = []
    for number in numbers:
        if runs and number == runs[-1][0] + runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
    return runs


def numbers_of(runs: Iterable[Sequence[int]]) -> list[int]:
    """Return the numbers of runs."""
    return [number for first, count in runs for number in range(first, first + count)]


def seal_open(connection: Connection, now: int, sign: Sign | None) -> int:
    """Seal the leaves that stand open inside the caller's transaction; return how many there were.

    Only one process seals at a time; another one leaves it be.
    """
    if connection.dialect.name == "postgresql":
        mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": _SEALING}).scalar_one()
        if not mine:
            return 0
    sealed, incarnation = 0, incarnation_of(connection)
    while leaves := connection.execute(_OPEN).all():
        _seal(connection, leaves, now, incarnation, sign)
        sealed += len(leaves)
        if len(leaves) < _MOST:
            break
    return sealed


_OPEN = select(leaf.c.id, leaf.c.digest).where(leaf.c.seal_no.is_(None)).order_by(leaf.c.id).limit(_MOST)


def _seal(connection: Connection, leaves: Sequence[Any], now: int, incarnation: int, sign: Sign | None) -> None:
    before = last(connection)
    no, numbers = before[0] + 1, [each.id for each in leaves]
    listed, digests = json.dumps(runs_of(numbers), separators=(",", ":")), b"".join(each.digest for each in leaves)
    head = seal_head(before[1], (no, now, incarnation), listed, digests)
    signature = None if sign is None else sign(signed_text(no, head))
    connection.execute(
        insert(seal).values(
            no=no, at=now, incarnation=incarnation, leaves=listed, digests=digests, head=head, signature=signature
        )
    )
    for part in in_parts(numbers):
        connection.execute(update(leaf).where(leaf.c.id.in_(part)).values(seal_no=no))
    upsert_rows(connection, site, ("name", "value"), [(HEAD, f"{no}:{head.hex()}")], replaced=("value",))


def seal_head(before: bytes, place: tuple[int, int, int], leaves: str, digests: bytes) -> bytes:
    """Return the head after a seal: ``place`` is its number, time and incarnation."""
    return hashlib.sha256(before + b"\nseal\n%d\n%d\n%d\n%s\n" % (*place, leaves.encode()) + digests).digest()


def signed_text(no: int, head: bytes) -> bytes:
    """Return what is signed of a seal."""
    return b"power-exchange-gateway evidence\n%d\n%s\n" % (no, head.hex().encode())


def last(connection: Connection) -> tuple[int, bytes]:
    """Return number and head of the last seal; 0 and zeros before the first."""
    found = connection.execute(select(seal.c.no, seal.c.head).order_by(seal.c.no.desc()).limit(1)).first()
    return (0, BEGINNING) if found is None else (int(found.no), bytes(found.head))


def anything_open(connection: Connection) -> bool:
    """Tell whether leaves stand unsealed."""
    return bool(connection.execute(select(func.count()).select_from(_OPEN.limit(1).subquery())).scalar_one())


def exported(connection: Connection) -> dict[str, Any] | None:
    """Return the last seal as it is exported: number, time, head and signature; None before the first."""
    found = connection.execute(
        select(seal.c.no, seal.c.at, seal.c.head, seal.c.signature).order_by(seal.c.no.desc()).limit(1)
    ).first()
    return None if found is None else {**found._mapping, "head": bytes(found.head).hex()}
