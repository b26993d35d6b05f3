# SPDX-License-Identifier: Apache-2.0
"""Make the departments' databases: the same seed gives the same rows."""

import random
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.demo import catalogue, penalties, permits

PERMIT_CASES = {"construction": 310, "health": 240}
PERMIT_FLAWS = {"construction": 35, "health": 28}
PENALTY_CASES = 420
PENALTY_FLAWS = 42
DOUBLED = 30
_OWNERS = {"construction": catalogue.CONSTRUCTION, "health": catalogue.HEALTH}


@dataclass(frozen=True, slots=True)
class City:
    """What was made up: standard records that the rows hold, how many of them must be refused, rows that stand twice."""

    records: int
    refused: int
    doubled: int


def make_city(directory: Path, seed: int) -> City:
    """Write the departments' databases into ``directory`` (made where missing); raises FileExistsError for an old one."""
    directory.mkdir(parents=True, exist_ok=True)
    items = catalogue.rows()
    _write(directory / "staffing.db", [catalogue.TABLE], {"SXQD": items})
    records, refused = len(items), 0
    for place, (name, count) in enumerate(PERMIT_CASES.items()):
        chance = random.Random(seed * 10 + place)  # noqa: S311 # made-up people, nothing is secret
        rows, made, planted = permits.cases(chance, catalogue.PERMITS[_OWNERS[name]], count, PERMIT_FLAWS[name])
        _write(directory / f"{name}.db", permits.tables(), {f"T_{table}": found for table, found in rows.items()})
        records += made
        refused += len(planted)
    chance = random.Random(seed * 10 + 9)  # noqa: S311 # made-up people, nothing is secret
    cases, log, planted = penalties.cases(chance, catalogue.PENALTIES, PENALTY_CASES, PENALTY_FLAWS, DOUBLED)
    _write(directory / "market.db", penalties.TABLES, {"AJ": cases, "LCJL": log})
    return City(records + len(log), refused + len(planted), DOUBLED)


def _write(path: Path, statements: Iterable[str], tables: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
    if path.exists():
        raise FileExistsError(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
        for table, rows in tables.items():
            for row in rows:
                named, asked = ", ".join(f'"{c}"' for c in row), ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{table}" ({named}) VALUES ({asked})', tuple(row.values()))  # noqa: S608
