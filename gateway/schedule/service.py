# SPDX-License-Identifier: Apache-2.0
"""The service: deliverers that never stop, pulls and reconciliation fired by the clock.

APScheduler is the timer and nothing else: its jobs live in memory and are made anew from the configuration at every
start. Cron lines are read by cronsim, as APScheduler's numeric weekdays are off by one.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from cronsim import CronSim

from gateway.clock import BEIJING
from gateway.errors import GatewayError, LedgerError
from gateway.flow.backfill import due
from gateway.flow.backlog import Backlog
from gateway.flow.replay import step
from gateway.ports import Destination
from gateway.schedule.collection import rare_collection
from gateway.schedule.filling import FILL_EVERY, fill, filling
from gateway.schedule.once import deliver, paused, pull_one, reconcile_one, sweep_one
from gateway.schedule.replaying import FEED_EVERY, replaying
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

PARK_EVERY = 60
SEAL_EVERY = 20
"""Seconds; while there is work the commits seal by themselves, this seals what the last of them left open (B29)."""
_RESTART_PAUSE = 10.0
_FINISH_WITHIN = 15.0
"""Seconds that the packages under way get to be answered once the service is told to stop; then they are cut."""

log = structlog.get_logger(__name__)


class CronTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires by a cron line in fixed +08:00."""

    def __init__(self, line: str) -> None:
        self.line = line

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the first firing after the last one, or after now."""
        since = max(previous_fire_time, now) if previous_fire_time else now
        fires: datetime = next(CronSim(self.line, since.astimezone(BEIJING)))
        return fires


class Service:
    """Runs until told to stop; every part that fails is logged and tried again, the others go on."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._backlog = Backlog(tuple(each.name for each in place.destinations), place.linger)
        self._timer = BackgroundScheduler(
            timezone=BEIJING, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._replaying = replaying(place, self._backlog)
        self._filling = filling(place, self._backlog)
        self._threads: list[threading.Thread] = []
        self._channels: dict[str, Destination] = {}
        self._pulling = {each.name: threading.Lock() for each in place.sources}
        self._reading = {each.name: threading.Lock() for each in place.sources}
        self._stopping = threading.Event()
        self._cutting = threading.Event()
        self._resources = ExitStack()
        self.ended = threading.Event()
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Start the deliverers, pull every source once, and set the clock for what comes after."""
        self._resources.enter_context(rare_collection())
        for destination in self._place.destinations:
            thread = threading.Thread(
                target=self._deliver_for_ever, args=(destination,), name=f"deliver-{destination.name}"
            )
            thread.start()
            self._threads.append(thread)
            if destination.statements:
                self._timer.add_job(
                    self._reconcile, CronTrigger(self._place.reconcile_at), args=(destination,),
                    id=f"reconcile:{destination.name}",
                )  # fmt: skip
        for source in self._place.sources:
            self._timer.add_job(self._pull, args=(source,), id=f"first:{source.name}")
            self._timer.add_job(
                self._sweep, CronTrigger(self._place.sweep_at), args=(source,), id=f"key-sweep:{source.name}"
            )
            if source.cron:
                self._timer.add_job(self._pull, CronTrigger(source.cron), args=(source,), id=f"pull:{source.name}")
        self._timer.add_job(self._park_overdue, "interval", seconds=PARK_EVERY, id="park-overdue")
        self._timer.add_job(self._replay, "interval", seconds=FEED_EVERY, id="replay")
        self._timer.add_job(self._fill, "interval", seconds=FILL_EVERY, id="back-fill")
        self._timer.add_job(self._alarm_gaps, "interval", seconds=PARK_EVERY, id="alarm-gaps")
        self._timer.add_job(self._seal, "interval", seconds=SEAL_EVERY, id="seal-evidence")
        self._timer.start()

    def grew(self, records: int) -> None:
        """Tell the deliverers that a pushed package made ``records`` deliveries possible."""
        self._backlog.grew(records)

    def stop(self) -> None:
        """Finish the package and the chunk under way, then end; a second call does nothing.

        A destination that does not answer in time is cut off, and so is a reconciliation: what is unknown then stands
        as unknown in the ledger, and is asked about at the next start.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._backlog.stop()
        self._timer.pause()
        end = self._place.clock.monotonic() + _FINISH_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, end - self._place.clock.monotonic()))
        self._cutting.set()
        for channel in list(self._channels.values()):
            channel.cut()
        self._timer.shutdown(wait=True)
        for thread in self._threads:
            thread.join()
        with suppress(LedgerError):  # the next start seals it
            self._place.ledger.seal()
        self._resources.close()

    def _pull(self, part: SourcePart) -> None:
        """Pull a source, unless it is paused or a pull of it is still under way."""
        if paused(self._place, part):
            log.info("pull-skipped", source=part.name, reason="paused")
            return
        if not self._pulling[part.name].acquire(blocking=False):
            log.info("pull-skipped", source=part.name, reason="overlap")
            return
        try:
            self._pull_now(part)
        finally:
            self._pulling[part.name].release()

    def _pull_now(self, part: SourcePart) -> None:
        with self._reading[part.name], self._backlog.pulling():
            try:
                figures = pull_one(self._place, part, self._backlog, _no_progress).figures
            except GatewayError as error:
                log.warning("pull-failed", source=part.name, code=error.code, error=error.spoken("zh"))
                return
        log.info("pulled", source=part.name, rows=figures.rows, accepted=figures.accepted, refused=figures.refused)

    def _sweep(self, part: SourcePart) -> None:
        """Sweep the keys of a source, and collect what came too late for any pull (B14)."""
        if paused(self._place, part):
            log.info("sweep-skipped", source=part.name, reason="paused")
            return
        with self._pulling[part.name], self._reading[part.name], self._backlog.pulling():
            try:
                found = sweep_one(self._place, part, self._backlog)
            except GatewayError as error:
                log.warning("sweep-failed", source=part.name, code=error.code, error=error.spoken("zh"))
                return
        log.info("swept", source=part.name, differences=sum(each.counts for each in found), seen=len(found))

    def _park_overdue(self) -> None:
        """Park records whose predecessor has not come in time, and say so loudly (B9)."""
        for each in self._place.ledger.park_overdue(self._place.clock.now()):
            log.warning("parked-missing-predecessor", key=each.key, case=each.case_no)

    def _replay(self) -> None:
        """Take the running replay plans one slice further."""
        try:
            step(self._replaying)
        except GatewayError as error:
            log.warning("replay-failed", code=error.code, error=error.spoken("zh"))

    def _fill(self) -> None:
        """Take the running back-fills one step further; a pull that is due goes before them."""
        for each in due(self._filling):
            if self._pulling[each.source].locked() or not self._reading[each.source].acquire(blocking=False):
                continue
            try:
                fill(self._filling, lambda other, name=each.source: other.source == name)  # type: ignore[misc]
            except GatewayError as error:
                log.warning("back-fill-failed", source=each.source, code=error.code, error=error.spoken("zh"))
            finally:
                self._reading[each.source].release()

    def _alarm_gaps(self) -> None:
        """Say loudly which numbers of a sender's stream have not come in time (standard.md §4)."""
        for gap in self._place.ledger.alarm_gaps():
            log.warning("package-gap", sender=gap.source, stream=gap.stream_id, seq=gap.seq)

    def _seal(self) -> None:
        """Seal what the last commit before a rest left open of the evidence (B29)."""
        try:
            self._place.ledger.seal()
        except LedgerError as error:
            log.warning("seal-failed", code=error.code, error=error.spoken("zh"))

    def _reconcile(self, part: DestinationPart) -> None:
        try:
            found = reconcile_one(self._place, part, opened=self._opened(f"reconcile:{part.name}"))
        except GatewayError as error:
            log.warning("reconcile-failed", destination=part.name, code=error.code, error=error.spoken("zh"))
            return
        log.info("reconciled", destination=part.name, differences=len(found.differences), restated=len(found.restated))

    def _deliver_for_ever(self, part: DestinationPart) -> None:
        """Deliver until the service stops; what nobody foresaw ends the service, loudly, so that it is started anew."""
        try:
            self._deliver_again_and_again(part)
        except BaseException as fault:
            self.fault = fault
            self.ended.set()
            raise

    def _deliver_again_and_again(self, part: DestinationPart) -> None:
        while not self._stopping.is_set():
            try:
                deliver(self._place, part, self._backlog, None, self._opened(part.name))
            except GatewayError as error:
                log.warning("deliver-failed", destination=part.name, code=error.code, error=error.spoken("zh"))
                self._stopping.wait(_RESTART_PAUSE)

    def _opened(self, name: str) -> Callable[[Destination], None]:
        def keep(channel: Destination) -> None:
            self._channels[name] = channel
            if self._cutting.is_set():
                channel.cut()

        return keep


def _no_progress(*_told: Any) -> None:
    """Nobody watches a service's bars."""
