# SPDX-License-Identifier: Apache-2.0
"""Every format, strictly: rows with their places, faults with row and cell, archives held to caps, memory held flat."""

import io
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import dbf
import openpyxl
import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.files import archive
from gateway.channels.files.findings import FILE_FINDINGS, FileRefused
from gateway.channels.files.formats import rows_of
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.documents import gb18030
from gateway.grids.grid import Area, MergeSweep
from gateway.model.row_id import join_row_id, split_row_id


def options(**given: Any) -> FileOptions:
    return FileOptions(directory="drop", **given)


def read(path: Path, **given: Any) -> tuple[list[dict[str, object]], list[tuple[int, str, int | None]]]:
    """Return the values of the rows taken, and line, code and column of those that are not."""
    found = list(rows_of(path, path.name, options(**given)))
    good = [each.values for each in found if isinstance(each, Taken)]
    return good, [(each.line, each.finding.code, each.finding.column) for each in found if isinstance(each, Bad)]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16"])
def test_csv_in_every_declared_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    text = 'ID,MC\n1,"甲,\n乙"\n2,镕\n'
    path.write_bytes(text.encode(encoding) if encoding != "gb18030" else gb18030.encode(text))
    assert read(path, encoding=encoding) == ([{"ID": "1", "MC": "甲,\n乙"}, {"ID": "2", "MC": "镕"}], [])


def test_an_undeclared_encoding_is_never_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("ID,MC\n1,甲\n2,b\n".encode("gbk"))
    good, bad = read(path)
    assert good == [{"ID": "2", "MC": "b"}]
    assert [(line, column) for line, _code, column in bad] == [(2, 2)]


def test_pipes_tabs_and_headerless_files(tmp_path: Path) -> None:
    (tmp_path / "a.psv").write_text("1|甲|\n2|乙|x\n3|丙\n")
    good, bad = read(tmp_path / "a.psv", header=0, columns=["ID", "MC", "BZ"])
    assert good == [{"ID": "1", "MC": "甲", "BZ": None}, {"ID": "2", "MC": "乙", "BZ": "x"}]
    assert bad == [(3, "TAB-007", 3)]
    (tmp_path / "a.tsv").write_text("ID\tMC\n1\t甲\n")
    assert read(tmp_path / "a.tsv")[0] == [{"ID": "1", "MC": "甲"}]


def test_lines_that_go_on_are_joined_and_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.psv").write_text("1|甲|罚款\n&没收|x\n2|乙|无|y\n3|丙\n&|无|z\n4|丁\n")
    given: dict[str, Any] = {"header": 0, "columns": ["ID", "MC", "CF", "BZ"], "continued": "&"}
    good, bad = read(tmp_path / "a.psv", **given)
    assert good == [
        {"ID": "1", "MC": "甲", "CF": "罚款没收", "BZ": "x"},
        {"ID": "2", "MC": "乙", "CF": "无", "BZ": "y"},
        {"ID": "3", "MC": "丙", "CF": "无", "BZ": "z"},
    ]
    assert bad == [(6, "TAB-007", 3)]
    spots = [
        each.spot.line for each in rows_of(tmp_path / "a.psv", "a.psv", options(**given)) if isinstance(each, Taken)
    ]
    assert spots == [1, 3, 4]


def test_vertical_blocks_of_names_and_values(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(
        "编号:A1\n当事人：甲公司\n事实:超标排放,\n  屡教不改\n备注=\n\n----\n编号:A2\n编号:A3\n\n没有分隔\n\n编号:A4\n".encode(
            "gbk"
        )
        + b"\n\xff:x\n"
    )
    good, bad = read(path, format="blocks", encoding="gbk", columns=["当事人"])
    assert good == [
        {"当事人": "甲公司", "编号": "A1", "事实": "超标排放,屡教不改", "备注": None},
        {"当事人": None, "编号": "A4"},
    ]
    assert [(line, code) for line, code, _ in bad] == [(8, "FIL-020"), (11, "FIL-020"), (15, "DOC-003")]


def test_fixed_columns_are_bytes_of_the_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.dat"
    path.write_bytes("001甲乙  9\n002丙    8\n003丁\n".encode("gbk"))
    good, bad = read(path, format="fixed", encoding="gbk", columns=["ID", "MC", "N"], widths=[3, 6, 1])
    assert good == [{"ID": "001", "MC": "甲乙", "N": "9"}, {"ID": "002", "MC": "丙", "N": "8"}]
    assert bad == [(3, "TAB-007", None)]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"ID":1,"JE":1.10,"X":{"b":[1,2]},"OK":true}\n[1]\n{"ID":1,"ID":2}\n{"ID":\n{"ID":2,"JE":null}\n{"N":NaN}\n'
    )
    good, bad = read(path)
    assert good == [{"ID": 1, "JE": "1.10", "X": '{"b":[1,2]}', "OK": 1}, {"ID": 2, "JE": None}]
    assert [(line, code) for line, code, _ in bad] == [(2, "FIL-013"), (3, "FIL-013"), (4, "FIL-013"), (6, "FIL-013")]


