# SPDX-License-Identifier: Apache-2.0
"""Parts: what one piece of configuration becomes, a source, a mapping, a destination, a validator, a ledger."""

from collections.abc import Mapping as TypingMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

from gateway import __version__
from gateway.channels.database_tools import DatabaseTools
from gateway.channels.department_options import DepartmentOptions, parse_department_options
from gateway.channels.files.package_file_options import PackageFileOptions, parse_package_file_options
from gateway.channels.https import Endpoint, HttpsChannel
from gateway.channels.soap import PowerExchange
from gateway.clock import SystemClock, SystemIds
from gateway.config import Configuration, DestinationSettings, SourceSettings
from gateway.dictionary.workbook import dictionary_digest
from gateway.documents.schema import Schema
from gateway.errors import ConfigurationError
from gateway.flow.collect import Handling
from gateway.flow.dated import DatedValidator
from gateway.flow.fetching import Fetching
from gateway.flow.hosted import HostedMapper, HostedRows
from gateway.flow.receive import Judging
from gateway.flow.receive import Sender as Packaging
from gateway.flow.validate import PackValidator
from gateway.flow.withdraw import WithdrawalForm
from gateway.ledger.intake import Versions
from gateway.ledger.store import Ledger, open_ledger
from gateway.legal import LegalClock
from gateway.mapping.compile import compile_mapping
from gateway.mapping.load import find_mapping, load_mapping
from gateway.mapping.model import Mapping
from gateway.model.case_record import Sender
from gateway.model.destination import Pace, Terms, Window
from gateway.model.finding import Finding
from gateway.model.record import Row
from gateway.model.record_type import LaneKind, Role
from gateway.pack import Pack, PackSet, load_pack
from gateway.ports import AllocationRequest, Clock, Destination, Mapped, Mapper, Source, Validator
from gateway.rules import Rules
from gateway.rules.return_codes import ReturnCodes
from gateway.sdk import Adapter, AdapterSettings
from gateway.trust.signing import Signer, Verifier

BUILT_IN_ADAPTER = "database"


class StandardForm:
    """Stands for the mapping of a source whose records come in the standard form: nothing is mapped."""

    version = "standard-form"
    asks = False

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        """Ask for nothing."""
        return ()

    def map(self, row: Row, numbers: TypingMapping[AllocationRequest, int]) -> Mapped:
        """Make nothing of a row: such a source has none."""
        return Mapped((), ())


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
    if settings.adapter == "rest":
        from gateway.channels.rest import open_rest

        return open_rest(options, clock)
    if settings.adapter == "packages":
        from gateway.channels.files.package_files import open_package_files

        return open_package_files(options, clock)
    if settings.hosted:
        return HostedRows(settings.name, "", ())
    if settings.standard_form:
        from gateway.channels.department import DepartmentSource

        place = f"sources.d/{settings.name}.yaml"
        asked = parse_department_options(settings.options, place, configuration.root)
        version = load_pack(configuration.site.pack).version
        return DepartmentSource(settings.name, settings.org, asked, configuration.root, version)
    for entry in entry_points(group="gateway.adapters", name=settings.adapter):
        adapter: Adapter = entry.load()
        return adapter(options, tools)
    raise ConfigurationError(f"sources.d/{settings.name}.yaml: 没有适配器 {settings.adapter} / no such adapter")


def compile_source_mapping(configuration: Configuration, settings: SourceSettings, pack: Pack) -> Mapper:
    """Load and compile the mapping of a source. Raises ConfigurationError with every fault of the file."""
    if settings.standard_form:
        return StandardForm()
    if settings.hosted:
        return HostedMapper(pack.types, f"dictionary {dictionary_digest(pack)[:16]}")
    return compile_mapping(load_source_mapping(configuration, settings, pack), pack, settings.name)


def load_source_mapping(configuration: Configuration, settings: SourceSettings, pack: Pack) -> Mapping:
    """Load the mapping of a source. Raises ConfigurationError with every fault of the file."""
    path, search = locate_mapping(configuration, settings)
    return load_mapping(path, pack, search)


def locate_mapping(configuration: Configuration, settings: SourceSettings) -> tuple[Path, tuple[Path, ...]]:
    """Return the file of a source's mapping and where its tables are looked for. Raises ConfigurationError."""
    return find_mapping(mapping_of(settings), [*configuration.site.mappings, configuration.root / "mappings"])


def mapping_of(settings: SourceSettings) -> str:
    """Return the name of a source's mapping. Raises ConfigurationError where it has none."""
    if settings.mapping is None:
        raise ConfigurationError(f"sources.d/{settings.name}.yaml: mapping: 必须填写 / is needed")
    return settings.mapping


def handling_of(
    configuration: Configuration, settings: SourceSettings, pack: Pack, validator: Validator, stamp: str
) -> Handling:
    """Return what handles the rows of a source; ``stamp`` names the packs. Raises ConfigurationError."""
    return Handling(
        mapper=compile_source_mapping(configuration, settings, pack), validator=validator, level=settings.level,
        waiting=settings.waiting_limit, pack=stamp, adapter=f"{settings.adapter} {__version__}",
        sender=sender_of(settings), withdrawal=WithdrawalForm.of(pack),
        fetching=fetching_of(configuration, settings, pack, validator, stamp) if settings.standard_form else None,
    )  # fmt: skip


def fetching_of(
    configuration: Configuration, settings: SourceSettings, pack: Pack, validator: Validator, stamp: str
) -> Fetching:
    """Return how the packages of a department are judged. Raises ConfigurationError."""
    place = f"sources.d/{settings.name}.yaml"
    options: DepartmentOptions | PackageFileOptions
    if settings.adapter == "packages":
        options = parse_package_file_options(settings.options, place)
    else:
        options = parse_department_options(settings.options, place, configuration.root)
    code = options.code or settings.org
    trust, codes, rules = configuration.site.trust, ReturnCodes(pack), Rules(pack)

    def code_of(findings: Sequence[Finding]) -> str:
        return codes.answer(findings)

    pinned = [(configuration.root / each).read_bytes() for each in options.signing_certificates]
    judging = Judging(
        receiver=configuration.site.organisation, standard_version=pack.version,
        code_list_version=pack.code_list_version, by_element=pack.by_element, namespace=pack.namespace,
        verifier=Verifier({code: pinned}), signer=Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes()),
        validator=validator, code_of=code_of, versions=Versions(stamp, StandardForm.version, f"{settings.adapter} {__version__}"),
        discards=frozenset(found for found, rule in rules.catalogue.items() if rule.discards),
    )  # fmt: skip
    bodies = None if settings.acts_for == "all" else frozenset({settings.org, *settings.acts_for})
    sender = Packaging(settings.name, code, bodies, settings.level, settings.waiting_limit)
    notices = frozenset(each.code for each in pack.types.values() if each.notice)
    return Fetching(judging, sender, notices)


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
class Opening:
    """Opens a channel to one destination, anew for every thread."""

    settings: DestinationSettings
    signer: Signer

    def __call__(self) -> Destination:
        """Open it."""
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


def channel_to(configuration: Configuration, settings: DestinationSettings) -> Destination:
    """Open a channel to a destination for a question from the command line."""
    trust = configuration.site.trust
    return open_destination(settings, Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes()))


def sender_of(settings: SourceSettings) -> Sender:
    """Return who sends what a source shows, and for whom it may."""
    if settings.acts_for == "all":
        return Sender(settings.org, for_all=True)
    return Sender(settings.org, frozenset(settings.acts_for))
