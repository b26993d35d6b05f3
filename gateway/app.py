# SPDX-License-Identifier: Apache-2.0
"""Composition root: the only place where configuration becomes ledger, sources, mappings and destinations."""

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Self

from gateway import __version__
from gateway.channels.database_tools import DatabaseTools
from gateway.channels.https import Endpoint, HttpsChannel
from gateway.channels.soap import PowerExchange
from gateway.clock import SystemClock, SystemIds, microseconds
from gateway.config import Configuration, DestinationSettings, SourceSettings
from gateway.documents.schema import Schema
from gateway.errors import ConfigurationError, LedgerError
from gateway.exchange.intake import Intake
from gateway.exchange.wiring import intake_settings
from gateway.flow.collect import Handling
from gateway.flow.dated import DatedValidator
from gateway.flow.deliver import Parties
from gateway.flow.rehearse import Trial, rehearse
from gateway.flow.replay import check_rules
from gateway.flow.summary import Summary
from gateway.flow.translating import Translator
from gateway.flow.validate import PackValidator
from gateway.ledger import replay_states
from gateway.ledger.audit import Act, record_act
from gateway.ledger.claims import Transaction
from gateway.ledger.destinations import known_routes, recover, register
from gateway.ledger.intake import Versions
from gateway.ledger.replays import Asked, Mode, make, seal
from gateway.ledger.replays import Draft as PlanDraft
from gateway.ledger.store import Ledger, open_ledger
from gateway.legal import LegalClock
from gateway.mapping.compile import compile_mapping
from gateway.mapping.interpret import Interpreter, Step
from gateway.mapping.load import find_mapping, load_mapping
from gateway.mapping.model import Mapping
from gateway.model.case_record import Sender
from gateway.model.destination import Pace, Terms, Window
from gateway.model.person import Actor
from gateway.model.record import Row
from gateway.model.record_type import LaneKind, Role
from gateway.pack import Pack, PackSet, load_pack, load_packs
from gateway.ports import Clock, Destination, Ids, Looking, Mapper, Source, Validator
from gateway.rules import PackJudge, Rules
from gateway.schedule.children import PROGRAM, ChildProcesses
from gateway.schedule.frames import Wiring
from gateway.schedule.heartbeat import Heartbeat
from gateway.schedule.once import RoundOptions, run_once
from gateway.schedule.service import Service
from gateway.schedule.three_way import Parties as Reconciling
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace
from gateway.sdk import Adapter, AdapterSettings
from gateway.trust.detached import signer as sealing_key
from gateway.trust.signing import Signer, Verifier

if TYPE_CHECKING:
    from gateway.schedule.worker import ClusterWorker

