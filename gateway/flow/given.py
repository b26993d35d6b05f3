# SPDX-License-Identifier: Apache-2.0
"""What a sender is told of what it sent: the DailyStatement over its accepted heads (standard.md §4, ledger.md B26)."""

from collections import defaultdict
from typing import TypeAlias

from gateway.ledger.evidence import incarnation_of
from gateway.ledger.received import Reading, sent_heads
from gateway.ledger.receiving import last_receipt_no
from gateway.model.package import Statement, StatementLine, statement_term, statement_text

_Line: TypeAlias = tuple[str, str, str]


def daily_statement(connection: Reading, source_id: int, day: str, org: str | None) -> Statement:
    """Sum up a sender's accepted heads of a day by organisation, type and item."""
    counts: dict[_Line, int] = defaultdict(int)
    totals: dict[_Line, int] = defaultdict(int)
    for head in sent_heads(connection, source_id, day=day, org=org):
        line = (head.org_code, head.type, head.item_code)
        counts[line] += 1
        totals[line] += statement_term(head.key, head.version, head.digest)
    lines = tuple(
        StatementLine(*line, counts[line], counts[line], statement_text(totals[line])) for line in sorted(counts)
    )
    return Statement(day, last_receipt_no(connection), incarnation_of(connection), lines)
