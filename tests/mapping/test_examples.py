# SPDX-License-Identifier: Apache-2.0
"""Example files and the commands ``gateway mapping try`` and ``test``."""

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import shell
from gateway.mapping.load import find_mapping
from tests.mapping.conftest import CASE, ROW, mapping_text

FIELDS = {
    "actKey": "{concat: [{text: 'CF_JD:'}, AJ, {text: ':1'}]}",
    "kind": '{const: "2"}',
    "documentNo": "A",
    "refund": "{from: N, unit: 万元}",
}
EXAMPLES = f"""\
mapping: m.yaml
examples:
  - name: 变更
    row: {json.dumps({**ROW, "A": "1号"}, ensure_ascii=False)}
    records:
      - type: GG_BG
        key: GG_BG:{CASE}:1
        fields: {{documentNo: 1号, refund: "15000"}}
        absent: [by]
  - name: 金额写错
    row: {json.dumps({**ROW, "N": "一万"}, ensure_ascii=False)}
    refused:
      - {{type: GG_BG, code: MAP-003, column: N}}
"""


@pytest.fixture
def product(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(mapping_text(FIELDS), encoding="utf-8")
    (tmp_path / "m.examples.yaml").write_text(EXAMPLES, encoding="utf-8")
    return tmp_path


def call(*arguments: object) -> Result:
    return CliRunner().invoke(shell, ["mapping", *map(str, arguments)])


def report(*arguments: object) -> tuple[int, dict[str, Any]]:
    result = call("test", "--json", *arguments)
    return result.exit_code, json.loads(result.stdout)


def test_examples_that_hold(product: Path) -> None:
    assert report(product) == (0, {"products": 1, "mapping_only": 1, "examples": 2, "failed": 0})
    assert report(product / "m.yaml") == report(product / "m.examples.yaml") == report(product)


def test_a_product_with_an_adapter_is_not_mapping_only(product: Path) -> None:
    path = product / "m.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "adapter: law-desk\n", encoding="utf-8")
    assert report(product)[1]["mapping_only"] == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("documentNo: 1号", "documentNo: 2号", "documentNo 应为 2号,实际 1号"),
        ("absent: [by]", "absent: [kind]", "不应有 kind"),
        (":1\n        fields", ":2\n        fields", "主键应为"),
        ("type: GG_BG\n        key", "type: GG_FY\n        key", "应产生 ['GG_FY']"),
        ("MAP-003", "MAP-002", "应拒绝 MAP-002"),
        ("refused:\n      - {type: GG_BG, code: MAP-003, column: N}", "refused: []", "没有写明的拒绝"),
        ("absent: [by]", "exact: true", "不应有 caseNo"),
    ],
)
def test_examples_that_do_not_hold_say_where(product: Path, old: str, new: str, words: str) -> None:
    path = product / "m.examples.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    result = call("test", product)
    assert result.exit_code == 1
    assert words in result.stderr
    assert f"{path}:" in result.stderr


def test_documents_of_examples_are_judged_by_the_schema(product: Path) -> None:
    path = product / "m.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('"360102"', '"南昌"'), encoding="utf-8")
    result = call("test", product)
    assert result.exit_code == 1
    assert "XSD-" in result.stderr


def test_a_wrong_mapping_fails_with_its_places(product: Path) -> None:
    path = product / "m.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("unit: 万元", "unit: 贯"), encoding="utf-8")
    result = call("test", product)
    assert result.exit_code == 1
    assert "单位 贯 不可用" in result.stderr


def test_nothing_to_test_is_a_failure(tmp_path: Path) -> None:
    assert report(tmp_path) == (1, {"products": 0, "mapping_only": 0, "examples": 0, "failed": 0})


def test_every_mapping_that_ships_holds() -> None:
    code, told = report()
    assert (code, told["failed"]) == (0, 0)
    assert told["examples"] > 0


def test_try_shows_each_step(product: Path) -> None:
    result = call("try", product / "m.yaml", "--json", "--row", json.dumps(ROW))
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    step = next(step for step in told["steps"] if step["path"] == "refund")
    assert step["column"] == "N"
    assert step["steps"] == [
        {"step": "source", "value": "1.5"}, {"step": "clean", "value": "1.5"}, {"step": "decimal", "value": "15000"},
    ]  # fmt: skip
    assert step["value"] == "15000"
    assert told["records"][0]["key"] == f"GG_BG:{CASE}:1"


def test_try_tells_what_is_refused(product: Path, tmp_path: Path) -> None:
    row = tmp_path / "row.json"
    row.write_text(json.dumps({**ROW, "N": "一万"}), encoding="utf-8")
    result = call("try", product / "m.yaml", "--row-file", row)
    assert result.exit_code == 1
    assert "MAP-003" in result.stdout
    assert "refund" in result.stdout


def test_try_masks_personal_data_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(mapping_text({"actKey": FIELDS["actKey"], "applicant": "A"}, kind="GG_FY"), encoding="utf-8")
    row = json.dumps({**ROW, "A": "张三丰"})
    covered, open_ = call("try", path, "--json", "--row", row), call("try", path, "--json", "--row", row, "--reveal")
    assert "张三丰" not in covered.stdout
    assert "张三丰" in open_.stdout


def test_fractions_in_json_rows_are_read_as_written(product: Path) -> None:
    result = call("try", product / "m.yaml", "--json", "--row", json.dumps(ROW).replace('"1.5"', "0.10"))
    assert json.loads(result.stdout)["records"][0]["elements"]["refund"] == "1000"


@pytest.mark.parametrize("row", ["{", "[1]"])
def test_a_row_that_is_no_object_is_a_usage_fault(product: Path, row: str) -> None:
    assert call("try", product / "m.yaml", "--row", row).exit_code == 2
    assert call("try", product / "m.yaml").exit_code == 2


def test_a_site_overlay_comes_before_what_ships(tmp_path: Path) -> None:
    folder = tmp_path / "environment-penalties"
    folder.mkdir()
    (folder / "penalties.yaml").write_text(dedent("mapping: 1\n"), encoding="utf-8")
    path, search = find_mapping("environment-penalties/penalties.yaml", [tmp_path])
    assert path == folder / "penalties.yaml"
    assert search[0] == folder
    assert find_mapping("environment-penalties/items.yaml", [tmp_path])[0].is_file()
