# SPDX-License-Identifier: Apache-2.0
"""``pytest --jxconf=sut.toml``: cases as items, verdicts as outcomes, no traceback in what a vendor reads."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.service


def _pytest(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "pytest", "-q", "-rs", "--rootdir", str(path.parent), "-p", "no:cacheprovider",
        f"--jxconf={path}", "--jxconf-scale", "600", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=path.parent, check=False)


def test_cases_are_items_and_their_verdicts_outcomes(department: Callable[..., Path]) -> None:
    path = department()
    good = _pytest(path, "-k", "CON-01 or CON-04")
    assert (good.returncode, "2 passed" in good.stdout) == (0, True), good.stdout + good.stderr
    path.write_text(path.read_text("utf-8").replace('mode = "hook"', 'mode = "observe"'), "utf-8")
    major, blocker = _pytest(path, "-k", "SCH-05"), _pytest(path, "-k", "INC-01")
    assert (major.returncode, "1 skipped" in major.stdout, "INCONCLUSIVE" in major.stdout) == (0, True, True), (
        major.stdout
    )
    assert (blocker.returncode, "INCONCLUSIVE INC-01" in blocker.stdout) == (1, True), blocker.stdout


def test_a_failure_reads_like_the_report(department: Callable[..., Path]) -> None:
    told = _pytest(department(mutant="M042"), "-k", "INC-01")
    assert told.returncode == 1
    assert "E-INC-01a" in told.stdout
    assert "修复" in told.stdout
    assert "Traceback" not in told.stdout


def test_a_description_that_cannot_be_used_ends_the_session(tmp_path: Path) -> None:
    (tmp_path / "sut.toml").write_text("[system]\n", "utf-8")
    told = _pytest(tmp_path / "sut.toml")
    assert told.returncode == 4
    assert "[profiles]" in told.stderr


def test_without_the_option_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text("def test_x():\n    pass\n", "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--rootdir",
        str(tmp_path),
        "test_x.py",
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert "1 passed" in told.stdout
