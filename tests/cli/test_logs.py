# SPDX-License-Identifier: Apache-2.0
"""The log as configured: level, form, place, masked text."""

import json
from pathlib import Path

import pytest
import structlog

from gateway.cli.logs import logging_to
from gateway.config.models import Log


def lines(log: Log, path: Path) -> list[str]:
    """Return what a few calls write."""
    with logging_to(log):
        logger = structlog.get_logger()
        logger.debug("small")
        logger.info("pulled", source="penalties", rows=3)
        logger.warning("failed", code="GW-301", error="call 13800000000")
    return path.read_text(encoding="utf-8").splitlines()


def test_json_lines_in_a_file_with_beijing_time(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "gateway.log"
    pulled, failed = [json.loads(line) for line in lines(Log(file=path, format="json"), path)]
    assert (pulled["event"], pulled["source"], pulled["rows"], pulled["level"]) == ("pulled", "penalties", 3, "info")
    assert pulled["time"].endswith("+08:00")
    assert failed["code"] == "GW-301"
    assert "13800000000" not in failed["error"]


def test_level_decides_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    assert len(lines(Log(file=path, level="error"), path)) == 0


def test_text_goes_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to(Log()):
        structlog.get_logger().info("pulled", source="penalties")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "level=info event=pulled source=penalties" in shown.err
