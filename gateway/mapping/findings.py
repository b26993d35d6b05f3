# SPDX-License-Identifier: Apache-2.0
"""Findings of the mapping stage (MAP-0xx): one table of sentences, so that compiler and interpreter say the same."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.model.finding import Finding, Stage
from gateway.model.words import Words

FINDINGS: Final[Mapping[str, tuple[Words, Words]]] = MappingProxyType(
    {
        "MAP-001": (
            Words("源数据缺少列,或列的类型不可用", "the row lacks a declared column, or its type can't be used"),
            Words(
                "检查数据源的列;可以缺少的列在映射里标 optional",
                "check the source's columns; mark it optional if it may lack",
            ),
        ),
        "MAP-002": (
            Words("日期或时间无法识别(目标 {where})", "not a date or time in any declared format (for {where})"),
            Words(
                "在源系统改正,或在映射的 formats 里补上格式:{wanted}",
                "mend it at the source, or add its format to formats: {wanted}",
            ),
        ),
        "MAP-003": (
            Words(
                "数字无法识别或精度超出(目标 {where})",
                "not a number, or more digits than the standard holds (for {where})",
            ),
            Words(
                "在源系统改正;千分位须在映射里写明 thousands", "mend it at the source; thousands marks must be declared"
            ),
        ),
        "MAP-004": (
            Words("代码不在对照表 {wanted} 中(目标 {where})", "the code is not in crosswalk {wanted} (for {where})"),
            Words("在对照表里补上这个源值,注意生效期", "add the source value to the crosswalk; mind its dates"),
        ),
        "MAP-005": (
            Words("号码 {wanted} 无法产生", "the number {wanted} can't be made"),
            Words("号码的主体和各部分都必须有值", "subject and parts of a number must have values"),
        ),
        "MAP-006": (
            Words(
                "引用的记录 {wanted} 在本行没有产生", "record {wanted} that is referred to does not come from this row"
            ),
            Words("检查两条记录的 when 条件", "check the conditions of both records"),
        ),
        "MAP-007": (
            Words(
                "文本不符合 extract 的模式(目标 {where})", "the text does not match the extract pattern (for {where})"
            ),
            Words("在源系统改正,或写 no_match: absent / keep", "mend it at the source, or say no_match: absent / keep"),
        ),
        "MAP-008": (
            Words(
                "文本含有不允许的控制字符(目标 {where})", "the text holds a forbidden control character (for {where})"
            ),
            Words("在源系统删除该字符", "remove the character at the source"),
        ),
        "MAP-009": (
            Words("这一行没有产生任何记录", "this row gives no record"),
            Words(
                "检查各记录的 when 条件,或在数据源里过滤掉这一行",
                "check the records' conditions, or filter the row at the source",
            ),
        ),
        "MAP-010": (
            Words("拆分出的份数多于声明的名字(目标 {where})", "more parts than names declared (for {where})"),
            Words("检查分隔符 parts.by 与 names", "check parts.by and names"),
        ),
        "MAP-011": (
            Words("条件无法判断:{wanted}", "the condition can't be evaluated: {wanted}"),
            Words("条件必须得出真或假;先判断 null", "a condition must give true or false; test for null first"),
        ),
        "MAP-012": (
            Words("标识元素没有值(目标 {where})", "an identifying element has no value (for {where})"),
            Words(
                "没有标识就不能上报;检查该元素的来源",
                "without identity nothing can be sent; check the element's source",
            ),
        ),
        "MAP-013": (
            Words("不是真假值(目标 {where})", "not a truth value (for {where})"),
            Words("用 codes 对照为 true / false", "map it to true / false with codes"),
        ),
        "MAP-014": (
            Words(
                "数额不在合理范围 {wanted} 内(目标 {where})",
                "the amount is outside the plausible range {wanted} (for {where})",
            ),
            Words(
                "核对源数据;范围写错了就改映射的 plausible", "check the source; if the range is wrong, mend plausible"
            ),
        ),
        "MAP-015": (
            Words(
                "金额的单位像是弄错了:当作{wanted}才在合理范围内(目标 {where})",
                "the amount's unit seems mixed up: only as {wanted} is it plausible (for {where})",
            ),
            Words(
                "核对源系统这一列是元还是万元,改映射的 unit 或在源系统改正",
                "check whether the source's column is 元 or 万元; mend unit in the mapping, or the source",
            ),
        ),
        "MAP-017": (
            Words(
                "同一行里有两份的 {wanted} 相同,分不清是哪一条记录", "two occurrences in the row have the same {wanted}"
            ),
            Words(
                "在源系统改正,或在映射 each 的 key 里加上能区分它们的部分",
                "mend it at the source, or add to key in each what tells them apart",
            ),
        ),
        "MAP-018": (
            Words("打包的内容拆不开:{wanted}", "the packed column can't be taken apart: {wanted}"),
            Words(
                "在源系统重新保存该行,或核对映射的 unpack", "have the row saved again at the source, or check unpack"
            ),
        ),
        "MAP-019": (
            Words("明细行读不出来(目标 {where})", "the detail rows can't be read (for {where})"),
            Words(
                "明细列应是 JSON 列表,每项一个对象;检查数据源的 query",
                "detail rows are a JSON list of objects; check the source's query",
            ),
        ),
        "MAP-016": (
            Words("必须有值而没有(目标 {where})", "there must be a value and there is none (for {where})"),
            Words(
                "在源系统补上;可以没有时去掉映射里的 empty: refuse",
                "fill it in at the source; where it may lack, drop empty: refuse",
            ),
        ),
    }
)
"""Sentence and hint of each code; ``{where}`` is the target element, ``{wanted}`` what would have been right."""


class Faulty(Exception):
    """Carries a finding out of a value; never leaves the mapping."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def finding(code: str, path: str, value: str | None = None, where: str = "", wanted: str = "") -> Finding:
    """Return the finding ``code`` about the source column ``path`` with the offending ``value``."""
    message, hint = FINDINGS[code]
    fill = {"where": where, "wanted": wanted}
    return Finding(
        code=code,
        stage=Stage.TRANSLATE,
        path=path,
        message=Words(message.zh.format_map(fill), message.en.format_map(fill)),
        hint=Words(hint.zh.format_map(fill), hint.en.format_map(fill)),
        value=value,
    )
