# SPDX-License-Identifier: Apache-2.0
"""The catalogue of powers as intake asks for it: master data held here, read under a lock of its own (ledger.md B10).

Who decides about records shares the lock, who brings master data owns it: so no record waits for an item that has come.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic_core import from_json
from sqlalchemy import Connection, literal_column, select, update

from gateway.ledger.batches import among, listed, upsert_rows
from gateway.ledger.tables import record, site
from gateway.model.case_record import CaseRecord
from gateway.model.record_type import RecordType, sequence_in

_NAME = "catalogue"


class Standing(NamedTuple):
    """How the catalogue stands: its revision, and the bodies of which it holds an item."""

    rev: int = 0
    bodies: frozenset[str] = frozenset()


def lock(connection: Connection, *, for_change: bool) -> Standing:
    """Take the lock, which always comes before those of cases, and return how the catalogue stands."""
    question = select(site.c.value).where(site.c.name == _NAME).with_for_update(read=not for_change)
    told = connection.execute(question).scalar()
    if told is None:
        upsert_rows(connection, site, ("name", "value"), [(_NAME, json.dumps({"rev": 0, "bodies": []}))])
        told = connection.execute(question).scalar_one()
    parsed = json.loads(told)
    return Standing(parsed["rev"], frozenset(parsed["bodies"]))


def changed(connection: Connection, before: Standing, bodies: Iterable[str]) -> None:
    """Note that master data was accepted, items of ``bodies`` among it; the caller owns the lock."""
    value = json.dumps({"rev": before.rev + 1, "bodies": sorted(before.bodies.union(bodies))})
    connection.execute(update(site).where(site.c.name == _NAME).values(value=value))


class HeldCatalogue:
    """Master data read so far, as long as the catalogue has not changed."""

    def __init__(self) -> None:
        self._held: tuple[int, dict[str, tuple[CaseRecord, ...]]] = (-1, {})

    def look_up(
        self, connection: Connection, types: Mapping[str, RecordType], standing: Standing, keys: Iterable[str]
    ) -> list[CaseRecord]:
        """Return the accepted versions of these keys; of a withdrawn key none."""
        rev, held = self._held
        if rev != standing.rev:
            held = {}
            self._held = (standing.rev, held)
        wanted = set(keys)
        absent = sorted(wanted - held.keys())
        if absent:
            held.update(_read(connection, types, absent))
        return [each for key in sorted(wanted) for each in held[key]]


def _read(
    connection: Connection, types: Mapping[str, RecordType], keys: list[str]
) -> dict[str, tuple[CaseRecord, ...]]:
    found: dict[str, list[CaseRecord]] = {key: [] for key in keys}
    dialect = connection.dialect.name
    rows = connection.execute(
        select(*COLUMNS)
        .where(among(dialect, record.c.key), record.c.state == literal_column("'accepted'"))
        .order_by(record.c.key, record.c.version),
        {"among": listed(dialect, keys)},
    )
    for row in rows:
        found[row.key].append(case_record(types, row))
    return {key: () if each and each[-1].withdrawn else tuple(each) for key, each in found.items()}


COLUMNS = (
    record.c.id, record.c.type, record.c.key, record.c.version, record.c.state, record.c.case_no, record.c.org_code,
    record.c.item_code, record.c.occurred_at, record.c.facts, record.c.lane, record.c.order_key,
)  # fmt: skip


def case_record(types: Mapping[str, RecordType], row: Any) -> CaseRecord:
    """Return a row of ``COLUMNS`` as the rules see it."""
    _id, type_, key, version, _state, case_no, org, item, occurred_at, facts, _lane, _order_key = row[:12]
    return CaseRecord(
        type_, key, version, sequence_in(key), occurred_at, types[type_].withdraws, from_json(facts) if facts else {},
        org, item, case_no,
    )  # fmt: skip
