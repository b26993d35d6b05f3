# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping coverage``, ``to-excel`` and ``from-excel`` as a vendor runs them."""

import io
import json
from pathlib import Path

from click.testing import CliRunner, Result
from openpyxl import load_workbook

from gateway import resources
from gateway.cli import shell

PENALTIES = str(resources.find("mappings") / "environment-penalties" / "penalties.yaml")


def run(*words: str) -> Result:
    return CliRunner().invoke(shell, ["mapping", *words])


def test_coverage() -> None:
    result = run("coverage", PENALTIES, "--level", "L2", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["records"][0]["record"] == "decision"
    assert {"fact", "remedy"} <= {gap["path"] for gap in told["gaps"] if gap["need"] == "M"}
    assert run("coverage", PENALTIES, "--level", "L1").exit_code == 0


def test_there_and_back(tmp_path: Path) -> None:
    book, back = tmp_path / "p.xlsx", tmp_path / "p.yaml"
    (tmp_path / "bureaus.csv").write_bytes(Path(PENALTIES).with_name("bureaus.csv").read_bytes())
    assert run("to-excel", PENALTIES, "--out", str(book)).exit_code == 0
    assert run("from-excel", str(book), "--dry-run").exit_code == 0
    assert not back.exists()
    assert run("from-excel", str(book)).exit_code == 0
    assert back.read_text(encoding="utf-8").startswith("# ")
    assert run("from-excel", str(book)).exit_code == 2, "nothing is overwritten unasked"
    assert run("from-excel", str(book), "--force").exit_code == 0


def test_a_comment_that_no_entry_can_hold_is_told(tmp_path: Path) -> None:
    noted = tmp_path / "p.yaml"
    text = Path(PENALTIES).read_text(encoding="utf-8")
    noted.write_text(text.replace("  item:", "  # 整行\n  item:") + "# 最后一行\n", encoding="utf-8")
    (tmp_path / "bureaus.csv").write_bytes(Path(PENALTIES).with_name("bureaus.csv").read_bytes())
    result = run("to-excel", str(noted))
    assert result.exit_code == 0
    assert f"p.yaml:{len(noted.read_text(encoding='utf-8').splitlines())}: 这条注释" in result.stderr


def test_a_fault_of_the_mapping_is_named_by_its_cell(tmp_path: Path) -> None:
    book = tmp_path / "p.xlsx"
    assert run("to-excel", PENALTIES, "--out", str(book)).exit_code == 0
    sheets = load_workbook(book)
    page = sheets["记录 1 CF_JD"]
    row = next(cell.row for cell in page["A"] if cell.value == "documentNo")
    page.cell(row, 9).value = "NO_SUCH_COLUMN"
    held = io.BytesIO()
    sheets.save(held)
    book.write_bytes(held.getvalue())
    (tmp_path / "bureaus.csv").write_bytes(Path(PENALTIES).with_name("bureaus.csv").read_bytes())
    result = run("from-excel", str(book))
    assert result.exit_code == 3
    assert f"[记录 1 CF_JD!I{row}]" in result.stderr
