# SPDX-License-Identifier: Apache-2.0
"""Load the environmental penalties as they are into a department's database (SQLite): nothing is cleaned or dropped.

The set has no row numbers, so each table numbers its rows itself: ``ID`` is the line number of the file. Text stays
text, integers stay integers, a column that a line lacks is NULL. A penalty names its facility by registration number;
510 of these references dangle, so the view shows the facility's address only where there is a facility, and says in
``FACILITYKNOWN`` whether there is one.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = "environment-penalties"
"""The set's folder; see its SOURCE.md for origin, licence and what was filtered."""

PENALTIES = "penalties_2011_2012.jsonl"
FACILITIES = "facilities.jsonl"

PENALTY_COLUMNS = (
    "REGISTRATIONNO",
    "FACILITYNAME",
    "COUNTY",
    "COUNTYCODE",
    "DOCUMENTNO",
    "PENALTYYEAR",
    "PENALTYDATE",
    "TRANSGRESSDATE",
    "TRANSGRESSLAW",
    "PENALTYMONEY",
    "ISPETITION",
    "PETITIONAGENCY",
    "PETITIONRESULTS",
    "APPEALRESCIND",
    "UPDATETIME",
    "IMPROVEDEADLINE",
    "INSPECTIONCONDITION",
    "TRANSGRESSNAME",
    "TRANSGRESSCONTROLID",
)
FACILITY_COLUMNS = (
    "管制編號",
    "name",
    "地址",
    "所屬工業區",
    "行業別",
    "列管類別",
    "longitude",
    "latitude",
    "最新資料匯入日期",
    "資料來源",
    "更新頻率",
)
NUMBERS = frozenset({"PENALTYMONEY"})

VIEW = """
CREATE VIEW penalty_view AS
SELECT p.*, f."地址" AS FACILITYADDRESS, f."管制編號" IS NOT NULL AS FACILITYKNOWN
FROM penalty AS p LEFT JOIN facility AS f ON f."管制編號" = p.REGISTRATIONNO
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many lines of each file became rows."""

    penalties: int
    facilities: int


def lines(path: Path, columns: tuple[str, ...], *, digits: bool = False) -> Iterator[tuple[str | int | None, ...]]:
    """Read a JSON Lines file (UTF-8) as tuples in the order of ``columns``.

    With ``digits`` a number stays the digits that the line holds, since SQLite has no decimals that are exact.
    Raises ValueError where a line holds a column that the table has no place for: nothing may be left behind.
    """
    reader = json.JSONDecoder(parse_float=str, parse_int=str) if digits else json.JSONDecoder()
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            values = reader.decode(line)
            if strange := values.keys() - set(columns):
                raise ValueError(f"{path.name}:{number}: no column for {sorted(strange)}")
            yield tuple(values.get(column) for column in columns)


def load(database: Path, directory: Path) -> Loaded:
    """Create ``database`` with both files in it; it must not exist yet."""
    with new(database) as connection:
        penalties = fill(connection, "penalty", PENALTY_COLUMNS, lines(directory / PENALTIES, PENALTY_COLUMNS))
        facilities = fill(connection, "facility", FACILITY_COLUMNS, lines(directory / FACILITIES, FACILITY_COLUMNS))
        connection.execute('CREATE INDEX facility_number ON facility ("管制編號")')
        connection.execute("CREATE INDEX penalty_changed ON penalty (UPDATETIME, ID)")
        connection.execute(VIEW)
    return Loaded(penalties, facilities)


@contextmanager
def new(database: Path) -> Iterator[sqlite3.Connection]:
    """Make a database that must not exist yet, and commit it at the end; raises FileExistsError."""
    if database.exists():
        raise FileExistsError(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        yield connection


def fill(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[str | int | None, ...]]
) -> int:
    """Create one table, number its rows in ``ID`` from 1 in their order, and return how many there are."""
    declared = ", ".join(f'"{column}" {"INTEGER" if column in NUMBERS else "TEXT"}' for column in columns)
    connection.execute(f'CREATE TABLE "{table}" (ID INTEGER PRIMARY KEY AUTOINCREMENT, {declared})')
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    return connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows).rowcount
