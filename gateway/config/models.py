# SPDX-License-Identifier: Apache-2.0
"""What can be configured: the site, its sources and its destinations. Unknown keys are refused, text must be text."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.config.fields import (
    Count,
    Cron,
    Duration,
    File,
    Flag,
    Folder,
    LedgerAddress,
    Name,
    PartyCode,
    RecordTypes,
    Seconds,
    SecretText,
    Text,
)
from gateway.model.destination import Behaviour
from gateway.model.record import Level, SourceKind

_STANDARD_FORM = frozenset({"department", "packages"})
_WAITING = {Level.L1: None, Level.L2: timedelta(days=3), Level.L3: timedelta(hours=24)}


class Settings(BaseModel):
    """Closed and unchangeable; what a fault shows never holds the offending value of a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)


class Ledger(Settings):
    """台账 The ledger: a SQLite file on a local disk, or PostgreSQL."""

    url: LedgerAddress


class Trust(Settings):
    """签名 What this gateway signs its packages with."""

    key: SecretText
    certificate: File


class Run(Settings):
    """运行 Sizes and pauses of a run; ``cluster`` spreads the work over worker processes on one PostgreSQL ledger."""

    mode: Literal["embedded", "cluster"] = "embedded"

    chunk: Annotated[Count, Field(le=5000)] = 500
    linger: Duration = timedelta(seconds=2)
    workers: Annotated[int, Field(ge=0, le=32)] | None = None
    page_limit: Duration = timedelta(seconds=30)


class Replay(Settings):
    """回放 Replay plans: records a second at each destination, and from how many items a second person must approve."""

    rate: Annotated[Count, Field(le=10_000)] = 200
    bulk: Count = 1000


class Backfill(Settings):
    """补采 Back-fills of history: rows a second that are read beside the pulls of a source."""

    rate: Annotated[Count, Field(le=100_000)] = 500


class Reconciliation(Settings):
    """对账 When destinations are reconciled (``schedule``) and sources read whole for what no pull reads (``sweep``): cron, +08:00."""

    schedule: Cron = "30 2 * * *"
    sweep: Cron = "0 2 * * *"


class Log(Settings):
    """日志 Where the log goes and how much it says; standard error when no file is named."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    file: Folder | None = None


class SystemSettings(Settings):
    """被验收的系统 The department's system behind a source, as its attestation names it: the go-live lock compares both."""

    id: Text
    version: Text


class SenderSettings(Settings):
    """一个报送方 one system that pushes packages; its certificates are pinned, its organisations fixed (S1).

    ``organisations`` are those whose records it may send: by default its own, ``all`` for a gateway that forwards.
    """

    name: Name
    code: PartyCode
    client_certificates: tuple[File, ...] = ()
    signing_certificates: Annotated[tuple[File, ...], Field(min_length=1)]
    organisations: Annotated[tuple[PartyCode, ...], Field(min_length=1)] | Literal["all"] | None = None
    level: Level
    waiting: Duration | None = None
    system: SystemSettings | None = None
    in_flight: Annotated[Count, Field(le=64)] = 4
    rate: Annotated[Count, Field(le=100_000)] = 600

    @property
    def waiting_limit(self) -> timedelta | None:
        """How long a record may wait for the one before it (ledger.md B9)."""
        return self.waiting if self.waiting is not None else _WAITING[self.level]


class IntakeSettings(Settings):
    """收报 The PowerExchange service of this gateway: where it listens, its keys, and who may push."""

    listen: Annotated[
        str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}$", examples=["127.0.0.1:8443"])
    ]
    certificate: File
    key: File
    client_ca: File
    client_certificates: Literal["required", "optional"] = "required"
    senders: Annotated[tuple[SenderSettings, ...], Field(min_length=1)]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what in ("name", "code"):
            found = [getattr(sender, what) for sender in self.senders]
            if len(set(found)) < len(found):
                raise ValueError(f"senders: {what} 重复 / {what} is given twice")
        if self.client_certificates == "required" and not all(each.client_certificates for each in self.senders):
            raise ValueError(
                "client_certificates: required 时每个报送方都须登记客户端证书 / every sender needs client_certificates"
            )
        return self


class GoLive(Settings):
    """上线锁 Whether records of a source leave only once it was tested and accepted; ``drift``: what becomes of them when its interface changes.

    ``trust`` is what ``gateway conformance trust`` made, ``revocations`` the signed list that the Center carries over.
    ``sources`` are the sources and senders under the lock, by default all.
    """

    lock: Flag = False
    drift: Literal["quarantine", "flag"] = "quarantine"
    trust: File | None = None
    revocations: File | None = None
    trial_days: Annotated[Count, Field(le=90)] = 7
    sources: tuple[Name, ...] | None = None

    @model_validator(mode="after")
    def _trusted(self) -> Self:
        if self.lock and self.trust is None:
            raise ValueError("lock: true 时须给出 trust(信任文件) / lock needs trust, the trust file")
        return self


