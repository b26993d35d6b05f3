# SPDX-License-Identifier: Apache-2.0
"""The log as configured: level, form, place, masked text."""

import json
import logging
from pathlib import Path

import pytest
import structlog

from gateway.cli.logs import logging_to
from gateway.config.models import Log
from gateway.errors import ConfigurationError


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


def test_what_libraries_warn_of_is_one_masked_line_of_the_log_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.log"
    with logging_to(Log(file=path, format="json")):
        try:
            raise OSError("socket gone")
        except OSError:
            logging.getLogger("some.library").exception("listener failed\n of 13800000000")
        logging.getLogger("some.library").info("chatter")
    (line,) = [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]
    assert (line["event"], line["level"], line["library"], line["fault"]) == (
        "library",
        "error",
        "some.library",
        "OSError",
    )
    assert line["said"].startswith("listener failed of ")
    assert "13800000000" not in line["said"]
    assert capsys.readouterr().err == ""


def test_a_file_that_cannot_be_written_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"log\.file"), logging_to(Log(file=tmp_path / "file" / "gateway.log")):
        pass
