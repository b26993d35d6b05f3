# SPDX-License-Identifier: Apache-2.0
"""gateway init writes what gateway config check accepts; gateway doctor tells lamps."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import checkup, shell
from gateway.cli.exits import ExitCode
from gateway.testing.clock import FakeClock


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """Make a configuration with gateway init."""
    directory = tmp_path / "site"
    assert CliRunner().invoke(shell, ["init", str(directory)]).exit_code == 0
    return directory


def test_the_example_passes_the_check_and_names_what_is_still_to_bring(started: Path) -> None:
    result = CliRunner().invoke(shell, ["config", "check", "-C", str(started)])
    assert result.exit_code == 0, result.output
    assert "配置正确:1 个数据源,1 个目的地" in result.stderr
    assert "trust.key: file:trust/signing.key 还没有" in result.stderr
    assert result.stdout == ""


def test_check_as_json(started: Path) -> None:
    good = json.loads(CliRunner().invoke(shell, ["config", "check", "-C", str(started), "--json"]).stdout)
    assert (good["ok"], good["sources"], good["destinations"]) == (True, 1, 1)
    assert all(fault["waiting"] for fault in good["faults"])
    path = started / "sources.d" / "penalties.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("table:", "tabel:"), encoding="utf-8")
    result = CliRunner().invoke(shell, ["config", "check", "-C", str(started), "--json"])
    bad = json.loads(result.stdout)
    assert result.exit_code == ExitCode.CONFIGURATION
    assert bad["ok"] is False
    assert [fault["key"] for fault in bad["faults"] if not fault["waiting"]] == ["options.tabel"]


def test_a_fault_in_a_mapping_is_found_too(started: Path) -> None:
    path = started / "mappings" / "example" / "penalties.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("from: CFJE", "from: NONE"), encoding="utf-8")
    result = CliRunner().invoke(shell, ["config", "check", "-C", str(started)])
    assert result.exit_code == ExitCode.CONFIGURATION
    assert "penalties.yaml:" in result.stdout
    assert "NONE" in result.stdout


def test_a_route_of_an_unknown_type_is_found(started: Path) -> None:
    path = started / "destinations.d" / "municipal.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("types: all", "types: [CF_JD, CF_QQ]"), encoding="utf-8")
    result = CliRunner().invoke(shell, ["config", "check", "-C", str(started)])
    assert result.exit_code == ExitCode.CONFIGURATION
    assert "CF_QQ" in result.stdout
    assert "CF_JD" not in result.stdout


def test_the_examples_of_the_example_mapping_hold(started: Path) -> None:
    mapping = started / "mappings" / "example" / "penalties.yaml"
    result = CliRunner().invoke(shell, ["mapping", "test", str(mapping)])
    assert result.exit_code == 0, result.output


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(shell, ["init", str(tmp_path / "new"), "--dry-run"])
    assert result.exit_code == 0
    assert "gateway.yaml" in result.stdout
    assert not (tmp_path / "new").exists()


def test_folders_of_keys_are_private(started: Path) -> None:
    assert (started / "trust").stat().st_mode & 0o777 == 0o700


def test_an_old_directory_is_not_touched(started: Path) -> None:
    before = {path: path.read_bytes() for path in started.rglob("*") if path.is_file()}
    assert CliRunner().invoke(shell, ["init", str(started)]).exit_code == ExitCode.GATE
    assert before == {path: path.read_bytes() for path in started.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["gateway", "source", "destination"])
def test_schema_is_json(kind: str) -> None:
    result = CliRunner().invoke(shell, ["config", "schema", kind])
    assert json.loads(result.stdout)["type"] == "object"


def test_doctor_without_configuration_looks_at_the_environment(tmp_path: Path) -> None:
    result = CliRunner().invoke(shell, ["doctor", "-C", str(tmp_path), "--json"])
    told = json.loads(result.stdout)
    lamps = {lamp["name"]: lamp["state"] for lamp in told["lamps"]}
    assert result.exit_code == 0
    assert lamps["python"] == lamps["libxml2"] == lamps["clock"] == "good"
    assert lamps["configuration"] == "skipped"


def test_doctor_lights_a_lamp_for_everything_that_is_missing(started: Path) -> None:
    result = CliRunner().invoke(shell, ["doctor", "-C", str(started), "--json"])
    lamps = {lamp["name"]: lamp["state"] for lamp in json.loads(result.stdout)["lamps"]}
    assert result.exit_code == ExitCode.CONFIGURATION
    assert lamps["pack"] == lamps["ledger"] == "good"
    assert "calendar" in lamps
    for name in ("configuration", "certificate:trust.certificate", "source:penalties", "destination:municipal"):
        assert lamps[name] == "bad", name
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("now", "state"),
    [("2026-11-01", "good"), ("2026-11-02", "warning"), ("2026-12-31", "warning"), ("2027-01-01", "bad")],
)
def test_doctor_warns_before_the_calendar_ends(now: str, state: str) -> None:
    lamp = checkup.calendar("jiangxi-1.0", FakeClock(datetime.fromisoformat(f"{now}T09:00:00+08:00")))
    assert lamp.state == state
    assert "2026-12-31" in lamp.detail.zh


def test_source_check_and_doctor_tell_what_the_account_may_do_beyond_reading(started: Path) -> None:
    import sqlite3

    database = started / "department.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE V_PENALTY (AJBH TEXT PRIMARY KEY, CFJE TEXT)")
    (started / "sources.d" / "penalties.yaml").write_text(
        (started / "sources.d" / "penalties.yaml").read_text("utf-8").split("options:")[0]
        + "options:\n  url: sqlite:///department.db\n  table: V_PENALTY\n  row_id: [AJBH]\nmapping: example/penalties.yaml\n",
        "utf-8",
    )
    (started / "trust").mkdir(exist_ok=True)
    database.chmod(0o644)
    result = CliRunner().invoke(shell, ["source", "check", "penalties", "-C", str(started), "--json"])
    told = json.loads(result.stdout)
    assert (result.exit_code, [each["code"] for each in told["findings"]]) == (ExitCode.FINDINGS, ["SRC-014"])
    assert f"chmod u-w {database}" in told["findings"][0]["hint"]["zh"]
    lamps = {
        each["name"]: each
        for each in json.loads(CliRunner().invoke(shell, ["doctor", "-C", str(started), "--json"]).stdout)["lamps"]
    }
    assert lamps["source:penalties"]["state"] == "warning"
    database.chmod(0o444)
    result = CliRunner().invoke(shell, ["source", "check", "penalties", "-C", str(started)])
    assert (result.exit_code, result.stdout) == (0, "")
