# SPDX-License-Identifier: Apache-2.0
"""The journal of a run in SQLite: every verdict as it falls, so that a run that was cut short goes on where it stood."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from gateway.model.words import Words
from gateway_conformance.verdict import Finding, Outcome, Verdict

_TABLES = """
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outcome (id TEXT PRIMARY KEY, content TEXT NOT NULL);
"""


class OtherRun(Exception):
    """The journal belongs to another system, seed, scale, profile or suite: it cannot be gone on with."""


class Journal:
    """Outcomes of one run; ``None`` keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._connection.executescript(_TABLES)

    def begin(self, about: dict[str, str]) -> None:
        """Note what the run is; raises OtherRun where the journal was begun for something else."""
        held = dict(self._connection.execute("SELECT name, value FROM run"))
        differing = [name for name, value in about.items() if held and held.get(name) != value]
        if differing:
            raise OtherRun(f"运行日志属于另一次运行 / the journal is of another run: {', '.join(differing)}")
        self._connection.executemany("INSERT OR IGNORE INTO run VALUES (?, ?)", about.items())

    def keep(self, outcome: Outcome) -> None:
        """Write down a verdict."""
        content = json.dumps(outcome.as_json(), ensure_ascii=False)
        self._connection.execute("INSERT OR REPLACE INTO outcome VALUES (?, ?)", (outcome.id, content))

    def outcomes(self) -> dict[str, Outcome]:
        """Return what has been judged so far."""
        rows = self._connection.execute("SELECT id, content FROM outcome")
        return {id_: _outcome(json.loads(content)) for id_, content in rows}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _outcome(kept: dict[str, Any]) -> Outcome:
    reason = kept["reason"]
    return Outcome(
        kept["id"], Verdict(kept["verdict"]), Words(reason["zh"], reason["en"]) if reason else None,
        [_finding(each) for each in kept["findings"]], kept["examined"], kept["evidence"],
    )  # fmt: skip


def _finding(kept: dict[str, Any]) -> Finding:
    return Finding(
        kept["code"], Words(kept["message"], kept["message_en"]), Words(kept["hint"], kept["hint_en"]), kept["place"],
        kept["expected"], kept["received"], tuple(kept["examples"]),
    )  # fmt: skip