BUILT_IN_ADAPTER = "database"


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
        to spare. ``program`` is what a child runs. ``joins`` is for a
        worker that joins others: its start is not the start of the whole.

        Raises ConfigurationError with all faults of mappings and adapters, LedgerError when the ledger can't be used.
        """
        pack = load_pack(configuration.site.pack)
        wiring = _Wiring(configuration, pack, Rules(pack), clock or SystemClock(), ids or SystemIds())
        size = next(each for each in (workers, configuration.site.run.workers, cores_to_spare()) if each is not None)
        sources = wiring.sources()
        children = ChildProcesses(size, wiring.told_to_children(), program)
        place = wiring.workplace(sources, Translator(children), joins=joins)
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
        return Intake(wired, self.place.ledger, self.place.clock, grew)

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
            each.name: load_source_mapping(self.configuration, each, self.pack) for each in self.configuration.sources
        }
        limit = self.configuration.site.run.page_limit.total_seconds()
        return Wiring(self.pack.name, mappings, limit)

    def workplace(self, sources: tuple[SourcePart, ...], translator: Translator, *, joins: bool) -> Workplace:
        signer = self.signer()
        site = self.configuration.site
        ledger = open_ledger(
            site.ledger.url.reveal(),
            self.clock,
            self.ids,
            self.pack.types,
            discards=[code for code, rule in self.rules.catalogue.items() if rule.discards],
        )
        ledger.evidence.sign = sealing_key(site.trust.key.reveal_bytes())
        ledger.judge = PackJudge(judging_packs(self.pack, load_packs()))
        ledger.catalogue_required = site.catalogue == "required"
        workers = ledger.again(lambda connection: self._enlist(connection, ledger, joins=joins))
        routes = {route.terms.name: route for route in ledger.routes}
        destinations = tuple(
            DestinationPart(each.name, _Opening(each, signer), routes[each.name], each.statements, worker)
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
        )

    def _enlist(self, connection: Transaction, ledger: Ledger, *, joins: bool) -> list[int]:
        """Give destinations their numbers, and this process one worker for each; set up the job queue in cluster mode."""
        ledger.routes = register(connection, [terms_of(each) for each in self.configuration.destinations])
        now = microseconds(self.clock.now())
        ledger.membership.members.clear()  # of an attempt that was rolled back
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

    def sources(self) -> tuple[SourcePart, ...]:
        """Compile every mapping once; all faults of all sources are reported together."""
        judging = judging_packs(self.pack, load_packs())
        validator = validator_for(judging)
        stamp = pack_stamp(judging)
        faults: list[str] = []
        parts: list[SourcePart] = []
        for settings in self.configuration.sources:
            try:
                if settings.shadow:  # its mapping is checked all the same
                    compile_source_mapping(self.configuration, settings, self.pack)
                    continue
                parts.append(self._source(settings, validator, stamp))
            except ConfigurationError as fault:
                faults.append(fault.detail)
        if faults:
            raise ConfigurationError("\n".join(faults))
        return tuple(parts)

    def _source(self, settings: SourceSettings, validator: Validator, stamp: str) -> SourcePart:
        mapper = compile_source_mapping(self.configuration, settings, self.pack)
        handling = Handling(
            mapper=mapper,
            validator=validator,
            level=settings.level,
            waiting=settings.waiting_limit,
            pack=stamp,
            adapter=f"{settings.adapter} {__version__}",
            sender=sender_of(settings),
        )
        return SourcePart(
            settings.name, lambda: open_source(self.configuration, settings, self.clock), handling, settings.schedule
        )


def sender_of(settings: SourceSettings) -> Sender:
    """Return who sends what a source shows, and for whom it may."""
    if settings.acts_for == "all":
        return Sender(settings.org, for_all=True)
    return Sender(settings.org, frozenset(settings.acts_for))


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


def judging_packs(pack: Pack, live: PackSet) -> PackSet:
    """Return the packs that judge records: those that are live, or ``pack`` alone where the site speaks another."""
    return live if pack.name in {each.name for each in live.terms} else PackSet.of(pack)


def pack_stamp(packs: PackSet) -> str:
    """Return the name of these packs that is stored with every record they judged."""
    return " + ".join(f"{pack.name} {pack.digest[:16]}" for pack in packs)


def validator_for(packs: PackSet) -> Validator:
    """Return the validator of a set; of several packs the day of each event chooses one."""

    def validator_of(pack: Pack) -> PackValidator:
        return PackValidator(pack, Schema(pack.schema_path), Rules(pack, LegalClock(pack).calendar()))

    return DatedValidator(packs, validator_of) if len(packs) > 1 else validator_of(packs.newest)


def item_type(pack: Pack) -> str | None:
    """Return the master-data type whose own code is what case records name as their item (B13)."""
    named = {
        kind.roles[Role.ITEM] for kind in pack.types.values() if Role.ITEM in kind.roles and kind.lane is LaneKind.CASE
    }
    owners = [
        kind.code
        for kind in pack.types.values()
        if kind.lane is LaneKind.OWN and kind.roles.get(Role.OWN_CODE) in named
    ]
    return sorted(owners, key=lambda code: pack.types[code].rank)[0] if owners else None


def open_source(configuration: Configuration, settings: SourceSettings, clock: Clock) -> Source:
    """Open a source through its adapter. Raises ConfigurationError for an unknown adapter or wrong options."""
    options = AdapterSettings(settings.name, settings.kind, settings.options, configuration.root)
    tools = DatabaseTools(clock)
    if settings.adapter == BUILT_IN_ADAPTER:
        return tools.database(options)
    if settings.adapter == "files":
        from gateway.channels.files.source import open_files

        return open_files(options, clock)
    for entry in entry_points(group="gateway.adapters", name=settings.adapter):
        adapter: Adapter = entry.load()
        return adapter(options, tools)
    raise ConfigurationError(f"sources.d/{settings.name}.yaml: 没有适配器 {settings.adapter} / no such adapter")


def cores_to_spare() -> int:
    """Return how many child processes make sense here: what the parent leaves free, two at most, as it then is the limit."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores - 1, 2)


