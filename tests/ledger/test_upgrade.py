# SPDX-License-Identifier: Apache-2.0
"""R19: a newer version that dies in the midst of its migration loses nothing; either version starts, or refuses in words.

The newer version is this one with a migration more, in a process of its own that is killed between any two steps of it.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from gateway.errors import LedgerError
from gateway.ledger import schema
from gateway.ledger.store import open_ledger
from gateway.testing.clock import FakeClock, FakeIds
from gateway.testing.postgres import PostgreSQL

STEPS = 5
RECORDS = 300
NEWER = '''
"""A later migration: a column, a table, both filled, and an index."""
import os, signal
from alembic import op
import sqlalchemy as sa
revision, down_revision = "0002", "0001"

def upgrade():
    steps = [
        lambda: op.add_column("record", sa.Column("note", sa.Text())),
        lambda: op.create_table("later", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("key", sa.Text())),
        lambda: op.execute('INSERT INTO later (id, key) SELECT id, "key" FROM record'),
        lambda: op.execute('UPDATE record SET note = "key"'),
        lambda: op.create_index("ix_later_key", "later", ["key"]),
    ]
    for number, step in enumerate([*steps, lambda: None]):
        if os.environ.get("DIE_AT") == str(number):
            os.kill(os.getpid(), signal.SIGKILL)
        step()
'''
OPEN = """
import sys
from pathlib import Path
from gateway.clock import SystemClock, SystemIds
from gateway.ledger import schema
from gateway.ledger.store import open_ledger
schema.HEAD, schema.MIGRATIONS = "0002", Path(sys.argv[2])
open_ledger(sys.argv[1], SystemClock(), SystemIds(), {}).close()
"""
_HELD = "SELECT id, type, key, version, state, content_digest FROM record ORDER BY id"


class Site:
    """A ledger with records in it, as seen by the version that made it and by a newer one."""

    def __init__(self, url: str, scripts: Path) -> None:
        self.url, self.scripts = url, scripts
        shutil.copytree(schema.MIGRATIONS, scripts)
        (scripts / "versions" / "0002_later.py").write_text(NEWER, encoding="utf-8")
        self.engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def newer(self, die_at: int | None = None) -> int:
        """Start the newer version; return how it ended."""
        environment = {**os.environ, **({} if die_at is None else {"DIE_AT": str(die_at)})}
        done = subprocess.run(
            [sys.executable, "-c", OPEN, self.url, str(self.scripts)],
            check=False, env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    def held(self) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(_HELD))]

    def version(self) -> str | None:
        with self.engine.connect() as connection:
            return schema.current(connection)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of its own: what a newer version leaves is of no use to other tests."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def place(desk: Any, url: str, make: Any, tmp_path: Path) -> Iterator[Site]:
    feed = desk.feed()
    feed.show(*(make.seen(f"r{n}", f"row {n}", make.draft("LA", f"case-{n}", f"text {n}")) for n in range(RECORDS)))
    feed.end()
    desk.ledger.close()
    made = Site(url, tmp_path / "scripts")
    yield made
    made.engine.dispose()


def test_r19_a_migration_that_dies_at_any_step_leaves_the_older_ledger_whole(place: Site) -> None:
    before = place.held()
    assert len(before) == RECORDS
    for step in range(STEPS + 1):
        assert place.newer(die_at=step) == -signal.SIGKILL
        assert (place.version(), place.held()) == ("0001", before)
        open_ledger(place.url, FakeClock(), FakeIds(), {}).close()  # the older version starts
    assert place.newer() == 0
    assert (place.version(), place.held()) == ("0002", before)
    with place.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM later")).scalar_one() == RECORDS
        assert connection.execute(text('SELECT count(*) FROM record WHERE note = "key"')).scalar_one() == RECORDS


def test_r19_the_older_version_refuses_in_words_what_the_newer_one_has_changed(place: Site) -> None:
    assert place.newer() == 0
    held = place.held()
    for read_only in (False, True):
        with pytest.raises(LedgerError) as refused:
            open_ledger(place.url, FakeClock(), FakeIds(), {}, read_only=read_only)
        assert "台账由其他版本的网关建立" in refused.value.spoken("zh")
        assert "0002" in refused.value.detail
    assert place.held() == held
    assert place.newer() == 0, "and the newer one goes on"
