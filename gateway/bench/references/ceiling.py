# SPDX-License-Identifier: Apache-2.0
"""The ceiling: what hand-tuned code reaches with the same guarantees on the wire and on the disk, and nothing else.

Generated code writes bytes; 500 documents are parsed and validated at once; raw SQLite, two commits per 500 records;
http.client; packages are handed over in memory after the commit. It collects what was never collected before, knows
no rules, no versions, no retries, no parked records: it is a yardstick, not a gateway.
"""

import http.client
import queue
import sqlite3
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.bench.failure import BenchFailure
from gateway.bench.meter import serve
from gateway.bench.references.exchange import (
    ACTION,
    CHUNK,
    Answered,
    Body,
    Document,
    Peer,
    make_body,
    pages,
    peers,
    source_of,
)
from gateway.bench.references.generated import Write, writers
from gateway.bench.references.plan import SYSTEMS
from gateway.config import Configuration, load
from gateway.documents import safexml
from gateway.documents.render import NAMESPACE
from gateway.pack import load_pack

_TABLES: Final = """
CREATE TABLE record (id INTEGER PRIMARY KEY, type TEXT NOT NULL, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
  payload BLOB NOT NULL);
CREATE TABLE delivery (destination INTEGER NOT NULL, record_id INTEGER NOT NULL, code TEXT, receipt_no INTEGER,
  PRIMARY KEY (destination, record_id)) WITHOUT ROWID;
CREATE TABLE cursor (source TEXT PRIMARY KEY, stamp TEXT NOT NULL, number INTEGER NOT NULL);
"""
_OPENING: Final = f'<Records xmlns="{NAMESPACE}">\n'.encode()
_QUEUED: Final = 4

Row = tuple[Any, ...]
Validate = Callable[[list[Document]], None]