def compile_source_mapping(configuration: Configuration, settings: SourceSettings, pack: Pack) -> Mapper:
    """Load and compile the mapping of a source. Raises ConfigurationError with every fault of the file."""
    return compile_mapping(load_source_mapping(configuration, settings, pack), pack, settings.name)


def load_source_mapping(configuration: Configuration, settings: SourceSettings, pack: Pack) -> Mapping:
    """Load the mapping of a source. Raises ConfigurationError with every fault of the file."""
    path, search = find_mapping(settings.mapping, [*configuration.site.mappings, configuration.root / "mappings"])
    return load_mapping(path, pack, search)


def open_destination(settings: DestinationSettings, signer: Signer) -> Destination:
    """Open a channel to a destination; nothing is sent yet."""
    endpoint = Endpoint(
        url=settings.url,
        authority=settings.ca,
        certificate=settings.certificate,
        key=settings.key,
        connect=settings.timeouts.connect,
        total=settings.timeouts.total,
    )
    verifier = Verifier({settings.receiver: [settings.receipt_certificate.read_bytes()]})
    return PowerExchange(settings.name, settings.receiver, HttpsChannel(endpoint), signer, verifier)


@dataclass(frozen=True)
class _Opening:
    """Opens a channel to one destination, anew for every thread."""

    settings: DestinationSettings
    signer: Signer

    def __call__(self) -> Destination:
        return open_destination(self.settings, self.signer)


def terms_of(settings: DestinationSettings) -> Terms:
    """Return the terms that a destination's settings stand for."""
    return Terms(
        name=settings.name,
        receiver=settings.receiver,
        behaviour=settings.behaviour,
        case_order=settings.case_order,
        records=settings.records,
        max_in_flight=settings.max_in_flight.total_seconds(),
        types=None if settings.routes.types is None else frozenset(settings.routes.types),
        pace=None
        if settings.rate is None
        else Pace(settings.rate.per_second, settings.rate.counts, settings.rate.burst or 0),
        windows=tuple(Window(each.starts, each.lasts // timedelta(microseconds=1)) for each in settings.maintenance),
        trip_after=settings.breaker.failures,
        probe_every=settings.breaker.probe_every.total_seconds(),
    )


def read_ledger(configuration: Configuration) -> Ledger:
    """Open the ledger for reading only, beside a running gateway. Raises LedgerError when there is none yet."""
    pack = load_pack(configuration.site.pack)
    url = configuration.site.ledger.url.reveal()
    return open_ledger(url, SystemClock(), SystemIds(), pack.types, read_only=True)


def open_ledger_at(configuration: Configuration, url: str, *, moved: bool = False) -> Ledger:
    """Open a ledger at another place, or one that has moved, for writing by this process alone."""
    return open_ledger(url, SystemClock(), SystemIds(), load_pack(configuration.site.pack).types, moved=moved)


def write_ledger(configuration: Configuration) -> Ledger:
    """Open the ledger for a short writing command beside a running gateway, which waits its turn (B28)."""
    pack = load_pack(configuration.site.pack)
    return open_ledger(configuration.site.ledger.url.reveal(), SystemClock(), SystemIds(), pack.types, exclusive=False)


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
            DestinationPart(each.name, _Opening(each, signer), routes[each.name], each.statements)
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


def channel_to(configuration: Configuration, settings: DestinationSettings) -> Destination:
    """Open a channel to a destination for a question from the command line."""
    trust = configuration.site.trust
    return open_destination(settings, Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes()))


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
        now = SystemClock().now().isoformat(timespec="seconds")
        return rehearse(source, mapper, validator, since, progress, settings.level, now)


def explain_row(
    configuration: Configuration, pack: Pack, ledger: Ledger, source: str, row: Row
) -> tuple[str, list[Step]] | None:
    """Return the version of a source's mapping as it stands now, and every step it takes with ``row``.

    Numbers are those of the ledger. None where the source is not configured any more, or its mapping has faults.
    """
    settings = next((each for each in configuration.sources if each.name == source), None)
    if settings is None:
        return None
    try:
        path, search = find_mapping(settings.mapping, [*configuration.site.mappings, configuration.root / "mappings"])
        mapping = load_mapping(path, pack, search)
        numbers = ledger.numbers(compile_mapping(mapping, pack, source).wants(row))
    except ConfigurationError:
        return None
    _mapped, steps = Interpreter(mapping, pack, source).explain(row, numbers)
    return mapping.version, steps
