# SPDX-License-Identifier: Apache-2.0
"""A clerk takes a template, fills it in, and gets it back with what is wrong on the very cells."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.hosted.conftest import CASE, ITEM, Office, column


def test_the_template_is_of_the_item_and_says_so(office: Office) -> None:
    book = load_workbook(office.template())
    page = book["申请"]
    headers = [cell.value for cell in page[1]]
    assert headers[:2] == ["状态", "问题"]
    assert "办件编号" in headers
    assert {"事项编码", "版本号", "操作类型", "组织机构代码", "行政区划"}.isdisjoint(headers)
    assert all(cell.comment is not None for cell in page[1])
    assert any(rule.type == "list" for rule in page.data_validations.dataValidation)
    assert book["_stamp"].sheet_state == "veryHidden"
    stamp = {row[0].value: row[1].value for row in book["_stamp"].iter_rows()}
    assert (stamp["item"], stamp["source"], stamp["type"]) == (ITEM, "archives", "XK_SQ XK_JD")
    office.run("hosted", "template", ITEM, "--out", str(office.template()), code=5)
    office.run("hosted", "template", "XK-000000000-0009", "--out", "x.xlsx", code=3)


def test_what_is_sound_is_taken_once_and_changes_are_versions(office: Office) -> None:
    """B2, B3: versions are the gateway's; the same workbook again changes nothing; a mended cell is the next version."""
    book = office.book(1, 2)
    path = office.save(book)
    first = office.upload(path)
    assert (first["records"], first["accepted"], first["refused"], first["findings"]) == (4, 4, 0, [])
    assert sorted(office.ask("SELECT key, version FROM record")) == [
        (f"{code}:{CASE.format(number)}:{sequence}", 1)
        for code, sequence in (("XK_JD", 8), ("XK_SQ", 1))
        for number in (1, 2)
    ]
    again = office.upload(path)
    assert (again["accepted"], again["unchanged"]) == (4, 4)
    at = column(book, "申请", "申请人.联系人")
    book["申请"].cell(2, at, "李示例")
    assert office.upload(office.save(book))["unchanged"] == 3
    assert office.ask("SELECT max(version) FROM record") == [(2,)]
    document = office.run("records", "show", f"XK_SQ:{CASE.format(1)}:1", "--json")
    assert '"version":2' in document
    listed = office.told("hosted", "list")["uploads"]
    assert [(each["records"], each["unchanged"]) for each in listed] == [(4, 3), (4, 4), (4, 0)]
    office.run("hosted", "show", str(listed[0]["id"]), "--out", str(office.folder / "back.xlsx"))
    assert zipfile.is_zipfile(office.folder / "back.xlsx")


def test_faults_come_back_on_their_cells_and_the_rest_goes_through(office: Office) -> None:
    book = office.book(1, 2, 3)
    page = book["申请"]
    number = column(book, "申请", "申请人.证件号码")
    page.cell(2, number, 360100199001011234)
    page.cell(2, number).number_format = "0"
    page.cell(3, column(book, "申请", "申请人.联系人"), "=A1")
    path = office.save(book)
    told = office.upload(path, code=1)
    cells = {each["cell"]: each["code"] for each in told["findings"]}
    letter = page.cell(2, number).column_letter
    assert cells[f"申请!{letter}2"] == "TAB-009"
    formula = page.cell(3, column(book, "申请", "申请人.联系人")).coordinate
    assert cells[f"申请!{formula}"] == "TAB-018"
    assert (told["records"], told["refused"]) == (6, 2)

    back = load_workbook(told["result"])
    marked = back["申请"][f"{letter}2"]
    assert marked.comment is not None
    assert "TAB-009" in marked.comment.text
    assert marked.fill.fgColor.rgb == "00FF9999"
    assert "TAB-009" in str(back["申请"].cell(2, 2).value)
    assert str(back["申请"].cell(4, 2).value).startswith("已收录")

    back["申请"][f"{letter}2"].value = page.cell(4, number).value
    back["申请"].cell(3, column(book, "申请", "申请人.联系人"), "王示例")
    mended = office.folder / "mended.xlsx"
    back.save(mended)
    after = office.upload(mended)
    assert (after["accepted"], after["refused"]) == (6, 0)
    clean = load_workbook(after["result"])["申请"]
    assert clean[f"{letter}2"].comment is None
    assert clean[f"{letter}2"].fill.fill_type is None


def test_a_rule_speaks_of_the_cell_of_its_element(office: Office) -> None:
    book = office.book(1)
    at = column(book, "申请", "申请人.证件号码")
    held = str(book["申请"].cell(2, at).value)
    book["申请"].cell(2, at, held[:-1] + ("0" if held[-1] != "0" else "1"))
    told = office.upload(office.save(book), code=1)
    wanted = f"申请!{book['申请'].cell(2, at).coordinate}"
    assert {each["cell"] for each in told["findings"] if each["refuses"]} == {wanted}