class Site(Settings):
    """``gateway.yaml``: 本网关 this gateway."""

    organisation: PartyCode
    name: Text
    language: Literal["zh", "en"] = "zh"
    pack: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")] = "jiangxi-1.0"
    ledger: Ledger
    trust: Trust
    mappings: tuple[Folder, ...] = ()
    catalogue: Annotated[
        Literal["held", "required"],
        Field(description="held: the catalogue binds bodies of which it holds an item; required: it binds everybody"),
    ] = "held"
    mapping_approval: Annotated[
        Literal["off", "required"],
        Field(description="required: only mappings that one person planned and another approved are used"),
    ] = "off"
    run: Run = Run()
    log: Log = Log()
    replay: Replay = Replay()
    reconciliation: Reconciliation = Reconciliation()
    backfill: Backfill = Backfill()
    golive: GoLive = GoLive()
    intake: IntakeSettings | None = None


class SourceSettings(Settings):
    """``sources.d/NAME.yaml``: 一个数据源 one department system; ``name`` defaults to the file's name.

    ``options`` belong to the adapter, which checks them itself.
    """

    name: Name
    org: PartyCode
    acts_for: Annotated[
        Literal["all"] | tuple[PartyCode, ...], Field(description="bodies whose records it may send beside its own")
    ] = ()
    department: Text
    kind: Annotated[SourceKind, Field(description="state: what is now; event: what happened (no default)")]
    level: Level
    adapter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")] = "database"
    options: dict[str, Any] = Field(default_factory=dict)
    mapping: Annotated[
        Text | None,
        Field(description="none for department, packages and hosted: their records have the standard form"),
    ] = None
    schedule: Cron | None = None
    waiting: Duration | None = None
    shadow: Annotated[
        bool, Field(description="collect, map, validate and report only: gateway source shadow; deliver nothing")
    ] = False
    system: SystemSettings | None = None

    @property
    def standard_form(self) -> bool:
        """Whether its records come in the standard form, with versions of their own, and need no mapping."""
        return self.adapter in _STANDARD_FORM

    @property
    def hosted(self) -> bool:
        """Whether it is a department without a system, whose clerks fill in workbooks."""
        return self.adapter == "hosted"

    @model_validator(mode="after")
    def _mapped(self) -> Self:
        unmapped = self.standard_form or self.hosted
        if unmapped and self.mapping is not None:
            raise ValueError(f"adapter: {self.adapter} 不用 mapping / needs no mapping")
        if self.hosted and (self.kind is not SourceKind.STATE or self.schedule is not None or self.shadow):
            raise ValueError(
                "adapter: hosted 须为 kind: state,没有 schedule 和 shadow / needs kind: state, no schedule or shadow"
            )
        if self.standard_form and self.kind is not SourceKind.EVENT:
            raise ValueError(f"adapter: {self.adapter} 须为 kind: event / needs kind: event")
        if not unmapped and self.mapping is None:
            raise ValueError("mapping: 必须填写 / is needed")
        return self

    @property
    def waiting_limit(self) -> timedelta | None:
        """How long a record may wait for the one before it (ledger.md B9); None where nothing waits (L1)."""
        return self.waiting if self.waiting is not None else _WAITING[self.level]


class Timeouts(Settings):
    """等待时间 Seconds to connect, and for a whole exchange."""

    connect: Seconds = 5.0
    total: Seconds = 60.0


class Rate(Settings):
    """限速 Tokens per second, spent by records or by packages; ``burst`` tokens may be spent at once."""

    per_second: Annotated[float, Field(gt=0, le=100_000)]
    counts: Literal["records", "packages"] = "records"
    burst: Annotated[Count, Field(le=1_000_000)] | None = None


class Maintenance(Settings):
    """维护窗口 Nothing is sent from each firing of ``starts`` (cron, +08:00) on, for as long as it ``lasts``."""

    starts: Cron
    lasts: Duration


class Breaker(Settings):
    """熔断 After ``failures`` exchanges in a row without an answer, one probe every ``probe_every``."""

    failures: Annotated[Count, Field(le=100)] = 3
    probe_every: Annotated[Duration, Field(ge=timedelta(seconds=60), le=timedelta(seconds=300))] = timedelta(seconds=60)


class Routes(Settings):
    """路由 Which record types go there: ``all`` or a list; None stands for all."""

    types: RecordTypes = None


class DestinationSettings(Settings):
    """``destinations.d/NAME.yaml``: 一个目的地 one platform that speaks PowerExchange over TLS."""

    name: Name
    receiver: PartyCode
    url: Annotated[str, Field(pattern=r"^https://[^\s@?#]+$")]
    ca: File
    certificate: File
    key: File
    receipt_certificate: File
    behaviour: Annotated[Behaviour, Field(description="how it treats what it already holds")] = Behaviour.IDEMPOTENT
    case_order: Flag = False
    records: Annotated[Count, Field(le=500)] = 500
    timeouts: Timeouts = Timeouts()
    max_in_flight: Duration = timedelta(seconds=120)
    statements: Flag = True
    routes: Routes = Routes()
    rate: Rate | None = None
    maintenance: tuple[Maintenance, ...] = ()
    breaker: Breaker = Breaker()

    @model_validator(mode="after")
    def _patient(self) -> Self:
        if self.max_in_flight.total_seconds() < self.timeouts.total:
            raise ValueError(
                "max_in_flight 不得短于 timeouts.total / max_in_flight must not be shorter than timeouts.total"
            )
        return self


class Configuration(Settings):
    """A whole configuration directory; every path is absolute."""

    root: Path
    site: Site
    sources: tuple[SourceSettings, ...]
    destinations: tuple[DestinationSettings, ...]

    def source(self, name: str) -> SourceSettings | None:
        """Return the source called ``name``."""
        return next((source for source in self.sources if source.name == name), None)
