# SPDX-License-Identifier: Apache-2.0
"""The made-up site around the real set: a catalogue of invented items, two sources, two destinations.

Bureaus, items and the region are invented (``mappings/environment-penalties/README.md``); everything else is in the rows.
"""

import csv
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

OVERLAY = Path(__file__).parent / "overlay"
ITEMS = "items"
PENALTIES = "penalties"

GATEWAY = """\
organisation: "{sender}"
name: 真实记录检验(虚构站点)
ledger:
  url: sqlite:///ledger.db
trust:
  key: file:{signing_key}
  certificate: {signing_certificate}
"""
ITEM_SOURCE = """\
org: XNHB00224
department: 虚构事项目录
kind: state
level: L1
options:
  url: sqlite:///catalogue.sqlite
  table: item
  row_id: [ITEMCODE]
mapping: environment-penalties/items.yaml
"""
# The rows' stamps span two years and 4,925 rows share one of them. An overlap as wide as that reads every row again in
# every pass: nothing but row memory keeps the second pass from doing everything twice.
PENALTY_SOURCE = """\
org: XNHB00224
department: 环境行政处罚(境外数据集,机构为虚构)
kind: state
level: L1
options:
  url: sqlite:///../department.sqlite
  table: penalty_view
  row_id: [ID]
  stamp: {column: UPDATETIME, format: "%Y/%m/%d %H:%M"}
  overlap: 1000d
mapping: environment-penalties/penalties.yaml
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


def write(directory: Path, city: Mapping[str, Any], addresses: Mapping[str, str]) -> Path:
    """Write the configuration of the site below ``directory`` and return its folder.

    ``city`` is what ``gateway reference init`` printed; ``addresses`` maps each of its systems to its URL.
    """
    folder = directory / "site"
    sender = city["sender"]
    for name in ("sources.d", "destinations.d"):
        (folder / name).mkdir(parents=True)
    (folder / "gateway.yaml").write_text(GATEWAY.format(sender=sender["code"], **_paths(sender)), encoding="utf-8")
    (folder / "sources.d" / f"{ITEMS}.yaml").write_text(ITEM_SOURCE, encoding="utf-8")
    (folder / "sources.d" / f"{PENALTIES}.yaml").write_text(PENALTY_SOURCE, encoding="utf-8")
    for name, system in city["systems"].items():
        text = DESTINATION.format(
            code=system["code"],
            url=addresses[name],
            ca=city["ca"],
            receipt_certificate=system["receipt_certificate"],
            **_paths(sender),
        )
        (folder / "destinations.d" / f"{name}.yaml").write_text(text, encoding="utf-8")
    catalogue(folder / "catalogue.sqlite")
    return folder


def catalogue(database: Path) -> int:
    """Put the invented items into a table of their own and return how many there are."""
    header, *items = invented_items()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"CREATE TABLE item ({', '.join(f'{name} TEXT NOT NULL' for name in header)})")
        connection.executemany(f"INSERT INTO item VALUES ({', '.join('?' * len(header))})", items)
    return len(items)


def invented_items() -> list[list[str]]:
    """Return the catalogue as lines of cells, the header first."""
    with (OVERLAY / "items.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def _paths(sender: Mapping[str, str]) -> dict[str, str]:
    return {name: path for name, path in sender.items() if name != "code"}
