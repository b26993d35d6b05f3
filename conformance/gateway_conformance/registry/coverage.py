# SPDX-License-Identifier: Apache-2.0
"""Which requirements the suite tests, in which profiles, and why the others are not tested."""

from typing import Any

from gateway_conformance import registry
from gateway_conformance.case import implemented

LATER = ("属于 1.1 版,尚未生效", "of edition 1.1, not in force yet")
UNBUILT = ("本版套件尚无此用例", "this release of the suite has no case for it")


def coverage() -> dict[str, Any]:
    """Return the coverage as JSON knows it: totals, and per requirement the profiles that test it or the reason."""
    built = implemented()
    rows = [
        _row(requirement, built.get(requirement.id, frozenset())) for requirement in registry.requirements().values()
    ]
    in_force = [row for row in rows if row["status"] == "in-force"]
    return {
        "edition": registry.EDITION,
        "registry_digest": registry.digest(),
        "requirements": len(rows),
        "in_force": len(in_force),
        "tested": sum(bool(row["tested_in"]) for row in rows),
        "blockers": sum(row["severity"] == "blocker" for row in in_force),
        "blockers_tested": sum(row["severity"] == "blocker" and bool(row["tested_in"]) for row in in_force),
        "profiles": {
            profile: {
                "asked": sum(profile in row["profiles"] for row in in_force),
                "tested": sum(profile in row["tested_in"] for row in in_force),
            }
            for profile in registry.PROFILES
        },
        "rows": rows,
    }


def _row(requirement: registry.Requirement, built: frozenset[str]) -> dict[str, Any]:
    tested = [profile for profile in requirement.profiles if profile in built]
    missing = [profile for profile in requirement.profiles if profile not in built]
    reason = LATER if requirement.status != "in-force" else UNBUILT
    return {
        "id": requirement.id,
        "source": requirement.source,
        "severity": requirement.severity.value,
        "status": requirement.status,
        "gates": requirement.gates,
        "profiles": list(requirement.profiles),
        "tested_in": tested,
        "not_tested_in": missing,
        "not_tested_reason": {"zh": reason[0], "en": reason[1]} if missing else None,
    }
