# SPDX-License-Identifier: Apache-2.0
"""``gateway standard list`` shows what the pack holds."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.standard import command
from gateway.pack import Pack


def _json(*arguments: str) -> Any:
    result = CliRunner().invoke(command, ["list", *arguments, "--json"], standalone_mode=False)
    assert result.exception is None
    return json.loads(result.stdout)


def test_types_are_listed_with_their_samples(pack: Pack) -> None:
    shown = _json()
    assert [kind["code"] for kind in shown] == list(pack.types)
    for kind in shown:
        assert kind["element"] == pack.types[kind["code"]].element
        assert Path(kind["valid"][0]).name.startswith(kind["code"])
        assert all(Path(path).is_file() for path in kind["valid"])


def test_elements_of_a_type_are_listed(pack: Pack) -> None:
    shown = _json("--type", "CF_JD")
    assert [element["path"] for element in shown["elements"]] == [e.path for e in pack.shape("CF_JD").walk()]
    fine = next(element for element in shown["elements"] if element["path"] == "fineAmount")
    assert (fine["pinyin"], fine["kind"], fine["min"], fine["max"]) == ("FKJE", "decimal", 0, 1)


def test_open_ends_of_a_code_are_null() -> None:
    first = _json("--codes", "PenaltyProcedure")["codes"][1]
    assert (first["code"], first["valid_from"], first["valid_to"]) == ("2", None, "2021-07-14")


def test_every_rule_is_listed_with_its_dates_and_samples() -> None:
    rules = {rule["code"]: rule for rule in _json("--rules")}
    assert list(rules) == sorted(rules)
    for code, rule in rules.items():
        assert re.fullmatch(r"[A-Z]{3}-\d{3}", code)
        assert rule["severity"] in ("E", "W")
        assert rule["clause"]
        assert rule["invalid"], code
        assert rule["near_miss"], code
        assert rule["decides"] or not (rule["valid_from"] or rule["valid_to"]), code
    assert (rules["LAW-001"]["valid_to"], rules["LAW-002"]["valid_from"]) == ("2021-07-14", "2021-07-15")


def test_every_finding_code_is_in_the_table() -> None:
    result = CliRunner().invoke(command, ["list", "--findings"], standalone_mode=False)
    codes = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    wanted = {
        "COD-001",
        "IDN-002",
        "SEC-001",
        "DOC-002",
        "MAP-001",
        "SRC-001",
        "XSD-001",
        "CAS-001",
        "FIL-001",
        "LDG-001",
    }
    assert wanted <= set(codes)
    told = {each["code"]: each for each in _json("--findings")}
    assert list(told) == codes
    assert {rule["code"] for rule in _json("--rules")} <= told.keys()
    for code, each in told.items():
        assert each["message"]["zh"], code
        assert each["hint"]["en"], code


@pytest.mark.parametrize("arguments", [[], ["--type", "CF_JD"], ["--codes", "Region"], ["--rules"], ["--findings"]])
def test_tables_have_a_line_each(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, ["list", *arguments], standalone_mode=False)
    assert result.exception is None
    assert len(result.stdout.splitlines()) > 20


@pytest.mark.parametrize("arguments", [["--type", "CF_XX"], ["--codes", "Nothing"]])
def test_an_unknown_name_is_a_usage_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, ["list", *arguments]).exit_code == 2
