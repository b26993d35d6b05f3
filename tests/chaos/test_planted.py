# SPDX-License-Identifier: Apache-2.0
"""The harness finds every one of ten known bugs, each by the independent checker or an oracle with a name."""

from pathlib import Path

import pytest

from tests.chaos import hunts, planted

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("planted")]


@pytest.mark.parametrize("bug", planted.BUGS)
def test_a_planted_bug_is_found(bug: str) -> None:
    found = hunts.hunt(bug)
    assert found, f"nobody saw {bug}"


@pytest.mark.parametrize("finder", [hunts.by_simulator, hunts.by_dripping, hunts.by_calendar])
def test_without_a_bug_nobody_objects(finder: object) -> None:
    assert callable(finder)
    assert finder() is None


def test_there_are_ten() -> None:
    assert len(planted.BUGS) == len(hunts.FINDERS) == 10


def test_no_module_of_the_gateway_knows_the_switches() -> None:
    root = Path(__file__).resolve().parents[2]
    files = [path for name in ("gateway", "adapters", "conformance") for path in (root / name).rglob("*.py")]
    assert [path for path in files if "CHAOS_" in path.read_text(encoding="utf-8")] == []
