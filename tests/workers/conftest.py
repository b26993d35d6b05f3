# SPDX-License-Identifier: Apache-2.0
"""A gateway over the bench's department database, whose destinations nobody talks to."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.bench.rows import PENALTIES, PERMITS, RECEIVERS
from gateway.bench.workshop import make_rows, open_workshop, write_configuration
from gateway.clock import SystemClock
from gateway.config import load
from gateway.flow.backlog import Backlog
from gateway.ledger.runs import Figures
from gateway.schedule.once import pull_one

DEADLY = (str(Path(__file__).with_name("deadly_child.py")),)
RECORDS = 240
CHUNK = 60


@dataclass
class Yard:
    """One gateway that only collects."""

    folder: Path
    source: Path

    @contextmanager
    def gateway(self, workers: int, program: tuple[str, ...] | None = None) -> Iterator[Gateway]:
        options: dict[str, Any] = {} if program is None else {"program": program}
        with Gateway.open(load(self.folder), workers=workers, **options) as gateway:
            yield gateway

    def collect(self, workers: int, program: tuple[str, ...] | None = None) -> Figures:
        """Pull every source, the children having been started before."""
        with self.gateway(workers, program) as gateway:
            if workers:
                gateway.children.start()
            return pull_all(gateway)

    def spoil(self, **remarks: str) -> dict[str, str]:
        """Write remarks (``SEGFAULT=…``) into one penalty row each; return the row id of each remark."""
        rows = {}
        with closing(sqlite3.connect(self.source)) as connection, connection:
            ids = [row[0] for row in connection.execute(f"SELECT GCID FROM {PENALTIES} ORDER BY GXSJ, GCID")]
            for place, remark in enumerate(remarks.values()):
                number = ids[7 + 13 * place]
                connection.execute(f"UPDATE {PENALTIES} SET BZ = ? WHERE GCID = ?", (remark, number))
                rows[remark] = str(number)
        return rows

    def remark(self, text: str) -> None:
        """Change every penalty and permit, a second after the last change."""
        with closing(sqlite3.connect(self.source)) as connection, connection:
            for table in (PERMITS, PENALTIES):
                connection.execute(f"UPDATE {table} SET BZ = ?, GXSJ = (SELECT max(GXSJ) FROM {table})", (text,))

    def ledger(self, question: str, *values: object) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "ledger.db")) as connection:
            return connection.execute(question, values).fetchall()

    def die_while_pulling(self, source: str, times: int) -> None:
        """Leave runs of a source open, as a process does that dies of it."""
        for _ in range(times):
            with self.gateway(0) as gateway:
                part = next(each for each in gateway.place.sources if each.name == source)
                gateway.place.ledger.start_run(source, part.open().kind, part.handling.level, gateway.place.clock.now())


def pull_all(gateway: Gateway) -> Figures:
    backlog = Backlog((), 0.0)
    total = Figures()
    for part in gateway.place.sources:
        total += pull_one(gateway.place, part, backlog, lambda *_: None).figures
    return total


@pytest.fixture
def make_yard(tmp_path: Path) -> Any:
    """Return a function that makes a yard called ``name`` over one and the same data."""
    workshop = open_workshop(tmp_path, SystemClock().now())

    def make(name: str = "yard", limit: str = "60s") -> Yard:
        source = make_rows(workshop, f"source-{name}", RECORDS, 7)
        nowhere = dict.fromkeys(RECEIVERS, "https://127.0.0.1:9/")
        folder = write_configuration(workshop, name, source, nowhere)
        with (folder / "gateway.yaml").open("a", encoding="utf-8") as file:
            file.write(f"run: {{chunk: {CHUNK}, page_limit: {limit}}}\n")
        return Yard(folder, source)

    return make
