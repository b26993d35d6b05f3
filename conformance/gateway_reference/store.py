# SPDX-License-Identifier: Apache-2.0
"""What a reference system holds: one SQLite file, every commit on disk before the answer (synchronous=FULL)."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "system.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS package (
  receipt_no INTEGER PRIMARY KEY, package_id TEXT NOT NULL, sender TEXT NOT NULL, body_digest TEXT NOT NULL,
  received_at TEXT NOT NULL, stream_id TEXT NOT NULL, package_seq INTEGER NOT NULL, code TEXT NOT NULL,
  records INTEGER NOT NULL, receipt BLOB, document BLOB);
CREATE INDEX IF NOT EXISTS package_id ON package (package_id);
CREATE TABLE IF NOT EXISTS record (
  received INTEGER PRIMARY KEY AUTOINCREMENT, receipt_no INTEGER NOT NULL, record_id TEXT NOT NULL, type TEXT NOT NULL,
  key TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, sender TEXT NOT NULL, org TEXT NOT NULL,
  lane TEXT NOT NULL, item TEXT NOT NULL, operation TEXT NOT NULL, day TEXT NOT NULL, received_at TEXT NOT NULL,
  head INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS record_key ON record (key);
CREATE INDEX IF NOT EXISTS record_id ON record (record_id);
CREATE INDEX IF NOT EXISTS record_day ON record (day) WHERE head;
CREATE TABLE IF NOT EXISTS notice (
  number INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, at TEXT NOT NULL, record_id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, payload BLOB NOT NULL, acknowledged_at TEXT);
CREATE TABLE IF NOT EXISTS fault (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, rule INTEGER NOT NULL, operation TEXT NOT NULL,
  action TEXT NOT NULL, package_id TEXT, detail TEXT);
CREATE TABLE IF NOT EXISTS stats (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

_RECORD = (
    "INSERT INTO record (receipt_no, record_id, type, key, version, digest, sender, org, lane, item, operation, day,"
    " received_at, head) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a key that is held."""

    version: int
    digest: str
    type: str
    received_at: str
    receipt_no: int


@dataclass(frozen=True, slots=True)
class KnownPackage:
    """A package that was taken before; ``receipt`` is None when it is no longer retained."""

    body_digest: str
    receipt: bytes | None


