# SPDX-License-Identifier: Apache-2.0
"""What a system holds, read from its storage alone: the checker's view (``gateway reference dump``)."""

import sqlite3
from pathlib import Path
from typing import Any

from gateway_reference.store import FILE


class NoStorage(Exception):
    """The directory holds no storage of a reference system."""


def dump(directory: Path) -> dict[str, Any]:
    """Return system, records in order of arrival, packages, duplicates, faults and statistics.

    ``duplicates`` counts rows beyond the first of one key and version: above 0 only at a naive system. ``withdrawn``
    tells that the key's last record is a withdrawal. Works while the server runs. Raises NoStorage.
    """
    path = directory / FILE
    if not path.is_file():
        raise NoStorage(f"没有存储文件 / no storage: {path}")
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        return _read(connection)
    finally:
        connection.close()


def _read(connection: sqlite3.Connection) -> dict[str, Any]:
    rows = connection.execute(
        "SELECT r.*, p.package_id FROM record r JOIN package p USING (receipt_no) ORDER BY r.received"
    ).fetchall()
    last = {
        row["key"]: row["operation_type"]
        for row in connection.execute("SELECT key, type AS operation_type FROM record WHERE head ORDER BY received")
    }
    records = [
        {
            "key": row["key"],
            "type": row["type"],
            "version": row["version"],
            "digest": row["digest"],
            "order": row["received"],
            "received_at": row["received_at"],
            "receipt_no": row["receipt_no"],
            "record_id": row["record_id"],
            "package_id": row["package_id"],
            "org": row["org"],
            "case": row["lane"],
            "item": row["item"],
            "operation": row["operation"],
            "day": row["day"],
            "sender": row["sender"],
            "head": bool(row["head"]),
            "withdrawn": last.get(row["key"]) == "GG_CH",
        }
        for row in rows
    ]
    faults = connection.execute("SELECT at, rule, operation, action, package_id, detail FROM fault ORDER BY number")
    meta = {row["name"]: row["value"] for row in connection.execute("SELECT name, value FROM meta")}
    return {
        "system": meta,
        "records": records,
        "packages": connection.execute("SELECT count(*) FROM package WHERE code='0000'").fetchone()[0],
        "duplicates": len(rows) - len({(row["key"], row["version"]) for row in rows}),
        "streams": _streams(connection),
        "faults": [dict(row) for row in faults],
        "stats": {
            row["name"]: row["value"] for row in connection.execute("SELECT name, value FROM stats ORDER BY name")
        },
    }


def _streams(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Return the highest packageSeq of each stream and the numbers missing below it (standard.md §4: never refused)."""
    arrived: dict[str, set[int]] = {}
    for stream, number in connection.execute("SELECT stream_id, package_seq FROM package WHERE code='0000'"):
        arrived.setdefault(stream, set()).add(number)
    return {
        stream: {
            "highest": max(numbers),
            "missing": [number for number in range(1, min(max(numbers), 100_000)) if number not in numbers],
        }
        for stream, numbers in arrived.items()
    }
