# SPDX-License-Identifier: Apache-2.0
"""An outage in the bench: the living destination gets everything beside a dead one, which gets everything afterwards."""

from pathlib import Path

import pytest

from gateway.bench.outage import DEAD, DRAIN, NORMAL, measure_memory_down, measure_outage
from gateway.bench.report import memory_report, outage_report
from gateway.clock import SystemClock

RECORDS = 600

pytestmark = pytest.mark.service


def test_the_phases_of_an_outage(tmp_path: Path) -> None:
    heard: list[str] = []
    rounds = measure_outage(RECORDS, 1, tmp_path, SystemClock(), 3, 0, lambda _place, run: heard.append(run.name))
    assert heard == [NORMAL, DEAD, DRAIN]
    (phases,) = rounds
    assert [phases[each].records for each in (NORMAL, DEAD, DRAIN)] == [RECORDS] * 3
    assert phases[NORMAL].held == (phases[DEAD].held + phases[DRAIN].held)
    told = outage_report(rounds)["outage"]
    assert set(told) == {"records_per_second", "living_over_normal", "drain_over_normal", "peak_rss_mb"}


def test_memory_beside_a_dead_destination(tmp_path: Path) -> None:
    runs = measure_memory_down((100, 200), tmp_path, SystemClock(), 3, 0, lambda *_: None)
    assert list(memory_report(runs)["memory"]["peak_rss_mb"]) == ["100", "200"]
