# SPDX-License-Identifier: Apache-2.0
"""Where rows are translated: in this process, or in child processes that hold no ledger handle (ledger.md B15, B28).

What a child made of rows is the same as what this process would have made. Rows that break the process which works on
them are found by halving: the culprit is refused with a finding, everything beside it goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import structlog

from gateway.errors import ChildError, GatewayError
from gateway.flow.translate import BROKE, FINDINGS, translate
from gateway.ledger.packed import Packed
from gateway.model.finding import Finding, Stage
from gateway.model.record import Level, Observation, Refused, Row
from gateway.model.words import Words
from gateway.ports import AllocationRequest, Mapper, Validator

WORTH_SENDING = 50
"""Rows from which on a page is worth the way to a child."""

Numbers = Mapping[AllocationRequest, int]
Give = Callable[[Iterable[AllocationRequest]], Numbers]
"""Returns the numbers of requests, as the ledger proposes them."""
Wanted = tuple[AllocationRequest, ...]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Crashed(Exception):
    """Working on some rows broke the process that did it, or raised what nobody foresaw; the message says how."""


class Translated(NamedTuple):
    """The observations of rows, one for each in the order given, and what was packed of them, if anything."""

    observations: list[Observation]
    packed: Packed | None = None


class Children(Protocol):
    """Processes that map and validate; calls raise Crashed, or ChildError where no process can be had."""

    size: int
    """How many work at the same time; 0 where they are only for rows under suspicion."""

    def ready(self) -> bool:
        """Tell whether one waits for work; where none was ever started, begin to start one."""

    def wanted(self, source: str, rows: Sequence[Row], *, apart: bool = False) -> list[Wanted]:
        """Name the numbers that each row needs; ``apart`` where the rows are likely to crash what works on them."""

    def observe(
        self, hands: "Hands", rows: Sequence[Row], numbers: Numbers, *, apart: bool = False
    ) -> "Future[Translated]":
        """Map and validate rows as ``hands`` would."""

    def rest(self) -> None:
        """End processes that were started for rows under suspicion only."""


class Begun(Protocol):
    """Rows on their way to observations."""

    @property
    def numbers(self) -> Numbers:
        """The numbers that the mapping was given."""

    def finish(self) -> Translated:
        """Wait for the observations."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What maps and validates the rows of one source in this process: ``level`` is the source's, ``now`` ISO text."""

    source: str
    mapper: Mapper
    validator: Validator
    level: Level | None = None
    now: str | None = None

    def translate(self, rows: Sequence[Row], numbers: Numbers) -> Translated:
        """Translate rows here."""
        return Translated(translate(rows, self.mapper, numbers, self.validator, self.level, self.now))


class Translator:
    """Chooses where to translate; ``ahead`` pages may be begun before the first of them is finished."""

    def __init__(self, children: Children | None = None) -> None:
        """Use ``children`` for long pages, if there are any to work with, and for rows under suspicion."""
        self._children = children

    @property
    def ahead(self) -> int:
        """How many pages may be on their way behind the one that is being finished."""
        return self._children.size if self._children else 0

    def begin(self, hands: Hands, rows: Sequence[Row], give: Give, *, suspicious: bool = False) -> Begun:
        """Begin to translate rows; ``suspicious`` rows may have killed a process and never run in this one."""
        children = self._children
        if children is not None and rows:
            if suspicious:
                return _Apart(children, hands, rows, give)
            if children.size and len(rows) >= WORTH_SENDING and children.ready():
                return _Sent(children, hands, rows, give)
        return _Here(children, hands, rows, give)


class _Here:
    """Translated in this process when it is finished."""

    def __init__(self, children: Children | None, hands: Hands, rows: Sequence[Row], give: Give) -> None:
        self._children, self._hands, self._rows, self._give = children, hands, rows, give
        self._apart: _Apart | None = None
        self._numbers: Numbers = {}
        try:
            if hands.mapper.asks:
                self._numbers = give(dict.fromkeys([each for row in rows for each in hands.mapper.wants(row)]))
        except GatewayError:
            raise
        except Exception as fault:  # noqa: BLE001 # whatever a row can raise: the row is found and told
            self._set_apart(fault)

    @property
    def numbers(self) -> Numbers:
        return self._apart.numbers if self._apart else self._numbers

    def finish(self) -> Translated:
        if self._apart is None:
            try:
                return self._hands.translate(self._rows, self._numbers)
            except GatewayError:
                raise
            except Exception as fault:  # noqa: BLE001 # see above
                self._set_apart(fault)
        return self._apart.finish() if self._apart else Translated([])

    def _set_apart(self, fault: Exception) -> None:
        if self._children is None:
            raise fault
        log.warning("rows-broke", source=self._hands.source, rows=len(self._rows), fault=type(fault).__name__)
        self._apart = _Apart(self._children, self._hands, self._rows, self._give)


