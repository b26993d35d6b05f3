# SPDX-License-Identifier: Apache-2.0
"""The service: deliverers that never stop, pulls and reconciliation fired by the clock.

Schedules are rows of the ledger, as in cluster mode (B24): each tick fires once, what was missed is told and made up
for by one firing, what a process now gone had begun is done again.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import structlog

from gateway.errors import GatewayError, LedgerError
from gateway.flow.backfill import due
from gateway.flow.backlog import Backlog
from gateway.flow.replay import step
from gateway.ledger import firings
from gateway.ledger.firings import Firing
from gateway.ports import Destination
from gateway.schedule.collection import rare_collection
from gateway.schedule.filling import FILL_EVERY, fill, filling
from gateway.schedule.firing import PULL, RECONCILE, SWEEP, Begun, carried_out, tell_missed, ticks
from gateway.schedule.golive import WATCH_EVERY, watch_over
from gateway.schedule.once import deliver, paused, pull_one, reconcile_one, sweep_one
from gateway.schedule.replaying import FEED_EVERY, replaying
from gateway.schedule.timer import Timer
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

PARK_EVERY = 60
SEAL_EVERY = 20
"""Seconds; while there is work the commits seal by themselves, this seals what the last of them left open (B29)."""
_LOOK_EVERY = 1.0
_PULLS_AT_ONCE = 10
_NOW = 0
"""Due time of a firing that stands in no schedule: the pull of the start."""
_RESTART_PAUSE = 10.0
_FINISH_WITHIN = 15.0
"""Seconds that the packages under way get to be answered once the service is told to stop; then they are cut."""

log = structlog.get_logger(__name__)


class Service:
    """Runs until told to stop; every part that fails is logged and tried again, the others go on."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._backlog = Backlog(tuple(each.name for each in place.destinations), place.linger)
        self._timer = Timer(place.clock, self._broke)
        self._sources = {each.name: each for each in place.sources}
        self._destinations = {each.name: each for each in place.destinations}
        self._pulls = ThreadPoolExecutor(_PULLS_AT_ONCE, thread_name_prefix="pull")
        self._works = ThreadPoolExecutor(2 + len(place.destinations), thread_name_prefix="schedule")
        self._fired: dict[str, int] = {}
        self._missed: dict[str, Firing] = {}
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
        """Start the deliverers, pull every source once, and fire schedules from now on."""
        self._resources.enter_context(rare_collection())
        for destination in self._place.destinations:
            thread = threading.Thread(
                target=self._deliver_for_ever, args=(destination,), name=f"deliver-{destination.name}"
            )
            thread.start()
            self._threads.append(thread)
        self._catch_up()
        for name in self._sources:
            # A pull that was missed while nobody ran is made up for by the first one.
            first = f"{PULL}:{name}"
            self._submit(self._missed.pop(first, Firing(first, _NOW)))
        for firing in self._missed.values():
            self._submit(firing)
        self._timer.every(_LOOK_EVERY, "schedules", self._look)
        self._timer.every(PARK_EVERY, "park-overdue", self._park_overdue)
        self._timer.every(FEED_EVERY, "replay", self._replay)
        self._timer.every(FILL_EVERY, "back-fill", self._fill)
        self._timer.every(PARK_EVERY, "alarm-gaps", self._alarm_gaps)
        self._timer.every(SEAL_EVERY, "seal-evidence", self._seal)
        if self._place.watch is not None:
            self._timer.every(WATCH_EVERY, "go-live", self._watch)
            self._watch()
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
        self._timer.stop()
        end = self._place.clock.monotonic() + _FINISH_WITHIN
        for thread in self._threads:
            thread.join(max(0.0, end - self._place.clock.monotonic()))
        self._cutting.set()
        for channel in list(self._channels.values()):
            channel.cut()
        self._timer.join()
        for pool in (self._pulls, self._works):
            pool.shutdown(wait=True, cancel_futures=True)
        for thread in self._threads:
            thread.join()
        with suppress(LedgerError):  # the next start seals it
            self._place.ledger.seal()
        self._resources.close()

    # -- schedules -------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Write down what came due while nobody ran, and take up what a process now gone had begun (B24)."""
        ledger = self._place.ledger
        for firing in ticks(self._place):
            if self._is_fired(firing):
                self._missed[firing.schedule] = firing
        with ledger.reading() as connection:
            left = firings.left_over(connection, ledger.now() + firings.FORGOTTEN_AFTER)
        for firing in left:
            self._missed.setdefault(firing.schedule, firing)

    def _look(self) -> None:
        """Fire what has come due since the last look; the ledger is asked only where a tick is a new one here."""
        for firing in ticks(self._place):
            if self._fired.get(firing.schedule) != firing.due_at and self._is_fired(firing):
                self._submit(firing)

    def _submit(self, firing: Firing) -> None:
        """Have a firing carried out; what runs at night never keeps pulls waiting."""
        pool = self._pulls if firing.schedule.startswith(f"{PULL}:") else self._works
        pool.submit(self._carry_out, firing)

    def _is_fired(self, firing: Firing) -> bool:
        """Write down that a schedule is due; tell whether it is for this process to carry out."""
        with self._place.ledger.begin() as connection:
            fired = firings.fire(connection, firing, self._place.ledger.now())
        self._fired[firing.schedule] = firing.due_at
        if fired:
            tell_missed(self._place, firing, fired.covers_from)
        return fired is not None

    def _carry_out(self, firing: Firing) -> None:
        """Do what a schedule asks for, in a thread of its own; its row tells what became of it."""
        task, _, name = firing.schedule.partition(":")
        works: dict[str, Callable[[Any, Begun], None]] = {
            PULL: self._pull, SWEEP: self._sweep, RECONCILE: self._reconcile,
        }  # fmt: skip
        part: Any = (self._destinations if task == RECONCILE else self._sources).get(name)
        if part is None or self._stopping.is_set():
            return  # no longer configured; or left over, and taken up at the next start
        try:
            with carried_out(self._place.ledger, None if firing.due_at == _NOW else firing) as begun:
                if begun is not None:
                    works[task](part, begun)
        except GatewayError as error:
            log.warning("schedule-failed", schedule=firing.schedule, code=error.code, error=error.spoken("zh"))
        except BaseException as fault:
            self._broke(fault)
            raise

    def _pull(self, part: SourcePart, begun: Begun) -> None:
        """Pull a source, unless it is paused or a pull of it is still under way."""
        if paused(self._place, part):
            begun.skip("paused")
            log.info("pull-skipped", source=part.name, reason="paused")
            return
        if not self._pulling[part.name].acquire(blocking=False):
            begun.skip("overlap")
            log.info("pull-skipped", source=part.name, reason="overlap")
            return
        try:
            self._pull_now(part, begun)
        finally:
            self._pulling[part.name].release()

    def _pull_now(self, part: SourcePart, begun: Begun) -> None:
        with self._reading[part.name], self._backlog.pulling():
            try:
                figures = pull_one(self._place, part, self._backlog, _no_progress).figures
            except GatewayError as error:
                begun.fail(error)
                log.warning("pull-failed", source=part.name, code=error.code, error=error.spoken("zh"))
                return
        log.info("pulled", source=part.name, rows=figures.rows, accepted=figures.accepted, refused=figures.refused)

    def _sweep(self, part: SourcePart, begun: Begun) -> None:
        """Sweep the keys of a source, and collect what came too late for any pull (B14)."""
        if paused(self._place, part):
            begun.skip("paused")
            log.info("sweep-skipped", source=part.name, reason="paused")
            return
        with self._pulling[part.name], self._reading[part.name], self._backlog.pulling():
            try:
                found = sweep_one(self._place, part, self._backlog)
            except GatewayError as error:
                begun.fail(error)
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

    def _watch(self) -> None:
        """Let the go-live lock look at the ends of attestations and overrides, and at senders that push."""
        try:
            watch_over(self._place)
        except GatewayError as error:
            log.warning("go-live-failed", code=error.code, error=error.spoken("zh"))

    def _reconcile(self, part: DestinationPart, begun: Begun) -> None:
        try:
            found = reconcile_one(self._place, part, opened=self._opened(f"reconcile:{part.name}"))
        except GatewayError as error:
            begun.fail(error)
            log.warning("reconcile-failed", destination=part.name, code=error.code, error=error.spoken("zh"))
            return
        log.info("reconciled", destination=part.name, differences=len(found.differences), restated=len(found.restated))

    def _broke(self, fault: BaseException) -> None:
        """What nobody foresaw ends the service, loudly, so that it is started anew."""
        self.fault = fault
        self.ended.set()

    def _deliver_for_ever(self, part: DestinationPart) -> None:
        """Deliver until the service stops; what nobody foresaw ends the service, loudly, so that it is started anew."""
        try:
            self._deliver_again_and_again(part)
        except BaseException as fault:
            self._broke(fault)
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
