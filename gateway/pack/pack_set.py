# SPDX-License-Identifier: Apache-2.0
"""Packs that are live side by side (多版本并存): the day of an event decides which of them judges the record."""

import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self

from gateway import resources
from gateway.errors import ConfigurationError
from gateway.pack.pack import Pack, load_pack

FILE = "packs.toml"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Term:
    """The period in which a pack is in force; both days are inclusive, None is open."""

    name: str
    valid_from: date | None
    valid_to: date | None


class PackSet:
    """Packs by period. The periods cover every day once, so that there is an answer for each."""

    def __init__(self, terms: Sequence[Term], root: Path) -> None:
        """Take the periods in any order; the packs lie in ``root`` and are loaded when first asked for.

        Raises:
            ConfigurationError: there is no period, or two overlap, or there is a gap, or an end is not open.
        """
        self.terms = tuple(sorted(terms, key=lambda term: term.valid_from or date.min))
        self._root = root
        _check(self.terms)
        self._starts = [term.valid_from or date.min for term in self.terms]

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """Return the set of one pack, in force on every day."""
        return cls([Term(pack.root.name, None, None)], pack.root.parent)

    def select(self, on: date) -> Pack:
        """Return the pack in force on a day; raises ConfigurationError when that pack cannot be loaded."""
        return self._load(self.terms[bisect_right(self._starts, on) - 1])

    @property
    def newest(self) -> Pack:
        """The pack in force from the last change on."""
        return self._load(self.terms[-1])

    def __iter__(self) -> Iterator[Pack]:
        """Yield the packs, oldest first."""
        return (self._load(term) for term in self.terms)

    def __len__(self) -> int:
        """Return how many packs are live."""
        return len(self.terms)

    def _load(self, term: Term) -> Pack:
        return load_pack(term.name, self._root)


def load_packs(root: Path | None = None) -> PackSet:
    """Load the set that ``packs.toml`` in ``root`` describes (default: what ships with the gateway), once per process.

    Raises:
        ConfigurationError: the file is absent, not well made, or its periods do not cover every day once.
    """
    try:
        folder = root or resources.find("schemas")
    except FileNotFoundError as fault:
        raise ConfigurationError(str(fault)) from fault
    return _load(folder.resolve())


@cache
def _load(root: Path) -> PackSet:
    try:
        told = tomllib.loads((root / FILE).read_text(encoding="utf-8"))
        terms = [Term(each["name"], _day(each, "valid_from"), _day(each, "valid_to")) for each in told["packs"]]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as fault:
        raise ConfigurationError(f"{FILE}: {fault}") from fault
    return PackSet(terms, root)


def _day(told: dict[str, object], name: str) -> date | None:
    day = told.get(name)
    if day is None or (isinstance(day, date) and not isinstance(day, datetime)):
        return day
    raise ConfigurationError(f"{FILE}: {told['name']}: {name} must be a day without quotes, such as 2027-01-01")


def _check(terms: Sequence[Term]) -> None:
    if not terms:
        raise ConfigurationError(f"{FILE}: no pack")
    if terms[0].valid_from is not None:
        raise ConfigurationError(f"{FILE}: {terms[0].name}: the first pack must have no valid_from")
    if terms[-1].valid_to is not None:
        raise ConfigurationError(f"{FILE}: {terms[-1].name}: the last pack must have no valid_to")
    for one, next_one in pairwise(terms):
        if one.valid_to is None or next_one.valid_from != one.valid_to + _ONE_DAY:
            raise ConfigurationError(f"{FILE}: {next_one.name} must begin the day after {one.name} ends")
