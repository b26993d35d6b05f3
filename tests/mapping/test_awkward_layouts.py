# SPDX-License-Identifier: Apache-2.0
"""Layouts that no product of ours has, connected by a mapping alone: what can't be said in YAML is a fault of the language."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from gateway.mapping.examples import elements_of
from gateway.mapping.load import load_mapping
from gateway.mapping.reading import MappingFaults
from gateway.model.record import Draft
from gateway.pack import Pack
from tests.mapping.conftest import Bench

HEAD = """
mapping: 1
title: {zh: 试验}
standard: jiangxi-1.0
null: ["-", 无]
"""
COMMON = """
      caseNo: 案号
      itemCode: {const: "CF-12345678X-0001"}
      itemVersion: {const: "1"}
      orgCode: {const: "12345678X"}
      regionCode: {const: "360102"}
"""
CASE = "12345678X-2011-CF-00000001"

Read = Callable[[str], Bench]


@pytest.fixture
def read(tmp_path: Path, pack: Pack) -> Read:
    def read_text(text: str) -> Bench:
        path = tmp_path / "m.yaml"
        path.write_text(dedent(HEAD + text), encoding="utf-8")
        return Bench(load_mapping(path, pack, shown="m.yaml"), pack)

    return read_text


def rows(bench: Bench, **values: str | None) -> list[tuple[Draft, dict[str, str]]]:
    mapped = bench.map(**values)
    assert not mapped.refused, mapped.refused
    return [(draft, elements_of(draft.document())) for draft in mapped.drafts]


WIDE = f"""
columns: [案号, 业务, 状态, 时间, 类型, 案由, 姓名]
ignore: 'rec["状态"] == "草稿"'
records:
  - name: filed
    type: CF_LA
    when: 'rec["业务"] == "立案"'
    fields:{COMMON}
      sequence: {{const: "1"}}
      occurredAt: {{from: 时间, formats: [chinese, yyyyMMdd, excel-serial], date_only_at: "00:00:00"}}
      procedure: {{const: "2"}}
      caseSource: {{const: "1"}}
      party/kind: {{from: 类型, codes: {{个人: "1", 单位: "2"}}}}
      party/name: 姓名
      allegedFact: 案由
      filedAt: {{from: 时间, formats: [chinese, yyyyMMdd, excel-serial], date_only_at: "00:00:00"}}
      approver: 姓名
  - name: closed
    type: CF_JA
    when: 'rec["业务"] == "结案"'
    fields:{COMMON}
      sequence: {{const: "1"}}
      occurredAt: {{from: 时间, formats: [chinese, yyyyMMdd, excel-serial], date_only_at: "00:00:00"}}
      closedAt: {{from: 时间, formats: [chinese, yyyyMMdd, excel-serial], date_only_at: "00:00:00"}}
      reason: {{from: 状态, codes: {{执行完毕: 执行完毕, 已移送: 移送}}}}
"""


def test_one_wide_table_with_a_kind_column_and_states_in_chinese(read: Read) -> None:
    wide = read(WIDE)
    given = {"案号": CASE, "类型": "个人", "案由": "占道", "姓名": "王示例"}
    ((draft, elements),) = rows(wide, **given, 业务="立案", 状态="在办", 时间="二〇一一年三月五日")
    assert (draft.type, elements["filedAt"]) == ("CF_LA", "2011-03-05T00:00:00+08:00")
    ((draft, elements),) = rows(wide, **given, 业务="结案", 状态="已移送", 时间="40607")
    assert (draft.type, elements["reason"], elements["closedAt"][:10]) == ("CF_JA", "移送", "2011-03-05")
    assert wide.map(**given, 业务="立案", 状态="草稿", 时间=None).ignored
    assert wide.codes(**given, 业务="听证", 状态="在办", 时间="20110305") == [("MAP-009", "")], (
        "an unknown kind is told"
    )


LEVELS = f"""
columns: [案号, 明细, 时间]
numbers: {{seq: {{sequence: true}}}}
records:
  - name: party
    type: CF_DC
    each: {{rows: 明细, names: [序, 结论, 证据, 起], key: [序]}}
    fields:{COMMON}
      sequence: {{number: seq}}
      occurredAt: {{item: 起, formats: [yyyy-MM-dd], date_only_at: "00:00:00"}}
      startedAt: {{item: 起, formats: [yyyy-MM-dd], date_only_at: "00:00:00"}}
      investigators: [{{fields: {{name: {{item: 序}}, certificateNo: {{item: 序}}}}}}]
      conclusion: {{item: 结论}}
      evidence: {{rows: {{item: 证据}}, names: [类, 名], fields: {{kind: {{item: 类}}, name: {{concat: [{{item: 序}}, {{item: 名}}]}}}}}}
