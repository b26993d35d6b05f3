# SPDX-License-Identifier: Apache-2.0
"""What values become: one feature a test, compiled and interpreted alike."""

from collections.abc import Callable

import pytest

from gateway.model.record import Scalar
from tests.mapping.conftest import Bench

Make = Callable[..., Bench]


def test_absent_facts_stay_absent(bench: Make) -> None:
    elements = bench({"documentNo": "B", "by": "A"}).elements(A="  ", B=None)
    assert "documentNo" not in elements
    assert "by" not in elements


@pytest.mark.parametrize("token", ["-", "－", "—", "/", "／", "无", "無", "NULL", "ｎｕｌｌ", "　"])
def test_null_tokens_mean_absent(bench: Make, token: str) -> None:
    made = bench({"documentNo": "A"}, top='null: ["-", "/", 无, "null"]\n')
    assert "documentNo" not in made.elements(A=token)
    assert made.elements(A=f"{token}x".strip())["documentNo"]


def test_null_tokens_of_a_column_replace_and_of_a_field_add(bench: Make) -> None:
    made = bench(
        {"documentNo": "A", "by": "{from: B, null: [空]}"},
        top='null: ["-"]\ncolumns: {AJ: , T: , N: , D: , A: {null: [缺]}, B: }\n',
        columns="",
    )
    assert made.elements(A="-", B="空") | {} == made.elements(A="-", B="-")
    assert made.elements(A="-")["documentNo"] == "-"
    assert "documentNo" not in made.elements(A="缺")


def test_integers_of_the_source_are_text(bench: Make) -> None:
    assert bench({"documentNo": "A"}).elements(A=12)["documentNo"] == "12"


@pytest.mark.parametrize("cell", [1.5, True, b"x"])
def test_other_types_refuse_the_row(bench: Make, cell: Scalar) -> None:
    assert bench({"documentNo": "A"}).codes(A=cell) == [("MAP-001", "A")]


def test_a_lacking_column_refuses_the_row_unless_optional(bench: Make) -> None:
    made = bench({"documentNo": "C", "by": "A"}, columns="AJ, T, A, B, N, D, C")
    assert made.codes() == [("MAP-001", "C")]
    kept = bench({"documentNo": "C"}, columns="", top="columns: {AJ: , T: , A: , B: , C: {optional: true}}\n")
    assert "documentNo" not in kept.elements()


def test_dates(bench: Make) -> None:
    made = bench({"decidedAt": '{from: D, date_only_at: "08:30:00"}'})
    assert made.elements(D="2012-04-26")["decidedAt"] == "2012-04-26T08:30:00+08:00"
    assert made.elements(D="2012-04-26 10:00:00")["decidedAt"] == "2012-04-26T10:00:00+08:00"
    assert made.codes(D="2012-02-30") == [("MAP-002", "D")]


def test_several_formats(bench: Make) -> None:
    made = bench({"decidedAt": '{from: D, formats: ["yyyy.M.d H:mm", epoch-millis]}'})
    assert made.elements(D="2012.4.26 9:11")["decidedAt"] == made.elements(D="1335402660000")["decidedAt"]


def test_money_names_its_unit(bench: Make) -> None:
    made = bench({"refund": "{from: N, unit: 万元}"})
    assert made.elements(N="1.5")["refund"] == "15000"
    assert made.elements(N="0.0001")["refund"] == "1"
    assert made.codes(N="0.0000001") == [("MAP-003", "N")]
    assert made.codes(N="一万") == [("MAP-003", "N")]


def test_concat_skips_what_is_absent(bench: Make) -> None:
    made = bench({"documentNo": "{concat: [{text: 洪}, A, B], separator: '-'}"})
    assert made.elements(A="1", B="2")["documentNo"] == "洪-1-2"
    assert made.elements(A="1", B=None)["documentNo"] == "洪-1"
    assert "documentNo" not in made.elements(A=None, B=None)


def test_first_takes_the_first_present(bench: Make) -> None:
    made = bench({"documentNo": "{first: [A, {from: B, extract: '[0-9]+'}]}"})
    assert made.elements(A="甲", B="x1")["documentNo"] == "甲"
    assert made.elements(A=None, B="x12")["documentNo"] == "12"


def test_extract(bench: Make) -> None:
    made = bench({"documentNo": "{from: A, extract: '^(.+?)第'}", "by": "{from: B, extract: '[0-9]+', no_match: keep}"})
    assert made.elements(A="水法第3条", B="x")["documentNo"] == "水法"
    assert made.elements(A="水法第3条", B="x")["by"] == "x"
    assert made.codes(A="水法") == [("MAP-007", "A")]


