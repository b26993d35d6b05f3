# SPDX-License-Identifier: Apache-2.0
"""English hints beside the registry's Chinese ones."""

from gateway_conformance import registry


def hint_en(id_: str) -> str:
    """Return what to do about a failed case, in English: what must hold, and how the suite looks."""
    requirement = registry.requirements()[id_]
    return f"make this hold: {requirement.passes}; the suite looks thus: {requirement.steps}"
