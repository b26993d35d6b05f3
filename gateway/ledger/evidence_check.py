# SPDX-License-Identifier: Apache-2.0
"""Checking the evidence chain: every row against its leaf, every leaf against its seal, every seal against the next (B29).

Named are rows that were altered, removed, moved (they hold what stood at another place) or inserted, leaves and seals
of which this holds, signatures that don't hold, and an exported head that the chain doesn't lead through any more.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, Table, bindparam, func, select, text

from gateway.ledger.batches import in_parts
from gateway.ledger.evidence import (
    BEGINNING,
    CHAINED,
    GONE,
    HEAD,
    SIZE,
    leaf_digest,
    numbers_of,
    row_digest,
    seal_head,
    signed_text,
)
from gateway.ledger.evidence_tables import leaf, seal
from gateway.ledger.tables import site

ALTERED: Final = "altered"
REMOVED: Final = "removed"
MOVED: Final = "moved"
INSERTED: Final = "inserted"
FORGED: Final = "forged"
MISSING: Final = "missing"

Holds = Callable[[bytes, str], bool]
"""Tells whether a signature over these bytes is the gateway's."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written: ``what`` is altered, removed, moved, inserted, forged or missing."""

    what: str
    table: str
    number: int
    came_from: int | None = None
    """Of a moved row: the number under which its content was written."""


