# SPDX-License-Identifier: Apache-2.0
"""Reports: one result, every form of it; nothing personal, nothing that a spreadsheet would run; the handbook."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.documents import safexml
from gateway_conformance import registry, reports
from gateway_conformance.command import command
from gateway_conformance.handbook import entry
from gateway_conformance.reports import table

pytestmark = pytest.mark.service


@pytest.fixture
def failing(try_system: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return try_system(only=frozenset({"COD-01", "CMP-03", "PUB-02", "SEC-06"}), mutant="M067")


def test_every_form_tells_the_same_verdicts(failing: dict[str, Any]) -> None:
    made = reports.files(failing)
    assert made == reports.files(json.loads(made["result.json"])), "reports come from result.json alone"
    suite = safexml.parse(made["junit.xml"])
    assert suite.get("failures") == "1"
    assert [each.get("name") for each in suite if each.find("failure") is not None] == ["PUB-02"]
    rows = list(csv.DictReader(io.StringIO(made["cases.csv"].decode("utf-8-sig"))))
    assert {row["用例"]: row["判定"] for row in rows} == {each["id"]: each["verdict"] for each in failing["cases"]}
    page = made["report.html"].decode()
    assert "E-PUB-02a" in page
    assert "自测报告,不能打开上线门禁" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_result_holds_to_its_schema(failing: dict[str, Any], try_system: Callable[..., dict[str, Any]]) -> None:
    from importlib import resources

    from jsonschema import Draft202012Validator

    schema = json.loads(resources.files("gateway_conformance").joinpath("result.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    for held in (failing, try_system(only=frozenset({"CON-01"}))):
        assert list(Draft202012Validator(schema).iter_errors(held)) == []
    assert list(Draft202012Validator(schema).iter_errors({**failing, "gate": "ajar"}))


def test_nothing_personal_stands_in_a_report(failing: dict[str, Any]) -> None:
    for name, content in reports.files(failing).items():
        assert b"360111198505050023" not in content, name


def test_evidence_is_masked_and_the_archive_is_the_same_each_time(failing: dict[str, Any], tmp_path: Path) -> None:
    evidence = [{"number": 1, "excerpt": "***"}]
    first = reports.write(failing, tmp_path / "a", evidence)
    second = reports.write(failing, tmp_path / "b", evidence)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert "evidence.zip" in {path.name for path in first}


def test_spreadsheets_do_not_take_text_for_a_formula() -> None:
    assert table._safe("=1+1") == "'=1+1"
    assert table._safe("+8613") == "'+8613"
    assert table._safe("正常") == "正常"


def test_a_likely_cause_leads_where_the_dictionary_knows_one(try_system: Callable[..., dict[str, Any]]) -> None:
    result = try_system(only=frozenset({"INC-01", "INC-02"}), mutant="M042")
    assert result["likely_causes"][0]["mutant"] == "M042"
    assert result["likely_causes"][0]["clears"] == ["INC-01"]


@pytest.mark.parametrize("id_", sorted(registry.requirements()))
def test_handbook_has_a_page_for_every_requirement(id_: str) -> None:
    page = entry(f"E-{id_}a")
    assert page is not None
    assert page["hint"]
    assert page["steps"]


def test_no_cell_was_lost_to_a_comma() -> None:
    from importlib import resources

    for package, files in (
        ("gateway_conformance.handbook", ["notes.csv"]),
        ("gateway_conformance.registry", list(registry.FILES)),
    ):
        for file in files:
            rows = list(csv.reader(resources.files(package).joinpath(file).read_text("utf-8").splitlines()))
            assert {len(row) for row in rows} == {len(rows[0])}, file


def test_explain_and_report_are_commands(failing: dict[str, Any], tmp_path: Path) -> None:
    shell = CliRunner()
    assert json.loads(shell.invoke(command, ["explain", "E-COD-01a", "--json"]).output)["samples"]["bad"]
    assert shell.invoke(command, ["explain", "E-XXX-99a"], standalone_mode=False).exception
    (tmp_path / "result.json").write_bytes(reports.files(failing)["result.json"])
    dry = shell.invoke(command, ["report", str(tmp_path / "result.json"), "--out", str(tmp_path / "r"), "--dry-run"])
    assert not (tmp_path / "r").exists()
    shell.invoke(command, ["report", str(tmp_path / "result.json"), "--out", str(tmp_path / "r")])
    assert {path.name for path in (tmp_path / "r").iterdir()} == {
        line.split("\t")[0].rpartition("/")[2] for line in dry.output.splitlines()
    }
