# SPDX-License-Identifier: Apache-2.0
"""The wired parts that a round works with; the composition root fills them in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.flow.collect import Handling
from gateway.flow.deliver import Parties
from gateway.flow.golive import Watch
from gateway.flow.translating import Translator
from gateway.ledger.store import Ledger
from gateway.model.destination import Route
from gateway.ports import Clock, Destination, Ids, Source


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A configured source: how to open it, what handles its rows, and its cron line."""

    name: str
    open: Callable[[], Source]
    handling: Handling
    cron: str | None
    renew: Callable[[Ledger], Handling] | None = None
    """Tells what handles the rows now: another mapping may have been activated meanwhile."""

    def current(self, ledger: Ledger) -> Handling:
        """Return what handles the rows of a run that begins now."""
        return self.handling if self.renew is None else self.renew(ledger)


@dataclass(frozen=True, slots=True)
class DestinationPart:
    """A configured destination: how to open a channel to it (one per thread) and its route in the ledger.

    ``worker`` is the number under which this process delivers there.
    """

    name: str
    open: Callable[[], Destination]
    route: Route
    statements: bool
    worker: int = 0


class Handlings(Mapping[str, Handling]):
    """What handles the rows of each source, asked anew each time."""

    def __init__(self, ledger: Ledger, parts: Iterable[SourcePart]) -> None:
        self._ledger = ledger
        self._parts = {each.name: each for each in parts}

    def __getitem__(self, name: str) -> Handling:
        return self._parts[name].current(self._ledger)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Everything that a round or the service needs; ``reconcile_at`` and ``sweep_at`` are cron lines.

    ``watch`` looks after the go-live lock, where the site has one.
    """

    ledger: Ledger
    sources: tuple[SourcePart, ...]
    destinations: tuple[DestinationPart, ...]
    parties: Parties
    clock: Clock
    ids: Ids
    chunk: int = 500
    linger: float = 1.0
    translator: Translator = field(default_factory=Translator)
    reconcile_at: str = "30 2 * * *"
    sweep_at: str = "0 2 * * *"
    watch: Watch | None = None
