# SPDX-License-Identifier: Apache-2.0
"""Records as case rules see them, and one case with all of its records."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from gateway.model.case_record import CaseRecord
from gateway.model.record_type import RecordType
from gateway.rules.facts import FactTable
from gateway.rules.plan import Values


class Seen:
    """A record in its case, and whether it is one of those to be judged; its facts are typed when first asked for."""

    __slots__ = ("_table", "_values", "is_new", "order", "record")

    def __init__(self, record: CaseRecord, is_new: bool, rank: int, table: FactTable) -> None:
        self.record, self.is_new, self._table = record, is_new, table
        self.order = (rank, record.occurred_at, record.sequence, record.key)
        self._values: Values | None = None  # a cached property takes a lock each time

    @property
    def values(self) -> Values:
        """The facts of the record as rules compute with them."""
        if self._values is None:
            self._values = self._table.told(self.record)
        return self._values


class CaseView:
    """The standing records of one case: the newest version of every key that has not been withdrawn."""

    def __init__(
        self, name: str | None, records: Iterable[tuple[CaseRecord, bool]], types: Mapping[str, RecordType],
        table: FactTable,
    ) -> None:  # fmt: skip
        self.name = name
        heads: dict[str, tuple[CaseRecord, bool]] = {}
        self.withdrawals: list[tuple[CaseRecord, CaseRecord | None]] = []
        for record, is_new in sorted(records, key=_by_version):
            before = heads.get(record.key)
            if record.withdrawn and is_new:
                self.withdrawals.append((record, before[0] if before else None))
            heads[record.key] = record, is_new
        seen = [
            Seen(record, is_new, types[record.type].rank, table)
            for record, is_new in heads.values()
            if not record.withdrawn and record.type in types
        ]
        seen.sort(key=_by_order)
        self.seen = seen
        self._by_type: dict[str, list[Seen]] = {}
        for each in seen:
            self._by_type.setdefault(each.record.type, []).append(each)
        self.present = frozenset(self._by_type)
        """The record types that stand."""
        self.new = frozenset([each.record.type for each in seen if each.is_new])
        """The record types among them of which some are to be judged."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that stand."""
        return frozenset(each.record.key for each in self.seen)

    def of(self, codes: Collection[str]) -> Sequence[Seen]:
        """Return the records of some types in the order of the case."""
        if len(codes) == 1:
            (code,) = codes
            return self._by_type.get(code, ())
        return [each for each in self.seen if each.record.type in codes]


def _by_version(pair: tuple[CaseRecord, bool]) -> int:
    return pair[0].version


def _by_order(seen: Seen) -> tuple[int, str, int, str]:
    return seen.order


Fills = dict[str, Any]
"""What the sentence of a finding is filled with."""
