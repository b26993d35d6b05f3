# SPDX-License-Identifier: Apache-2.0
"""Which cases look at which part of an interface: what is to be run again when a part has changed."""

import csv
from collections.abc import Iterable
from functools import cache
from importlib import resources

from gateway_conformance.registry import requirements


@cache
def map_of_parts() -> dict[str, tuple[str, ...]]:
    """Return the families or cases by kind of part, as parts.csv has them."""
    text = resources.files(__package__).joinpath("parts.csv").read_text("utf-8")
    return {row["part"]: tuple(row["cases"].split()) for row in csv.DictReader(text.splitlines())}


def cases_of(profile: str, parts: Iterable[str]) -> tuple[str, ...]:
    """Return the cases of a profile that look at one of these parts (``column:v_case.case_no``), in the registry's order.

    A kind of part that is not in the map asks for every case.
    """
    wanted: set[str] = set()
    for part in parts:
        wanted.update(map_of_parts().get(part.partition(":")[0], ("",)))
    return tuple(
        each.id
        for each in requirements().values()
        if profile in each.profiles and any(each.id == name or each.id.startswith(name) for name in wanted)
    )
