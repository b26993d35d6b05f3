# SPDX-License-Identifier: Apache-2.0
"""What the ledger's file says, read with SQLite alone."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

LEDGER = Path("site") / "ledger.db"


def accepted(directory: Path) -> dict[tuple[str, int], str]:
    """Return digest by key and version of all that was accepted, invented items included.

    Raises ValueError where the ledger holds a record that was not accepted.
    """
    rows = _rows(directory, "SELECT key, version, content_digest, state FROM record")
    if states := {state for *_, state in rows} - {"accepted"}:
        raise ValueError(f"records in the states {sorted(states)}")
    return {(key, version): digest.hex() for key, version, digest, _ in rows}


def heads(directory: Path, kind: str) -> dict[str, str]:
    """Return the row id behind the highest version of every key of one record type."""
    rows = _rows(directory, "SELECT key, row_id, max(version) FROM record WHERE type = ? GROUP BY key", kind)
    return {key: row for key, row, _ in rows}


def reasons(directory: Path) -> dict[str, int]:
    """Count the findings of all refusals by code and place; a refused record may have several."""
    rows = _rows(
        directory,
        "SELECT rtrim(json_extract(f.value, '$.code') || ' ' || coalesce(json_extract(f.value, '$.path'), '')), count(*)"
        " FROM refusal AS r, json_each(r.findings) AS f WHERE NOT r.superseded GROUP BY 1 ORDER BY 1",
    )
    return dict(rows)


def _rows(directory: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{directory / LEDGER}?mode=ro", uri=True)) as ledger:
        return ledger.execute(query, values).fetchall()
