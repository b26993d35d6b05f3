# SPDX-License-Identifier: Apache-2.0
"""One world a seed: departments, the real ledger and flow, three kinds of destination, crashes at any statement.

The code under test is that of production: ``flow.collect.pull``, ``flow.deliver``, ``ledger.*`` with the settings of an
SQLite ledger. Clock, ids, sources and destinations are injected. A crash is an exception that nobody catches, raised
before any statement or commit: the transaction is rolled back, and everything the process knew is gone.
"""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from gateway.errors import Fenced, LedgerError
from gateway.flow import deliver
from gateway.flow.backlog import Backlog
from gateway.flow.collect import Handling, Pull, pull
from gateway.ledger import destinations
from gateway.ledger.claims import Claimed
from gateway.ledger.numbers import Numbers
from gateway.ledger.segments import SegmentReader
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import metadata
from gateway.ledger.workers import Identity, Membership
from gateway.model.destination import Behaviour, Terms
from gateway.model.record import Level
from gateway.testing.clock import FakeClock, FakeIds
from tests.chaos.checker import Objection, Receipted, Receipts, Refusal, judge
from tests.chaos.checker import Terms as Judged
from tests.simulator.department import TYPES, Checks, Department, OneToOne
from tests.simulator.platform import Died, Platform

KINDS = {
    "idempotent": Behaviour.IDEMPOTENT,
    "rejecting": Behaviour.DUPLICATE_REJECTING,
    "naive": Behaviour.NAIVE,
}
_RECORDS = """SELECT r.id, s.name AS source, r.row_id, r.type, r.key, r.version, r.content_digest, r.state
FROM record r JOIN source s ON s.id = r.source_id"""
_DELIVERIES = """SELECT d.record_id, n.name, d.state, d.code FROM delivery d
JOIN destination n ON n.id = d.destination_id"""
_REFUSALS = """SELECT s.name, f.row_id, f.type, f.outcome FROM refusal f
JOIN source s ON s.id = f.source_id WHERE NOT f.superseded"""


class Site:
    """The one database that all seeds of a process share; emptied between them."""

    def __init__(self, folder: Path) -> None:
        self.ledger = open_ledger(f"sqlite:///{folder}/ledger.db", FakeClock(), FakeIds(), TYPES)
        self._crash_in = 0
        self._fault: BaseException = Died()
        engine: Any = self.ledger._writing_engine
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    def empty(self) -> None:
        self._crash_in = 0
        with self.ledger.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.exec_driver_sql(f'DELETE FROM "{table.name}"')
        self.forget()

    def forget(self) -> None:
        """What a process knew dies with it."""
        self.ledger._numbers = Numbers()
        self.ledger._segments = SegmentReader()

    @contextmanager
    def crash_in(self, statements: int, fault: BaseException) -> Iterator[None]:
        """Let ``fault`` strike at the ``statements``-th statement or commit from now; 0 never."""
        self._crash_in, self._fault = statements, fault
        try:
            yield
        finally:
            self._crash_in = 0

    def _statement(self, *_: Any) -> None:
        self._count()

    def _commit(self, _connection: Any) -> None:
        self._count()

    def _count(self) -> None:
        if self._crash_in:
            self._crash_in -= 1
            if self._crash_in == 0:
                raise self._fault


class _Sleepless(Backlog):
    """Whoever rests lets the clock of the world go on."""

    clock: FakeClock

    def rest(self, seconds: float) -> None:
        self.clock.advance(seconds)


