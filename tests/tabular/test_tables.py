# SPDX-License-Identifier: Apache-2.0
"""Excel and CSV in the form of the templates: the same records as in XML, and every fault with its cell."""

import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import shell
from gateway.documents import gb18030
from gateway.documents.safexml import canonical, parse
from gateway.flow.inspect import Inspector, Placed
from gateway.flow.inspect_tables import TableInspector
from gateway.grids import excel
from gateway.grids.grid import letters
from gateway.pack import load_pack
from gateway.tabular.reading import TableFile, Tables
from gateway.tabular.records import TableRecord
from tests.tabular.filling import fill, write_csv, write_xlsx

PACK = load_pack()
VALID = PACK.root / "samples" / "valid"
# A receipt holds a signature, which no table does.
TYPES = [code for code in PACK.types if (VALID / f"{code}.xml").exists() and code != "HZ_XX"]


def sample(code: str) -> Any:
    return parse((VALID / f"{code}.xml").read_bytes())


@cache
def tables() -> TableInspector:
    return TableInspector(Inspector(PACK), Tables(PACK))


def inspected(path: Path, type_code: str | None = None, encoding: str = "utf-8") -> list[Placed]:
    return list(tables().inspect_file(TableFile(path, type_code, encoding)))


def told(path: Path, type_code: str | None = None, encoding: str = "utf-8") -> list[tuple[str, int | None, int | None]]:
    return [
        (each.finding.code, each.finding.line, each.finding.column) for each in inspected(path, type_code, encoding)
    ]


