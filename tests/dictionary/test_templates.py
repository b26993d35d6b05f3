# SPDX-License-Identifier: Apache-2.0
"""Templates: Chinese headers, notes, drop-downs of codes in force, text format on codes, a stamp, no formula."""

import csv
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from gateway.dictionary import layouts
from gateway.dictionary.export import export
from gateway.dictionary.sheets import in_force, note_lines, sheets
from gateway.dictionary.texts import plain
from gateway.dictionary.workbook import CODES, GUIDE, STAMP, dictionary_digest, workbook
from gateway.pack import Pack

TODAY = date(2022, 3, 2)
LONGEST_SHEET_NAME = 31


@pytest.fixture(scope="module")
def penalty(pack: Pack) -> Any:
    return load_workbook(BytesIO(workbook(pack, "CF_JD", TODAY)))


def _column(page: Any, header: str) -> Any:
    return next(cell for cell in page[1] if cell.value == header)


def test_headers_are_chinese_labels(pack: Pack, penalty: Any) -> None:
    main = penalty["处罚决定"]
    assert [cell.value for cell in main[1]] == [column.header for column in layouts(pack, "CF_JD")[0].columns]
    assert _column(main, "当事人.证件号码").column_letter
    basis = [cell.value for cell in penalty["处罚决定-处罚依据"][1]]
    assert basis == ["办件编号", "序号", "版本号", "行号", "法律法规名称", "条款项", "条文内容", "依据层级"]


def test_notes_teach(penalty: Any) -> None:
    note = _column(penalty["处罚决定"], "罚款金额").comment.text
    assert "L1 选填 L2 条件必填 L3 条件必填(有罚款的必填)" in note
    assert "示例:1000.00" in note
    assert "提示:以元为单位" in note


def test_examples_in_notes_are_as_typed(pack: Pack) -> None:
    by_header = {c.header: c.described for layout in layouts(pack, "CF_JD") for c in layout.columns}
    assert "示例:2022-03-02 09:30:00" in list(note_lines(by_header["决定时间"]))
    assert "示例:2(法人)" in list(note_lines(by_header["当事人.当事人类型"]))
    assert "示例:否" in list(note_lines(by_header["当事人行为时未成年"]))


def test_drop_downs_hold_the_codes_in_force(pack: Pack, penalty: Any) -> None:
    page = penalty["处罚决定-处罚种类"]
    (rule,) = [each for each in page.data_validations.dataValidation if "E2" in str(each.sqref)]
    sheet, _, cells = rule.formula1.partition("!")
    assert sheet.strip("'") == CODES
    offered = [row[0].value for row in penalty[CODES][cells.replace("$", "")]]
    assert offered == list(in_force(pack.code_lists["PenaltyKind"], TODAY))
    assert "CF10" in offered  # in force from 2021-07-15
    assert "CF10" not in in_force(pack.code_lists["PenaltyKind"], date(2021, 7, 14))


def test_yes_no_and_enumerated_values_drop_down(penalty: Any) -> None:
    formulas = {each.formula1 for each in penalty["处罚决定"].data_validations.dataValidation}
    assert {'"是,否"', '"C,U"', '"0,1,2"'} <= formulas


def test_identifiers_are_text_amounts_and_days_are_not(penalty: Any) -> None:
    page = penalty["处罚决定"]
    formats = {
        header: page.column_dimensions[_column(page, header).column_letter].number_format
        for header in ("办件编号", "当事人.证件号码", "罚款金额", "决定时间", "序号")
    }
    assert formats == {
        "办件编号": "@", "当事人.证件号码": "@", "罚款金额": "0.00####", "决定时间": "yyyy-mm-dd hh:mm:ss", "序号": "0",
    }  # fmt: skip


def test_the_guide_explains_every_column(pack: Pack, penalty: Any) -> None:
    told = {(row[0], row[1]) for row in penalty[GUIDE].iter_rows(values_only=True)}
    assert {(each.title, column.header) for each in layouts(pack, "CF_JD") for column in each.columns} <= told
    assert "并非官方文本" in penalty[GUIDE]["A2"].value


def test_the_stamp_is_hidden_and_names_pack_and_dictionary(pack: Pack, penalty: Any) -> None:
    page = penalty[STAMP]
    assert page.sheet_state == "veryHidden"
    stamp = dict(page.iter_rows(values_only=True))
    assert (stamp["pack"], stamp["pack_digest"]) == (pack.name, pack.digest)
    assert (stamp["dictionary_digest"], stamp["type"]) == (dictionary_digest(pack), "CF_JD")


def test_every_record_type_has_a_template_without_formulas(pack: Pack) -> None:
    for code in pack.types:
        book = load_workbook(BytesIO(workbook(pack, code, TODAY)))
        assert [page.title for page in book][:-3] == [sheet.title for sheet in sheets(pack, code)]
        assert all(len(page.title) <= LONGEST_SHEET_NAME for page in book)
        kinds = {cell.data_type for page in book for row in page.iter_rows() for cell in row if cell.value is not None}
        assert kinds == {"s"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_what_looks_like_a_formula_is_kept_text(start: str) -> None:
    assert plain(f"{start}1") == f"'{start}1"


def test_plain_text_stays() -> None:
    assert plain("罚款 1000 元") == "罚款 1000 元"


def test_csv_templates_are_one_file_a_layout(pack: Pack, tmp_path: Path) -> None:
    written = export(pack, ["CF_JD"], "csv", tmp_path / "new", TODAY)
    assert [path.name for path in written] == ["CF_JD.csv", "CF_JD_YJ.csv", "CF_JD_CFZL.csv"]
    with written[2].open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["办件编号", "序号", "版本号", "行号", "处罚种类"]]
    assert written[0].read_bytes().startswith(b"\xef\xbb\xbf")
