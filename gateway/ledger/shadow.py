# SPDX-License-Identifier: Apache-2.0
"""What a ledger without destinations has come to: records by type, refusals by cause, without any value of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.ledger.findings import from_json
from gateway.ledger.refusals import Outcome
from gateway.ledger.tables import record, refusal


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of refusals: its code, where, the sentences, and how many rows or records it keeps out."""

    code: str
    path: str
    message: str
    hint: str
    count: int
    example: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """Records by type and state, what is turned away by cause (the most frequent first), and what would be withdrawn."""

    records: Mapping[str, Mapping[str, int]]
    outcomes: Mapping[str, int]
    causes: Sequence[Cause]

    @property
    def clean(self) -> bool:
        """Nothing was turned away."""
        return not any(count for outcome, count in self.outcomes.items() if outcome != Outcome.PROPOSED)

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {"records": self.records, "outcomes": self.outcomes, "causes": [asdict(each) for each in self.causes]}


def report_of(connection: Connection, most: int = 50) -> Report:
    """Sum up a shadow ledger; ``example`` of a cause is the id of one of its rows."""
    records: dict[str, dict[str, int]] = {}
    counted = select(record.c.type, record.c.state, func.count()).group_by(record.c.type, record.c.state)
    for type_, state, number in connection.execute(counted.order_by(record.c.type, record.c.state)):
        records.setdefault(type_, {})[state] = number
    standing = refusal.c.superseded.is_(False)
    by_outcome = select(refusal.c.outcome, func.count()).where(standing).group_by(refusal.c.outcome)
    outcomes: dict[str, int] = {row[0]: row[1] for row in connection.execute(by_outcome)}
    grouped = (
        select(refusal.c.fingerprint, func.count().label("n"), func.min(refusal.c.id).label("first"))
        .where(standing, refusal.c.outcome != Outcome.PROPOSED.value)
        .group_by(refusal.c.fingerprint)
        .order_by(func.count().desc(), func.min(refusal.c.id))
        .limit(most)
    )
    causes = []
    for _, number, first in connection.execute(grouped).all():
        row = connection.execute(select(refusal.c.row_id, refusal.c.findings).where(refusal.c.id == first)).one()
        found = from_json(row.findings)[0]
        causes.append(Cause(found.code, found.path, found.message.zh, found.hint.zh, number, row.row_id))
    return Report(records, outcomes, causes)