@dataclass
class World:
    """Everything random comes from ``seed``; ``history`` tells what was done, for whoever reads a failure."""

    site: Site
    seed: int
    steps: int = 24
    history: list[str] = field(default_factory=list)
    journal: list[tuple[str, int, str]] = field(default_factory=list)
    crashes: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.site.empty()
        self.ledger: Ledger = self.site.ledger
        self.clock = FakeClock()
        self.ledger.clock = self.clock
        self.ledger.ids = FakeIds()
        self.healed = False
        self.sources = [Department(name, self.chance) for name in ("s1", "s2")]
        for source in self.sources:
            source.interrupted = lambda rows, source=source: self._come_between(source, rows)
        self.platforms = {
            name: Platform(name, kind, self.chance, self.clock.monotonic, self._may_die) for name, kind in KINDS.items()
        }
        terms = [Terms(name, name, kind, self.chance.random() < 0.7, 4) for name, kind in KINDS.items()]
        with self.ledger.begin() as connection:
            self.ledger.routes = destinations.register(connection, terms)
        self._seen = 0
        self._nested = False
        self._backlog = _Sleepless(tuple(KINDS), 0.0)
        self._backlog.clock = self.clock
        self._enlist()
        self._claimed: dict[str, Claimed | None] = dict.fromkeys(KINDS)

    # -- what may happen

    def run(self) -> list[Objection]:
        """Live through the seed and return what the checker objects to."""
        for _ in range(self.steps):
            self._step()
        self._heal()
        return self._judge()

    def _step(self) -> None:
        choice = self.chance.random()
        if choice < 0.3:
            for source in self.sources:
                source.work()
        elif choice < 0.5:
            self._dangerous("pull", self._pull, self.chance.choice(self.sources))
        elif choice < 0.88:
            self._dangerous("deliver", self._deliver, self.chance.choice(list(KINDS)))
        elif choice < 0.93:
            seconds = self.chance.choice((1, 5, 150))
            self.history.append(f"{seconds} s pass")
            self.clock.advance(seconds)
        elif choice < 0.96:
            jump = self.chance.choice((-3600, 3600, -86400, 86400))
            self.history.append(f"clock jumps {jump} s")
            self.clock.jump(jump)
        elif choice < 0.98:
            self.ledger.park_overdue(self.clock.now())
        else:
            self._restart("restart")

    def _dangerous(self, name: str, what: Any, whom: Any) -> None:
        """Do something; in one case of four the process dies, or the disk fails, in the middle of it."""
        fatal = self.chance.randrange(1, 60 if name == "pull" else 16) if self.chance.random() < 0.25 else 0
        dies = self.chance.random() < 0.6
        fault = Died() if dies else OperationalError("", {}, sqlite3.OperationalError("disk I/O error"))
        told = f", {'dies' if dies else 'the disk fails'} at statement {fatal}" if fatal else ""
        self.history.append(f"{name} {getattr(whom, 'name', whom)}{told}")
        try:
            with self.site.crash_in(fatal, fault):
                what(whom)
        except Died:
            self._restart("died")
        except LedgerError as error:
            self.history.append(f"goes on after {error.code}")
            self.platforms_may_have_got_it()
            self._dangerous(name, what, whom)
        self._write_down()

    def _may_die(self) -> bool:
        return not self.healed and self.chance.random() < 0.5

    def _come_between(self, source: Department, row_ids: Sequence[str]) -> None:
        """Another process takes the source over while this one believes that it still has it (B5, R20)."""
        if self.healed or self._nested or self.chance.random() > 0.1:
            return
        self._nested = True
        self.history.append(f"another process pulls {source.name} in between")
        try:
            source.tick += 1
            if row_ids and self.chance.random() < 0.7:
                source.change(source.lines[self.chance.choice(row_ids)], f"sound-{self.chance.randrange(3)}")
            source.tick += 1
            self._pull(source)
        finally:
            self._nested = False

    def _restart(self, why: str) -> None:
        self.crashes += 1
        self.history.append(why)
        self._claimed = dict.fromkeys(KINDS)
        self.site.forget()
        self.platforms_may_have_got_it()
        self._enlist()
        with self.ledger.begin() as connection:
            destinations.recover(connection, self.ledger.now())

    def _enlist(self) -> None:
        """A process begins: its workers are new, those of the one before are gone."""
        self.ledger.membership = Membership(Identity("sim", f"{self.crashes} 0"))
        self._workers = dict(zip(KINDS, self.ledger.enlist(*KINDS), strict=True))

    def platforms_may_have_got_it(self) -> None:
        """Nobody knows any more what became of the packages that are open at this moment."""
        opened = self._rows(
            "SELECT r.key, r.version FROM delivery d JOIN record r ON r.id = d.record_id WHERE d.state = 'packed'"
        )
        for platform in self.platforms.values():
            platform.ambiguous.update((key, version) for key, version in opened)

    def _pull(self, source: Department) -> None:
        size = self.chance.choice((1, 2, 5))
        handling = Handling(OneToOne(), Checks(), Level.L2, None, "p", "a")
        try:
            pull(Pull(self.ledger, source, handling, self.clock, chunk=size))
        except Fenced:
            self.history.append(f"fenced out of {source.name}")

    def _deliver(self, name: str) -> None:
        """One step of the worker of a destination, as ``deliver_until`` takes it."""
        job = self._job(name)
        claimed = self._claimed[name]
        if claimed is None:
            self._claimed[name] = deliver._next(job)
        else:
            self._claimed[name] = None
            self._claimed[name] = deliver.deliver_one(job, claimed)

    def _job(self, name: str) -> deliver.Delivery:
        route = next(each for each in self.ledger.routes if each.terms.name == name)
        parties = deliver.Parties("g", "1.0", "1", None, frozenset())
        return deliver.Delivery(
            self.ledger,
            self._workers[name],
            self.platforms[name],
            route,
            parties,
            self.clock,
            self.ledger.ids,
            self._backlog,
        )

    def _write_down(self) -> None:
        """Keep outside of the ledger what it called accepted: none of it may be forgotten."""
        rows = self._rows(f"SELECT id, key, version, content_digest FROM record WHERE id > {self._seen}")
        self.journal += [(key, version, digest.hex()) for _id, key, version, digest in rows]
        self._seen = max([self._seen, *(row[0] for row in rows)])

    # -- the end

    def _heal(self) -> None:
        """All faults stop; everything must drain in bounded time without a hand."""
        self.healed = True
        self._restart("healed")
        for platform in self.platforms.values():
            platform.trouble = 0.0
        for source in self.sources:
            source.mend_all()
        for _ in range(2):
            for source in self.sources:
                self._pull(source)
                source.tick += 1
        for name in KINDS:
            self._drain(name)

    def _drain(self, name: str) -> None:
        for _ in range(400):
            wait = 0.0 if self._claimed[name] is not None else deliver.idle_for(self._job(name))
            if wait is None:
                return
            self.clock.advance(wait)
            self._deliver(name)
        self.history.append(f"{name} never ends")

    # -- the verdict

    def _judge(self) -> list[Objection]:
        events = [each for source in self.sources for each in source.events()]
        receipts = self.receipts()
        dumps = {name: {"records": platform.held} for name, platform in self.platforms.items()}
        terms = {name: Judged(may_be_on_the_way=self._stuck(name)) for name in KINDS}
        objections = judge(events, receipts, dumps, terms, self.journal)
        return [*objections, *self._unknown(receipts), *self._outdated()]

    def _stuck(self, name: str) -> bool:
        """Only where a person must decide about an outcome may something stand behind it."""
        return KINDS[name] is not Behaviour.IDEMPOTENT and bool(self._parked(name))

    def _parked(self, name: str) -> list[tuple[str, int]]:
        rows = self._rows(
            "SELECT r.key, r.version FROM delivery d JOIN record r ON r.id = d.record_id JOIN destination n"
            f" ON n.id = d.destination_id WHERE d.state = 'parked' AND n.name = '{name}'"
        )
        return [(key, version) for key, version in rows]

    def _unknown(self, receipts: Receipts) -> Iterator[Objection]:
        """Parked as unknown is only what may be unknown; an idempotent destination leaves nothing parked."""
        for name, platform in self.platforms.items():
            for key, version in self._parked(name):
                if platform.behaviour is Behaviour.IDEMPOTENT or (key, version) not in platform.ambiguous:
                    yield Objection("parked without need", name, f"{key} v{version}")

    def _outdated(self) -> Iterator[Objection]:
        """In the end an idempotent destination shows what the department shows, but for cases that the gateway refuses."""
        platform = self.platforms["idempotent"]
        newest = {each["key"]: each for each in sorted(platform.held, key=lambda each: each["version"])}
        for source in self.sources:
            refused = {line.case for line in source.lines.values() if "broken" in line.text}
            for line in source.lines.values():
                found = newest.get(line.key)
                if line.case not in refused and (found is None or found["text"] != line.text):
                    yield Objection("outdated", "idempotent", f"{line.key}: {found and found['text']} for {line.text}")

    def receipts(self) -> Receipts:
        """What the gateway says, from its tables."""
        states: dict[int, dict[str, str]] = {}
        for number, name, state, code in self._rows(_DELIVERIES):
            states.setdefault(number, {})[name] = "outcome-unknown" if code == "outcome-unknown" else state
        records = [
            Receipted(r[1], r[2], r[3], r[4], r[5], r[6].hex(), r[7], states.get(r[0], {}))
            for r in self._rows(_RECORDS)
        ]
        return Receipts(records, [Refusal(*row) for row in self._rows(_REFUSALS)])

    def _rows(self, question: str) -> Sequence[Any]:
        with self.ledger.reading() as connection:
            return connection.execute(text(question)).all()
