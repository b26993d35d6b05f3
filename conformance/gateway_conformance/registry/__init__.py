# SPDX-License-Identifier: Apache-2.0
"""The requirement registry: cases, mutants and good twins of an edition, as data beside this module.

Documentation: docs/reference/conformance.md. A row is one requirement; its status says whether it gates.
"""

import csv
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

EDITION: Final = "1.0"
PROFILES: Final = ("V", "F", "S", "P")
FILES: Final = ("cases.csv", "words.csv", "families.csv", "mutants.csv", "twins.csv")
ALWAYS_GATE: Final = frozenset({"CON", "SEC", "SCH", "COD", "INC", "IDM", "VOL", "REC"})
"""Families whose house rules gate as shipped; those of others only report until the Center adopts them."""


class Severity(StrEnum):
    """How grave a case is: a blocker closes the gate, a major and an advisory are only reported."""

    BLOCKER = "blocker"
    MAJOR = "major"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the registry: what is asked, of whom, how gravely, and what a vendor is told; ``_zh`` is words.csv."""

    id: str
    edition: str
    profiles: tuple[str, ...]
    severity: Severity
    status: str
    source: str
    requirement: str
    steps: str
    passes: str
    error_zh: str
    hint_zh: str
    prerequisites: tuple[str, ...]
    verbs: tuple[str, ...]
    requirement_zh: str
    steps_zh: str
    passes_zh: str

    def verbs_in(self, profile: str) -> tuple[str, ...]:
        """Return the verbs that the case needs in a profile; one that only some profiles need is written ``P:verb``."""
        parted = [
            (before if colon else "", verb or before) for before, colon, verb in (v.partition(":") for v in self.verbs)
        ]
        return tuple(verb for only, verb in parted if not only or profile in only)

    @property
    def family(self) -> str:
        """The three letters before the number."""
        return self.id[:3]

    @property
    def house(self) -> bool:
        """Whether the rule is one of the house: the Center has to adopt it before it gates outside ALWAYS_GATE."""
        return self.source.startswith("HSE")

    @property
    def gates(self) -> bool:
        """Whether a verdict other than PASS, WARN, N/A or WAIVED closes the gate."""
        if self.severity is not Severity.BLOCKER or self.status != "in-force":
            return False
        return not self.house or self.family in ALWAYS_GATE or self.id in {"PUB-02", "PUB-03"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A single defect that a reference system can be given, and the case that must find it."""

    id: str
    killer: str
    defect: str
    defect_zh: str
    may_also_fail: tuple[str, ...]


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement by its id, in the order of the registry."""
    lists = ("profiles", "prerequisites", "verbs")
    chinese = {
        row["id"]: {f"{name}_zh": row[name] for name in ("requirement", "steps", "passes")}
        for row in _rows("words.csv")
    }
    return {
        row["id"]: Requirement(
            **{key: tuple(value.split()) if key in lists else value for key, value in row.items() if key != "severity"},  # type: ignore[arg-type]
            severity=Severity(row["severity"]),
            **chinese[row["id"]],  # type: ignore[arg-type]
        )
        for row in _rows("cases.csv")
    }


@cache
def families() -> dict[str, tuple[str, str]]:
    """Return the name of each family, Chinese and English."""
    return {row["family"]: (row["zh"], row["en"]) for row in _rows("families.csv")}


@cache
def mutants() -> dict[str, Mutant]:
    """Return every mutant by its id."""
    return {
        row["id"]: Mutant(
            row["id"], row["killer"], row["defect"], row["defect_zh"], tuple(row["may_also_fail"].split())
        )
        for row in _rows("mutants.csv")
    }


@cache
def twins() -> dict[str, str]:
    """Return how each good twin differs from the reference system while being right."""
    return {row["id"]: row["difference"] for row in _rows("twins.csv")}


@cache
def digest() -> str:
    """Return SHA-256, hex, over the registry's files in their order: reports and attestations carry it."""
    whole = hashlib.sha256()
    for file in FILES:
        whole.update(resources.files(__package__).joinpath(file).read_bytes())
    return whole.hexdigest()
