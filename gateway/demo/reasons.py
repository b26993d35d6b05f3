# SPDX-License-Identifier: Apache-2.0
"""Why records were refused: one line a reason, with a sentence of one of them."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from gateway.ledger.tables import refusal
from gateway.model.words import Words


class Reason(NamedTuple):
    """A finding's code and place, the number of records it refused, and what it says of one of them."""

    code: str
    place: str
    number: int
    message: Words


def reasons(connection: Connection) -> list[Reason]:
    """Return the reasons that stand in the ledger, most frequent first."""
    findings = select(refusal.c.findings, func.count().label("n")).where(refusal.c.superseded.is_(False))
    told: dict[tuple[str, str], Reason] = {}
    for text, count in connection.execute(findings.group_by(refusal.c.findings)):
        first = json.loads(text)[0]
        code, place = first["code"], first["path"]
        before = told.get((code, place), Reason(code, place, 0, Words(*first["message"])))
        told[code, place] = before._replace(number=before.number + count)
    return sorted(told.values(), key=lambda each: (-each.number, each.code, each.place))
