# SPDX-License-Identifier: Apache-2.0
"""Compare two mappings over stored raw rows: which records stay, change, appear or vanish, and what is newly refused."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Final

from gateway.flow.translate import translate
from gateway.ledger.originals import RawHeld
from gateway.mapping.examples import elements_of
from gateway.model.finding import Finding
from gateway.model.record import Draft, Observation, Row
from gateway.ports import AllocationRequest, Mapper, Validator

CHUNK: Final = 500
_EXAMPLES: Final = 3
_SHIFTED: Final = 3
_NUMBER: Final = re.compile(r"-?\d{1,18}(\.\d{1,6})?")
_NUMBER_OF_REPEAT: Final = re.compile(r"\[\d+\]")

Numbers = Callable[[Iterable[AllocationRequest]], Mapping[AllocationRequest, int]]
"""Gives the number of each request: those that the ledger has given stay."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two mappings, compiled, and what judges its records."""

    mapper: Mapper
    validator: Validator


@dataclass(frozen=True, slots=True)
class Change:
    """An element of a record as the two mappings fill it; None where one of them leaves it out."""

    key: str
    old: str | None
    new: str | None


@dataclass(slots=True)
class Difference:
    """What the two mappings make of the rows looked at.

    ``changed`` counts by record type and element (without numbers of repeats), with a few ``examples``. ``refused`` and
    ``mended`` count by record type and code the records that only the new mapping, or only the old one, has refused.
    """

    rows: int = 0
    same: Counter[str] = field(default_factory=Counter)
    appeared: Counter[str] = field(default_factory=Counter)
    vanished: Counter[str] = field(default_factory=Counter)
    changed_records: Counter[str] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[Change]] = field(default_factory=dict)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    mended: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    powers: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)
    """Of changed numbers, how many powers of ten the new one is from the old."""

    def shifts(self) -> Iterator[tuple[tuple[str, str], str, int]]:
        """Yield elements most of whose changed numbers have moved by a thousand or more: a unit was likely mixed up."""
        for at, powers in self.powers.items():
            power, count = powers.most_common(1)[0]
            if abs(power) >= _SHIFTED and 2 * count >= powers.total():
                yield at, f"1{'0' * power}" if power > 0 else f"1/1{'0' * -power}", count

    def add(self, old: Observation, new: Observation) -> None:
        """Count what became of one row."""
        self.rows += 1
        before, after = _by_key(old.drafts), _by_key(new.drafts)
        for key in before.keys() | after.keys():
            was, is_now = before.get(key), after.get(key)
            if was is None or is_now is None:
                kept = was or is_now
                if kept is not None:
                    (self.vanished if is_now is None else self.appeared)[kept.type] += 1
            elif was.identity == is_now.identity and was.document() == is_now.document():
                self.same[was.type] += 1
            else:
                self._change(was, is_now)
        told_before, told_now = _refusals(old), _refusals(new)
        for at in told_now.keys() - told_before.keys():
            self.refused[at] += 1
            self.findings.setdefault(at, told_now[at])
        for at in told_before.keys() - told_now.keys():
            self.mended[at] += 1
            self.findings.setdefault(at, told_before[at])

    def _change(self, old: Draft, new: Draft) -> None:
        self.changed_records[old.type] += 1
        before, after = elements_of(old.document()), elements_of(new.document())
        for path in before.keys() | after.keys():
            if before.get(path) != after.get(path):
                at = (old.type, _NUMBER_OF_REPEAT.sub("", path))
                self.changed[at] += 1
                power = _powers(before.get(path), after.get(path))
                if power is not None:
                    self.powers.setdefault(at, Counter())[power] += 1
                some = self.examples.setdefault(at, [])
                if len(some) < _EXAMPLES:
                    some.append(Change(old.key, before.get(path), after.get(path)))


def _powers(old: str | None, new: str | None) -> int | None:
    """Return the power of ten between two numbers, None unless both are numbers other than 0."""
    if old is None or new is None or not _NUMBER.fullmatch(old) or not _NUMBER.fullmatch(new):
        return None
    was, is_now = Decimal(old), Decimal(new)
    if not was or not is_now:
        return None
    return int((is_now / was).copy_abs().log10().to_integral_value())


def compare(rows: Iterable[RawHeld], old: Side, new: Side, numbers: Numbers, found: Difference) -> Iterator[int]:
    """Map every row by both mappings into ``found``; yields the number of rows after each chunk."""
    held = (_row(each) for each in rows)
    while chunk := list(islice(held, CHUNK)):
        sides = [_observed(chunk, side, numbers) for side in (old, new)]
        for before, after in zip(*sides, strict=True):
            found.add(before, after)
        yield len(chunk)


def _row(held: RawHeld) -> Row:
    return Row(held.row_id, json.loads(held.raw), held.raw, b"")


def _observed(rows: Sequence[Row], side: Side, numbers: Numbers) -> list[Observation]:
    wanted = dict.fromkeys(request for row in rows for request in side.mapper.wants(row))
    return translate(rows, side.mapper, numbers(wanted), side.validator)


def _by_key(drafts: Iterable[Draft]) -> dict[tuple[str, str], Draft]:
    """A withdrawal has the key of its target: the type tells them apart."""
    return {(draft.type, draft.key): draft for draft in drafts}


def _refusals(observation: Observation) -> dict[tuple[str, str], Finding]:
    return {
        (refused.type or "", finding.code): finding
        for refused in observation.refused
        for finding in refused.findings
        if finding.refuses
    }
