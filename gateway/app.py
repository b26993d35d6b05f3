# SPDX-License-Identifier: Apache-2.0
"""Composition root: the only place where configuration becomes ledger, sources, mappings and destinations."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from gateway import __version__
from gateway.approved import Watch, require_approved
from gateway.clock import SystemClock, SystemIds, microseconds
from gateway.config import Configuration, SourceSettings
from gateway.errors import ConfigurationError, LedgerError
from gateway.exchange.intake import Intake
from gateway.exchange.wiring import intake_settings
from gateway.flow.deliver import Parties
from gateway.flow.fetching import PackageSource, rehearse_packages
from gateway.flow.rehearse import Trial, rehearse
from gateway.flow.replay import check_rules
from gateway.flow.summary import Summary
from gateway.flow.translating import Translator
from gateway.golive import lock_of, take_revocations, watch_of
from gateway.ledger import replay_states
from gateway.ledger.audit import Act, record_act
from gateway.ledger.claims import Transaction
from gateway.ledger.destinations import known_routes, recover, register
from gateway.ledger.intake import Versions
from gateway.ledger.replays import Asked, Mode, make, seal
from gateway.ledger.replays import Draft as PlanDraft
from gateway.ledger.store import Ledger, open_ledger
from gateway.mapping.compile import compile_mapping
from gateway.mapping.interpret import Interpreter, Step
from gateway.mapping.load import load_mapping
from gateway.model.person import Actor
from gateway.model.record import Row
from gateway.pack import Pack, load_pack, load_packs
from gateway.parts import (
    Opening,
    compile_source_mapping,
    fetching_of,
    handling_of,
    item_type,
    judging_packs,
    load_source_mapping,
    locate_mapping,
    open_source,
    pack_stamp,
    terms_of,
    validator_for,
)
from gateway.ports import Clock, Ids, Looking, Validator
from gateway.rules import PackJudge, Rules
from gateway.schedule.children import PROGRAM, ChildProcesses
from gateway.schedule.frames import Wiring
from gateway.schedule.heartbeat import Heartbeat
from gateway.schedule.once import RoundOptions, run_once
from gateway.schedule.service import Service
from gateway.schedule.three_way import Parties as Reconciling
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace
from gateway.trust.detached import signer as sealing_key
from gateway.trust.signing import Signer

if TYPE_CHECKING:
    from gateway.exchange.app import Workbooks
    from gateway.schedule.worker import ClusterWorker


@dataclass(frozen=True)
class Gateway:
    """A wired gateway; use it as a context manager."""

    configuration: Configuration
    pack: Pack
    place: Workplace
    children: ChildProcesses
    heartbeat: Heartbeat

    @classmethod
    def open(
        cls, configuration: Configuration, *, clock: Clock | None = None, ids: Ids | None = None,
        workers: int | None = None, program: Sequence[str] = PROGRAM, joins: bool = False,
    ) -> Self:  # fmt: skip
        """Wire everything and open the ledger for writing.

        ``workers`` child processes map and validate (B28): by default as configured, else as many as there are cores
        to spare. ``program`` is what a child runs. ``joins`` is for a worker that joins others: its start is not the
        start of the whole.

        Raises ConfigurationError with all faults of mappings and adapters, LedgerError when the ledger can't be used.
        """
        pack = load_pack(configuration.site.pack)
        wiring = _Wiring(configuration, pack, Rules(pack), clock or SystemClock(), ids or SystemIds())
        size = next(each for each in (workers, configuration.site.run.workers, cores_to_spare()) if each is not None)
        children = ChildProcesses(size, wiring.told_to_children(), program)
        sources = wiring.sources(children)
        with ExitStack() as undo:
            ledger = wiring.ledger()
            undo.callback(ledger.close)
            place = wiring.workplace(ledger, sources, Translator(children), joins=joins)
            require_approved(configuration, ledger, pack)
            undo.pop_all()
        return cls(configuration, wiring.pack, place, children, Heartbeat(place.ledger))

    def __enter__(self) -> Self:
        if self.place.ledger.shared:
            self.heartbeat.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.children.close()
        self.heartbeat.stop()
        with suppress(LedgerError):  # a database that is away finds out by itself that we are gone
            self.place.ledger.dismiss()
        self.place.ledger.close()

    def run_once(self, options: RoundOptions | None = None) -> Summary:
        """Pull every source, deliver, reconcile, and return the figures."""
        return run_once(self.place, options or RoundOptions())

    def service(self) -> "Service | ClusterWorker":
        """Return the service, not yet started; in cluster mode it is a worker that also pulls every source once."""
        if self.configuration.site.run.mode == "cluster":
            return self.worker(len(self.place.destinations) + 2, first_pulls=True)
        return Service(self.place)

    def intake(self, grew: Callable[[int], None]) -> Intake | None:
        """Return the intake, bound to its address but not yet serving; None where the site has none.

        ``grew`` is told how many deliveries a package made possible. Raises ConfigurationError.
        """
        settings = self.configuration.site.intake
        if settings is None:
            return None
        site = self.configuration.site
        for name in {each.name for each in settings.senders} & {each.name for each in self.configuration.sources}:
            raise ConfigurationError(f"gateway.yaml: intake.senders: {name} 已是数据源的名称 / is the name of a source")
        signer = Signer(site.trust.key.reveal_bytes(), site.trust.certificate.read_bytes())
        judging = judging_packs(self.pack, load_packs())
        handling = Versions(pack_stamp(judging), "standard-form", f"intake {__version__}")
        wired = intake_settings(site, self.pack, Rules(self.pack), signer, validator_for(judging), handling)
        return Intake(wired, self.place.ledger, self.place.clock, grew, self._workbooks(grew))

    def _workbooks(self, grew: Callable[[int], None]) -> "Workbooks | None":
        if not any(each.hosted for each in self.configuration.sources):
            return None
        from gateway.hosted import pushed_workbooks

        return pushed_workbooks(self.configuration, self.place.ledger, grew)

    def worker(self, concurrency: int, *, first_pulls: bool = False) -> "ClusterWorker":
        """Return a worker of cluster mode that runs ``concurrency`` jobs at once, not yet started."""
        from gateway.schedule.jobs import Board
        from gateway.schedule.worker import ClusterWorker

        url = self.configuration.site.ledger.url.reveal()
        return ClusterWorker(self.place, Board(), url, concurrency, first_pulls=first_pulls)


@dataclass(frozen=True)
class _Wiring:
    configuration: Configuration
    pack: Pack
    rules: Rules
    clock: Clock
    ids: Ids

    def told_to_children(self) -> Wiring:
        """Return what a child process must know."""
        mappings = {
            each.name: load_source_mapping(self.configuration, each, self.pack)
            for each in self.configuration.sources
            if not each.standard_form and not each.hosted
        }
        limit = self.configuration.site.run.page_limit.total_seconds()
        return Wiring(self.pack.name, mappings, limit)

    def workplace(
        self, ledger: Ledger, sources: tuple[SourcePart, ...], translator: Translator, *, joins: bool
    ) -> Workplace:
        signer = self.signer()
        site = self.configuration.site
        watch = watch_of(self.configuration)
        workers = ledger.again(lambda connection: self._enlist(connection, ledger, joins=joins))
        ledger.membership.admit(workers, [each.terms.name for each in ledger.routes])
        routes = {route.terms.name: route for route in ledger.routes}
        destinations = tuple(
            DestinationPart(each.name, Opening(each, signer), routes[each.name], each.statements, worker)
            for each, worker in zip(self.configuration.destinations, workers, strict=True)
        )
        return Workplace(
            ledger=ledger,
            sources=sources,
            destinations=destinations,
            parties=self._parties(),
            clock=self.clock,
            ids=self.ids,
            chunk=site.run.chunk,
            linger=site.run.linger.total_seconds(),
            translator=translator,
            reconcile_at=site.reconciliation.schedule,
            sweep_at=site.reconciliation.sweep,
            watch=watch,
        )

    def ledger(self, *, exclusive: bool = True) -> Ledger:
        """Open the ledger to take records in, with all that is asked of them; ``exclusive``: as the only writer."""
        site = self.configuration.site
        lock = lock_of(self.configuration)
        ledger = open_ledger(
            site.ledger.url.reveal(),
            self.clock,
            self.ids,
            self.pack.types,
            discards=[code for code, rule in self.rules.catalogue.items() if rule.discards],
            exclusive=exclusive,
        )
        ledger.evidence.sign = sealing_key(site.trust.key.reveal_bytes())
        ledger.judge = PackJudge(judging_packs(self.pack, load_packs()))
        ledger.catalogue_required = site.catalogue == "required"
        ledger.lock = lock
        with ExitStack() as undo:
            undo.callback(ledger.close)
            take_revocations(self.configuration, ledger)
            undo.pop_all()
        return ledger

    def _enlist(self, connection: Transaction, ledger: Ledger, *, joins: bool) -> list[int]:
        """Give destinations their numbers, and this process one worker for each; set up the job queue in cluster mode."""
        ledger.routes = register(connection, [terms_of(each) for each in self.configuration.destinations])
        now = microseconds(self.clock.now())
        workers = ledger.membership.enlist(connection, [each.terms.name for each in ledger.routes], now)
        if not joins:
            recover(connection, now)
        if self.configuration.site.run.mode == "cluster":
            _set_up_jobs(connection, ledger)
        return workers

    def _parties(self) -> Parties:
        types = self.pack.types.values()
        return Parties(
            sender_code=self.configuration.site.organisation,
            standard_version=self.pack.version,
            code_list_version=self.pack.code_list_version,
            item_type=item_type(self.pack),
            withdrawing=frozenset(each.code for each in types if each.withdraws),
        )

    def signer(self) -> Signer:
        """Return what this gateway signs with."""
        trust = self.configuration.site.trust
        return Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes())

    def sources(self, children: ChildProcesses | None = None) -> tuple[SourcePart, ...]:
        """Compile every mapping once; all faults of all sources are reported together."""
        judging = judging_packs(self.pack, load_packs())
        validator = validator_for(judging)
        stamp = pack_stamp(judging)
        faults: list[str] = []
        parts: list[SourcePart] = []
        for settings in self.configuration.sources:
            try:
                if settings.hosted:  # nothing to pull: workbooks come by a command
                    continue
                if settings.shadow:  # its mapping is checked all the same
                    compile_source_mapping(self.configuration, settings, self.pack)
                    continue
                parts.append(self._source(settings, validator, stamp, children))
            except ConfigurationError as fault:
                faults.append(fault.detail)
        if faults:
            raise ConfigurationError("\n".join(faults))
        return tuple(parts)

    def _source(
        self, settings: SourceSettings, validator: Validator, stamp: str, children: ChildProcesses | None
    ) -> SourcePart:
        handling = handling_of(self.configuration, settings, self.pack, validator, stamp)
        since = microseconds(self.clock.now())
        renew = (
            None
            if children is None or settings.standard_form
            else Watch(settings, self.pack, handling, children.rewire, since)
        )
        return SourcePart(
            settings.name,
            lambda: open_source(self.configuration, settings, self.clock),
            handling,
            settings.schedule,
            renew,
        )


def _set_up_jobs(connection: Transaction, ledger: Ledger) -> None:
    """Make the job queue in the ledger's database, and let every chunk that makes something ready put up a hint (B27)."""
    if not ledger.shared:
        raise ConfigurationError(
            "gateway.yaml: run.mode: cluster 需要 PostgreSQL 台账(ledger.url: postgresql://…)"
            " / needs a ledger on PostgreSQL"
        )
    from gateway.schedule.jobs import DELIVER, Board

    board = Board()
    board.make(connection)
    names = [route.terms.name for route in ledger.routes]

    def hint(transaction: Transaction) -> None:
        for name in names:
            board.enqueue(transaction, DELIVER, "drain", destination=name)

    ledger.became_ready = hint


