# SPDX-License-Identifier: Apache-2.0
"""Faults of a mapping file: each with its place and with what to write instead, all at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import i18n
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping
from gateway.mapping.reading import MappingFaults
from gateway.pack import Pack
from tests.mapping.conftest import mapping_text

Load = Callable[[str], Mapping]


def faults(load: Load, text: str) -> list[str]:
    with pytest.raises(MappingFaults) as caught:
        load(text)
    return [fault.spoken("zh") for fault in caught.value.faults]


FIELDS = {"actKey": "AJ", "kind": '{const: "2"}'}


def place_of(text: str) -> tuple[str, str]:
    """Take the mark § out of ``text``; return what is left and the ``line:column`` where it stood."""
    before, _, after = text.partition("§")
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(
    ("path", "spec", "words"),
    [
        ("§documentNos", "A", "没有元素 documentNos,是否应为 documentNo"),
        ("§BGWH", "A", "是否应为 documentNo"),
        ("§version", "A", "由台账给出"),
        ("§extension", "A", "扩展元素"),
        ("documentNo", "§C", "没有声明的源列 C"),
        ("documentNo", "{from: §a}", "大小写不同:A"),
        ("documentNo", "{§form: A}", "是否应为 from"),
        ("documentNo", "§{from: A, const: x}", "恰好一个来源"),
        ("documentNo", "{value: §gone}", "values 里没有"),
        ("documentNo", "{number: §gone}", "numbers 里没有 gone"),
        ("documentNo", "{key_of: §gone}", "前面没有名为 gone 的记录"),
        ("documentNo", "{item: §text}", "这里没有 item text"),
        ("documentNo", "{from: A, codes: §gone}", "tables 里没有 gone"),
        ("documentNo", "{const: §0123}", "加引号"),
        ("documentNo", "{from: A, extract: '§(x'}", "正则有误"),
        ("documentNo", "{from: A, no_match: §keep}", "no_match 要和 extract 一起写"),
        ("documentNo", "{from: A, unit: §元}", "unit 只用于小数"),
        ("documentNo", "{from: A, formats: §[yyyy-MM-dd]}", "formats 只用于日期"),
        ("documentNo", "{from: A, on: §x}", "on 要和 codes 一起写"),
        ("documentNo", "{first: §[]}", "列表不能为空"),
        ("documentNo", "{from: A, as: §money}", "money 不可用"),
        ("documentNo", "{from: A, default: §''}", "不是 text"),
        ("refund", "§N", "请写源的单位 unit"),
        ("refund", "{from: N, unit: §贯}", "单位 贯 不可用"),
        ("refund", "{from: N, unit: 元, thousands: §x}", "千分位只能是"),
        ("refund", '{const: §"100"}', "不能是常量"),
        ("refund", '{from: N, unit: 元, default: §"0"}', "不能有默认值"),
        ("decidedAt", '{const: §"2012-01-01"}', "不能是常量"),
        ("decidedAt", "{from: D, formats: §[yyyy-MM-dd]}", '请写 date_only_at: "00:00:00"'),
        ("decidedAt", "{from: D, formats: §[yyyy-mm-dd]}", "日期格式 yyyy-mm-dd 有误"),
        ("decidedAt", "{from: D, date_only_at: §midnight}", '"HH:mm:ss"'),
        ("decidedAt", "{from: D, as: §date}", "目标是 dateTime"),
        ("documentNo", "§{split: A, by: [x]}", "只能有一个"),
        ("basis", "§A", "是一组元素"),
        ("basis", "§{split: A, by: ['，']}", "请加 fields:"),
        (
            "basis",
            "{split: A, by: ['，'], codes: §{a: b}, fields: {lawName: {item: text}, article: {item: text}}}",
            "应写在 fields 里",
        ),
        ("basis", "{split: A, by: ['，'], fields: {§lawNam: {item: text}}}", "basis 下没有元素 lawNam"),
        ("basis", "{split: A, by: ['，'], fields: §{article: {item: text}}}", "缺少必填元素 basis/lawName"),
        ("basis", "§{split: A, fields: {lawName: {item: text}, article: {item: text}}}", "请写分隔符 by"),
        (
            "basis",
            '{columns: {a: §"Z{n}"}, n: [1, 1], fields: {lawName: {item: a}, article: {item: a}}}',
            "没有声明的源列 Z1",
        ),
        ("basis", '{columns: {a: "A"}, n: §[2, 1], fields: {lawName: A, article: A}}', "编号范围"),
        ("documentNo", "{from: A, when: 'rec.A ==§'}", "条件语法错误"),
        ("documentNo", "{from: A, when: §'rec[A] == 1'}", "只能写成"),
        ("documentNo", """{from: A, when: §'rec["C"] == "1"'}""", "没有声明的源列 C"),
        ("documentNo", """{from: A, when: §'val["x"] == "1"'}""", "values 里还没有 x"),
        ("documentNo", "{from: A, when: §'now() > 1'}", "没有函数 now"),
        ("documentNo", "{from: A, when: §'foo == 1'}", "不认识的名字 foo"),
    ],
)
def test_faults_have_their_place(load: Load, path: str, spec: str, words: str) -> None:
    text, place = place_of(mapping_text({**FIELDS, path: spec}))
    found = faults(load, text)
    assert any(fault.startswith(f"m.yaml:{place}: ") and words in fault for fault in found), (place, found)


def test_a_constant_condition_text_is_no_reference(load: Load) -> None:
    load(mapping_text({**FIELDS, "documentNo": """{from: A, when: 'rec["A"] == "rec is a word, val too"'}"""}))


def test_mandatory_elements_must_be_mapped(load: Load) -> None:
    text, place = place_of(mapping_text({"documentNo": "A"}).replace("GG_BG", "§GG_BG"))
    assert faults(load, text) == [f"m.yaml:{place}: 缺少必填元素 actKey(原行为业务主键)"]


def test_personal_and_identifying_elements_cant_be_constant(load: Load) -> None:
    text = mapping_text(
        {
            "actKey": '{const: "CF_JD:x:1"}',
            "caseNo": '{const: "x"}',
            "applicant": "{const: 张三}",
            "operatorName": "{value: who}",
        },
        kind="GG_FY",
    )
    text = text.replace("records:", "values: {who: {const: 张三}}\nrecords:")
    found = "\n".join(faults(load, text))
    assert "caseNo 不能是常量:它是标识" in found
    assert "applicant 不能是常量:个人信息是事实" in found
    assert "operatorName 不能是常量,而 who 是" in found
    assert "actKey" not in found


def test_all_faults_come_at_once_in_the_order_of_the_text(load: Load) -> None:
    found = faults(
        load,
        mapping_text({**FIELDS, "nope": "A", "documentNo": "Z", "refund": "N"}, top="tables: {t: {rows: {1: x}}}\n"),
    )
    assert len(found) == 4
    lines = [int(fault.split(":")[1]) for fault in found]
    assert lines == sorted(lines)


def test_duplicate_keys_and_syntax_are_faults(load: Load) -> None:
    assert "m.yaml:" in faults(load, "mapping: 1\nmapping: 1\n")[0]
    assert "YAML 语法错误" in faults(load, "mapping: [1\n")[0]
    assert "键: 值" in faults(load, "- 1\n")[0]


def test_unknown_type_and_wrong_standard(load: Load) -> None:
    found = "\n".join(faults(load, mapping_text(FIELDS, kind="GG_BX").replace("jiangxi-1.0", "jiangxi-9")))
    assert "标准里没有记录类型 GG_BX(GG_BG" in found
    assert "标准包是 jiangxi-1.0" in found


def test_crosswalk_faults(load: Load, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "source,code,from,to\n甲,1,2012-13-01,\n乙,2,2012-01-02,2012-01-01\n", encoding="utf-8"
    )
    found = faults(
        load,
        mapping_text(
            FIELDS,
            top="""\
            tables:
              a: {file: t.csv}
              b: {file: gone.csv}
              c: {rows: [{source: x, code: "1"}, {source: x, code: "2"}]}
            """,
        ),
    )
    assert any(fault.startswith("t.csv:2:1: 2012-13-01 不是日期") for fault in found)
    assert any(fault.startswith("t.csv:3:1: from 晚于 to") for fault in found)
    assert any("找不到文件 gone.csv" in fault for fault in found)
    assert any("生效期重叠" in fault for fault in found)


def test_dated_crosswalk_needs_a_date(load: Load) -> None:
    text = mapping_text(
        {**FIELDS, "documentNo": "{from: A, codes: t}"},
        top="tables: {t: {rows: [{source: x, code: '1', from: 2012-01-01}]}}\n",
    )
    assert "请加 on" in faults(load, text)[0]


def test_number_faults(load: Load) -> None:
    top = 'numbers: {a: {form: "{gone:org9}-{n:8}", subject: [A]}, b: {form: "{n}", subject: [A]}, c: {form: "{n:8}"}, d: {}}\n'
    found = "\n".join(faults(load, mapping_text(FIELDS, top=top)))
    for words in ("values 里没有 gone", "恰好一个 {n:位数}", "要写 subject", "form: 或 sequence: true"):
        assert words in found


def test_withdrawal_faults(load: Load) -> None:
    found = "\n".join(faults(load, mapping_text(FIELDS, record="withdraws: x\n")))
    assert "GG_BG 不是撤回记录" in found


def test_faults_speak_english_too(load: Load) -> None:
    with pytest.raises(MappingFaults) as caught:
        load(mapping_text({**FIELDS, "refund": "N"}))
    assert "name the source's unit" in caught.value.faults[0].spoken("en")
    assert caught.value.code == "GW-102"
    assert i18n.language() == "zh"


def test_site_tables_come_first_and_count_in_the_version(tmp_path: Path, pack: Pack) -> None:
    product, site = tmp_path / "product", tmp_path / "site"
    for folder, code in ((product, "1"), (site, "2")):
        folder.mkdir()
        (folder / "t.csv").write_text(f"source,code\n甲,{code}\n", encoding="utf-8")
    path = product / "m.yaml"
    path.write_text(mapping_text(FIELDS, top="tables: {t: {file: t.csv}}\n"), encoding="utf-8")
    shipped, overlaid = load_mapping(path, pack), load_mapping(path, pack, [site])
    assert shipped.tables["t"].rows["甲"][0].code == "1"
    assert overlaid.tables["t"].rows["甲"][0].code == "2"
    assert shipped.version != overlaid.version


def test_a_case_cant_be_numbered_by_a_sequence(load: Load) -> None:
    text, place = place_of(
        mapping_text({**FIELDS, "caseNo": "{number: seq}"}, top="numbers: {seq: {sequence: true}}\n").replace(
            "      caseNo", "      §caseNo"
        )
    )
    assert faults(load, text) == [f"m.yaml:{place}: caseNo 不能用序号 seq,要用 form 号码"]