"""


def test_header_detail_and_detail_of_detail(read: Read) -> None:
    levels = read(LEVELS)
    detail = [
        {"序": 2, "结论": "属实", "起": "2011-03-05", "证据": [{"类": "书证", "名": "甲"}, {"类": "物证", "名": "乙"}]},
        {"序": 1, "结论": None, "起": "2011-03-06", "证据": []},
    ]
    found = rows(levels, 案号=CASE, 明细=json.dumps(detail, ensure_ascii=False), 时间=None)
    assert [elements.get("conclusion") for _, elements in found] == ["属实", None]
    assert [found[0][1]["evidence/name"], found[0][1]["evidence[2]/name"]] == ["2甲", "2乙"]
    assert len({draft.key for draft, _ in found}) == 2
    assert levels.codes(案号=CASE, 明细="[1]", 时间=None) == [("MAP-019", "明细")]
    twice = json.dumps([detail[0], detail[0]], ensure_ascii=False)
    assert levels.codes(案号=CASE, 明细=twice, 时间=None) == [("MAP-017", "")]


def test_numbers_of_details_stay_whatever_their_order(read: Read) -> None:
    levels = read(LEVELS)
    asked = [
        {
            request.subject
            for request in levels.compiled.wants(
                _row(案号=CASE, 明细=json.dumps([{"序": n, "起": "2011-03-05"} for n in order]), 时间=None)
            )
        }
        for order in ([1, 2], [2, 3, 1])
    ]
    assert asked[0] < asked[1], "a detail row keeps its number, new ones get their own"


def _row(**values: str | None):  # type: ignore[no-untyped-def]
    from gateway.model.record import Row

    return Row("1", values, b"", b"")


PACKED = f"""
unpack:
  内容: {{pairs: ["\\n", "；"], between: ["：", ":"], repeated: join, join: "、"}}
  扩展: {{json: true}}
columns: {{案号: , 时间: , 内容: , 内容/当事人: , 内容/金额: , 内容/地址: , 扩展: , 扩展/法定/名称: , 扩展/标签/0: }}
records:
  - type: GG_BG
    fields:{COMMON}
      sequence: {{const: "1"}}
      occurredAt: {{from: 时间, formats: [yyyy.M.d], date_only_at: "00:00:00"}}
      actKey: {{concat: [{{text: "CF_JD:"}}, 案号, {{text: ":1"}}]}}
      kind: {{const: 变更}}
      refund: {{from: 内容/金额, unit: 元, written: true}}
      documentNo: {{concat: [内容/当事人, 内容/地址, 扩展/法定/名称, 扩展/标签/0], separator: "/"}}
"""


def test_vertical_pairs_with_a_name_twice_and_json_in_a_column(read: Read) -> None:
    packed = read(PACKED)
    text = "当事人：王示例\n金额:壹万贰仟元整；当事人：李示例\n别的:不管"
    told = '{"法定": {"名称": "张示例"}, "标签": ["甲", 2.50]}'
    ((_, elements),) = rows(packed, 案号=CASE, 时间="2011.3.5", 内容=text, 扩展=told)
    assert elements["refund"] == "12000"
    assert elements["documentNo"] == "王示例、李示例/张示例/甲"
    assert packed.codes(案号=CASE, 时间="2011.3.5", 内容="当事人", 扩展=None) == [("MAP-018", "内容")]
    assert packed.codes(案号=CASE, 时间="2011.3.5", 内容=None, 扩展="{") == [("MAP-018", "扩展")]
    ((_, bare),) = rows(packed, 案号=CASE, 时间="2011.3.5", 内容="无", 扩展=None)
    assert "refund" not in bare


HISTORY = f"""
columns: [案号, 经过, 人员]
numbers: {{seq: {{sequence: true}}}}
records:
  - name: step
    type: XK_HJ
    each:
      find: 经过
      pattern: "(?P<time>[0-9.]+) ?(?P<state>[^0-9(（;；]+)[(（](?P<who>[^)）]*)[)）]"
      key: [time, state]
    when: 'item["state"] != "受理"'
    fields:{COMMON}
      sequence: {{number: seq}}
      occurredAt: {{item: time, formats: [yyyy.M.d], date_only_at: "00:00:00"}}
      operatorName: {{item: who}}
      stepCode: {{item: state, codes: {{审核: S2, 批准: S3}}}}
      startedAt: {{item: time, formats: [yyyy.M.d], date_only_at: "00:00:00"}}
  - name: inquiry
    type: CF_DC
    fields:{COMMON}
      sequence: {{const: "1"}}
      occurredAt: {{from: 经过, extract: "^[0-9.]+", formats: [yyyy.M.d], date_only_at: "00:00:00"}}
      startedAt: {{from: 经过, extract: "^[0-9.]+", formats: [yyyy.M.d], date_only_at: "00:00:00"}}
      investigators:
        find: 人员
        pattern: "(?P<name>[^0-9、()（）]+)[(（]?(?P<no>[0-9X]*)[)）]?"
        fields: {{name: {{item: name}}, certificateNo: {{item: no, default: 不详}}}}
