# SPDX-License-Identifier: Apache-2.0
"""A mapping goes into the workbook of vendors and comes back meaning the same; what is wrong is named by its cell."""

import dataclasses
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gateway import resources
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping
from gateway.mapping.outline import outline_of, write
from gateway.mapping.reading import Faults, MappingFaults, read
from gateway.mapping.workbook import from_workbook, to_workbook
from gateway.pack import Pack, load_pack

SHIPPED = sorted(
    path for path in resources.find("mappings").glob("*/*.yaml") if not path.name.endswith(".examples.yaml")
)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack()


def book_of(path: Path, pack: Pack) -> bytes:
    return to_workbook(outline_of(read(path, Faults()), path.read_text(encoding="utf-8")), pack)


def meaning(mapping: Mapping) -> Mapping:
    return dataclasses.replace(mapping, path=Path(), version="")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_round_trip_means_the_same(path: Path, pack: Pack, tmp_path: Path) -> None:
    text, _places = write(from_workbook(book_of(path, pack), "book.xlsx"))
    back = tmp_path / path.name
    back.write_text(text, encoding="utf-8")
    assert meaning(load_mapping(back, pack, (path.parent,))) == meaning(load_mapping(path, pack))
    again, _places = write(from_workbook(book_of(back, pack), "book.xlsx"))
    assert again == text, "the second trip changes nothing any more"


def test_reference_tables_and_ignored_rows_survive_the_round_trip(pack: Pack, tmp_path: Path) -> None:
    source = resources.find("mappings") / "street-ledger-penalties" / "decisions.yaml"
    text = source.read_text(encoding="utf-8").replace(
        "tables:\n", 'ignore: \'rec["救济"] == "草稿"\'\n\ntables:\n  items: {file: items.csv, key: 名称, from: 起}\n'
    )
    text += "      discretion: {from: '事实', codes: items, take: 上限, on: decided, empty: refuse}\n"
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "items.csv").write_text("名称,上限,起\n甲,1,2020-01-01\n", encoding="utf-8")
    back, _places = write(from_workbook(book_of(tmp_path / "m.yaml", pack), "book.xlsx"))
    (tmp_path / "back.yaml").write_text(back, encoding="utf-8")
    assert meaning(load_mapping(tmp_path / "back.yaml", pack)) == meaning(load_mapping(tmp_path / "m.yaml", pack))


def test_comments_travel_as_notes(pack: Pack, tmp_path: Path) -> None:
    source = resources.find("mappings") / "environment-penalties" / "penalties.yaml"
    lines = source.read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  COUNTY:"))
    lines[at] += "  # 见 2012 年通知 #3"
    lines.insert(at, "  # 第二行")
    lines.insert(at, "  # 第一行")
    noted = tmp_path / "penalties.yaml"
    noted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    outline = outline_of(read(noted, Faults()), noted.read_text(encoding="utf-8"))
    entry = next(entry for entry in outline.columns if entry.name == "COUNTY")
    assert entry.note == "第一行\n第二行\n见 2012 年通知 #3"
    assert entry.note in [
        cell.value for cell in load_workbook(io.BytesIO(to_workbook(outline, pack)))["源列"]["C"] if cell.value
    ]
    assert "# 见 2012 年通知 #3" in write(outline)[0]


def test_unfilled_mandatory_fields_are_there_to_fill(pack: Pack) -> None:
    path = resources.find("mappings") / "environment-penalties" / "penalties.yaml"
    page = load_workbook(io.BytesIO(book_of(path, pack)))["记录 1 CF_JD"]
    rows = {row[0].value: row for row in page.iter_rows(min_row=7) if row[0].value}
    fact = rows["fact"]
    assert [cell.value for cell in fact[:3]] == ["fact", "违法事实", pack.shape("CF_JD").by_path["fact"].pinyin]
    assert fact[8].value is None
    assert fact[6].fill.fgColor.rgb == "00F8CBAD"
    assert "version" not in rows, "the ledger gives it"


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "place"),
    [
        ("源列", "B2", 12, "[源列!B2]"),
        ("源列", "B2", "{type: integer", "[源列!B2]"),
        ("代码对照", "A3", None, "[代码对照!A3]"),
        ("取值", "B2", "=1+1", "[取值!B2]"),
    ],
)
def test_a_bad_cell_is_named(sheet: str, cell: str, value: object, place: str, pack: Pack) -> None:
    path = resources.find("mappings") / "environment-penalties" / "penalties.yaml"
    book = load_workbook(io.BytesIO(book_of(path, pack)))
    book[sheet][cell].value = value  # type: ignore[assignment]
    held = io.BytesIO()
    book.save(held)
    with pytest.raises(MappingFaults) as caught:
        from_workbook(held.getvalue(), "book.xlsx")
    assert [fault.file for fault in caught.value.faults] == [f"book.xlsx{place}"]


def test_a_missing_sheet_and_no_workbook_are_named(pack: Pack) -> None:
    path = resources.find("mappings") / "environment-penalties" / "penalties.yaml"
    book = load_workbook(io.BytesIO(book_of(path, pack)))
    del book["号码"]
    held = io.BytesIO()
    book.save(held)
    with pytest.raises(MappingFaults, match="缺少工作表 号码"):
        from_workbook(held.getvalue(), "book.xlsx")
    with pytest.raises(MappingFaults, match="不是可读的 xlsx"):
        from_workbook(b"PK nothing", "book.xlsx")