def test_dbf_of_the_nineties(tmp_path: Path) -> None:
    table = dbf.Table(str(tmp_path / "a.dbf"), "AJBH C(10); DSR C(20); JE N(10,2); RQ D; ZF L", codepage="cp936")
    table.open(dbf.READ_WRITE)
    table.append(("A1", "张三", 100.5, dbf.Date(2020, 1, 31), True))
    table.append(("A2", "李四", None, None, False))
    table.append(("A3", "王五", 3, dbf.Date(2020, 2, 1), None))
    with table[1] as row:
        dbf.delete(row)
    table.close()
    good, bad = read(tmp_path / "a.dbf", encoding="gbk")
    assert good == [
        {"AJBH": "A1", "DSR": "张三", "JE": "100.50", "RQ": "2020-01-31", "ZF": 1},
        {"AJBH": "A3", "DSR": "王五", "JE": "3.00", "RQ": "2020-02-01", "ZF": None},
    ]
    assert bad == []
    data = (tmp_path / "a.dbf").read_bytes()
    (tmp_path / "cut.dbf").write_bytes(data[:-40])
    with pytest.raises(FileRefused) as cut:
        read(tmp_path / "cut.dbf", encoding="gbk")
    assert cut.value.finding.code == "TAB-001"


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "表格说明"
    first.append(["请按说明填写"])
    sheet = book.create_sheet("台账")
    sheet.append(["某局行政处罚台账"])
    sheet.append(["编号", "当事人", None, "罚款(元)"])
    sheet.append([None, "名称", "证件号", None])
    sheet.append(["A1", "甲公司", "0123", 100.5])
    sheet.append(["A2", "乙公司", 9136010012345678901, 7])
    sheet.append(["A3", "丙公司", "0456", "=1/0"])
    sheet.append(["A4", "丁公司", "0457", 5])
    sheet.append(["A5", None, "0458", 5])
    sheet.append(["合计", None, None, 112.5])
    sheet.append(["填表人:某某"])
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("D2:D3")
    sheet.merge_cells("B7:B8")
    book.save(path)


def test_excel_with_merged_headers_explanations_and_a_footer(tmp_path: Path) -> None:
    _workbook(tmp_path / "a.xlsx")
    given: dict[str, Any] = {"skip": 1, "header": 2, "footer": ["合计", "填表人"]}
    good, bad = read(tmp_path / "a.xlsx", **given)
    assert good[0] == {"编号": "A1", "当事人.名称": "甲公司", "当事人.证件号": "0123", "罚款(元)": "100.5"}
    assert (5, "TAB-009", 3) in bad, "a number of nineteen digits has lost some"
    assert {(7, "TAB-006", 2), (8, "TAB-006", 2)} <= set(bad)
    filled, _ = read(tmp_path / "a.xlsx", merged="fill", **given)
    assert [row["当事人.名称"] for row in filled if row["编号"] in ("A4", "A5")] == ["丁公司", "丁公司"]
    named = list(rows_of(tmp_path / "a.xlsx", "a.xlsx", options(sheet="台账", **given)))
    assert len(named) == 5
    with pytest.raises(FileRefused):
        read(tmp_path / "a.xlsx", sheet="没有")


