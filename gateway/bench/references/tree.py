# SPDX-License-Identifier: Apache-2.0
"""The clean design with libraries: closures build lxml trees, SQLAlchemy Core keeps them, requests delivers them.

Trees are validated one by one and written once. Deliverers claim packages of 500 from the ledger, so that a crash
loses nothing; like the ceiling it knows no rules, no versions, no retries.
"""

import sys
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests
from lxml import etree
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
    update,
)

from gateway.bench.failure import BenchFailure
from gateway.bench.meter import serve
from gateway.bench.references.closures import Made, Row, builders
from gateway.bench.references.exchange import (
    ACTION,
    CHUNK,
    Body,
    Document,
    Peer,
    make_body,
    pages,
    peers,
    session_with,
    source_of,
)
from gateway.bench.references.plan import SYSTEMS
from gateway.config import Configuration, load
from gateway.documents import safexml
from gateway.pack import load_pack

_META = MetaData()
_RECORD = Table(
    "record", _META, Column("id", Integer, primary_key=True), Column("type", String, nullable=False),
    Column("key", String, nullable=False, unique=True), Column("digest", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)  # fmt: skip
_DELIVERY = Table(
    "delivery", _META, Column("destination", Integer, primary_key=True), Column("record_id", Integer, primary_key=True),
    Column("state", String, nullable=False), Column("package", Integer), Column("code", String),
    Column("receipt_no", Integer),
)  # fmt: skip
_CURSOR = Table("cursor", _META, Column("source", String), Column("stamp", String), Column("number", Integer))

Build = Callable[[str, Row], Made]


def open_ledger(path: Path) -> Engine:
    """Make an empty ledger as durable as the product's."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for setting in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4000"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    _META.create_all(engine)
    return engine


class Run:
    """One run over one department database: one thread collects, one per destination delivers."""

    def __init__(self, configuration: Configuration, validate: Callable[[Any], bool], build: Build) -> None:
        self._source = source_of(configuration)
        self._validate = validate
        self._build = build
        self._engine = open_ledger(configuration.root / "tree.db")
        self._peers = peers(configuration)
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._collected = 0
        self._over = False
        self._faults: list[BaseException] = []
        self.commits = 0

    def __call__(self) -> dict[str, Any]:
        """Do everything and return what was counted."""
        couriers = [
            threading.Thread(target=self._deliver, args=(peer, number), daemon=True)
            for number, peer in enumerate(self._peers, 1)
        ]
        for courier in couriers:
            courier.start()
        for system in SYSTEMS:
            for rows in pages(self._source, system, CHUNK):
                self._collect(system.table, [dict(zip(system.columns, row, strict=True)) for row in rows])
        with self._changed:
            self._over = True
            self._changed.notify_all()
        for courier in couriers:
            courier.join()
        if self._faults:
            raise self._faults[0]
        return {"records": self._collected, "commits": self.commits}

    def _collect(self, table: str, rows: list[Row]) -> None:
        made = [self._build(table, row) for row in rows]
        if not all(self._validate(each.tree) for each in made):
            raise BenchFailure("a document is not valid")
        documents = [
            Document(each.type, each.key, etree.tostring(each.tree, encoding="unicode").encode()) for each in made
        ]
        numbers = range(self._collected + 1, self._collected + 1 + len(rows))
        records = [
            {"id": n, "type": d.type, "key": d.key, "digest": sha256(d.content).digest(), "payload": d.content}
            for n, d in zip(numbers, documents, strict=True)
        ]
        waiting = [
            {"destination": destination, "record_id": n, "state": "ready"}
            for destination in range(1, len(self._peers) + 1)
            for n in numbers
        ]
        with self._writing, self._engine.begin() as connection:
            connection.execute(insert(_RECORD), records)
            connection.execute(insert(_DELIVERY), waiting)
            connection.execute(
                insert(_CURSOR), {"source": table, "stamp": rows[-1]["GXSJ"], "number": rows[-1]["GCID"]}
            )
            self.commits += 1
        with self._changed:
            self._collected += len(rows)
            self._changed.notify_all()

    def _deliver(self, peer: Peer, destination: int) -> None:
        """Deliver until all is collected and sent; what goes wrong is told at the end."""
        try:
            with session_with(peer) as session:
                delivered = 0
                while (number := self._more(delivered)) is not None:
                    delivered += self._deliver_one(session, peer, destination, number)
        except Exception as fault:  # noqa: BLE001 # carried to the thread that waits for it
            self._faults.append(fault)

    def _more(self, delivered: int) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._collected > delivered)
            return delivered if self._collected > delivered else None

    def _deliver_one(self, session: requests.Session, peer: Peer, destination: int, package: int) -> int:
        here = _DELIVERY.c.destination == destination
        with self._writing, self._engine.begin() as connection:
            taken = connection.execute(
                select(_RECORD)
                .join(_DELIVERY, _DELIVERY.c.record_id == _RECORD.c.id)
                .where(here, _DELIVERY.c.state == "ready")
                .order_by(_RECORD.c.id)
                .limit(CHUNK)
            ).all()
            connection.execute(
                update(_DELIVERY)
                .where(here, _DELIVERY.c.record_id.in_([row.id for row in taken]))
                .values(state="packed", package=package)
            )
            self.commits += 1
        body = make_body([Document(row.type, row.key, row.payload) for row in taken], [row.digest for row in taken])
        answered = peer.receipt(self._post(session, peer, body), body)
        with self._writing, self._engine.begin() as connection:
            for code in set(answered.codes):
                named = [row.id for row, each in zip(taken, answered.codes, strict=True) if each == code]
                connection.execute(
                    update(_DELIVERY)
                    .where(here, _DELIVERY.c.record_id.in_(named))
                    .values(state="settled", code=code, receipt_no=answered.receipt_no)
                )
            self.commits += 1
        return len(taken)

    def _post(self, session: requests.Session, peer: Peer, body: Body) -> bytes:
        return session.post(peer.settings.url, data=peer.envelope(body), headers=ACTION, timeout=60).content


def main() -> None:
    """Warm up over the small source, then measure over the real one."""
    configuration, warm = (load(Path(each)) for each in sys.argv[1:3])
    pack = load_pack()
    schema, build = safexml.load_schema(pack.schema_path, pack.schema_path.parent), builders()
    Run(warm, schema.validate, build)()
    serve(Run(configuration, schema.validate, build))


if __name__ == "__main__":
    main()