class Store:
    """One writer, many readers; each reader has its own connection and sees only what is committed."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self._write = threading.Lock()
        self._local = threading.local()
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._writer = self._connect()
        self._writer.executescript(_SCHEMA)
        self._writer.execute("INSERT OR IGNORE INTO meta VALUES ('incarnation', '1')")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _reader(self) -> sqlite3.Connection:
        found = getattr(self._local, "connection", None)
        if not isinstance(found, sqlite3.Connection):
            found = self._connect()
            self._local.connection = found
        return found

    def release(self) -> None:
        """Close the calling thread's reading connection."""
        found = getattr(self._local, "connection", None)
        if isinstance(found, sqlite3.Connection):
            found.close()
            self._local.connection = None

    @property
    def incarnation(self) -> int:
        """Times this storage has been restored, from 1."""
        return int(self._writer.execute("SELECT value FROM meta WHERE name='incarnation'").fetchone()[0])

    def remember(self, name: str, value: str) -> None:
        """Write a fact about the system itself (its code, its kind)."""
        with self._write:
            self._writer.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def count(self, *names: str) -> None:
        """Add one to counters; they reach the disk with the next package, fault or flush."""
        with self._counting:
            self._counts.update(names)

    def flush(self) -> None:
        """Write the counters down when they have moved."""
        if self._counts:
            with self.transaction():
                pass

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the one writer from BEGIN to a durable COMMIT; counters ride along."""
        with self._write:
            counts: Counter[str] = Counter()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                with self._counting:
                    counts, self._counts = self._counts, Counter()
                self._writer.executemany(
                    "INSERT INTO stats VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                    list(counts.items()),
                )
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                with self._counting:
                    self._counts.update(counts)
                raise

    def known(self, package_id: str, sender: str) -> KnownPackage | None:
        """Return a package taken before, not one refused whole; of several with one id the first."""
        found = (
            self._reader()
            .execute(
                "SELECT body_digest, receipt FROM package WHERE package_id=? AND sender=? AND code='0000' ORDER BY receipt_no LIMIT 1",
                (package_id, sender),
            )
            .fetchone()
        )
        return KnownPackage(found[0], found[1]) if found else None

    def receipt_of_record(self, record_id: str, sender: str) -> KnownPackage | None:
        """Return the package that first stored a record."""
        found = (
            self._reader()
            .execute(
                "SELECT p.body_digest, p.receipt FROM record r JOIN package p USING (receipt_no)"
                " WHERE r.record_id=? AND r.sender=? ORDER BY r.received LIMIT 1",
                (record_id, sender),
            )
            .fetchone()
        )
        return KnownPackage(found[0], found[1]) if found else None

    def through(self) -> int:
        """Return the highest receiptNo committed."""
        return int(self._reader().execute("SELECT coalesce(max(receipt_no), 0) FROM package").fetchone()[0])

    def heads(
        self, sender: str, *, day: str | None, org: str | None, after: int = 0, limit: int = -1
    ) -> tuple[int, list[tuple[Any, ...]]]:
        """Return throughReceiptNo and the heads of a sender's keys in order of arrival, from one read.

        Rows: received, type, key, version, operation, digest, receipt_no, org, item. A naive system has a row for
        every time a record came.
        """
        where, values = ["head", "sender=?", "received>?"], [sender, after]
        for column, value in (("day", day), ("org", org)):
            if value is not None:
                where.append(f"{column}=?")
                values.append(value)
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            through = self.through()
            query = (
                "SELECT received, type, key, version, operation, digest, receipt_no, org, item FROM record"  # noqa: S608
                f" WHERE {' AND '.join(where)} ORDER BY received LIMIT ?"
            )
            rows = connection.execute(query, (*values, limit)).fetchall()
        finally:
            connection.execute("COMMIT")
        return through, rows

    def notices(self, receiver: str, after: int, since: str, limit: int) -> list[tuple[Any, ...]]:
        """Return a receiver's notices that it has not acknowledged yet: number, record_id, key, version, digest, payload."""
        return (
            self._reader()
            .execute(
                "SELECT number, record_id, key, version, digest, payload FROM notice WHERE receiver=? AND number>?"
                " AND at>=? AND acknowledged_at IS NULL ORDER BY number LIMIT ?",
                (receiver, after, since, limit),
            )
            .fetchall()
        )

    def give(self, receiver: str, at: str, record: tuple[str, str, int, str, bytes]) -> None:
        """Put a notice up for its receiver, or put it up again: recordId, key, version, digest, payload."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO notice (receiver, at, record_id, key, version, digest, payload) VALUES (?,?,?,?,?,?,?)"
                " ON CONFLICT (record_id) DO UPDATE SET acknowledged_at=NULL",
                (receiver, at, *record),
            )

    def acknowledge(self, receiver: str, record_ids: Sequence[str], at: str) -> int:
        """Mark notices as received by their receiver; returns how many were open."""
        with self.transaction() as connection:
            return sum(
                connection.execute(
                    "UPDATE notice SET acknowledged_at=? WHERE receiver=? AND record_id=? AND acknowledged_at IS NULL",
                    (at, receiver, record_id),
                ).rowcount
                for record_id in record_ids
            )

    def log_fault(self, at: str, rule: int, operation: str, action: str, package_id: str | None, detail: str) -> None:
        """Write down a scripted fault before it is applied."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO fault (at, rule, operation, action, package_id, detail) VALUES (?,?,?,?,?,?)",
                (at, rule, operation, action, package_id, detail),
            )

    def close(self) -> None:
        """Write the counters and let go; waits for a package that is being stored."""
        self.flush()
        self.release()
        with self._write:
            self._writer.close()


def versions(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, list[Version]]:
    """Return every version held of some keys, oldest first."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, list[Version]] = {}
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        marks = ",".join("?" * len(part))
        for key, *rest in connection.execute(
            f"SELECT key, version, digest, type, received_at, receipt_no FROM record WHERE key IN ({marks})"  # noqa: S608
            " ORDER BY received",
            part,
        ):
            found.setdefault(key, []).append(Version(*rest))
    return found


def insert(
    connection: sqlite3.Connection, package: Mapping[str, Any], records: Sequence[tuple[Any, ...]], *, supersede: bool
) -> None:
    """Write a package and its stored records; ``supersede`` takes the head mark from earlier versions of the keys."""
    if supersede:
        connection.executemany("UPDATE record SET head=0 WHERE key=? AND head", [(row[3],) for row in records])
    connection.executemany(_RECORD, records)
    connection.execute(
        "INSERT INTO package VALUES (:receipt_no, :package_id, :sender, :body_digest, :received_at, :stream_id,"
        " :package_seq, :code, :records,"
        " :receipt, :document)",
        package,
    )
