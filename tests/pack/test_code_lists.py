# SPDX-License-Identifier: Apache-2.0
"""Code lists hold by date (law.md §3, §4)."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.pack import Pack
from gateway.pack.code_list import read_code_list


@pytest.mark.parametrize(
    ("name", "code", "before", "after", "holds"),
    [
        ("PenaltyKind", "CF09", date(2021, 7, 14), date(2021, 7, 15), (False, True)),
        ("PenaltyKind", "CF13", date(2021, 7, 14), date(2021, 7, 15), (False, True)),
        ("PenaltyKind", "CF99", date(2021, 7, 14), date(2021, 7, 15), (True, True)),
        ("PenaltyOutcome", "不予处罚-无主观过错", date(2021, 7, 14), date(2021, 7, 15), (False, True)),
        ("CoercionKind", "QZ01", date(2013, 12, 27), date(2013, 12, 28), (True, False)),
        ("CoercionKind", "QZ08", date(2011, 12, 31), date(2012, 1, 1), (False, True)),
        ("PowerSubcategory", "QT01", date(2015, 8, 5), date(2015, 8, 6), (True, False)),
        ("NonDisclosureReason", "过程性信息", date(2019, 5, 14), date(2019, 5, 15), (False, True)),
        ("NonDisclosureReason", "危及三安全一稳定", date(2019, 5, 14), date(2019, 5, 15), (True, False)),
        ("NonDisclosureReason", "国家秘密", date(2019, 5, 14), date(2019, 5, 15), (True, True)),
        ("NonDisclosureReason", "治安违法记录封存", date(2025, 12, 31), date(2026, 1, 1), (False, True)),
        ("IdKind", "港澳居民居住证", date(2018, 8, 31), date(2018, 9, 1), (False, True)),
        ("Region", "360122", date(2015, 8, 5), date(2015, 8, 6), (True, False)),
        ("Region", "360112", date(2015, 8, 5), date(2015, 8, 6), (False, True)),
        ("Region", "360105", date(2019, 12, 23), date(2019, 12, 24), (True, False)),
        ("Region", "360113", date(2019, 12, 23), date(2019, 12, 24), (False, True)),
        ("Region", "360193", date(2019, 12, 23), date(2019, 12, 24), (True, False)),
        ("Region", "360194", date(2020, 6, 27), date(2020, 6, 28), (False, True)),
    ],
)
def test_validity_turns_on_the_day(
    pack: Pack, name: str, code: str, before: date, after: date, holds: tuple[bool, bool]
) -> None:
    codes = pack.code_lists[name]
    assert (codes.holds(code, before), codes.holds(code, after)) == holds


def test_labels_change_with_the_law(pack: Pack) -> None:
    codes = pack.code_lists
    old, new = date(2021, 7, 14), date(2021, 7, 15)
    labels = [codes["PenaltyKind"].label("CF08", day) for day in (old, new)]
    assert [words.zh for words in labels if words] == ["吊销许可证、吊销执照", "吊销许可证件"]
    labels = [codes["PenaltyProcedure"].label("2", day) for day in (old, new)]
    assert [words.zh for words in labels if words] == ["一般", "普通"]
    assert codes["PenaltyKind"].label("CF09", old) is None


def test_every_entry_says_where_it_comes_from(pack: Pack) -> None:
    for name, codes in pack.code_lists.items():
        assert codes.title.zh != name, name
        for rows in codes.rows.values():
            for earlier, later in pairwise(rows):
                assert earlier.valid_to < later.valid_from, (name, earlier.code)
            if name != "IssuePlace":
                assert all(row.source and row.label.zh for row in rows), (name, rows)


def test_every_english_label_is_there(pack: Pack) -> None:
    named = {"Region", "IssuePlace"}  # names of places have no English form here
    for name, codes in pack.code_lists.items():
        if name not in named:
            assert all(row.label.en.isascii() and row.label.en for rows in codes.rows.values() for row in rows), name


def test_nanchang_and_province_may_be_regions(pack: Pack) -> None:
    regions = pack.code_lists["Region"]
    for code in ("360000", "360100", "360102", "360103", "360104", "360111", "360121", "360123", "360124", "360191"):
        assert regions.holds(code, date(2012, 6, 1)), code
    for code in ("360106", "360108", "360125"):  # registering offices, no regions
        assert regions.entry(code) is None


def test_successors_are_regions(pack: Pack) -> None:
    regions = pack.code_lists["Region"]
    successors = {
        row.code: row.extra["successor"] for rows in regions.rows.values() for row in rows if "successor" in row.extra
    }
    assert successors["360122"] == "360112"
    assert successors["360105"] == "360112"
    assert successors["360193"] == "360113"
    assert set(successors.values()) <= regions.rows.keys()


def test_issue_places_know_every_region_and_former_ones(pack: Pack) -> None:
    places = pack.code_lists["IssuePlace"].rows.keys()
    known = {code for code, rows in pack.code_lists["Region"].rows.items() if not rows[-1].extra.get("ext")}
    assert known <= places
    assert {"360122", "360105", "110103", "362101"} <= places


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# t | t\ncode,label\nA,a\n", "columns must begin with"),
        (
            "# t | t\ncode,label_zh,label_en,valid_from,valid_to,source\nA,甲,a,2012-01-02,2012-01-01,x\n",
            "valid_to lies before",
        ),
    ],
)
def test_a_broken_list_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "Broken.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=fault):
        read_code_list(path)
