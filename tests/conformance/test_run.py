# SPDX-License-Identifier: Apache-2.0
"""Whole runs: the reference system passes, verdicts that are no pass close the gate, a cut run goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway_conformance import engine, runner, sut
from gateway_conformance.command import command
from gateway_conformance.result import canonical

pytestmark = pytest.mark.service
Try = Callable[..., dict[str, Any]]


def test_reference_department_passes_every_case_of_its_profile(try_system: Try) -> None:
    result = try_system()
    assert result["gate"] == "open", [each for each in result["cases"] if each["verdict"] != "PASS"]
    assert {each["id"]: each["verdict"] for each in result["cases"] if each["verdict"] != "PASS"} == {}
    assert all(each["examined"] > 0 for each in result["cases"] if each["verdict"] == "PASS")
    assert len(result["cases"]) == 96
    assert result["likely_causes"] == []


def test_same_seed_gives_the_same_bytes_and_another_seed_the_same_verdicts(department: Callable[..., Path]) -> None:
    some = frozenset({"INC-02", "REC-01", "COD-01", "FLW-06"})
    path = department()
    first, again, other = (runner.run(sut.load(path), runner.Options(seed, 600.0, only=some)) for seed in (7, 7, 8))
    for each in (first, again):
        for case in each["cases"]:
            del case["evidence"]
    assert canonical(first) == canonical(again)
    assert [each["verdict"] for each in other["cases"]] == [each["verdict"] for each in first["cases"]]


def test_observe_only_is_never_a_pass_where_a_stimulus_is_needed(department: Callable[..., Path]) -> None:
    path = department()
    path.write_text(path.read_text("utf-8").replace('mode = "hook"', 'mode = "observe"'), "utf-8")
    result = runner.run(sut.load(path), runner.Options(1, 600.0, only=frozenset({"INC-01", "SCH-02"})))
    verdicts = {each["id"]: each["verdict"] for each in result["cases"]}
    assert verdicts["INC-01"] == "INCONCLUSIVE"
    assert verdicts["SCH-02"] == "PASS"


def test_a_run_that_was_cut_goes_on_and_refuses_a_journal_of_another_run(
    department: Callable[..., Path], tmp_path: Path
) -> None:
    journal = tmp_path / "run.sqlite"
    options = runner.Options(3, 600.0, only=frozenset({"CON-01", "CON-04", "CLK-01"}), journal=journal)
    description = sut.load(department())
    seen: list[str] = []

    def cut(outcome: Any) -> None:
        seen.append(outcome.id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(description, options, cut)
    whole = runner.run(description, options)
    assert len(whole["cases"]) == 3
    assert len(seen) == 1
    refused = CliRunner().invoke(
        command,
        ["run", "--sut", str(description.path), "--journal", str(journal), "--seed", "4"],
        standalone_mode=False,
    )
    assert refused.return_value == 3
    refused = CliRunner().invoke(
        command,
        ["run", "--sut", str(description.path), "--journal", str(journal), "--seed", "3", "--time-scale", "60"],
        standalone_mode=False,
    )
    assert (refused.return_value, "scale" in refused.stderr) == (3, True)
    by_id = {each["id"]: each for each in whole["cases"]}
    assert by_id[seen[0]]["evidence"] == [], "numbers of the exchanges of another process"
    assert sum(bool(each["evidence"]) for each in whole["cases"]) == 2 - (seen[0] != "CON-01")


def test_a_journal_of_another_suite_is_refused(tmp_path: Path) -> None:
    from gateway_conformance.journal import Journal, OtherRun

    first = Journal(tmp_path / "j.sqlite")
    first.begin({"seed": "1", "suite": "a"})
    first.begin({"seed": "1", "suite": "a"})
    for other in ({"seed": "1", "suite": "b"}, {"seed": "1", "suite": "a", "scale": "60.0"}):
        with pytest.raises(OtherRun):
            first.begin(other)
    first.close()


def test_only_new_verdicts_are_written_down(department: Callable[..., Path], tmp_path: Path, monkeypatch: Any) -> None:
    from gateway_conformance.journal import Journal

    kept: list[str] = []
    keep = Journal.keep
    monkeypatch.setattr(Journal, "keep", lambda self, outcome: (kept.append(outcome.id), keep(self, outcome))[1])
    description = sut.load(department())
    for only in ({"CON-01"}, {"CON-01", "CON-04"}):
        runner.run(description, runner.Options(1, 600.0, only=frozenset(only), journal=tmp_path / "j.sqlite"))
    assert kept == ["CON-01", "CON-04"]


def test_the_capture_is_taken_before_anything_is_driven(
    department: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway_conformance.stimulus import Hook
    from gateway_conformance.subjects.soap import SoapSubject

    done: list[str] = []
    capture, drive = SoapSubject.capture, Hook.drive
    monkeypatch.setattr(SoapSubject, "capture", lambda self: (done.append("capture"), capture(self))[1])
    monkeypatch.setattr(Hook, "drive", lambda self, verb, **args: (done.append(verb), drive(self, verb, **args))[1])
    runner.run(sut.load(department()), runner.Options(1, 600.0, only=frozenset({"INC-01", "FLW-01"})))
    assert done[:2] == ["reset", "clock"]
    assert "script.run" in done
    driven = [verb for verb in done[2:] if verb != "capture"]
    assert done.index("capture") < done.index(driven[0])


def test_a_system_that_takes_no_scale_is_judged_in_real_time(
    department: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway_conformance import case as cases

    cases.functions()
    scales: list[float] = []
    monkeypatch.setitem(cases._FUNCTIONS, ("CON-01", "S"), lambda bench: scales.append(bench.clock.scale))
    notes: list[str] = []
    path = department()
    options = runner.Options(1, 600.0, only=frozenset({"CON-01"}), note=notes.append)
    runner.run(sut.load(path), options)
    assert (scales, notes) == ([600.0], [])
    path.write_text(path.read_text("utf-8").replace('mode = "hook"', 'mode = "observe"'), "utf-8")
    runner.run(sut.load(path), options)
    assert scales == [600.0, 1.0]
    assert len(notes) == 1


def test_exit_codes(department: Callable[..., Path], tmp_path: Path) -> None:
    path = department()
    shell = CliRunner()
    good = shell.invoke(
        command, ["run", "--sut", str(path), "--only", "CON", "--json", "--time-scale", "600"], standalone_mode=False
    )
    assert good.return_value == 0
    told = json.loads(good.stdout)
    assert set(told) >= {"gate", "totals", "cases", "likely_causes"}
    gone = path.with_name("gone.toml")
    text = path.read_text("utf-8")
    gone.write_text(text.replace("https://127.0.0.1:", "https://127.0.0.1:1/x"), "utf-8")
    assert (
        shell.invoke(command, ["run", "--sut", str(gone), "--only", "CON-01"], standalone_mode=False).return_value == 4
    )
    gone.write_text("[system]\n", "utf-8")
    bad = shell.invoke(command, ["run", "--sut", str(gone)], standalone_mode=False)
    assert bad.return_value == 3
    assert "[profiles]" in bad.stderr


def test_gate_is_closed_by_anything_that_is_no_pass() -> None:
    from gateway_conformance.verdict import OPEN, Outcome, Verdict

    for verdict in Verdict:
        shut = engine.gate({"CON-01": Outcome("CON-01", verdict)})
        assert (shut == "open") == (verdict in OPEN)
    assert engine.gate({}) == "closed", "nothing tried is nothing passed"


def test_a_fault_of_the_suite_is_an_error_and_never_a_pass(
    department: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway_conformance import case as cases

    cases.functions()

    def broken(_bench: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(cases._FUNCTIONS, ("CON-04", "S"), broken)
    result = runner.run(sut.load(department()), runner.Options(1, 600.0, only=frozenset({"CON-04"})))
    assert {each["id"]: each["verdict"] for each in result["cases"]} == {"CON-01": "PASS", "CON-04": "ERROR"}
    assert result["gate"] == "closed"
    assert result["faults_of_the_suite"]


def test_secrets_in_sut_toml_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sut.toml"
    path.write_text('[view]\npassword = "plain"\n', "utf-8")
    with pytest.raises(sut.BadDescription) as refused:
        sut.load(path)
    assert any("env:" in fault for fault in refused.value.faults)
    assert len(refused.value.faults) > 3, "every fault in one pass"