def test_old_excel(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    for at, line in enumerate([["ID", "MC"], ["1", "甲"], [2, "乙"]]):
        for column, cell in enumerate(line):
            sheet.write(at, column, cell)
    book.save(str(tmp_path / "a.xls"))
    assert read(tmp_path / "a.xls") == ([{"ID": "1", "MC": "甲"}, {"ID": 2, "MC": "乙"}], [])


@pytest.mark.parametrize(("head", "code"), [("ID,ID\n1,2\n", "FIL-015"), ("A,B\n1,2\n", "FIL-010"), ("", "FIL-010")])
def test_a_header_that_does_not_serve_refuses_the_file(tmp_path: Path, head: str, code: str) -> None:
    (tmp_path / "a.csv").write_text(head)
    with pytest.raises(FileRefused) as refused:
        read(tmp_path / "a.csv", row_id="ID")
    assert refused.value.finding.code == code


def _zip(path: Path, *parts: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts:
            packed.writestr(name, data)
    return path


def _link() -> zipfile.ZipInfo:
    about = zipfile.ZipInfo("link.csv")
    about.external_attr = 0o120777 << 16
    return about


@pytest.mark.parametrize(
    "parts",
    [
        [("../a.csv", b"x")], [("/etc/a.csv", b"x")], [("C:\\a.csv", b"x")], [("a\\..\\..\\b.csv", b"x")],
        [("inner.zip", b"x")], [(_link(), b"/etc/passwd")], [("a.csv", b"x"), ("A.csv", b"y")],
        [("bomb.csv", b"0" * 20_000_000)], [(f"{n}.csv", b"x") for n in range(archive.MOST_ENTRIES + 1)],
    ],
)  # fmt: skip
def test_s7_archives_that_lead_outside_or_blow_up_are_refused(tmp_path: Path, parts: list[Any]) -> None:
    path = _zip(tmp_path / "a.zip", *parts)
    with pytest.raises(FileRefused) as refused:
        list(archive.members(path, "a.zip", 10**9))
    assert refused.value.finding.code == "FIL-007"


def test_s7_damaged_and_oversized_archives_are_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", ("a.csv", bytes(range(256)) * 4000))
    for data in (
        path.read_bytes()[:-30],
        path.read_bytes()[:200] + b"\x00" * 50 + path.read_bytes()[250:],
        b"PK\x03\x04",
    ):
        (tmp_path / "b.zip").write_bytes(data)
        with pytest.raises(FileRefused):
            list(archive.members(tmp_path / "b.zip", "b.zip", 10**9))
    with pytest.raises(FileRefused):
        list(archive.members(path, "a.zip", 1000))


def test_members_of_an_archive_come_in_order_under_their_own_names(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", ("乙.csv", b"2"), ("甲/丙.csv", b"1"))
    found = [(member.name, member.path.read_bytes()) for member in archive.members(path, "a.zip", 100)]
    assert found == [("乙.csv", b"2"), ("甲/丙.csv", b"1")]


def test_hostile_json_and_excel_never_raise_anything_else(tmp_path: Path) -> None:
    (tmp_path / "deep.jsonl").write_text("[" * 100_000 + "\n" + '{"ID":1}\n')
    good, bad = read(tmp_path / "deep.jsonl")
    assert (good, [code for _, code, _ in bad]) == ([{"ID": 1}], ["FIL-013"])
    for data in (b"", b"PK\x03\x04garbage", b"\xd0\xcf\x11\xe0" + bytes(600), io.BytesIO(b"no").read()):
        (tmp_path / "x.xlsx").write_bytes(data)
        with pytest.raises(FileRefused):
            read(tmp_path / "x.xlsx")


def test_every_sentence_is_there_in_both_languages() -> None:
    for code, (message, hint) in FILE_FINDINGS.items():
        assert code.startswith("FIL-")
        assert all((message.zh, message.en, hint.zh, hint.en))


_MEASURE = """
import sys
from pathlib import Path
from gateway.channels.files.formats import rows_of
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Taken
path = Path(sys.argv[1])
count = sum(isinstance(each, Taken) for each in rows_of(path, path.name, FileOptions(directory="d", row_path=sys.argv[2] if sys.argv[2:] else None)))
status = dict(line.split(":", 1) for line in open("/proc/self/status", encoding="utf-8") if ":" in line)
print(count, int(status["VmHWM"].split()[0]) // 1024)
"""


def _measured(path: Path, *more: str) -> tuple[int, int]:
    """Read a file in a process of its own; return its rows and the greatest memory in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_MEASURE), str(path), *more], capture_output=True, text=True, check=True
    )
    rows, memory = done.stdout.split()
    return int(rows), int(memory)


def test_a_hundred_thousand_rows_of_excel_in_less_than_256_mb(tmp_path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    sheet.append([f"C{n}" for n in range(4)])
    for number in range(100_000):
        sheet.append([f"{number}-{n}" if n < 2 else "南昌市某某局" for n in range(4)])
    book.save(tmp_path / "a.xlsx")
    rows, memory = _measured(tmp_path / "a.xlsx")
    assert rows == 100_000
    assert memory < 110, "row by row, though the sheet does not say how long it is"


def test_two_hundred_megabytes_of_csv_stream(tmp_path: Path) -> None:
    line = ",".join(["南昌市某某局行政处罚决定书"] * 30) + "\n"
    with (tmp_path / "a.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(f"C{n}" for n in range(30)) + "\n")
        count = 200_000_000 // len(line.encode())
        for _ in range(count):
            file.write(line)
    rows, memory = _measured(tmp_path / "a.csv")
    assert rows == count
    assert memory < 200


def _dbf(path: Path, *, record: int | None = None, header: int | None = None, told: int = 2, there: int = 2) -> Path:
    """Write a DBF of two fields (10 and 5 bytes) by hand, saying of itself what is asked."""
    fields = b"".join(
        name.ljust(11, b"\0") + b"C" + b"\0" * 4 + bytes([size, 0]) + b"\0" * 14
        for name, size in ((b"ID", 10), (b"MC", 5))
    )
    length = 32 + len(fields) + 1
    head = b"\x03\x7e\x01\x01" + told.to_bytes(4, "little")
    head += (header if header is not None else length).to_bytes(2, "little")
    head += (record if record is not None else 16).to_bytes(2, "little") + b"\0" * 20
    rows = b"".join(b" " + str(n).encode().ljust(10) + b"x".ljust(5) for n in range(there))
    path.write_bytes(head + fields + b"\r" + rows + b"\x1a")
    return path


def test_a_dbf_header_is_held_to_its_fields_and_to_the_file(tmp_path: Path) -> None:
    assert [row["ID"] for row in read(_dbf(tmp_path / "a.dbf"))[0]] == ["0", "1"]
    for lie, said in (
        ({"record": 0}, "记录长度 0"), ({"record": 12}, "各字段合计 16"), ({"record": 17}, "各字段合计 16"),
        ({"header": 64}, "文件头长度 64"), ({"header": 60_000}, "文件头长度 60000"),
        ({"told": 3}, "文件不完整"), ({"there": 4}, "实有 4 条"), ({"told": 2**32 - 1, "record": 0}, "记录长度 0"),
    ):  # fmt: skip
        with pytest.raises(FileRefused) as refused:
            list(rows_of(_dbf(tmp_path / "b.dbf", **lie), "b.dbf", options()))  # type: ignore[arg-type]
        assert said in refused.value.finding.message.zh, lie
        assert refused.value.finding.code == "TAB-001"


def test_a_line_without_end_costs_its_row_and_no_other(tmp_path: Path) -> None:
    long = "x" * (3 * 1024 * 1024)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + f'{{"ID":1}}\n{{"ID":"{long}"}}\n{{"ID":3}}'.encode())
    assert read(path) == ([{"ID": 1}, {"ID": 3}], [(2, "DOC-013", None)])
    path = tmp_path / "b.txt"
    path.write_text(f"名称:甲\n\n名称:{long}\n\n名称:丙\n")
    good, bad = read(path, format="blocks")
    assert (good, bad) == ([{"名称": "甲"}, {"名称": "丙"}], [(3, "DOC-013", None)])
    path = tmp_path / "c.txt"
    path.write_text(f"ab\n{long}\ncd\n")
    good, bad = read(path, format="fixed", header=0, columns=["A", "B"], widths=[1, 1])
    assert (good, bad) == ([{"A": "a", "B": "b"}, {"A": "c", "B": "d"}], [(2, "DOC-013", None)])


def test_every_merged_area_is_looked_at_once_however_many_rows_there_are() -> None:
    looked = [0]

    class Counted(Area):
        @property
        def bottom(self) -> int:  # type: ignore[override]
            looked[0] += 1
            return self[1]

    areas = [Counted(row, row + 1, 1, 2) for row in range(2000, 0, -2)]
    sweep = MergeSweep(areas)
    found = [tuple(sweep.at(row)) for row in range(1, 3001)]
    assert looked[0] <= 3 * len(areas)
    assert [[area.top for area in each] for each in found[:5]] == [[], [2], [2], [4], [4]]
    assert sum(map(len, found)) == sum(1 for area in areas for _ in range(area[0], area[1] + 1))


@given(st.lists(st.text(alphabet="a|\\甲"), min_size=1, max_size=4))
def test_a_row_id_of_several_columns_comes_apart_as_it_was_put_together(parts: list[str]) -> None:
    assert split_row_id(join_row_id(parts), len(parts)) == parts
