# SPDX-License-Identifier: Apache-2.0
"""The made-up site around a real set: a catalogue of invented items where the set has none, and two destinations.

Bureaus, items, the region and the act of publication are invented (README.md of each mapping); everything else is in the rows.
"""

import csv
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.real.sets import RealSet

OVERLAY = Path(__file__).parent / "overlay"
DEPARTMENT = "department.sqlite"
ITEMS = "items"

GATEWAY = """\
organisation: "{sender}"
name: 真实记录检验(虚构站点)
ledger:
  url: sqlite:///ledger.db
trust:
  key: file:{signing_key}
  certificate: {signing_certificate}
"""
SOURCE = """\
org: XNHB00224
acts_for: all
department: {department}
kind: state
level: L1
options: {options}
mapping: {mapping}
"""
DESTINATION = """\
receiver: "{code}"
url: {url}
ca: {ca}
certificate: {client_certificate}
key: {client_key}
receipt_certificate: {receipt_certificate}
case_order: true
"""
ITEM_OPTIONS = {"url": "sqlite:///catalogue.sqlite", "table": "item", "row_id": ["ITEMCODE"]}
ITEM_MAPPING = "environment-penalties/items.yaml"


def write(directory: Path, city: Mapping[str, Any], addresses: Mapping[str, str], chosen: RealSet) -> Path:
    """Write the configuration of the site below ``directory`` and return its folder.

    ``city`` is what ``gateway reference init`` printed; ``addresses`` maps those of its systems to their URL that are
    destinations here.
    """
    folder = directory / "site"
    sender = city["sender"]
    for name in ("sources.d", "destinations.d"):
        (folder / name).mkdir(parents=True)
    (folder / "gateway.yaml").write_text(GATEWAY.format(sender=sender["code"], **_paths(sender)), encoding="utf-8")
    options = {"url": f"sqlite:///../{DEPARTMENT}", **chosen.options}
    _source(folder, chosen.name, chosen.department, options, chosen.mapping)
    if chosen.items is not None:
        _source(folder, ITEMS, "虚构事项目录", ITEM_OPTIONS, ITEM_MAPPING)
        catalogue(folder / "catalogue.sqlite", chosen)
    for name, address in addresses.items():
        system = city["systems"][name]
        text = DESTINATION.format(
            code=system["code"],
            url=address,
            ca=city["ca"],
            receipt_certificate=system["receipt_certificate"],
            **_paths(sender),
        )
        (folder / "destinations.d" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def catalogue(database: Path, chosen: RealSet) -> int:
    """Put the invented items of a set into a table of their own and return how many there are."""
    header, *items = invented_items(chosen)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"CREATE TABLE item ({', '.join(f'{name} TEXT NOT NULL' for name in header)})")
        connection.executemany(f"INSERT INTO item VALUES ({', '.join('?' * len(header))})", items)
    return len(items)


def invented_items(chosen: RealSet) -> list[list[str]]:
    """Return the invented items of a set as lines of cells, the header first."""
    with (OVERLAY / (chosen.items or "")).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def _source(folder: Path, name: str, department: str, options: Mapping[str, Any], mapping: str) -> None:
    # JSON is YAML: the options need no template of their own.
    written = json.dumps(options, ensure_ascii=False)
    text = SOURCE.format(department=department, options=written, mapping=mapping)
    (folder / "sources.d" / f"{name}.yaml").write_text(text, encoding="utf-8")


def _paths(sender: Mapping[str, str]) -> dict[str, str]:
    return {name: path for name, path in sender.items() if name != "code"}