@pytest.mark.parametrize("how", ["status", "option"])
def test_a_draft_is_checked_and_never_taken(office: Office, how: str) -> None:
    book = office.book(1, 2, types=("XK_SQ",))
    book["申请"].cell(2, column(book, "申请", "申请人.证件号码"), "1")
    if how == "status":
        for row in (2, 3):
            book["申请"].cell(row, 1, "草稿")
    told = office.upload(office.save(book), *(["--draft"] if how == "option" else []), code=1)
    assert (told["drafts"], told["accepted"], told["refused"]) == (2, 0, 0)
    assert told["findings"]
    assert office.ask("SELECT count(*) FROM record") == [(0,)]
    assert office.ask("SELECT count(*) FROM refusal") == [(0,)]
    assert office.ask("SELECT count(*) FROM delivery") == [(0,)]
    page = load_workbook(told["result"])["申请"]
    assert str(page.cell(2, 2).value).startswith("草稿,有问题")
    assert str(page.cell(3, 2).value) == "草稿,未收录"


def test_a_dry_run_leaves_nothing_behind(office: Office) -> None:
    told = office.upload(office.save(office.book(1)), "--dry-run")
    assert (told["accepted"], told["upload"]) == (2, None)
    assert office.ask("SELECT count(*) FROM record") == [(0,)]
    assert office.told("hosted", "list")["uploads"] == []


def test_an_old_template_and_what_is_none_are_named(office: Office) -> None:
    book = office.book(1)
    for row in book["_stamp"].iter_rows():
        if row[0].value == "dictionary_digest":
            row[1].value = "0" * 64
    assert "TAB-019" in _refused(office, office.save(book))
    del book["_stamp"]
    assert "TAB-020" in _refused(office, office.save(book))
    other = office.folder / "other.xlsx"
    other.write_bytes(b"no workbook")
    assert "TAB-001" in _refused(office, other)
    text = office.folder / "other.csv"
    text.write_text("x", "utf-8")
    assert "TAB-020" in _refused(office, text)


def _refused(office: Office, path: Path) -> str:
    return office.run("hosted", "upload", str(path), "--force", code=1)


def test_merged_cells_twins_and_unknown_states(office: Office) -> None:
    book = office.book(1, 2)
    page = book["申请"]
    page.cell(3, column(book, "申请", "办件编号"), page.cell(2, column(book, "申请", "办件编号")).value)
    told = office.upload(office.save(book), code=1)
    assert [each["code"] for each in told["findings"]].count("TAB-021") == 2
    assert told["accepted"] == 2

    book = office.book(3)
    book["申请"].cell(2, 1, "以后再说")
    told = office.upload(office.save(book), code=1)
    assert ("申请!A2", "TAB-022") in {(each["cell"], each["code"]) for each in told["findings"]}

    book = office.book(4)
    book["申请"].merge_cells("C2:C3")
    told = office.upload(office.save(book), code=1)
    assert "TAB-006" in {each["code"] for each in told["findings"]}
    assert all(
        key.startswith("XK_JD:") for (key,) in office.ask(f"SELECT key FROM record WHERE key LIKE '%{CASE.format(4)}%'")
    )


def test_people_are_asked_who_they_are(office: Office) -> None:
    """With people known, an upload needs one who may; the audit names him, and whom it refused."""
    office.people()
    path = office.save(office.book(1))
    assert "GW-" in office.run("hosted", "upload", str(path), "--force", code=5)
    office.run("hosted", "upload", str(path), "--force", code=5, by="sec")
    assert office.ask("SELECT count(*) FROM record") == [(0,)]
    assert office.upload(path, by="wang")["accepted"] == 2
    acts = office.ask("SELECT actor, outcome FROM act WHERE action = 'hosted.upload' ORDER BY at")
    assert acts == [("sec", "refused"), ("wang", "done")]


def test_a_paused_source_takes_none_and_nothing_can_be_pulled_from_it(office: Office) -> None:
    assert office.upload(office.save(office.book(1)))["accepted"] == 2
    office.run("source", "pause", "archives", "--reason", "核对")
    path = office.save(office.book(1, 2))
    assert "已暂停" in office.run("hosted", "upload", str(path), "--force", code=5)
    assert office.ask("SELECT count(*) FROM record") == [(2,)]
    assert office.upload(path, "--dry-run")["accepted"] == 4, "looking is allowed"
    office.run("source", "resume", "archives", "--reason", "核对完毕")
    assert (office.upload(path)["unchanged"], office.ask("SELECT count(*) FROM record")) == (2, [(4,)])
    assert "gateway hosted upload" in office.run("sync", "archives", code=3)
    assert not any("archives" in each["schedule"] for each in office.told("status")["schedules"])
