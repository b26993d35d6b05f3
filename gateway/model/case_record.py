# SPDX-License-Identifier: Apache-2.0
"""A record as the rules of its case see it: what the ledger keeps beside its document, for ever (ledger.md B22)."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from gateway.model.record_type import case_in

CaseFacts: TypeAlias = dict[str, Any]
"""Facts of one record by name: JSON (text, whole numbers, truth values, lists)."""


class CaseRecord(NamedTuple):
    """One version of a record: what the ledger keeps of it beside its document.

    ``withdrawn``: this version withdraws the key (its type is then that of the withdrawal). ``facts`` are those that the
    pack declares for its type; ``occurred_at`` is ISO text at +08:00. ``org`` and ``item`` are body and power item.
    """

    type: str
    key: str
    version: int
    sequence: int
    occurred_at: str
    withdrawn: bool
    facts: CaseFacts
    org: str | None = None
    item: str | None = None
    case_no: str | None = None

    @property
    def case(self) -> str | None:
        """The case it belongs to: that of its key, or of the record that it names."""
        return self.case_no or case_in(self.key) or case_in(str(self.facts.get("target", "")))


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent, and the bodies it may act for; ``for_all`` is a keeper of records of every body (a catalogue)."""

    code: str
    entrusted: frozenset[str] = frozenset()
    for_all: bool = False
