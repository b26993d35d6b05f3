# SPDX-License-Identifier: Apache-2.0
"""The offline handbook: for a finding code or a case, the rule, why, how it is tried, how to mend it, and with what."""

import csv
import re
from importlib import resources
from pathlib import Path
from typing import Any

from gateway.pack import load_pack
from gateway_conformance import registry
from gateway_conformance.cases.claims import codes_of
from gateway_conformance.texts import hint_en

_CODE = re.compile(r"(?:E-)?([A-Z]{3}-\d{2})([a-z]?)")


def entry(code: str) -> dict[str, Any] | None:
    """Return the page of ``E-INC-03a`` or ``INC-03``; None where there is no such case."""
    found = _CODE.fullmatch(code.strip())
    requirement = registry.requirements().get(found.group(1)) if found else None
    if requirement is None:
        return None
    zh, en = registry.families()[requirement.family]
    return {
        "id": requirement.id,
        "family": {"zh": zh, "en": en},
        "severity": requirement.severity.value,
        "gates": requirement.gates,
        "source": requirement.source,
        "requirement": requirement.requirement,
        "requirement_zh": requirement.requirement_zh,
        "steps": requirement.steps,
        "steps_zh": requirement.steps_zh,
        "passes": requirement.passes,
        "passes_zh": requirement.passes_zh,
        "error": requirement.error_zh,
        "hint": requirement.hint_zh,
        "hint_en": hint_en(requirement.id),
        "verbs": list(requirement.verbs),
        "prerequisites": list(requirement.prerequisites),
        "known_defects": [each.defect_zh for each in registry.mutants().values() if each.killer == requirement.id],
        "validator_codes": list(codes_of(requirement.id)),
        "samples": samples(requirement.id),
        "notes": notes(requirement.family),
    }


def notes(family: str) -> list[dict[str, str]]:
    """Return what is to be known of databases and languages for a family."""
    text = resources.files(__package__).joinpath("notes.csv").read_text("utf-8")
    return [
        {"system": row["system"], "note": row["note"]}
        for row in csv.DictReader(text.splitlines())
        if row["family"] == family
    ]


def samples(id_: str) -> dict[str, list[str]]:
    """Return good and bad sample files of the pack for the validator's codes that a case answers for."""
    root = Path(load_pack().schema_path).parents[1] / "samples"
    codes = codes_of(id_)
    return {
        "bad": sorted(path.name for code in codes for path in (root / "invalid").glob(f"{code}-*.xml")),
        "good": sorted(path.name for code in codes for path in (root / "near-miss").glob(f"{code}-*.xml")),
    }
