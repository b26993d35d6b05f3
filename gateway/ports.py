# SPDX-License-Identifier: Apache-2.0
"""What the stages need of the outside world: sources, destinations, documents, time and chance."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from gateway.model.case_record import CaseFacts
from gateway.model.finding import Finding
from gateway.model.package import Keys, PackageHead, PackedRecord, Receipt, ReceiptStatus, Statement, Submission
from gateway.model.record import Draft, Level, Refused, Row, Scalar, SourceKind
from gateway.model.words import Words
from gateway.semantics.interface import Interface


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in fixed +08:00 (ledger.md B23)."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""


class Ids(Protocol):
    """Fresh random identifiers."""

    def fresh(self) -> UUID:
        """Return an identifier never given before."""


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds of one pull (ledger.md B14): stamps from ``floor`` (overlap already subtracted) to ``until``, both included.

    ``None`` as floor reads from the beginning. A source without a stamp column ignores both.
    """

    floor: str | None
    until: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a pull has come: the last row read, and whether the rows without a usable stamp have begun.

    Rows whose stamp is absent or later than ``until`` are read last (``undated``) and never move the floor.
    """

    stamp: str | None
    row_id: str | None
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that the source could not give whole: recorded by its key, never dropped (ledger.md B15)."""

    row_id: str
    finding: Finding
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class FileStep:
    """The file that the rows of a page come from, and whether the page ends it.

    ``name`` is the file's own, ``digest`` SHA-256 (hex) of its bytes; ``refused`` says that it was not read at all.
    """

    name: str
    digest: str
    size: int
    sequence: int | None = None
    ended: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows; ``after`` is where the next one starts, ``more`` tells whether there is a next one.

    ``file`` is the file that all of them come from. ``gone`` are ids of rows that the source says are deleted, ``back``
    those that it says are there.
    """

    rows: tuple[Row, ...]
    after: Position
    more: bool
    unreadable: tuple[Unreadable, ...] = ()
    file: FileStep | None = None
    gone: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row: taken into the ledger, or the reason why not. ``mark`` is the one of the row."""

    row_id: str
    mark: str
    taken: bool
    reason: Words | None = None


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: its figures, and every finding with its place."""

    step: FileStep
    rows: int
    figures: Mapping[str, int]
    findings: tuple[Finding, ...]
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """What a source is to be told (ledger.md B17): results of rows, or of a file; ``at`` is when it was decided."""

    at: datetime
    rows: tuple[RowResult, ...] = ()
    file: FileResult | None = None


class Source(Protocol):
    """A department system as rows (业务系统)."""

    name: str
    kind: SourceKind

    def check(self) -> tuple[Finding, ...]:
        """Look at the source's shape: missing columns, row ids that are not unique, unreachable server."""

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run that starts now: ``until`` is the source's own clock, ``floor`` loses the overlap."""

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the next page of at most ``size`` rows in the order (stamp, row id)."""

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run: the lesser of the highest stamp seen and ``until``."""

    def estimate(self, window: Window) -> int | None:
        """Return about how many rows the window holds, or None when the source can't tell."""

    def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Told(Protocol):
    """A source that wants to know what became of what it gave (回写、回执)."""

    def tell(self, notice: Notice) -> None:
        """Tell it; the same notice may come twice. Raises SourceError where it must be tried again."""


@runtime_checkable
class Looking(Protocol):
    """A source that by default changes something at the department's: claims rows, moves files, writes answers."""

    def look(self) -> None:
        """From now on only look: change nothing there, and keep what is to be told to itself."""


@runtime_checkable
class Listed(Protocol):
    """A source that can name all its rows, so that deleted and late ones are found (ledger.md B14, T4).

    ``comparable`` tells whether it can in truth, ``snapshot`` whether every run is to compare.
    """

    @property
    def comparable(self) -> bool:
        """Tell whether what is missing can be told."""

    @property
    def snapshot(self) -> bool:
        """Tell whether every whole reading ends with a comparison."""

    def keys(self) -> Iterator[Sequence[str]]:
        """Yield the ids of all rows there are, as one consistent read shows them. Raises SourceError."""

    def present(self, row_ids: Sequence[str]) -> Collection[str]:
        """Look up each of these rows and return those that are there. Raises SourceError."""

    def in_scope(self, values: Mapping[str, Scalar]) -> bool:
        """Tell whether a row that was last seen with ``values`` must still be shown by the source."""


@runtime_checkable
class Accounted(Protocol):
    """A source that reads through an account, whose rights can be told without trying them (只读账号)."""

    def account(self) -> tuple[Finding, ...]:
        """Return a finding for everything that the account may do beyond what the source needs."""


@runtime_checkable
class Fingerprinted(Protocol):
    """A source that can show its interface, which the go-live lock compares with the attested one at each sync."""

    def interface(self) -> Interface | None:
        """Return the interface as it is now, None where this source cannot tell. Raises SourceError."""


@runtime_checkable
class Sliced(Protocol):
    """A source whose history can be cut by its stamps (历史补采)."""

    def slices(self, first: str | None, last: str | None, span: timedelta) -> Iterator[tuple[Window, int | None]]:
        """Cut the stamps from ``first`` (default: the lowest there is) to ``last`` (default: now) into spans.

        Neighbours share their bound. With each comes how many rows it holds, None where the source does not say in
        time. Raises SourceError, and ValueError for a text that is no stamp.
        """


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """A number wanted for ``subject`` within ``scope`` (ledger.md B8): the same subject always gets the same number."""

    name: str
    scope: str
    subject: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the mapping made of one row."""

    drafts: tuple[Draft, ...]
    refused: tuple[Refused, ...]
    ignored: bool = False
    """The mapping says that the row is none of the gateway's business."""


class Mapper(Protocol):
    """A compiled mapping (映射)."""

    version: str
    """SHA-256 hex over the mapping's files: stored with every record it made."""

    asks: bool
    """Whether any row may need a number of the ledger's; else ``wants`` need not be called."""

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        """Name the numbers this row needs before it can be mapped; a broken row asks for nothing."""

    def map(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> Mapped:
        """Make records of one row; what is wrong with the row comes back as refusals, never as an exception."""


class Examined(NamedTuple):
    """One document after its checks: findings (none: clean), and the facts that the rules of its case will ask for."""

    findings: tuple[Finding, ...] = ()
    facts: CaseFacts | None = None


class Validator(Protocol):
    """Documents against the pack: schema, code lists, check digits."""

    def check(self, documents: Sequence[bytes], level: Level | None = None, now: str | None = None) -> list[Examined]:
        """Return what was found in each document, in the order given.

        ``level`` is that of the source, ``now`` the time of the check; without them the rules that ask are silent.
        """


class Destination(Protocol):
    """A platform that speaks PowerExchange (市级平台、监察系统)."""

    name: str

    def ping(self) -> datetime:
        """Return the other side's clock; raises ChannelError."""

    def submit(self, head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes]) -> Submission:
        """Send one signed package and return what came of it; never raises for what the other side did."""

    def query_receipt(self, package_id: str) -> Receipt | ReceiptStatus:
        """Ask what became of a package; raises ChannelError when there is no usable answer."""

    def statement(self, day: str) -> Statement:
        """Fetch the DailyStatement of a day for all our organisations; raises ChannelError."""

    def keys(self, day: str) -> Keys:
        """Fetch every key that the destination holds for a day; raises ChannelError."""

    def cut(self) -> None:
        """End the exchange under way as unanswered, and refuse every later one; any thread may call this."""

    def close(self) -> None:
        """Let go of connections."""
