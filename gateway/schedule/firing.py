# SPDX-License-Identifier: Apache-2.0
"""Schedules as both modes run them: the latest tick of each, written down in the ledger before anything is done (B24)."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from cronsim import CronSim

from gateway.clock import BEIJING, microseconds, moment
from gateway.errors import GatewayError, LedgerError
from gateway.ledger import firings
from gateway.ledger.firings import Firing
from gateway.ledger.store import Ledger
from gateway.schedule.workplace import Workplace

PULL: Final = "pull"
SWEEP: Final = "key-sweep"
RECONCILE: Final = "reconcile"

_MOST_TICKS: Final = 100_000

log = structlog.get_logger(__name__)


def lines(place: Workplace) -> Mapping[str, str]:
    """Return the cron line of every schedule of a workplace by its name."""
    pulls = {each.name: each.cron for each in place.sources}
    return named(
        pulls, [each.name for each in place.destinations if each.statements], place.reconcile_at, place.sweep_at
    )


def named(
    pulls: Mapping[str, str | None], destinations: Iterable[str], reconcile_at: str, sweep_at: str
) -> Mapping[str, str]:
    """Return the cron line of every schedule by its name: what it does, a colon, and to whom."""
    found = {f"{PULL}:{name}": line for name, line in pulls.items() if line}
    found |= {f"{RECONCILE}:{name}": reconcile_at for name in destinations}
    return found | {f"{SWEEP}:{name}": sweep_at for name in pulls}


def latest_tick(line: str, now: datetime) -> datetime:
    """Return the last moment up to ``now`` that a cron line names, in fixed +08:00.

    It is read from the line, never counted from an earlier one: no jump of the clock can silence a schedule.
    """
    tick: datetime = next(CronSim(line, now.astimezone(BEIJING) + timedelta(seconds=1), reverse=True))
    return tick


def next_tick(line: str, now: datetime) -> datetime:
    """Return the first moment after ``now`` that a cron line names."""
    tick: datetime = next(CronSim(line, now.astimezone(BEIJING)))
    return tick


def ticks(place: Workplace) -> Iterator[Firing]:
    """Yield the latest tick of every schedule; which of them are new the ledger knows."""
    now = place.clock.now()
    for name, line in lines(place).items():
        yield Firing(name, microseconds(latest_tick(line, now)))


def tell_missed(place: Workplace, firing: Firing, covers_from: int | None) -> None:
    """Say how many ticks passed unseen before this firing, which makes up for all of them."""
    line = lines(place).get(firing.schedule)
    if covers_from is None or line is None or covers_from >= firing.due_at:
        return
    missed, at, due = 0, moment(covers_from), moment(firing.due_at)
    while missed < _MOST_TICKS and (at := next_tick(line, at)) < due:
        missed += 1
    if missed:
        log.warning(
            "firings-missed", schedule=firing.schedule, missed=missed, since=moment(covers_from).isoformat(),
            made_up_at=due.isoformat(),
        )  # fmt: skip


@dataclass(slots=True)
class Begun:
    """What becomes of a firing."""

    state: str = "done"
    detail: str | None = None

    def skip(self, why: str) -> None:
        """It is not carried out, and why."""
        self.state, self.detail = "skipped", why

    def fail(self, error: GatewayError) -> None:
        """It was tried in vain."""
        self.state, self.detail = "failed", error.spoken("zh")[:500]


@contextmanager
def carried_out(ledger: Ledger, firing: Firing | None) -> Iterator[Begun | None]:
    """Begin a firing and end it; None where somebody else has begun it. Without a firing there is nothing to write down."""
    begun = Begun()
    if firing is None:
        yield begun
        return
    holder = ledger.enlist(f"{firing.schedule} {moment(firing.due_at):%Y-%m-%d %H:%M}")[0]
    mine = False
    try:
        with ledger.begin() as connection:
            mine = firings.begin(connection, firing, holder, ledger.now())
        yield begun if mine else None
    except BaseException as fault:
        begun.state, begun.detail = "failed", type(fault).__name__
        raise
    finally:
        ledger.membership.forget(holder)
        with suppress(LedgerError), ledger.begin() as connection:
            if mine:
                firings.end(connection, firing, begun.state, begun.detail, ledger.now())
            ledger.membership.strike_out(connection, holder)
