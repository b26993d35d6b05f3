# SPDX-License-Identifier: Apache-2.0
"""What case rules ask of the world around a case: catalogue of powers, flows, bodies, sender, clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

from gateway.model.case_record import CaseFacts, CaseRecord, Sender
from gateway.rules.facts import FactTable
from gateway.rules.timing import Clock


class Catalogue(Protocol):
    """Items, flows and bodies by code; answers are facts as the pack's ``rules/facts.toml`` declares them."""

    def item(self, code: str, version: int) -> CaseFacts | None:
        """Return the facts of one version of an item, or None when there is none."""

    def flow(self, item: str, version: int) -> CaseFacts | None:
        """Return the facts of the fixed flow of an item's version, or None when it is not known."""

    def body(self, code: str) -> CaseFacts | None:
        """Return the facts of a body, or None when it is not known."""


@dataclass(frozen=True, slots=True)
class Context:
    """What there is to judge by; a part that is None leaves the rules that need it unevaluated.

    ``level`` is the level of the source (L1, L2, L3). ``history``: whether the records given are all of their cases.
    """

    catalogue: Catalogue | None = None
    sender: Sender | None = None
    clock: Clock | None = None
    level: str | None = None
    history: bool = True

    def lacks(self) -> frozenset[str]:
        """Return the names of the parts that are missing."""
        parts = (self.catalogue, self.sender, self.clock, self.level, self.history or None)
        return _LACKS[tuple(part is None for part in parts)]


_PARTS = ("catalogue", "sender", "calendar", "level", "history")
_LACKS = {
    absent: frozenset(name for name, is_absent in zip(_PARTS, absent, strict=True) if is_absent)
    for absent in product((False, True), repeat=len(_PARTS))
}


@dataclass
class RecordedCatalogue:
    """A catalogue made of master-data records, such as those that stand first in a package."""

    items: dict[tuple[str, int], CaseFacts] = field(default_factory=dict)
    flows: dict[tuple[str, int], CaseFacts] = field(default_factory=dict)
    bodies: dict[str, CaseFacts] = field(default_factory=dict)

    @classmethod
    def of(cls, table: FactTable, records: Iterable[CaseRecord]) -> "RecordedCatalogue":
        """Return the catalogue in ``records``; empty when there is none among them."""
        kinds = table.master_data
        made = cls()
        for record in sorted(records, key=lambda each: each.version):
            if record.type not in kinds.values():
                continue
            facts = table.told(record)
            if record.type == kinds["item"]:
                made.items[facts["item"], facts["item_version"]] = facts
            elif record.type == kinds["flow"]:
                made.flows[facts["item"], facts["item_version"]] = facts
            elif record.type == kinds["body"]:
                made.bodies[facts["org"]] = facts
        return made

    def item(self, code: str, version: int) -> CaseFacts | None:
        """Return one version of an item."""
        return self.items.get((code, version))

    def flow(self, item: str, version: int) -> CaseFacts | None:
        """Return the flow of one version of an item."""
        return self.flows.get((item, version))

    def body(self, code: str) -> CaseFacts | None:
        """Return a body."""
        return self.bodies.get(code)
