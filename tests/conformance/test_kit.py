# SPDX-License-Identifier: Apache-2.0
"""A vendor's first steps: init, doctor, diff."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway_conformance import sut
from gateway_conformance.command import command
from gateway_conformance.kit import PROFILES, questions

pytestmark = pytest.mark.service


FILES = ("ca.pem", "bench.pem", "bench.key", "system.pem", "client.pem", "catalogue.xml")


@pytest.mark.parametrize("profile", PROFILES)
def test_init_writes_a_description_that_can_be_read(tmp_path: Path, profile: str) -> None:
    for name in FILES:
        (tmp_path / name).touch()
    path = tmp_path / "sut.toml"
    answers = f"{profile}\n" + "\n" * len(questions(profile))
    dry = CliRunner().invoke(command, ["init", "--sut", str(path), "--dry-run"], input=answers, standalone_mode=False)
    assert dry.exception is None
    assert not path.exists()
    assert (
        CliRunner().invoke(command, ["init", "--sut", str(path)], input=answers, standalone_mode=False).exception
        is None
    )
    assert path.read_text("utf-8") == dry.stdout
    held = sut.load(path)
    assert held.profiles == (profile,)
    assert held.text("stimulus", "mode") == "prompt"
    again = CliRunner().invoke(command, ["init", "--sut", str(path)], input=answers, standalone_mode=False)
    assert again.exception is not None, "never over what is there"
    given = ["init", "--sut", str(path), "--profile", profile.lower(), "--force"]
    told = CliRunner().invoke(command, given, input="\n" * len(questions(profile)), standalone_mode=False)
    assert told.exception is None
    assert path.read_text("utf-8") == dry.stdout


def test_init_knows_only_profiles_that_there_are(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["init", "--sut", str(tmp_path / "sut.toml"), "--profile", "Z"])
    assert told.exit_code == 2


@pytest.mark.parametrize("profile", [each for each in PROFILES if each != "S"])
def test_doctor_of_the_other_profiles_makes_the_system_write_nothing(
    department: Callable[..., Path], profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway_conformance.stimulus import Hook

    driven: list[str] = []
    drive = Hook.drive
    monkeypatch.setattr(Hook, "drive", lambda self, verb, **args: (driven.append(verb), drive(self, verb, **args))[1])
    path = department(profile=profile)
    told = CliRunner().invoke(
        command, ["doctor", "--sut", str(path), "--profile", profile, "--json"], standalone_mode=False
    )
    found = json.loads(told.stdout)
    assert (told.return_value, found["profile"]) == (0, profile), found["cases"]
    assert not {"records.add", "script.run", "case.delete"} & set(driven)


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
