# SPDX-License-Identifier: Apache-2.0
"""The hostile corpus through every entrance: each file ends in its one named finding, never in a traceback."""

import json
import tomllib
from pathlib import Path

import pytest

from gateway.cli import shell
from gateway.documents.faults import RefusedDocument
from gateway.documents.safexml import parse
from gateway.documents.schema import RECORD, Schema
from gateway.flow.inspect import Inspector
from gateway.flow.validate import PackValidator
from gateway.pack import load_pack
from gateway.rules import Rules

HERE = Path(__file__).parent
EXPECTED = {name: entry["code"] for name, entry in tomllib.loads((HERE / "expected.toml").read_text("utf-8")).items()}
CASES = pytest.mark.parametrize(("name", "code"), EXPECTED.items())
NAME = "张䶮喆€㛃𠮷ḿ龴"


@pytest.fixture(scope="module")
def validator() -> PackValidator:
    pack = load_pack()
    return PackValidator(pack, Schema(pack.schema_path), Rules(pack))


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(load_pack())


def test_every_file_is_expected() -> None:
    assert {path.name for path in (HERE / "cases").glob("*.xml")} == set(EXPECTED)


@CASES
def test_the_door_refuses(name: str, code: str) -> None:
    with pytest.raises(RefusedDocument) as refused:
        parse((HERE / "cases" / name).read_bytes(), RECORD)
    assert refused.value.finding.code == code
    assert refused.value.finding.message.zh
    assert refused.value.finding.hint.en


@CASES
def test_in_a_chunk_it_sinks_itself_alone(name: str, code: str, validator: PackValidator) -> None:
    good = (HERE / "readable" / "utf-8-with-mark.xml").read_bytes().removeprefix(b"\xef\xbb\xbf")
    before, bad, after = (each.findings for each in validator.check([good, (HERE / "cases" / name).read_bytes(), good]))
    assert [finding.code for finding in bad] == [code]
    assert before == after == ()


@CASES
def test_the_inspector_names_it(name: str, code: str, inspector: Inspector) -> None:
    found = [placed.finding.code for placed in inspector.inspect((HERE / "cases" / name).read_bytes())]
    assert found == [code]


def test_the_command_reports_the_whole_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.main(["validate", str(HERE / "cases"), "--json"])
    assert ended.value.code == 1
    rows = json.loads(capsys.readouterr().out)
    assert {Path(row["file"]).name: row["rule"] for row in rows} == EXPECTED
    assert all(row["message"] and row["hint"] and row["severity"] == "error" for row in rows)


@pytest.mark.parametrize("path", sorted((HERE / "readable").glob("*.xml")), ids=lambda path: path.name)
def test_rare_characters_survive_every_honest_encoding(path: Path, validator: PackValidator) -> None:
    element = parse(path.read_bytes())
    assert element.findtext(".//{*}party/{*}name") == NAME
    assert [each.findings for each in validator.check([path.read_bytes()])] == [()]


def test_places_are_those_of_the_file() -> None:
    with pytest.raises(RefusedDocument) as refused:
        parse('<?xml version="1.0" encoding="GBK"?>\n<a>张'.encode("gbk") + b"\xff</a>")
    assert (refused.value.finding.line, refused.value.finding.column) == (2, 6)
    with pytest.raises(RefusedDocument) as refused:
        parse(b"<a>\n  <b>\n</a>")
    assert refused.value.finding.line == 3
