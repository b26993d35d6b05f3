# SPDX-License-Identifier: Apache-2.0
"""Backup and restore (备份与恢复, ledger.md T5): one form for both databases, an SQLite file with its SHA-256 beside it.

After a restore the gateway holds: destinations may be ahead of these books, and what they hold must be seen first.
"""

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, func, insert, select, text, update

from gateway.errors import RefusedByGate
from gateway.ledger import schema
from gateway.ledger.batches import upsert_rows
from gateway.ledger.engine import explained
from gateway.ledger.tables import destination, metadata, package, site, source, source_run
from gateway.ledger.worker_tables import stream, worker
from gateway.model.words import Words

HELD: Final = "held"
RESTORED: Final = "restored-from"
_FENCE: Final = 1000
"""How far epochs rise: whoever pulled or sent before the restore is fenced for good."""
_ROWS: Final = 2000


class NotABackup(RefusedByGate):
    """A file is no whole backup, or the place to restore to is not empty."""

    code = "GW-731"
    summary = Words(
        "备份不可用,或目标台账不是空的", "the backup can't be used, or the ledger to restore to is not empty"
    )
    advice = Words(
        "检查备份文件和同名 .json;恢复到空台账", "check the backup and its .json; restore into an empty ledger"
    )


def back_up(connection: Connection, target: Path, now: int) -> dict[str, Any]:
    """Copy the ledger as this transaction sees it into a new file, check it, and return what its ``.json`` says.

    Raises NotABackup where the file is there already or the copy does not pass its check.
    """
    if target.exists():
        raise NotABackup(str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    if connection.dialect.name == "sqlite":
        with closing(sqlite3.connect(part)) as copy:
            connection.connection.driver_connection.backup(copy, pages=4096)  # type: ignore[union-attr]
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        _copy_out(connection, part)
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise NotABackup(f"{part}: {found}")
    told = {"made_at": now, "schema": schema.HEAD, "sha256": _digest(part), "bytes": part.stat().st_size}
    with part.open("rb") as file:
        os.fsync(file.fileno())
    target.with_name(target.name + ".json").write_text(json.dumps(told) + "\n", encoding="utf-8")
    part.replace(target)
    return told


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy_out(connection: Connection, target: Path) -> None:
    engine = create_engine(f"sqlite:///{target}")
    with engine.begin() as fresh:
        schema.ensure(fresh)
        copy_rows(connection, fresh)
    engine.dispose()


def copy_rows(old: Connection, new: Connection) -> None:
    """Copy every row of every table into tables of the same shape."""
    for table in metadata.sorted_tables:
        for rows in old.execution_options(yield_per=_ROWS).execute(select(table)).partitions():
            new.execute(insert(table), [row._asdict() for row in rows])


def checked(backup: Path) -> dict[str, Any]:
    """Return what a backup says of itself. Raises NotABackup where the file is not what was written."""
    beside = backup.with_name(backup.name + ".json")
    if not backup.is_file() or not beside.is_file():
        raise NotABackup(f"{backup}, {beside}")
    told: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    if _digest(backup) != told["sha256"]:
        raise NotABackup(f"{backup}: SHA-256")
    if told["schema"] != schema.HEAD:
        raise NotABackup(f"{backup}: schema {told['schema']} != {schema.HEAD}")
    return told


def restore(connection: Connection, backup: Path, now: int) -> None:
    """Fill an empty ledger from a backup and put it on hold, inside the caller's transaction. Raises NotABackup."""
    told = checked(backup)
    if any(connection.execute(select(table).limit(1)).first() is not None for table in metadata.sorted_tables):
        raise NotABackup(Words("台账不是空的", "the ledger is not empty").en)
    engine = create_engine(f"sqlite:///file:{backup}?mode=ro&uri=true")
    with explained(), engine.connect() as old:
        copy_rows(old, connection)
    engine.dispose()
    if connection.dialect.name == "postgresql":
        set_sequences(connection)
    hold_everything(connection, told, now)


def set_sequences(connection: Connection) -> None:
    """Let the sequences of PostgreSQL go on behind the highest numbers that were copied."""
    for table in metadata.sorted_tables:
        (key, *more) = table.primary_key.columns
        sequence = (
            None
            if more
            else connection.execute(
                text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": table.name, "key": key.name}
            ).scalar()
        )
        if sequence is not None:
            highest = connection.execute(select(func.max(key))).scalar()
            if highest is not None:
                connection.execute(text("SELECT setval(:name, :last)"), {"name": sequence, "last": highest})


def hold_everything(connection: Connection, told: dict[str, Any], now: int) -> None:
    """Let the books begin a new life: next incarnation, higher epochs, new streams, nothing sent before it is released."""
    upsert_rows(connection, site, ("name", "value"), [("incarnation", "1")])
    before = int(connection.execute(select(site.c.value).where(site.c.name == "incarnation")).scalar_one())
    connection.execute(update(site).where(site.c.name == "incarnation").values(value=str(before + 1)))
    mark = json.dumps({"at": now, "made_at": told["made_at"], "sha256": told["sha256"]})
    upsert_rows(connection, site, ("name", "value"), [(RESTORED, mark)], replaced=("value",))
    connection.execute(update(source).values(epoch=source.c.epoch + _FENCE))
    connection.execute(update(source_run).where(source_run.c.state == "open").values(state="dead", ended_at=now))
    connection.execute(worker.delete())
    connection.execute(stream.delete())
    connection.execute(
        update(package).where(package.c.state == "open").values(state="unknown", was_unknown=True, not_before=0)
    )
    connection.execute(update(destination).values(state=HELD, reason="restored", not_before=0))


def restored_from(connection: Connection) -> dict[str, Any] | None:
    """Return when these books were restored, and from what; None where they never were."""
    value = connection.execute(select(site.c.value).where(site.c.name == RESTORED)).scalar()
    return None if value is None else dict(json.loads(value))


def release(connection: Connection, name: str) -> bool:
    """Let a held destination go; False where it is not held."""
    done = connection.execute(
        update(destination)
        .where(destination.c.name == name, destination.c.state == HELD)
        .values(state="open", reason=None)
    )
    return bool(done.rowcount)
