# SPDX-License-Identifier: Apache-2.0
"""Cells as real systems hold them: numerals, calendars, amounts in words, mixed-up units; said in the mapping alone."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.mapping import formats, interpret_forms, written
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Constant, Value
from gateway.mapping.reading import MappingFaults
from gateway.pack import Pack
from tests.mapping.conftest import Bench, mapping_text

Make = Callable[..., Bench]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇一一年三月五日", "2011-03-05"), ("二零一一年十二月廿一日", "2011-12-21"), ("2011年三月三十日", "2011-03-30"),
        ("民国100年3月5日", "2011-03-05"), ("民國一百年三月五日", "2011-03-05"), ("100/03/05", "2011-03-05"), ("1000305", "2011-03-05"),
        ("40607", "2011-03-05"), ("40607.75", "2011-03-05"), ("20110305", "2011-03-05"), ("2011.3.5", "2011-03-05"),
        ("5-3月-11", "2011-03-05"), ("05-3月-98", "1998-03-05"),
    ],
)  # fmt: skip
def test_dates_of_every_hand(bench: Make, text: str, day: str) -> None:
    spec = (
        "{from: D, formats: [chinese, yyyyMMdd, yyyy.M.d, 'd-M月-yy', minguo, excel-serial], date_only_at: '00:00:00'}"
    )
    found = bench({"decidedAt": spec}).elements(D=text)["decidedAt"]
    assert found[:10] == day
    assert found[11:19] == ("18:00:00" if text.endswith(".75") else "00:00:00")


@pytest.mark.parametrize("text", ["二〇一一年二月三十日", "三月五日", "60", "9999999", "二〇一一年十三月一日"])
def test_dates_that_are_none(bench: Make, text: str) -> None:
    spec = "{from: D, formats: [chinese, minguo, excel-serial], date_only_at: '00:00:00'}"
    assert bench({"decidedAt": spec}).codes(D=text) == [("MAP-002", "D")]


def test_twelve_hours(bench: Make) -> None:
    made = bench({"decidedAt": "{from: D, formats: ['yyyy/M/d a h:mm']}"})
    assert made.elements(D="2011/3/5 下午 3:05")["decidedAt"] == "2011-03-05T15:05:00+08:00"
    assert made.elements(D="2011/3/5 上午 12:05")["decidedAt"] == "2011-03-05T00:05:00+08:00"
    assert made.codes(D="2011/3/5 上午 13:05") == [("MAP-002", "D")]


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("1,234.50元", "1234.5"), ("壹万贰仟元整", "12000"), ("1.2万元", "12000"), ("人民币￥５００", "500"), ("伍佰圆整", "500"),
        ("壹仟零伍拾元伍角", "1050.5"), ("贰拾元零伍分", "20.05"), ("一亿二千万元", "120000000"), ("十万", "100000"), ("88", "88"),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(bench: Make, text: str, yuan: str) -> None:
    assert bench({"refund": "{from: N, unit: 元, written: true}"}).elements(N=text)["refund"] == yuan


@pytest.mark.parametrize("text", ["三千五", "约五百", "1,23元", "壹万贰仟元整左右", "元", "十十"])
def test_amounts_that_say_nothing_certain(bench: Make, text: str) -> None:
    assert bench({"refund": "{from: N, unit: 元, written: true}"}).codes(N=text) == [("MAP-003", "N")]


def test_written_amounts_and_dates_are_read_alike_by_both_readers() -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    value = Value(Constant(""), kind="decimal", written=True, scale=4, fraction_digits=2)
    for _ in range(4000):
        text = "".join(
            dice.choice("零〇壹一贰二两三伍九拾十佰百仟千万亿元角分整正1234.,¥人民币 +-圆")
            for _ in range(dice.randint(1, 9))
        )
        assert written.written_decimal(text, 4, 2) == interpret_forms.decimal(value, text), (seed, text)
        year = dice.choice(["民国", "", "二〇", "1", "中华民国"]) + "".join(
            dice.choice("〇一二十1203") for _ in range(dice.randint(1, 4))
        )
        text = (
            year
            + "年"
            + "".join(dice.choice("一二十1廿") for _ in range(dice.randint(1, 2)))
            + "月"
            + dice.choice("一十3")
            + "日"
        )
        for pattern in ("chinese", "minguo"):
            fast, slow = formats.parser((pattern,))(text), interpret_forms.scan(pattern, text)
            assert (fast and fast.day) == (slow and slow[0].strftime("%Y-%m-%d").rjust(10, "0")), (seed, text)


def test_ids_with_blanks_full_width_digits_and_lost_zeros(bench: Make) -> None:
    made = bench(
        {"documentNo": "{from: A, remove: [' ', '-'], case: upper}", "by": "{from: B, pad: 4}"},
        top="text: {half_width: true}\n",
    )
    elements = made.elements(A="３６０１ 0219-9001x", B="1")
    assert (elements["documentNo"], elements["by"]) == ("360102199001X", "0001")


def test_an_amount_in_the_wrong_unit_is_named(bench: Make) -> None:
    made = bench({"refund": "{from: N, unit: 万元, plausible: ['50', '2000000']}"})
    assert made.elements(N="5")["refund"] == "50000"
    assert made.codes(N="30000") == [("MAP-015", "N")], "yuan in a column of 万元"
    assert made.codes(N="99999999999") == [("MAP-014", "N")]
    other = bench({"refund": "{from: N, unit: 元, plausible: ['50', '2000000']}"})
    found = other.map(N="1.5").refused[0].findings[0]
    assert found.code == "MAP-015"
    assert "万元" in found.message.zh


def test_the_plausible_range_of_an_item_comes_from_a_reference_table(tmp_path: Path, pack: Pack) -> None:
    (tmp_path / "items.csv").write_text(
        "事项名称,编码,罚款上限,启用,停用\n占道,0001,500,,2019-12-31\n占道,0001,1000,2020-01-01,\n排污,0002,1000000,,\n",
        encoding="utf-8",
    )
    text = mapping_text(
        {
            "actKey": "{concat: [{text: 'CF_JD:'}, AJ, {text: ':1'}]}", "kind": '{const: "2"}',
            "refund": "{from: N, unit: 元, plausible: [null, {value: most}]}",
            "documentNo": "{from: A, codes: items, take: 编码, on: day}",
        },
        top=(
            "tables: {items: {file: items.csv, key: 事项名称, from: 启用, to: 停用}}\n"
            "values:\n  day: {from: D, as: date}\n  most: {from: A, codes: items, take: 罚款上限, on: day, as: decimal, unit: 元}\n"
        ),
    )  # fmt: skip
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    made = Bench(load_mapping(tmp_path / "m.yaml", pack), pack)
    assert made.elements(A="占道", N="800", D="2020-03-01")["documentNo"] == "0001"
    assert made.codes(A="占道", N="800", D="2019-03-01") == [("MAP-014", "N")]
    assert ("MAP-004", "A") in made.codes(A="无此事项", N="1", D="2020-03-01")
    (tmp_path / "m.yaml").write_text(text.replace("take: 罚款上限", "take: 罚款上线"), encoding="utf-8")
    with pytest.raises(MappingFaults, match="是否应为 罚款上限"):
        load_mapping(tmp_path / "m.yaml", pack)


def test_what_happens_to_an_empty_cell_is_said_field_by_field(bench: Make) -> None:
    made = bench(
        {"documentNo": "{from: A, empty: keep}", "by": "{from: A}", "remark": "{from: B, empty: refuse}"},
        top='null: ["无"]\n',
    )
    elements = made.elements(A="无", B="x")
    assert elements["documentNo"] == "无"
    assert "by" not in elements
    assert made.codes(A="x", B="无") == [("MAP-016", "B")]


def test_personal_data_are_hidden_but_never_what_the_standard_demands(bench: Make) -> None:
    made = bench({"documentNo": "{from: A, mask: text}"})
    assert "13900000001" not in made.elements(A="电话13900000001")["documentNo"]
    with pytest.raises(MappingFaults, match="不能遮盖"):
        bench({"caseNo": "{from: AJ, mask: account}"})
    with pytest.raises(MappingFaults, match="不能遮盖"):
        bench({"orgCode": "{value: hidden}"}, top="values: {hidden: {from: A, mask: name}}\n")


def test_rows_that_are_none_of_our_business_give_nothing_and_no_fault(bench: Make) -> None:
    made = bench({"documentNo": "A"}, top='ignore: \'rec["B"] == "草稿"\'\n')
    mapped = made.map(B="草稿")
    assert (mapped.drafts, mapped.refused, mapped.ignored) == ((), (), True)
    assert made.elements(B="正式")["documentNo"] == "甲"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("{from: Q}", "没有声明的源列 Q"), ("{from: N, unit: 元, plausible: ['9', '1']}", "最小大于最大"),
        ("{from: A, pad: x}", "pad 写补零后的位数"), ("{value: dya}", "是否应为 day"), ("{from: A, empty: never}", "应为"),
        ("{from: A, empty: refuse, default: x}", "只能写一个"), ("{from: A, written: true}", "只用于金额"),
        ("{from: A, plausible: ['1', '2']}", "只用于数"), ("{from: A, remvoe: [x]}", "是否应为 remove"), ("{from: A, replace: {a: 1}}", "写成 replace"),
    ],
)  # fmt: skip
def test_wrong_words_are_told_with_place_and_the_nearest_known_word(bench: Make, spec: str, told: str) -> None:
    field = "refund" if "unit" in spec else "documentNo"
    with pytest.raises(MappingFaults) as caught:
        bench({field: spec}, top="values: {day: {from: D, as: date}}\n")
    assert any(told in fault.spoken("zh") and fault.spoken("zh").startswith("m.yaml:") for fault in caught.value.faults)