@pytest.fixture
def decision(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook of one penalty decision, its cells changed by header."""

    def make(changes: dict[str, Any] | None = None, drop: str | None = None, times: int = 1) -> Path:
        tables = fill(PACK, "CF_JD", [sample("CF_JD")])
        head, row = tables["处罚决定"][0], tables["处罚决定"][1]
        for header, value in (changes or {}).items():
            row[head.index(header)] = value
        rows = [head] + [[*row] for _ in range(times)]
        if drop is not None:
            at = head.index(drop)
            rows = [[*each[:at], *each[at + 1 :]] for each in rows]
        return write_xlsx(tmp_path / "decision.xlsx", tables | {"处罚决定": rows})

    return make


def column(header: str) -> int:
    return fill(PACK, "CF_JD", [])["处罚决定"][0].index(header) + 1


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_every_sample_comes_back_from_its_template(code: str, form: str, tmp_path: Path) -> None:
    document = sample(code)
    for element in list(document.iter("*")):
        if element.attrib and (parent := element.getparent()) is not None:
            parent.remove(element)  # nil means absent
    rows = fill(PACK, code, [document], pinyin=form == "csv")
    path = write_xlsx(tmp_path / "a.xlsx", rows) if form == "xlsx" else write_csv(tmp_path, rows)
    [record] = Tables(PACK).read(TableFile(path))
    assert isinstance(record, TableRecord)
    assert (record.type, record.findings) == (code, [])
    for element in document.iter("*"):
        if len(element):
            element.text = None
        element.tail = None
    wanted = canonical(document)
    assert record.document == wanted


def test_a_clean_workbook_through_the_command(
    decision: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        shell.main(["validate", str(decision()), "--json"])
    assert (ended.value.code, json.loads(capsys.readouterr().out)) == (0, [])


def test_numbers_in_code_columns_are_refused_with_their_cell(decision: Callable[..., Path]) -> None:
    [found] = inspected(decision({"当事人.证件号码": 91360100000000000.0}))
    where = letters(column("当事人.证件号码"))
    assert (found.finding.code, found.finding.line, found.finding.column) == ("TAB-009", 2, column("当事人.证件号码"))
    assert f"处罚决定!{where}2「" in found.finding.message.zh
    assert "9136" not in found.finding.message.zh + found.finding.message.en


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("决定时间", datetime(2022, 6, 1, 9)),  # noqa: DTZ001 # Excel knows no zone
        ("决定时间", "2022-06-01 09:00"),
        ("决定时间", "2022/6/1 9:00:00"),
        ("决定时间", "2022年6月1日"),
        ("决定时间", date(2022, 6, 1)),
        ("罚款金额", 1200.5),
        ("序号", 7),
        ("是否集体讨论", "是"),
        ("是否集体讨论", True),
    ],
)
def test_cells_that_are_understood(decision: Callable[..., Path], header: str, cell: object) -> None:
    assert not [code for code, *_ in told(decision({header: cell})) if code.startswith(("TAB", "XSD"))]


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("决定时间", 44713, "TAB-010"),
        ("办件编号", True, "TAB-011"),
        ("办件编号", datetime(2022, 6, 1), "TAB-011"),  # noqa: DTZ001
        ("办件编号", "=1/0", None),
        ("办件编号", "#N/A", "TAB-017"),
        ("罚款金额", "1,200.00", "XSD-005"),
        ("罚款金额", 0.123, "XSD-018"),
        ("序号", 1.5, "XSD-005"),
        ("决定时间", "去年", "XSD-005"),
        ("决定书文号", None, "XSD-002"),
        ("决定书文号", "文" * 101, "XSD-010"),
        ("经办人", "王\ue000", "DOC-024"),
    ],
)
def test_cells_that_are_not(decision: Callable[..., Path], header: str, cell: object, code: str | None) -> None:
    found = [each for each in told(decision({header: cell})) if code is None or each[0] == code]
    at = (2, column(header))
    assert (code is None and found) or [each[1:] for each in found] in ([at], [(2, None)])


def test_rules_speak_of_cells_too(decision: Callable[..., Path]) -> None:
    found = told(decision({"组织机构代码": "11360100MA0000016H"}))
    assert ("IDN-002", 2, column("组织机构代码")) in found or ("IDN-003", 2, column("组织机构代码")) in found


def test_faults_of_the_header(decision: Callable[..., Path], tmp_path: Path) -> None:
    assert [code for code, *_ in told(decision(drop="办件编号"))] == ["TAB-005", "TAB-013", "TAB-013"]
    tables = fill(PACK, "CF_LA", [sample("CF_LA")])
    head, row = tables["立案"]
    for extra, code in (("颜色", "TAB-003"), (head[0], "TAB-004"), (None, "TAB-015")):
        path = write_xlsx(tmp_path / "extra.xlsx", {"立案": [[*head, extra], [*row, "x"]]})
        assert told(path)[0] == (code, 2 if extra is None else 1, len(head) + 1)


def test_merged_cells_refuse_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import load_workbook

    path = write_xlsx(tmp_path / "merged.xlsx", fill(PACK, "CF_LA", [sample("CF_LA")]))
    book = load_workbook(path)
    book["立案"].merge_cells("B1:C1")
    book.save(path)
    assert [code for code, *_ in told(path)] == ["TAB-006"]
    monkeypatch.setattr(excel, "IN_MEMORY_ROWS", 0)
    assert [code for code, *_ in told(path)] == ["TAB-006"]


def test_large_sheets_are_read_row_by_row_with_the_same_result(
    decision: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = decision({"当事人.证件号码": 1.0, "决定时间": datetime(2022, 6, 1, 9)}, times=3)  # noqa: DTZ001
    whole = [(each.record, each.finding) for each in inspected(path)]
    monkeypatch.setattr(excel, "IN_MEMORY_ROWS", 1)
    assert [(each.record, each.finding) for each in inspected(path)] == whole
    assert whole


def test_sheets_are_known_by_code_title_or_type(tmp_path: Path) -> None:
    rows = fill(PACK, "CF_LA", [sample("CF_LA")])["立案"]
    for name in ("CF_LA", "立案", "CF_LA 2024", "立案(东湖)"):
        assert told(write_xlsx(tmp_path / "a.xlsx", {name: rows})) == []
    assert [code for code, *_ in told(write_xlsx(tmp_path / "a.xlsx", {"Sheet1": rows}))] == ["TAB-002"]
    assert told(write_xlsx(tmp_path / "a.xlsx", {"Sheet1": rows}), type_code="CF_LA") == []
    assert told(write_xlsx(tmp_path / "CF_LA-2024.xlsx", {"Sheet1": rows, "Sheet2": [[]]})) == []
    assert [code for code, *_ in told(write_xlsx(tmp_path / "b.xlsx", {"立案": rows, "备忘": [["x"]]}))] == ["TAB-002"]


def test_lines_of_unknown_records_and_repeated_lines(tmp_path: Path) -> None:
    tables = fill(PACK, "CF_JD", [sample("CF_JD")])
    basis = tables["处罚决定-处罚依据"]
    stray = ["MA0000015-2022-CF-99999999", *basis[1][1:]]
    found = told(write_xlsx(tmp_path / "a.xlsx", tables | {"处罚决定-处罚依据": [*basis, basis[1], stray]}))
    assert [(code, line) for code, line, _ in found if code.startswith("TAB")] == [
        ("TAB-014", len(basis) + 1),
        ("TAB-013", len(basis) + 2),
    ]


def test_findings_of_lines_have_the_cell_of_the_line(tmp_path: Path) -> None:
    tables = fill(PACK, "CF_JD", [sample("CF_JD")])
    basis = tables["处罚决定-处罚依据"]
    at = basis[0].index("法律法规名称")
    basis.append([*basis[1][:3], 2, *basis[1][4:]])
    basis[-1][at] = "法" * 201
    [found] = inspected(write_xlsx(tmp_path / "a.xlsx", tables))
    assert (found.finding.code, found.finding.path) == ("XSD-010", "penaltyDecision/basis[2]/lawName")
    assert (found.finding.line, found.finding.column) == (len(basis), at + 1)
    assert f"处罚决定-处罚依据!{letters(at + 1)}{len(basis)}" in found.finding.message.zh


class TestCsv:
    """CSV files."""

    def rows(self) -> list[list[Any]]:
        return fill(PACK, "CF_LA", [sample("CF_LA")])["立案"]

    def test_encodings_are_declared(self, tmp_path: Path) -> None:
        rows = self.rows()
        for encoding in ("utf-8", "utf-8-sig"):
            assert told(write_csv(tmp_path, {"CF_LA": rows}, encoding)) == []
        path = tmp_path / "CF_LA.csv"
        text = path.read_text("utf-8-sig").replace("李示例", "李龴例")
        path.write_bytes(gb18030.encode(text))
        assert told(path)[0][0] == "DOC-003"
        assert told(path, encoding="gbk") == []
        path.write_bytes(text.encode("utf-16"))
        assert told(path, encoding="utf-16") == []
        assert told(path) == [("DOC-005", 1, 1)]
        path.write_bytes(text.encode("utf-16-le"))
        assert told(path, encoding="utf-16") == [("DOC-004", 1, 1)]
        path.write_bytes(text.encode("utf-8-sig"))
        assert told(path, encoding="gb18030") == [("DOC-005", 1, 1)]

    def test_strictness(self, tmp_path: Path) -> None:
        path = write_csv(tmp_path, {"CF_LA": self.rows()}, "utf-8")
        good = path.read_text("utf-8")
        head, row = good.splitlines()
        path.write_text(f"{head}\n{row},x\n\n{row}\n", "utf-8")
        assert told(path) == [("TAB-007", 2, head.count(",") + 2)]
        path.write_text(f"{head}\n{row[:-5]}\n", "utf-8")
        path.write_text(f'{head}\n{row}\n"a"b,{row}\n', "utf-8")
        assert told(path)[-1][:2] == ("TAB-008", 3)
        path.write_text(f'{head}\n"{row}\n', "utf-8")
        assert told(path)[-1][:2] == ("TAB-008", 2)
        path.write_bytes(b"")
        assert told(path) == []

    def test_a_line_is_that_of_the_file(self, tmp_path: Path) -> None:
        head, row = self.rows()
        at = head.index("违法事实") if "违法事实" in head else next(i for i, h in enumerate(head) if "事实" in h)
        long = [*row]
        long[at] = "第一行\n第二行"
        wrong = [*row]
        wrong[head.index("序号")] = "x"
        path = write_csv(tmp_path, {"CF_LA": [head, long, wrong]})
        assert ("XSD-005", 4, head.index("序号") + 1) in told(path)

    def test_parts_are_read_with_their_main_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        tables = fill(PACK, "CF_JD", [sample("CF_JD")], pinyin=True)
        at = tables["CF_JD_YJ"][0].index("FLMC") if "FLMC" in tables["CF_JD_YJ"][0] else 4
        tables["CF_JD_YJ"][1][at] = "法" * 201
        write_csv(tmp_path, tables)
        with pytest.raises(SystemExit):
            shell.main(["validate", str(tmp_path), "--json"])
        [row] = json.loads(capsys.readouterr().out)
        assert (Path(row["file"]).name, row["rule"], row["line"], row["column"]) == (
            "CF_JD_YJ.csv",
            "XSD-010",
            2,
            at + 1,
        )
        (tmp_path / "CF_JD.csv").unlink()
        assert [code for code, *_ in told(tmp_path / "CF_JD_YJ.csv")] == ["TAB-016"]

    def test_an_unknown_name(self, tmp_path: Path) -> None:
        path = write_csv(tmp_path, {"data": self.rows()})
        assert [code for code, *_ in told(path)] == ["TAB-002"]
        assert told(path, type_code="CF_LA") == []


def broken(path: Path, kind: str) -> Path:
    write_xlsx(path, fill(PACK, "CF_LA", [sample("CF_LA")]))
    data = path.read_bytes()
    if kind == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "text":
        path.write_bytes(b"not a workbook")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "ole":
        path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "a")
    else:
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            content = {
                "doctype": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
                "bomb": "0" * (64 * 1024 * 1024),
            }[kind]
            archive.writestr("xl/other.xml", content)
    return path


@pytest.mark.parametrize("kind", ["cut", "text", "empty", "ole", "zip", "doctype", "bomb"])
@pytest.mark.parametrize("rows", [50_000, 0])
def test_what_is_no_workbook_is_one_finding(
    tmp_path: Path, kind: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "IN_MEMORY_ROWS", rows)
    assert [code for code, *_ in told(broken(tmp_path / "a.xlsx", kind))] == ["TAB-001"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert [code for code, *_ in told(tmp_path / "a.xlsx")] == ["DOC-016"]
    assert [code for code, *_ in told(tmp_path / "CF_LA.csv")] == ["DOC-016"]