@dataclass(slots=True)
class Checked:
    """What a check came to. ``first`` is the first wrong row in the order in which rows were written."""

    rows: int = 0
    leaves: int = 0
    seals: int = 0
    unsealed: int = 0
    unsigned: int = 0
    pruned: int = 0
    faults: list[Fault] = field(default_factory=list)
    head: str = BEGINNING.hex()
    met: bool = True
    """Whether the chain leads through the exported head."""

    @property
    def first(self) -> Fault | None:
        """Return the first fault of a row, else the first at all."""
        return next((each for each in self.faults if each.table in CHAINED), next(iter(self.faults), None))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A row that is not as its last statement says: what was written, and what stands there (None: nothing)."""

    wanted: bytes
    found: bytes | None


def steady(connection: Connection) -> None:
    """Let a transaction that has just begun see one state of the ledger to its end, whoever writes meanwhile."""
    if connection.dialect.name == "postgresql":  # SQLite's see nothing else
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def expected(connection: Connection) -> int:
    """Return how many leaves there are to check."""
    return int(connection.execute(select(func.count()).select_from(leaf)).scalar_one())


def check(
    connection: Connection,
    holds: Holds | None = None,
    exported: str | None = None,
    advance: Callable[[int], None] = lambda _leaves: None,
) -> Checked:
    """Check the whole ledger as it stands now; ``exported`` is a head noted earlier, ``advance`` hears of leaves done."""
    return _Check(connection, holds, exported, advance).run()


def _between(table: Table, columns: tuple[str, ...]) -> Select[Any]:
    key = _key(table)
    chosen = [key, *(table.c[each] for each in columns)]
    return select(*chosen).where(key >= bindparam("first"), key < bindparam("end"))


def _key(table: Table) -> Column[Any]:
    return next(iter(table.primary_key))


_BETWEEN: Final = {name: _between(table, columns) for name, (table, columns) in CHAINED.items()}


@dataclass
class _Check:
    connection: Connection
    holds: Holds | None
    exported: str | None
    advance: Callable[[int], None]
    checked: Checked = field(default_factory=Checked)
    wrong: dict[tuple[str, int], _Wrong] = field(default_factory=dict)
    stated: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {name: [] for name in CHAINED})
    sealed: dict[int, int] = field(default_factory=dict)

    def run(self) -> Checked:
        self._seals()
        self._leaves()
        faults = [*self._rows(), *self._inserted()]
        self.checked.faults[:0] = faults
        return self.checked

    # -- the chain

    def _seals(self) -> None:
        """Follow the chain from its beginning; what a seal says of its leaves is checked here as well."""
        before, wanted, met = BEGINNING, 1, self.exported is None
        for row in self.connection.execute(select(seal).order_by(seal.c.no)).yield_per(100):
            for missing in range(wanted, row.no):
                self._fault(REMOVED, seal.name, missing)
            wanted = row.no + 1
            head = seal_head(before, (row.no, row.at, row.incarnation), row.leaves, row.digests)
            if head != row.head:
                self._fault(ALTERED, seal.name, row.no)
            self._signature(row)
            before = bytes(row.head)
            met = met or before.hex() == self.exported
            self.checked.seals += 1
            self._leaves_of(row)
        self.checked.head, self.checked.met = before.hex(), met
        told = self.connection.execute(select(site.c.value).where(site.c.name == HEAD)).scalar()
        if told is not None and told != f"{wanted - 1}:{before.hex()}":
            self._fault(REMOVED, seal.name, int(told.partition(":")[0]))
        if not met:
            self._fault(MISSING, "exported-head", 0)

    def _signature(self, row: Any) -> None:
        if row.signature is None:
            self.checked.unsigned += 1
        elif self.holds is not None and not self.holds(signed_text(row.no, row.head), row.signature):
            self._fault(FORGED, seal.name, row.no)

    def _leaves_of(self, row: Any) -> None:
        numbers = numbers_of(json.loads(row.leaves))
        wanted = {number: row.digests[at * 32 : at * 32 + 32] for at, number in enumerate(numbers)}
        found: dict[int, bytes] = {}
        for part in in_parts(numbers):
            asked = select(leaf.c.id, leaf.c.digest).where(leaf.c.id.in_(part))
            found.update({number: bytes(digest) for number, digest in self.connection.execute(asked)})
        places = {digest: number for number, digest in wanted.items()}
        for number, digest in wanted.items():
            self.sealed[number] = row.no
            there = found.get(number)
            if there is None:
                self._fault(REMOVED, leaf.name, number)
            elif there != digest:
                came_from = places.get(there)
                self._fault(ALTERED if came_from is None else MOVED, leaf.name, number, came_from)

    def _fault(self, what: str, table: str, number: int, came_from: int | None = None) -> None:
        self.checked.faults.append(Fault(what, table, number, came_from))

    # -- the rows

    def _leaves(self) -> None:
        for row in self.connection.execute(select(leaf).order_by(leaf.c.id)).yield_per(50):
            if row.digest != leaf_digest(row.at, row.rows, row.digests):
                self._fault(ALTERED, leaf.name, row.id)
            self.checked.leaves += 1
            self.checked.unsealed += self.sealed.pop(row.id, None) is None
            at = 0
            for name, runs in json.loads(row.rows).items():
                for first, count in runs:
                    digests = row.digests[at * SIZE : (at + count) * SIZE]
                    self._run(name, first, count, digests)
                    at += count
            self.advance(1)

    def _run(self, name: str, first: int, count: int, digests: bytes) -> None:
        """Check a run of rows; what is wrong may still be stated anew by a later leaf."""
        table = CHAINED[name][0]
        self.stated[name].append((first, first + count))
        rows = self.connection.execute(_BETWEEN[name], {"first": first, "end": first + count})
        there = {row[0]: row_digest(table, tuple(row)[1:]) for row in rows}
        for number in range(first, first + count):
            at = (number - first) * SIZE
            wanted, found = digests[at : at + SIZE], there.get(number)
            self.checked.rows += 1
            if found == wanted or (found is None and wanted == GONE):
                self.checked.pruned += wanted == GONE
                self.wrong.pop((name, number), None)
            else:
                self.wrong[name, number] = _Wrong(wanted, found)

    def _rows(self) -> Iterator[Fault]:
        written: dict[tuple[str, bytes], int] = {
            (name, each.wanted): number for (name, number), each in self.wrong.items()
        }
        for (name, number), each in self.wrong.items():
            if each.found is None:
                yield Fault(REMOVED, name, number)
                continue
            came_from = written.get((name, each.found))
            yield Fault(ALTERED if came_from is None else MOVED, name, number, came_from)

    def _inserted(self) -> Iterator[Fault]:
        """Name the rows that no leaf speaks of."""
        for name, (table, _columns) in CHAINED.items():
            key = _key(table)
            after = -(2**62)
            for first, end in [*sorted(self.stated[name]), (2**62, 2**62)]:
                if first > after:
                    asked = select(key).where(key >= after, key < first).order_by(key)
                    yield from (Fault(INSERTED, name, number) for number in self.connection.execute(asked).scalars())
                after = max(after, end)