"""


def test_a_history_in_one_column_and_several_people_in_one_cell(read: Read) -> None:
    history = read(HISTORY)
    told = "2011.3.5 受理(王示例); 2011.3.6 审核（李示例）；2011.3.9批准(张示例)"
    found = rows(history, 案号=CASE, 经过=told, 人员="王示例(3601001)、李示例、张 示例（36X）")
    steps = [(each["stepCode"], each["startedAt"][:10]) for draft, each in found if draft.type == "XK_HJ"]
    assert steps == [("S2", "2011-03-06"), ("S3", "2011-03-09")]
    people = found[-1][1]
    assert [people[f"investigators{n}/name"] for n in ("", "[2]", "[3]")] == ["王示例", "李示例", "张 示例"]
    assert people["investigators[2]/certificateNo"] == "不详"
    refused = history.map(案号=CASE, 经过="2011.3.5 受理(王); 以后再说", 人员=None).refused
    assert [each.findings[0].code for each in refused][:1] == ["MAP-007"], "nothing is dropped in silence"


def test_repeated_elements_of_xml_and_blocks_are_numbered_from_the_second(read: Read) -> None:
    text = f"""
columns: {{案号: , 时间: , 依据: , 依据.2: {{optional: true}}, 依据.3: {{optional: true}}}}
records:
  - type: GG_BG
    fields:{COMMON}
      sequence: {{const: "1"}}
      occurredAt: {{from: 时间, formats: [yyyy.M.d], date_only_at: "00:00:00"}}
      actKey: {{concat: [{{text: "CF_JD:"}}, 案号, {{text: ":1"}}]}}
      kind: {{const: 变更}}
      basis: {{columns: {{law: "依据{{.n}}"}}, n: [1, 3], fields: {{lawName: {{item: law}}, article: {{const: 全文}}}}}}
"""
    numbered = read(text)
    ((_, elements),) = rows(numbered, **{"案号": CASE, "时间": "2011.3.5", "依据": "甲法", "依据.2": "乙法"})
    assert (elements["basis/lawName"], elements["basis[2]/lawName"]) == ("甲法", "乙法")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("key: [序]", "key: [叙]", "没有 item 叙"), ("names: [序, 结论, 证据, 起]", "nams: [序]", "是否应为 names"),
        ("{number: seq}", "{item: 序号}", "没有 item 序号"), ("rows: 明细", "rows: 明细表", "是否应为 明细"),
        ("{sequence: true}", "{sequence: true, subject: [案号]}", "同一个序号"), (", key: [序]}", "}", "缺少 key"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_occurrences_has_its_place_and_a_hint(read: Read, old: str, new: str, told: str) -> None:
    with pytest.raises(MappingFaults) as caught:
        read(LEVELS.replace(old, new, 1))
    spoken = [fault.spoken("zh") for fault in caught.value.faults]
    assert any(told in each and each.startswith("m.yaml:") for each in spoken), spoken


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{json: true}", "{json: true, pairs: [a]}", "写 {pairs"), (", between: [\"：\", \":\"]", "", "between"),
        ("扩展/法定/名称: , 扩展/标签/0: ", "扩: ", "没有取自它的列"), ("repeated: join, join", "repeated: last, join", "一起写"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_packed_columns_has_its_place_and_a_hint(read: Read, old: str, new: str, told: str) -> None:
    with pytest.raises(MappingFaults) as caught:
        read(PACKED.replace(old, new, 1))
    assert any(told in fault.spoken("zh") for fault in caught.value.faults), [
        f.spoken("zh") for f in caught.value.faults
    ]