def open_ledger(path: Path) -> sqlite3.Connection:
    """Make an empty ledger as durable as the product's."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000"):
        connection.execute(f"PRAGMA {setting}")
    connection.executescript(_TABLES)
    return connection


def validator() -> Validate:
    """Return a function that parses and validates a chunk in one go, the schema compiled once."""
    pack = load_pack()
    schema = safexml.load_schema(pack.schema_path, pack.schema_path.parent)
    limits = safexml.Limits(size=1 << 30, elements=1 << 30, attributes=1 << 30, text=1 << 30)

    def validate(documents: list[Document]) -> None:
        joined = b"%b%b\n</Records>" % (_OPENING, b"\n".join([each.content for each in documents]))
        if not schema.validate(safexml.parse(joined, limits)):
            raise BenchFailure(str(schema.error_log))

    return validate


def chunks(source: Path, write: Write) -> Iterator[tuple[str, list[Row], list[Document]]]:
    """Yield every page of the source with the documents made of it."""
    for system in SYSTEMS:
        for rows in pages(source, system, CHUNK):
            yield system.table, rows, write(system.table, rows)


class Courier(threading.Thread):
    """Delivers to one destination over one kept-alive connection."""

    def __init__(self, peer: Peer, done: "queue.Queue[Any]", number: int) -> None:
        super().__init__(daemon=True)
        self._peer = peer
        self._number = number
        self._done = done
        self.waiting: queue.Queue[tuple[int, Body] | None] = queue.Queue(_QUEUED)

    def run(self) -> None:
        """Send until told to stop; what goes wrong is told, not raised."""
        try:
            with closing(self._connection()) as connection:
                while (job := self.waiting.get()) is not None:
                    first, body = job
                    self._done.put((self._number, first, self._send(connection, body)))
        except Exception as fault:  # noqa: BLE001 # carried to the thread that waits for it
            self._done.put(fault)

    def _connection(self) -> http.client.HTTPSConnection:
        settings = self._peer.settings
        context = ssl.create_default_context(cafile=str(settings.ca))
        context.load_cert_chain(settings.certificate, settings.key)
        place = urlsplit(settings.url)
        return http.client.HTTPSConnection(str(place.hostname), place.port, timeout=60, context=context)

    def _send(self, connection: http.client.HTTPSConnection, body: Body) -> Answered:
        connection.request("POST", urlsplit(self._peer.settings.url).path, self._peer.envelope(body), ACTION)
        return self._peer.receipt(connection.getresponse().read(), body)


class Run:
    """One run of the ceiling over one department database."""

    def __init__(self, configuration: Configuration, validate: Validate, write: Write) -> None:
        self._source = source_of(configuration)
        self._validate = validate
        self._write = write
        self._ledger = open_ledger(configuration.root / "ceiling.db")
        self._done: queue.Queue[Any] = queue.Queue()
        self._answers: list[tuple[int, int, Answered]] = []
        self._couriers = [Courier(each, self._done, number) for number, each in enumerate(peers(configuration), 1)]
        self.records = 0
        self.commits = 0

    def __call__(self) -> dict[str, Any]:
        """Do everything and return what was counted."""
        outstanding = 0
        for courier in self._couriers:
            courier.start()
        for table, rows, documents in chunks(self._source, self._write):
            self._validate(documents)
            digests = [sha256(each.content).digest() for each in documents]
            body = make_body(documents, digests)
            first = self.records + 1
            self._keep(table, rows, documents, digests)
            for courier in self._couriers:
                courier.waiting.put((first, body))
            outstanding += len(self._couriers)
            outstanding -= self._settle(len(self._couriers), wait=outstanding > _QUEUED)
        for courier in self._couriers:
            courier.waiting.put(None)
        while outstanding:
            outstanding -= self._settle(min(outstanding, len(self._couriers)), wait=True)
        return {"records": self.records, "commits": self.commits}

    def _keep(self, table: str, rows: list[Row], documents: list[Document], digests: list[bytes]) -> None:
        first = self.records + 1
        numbers = range(first, first + len(documents))
        execute, many = self._ledger.execute, self._ledger.executemany
        execute("BEGIN IMMEDIATE")
        many(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?)",
            [(n, d.type, d.key, digest, d.content) for n, d, digest in zip(numbers, documents, digests, strict=True)],
        )
        many(
            "INSERT INTO delivery VALUES (?, ?, NULL, NULL)",
            [(place, n) for place in range(1, len(self._couriers) + 1) for n in numbers],
        )
        execute("REPLACE INTO cursor VALUES (?, ?, ?)", (table, rows[-1][-1], rows[-1][0]))
        execute("COMMIT")
        self.commits += 1
        self.records += len(documents)

    def _settle(self, least: int, *, wait: bool) -> int:
        """Write down the receipts that have come in one commit, if there are ``least``; return how many were written."""
        while not self._done.empty() or (wait and len(self._answers) < least):
            answered = self._done.get(timeout=60)
            if isinstance(answered, BaseException):
                raise answered
            self._answers.append(answered)
        if len(self._answers) < least:
            return 0
        self._ledger.execute("BEGIN IMMEDIATE")
        for destination, first, answered in self._answers:
            self._ledger.executemany(
                "UPDATE delivery SET code = ?, receipt_no = ? WHERE destination = ? AND record_id = ?",
                [(code, answered.receipt_no, destination, n) for n, code in enumerate(answered.codes, first)],
            )
        self._ledger.execute("COMMIT")
        self.commits += 1
        settled = len(self._answers)
        self._answers.clear()
        return settled


def bare_seconds(source: Path, write: Write, validate: Validate) -> float:
    """Return what parsing and validating the documents of the source takes by itself, 500 at a time."""
    spent = 0.0
    for _table, _rows, documents in chunks(source, write):
        begun = time.perf_counter()
        validate(documents)
        spent += time.perf_counter() - begun
    return spent


def main() -> None:
    """Warm up over the small source, then measure over the real one, then the bare parser and validator."""
    configuration, warm = (load(Path(each)) for each in sys.argv[1:3])
    validate, write = validator(), writers()
    Run(warm, validate, write)()
    run = Run(configuration, validate, write)

    def bare() -> dict[str, Any]:
        source = source_of(configuration)
        return {"bare_us": bare_seconds(source, write, validate) / run.records * 1e6}

    serve(run, bare)


if __name__ == "__main__":
    main()