def cores_to_spare() -> int:
    """Return how many child processes make sense here: what the parent leaves free, two at most, as it then is the limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores - 1, 2)


@contextmanager
def writing_ledger(configuration: Configuration) -> Iterator[Ledger]:
    """Open the ledger to take records beside a running gateway, with its rules, its lock and its destinations (B28)."""
    pack = load_pack(configuration.site.pack)
    wiring = _Wiring(configuration, pack, Rules(pack), SystemClock(), SystemIds())
    with closing(wiring.ledger(exclusive=False)) as ledger:
        terms = [terms_of(each) for each in configuration.destinations]
        ledger.routes = ledger.again(lambda connection: register(connection, terms))
        if configuration.site.run.mode == "cluster":
            ledger.again(lambda connection: _set_up_jobs(connection, ledger))
        yield ledger


def to_reconcile(
    configuration: Configuration, ledger: Ledger, sources: Collection[str], destinations: Collection[str], write: Ledger | None
) -> Reconciling:  # fmt: skip
    """Return the named sources and destinations as three-way reconciliation takes them, beside a running gateway.

    ``write`` is where what is found is kept. Raises ConfigurationError.
    """
    pack = load_pack(configuration.site.pack)
    wiring = _Wiring(configuration, pack, Rules(pack), SystemClock(), SystemIds())
    signer = wiring.signer()
    terms = {each.name: terms_of(each) for each in configuration.destinations}
    with ledger.reading() as connection:
        routes = {route.terms.name: route for route in known_routes(connection, terms)}
    return Reconciling(
        ledger,
        [each for each in wiring.sources() if each.name in sources] if sources else [],
        [
            DestinationPart(each.name, Opening(each, signer), routes[each.name], each.statements)
            for each in configuration.destinations
            if each.name in destinations and each.name in routes
        ],
        write,
    )


def make_plan(
    configuration: Configuration,
    ledger: Ledger,
    asked: Asked,
    mode: Mode,
    include: frozenset[str],
    rate: int | None,
    reason: str,
    actor: Actor,
    *,
    keep: bool,
) -> dict[str, Any]:
    """Freeze a replay plan, judged by today's rules where other ones were in force, and return it as it is shown.

    ``keep`` False leaves nothing behind. Raises EmptyPlan.
    """
    settings = configuration.site.replay
    judging = judging_packs(load_pack(configuration.site.pack), load_packs())
    sources = frozenset(each.name for each in configuration.sources)
    draft = PlanDraft(asked, mode, include, rate or settings.rate, settings.bulk, reason, actor.name, sources)
    terms = {each.name: terms_of(each) for each in configuration.destinations}
    with ledger.attempt(keep=keep) as connection:
        routes = known_routes(connection, terms)
        plan = make(connection, draft, routes, ledger.now())
        if mode is Mode.DOCUMENT and check_rules(
            ledger, connection, plan, lambda: validator_for(judging), pack_stamp(judging)
        ):
            seal(connection, plan, draft.bulk, include)  # fewer are sent than make() has counted
        shown = replay_states.shown(connection, plan)
        if shown is None:
            raise AssertionError(plan)
        if keep:
            detail = {"to_send": shown["to_send"], "digest": shown["digest"], "wanted": shown["wanted"]}
            done = Act("replay.plan", replay_states.subject(plan), reason=reason, detail=detail)
            record_act(connection, actor, done, ledger.now())
    return shown


def rehearse_source(
    configuration: Configuration, settings: SourceSettings, since: str | None, progress: Callable[[int], None]
) -> Trial:
    """Read a source from ``since`` and say what a pull would bring. Raises SourceError, ConfigurationError."""
    pack = load_pack(configuration.site.pack)
    validator = validator_for(judging_packs(pack, load_packs()))
    mapper = compile_source_mapping(configuration, settings, pack)
    with closing(open_source(configuration, settings, SystemClock())) as source:
        if isinstance(source, Looking):
            source.look()
        if isinstance(source, PackageSource):
            fetching = fetching_of(configuration, settings, pack, validator, "")
            return rehearse_packages(source, fetching, since, progress, SystemClock())
        now = SystemClock().now().isoformat(timespec="seconds")
        return rehearse(source, mapper, validator, since, progress, settings.level, now)


def explain_row(
    configuration: Configuration, pack: Pack, ledger: Ledger, source: str, row: Row
) -> tuple[str, list[Step]] | None:
    """Return the version of a source's mapping as it stands now, and every step it takes with ``row``.

    Numbers are those of the ledger. None where the source is not configured any more, or its mapping has faults.
    """
    settings = next((each for each in configuration.sources if each.name == source), None)
    if settings is None or settings.mapping is None:
        return None
    try:
        path, search = locate_mapping(configuration, settings)
        mapping = load_mapping(path, pack, search)
        numbers = ledger.numbers(compile_mapping(mapping, pack, source).wants(row))
    except ConfigurationError:
        return None
    _mapped, steps = Interpreter(mapping, pack, source).explain(row, numbers)
    return mapping.version, steps
