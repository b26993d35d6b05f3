# SPDX-License-Identifier: Apache-2.0
"""Load the emission levies as they are into a department's database (SQLite): nothing is cleaned or dropped.

Half of the rows repeat the (firm, quarter) of an earlier one, and both stay. ``ID`` is the line number of the file. Tonnes are
kept as the digits of the line; a value that is absent there is NULL.
"""

from pathlib import Path

from tests.real.loader import fill, lines, new

FOLDER = "emission-levies"
LEVIES = "air_2012.jsonl"
COLUMNS = (
    "REGISTRATIONNO",
    "QUARTER",
    "STARTDATE",
    "ENDDATE",
    "ITEMUNIT",
    "RPT_TYPE",
    "PERSTATUS",
    "UPDATETIME",
    "EMIITEM1",
    "EMIITEM2",
    "EMIITEM3",
    "EMIITEM4",
    "FACILITYNAME",
)


def load(database: Path, directory: Path) -> int:
    """Create ``database`` with every line of the file as a row, and return how many there are."""
    with new(database) as connection:
        rows = fill(connection, "levy", COLUMNS, lines(directory / LEVIES, COLUMNS, digits=True))
        connection.execute("CREATE INDEX levy_changed ON levy (UPDATETIME, ID)")
    return rows
