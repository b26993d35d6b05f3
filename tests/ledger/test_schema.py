# SPDX-License-Identifier: Apache-2.0
"""The tables: migrations lead to exactly what a fresh ledger gets, on both databases."""

import re

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from gateway.errors import LedgerError
from gateway.ledger import schema
from gateway.ledger.store import open_ledger
from gateway.ledger.tables import metadata
from gateway.testing.clock import FakeClock, FakeIds

_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql IS NOT NULL ORDER BY 1, 2"
_POSTGRESQL = (
    """SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1",
    """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass ORDER BY 1""",
)


def shape(connection):
    if connection.dialect.name == "sqlite":
        return [
            (kind, name, sorted(piece.strip() for piece in re.sub(r"[\s\"'()]+", " ", sql).split(",")))
            for kind, name, sql in connection.execute(text(_SQLITE))
        ]
    return [sorted(map(tuple, connection.execute(text(question)))) for question in _POSTGRESQL]


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request, tmp_path):
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{name}.db" for name in ("made", "migrated")]
    else:
        server = request.getfixturevalue("postgresql")
        urls = [server.database().replace("postgresql:", "postgresql+psycopg:") for _ in range(2)]
    engines = [create_engine(url) for url in urls]
    yield engines
    for engine in engines:
        engine.dispose()


def test_migrations_lead_to_the_tables_of_a_fresh_ledger(engines):
    made, migrated = engines
    with made.begin() as connection:
        schema.ensure(connection)
        fresh = shape(connection)
    with migrated.begin() as connection:
        schema.upgrade(connection, None)
        assert schema.current(connection) == schema.HEAD
        assert shape(connection) == fresh
    assert len(metadata.tables) > 10


def test_head_is_the_newest_script():
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_ledger_of_a_newer_version_is_refused(url):
    open_ledger(url, FakeClock(), FakeIds(), {}).close()
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(LedgerError, match="9999"):
            open_ledger(url, FakeClock(), FakeIds(), {})
        with pytest.raises(LedgerError, match="9999"):
            open_ledger(url, FakeClock(), FakeIds(), {}, read_only=True)
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'"))
        engine.dispose()
