# SPDX-License-Identifier: Apache-2.0
"""Records as case rules see them, and one case with all of its records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateway.model.record_type import RecordType, case_in
from gateway.rules.facts import KEY, VERSION, CaseFacts, FactTable
from gateway.rules.plan import Values


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One version of a record: what the ledger keeps of it beside its document.

    ``withdrawn``: this version withdraws the key (its type is then that of the withdrawal). ``facts`` are those of
    ``rules/facts.toml``; ``occurred_at`` is ISO text at +08:00.
    """

    type: str
    key: str
    version: int
    sequence: int
    occurred_at: str
    withdrawn: bool
    facts: CaseFacts

    @property
    def case(self) -> str | None:
        """The case it belongs to: that of its key, or of the record that it names."""
        return case_in(self.key) or case_in(str(self.facts.get("target", "")))


class Seen:
    """A record in its case: its typed facts, and whether it is one of those to be judged."""

    __slots__ = ("is_new", "order", "record", "values")

    def __init__(self, record: CaseRecord, values: Values, is_new: bool, rank: int) -> None:
        self.record, self.values, self.is_new = record, values, is_new
        self.order = (rank, record.occurred_at, record.sequence, record.key)


class CaseView:
    """The standing records of one case: the newest version of every key that has not been withdrawn."""

    def __init__(
        self, name: str | None, records: Iterable[tuple[CaseRecord, bool]], types: Mapping[str, RecordType],
        table: FactTable,
    ) -> None:  # fmt: skip
        self.name = name
        heads: dict[str, tuple[CaseRecord, bool]] = {}
        self.withdrawals: list[tuple[CaseRecord, CaseRecord | None]] = []
        for record, is_new in sorted(records, key=lambda pair: pair[0].version):
            before = heads.get(record.key)
            if record.withdrawn and is_new:
                self.withdrawals.append((record, before[0] if before else None))
            heads[record.key] = record, is_new
        seen = [
            Seen(record, {**table.typed(record.type, record.facts), KEY: record.key, VERSION: record.version}, is_new, types[record.type].rank)
            for record, is_new in heads.values()
            if not record.withdrawn and record.type in types
        ]
        self.seen = sorted(seen, key=lambda each: each.order)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that stand."""
        return frozenset(each.record.key for each in self.seen)

    def of(self, codes: Iterable[str]) -> Iterator[Seen]:
        """Yield the records of some types in the order of the case."""
        return (each for each in self.seen if each.record.type in codes)


Fills = dict[str, Any]
"""What the sentence of a finding is filled with."""
