# SPDX-License-Identifier: Apache-2.0
"""``gateway standard show``, ``diff`` and ``export``."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.standard import command
from gateway.dictionary.formats import FORMATS
from gateway.pack import Pack


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)), standalone_mode=False)


def test_show_gives_every_field(pack: Pack) -> None:
    result = _run("show", "CF_JD", "--json")
    shown = json.loads(result.stdout)
    assert [field["path"] for field in shown["fields"]] == [each.path for each in pack.shape("CF_JD").walk()]
    fine = next(field for field in shown["fields"] if field["path"] == "fineAmount")
    assert fine["obligation"] == {"L1": "O", "L2": "C", "L3": "C"}
    assert fine["when"]["zh"] == "有罚款的必填"
    assert (fine["pinyin"], fine["example"], fine["length"]) == ("FKJE", "1000.00", "16,2")
    kinds = next(field for field in shown["fields"] if field["path"] == "kinds")
    assert kinds["code_list"] == "PenaltyKind"


def test_show_prints_a_table() -> None:
    result = _run("show", "XK_SL")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("元素\t拼音代码\t名称")
    assert any(line.startswith("dueDate\tYBJRQ\t应办结日期\t日期\t0..1\tO\tC\tC\t受理时必填") for line in lines)


def test_show_of_an_unknown_type_is_wrong_usage() -> None:
    assert "没有记录类型 XX_XX" in str(_run("show", "XX_XX").exception)


@pytest.mark.parametrize("to", FORMATS)
def test_export_writes_files_and_names_them(tmp_path: Path, to: str) -> None:
    result = _run("export", "--format", to, "--out", tmp_path / "out", "--type", "XK_SF")
    named = result.stdout.splitlines()
    assert result.exception is None
    assert sorted(named) == sorted(map(str, (tmp_path / "out").iterdir()))
    assert all(Path(path).stat().st_size > 20 for path in named)


def test_export_into_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = _run("export", "--format", "csv", "--out", tmp_path / "file" / "below", "--type", "XK_SF")
    assert type(result.exception).__name__ == "ConfigurationError"


def test_diff_ends_with_1_only_when_something_breaks(pack: Pack, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(pack.root, other, ignore=shutil.ignore_patterns("samples"))
    codes = other / "codes" / "Channel.csv"
    codes.write_text(codes.read_text(encoding="utf-8") + "自助终端,自助终端,kiosk,,,示例\n", encoding="utf-8")
    forth = _run("diff", pack.name, other, "--json")
    back = _run("diff", other, pack.root)
    assert (forth.return_value, back.return_value) == (0, 1)
    shown = json.loads(forth.stdout)
    assert (shown["breaking"], [change["at"] for change in shown["changes"]]) == (0, ["Channel/自助终端"])
    assert back.stdout.splitlines()[1] == "代码\tChannel/自助终端\tcode\t0000-00-00..9999-99-99\t\t不兼容"


def test_diff_of_an_unknown_pack_says_so(pack: Pack) -> None:
    assert "no such folder" in str(_run("diff", pack.name, "jiangxi-9.9").exception)
