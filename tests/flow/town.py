# SPDX-License-Identifier: Apache-2.0
"""A small town: one table of applications, the gateway, and two reference systems of any kind."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.config import load
from gateway.demo import catalogue
from gateway.demo.people import uscc
from gateway.flow.summary import Summary
from gateway.rules.identifiers import organisation_check_character
from gateway.schedule.once import RoundOptions
from tests.chaos import site
from tests.chaos.systems import System, make_keys

BEIJING = timezone(timedelta(hours=8))
ITEM = catalogue.PERMITS[catalogue.CONSTRUCTION][0]
NAMES = ("municipal", "supervision")
TERMS = ("case_order: true", "timeouts: {connect: 1, total: 2}", "max_in_flight: 2s")
TABLE = """CREATE TABLE application ("BH" TEXT PRIMARY KEY, "SX" TEXT, "JG" TEXT, "XM" TEXT, "ZJ" TEXT, "SJ" TEXT,
  "NR" TEXT, "LX" TEXT, "ZFYY" TEXT, "GXSJ" TEXT)"""
_DELIVERIES = """
SELECT n.name, r.key, r.version, d.state, d.code, d.message FROM delivery d
JOIN destination n ON n.id = d.destination_id JOIN record r ON r.id = d.record_id"""
_ATTEMPTS = """
SELECT a.kind, a.outcome, a.code, a.detail FROM attempt a JOIN package p ON p.no = a.package_no
JOIN destination n ON n.id = p.destination_id WHERE n.name = ? ORDER BY a.id"""


def company(number: int) -> str:
    """Return a valid made-up credit code."""
    first = f"DEMA{number % 10_000:04d}"
    return uscc("91360100", first + organisation_check_character(first))


class Died(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class Town:
    """Everything a test of this folder works with; one a module."""

    directory: Path
    kinds: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    terms: tuple[str, ...] = TERMS
    cases: int = 0

    def __post_init__(self) -> None:
        self.folder = self.directory / "site"
        self.database = self.directory / "department.db"
        self.keys = make_keys(self.directory / "systems")
        self.systems = {
            name: System(
                "platform" if name == "municipal" else "supervision",
                self.directory / "systems" / name,
                ("--kind", self.kinds.get(name, "idempotent"), *self.options),
            )
            for name in NAMES
        }
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(TABLE)

    def open(self) -> None:
        site.write_gateway(self.folder, self.keys)
        shutil.copytree(Path(__file__).parent / "mappings", self.folder / "mappings")
        self.add_source("applications", self.database, "table: application", "row_id: [BH]")
        for name, system in self.systems.items():
            system.start()
            self.connect(name)

    def connect(self, name: str, *terms: str) -> None:
        """Write the destination's file; ``terms`` beside those of the town."""
        behaviour = f"behaviour: {self.kinds.get(name, 'idempotent')}"
        statements = "statements: false" if self.kinds.get(name) == "naive" else "statements: true"
        site.write_destination(
            self.folder, self.keys, name, self.systems[name].url, (behaviour, statements, *(terms or self.terms))
        )

    def add_source(self, name: str, database: Path, *options: str) -> None:
        stamp = 'stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}'
        site.write_source(
            self.folder, name, "applications.yaml", [f"url: sqlite:///{database}", stamp, "overlap: 5s", *options]
        )

    def close(self) -> None:
        for system in self.systems.values():
            system.stop()

    def apply(self, count: int = 1, **changes: object) -> list[str]:
        """Add applications; ``changes`` replace columns. Returns the business keys of the records they make."""
        made = []
        with self.writing() as connection:
            for _ in range(count):
                self.cases += 1
                number = f"{ITEM.owner.organisation}-2025-XK-{self.cases:08d}"
                row: dict[str, object] = {
                    "BH": number, "SX": ITEM.code, "JG": ITEM.owner.code, "XM": "南昌示例有限公司",
                    "ZJ": company(self.cases), "SJ": f"2025-09-{self.cases % 28 + 1:02d} 09:00:00", "NR": "申请示例许可",
                    "LX": "2", "ZFYY": "-", "GXSJ": now(), **changes,
                }  # fmt: skip
                marks = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO application VALUES ({marks})", tuple(row.values()))
                made.append(f"XK_SQ:{number}:1")
        return made

    def change(self, key: str, **columns: object) -> None:
        """Change the row behind a business key, as the department would."""
        pairs = ", ".join(f'"{name}" = ?' for name in columns)
        with self.writing() as connection:
            connection.execute(
                f'UPDATE application SET {pairs}, "GXSJ" = ? WHERE "BH" = ?',
                (*columns.values(), now(), key.split(":")[1]),
            )

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            yield connection

    def die_after(self, key: str, chunk: int) -> None:
        """Begin a round, reading in chunks of ``chunk`` rows, and let it die with the chunk that made ``key`` accepted."""

        def fall(_source: str, _done: int, _expected: int | None) -> None:
            if self.ledger("SELECT 1 FROM record WHERE key = ?", key):
                raise Died

        site.write_gateway(self.folder, self.keys, chunk)
        try:
            with Gateway.open(load(self.folder)) as gateway, suppress(Died):
                gateway.run_once(RoundOptions(patience=0, reconcile=False, progress=fall))
        finally:
            site.write_gateway(self.folder, self.keys)

    def run(self, patience: float = 12.0, reconcile: bool = False) -> Summary:
        """One round of the gateway, in this process."""
        with Gateway.open(load(self.folder)) as gateway:
            return gateway.run_once(RoundOptions(patience=patience, reconcile=reconcile))

    def script(self, name: str, *rules: Mapping[str, Any]) -> None:
        self.systems[name].script(*rules)

    def held(self, name: str) -> dict[str, int]:
        """Return how often a system holds each key, over all versions."""
        counts: dict[str, int] = {}
        for record in self.systems[name].dump()["records"]:
            counts[record["key"]] = counts.get(record["key"], 0) + 1
        return counts

    def faults(self, name: str) -> list[str]:
        """Return the actions that a system has struck with."""
        return [fault["action"] for fault in self.systems[name].dump()["faults"]]

    def deliveries(self, name: str) -> dict[tuple[str, int], tuple[str, str | None, str | None]]:
        """Return state, code and message of every delivery to a destination, by key and version."""
        return {
            (key, version): (state, code, message)
            for there, key, version, state, code, message in self.ledger(_DELIVERIES)
            if there == name
        }

    def states(self, name: str, keys: list[str], version: int = 1) -> list[str]:
        found = self.deliveries(name)
        return [found[key, version][0] for key in keys]

    def attempts(self, name: str) -> list[tuple[str, str, str | None, str | None]]:
        """Return kind, outcome, code and detail of every exchange with a destination, in order."""
        return [tuple(row) for row in self.ledger(_ATTEMPTS, name)]

    def ledger(self, query: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.folder}/var/ledger.db?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()


def now() -> str:
    return f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}"


@contextmanager
def town(directory: Path, **settings: Any) -> Iterator[Town]:
    """Build a town, run its systems for as long as the block lasts."""
    made = Town(directory, **settings)
    try:
        made.open()
        yield made
    finally:
        made.close()
