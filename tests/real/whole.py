# SPDX-License-Identifier: Apache-2.0
"""A whole set through mapping and validation, without a ledger: what every row becomes."""

from contextlib import closing
from pathlib import Path

from lxml import etree

from gateway import resources
from gateway.channels.database_tools import DatabaseTools
from gateway.documents import safexml
from gateway.documents.schema import Schema
from gateway.flow.translate import TrialNumbers, translate
from gateway.flow.validate import PackValidator
from gateway.mapping.compile import compile_mapping
from gateway.mapping.load import load_mapping
from gateway.model.record import Draft, Observation, Row, SourceKind
from gateway.pack import load_pack
from gateway.ports import Clock
from gateway.rules import Rules
from gateway.sdk import AdapterSettings
from tests.real.sets import RealSet

MAPPINGS = resources.find("mappings")
NAMESPACE = "{urn:jx:power-exchange:1.0}"
CHUNK = 500


def rows_of(database: Path, clock: Clock, chosen: RealSet) -> list[Row]:
    """Read every row of the department's database in the order of a pull."""
    options = {"url": f"sqlite:///{database}", **chosen.options}
    settings = AdapterSettings(chosen.name, SourceKind.STATE, options, database.parent)
    rows: list[Row] = []
    with closing(DatabaseTools(clock).database(settings)) as source:
        window = source.window(None)
        page = source.read(window, None, CHUNK)
        rows.extend(page.rows)
        while page.more:
            page = source.read(window, page.after, CHUNK)
            rows.extend(page.rows)
    return rows


def observe(rows: list[Row], chosen: RealSet) -> list[Observation]:
    """Map and validate ``rows`` chunk by chunk."""
    pack = load_pack()
    mapper = compile_mapping(load_mapping(MAPPINGS / chosen.mapping, pack), pack, chosen.name)
    validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack))
    numbers = TrialNumbers()
    observations: list[Observation] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        requests = [request for row in chunk for request in mapper.wants(row)]
        observations.extend(translate(chunk, mapper, numbers.give(requests), validator))
    return observations


def fields(draft: Draft) -> dict[str, list[str]]:
    """Return the texts of a draft's document by element path."""
    return texts(draft.document())


def texts(document: bytes) -> dict[str, list[str]]:
    """Return the texts of a document by element path."""
    found: dict[str, list[str]] = {}

    def walk(element: etree._Element, path: str) -> None:
        for child in element:
            name = str(child.tag).removeprefix(NAMESPACE)
            found.setdefault(path + name, []).append(child.text or "")
            walk(child, f"{path}{name}/")

    walk(safexml.parse(document), "")
    return found
