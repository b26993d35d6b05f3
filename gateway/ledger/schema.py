# SPDX-License-Identifier: Apache-2.0
"""Bringing a database to the shape this version writes: made at once when empty, migrated step by step when older."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from gateway.errors import LedgerError
from gateway.ledger import backfill_tables as _backfill  # noqa: F401 # its tables join the metadata
from gateway.ledger import evidence_tables as _evidence  # noqa: F401 # its tables join the metadata
from gateway.ledger import failure_tables as _failures  # noqa: F401 # its tables join the metadata
from gateway.ledger import golive_tables as _golive  # noqa: F401 # its tables join the metadata
from gateway.ledger import hosted_tables as _hosted  # noqa: F401 # its tables join the metadata
from gateway.ledger import mapping_tables as _mappings  # noqa: F401 # its tables join the metadata
from gateway.ledger import people_tables as _people  # noqa: F401 # its tables join the metadata
from gateway.ledger import received_tables as _received  # noqa: F401 # and its
from gateway.ledger import reconciliation_tables as _reconciliation  # noqa: F401 # its tables join the metadata
from gateway.ledger import replay_tables as _replay  # noqa: F401 # its tables join the metadata
from gateway.ledger import retention_tables as _retention  # noqa: F401 # its tables join the metadata
from gateway.ledger import source_tables as _sources  # noqa: F401 # and so do these
from gateway.ledger import waiting_tables as _waiting  # noqa: F401 # its tables join the metadata
from gateway.ledger import worker_tables as _workers  # noqa: F401 # so do its
from gateway.ledger.tables import metadata
from gateway.model.words import Words

HEAD = "0001"
"""The newest migration; a test compares it with the scripts."""

MIGRATIONS = Path(__file__).with_name("migrations")


def current(connection: Connection) -> str | None:
    """Return the migration a database stands at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def require(connection: Connection) -> None:
    """Refuse a database of another shape; for commands that only read."""
    found = current(connection)
    if found != HEAD:
        raise LedgerError(f"schema {found}, wanted {HEAD}", _OTHER_SHAPE)


def ensure(connection: Connection) -> None:
    """Make or migrate the tables inside the caller's write transaction; raises LedgerError for a newer ledger."""
    found = current(connection)
    if found == HEAD:
        return
    if found is None:
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})
        return
    upgrade(connection, found)


def upgrade(connection: Connection, found: str | None) -> None:
    """Run the migrations after ``found`` on the caller's connection (alembic takes a second to import)."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise LedgerError(f"schema {found}, newest known {HEAD}", _OTHER_SHAPE)
    command.upgrade(config, "head")


_OTHER_SHAPE = Words(
    "台账由其他版本的网关建立:升级网关,或先用本版本写一次台账以升级结构",
    "another version made this ledger: upgrade the gateway, or let this version write once to migrate it",
)