def test_crosswalk(bench: Make) -> None:
    made = bench(
        {
            "documentNo": "{from: A, codes: {是: 'Y', 否: 'N', 不明: null}}",
            "by": "{from: B, codes: {甲: '1'}, otherwise: '9'}",
        }
    )
    assert made.elements(A="是", B="甲") | {"documentNo": "Y", "by": "1"} == made.elements(A="是", B="甲")
    assert "documentNo" not in made.elements(A="不明")
    assert made.elements(A="是", B="乙")["by"] == "9"
    assert made.codes(A="也许") == [("MAP-004", "A")]


def test_crosswalk_with_dates(bench: Make) -> None:
    made = bench(
        {"documentNo": "{from: A, codes: kind, on: day}"},
        top="""\
        tables:
          kind:
            rows:
              - {source: 没收, code: 旧, to: 2021-07-14}
              - {source: 没收, code: 新, from: 2021-07-15}
        values:
          day: {from: D, as: date}
        """,
    )
    assert made.elements(A="没收", D="2021-07-14")["documentNo"] == "旧"
    assert made.elements(A="没收", D="2021-07-15")["documentNo"] == "新"
    assert made.codes(A="没收", D=None) == [("MAP-004", "A")]
    assert made.codes(A="没收", D="坏") == [("MAP-002", "D")]


def test_conditions_see_columns_and_values(bench: Make) -> None:
    made = bench(
        {"documentNo": """{from: A, when: 'rec["N"] > 3 && val["day"] >= "2012-01-01"'}"""},
        columns="",
        top="columns: {AJ: , T: , A: , D: , N: {type: integer}}\nvalues: {day: {from: D, as: date}}\n",
    )
    assert "documentNo" in made.elements(N="4", D="2012-01-01")
    assert "documentNo" not in made.elements(N=3, D="2012-01-01")
    assert "documentNo" not in made.elements(N="4", D="2011-12-31")
    assert made.codes(N="x")[0] == ("MAP-003", "N")
    assert [code for code, _ in made.codes(N=None)] == ["MAP-011"]


def test_chinese_names_in_conditions(bench: Make) -> None:
    made = bench({"documentNo": """{from: A, when: 'rec["办件编号"] != null'}"""}, columns="AJ, T, A, 办件编号")
    assert "documentNo" in made.elements(办件编号="1")
    assert "documentNo" not in made.elements(办件编号=None)


def test_default_fills_what_is_absent(bench: Make) -> None:
    made = bench({"documentNo": "{from: A, default: 无号}"})
    assert made.elements(A=None)["documentNo"] == "无号"
    assert made.elements(A="1")["documentNo"] == "1"


def test_truth_values(bench: Make) -> None:
    made = bench({"actKey": "AJ", "suspendsExecution": "A"}, kind="GG_FY")
    assert made.elements(A="1")["suspendsExecution"] == "true"
    assert made.codes(A="是") == [("MAP-013", "A")]


def test_markup_is_escaped_and_controls_refused(bench: Make) -> None:
    made = bench({"documentNo": "A"})
    assert made.elements(A="<a>&]]>")["documentNo"] == "<a>&]]>"
    assert made.elements(A="一\n二")["documentNo"] == "一 二"
    assert made.codes(A="a\x01b") == [("MAP-008", "A")]
    assert made.codes(A="a\ud800b") == [("MAP-008", "A")]


def test_all_findings_of_a_record_come_at_once(bench: Make) -> None:
    made = bench(
        {"decidedAt": '{from: D, date_only_at: "00:00:00"}', "refund": "{from: N, unit: 元}", "documentNo": "A"}
    )
    assert made.codes(D="x", N="y", A="\x02") == [("MAP-008", "A"), ("MAP-002", "D"), ("MAP-003", "N")]


def test_one_cause_is_named_once(bench: Make) -> None:
    made = bench(
        {"occurredAt": "{value: day}", "decidedAt": "{value: day}"},
        top="values: {day: {from: D, as: dateTime, formats: [iso]}}\n",
    )
    assert made.codes(D="x") == [("MAP-002", "D")]


def test_missing_identity_is_named(bench: Make) -> None:
    made = bench()
    (refused,) = made.map(AJ=None).refused
    assert [(found.code, found.path) for found in refused.findings] == [("MAP-012", "AJ")]
    assert refused.type == "GG_BG"
    assert refused.key is None
