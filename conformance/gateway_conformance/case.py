# SPDX-License-Identifier: Apache-2.0
"""Cases: functions that the registry knows by their id, each for one or more profiles."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, TypeAlias

from gateway_conformance import registry
from gateway_conformance.bench import Bench

Function: TypeAlias = Callable[[Bench], None]

MODULES: Final = (
    "records", "connection", "messages", "security", "increments", "lifecycle", "hostile", "feedback",
    "push_basics", "push_trust", "delivery", "receipts", "files", "views",
)  # fmt: skip
"""Modules of gateway_conformance.cases; importing one registers what it holds."""

BUILT: Final = ("S", "P", "F", "V")
"""Profiles that this release can try; a case that names no profile is for all of these that its requirement has."""

_FUNCTIONS: dict[tuple[str, str], Function] = {}


def case(id_: str, *profiles: str) -> Callable[[Function], Function]:
    """Register the function under ``id_`` for the profiles (default: those of BUILT that the requirement has)."""
    requirement = registry.requirements()[id_]

    def register(function: Function) -> Function:
        for profile in profiles or (built for built in BUILT if built in requirement.profiles):
            if profile not in requirement.profiles:
                raise ValueError(f"{id_} is no requirement of profile {profile}")
            if (id_, profile) in _FUNCTIONS:
                raise ValueError(f"{id_} has two functions for profile {profile}")
            _FUNCTIONS[id_, profile] = function
        return function

    return register


def functions() -> Mapping[tuple[str, str], Function]:
    """Return every case function by requirement and profile."""
    for module in MODULES:
        import_module(f"gateway_conformance.cases.{module}")
    return _FUNCTIONS


def implemented() -> dict[str, frozenset[str]]:
    """Return the profiles in which each requirement is tested."""
    found: dict[str, set[str]] = {}
    for id_, profile in functions():
        found.setdefault(id_, set()).add(profile)
    return {id_: frozenset(profiles) for id_, profiles in found.items()}
