# SPDX-License-Identifier: Apache-2.0
"""B23: times of records are fixed +08:00; the named zone had daylight saving and local mean time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.clock import BEIJING, microseconds, moment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("year", [1900, 1988, 2026, 2100])
def test_b23_beijing_time_is_eight_hours_on_any_day(year: int) -> None:
    noon = datetime(year, 7, 1, 12, tzinfo=UTC)
    assert noon.astimezone(BEIJING).isoformat() == f"{year}-07-01T20:00:00+08:00"
    assert moment(microseconds(noon)).isoformat() == f"{year}-07-01T20:00:00+08:00"


def test_b23_nothing_asks_for_the_named_zone() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "gateway").rglob("*.py")}
    assert [path.name for path, text in texts.items() if 'ZoneInfo("Asia/' in text] == []
