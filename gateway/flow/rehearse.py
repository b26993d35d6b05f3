# SPDX-License-Identifier: Apache-2.0
"""Rehearse: what a pull would bring, without writing anything (试采集)."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.flow.translate import TrialNumbers, translate
from gateway.model.record import Level, Refused
from gateway.ports import Mapper, Position, Source, Validator


@dataclass(frozen=True, slots=True)
class Trial:
    """What a pull would bring: rows read, records that would pass every check, and refusals."""

    rows: int
    records: int
    refused: tuple[Refused, ...]


def rehearse(
    source: Source, mapper: Mapper, validator: Validator, since: str | None, progress: Callable[[int], None],
    level: Level | None = None, now: str | None = None,
) -> Trial:  # fmt: skip
    """Read a source from ``since`` in chunks, map and validate every row.

    Numbers that the ledger would allocate are counted from 1 here. Raises SourceError.
    """
    rows = records = 0
    refused: list[Refused] = []
    numbers = TrialNumbers()
    window = source.window(since)
    after: Position | None = None
    while True:
        page = source.read(window, after, 500)
        requests = [request for row in page.rows for request in mapper.wants(row)]
        for seen in translate(page.rows, mapper, numbers.give(requests), validator, level, now):
            records += len(seen.drafts)
            refused.extend(seen.refused)
        refused.extend(Refused((each.finding,)) for each in page.unreadable)
        rows += len(page.rows) + len(page.unreadable)
        progress(len(page.rows))
        if not page.more:
            return Trial(rows, records, tuple(refused))
        after = page.after
