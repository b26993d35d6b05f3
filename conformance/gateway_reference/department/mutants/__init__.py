# SPDX-License-Identifier: Apache-2.0
"""Mutants: departments with one single defect; each overrides the seams that its defect needs and nothing else."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect: the seams that make it, and the profiles that can have it."""

    parts: tuple[type, ...]
    profiles: str


MUTANTS: Final[dict[str, Mutant]] = {}


ALL: Final = "SVFP"
_SHARED: Final = (f"{__name__}.records", f"{__name__}.driven")
"""Modules whose defects stand in the records and in what is driven: a system of any profile can have them."""


def mutant(id_: str, given: str = "") -> Any:
    """Register a class (or a second part of one difference) as the mutant ``id_``; the default is its module's."""

    def register(part: type) -> type:
        held = MUTANTS.get(id_)
        profiles = given or (ALL if part.__module__ in _SHARED else "S")
        MUTANTS[id_] = Mutant((*held.parts, part) if held else (part,), profiles)
        return part

    return register


def load() -> dict[str, Mutant]:
    """Return every mutant."""
    for module in ("records", "access", "service", "driven"):
        import_module(f"gateway_reference.department.mutants.{module}")
    return MUTANTS
