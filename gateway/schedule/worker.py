# SPDX-License-Identifier: Apache-2.0
"""A worker of cluster mode: jobs are thin wrappers around the flow functions that embedded mode runs in its threads."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import structlog

from gateway.errors import GatewayError, LedgerError, Overlap
from gateway.flow.backfill import SHIFT
from gateway.flow.backlog import Backlog
from gateway.flow.deliver import Delivery, deliver_until, idle_for
from gateway.flow.replay import is_active, step
from gateway.ledger import firings
from gateway.ledger.backfills import next_slices, under_way
from gateway.ledger.claims import Transaction
from gateway.ledger.destinations import next_due
from gateway.ledger.firings import Firing
from gateway.ports import Destination
from gateway.schedule.collection import rare_collection
from gateway.schedule.filling import FILL_EVERY, fill, filling
from gateway.schedule.firing import PULL, RECONCILE, SWEEP, Begun, carried_out, tell_missed, ticks
from gateway.schedule.golive import watch_over
from gateway.schedule.jobs import COLLECT, DELIVER, Board, Handler, JobRunner
from gateway.schedule.once import paused, pull_one, reconcile_one, sweep_one
from gateway.schedule.replaying import FEED_EVERY, replaying
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

_SHIFT: Final = 30.0
"""Seconds after which a draining job makes way for others; it is put up anew where anything is left."""
_FINISH_WITHIN: Final = 15.0
_PULL_AGAIN: Final = timedelta(seconds=10)
_NOBODY: Final = 0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Deliverer:
    """One place at a destination: its number in the ledger, and its channel, kept open from job to job."""

    worker: int
    channel: Destination | None = None


@dataclass(slots=True)
class _Dock:
    """The deliverers of one destination in this process; ``again`` tells that a hint came while all were busy."""

    most: int
    idle: list[_Deliverer] = field(default_factory=list)
    busy: list[_Deliverer] = field(default_factory=list)
    again: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class ClusterWorker:
    """Takes jobs until told to stop. Any number of them work on one ledger; each may die at any time."""

    def __init__(self, place: Workplace, board: Board, url: str, concurrency: int, *, first_pulls: bool) -> None:
        self._place = place
        self._board = board
        self._first_pulls = first_pulls
        self._backlog = Backlog(tuple(each.name for each in place.destinations), place.linger)
        self._sources = {each.name: each for each in place.sources}
        self._destinations = {each.name: each for each in place.destinations}
        collecting = max(1, concurrency // 2)
        delivering = max(1, concurrency - collecting)
        self._docks = {each.name: _Dock(-(-delivering // len(place.destinations))) for each in place.destinations}
        self._pulling = {each.name: threading.Lock() for each in place.sources}
        self._filling = filling(place, self._backlog)
        self._replaying = replaying(place, self._backlog)
        self._reconciling: dict[str, Destination] = {}
        self._cutting = threading.Event()
        self._resources = ExitStack()
        handlers: dict[tuple[str, str], Handler] = {
            (DELIVER, "drain"): self.drain,
            (DELIVER, "sweep"): self.sweep,
            (DELIVER, "replay"): self.replay,
            (COLLECT, "pull"): self.pull,
            (COLLECT, "reconcile"): self.reconcile,
            (COLLECT, "key-sweep"): self.sweep_keys,
            (COLLECT, "back-fill"): self.back_fill,
        }
        # Two places more than deliverers: sweep and replay never wait for a destination that does not answer.
        self._runner = JobRunner(url, handlers, {DELIVER: delivering + 2, COLLECT: collecting})
        self.ended = threading.Event()
        self.fault: BaseException | None = None

    def start(self) -> None:
        """Start taking jobs; with ``first_pulls`` every source is pulled once now."""
        self._resources.enter_context(rare_collection())
        if self._first_pulls:
            for name in self._sources:
                self._board.enqueue_once(self._place.ledger, COLLECT, "pull", source=name)
        self._runner.start()

    def grew(self, records: int) -> None:
        """Tell the deliverers of this process that a pushed package made ``records`` deliveries possible."""
        self._backlog.grew(records)

    def stop(self) -> None:
        """Finish the packages and chunks under way, then end; a destination that does not answer in time is cut off."""
        self._backlog.stop()
        self._runner.stop()
        self._runner.join(_FINISH_WITHIN)
        self._cutting.set()
        for channel in self._open_channels():
            channel.cut()
        self._runner.join()
        for dock in self._docks.values():
            for each in dock.idle:
                if each.channel is not None:
                    each.channel.close()
        self._resources.close()

    def _open_channels(self) -> list[Destination]:
        busy = [each.channel for dock in self._docks.values() for each in dock.busy if each.channel is not None]
        return [*busy, *self._reconciling.values()]

    # -- jobs ------------------------------------------------------------------------------------------------------

    def drain(self, destination: str) -> None:
        """Deliver what is ready at a destination; where enough deliverers are at it, tell them to look again."""
        part = self._destinations.get(destination)
        if part is None:
            return
        dock = self._docks[destination]
        with _place_at(dock) as place:
            if place:
                self._drain(part, dock)

    def _drain(self, part: DestinationPart, dock: _Dock) -> None:
        end = self._place.clock.monotonic() + _SHIFT
        while True:
            dock.again = False
            try:
                wait = self._deliver(part, dock, end)
            except GatewayError as error:
                log.warning("deliver-failed", destination=part.name, code=error.code, error=error.spoken("zh"))
                return  # the sweep comes back to it
            if not dock.again or self._backlog.stopped:
                break
        if wait is not None and not self._backlog.stopped:
            at = self._place.clock.now() + timedelta(seconds=wait)
            with suppress(LedgerError):
                self._board.enqueue_once(self._place.ledger, DELIVER, "drain", at=at, destination=part.name)

    def _deliver(self, part: DestinationPart, dock: _Dock, end: float) -> float | None:
        place = self._place
        deliverer = dock.idle.pop() if dock.idle else _Deliverer(place.ledger.enlist(part.name)[0])
        dock.busy.append(deliverer)
        try:
            if deliverer.channel is None:
                deliverer.channel = part.open()
            if self._cutting.is_set():
                deliverer.channel.cut()
            job = Delivery(
                place.ledger, deliverer.worker, deliverer.channel, part.route, place.parties, place.clock, place.ids,
                self._backlog, enough=lambda: place.clock.monotonic() > end,
            )  # fmt: skip
            deliver_until(job, patience=0.0)
            return idle_for(job)
        except BaseException:
            if deliverer.channel is not None:
                deliverer.channel.close()
                deliverer.channel = None
            raise
        finally:
            dock.busy.remove(deliverer)
            dock.idle.append(deliverer)

    def pull(self, source: str, due_at: int | None = None) -> None:
        """Pull a source to its end, for a firing of its schedule or because somebody asked."""
        part = self._sources.get(source)
        if part is None:
            return
        with self._firing(f"{PULL}:{source}", due_at) as firing:
            if firing is None:
                return
            if paused(self._place, part):
                firing.skip("paused")
                return
            if not self._pulling[source].acquire(blocking=False):
                firing.skip("overlap")
                return
            try:
                self._pull_now(part, firing)
            finally:
                self._pulling[source].release()

    def _pull_now(self, part: SourcePart, firing: Begun) -> None:
        with self._backlog.pulling():
            try:
                figures = pull_one(self._place, part, self._backlog, _nobody_watches).figures
            except Overlap:
                firing.skip("overlap")
                self._after_back_fill(part)
                return
            except GatewayError as error:
                firing.fail(error)
                log.warning("pull-failed", source=part.name, code=error.code, error=error.spoken("zh"))
                if isinstance(error, LedgerError) and not self._backlog.stopped:
                    with suppress(LedgerError):
                        at = self._place.clock.now() + _PULL_AGAIN
                        self._board.enqueue_once(self._place.ledger, COLLECT, "pull", at=at, source=part.name)
                return
        log.info("pulled", source=part.name, rows=figures.rows, accepted=figures.accepted, refused=figures.refused)

    def replay(self) -> None:
        """Feed the running replay plans for a while, at their rate; one worker at a time does."""
        end = self._place.clock.monotonic() + _SHIFT
        while self._place.clock.monotonic() < end and not self._backlog.stopped:
            try:
                step(self._replaying)
                if not is_active(self._replaying):
                    return
            except GatewayError as error:
                log.warning("replay-failed", code=error.code, error=error.spoken("zh"))
                return  # the sweep comes back to it
            self._hint_everywhere()
            self._backlog.rest(FEED_EVERY)

    def _hint_everywhere(self) -> None:
        """What a plan has put into the lanes may be sent at once, by any worker."""
        for name in self._destinations:
            self._board.enqueue_once(self._place.ledger, DELIVER, "drain", destination=name)

    def _after_back_fill(self, part: SourcePart) -> None:
        """A pull that met a step of a back-fill is tried again at once: such a step is short."""
        with suppress(LedgerError):
            with self._place.ledger.reading() as connection:
                meets = under_way(connection, part.name)
            if meets and not self._backlog.stopped:
                at = self._place.clock.now() + timedelta(seconds=SHIFT)
                self._board.enqueue_once(self._place.ledger, COLLECT, "pull", at=at, source=part.name)

    def back_fill(self, source: str) -> None:
        """Read on in the back-fill of a source for a while; put up anew where anything is left."""
        end = self._place.clock.monotonic() + _SHIFT
        pulling = self._pulling.get(source)
        if pulling is None:
            return
        while self._place.clock.monotonic() < end and not self._backlog.stopped:
            if not pulling.acquire(blocking=False):
                break
            try:
                fill(self._filling, lambda each: each.source == source)
            finally:
                pulling.release()
            with self._place.ledger.reading() as connection:
                if not under_way(connection, source):
                    return
            self._backlog.rest(FILL_EVERY)

    def reconcile(self, destination: str, due_at: int | None = None, days: Sequence[str] | None = None) -> None:
        """Reconcile with a destination: the named days, or all that differ."""
        part = self._destinations.get(destination)
        if part is None:
            return
        with self._firing(f"{RECONCILE}:{destination}", due_at) as firing:
            if firing is None:
                return

            def opened(channel: Destination) -> None:
                self._reconciling[destination] = channel
                if self._cutting.is_set():
                    channel.cut()

            try:
                found = reconcile_one(self._place, part, days, opened)
                log.info(
                    "reconciled",
                    destination=destination,
                    differences=len(found.differences),
                    restated=len(found.restated),
                )
            except GatewayError as error:
                firing.fail(error)
                log.warning("reconcile-failed", destination=destination, code=error.code, error=error.spoken("zh"))
            finally:
                self._reconciling.pop(destination, None)

    def sweep_keys(self, source: str, due_at: int | None = None) -> None:
        """Sweep the keys of a source, and collect what came too late for any pull (B14)."""
        part = self._sources.get(source)
        if part is None:
            return
        with self._firing(f"{SWEEP}:{source}", due_at) as firing:
            if firing is None:
                return
            if paused(self._place, part):
                firing.skip("paused")
                return
            with self._pulling[source], self._backlog.pulling():
                try:
                    found = sweep_one(self._place, part, self._backlog)
                except Overlap:
                    firing.skip("overlap")
                    return
                except GatewayError as error:
                    firing.fail(error)
                    log.warning("sweep-failed", source=source, code=error.code, error=error.spoken("zh"))
                    return
            log.info("swept", source=source, differences=sum(each.counts for each in found), seen=len(found))

    def sweep(self, timestamp: int) -> None:
        """Give out what the ledger says is open: lanes ready and not leased, firings due or left, records overdue."""
        place, ledger = self._place, self._place.ledger
        del timestamp  # the queue's; what is due is told by the ledger and our own clock
        try:
            for part in place.destinations:
                with ledger.reading() as connection:
                    due = next_due(connection, part.route, _NOBODY, ledger.now())
                if due is not None and due <= ledger.now():
                    self._board.enqueue_once(ledger, DELIVER, "drain", destination=part.name)
            for firing in ticks(place):
                self._fire(firing)
            if is_active(self._replaying):
                self._board.enqueue_once(ledger, DELIVER, "replay", alone=True)
            with ledger.reading() as connection:
                left = {each.source for each in next_slices(connection)}
            for name in sorted(left & self._sources.keys()):
                self._board.enqueue_once(ledger, COLLECT, "back-fill", source=name)
            with ledger.begin() as connection:
                for firing in firings.left_over(connection, ledger.now()):
                    self._give_out(connection, firing)
                self._board.tidy(connection)
            for each in ledger.park_overdue(place.clock.now()):
                log.warning("parked-missing-predecessor", key=each.key, case=each.case_no)
            for gap in ledger.alarm_gaps():
                log.warning("package-gap", sender=gap.source, stream=gap.stream_id, seq=gap.seq)
            watch_over(place)
        except GatewayError as error:
            log.warning("sweep-failed", code=error.code, error=error.spoken("zh"))

    # -- schedules -------------------------------------------------------------------------------------------------

    def _fire(self, firing: Firing) -> None:
        with self._place.ledger.begin() as connection:
            fired = firings.fire(connection, firing, self._place.ledger.now())
            if fired:
                self._give_out(connection, firing)
        if fired:
            tell_missed(self._place, firing, fired.covers_from)

    def _give_out(self, connection: Transaction, firing: Firing) -> None:
        task, _, name = firing.schedule.partition(":")
        what = {PULL: "source", RECONCILE: "destination", SWEEP: "source"}.get(task)
        if what is not None:
            named: dict[str, Any] = {what: name, "due_at": firing.due_at}
            self._board.enqueue(connection, COLLECT, task, **named)

    @contextmanager
    def _firing(self, schedule: str, due_at: int | None) -> Iterator[Begun | None]:
        firing = None if due_at is None else Firing(schedule, due_at)
        with carried_out(self._place.ledger, firing) as begun:
            yield begun


@contextmanager
def _place_at(dock: _Dock) -> Iterator[bool]:
    """Take one of the places at a dock for as long as the block lasts; False, and a word to the others, when all are taken."""
    with dock.lock:
        if dock.most == 0:
            dock.again = True
            free = False
        else:
            dock.most -= 1
            free = True
    try:
        yield free
    finally:
        if free:
            with dock.lock:
                dock.most += 1


def _nobody_watches(_source: str, _done: int, _expected: int | None) -> None:
    """Nobody watches a worker's bars."""
