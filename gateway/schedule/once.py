# SPDX-License-Identifier: Apache-2.0
"""One round: pull every source to its end, deliver until nothing is left to try, reconcile, sum up."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from gateway.errors import ChannelError, Fenced, GatewayError
from gateway.flow.backlog import Backlog
from gateway.flow.collect import Pull, Pulled, pull
from gateway.flow.compare_keys import KeyListing, compare_keys, days_until_now
from gateway.flow.compare_keys import keep as keep_keys
from gateway.flow.deliver import Delivery, deliver_until
from gateway.flow.reconcile import Difference, DifferenceKind, Reconciled, keep, reconcile
from gateway.flow.summary import Summary
from gateway.flow.sweep import can_sweep, sweep
from gateway.flow.sweep import keep as keep_sweep
from gateway.ledger.acts import is_paused
from gateway.ledger.destinations import figures
from gateway.ledger.runs import Figures
from gateway.ports import Destination
from gateway.schedule.collection import rare_collection
from gateway.schedule.filling import fill_until
from gateway.schedule.golive import tell_steps, watch_over
from gateway.schedule.replaying import replay_until
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

SourceProgress = Callable[[str, int, int | None], None]
"""Called with the source, the rows read so far and the rows expected, if known."""

Opened = Callable[[Destination], None]
"""Called with a channel as soon as it is open, so that somebody else may cut it."""


@dataclass(frozen=True, slots=True)
class RoundOptions:
    """What a round does: which sources (all by default), for how many seconds retries are worth waiting for, and reconciling.

    ``whole`` reads the sources from their beginning, whatever was read before; ``back_fill`` reads running back-fills
    to their end.
    """

    sources: Sequence[str] | None = None
    patience: float = 30.0
    reconcile: bool = True
    whole: bool = False
    back_fill: bool = False
    progress: SourceProgress = lambda _name, _done, _expected: None


@dataclass(slots=True)
class _Outcome:
    """What the pulls of a round came to."""

    runs: list[Pulled] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def run_once(place: Workplace, options: RoundOptions) -> Summary:
    """Run one round and return its figures; a source or destination that is gone is named, the others go on."""
    watch_over(place)
    outcome = _Outcome()
    with rare_collection():
        _pull_and_deliver(place, options, outcome)
    place.ledger.park_overdue(place.clock.now())
    place.ledger.seal()
    differences = _reconcile_all(place, outcome.failures) if options.reconcile else []
    run_ids = [each.run_id for each in outcome.runs]
    with place.ledger.reading() as connection:
        destinations = figures(connection, run_ids)
    return Summary(sum((each.figures for each in outcome.runs), Figures()), destinations, differences, outcome.failures)


def _pull_and_deliver(place: Workplace, options: RoundOptions, outcome: _Outcome) -> None:
    backlog = Backlog(tuple(each.name for each in place.destinations), place.linger)
    with ThreadPoolExecutor(max_workers=max(1, len(place.destinations)), thread_name_prefix="deliver") as threads:
        try:
            with backlog.pulling():
                workers = {
                    each.name: threads.submit(deliver, place, each, backlog, options.patience)
                    for each in place.destinations
                }
                _pull_all(place, options, backlog, outcome)
                if options.back_fill:
                    fill_until(place, backlog, options.patience, lambda rows: options.progress("", rows, None))
                replay_until(place, backlog, options.patience)
        except BaseException:
            backlog.stop()
            raise
    _collect_failures(workers, outcome.failures)


def deliver(
    place: Workplace,
    part: DestinationPart,
    backlog: Backlog,
    patience: float | None,
    opened: Opened = lambda _destination: None,
) -> None:
    """Deliver to one destination, in a thread of its own with a channel of its own, which ``opened`` gets to see."""
    with closing(part.open()) as destination:
        opened(destination)
        job = Delivery(
            place.ledger, part.worker, destination, part.route, place.parties, place.clock, place.ids, backlog
        )
        deliver_until(job, patience=patience)


def paused(place: Workplace, part: SourcePart) -> bool:
    """Tell whether a person has paused a source."""
    with place.ledger.reading() as connection:
        return is_paused(connection, part.name)


def pull_one(
    place: Workplace, part: SourcePart, backlog: Backlog, progress: SourceProgress, *, whole: bool = False
) -> Pulled:
    """Pull one source to its end, all that it shows where ``whole``. Raises SourceError, Fenced, LedgerError."""
    with closing(part.open()) as source:
        if place.watch is not None:
            tell_steps(place.watch.at_sync(place.ledger, source))
        job = Pull(
            ledger=place.ledger,
            source=source,
            handling=part.current(place.ledger),
            clock=place.clock,
            translator=place.translator,
            chunk=place.chunk,
            sweep=whole,
            stopping=lambda: backlog.stopped,
            grew=backlog.grew,
            progress=lambda done, expected: progress(part.name, done, expected),
        )
        pulled = pull(job)
        if place.watch is not None:
            place.watch.after_sync(place.ledger, source)
        return pulled


def reconcile_one(
    place: Workplace,
    part: DestinationPart,
    days: Sequence[str] | None = None,
    opened: Opened = lambda _destination: None,
) -> Reconciled:
    """Reconcile with one destination and keep what differs; ``opened`` gets to see the channel. Raises ChannelError."""
    with closing(part.open()) as destination:
        opened(destination)
        found = reconcile(place.ledger, destination, part.route, days)
    keep(place.ledger, part.route, found, place.clock)
    return found


def sweep_one(place: Workplace, part: SourcePart, backlog: Backlog) -> list[Difference]:
    """Sweep the keys of one source and keep what differs; rows that came too late for any pull are collected (B14).

    Nothing is found where the source was never pulled, or can't be read again. Raises SourceError, Fenced, LedgerError.
    """
    found: list[Difference] = []
    with closing(part.open()) as source:
        if isinstance(source, KeyListing):
            compared = compare_keys(place.ledger, source, days_until_now(place.clock))
            found = compared or []
            if compared is not None:
                keep_keys(place.ledger, part.name, compared)
        swept = (
            sweep(place.ledger, source, part.current(place.ledger).mapper, place.chunk) if can_sweep(source) else None
        )
    if swept is None:
        if any(each.kind is not DifferenceKind.EXTRA for each in found):
            pull_one(place, part, backlog, lambda _name, _done, _expected: None, whole=True)
        return found
    differences = swept.told(part.name, keep_sweep(place.ledger, swept, write=place.ledger))
    if any(not each.read_again and each.theirs for each in swept.differences):
        pull_one(place, part, backlog, lambda _name, _done, _expected: None, whole=True)
    return differences


def _pull_all(place: Workplace, options: RoundOptions, backlog: Backlog, outcome: _Outcome) -> None:
    for part in place.sources:
        if options.sources is not None and part.name not in options.sources:
            continue
        if paused(place, part):
            continue
        try:
            outcome.runs.append(pull_one(place, part, backlog, options.progress, whole=options.whole))
        except GatewayError as error:
            if error.disposition == "halt" and not isinstance(error, Fenced):
                raise
            outcome.failures[part.name] = error.spoken("zh")


def _collect_failures(workers: Mapping[str, "Future[None]"], failures: dict[str, str]) -> None:
    for name, worker in workers.items():
        error = worker.exception()
        if isinstance(error, GatewayError):
            failures[name] = error.spoken("zh")
        elif error is not None:
            raise error


def _reconcile_all(place: Workplace, failures: dict[str, str]) -> list[Difference]:
    differences: list[Difference] = []
    for part in place.destinations:
        if not part.statements or part.name in failures:
            continue
        try:
            differences.extend(reconcile_one(place, part).differences)
        except ChannelError as error:
            failures[part.name] = error.spoken("zh")
    return differences
