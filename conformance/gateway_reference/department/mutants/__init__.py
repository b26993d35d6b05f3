# SPDX-License-Identifier: Apache-2.0
"""Mutants: departments with one single defect; each overrides the seams that its defect needs and nothing else."""

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect: the seams that make it, by the profile that can have it."""

    parts: dict[str, tuple[type, ...]] = field(default_factory=dict)

    @property
    def profiles(self) -> str:
        """The profiles that can have it."""
        return "".join(self.parts)


MUTANTS: Final[dict[str, Mutant]] = {}
ALL: Final = "SVFP"
_SHARED: Final = (f"{__name__}.records", f"{__name__}.driven")
"""Modules whose defects stand in the records and in what is driven: a system of any profile can have them."""

MODULES: Final = ("records", "access", "service", "driven", "pushing", "dropping", "views")


def mutant(id_: str, given: str = "") -> Any:
    """Register a class (or a second part of one difference) as the mutant ``id_``; the default profiles are its module's."""

    def register(part: type) -> type:
        parts = MUTANTS.setdefault(id_, Mutant()).parts
        for profile in given or (ALL if part.__module__ in _SHARED else "S"):
            parts[profile] = (*parts.get(profile, ()), part)
        return part

    return register


def load() -> dict[str, Mutant]:
    """Return every mutant."""
    for module in MODULES:
        import_module(f"gateway_reference.department.mutants.{module}")
    return MUTANTS
