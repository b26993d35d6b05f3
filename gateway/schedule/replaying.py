# SPDX-License-Identifier: Apache-2.0
"""Replay plans while the gateway runs: fed every second beside everything else, or to their end in one round."""

from gateway.flow.backlog import Backlog
from gateway.flow.replay import Replaying, is_active, step
from gateway.schedule.workplace import Handlings, Workplace

FEED_EVERY = 1.0


def replaying(place: Workplace, backlog: Backlog) -> Replaying:
    """Return what feeds the plans of a workplace."""
    return Replaying(place.ledger, Handlings(place.ledger, place.sources), place.clock, backlog.grew)


def replay_until(place: Workplace, backlog: Backlog, patience: float) -> None:
    """Feed all running plans until they are done, the backlog is stopped, or nothing has moved for ``patience`` seconds."""
    job = replaying(place, backlog)
    moved = place.clock.monotonic()
    while not backlog.stopped and is_active(job):
        if step(job):
            moved = place.clock.monotonic()
        elif place.clock.monotonic() - moved > patience:
            return
        backlog.rest(FEED_EVERY)
