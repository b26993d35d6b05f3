# SPDX-License-Identifier: Apache-2.0
"""A recipe of a sample, and the register that the modules beside this one fill."""

from typing import NamedTuple

PENALTY, PERMIT, LEVY = "full-life-penalty.xml", "full-life-permit.xml", "full-life-levy.xml"
MEASURE, EXECUTION = "full-life-coercion-measure.xml", "full-life-coercion-execution.xml"
ON_THE_SPOT, REQUISITION, OTHER = (
    "full-life-coercion-on-the-spot.xml", "full-life-requisition.xml", "full-life-other.xml",
)  # fmt: skip
PUBLISHED = "published-penalty.xml"
INVALID, NEAR_MISS = "invalid", "near-miss"
NO_MASTER = ("-QL_JG", "-QL_GW", "-QL_SX", "-QL_LC")
CHILD, YOUTH, ADULT = "360102201201010012", "360102200601010017", "360102199001010018"


class Recipe(NamedTuple):
    """One sample: the rule it is about, the folder, and the valid file and edits that make it."""

    rule: str
    folder: str
    slug: str
    base: str
    edits: tuple[str, ...]
    note: str = ""


RECIPES: list[Recipe] = []


def bad(rule: str, slug: str, base: str, *edits: str) -> None:
    """Add a sample that breaks a rule, and no other."""
    RECIPES.append(Recipe(rule, INVALID, slug, base, edits, "违反 / broken"))


def good(rule: str, slug: str, base: str, *edits: str) -> None:
    """Add a sample that a rule lets pass, but only just."""
    RECIPES.append(Recipe(rule, NEAR_MISS, slug, base, edits, "合规 / clean"))
