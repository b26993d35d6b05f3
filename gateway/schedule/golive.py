# SPDX-License-Identifier: Apache-2.0
"""The go-live lock in the rhythm of the service: looks that need no source to be read, and steps told loudly."""

from collections.abc import Sequence
from typing import Final

import structlog

from gateway.flow.golive import Step, told
from gateway.schedule.workplace import Workplace

WATCH_EVERY: Final = 60
"""Seconds."""

log = structlog.get_logger(__name__)


def tell_steps(steps: Sequence[Step]) -> None:
    """Say loudly what the lock did of itself."""
    for step in steps:
        log.warning("go-live", event_of=step.moved.event, **told(step))


def watch_over(place: Workplace) -> None:
    """Let the lock look at the ends of attestations and overrides, and at what needs no reading. Raises LedgerError."""
    watch = place.watch
    if watch is None:
        return
    tell_steps(watch.at_times(place.ledger))
