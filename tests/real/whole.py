# SPDX-License-Identifier: Apache-2.0
"""The whole set through mapping and validation, without a ledger: what every row becomes."""

from contextlib import closing
from pathlib import Path

from gateway import resources
from gateway.channels.database import DatabaseTools
from gateway.documents.schema import Schema
from gateway.flow.translate import TrialNumbers, translate
from gateway.flow.validate import PackValidator
from gateway.mapping.compile import compile_mapping
from gateway.mapping.load import load_mapping
from gateway.model.record import Observation, Row, SourceKind
from gateway.pack import load_pack
from gateway.ports import Clock
from gateway.rules import Rules
from gateway.sdk import AdapterSettings

FOLDER = resources.find("mappings") / "environment-penalties"
CHUNK = 500


def rows_of(database: Path, clock: Clock) -> list[Row]:
    """Read every row of the department's view in the order of a pull."""
    options = {
        "url": f"sqlite:///{database}",
        "table": "penalty_view",
        "row_id": ["ID"],
        "stamp": {"column": "UPDATETIME", "format": "%Y/%m/%d %H:%M"},
    }
    settings = AdapterSettings("penalties", SourceKind.STATE, options, database.parent)
    rows: list[Row] = []
    with closing(DatabaseTools(clock).database(settings)) as source:
        window = source.window(None)
        page = source.read(window, None, CHUNK)
        rows.extend(page.rows)
        while page.more:
            page = source.read(window, page.after, CHUNK)
            rows.extend(page.rows)
    return rows


def observe(rows: list[Row]) -> list[Observation]:
    """Map and validate ``rows`` chunk by chunk."""
    pack = load_pack()
    mapper = compile_mapping(load_mapping(FOLDER / "penalties.yaml", pack), pack, "penalties")
    validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack))
    numbers = TrialNumbers()
    observations: list[Observation] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        requests = [request for row in chunk for request in mapper.wants(row)]
        observations.extend(translate(chunk, mapper, numbers.give(requests), validator))
    return observations
