# SPDX-License-Identifier: Apache-2.0
"""What a destination is known to do, as far as delivery depends on it."""

from dataclasses import dataclass
from enum import StrEnum


class Behaviour(StrEnum):
    """How a destination treats a record that it already holds (ledger.md T3)."""

    IDEMPOTENT = "idempotent"
    DUPLICATE_REJECTING = "duplicate-rejecting"
    NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one destination.

    ``records`` caps a package. ``case_order`` means that the destination has attested to process a case in body order:
    only then may a package carry several records of one case (standard.md §4). ``max_in_flight`` are seconds after the
    last byte before "never received" may be believed. ``types`` restricts what is routed there; None routes all.
    """

    name: str
    receiver: str
    behaviour: Behaviour = Behaviour.IDEMPOTENT
    case_order: bool = True
    records: int = 500
    max_in_flight: float = 120.0
    types: frozenset[str] | None = None

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
