# SPDX-License-Identifier: Apache-2.0
"""``gateway standard list`` shows what the pack holds."""

import json
import re
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.standard import command
from gateway.pack import Pack


def _json(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(command, ["list", *arguments, "--json"], standalone_mode=False)
    assert result.exception is None
    shown: dict[str, Any] = json.loads(result.stdout)
    return shown


def test_types_are_listed_with_the_edition(pack: Pack) -> None:
    shown = _json()
    assert [kind["code"] for kind in shown["types"]] == list(pack.types)
    assert "not the official text" in shown["edition"]
    assert shown["digest"] == pack.digest
    assert "PenaltyKind" in shown["code_lists"]


def test_elements_of_a_type_are_listed(pack: Pack) -> None:
    shown = _json("--type", "CF_JD")
    assert [element["path"] for element in shown["elements"]] == [e.path for e in pack.shape("CF_JD").walk()]
    fine = next(element for element in shown["elements"] if element["path"] == "fineAmount")
    assert (fine["pinyin"], fine["kind"], fine["min"], fine["max"]) == ("FKJE", "decimal", 0, 1)


def test_open_ends_of_a_code_are_null() -> None:
    first = _json("--codes", "PenaltyProcedure")["codes"][1]
    assert (first["code"], first["valid_from"], first["valid_to"]) == ("2", None, "2021-07-14")


def test_every_finding_code_is_listed_once() -> None:
    codes = [rule["code"] for rule in _json("--rules")["rules"]]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"[A-Z]{3}-\d{3}", code) for code in codes)
    assert {"COD-001", "IDN-002", "SEC-001", "DOC-002", "MAP-001", "SRC-001"} <= set(codes)
    assert any(code.startswith("XSD-") for code in codes)


@pytest.mark.parametrize("arguments", [[], ["--type", "CF_JD"], ["--codes", "Region"], ["--rules"]])
def test_tables_have_a_line_each(arguments: list[str]) -> None:
    result = CliRunner().invoke(command, ["list", *arguments], standalone_mode=False)
    assert result.exception is None
    assert len(result.stdout.splitlines()) > 20


@pytest.mark.parametrize("arguments", [["--type", "CF_XX"], ["--codes", "Nothing"]])
def test_an_unknown_name_is_a_usage_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, ["list", *arguments]).exit_code == 2
