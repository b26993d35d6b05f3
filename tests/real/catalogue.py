# SPDX-License-Identifier: Apache-2.0
"""Load the service catalogue as it is into a department's database (SQLite): one row an item, nothing cleaned or dropped.

The file is a JavaScript constant that holds a JSON array: departments, main items, sub-items. The codes stand in the query of
each sub-item's link; the row holds the link and, beside it, what the query says. ``ID`` is the place in the file, from 1.
What a published item needs and the file does not hold (a legal basis, two dates) is made up and lies in a table of its own.
"""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.real.loader import fill, new

FOLDER = "service-catalogue"
CATALOGUE = "bszl-data.js"
PUBLICATION = Path(__file__).parent / "overlay" / "publication.csv"

QUERY = {"areaCode": "AREACODE", "itemCode": "ITEMCODE", "taskType": "TASKTYPE", "deptCode": "DEPTCODE"}
COLUMNS = ("DEPARTMENT", "MAINITEM", "ITEMNAME", "LINK", "QRCODE", *QUERY.values())
VIEW = """
CREATE VIEW item_view AS
SELECT i.*, p.LAWNAME, p.EFFECTIVEFROM, p.PUBLISHEDAT FROM item AS i CROSS JOIN publication AS p
"""


def load(database: Path, directory: Path) -> int:
    """Create ``database`` with every item of the file as a row, and return how many there are."""
    header, publication = publication_lines()
    with new(database) as connection:
        rows = fill(connection, "item", COLUMNS, items(directory / CATALOGUE))
        fill(connection, "publication", header, [publication])
        connection.execute(VIEW)
    return rows


def publication_lines() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return header and the one line of the made-up publication."""
    with PUBLICATION.open(encoding="utf-8", newline="") as stream:
        header, line = csv.reader(stream)
    return tuple(header), tuple(line)


def items(path: Path) -> Iterator[tuple[str, ...]]:
    """Read the items in the order of the file, as tuples in the order of ``COLUMNS``.

    Raises ValueError where the file is no such constant, or holds a key that the table has no place for.
    """
    for department in constant(path.read_text(encoding="utf-8")):
        name, mains = exactly(department, "department", "items")
        for each in mains:
            main, subs = exactly(each, "main_item", "sub_items")
            for sub in subs:
                title, link, picture = exactly(sub, "name", "link", "qrcode")
                codes = dict(parse_qsl(urlsplit(link).query, keep_blank_values=True, strict_parsing=True))
                yield (name, main, title, link, picture, *exactly(codes, *QUERY))


def constant(text: str) -> list[dict[str, Any]]:
    """Return the array that a JavaScript file assigns to its only constant; raises ValueError."""
    found = re.match(r"(?:\s*//[^\n]*\n)*\s*const\s+\w+\s*=\s*", text)
    if found is None:
        raise ValueError("not a JavaScript constant")
    array, end = json.JSONDecoder().raw_decode(text, found.end())
    if text[end:].strip() not in ("", ";") or not isinstance(array, list):
        raise ValueError("the constant is not one array")
    return array


def exactly(values: dict[str, Any], *names: str) -> list[Any]:
    """Return the values of ``names``; raises ValueError where there are others or fewer: nothing may be left behind."""
    if values.keys() != set(names):
        raise ValueError(f"keys {sorted(values)} instead of {sorted(names)}")
    return [values[name] for name in names]
