# SPDX-License-Identifier: Apache-2.0
"""A vendor's first steps: init, doctor, diff."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway_conformance import sut
from gateway_conformance.command import command
from gateway_conformance.kit import QUESTIONS

pytestmark = pytest.mark.service


def test_init_writes_a_description_that_can_be_read(tmp_path: Path) -> None:
    for name in ("ca.pem", "bench.pem", "bench.key", "system.pem", "catalogue.xml"):
        (tmp_path / name).touch()
    path = tmp_path / "sut.toml"
    answers = "\n" * len(QUESTIONS)
    dry = CliRunner().invoke(command, ["init", "--sut", str(path), "--dry-run"], input=answers, standalone_mode=False)
    assert dry.exception is None
    assert not path.exists()
    assert (
        CliRunner().invoke(command, ["init", "--sut", str(path)], input=answers, standalone_mode=False).exception
        is None
    )
    held = sut.load(path)
    assert held.profiles == ("S",)
    assert held.text("stimulus", "mode") == "prompt"
    again = CliRunner().invoke(command, ["init", "--sut", str(path)], input=answers, standalone_mode=False)
    assert again.exception is not None, "never over what is there"


def test_doctor_looks_at_the_basics(department: Callable[..., Path]) -> None:
    good = CliRunner().invoke(command, ["doctor", "--sut", str(department())], standalone_mode=False)
    assert good.return_value == 0
    bad = CliRunner().invoke(
        command, ["doctor", "--sut", str(department(mutant="M059")), "--json"], standalone_mode=False
    )
    assert bad.return_value == 1
    assert [case["id"] for case in json.loads(bad.stdout)["cases"] if case["verdict"] == "FAIL"] == ["CLK-01"]


def test_diff_tells_what_got_worse(tmp_path: Path) -> None:
    for name, verdict in (("a", "PASS"), ("b", "FAIL")):
        (tmp_path / name).write_text(json.dumps({"cases": [{"id": "CON-01", "verdict": verdict}]}), "utf-8")
    worse = CliRunner().invoke(
        command, ["diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json"], standalone_mode=False
    )
    assert worse.return_value == 1
    assert json.loads(worse.output) == [{"id": "CON-01", "before": "PASS", "after": "FAIL"}]
    better = CliRunner().invoke(command, ["diff", str(tmp_path / "b"), str(tmp_path / "a")], standalone_mode=False)
    assert better.return_value == 0
