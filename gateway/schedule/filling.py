# SPDX-License-Identifier: Apache-2.0
"""Back-fills while the gateway runs: a step now and then beside the pulls, or to their end in one round."""

from collections.abc import Callable

import structlog

from gateway.errors import GatewayError
from gateway.flow.backfill import BackFilling, due, is_active, step
from gateway.flow.backlog import Backlog
from gateway.ledger.acts import is_paused
from gateway.ledger.backfills import Slice
from gateway.schedule.workplace import Handlings, Workplace

FILL_EVERY = 1.0
_PAUSE = 0.05

log = structlog.get_logger(__name__)


def filling(place: Workplace, backlog: Backlog) -> BackFilling:
    """Return what reads the back-fills of a workplace."""
    return BackFilling(
        place.ledger, {each.name: each.open for each in place.sources},
        Handlings(place.ledger, place.sources), place.clock, place.translator, place.chunk, backlog.grew,
        lambda: backlog.stopped,
    )  # fmt: skip


def fill(job: BackFilling, may: Callable[[Slice], bool] = lambda _slice: True) -> int:
    """Take every back-fill that may go on one step further; return the rows read.

    A source that is paused by a person waits; one that is gone, or read by somebody else, is come back to.
    """
    rows = 0
    for each in due(job):
        with job.ledger.reading() as connection:
            rests = is_paused(connection, each.source)
        if rests or not may(each):
            continue
        try:
            rows += step(job, each)
        except GatewayError as error:
            log.warning("back-fill-failed", source=each.source, code=error.code, error=error.spoken("zh"))
            job.spent[each.plan] = job.clock.monotonic() + 10.0
    return rows


def fill_until(place: Workplace, backlog: Backlog, patience: float, told: Callable[[int], None]) -> None:
    """Read all running back-fills to their end, ``told`` of the rows read so far; stop when nothing has moved for ``patience`` seconds."""
    job = filling(place, backlog)
    moved = place.clock.monotonic()
    done = 0
    while not backlog.stopped and is_active(job):
        rows = fill(job)
        done += rows
        told(done)
        if rows:
            moved = place.clock.monotonic()
        elif place.clock.monotonic() - moved > patience:
            return
        else:
            backlog.rest(_PAUSE)  # its rate is used up for now, or somebody else reads the source
