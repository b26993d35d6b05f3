# SPDX-License-Identifier: Apache-2.0
"""Good twins (conformance.md §4): what is lawful but looks odd gives no error; T06 and T20 only their warning."""

from functools import cache
from pathlib import Path

import pytest

from gateway.flow.inspect import Inspector
from gateway.pack import load_pack

TWINS = sorted((Path(__file__).parent / "twins").glob("*.xml"))
WARNINGS = {"T06": ["IDN-010"], "T20": ["COD-005"]}
RECORD_LEVEL = {3, 4, 5, 6, 7, 10, *range(12, 21)}


@cache
def _inspector() -> Inspector:
    return Inspector(load_pack())


@pytest.mark.parametrize("path", TWINS, ids=lambda path: path.stem)
def test_a_good_twin_passes(path: Path) -> None:
    found = [placed.finding for placed in _inspector().inspect(path.read_bytes())]
    assert [finding.code for finding in found] == WARNINGS.get(path.name[:3], [])
    assert not any(finding.refuses for finding in found)


def test_every_twin_about_records_is_here() -> None:
    assert {int(path.name[1:3]) for path in TWINS} == RECORD_LEVEL
