# SPDX-License-Identifier: Apache-2.0
"""A ledger moves from SQLite to PostgreSQL: all of it or nothing, and goes on there where it stood."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from gateway.errors import LedgerError
from gateway.ledger import moving, store
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import record, row_memory, site
from gateway.model.record import Level, SourceKind
from gateway.testing.clock import FakeClock, FakeIds
from gateway.testing.postgres import PostgreSQL


@dataclass
class Move:
    """An SQLite ledger with something in it, and an empty one on PostgreSQL."""

    old: Ledger
    new: Ledger
    old_url: str
    types: Any

    def go(self, token: str = "t1") -> list[moving.Counted]:
        with self.old.reading() as before, self.new.begin() as after:
            return moving.move(before, after, token)

    def rows(self, ledger: Ledger, table: Any) -> list[tuple[Any, ...]]:
        with ledger.reading() as connection:
            return sorted((tuple(row) for row in connection.execute(table.select())), key=repr)


@pytest.fixture
def move(make: Any, tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Move]:
    old_url = f"sqlite:///{tmp_path}/old.db"
    clock = FakeClock()
    old = open_ledger(old_url, clock, FakeIds(), make.types)
    new = open_ledger(postgresql.database(), clock, FakeIds(500), make.types)
    lease = old.start_run("s1", SourceKind.STATE, Level.L1, clock.now())
    observations = [make.seen(f"r{n}", f"raw {n}", make.draft("LA", f"案{n}", f"内容{n}")) for n in range(30)]
    observations.append(make.seen("bad", "raw bad", refused=(make.refused(),)))
    old.commit_chunk(lease, chunk(observations, "c1"))
    old.end_run(lease, "done")
    with old, new:
        yield Move(old, new, old_url, make.types)


def chunk(observations: list[Any], cursor: str) -> Any:
    from gateway.ledger.intake import Chunk

    return Chunk(tuple(observations), {}, cursor, len(observations), 0, "p1", "m1", "a1")


def test_everything_arrives_and_the_next_version_goes_on_there(move: Move, make: Any) -> None:
    moved = {each.table: each.rows for each in move.go()}
    assert (moved["record"], moved["refusal"]) == (30, 1)
    for table in moving.tables():
        if table is not site:
            assert move.rows(move.new, table) == move.rows(move.old, table), table.name
    lease = move.new.start_run("s1", SourceKind.STATE, Level.L1, move.new.clock.now())
    assert lease.cursor == "c1"
    again = make.seen("r1", "raw 1", make.draft("LA", "案1", "内容1"))
    changed = make.seen("r2", "raw 2 changed", make.draft("LA", "案2", "改了"))
    figures = move.new.commit_chunk(lease, chunk([again, changed], "c2"))
    assert (figures.accepted, figures.rereads) == (1, 1), (
        "row memory and heads are there, and numbers go on behind the last"
    )
    assert max(number for number, *_ in move.rows(move.new, record)) == 31


def test_a_ledger_that_is_not_empty_is_no_target(move: Move) -> None:
    move.go()
    with pytest.raises(moving.NotMovable):
        move.go("t2")


def test_a_row_that_arrives_otherwise_undoes_everything(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count and digest of every table are read back before anything is kept."""
    copied = moving._copy

    def damaged(old: Any, new: Any, table: Any, advance: Any) -> moving.Counted:
        told = copied(old, new, table, advance)
        if table is row_memory:
            new.execute(text("UPDATE row_memory SET keys = 'other' WHERE row_id = 'r7'"))
        return told

    monkeypatch.setattr(moving, "_copy", damaged)
    with pytest.raises(moving.NotTheSame, match="row_memory"):
        move.go()
    with move.new.reading() as connection:
        assert moving.is_empty(connection)


def test_a_ledger_that_moved_is_not_written_any_more(move: Move) -> None:
    with move.old.begin() as connection:
        moving.mark(connection, "postgresql://there", "t1", "moved")
    move.old.close()
    with pytest.raises(LedgerError, match="postgresql://there"):
        open_ledger(move.old_url, FakeClock(), FakeIds(), move.types)
    with (
        open_ledger(move.old_url, FakeClock(), FakeIds(), move.types, read_only=True) as reader,
        reader.reading() as old,
    ):
        assert moving.marked(old) == {"to": "postgresql://there", "token": "t1", "state": "moved"}
    with open_ledger(move.old_url, FakeClock(), FakeIds(), move.types, moved=True) as ledger:
        with ledger.begin() as connection:
            moving.unmark(connection)
        with ledger.reading() as connection:
            store.refuse_moved(connection)


def test_a_move_that_a_crash_cut_off_is_known_by_its_token(move: Move) -> None:
    with move.new.reading() as connection:
        assert not moving.arrived(connection, "t1")
    move.go("t1")
    with move.new.reading() as connection:
        assert moving.arrived(connection, "t1")
        assert not moving.arrived(connection, "t2")


def test_the_command_moves_refuses_finishes_and_gives_up(
    make: Any, tmp_path: Path, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``gateway ledger migrate`` as its user runs it: dry run, a crash before the end, finishing, a second time."""
    from click.testing import CliRunner

    from gateway.cli import ledger_move, shell
    from gateway.config import load
    from tests.chaos.site import write_gateway
    from tests.chaos.systems import make_keys

    folder = tmp_path / "site"
    write_gateway(folder, make_keys(tmp_path / "systems"))
    there = postgresql.database()
    open_ledger(load(folder).site.ledger.url.reveal(), FakeClock(), FakeIds(), make.types).close()

    def run(*options: str, codes: tuple[int, ...] = (0,)) -> Any:
        made = CliRunner().invoke(shell, ["ledger", "migrate", *options, "--reason", "上集群", "-C", str(folder)])
        assert made.exit_code in codes, (made.exit_code, made.output, made.exception)
        return made

    assert ledger_move._address(load(folder), there) == there
    told = json.loads(run("--to", there, "--dry-run", "--json").stdout)
    assert told["rows"] >= 0
    assert "GW-751" in run("--to", "sqlite:///other.db", codes=(5,)).output
    assert "GW-751" in run("--cancel", codes=(5,)).output
    with monkeypatch.context() as crash:
        crash.setattr(ledger_move, "_tell", lambda *_a, **_k: None)
        crash.setattr(moving, "arrived", lambda *_a: (_ for _ in ()).throw(KeyboardInterrupt))
        run("--to", there, codes=(130, 1))
    run("--to", there)
    assert "GW-751" in run("--to", there, codes=(5,)).output, "it has moved already"
    refused = CliRunner().invoke(shell, ["ledger", "prune", "--older-than", "10y", "--reason", "x", "-C", str(folder)])
    assert refused.exit_code == 3
    assert "GW-501" in refused.output
    engine = create_engine(there.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM act")).scalar_one() >= 1
