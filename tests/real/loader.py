# SPDX-License-Identifier: Apache-2.0
"""Load the environmental penalties as they are into a department's database (SQLite): nothing is cleaned or dropped.

The set has no row numbers, so each table numbers its rows itself: ``ID`` is the line number of the file. Text stays
text, integers stay integers, a column that a line lacks is NULL. A penalty names its facility by registration number;
510 of these references dangle, so the view shows the facility's address only where there is a facility, and says in
``FACILITYKNOWN`` whether there is one.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "environment-penalties"
"""Where the set lies beside a checkout; see its SOURCE.md for origin, licence and what was filtered."""

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


def present(directory: Path = DATA) -> bool:
    """Tell whether the set is there."""
    return (directory / PENALTIES).is_file() and (directory / FACILITIES).is_file()


def lines(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str | int | None, ...]]:
    """Read a JSON Lines file (UTF-8) as tuples in the order of ``columns``.

    Raises ValueError where a line holds a column that the table has no place for: nothing may be left behind.
    """
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            values = json.loads(line)
            if strange := values.keys() - set(columns):
                raise ValueError(f"{path.name}:{number}: no column for {sorted(strange)}")
            yield tuple(values.get(column) for column in columns)


def load(database: Path, directory: Path = DATA) -> Loaded:
    """Create ``database`` with both files in it; it must not exist yet."""
    if database.exists():
        raise FileExistsError(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        penalties = fill(connection, "penalty", PENALTY_COLUMNS, directory / PENALTIES)
        facilities = fill(connection, "facility", FACILITY_COLUMNS, directory / FACILITIES)
        connection.execute('CREATE INDEX facility_number ON facility ("管制編號")')
        connection.execute("CREATE INDEX penalty_changed ON penalty (UPDATETIME, ID)")
        connection.execute(VIEW)
    return Loaded(penalties, facilities)


def fill(connection: sqlite3.Connection, table: str, columns: tuple[str, ...], path: Path) -> int:
    """Create one table and put every line of ``path`` into it; return the number of rows."""
    declared = ", ".join(f'"{column}" {"INTEGER" if column in NUMBERS else "TEXT"}' for column in columns)
    connection.execute(f'CREATE TABLE "{table}" (ID INTEGER PRIMARY KEY AUTOINCREMENT, {declared})')
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    cursor = connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', lines(path, columns))
    return cursor.rowcount
