# SPDX-License-Identifier: Apache-2.0
"""A skipped component is named at the end, and is a failure where skips are forbidden."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

def test_skipped():
    pytest.skip("oracle: no server here")

def test_runs(tmp_path):
    assert tmp_path.is_dir()
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Make a suite of two tests under the project's own conftest."""
    conftest = Path(__file__).resolve().parents[1] / "conftest.py"
    (tmp_path / "conftest.py").write_text(conftest.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(SUITE, encoding="utf-8")
    return tmp_path


def run(suite: Path, required: str) -> subprocess.CompletedProcess[str]:
    """Run the suite in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(suite), str(suite)]
    environment = {**os.environ, "GATEWAY_REQUIRE_COMPONENTS": required}
    return subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=False)


def test_a_skip_is_named_in_the_closing_lines(suite: Path) -> None:
    told = run(suite, "")
    assert told.returncode == 0, told.stdout
    assert "skipped component (1 tests): oracle: no server here" in told.stdout


def test_a_skip_fails_where_skips_are_forbidden(suite: Path) -> None:
    told = run(suite, "1")
    assert told.returncode == 1
    assert "1 failed, 1 passed" in told.stdout
    assert "skips are forbidden here" in told.stdout
    assert "oracle: no server here" in told.stdout