class _Sent:
    """On its way in a child; a child that dies has its rows looked at apart."""

    def __init__(self, children: Children, hands: Hands, rows: Sequence[Row], give: Give) -> None:
        self._children, self._hands, self._rows, self._give = children, hands, rows, give
        self._apart: _Apart | None = None
        self._numbers: Numbers = {}
        try:
            if hands.mapper.asks:
                wanted = children.wanted(hands.source, rows)
                self._numbers = give(dict.fromkeys([each for row in wanted for each in row]))
            self._sent = children.observe(hands, rows, self._numbers)
        except Crashed as crash:
            self._set_apart(crash)

    @property
    def numbers(self) -> Numbers:
        return self._apart.numbers if self._apart else self._numbers

    def finish(self) -> Translated:
        if self._apart is None:
            try:
                return self._sent.result()
            except Crashed as crash:
                self._set_apart(crash)
            except ChildError as fault:  # a new child can't be had: the work is still done
                log.warning("no-child", source=self._hands.source, error=fault.spoken("zh"))
                return self._hands.translate(self._rows, self._numbers)
        return self._apart.finish() if self._apart else Translated([])

    def _set_apart(self, crash: Crashed) -> None:
        log.warning("rows-broke", source=self._hands.source, rows=len(self._rows), fault=str(crash))
        self._apart = _Apart(self._children, self._hands, self._rows, self._give)


class _Apart:
    """Rows under suspicion: in a child, halved until those that break it are alone (B15)."""

    def __init__(self, children: Children, hands: Hands, rows: Sequence[Row], give: Give) -> None:
        self._children, self._hands, self._source, self._rows = children, hands, hands.source, rows
        self._broke: dict[int, Observation] = {}  # by the address of the row, which this object holds
        self.numbers: Numbers = {}
        if hands.mapper.asks:
            wanted = halved(rows, lambda some: children.wanted(self._source, some, apart=True), self._condemn_asking)
            self.numbers = give(dict.fromkeys([each for row in wanted for each in row]))

    def finish(self) -> Translated:
        sound = [row for row in self._rows if id(row) not in self._broke]
        try:
            seen = halved(sound, self._observe, self._condemn)
        finally:
            self._children.rest()
        found = {id(each.row): each for each in seen} | self._broke
        return Translated([found[id(row)] for row in self._rows])

    def _observe(self, rows: Sequence[Row]) -> list[Observation]:
        return self._children.observe(self._hands, rows, self.numbers, apart=True).result().observations

    def _condemn(self, row: Row, crash: Crashed) -> Observation:
        log.error("row-breaks-process", source=self._source, row=row.row_id, how=str(crash))
        return broken(row, str(crash))

    def _condemn_asking(self, row: Row, crash: Crashed) -> Wanted:
        self._broke[id(row)] = self._condemn(row, crash)
        return ()


def halved(
    rows: Sequence[Row], work: Callable[[Sequence[Row]], list[T]], condemn: Callable[[Row, Crashed], T]
) -> list[T]:
    """Return what ``work`` makes of each row; where it crashes it gets halves, down to single rows.

    A row alone is tried twice, since a process may die by chance; after that ``condemn`` says what stands for it.
    """
    if not rows:
        return []
    try:
        return work(rows)
    except Crashed:
        if len(rows) > 1:
            half = len(rows) // 2
            return halved(rows[:half], work, condemn) + halved(rows[half:], work, condemn)
    try:
        return work(rows)
    except Crashed as crash:
        return [condemn(rows[0], crash)]


def broken(row: Row, how: str) -> Observation:
    """Return the observation of a row that breaks the process which works on it."""
    told, hint = FINDINGS[BROKE]
    message = Words(told.zh.format(how=how), told.en.format(how=how))
    return Observation(row, (), (Refused((Finding(BROKE, Stage.TRANSLATE, "", message, hint),)),))
