# SPDX-License-Identifier: Apache-2.0
"""What a destination is known to do, as far as delivery depends on it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Behaviour(StrEnum):
    """How a destination treats a record that it already holds (ledger.md T3)."""

    IDEMPOTENT = "idempotent"
    DUPLICATE_REJECTING = "duplicate-rejecting"
    NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class Pace:
    """The rate limit of a destination: a bucket of ``burst`` tokens that fills with ``per_second``.

    A new package costs as many tokens as it has records, or one where packages are counted; what is sent again costs none.
    """

    per_second: float
    counts: Literal["records", "packages"] = "records"
    burst: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: it opens by a cron line (fixed +08:00) and lasts so many microseconds."""

    cron: str
    lasts: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one destination.

    ``records`` caps a package. ``case_order`` means that the destination has attested to process a case in body order:
    only then may a package carry several records of one case (standard.md §4). ``max_in_flight`` are seconds after the
    last byte before "never received" may be believed. ``types`` restricts what is routed there; None routes all.
    ``pace`` limits what is sent, nothing is sent within ``windows``. ``trip_after`` exchanges in a row without an answer
    open the circuit; then one probe goes out every ``probe_every`` seconds.
    """

    name: str
    receiver: str
    behaviour: Behaviour = Behaviour.IDEMPOTENT
    case_order: bool = True
    records: int = 500
    max_in_flight: float = 120.0
    types: frozenset[str] | None = None
    pace: Pace | None = None
    windows: tuple[Window, ...] = ()
    trip_after: int = 3
    probe_every: float = 60.0

    def takes(self, type_: str) -> bool:
        """Tell whether records of this type are routed to the destination."""
        return self.types is None or type_ in self.types

    @property
    def package_records(self) -> int:
        """Most records in one package: a naive destination gets them one by one (promises.md R3)."""
        return 1 if self.behaviour is Behaviour.NAIVE else self.records


@dataclass(frozen=True, slots=True)
class Route:
    """Terms of a destination together with its number in the ledger."""

    destination_id: int
    terms: Terms
