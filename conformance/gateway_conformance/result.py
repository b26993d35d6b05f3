# SPDX-License-Identifier: Apache-2.0
"""The canonical result of a run, from which every report is made: the same seed and evidence give the same bytes."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from gateway import __version__
from gateway.semantics.interface import Interface
from gateway_conformance import engine, registry
from gateway_conformance.faults import likely_causes
from gateway_conformance.verdict import Outcome

FORM = "urn:jx:conformance:result:1"


@cache
def suite_digest() -> str:
    """Return SHA-256, hex, over the suite's own files: what judged is part of what was judged."""
    root = Path(__file__).parent
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".json"} and "__pycache__" not in path.parts and path.name != "faults.json":
            whole.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def result(run: engine.Run, outcomes: dict[str, Outcome], interface: Interface | None = None) -> dict[str, Any]:
    """Return the result of a run; it holds no time and no duration. ``interface`` is what the system showed of itself."""
    known = registry.requirements()
    system = run.description.table("system")
    return {
        "form": FORM,
        "gate": engine.gate(outcomes) if run.only is None else "closed",
        "partial": run.only is not None,
        "profile": run.profile,
        "seed": run.seed,
        "system": {name: system.get(name) for name in ("id", "dept", "name", "vendor", "version", "build_sha256", "environment")},
        "interface_fingerprint": None if interface is None else interface.digest,
        "interface": None if interface is None else interface.as_json(),
        "items": list(run.description.live),
        "standard": dict(run.description.table("standard")),
        "suite": {
            "version": __version__, "edition": registry.EDITION, "digest": suite_digest(), "registry": registry.digest(),
        },
        "totals": engine.totals(outcomes),
        "cases": [
            {
                **outcome.as_json(),
                "severity": known[outcome.id].severity.value,
                "gates": known[outcome.id].gates,
                "requirement": known[outcome.id].requirement,
                "requirement_zh": known[outcome.id].requirement_zh,
                "source": known[outcome.id].source,
            }
            for outcome in outcomes.values()
        ],
        "likely_causes": likely_causes(run.profile, outcomes),
        "faults_of_the_suite": run.faults,
    }  # fmt: skip


def canonical(value: dict[str, Any]) -> bytes:
    """Return the result as bytes that do not depend on chance: keys sorted, no blanks, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
