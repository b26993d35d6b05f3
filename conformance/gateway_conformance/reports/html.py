# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page: Chinese, no script, nothing fetched, to be printed; views for leader, vendor and Center."""

from collections.abc import Iterable
from html import escape
from importlib import resources
from typing import Any, Final

from gateway_conformance import registry
from gateway_conformance.verdict import MEANING

LEVELS: Final = {"blocker": "阻断", "major": "主要", "advisory": "建议"}
UNJUDGED: Final = frozenset({"INCONCLUSIVE", "ERROR", "NOT_RUN"})
NOTE: Final = "这是自测报告,不能打开上线门禁;上线须由信息中心验收并签署证明。"


def page(result: dict[str, Any]) -> str:
    """Return the page of a result."""
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    name = escape(str(result["system"]["name"]))
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>一致性测试报告 · {name}</title>'
        f"<style>\n{style}</style></head><body>\n<h1>一致性测试报告</h1>\n{_head(result)}"
        '<nav><a href="#leader">一页概要</a><a href="#vendor">供应商:要修什么</a><a href="#center">中心:逐项结果</a></nav>\n'
        f"{_leader(result)}{_vendor(result)}{_center(result)}</body></html>\n"
    )


def _head(result: dict[str, Any]) -> str:
    system = {key: escape(str(value)) for key, value in result["system"].items()}
    standard, suite = result["standard"], result["suite"]
    return (
        f"<p><strong>{system['name']}</strong>({system['id']},版本 {system['version']},{system['vendor']})<br>"
        f"单位代码 {system['dept']} · 环境 {system['environment']} · 接口形态 {result['profile']} · 种子 {result['seed']}<br>"
        f"标准 {escape(str(standard.get('name')))} {escape(str(standard.get('version')))}(项目版,并非官方文本)· "
        f"要求登记 <code>{suite['registry'][:16]}</code> · 套件 {suite['version']} <code>{suite['digest'][:16]}</code></p>\n"
        f'<p class="note">{NOTE}</p>\n'
    )


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; cells are HTML already."""
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{head}</tr>\n{body}</table>\n"


def _verdict(verdict: str) -> str:
    return f'<span class="{verdict.replace("/", "")}">{verdict}</span>'


def _leader(result: dict[str, Any]) -> str:
    gate = "可以打开" if result["gate"] == "open" else "不能打开"
    part = "(只运行了部分用例)" if result["partial"] else ""
    rows = ((_verdict(v.value), str(result["totals"][v.value]), words.zh) for v, words in MEANING.items())
    causes = "".join(
        f"<li>{escape(cause['cause_zh'])}。修好它预计可消除 {len(cause['clears'])} 项失败(共 {cause['of_failures']} 项):"
        f"{'、'.join(cause['clears'])}。{escape(cause['hint'])}</li>\n"
        for cause in result["likely_causes"]
    )
    if causes:
        causes = f"<h3>最可能的单一原因</h3><ol>{causes}</ol>\n"
    elif result["totals"]["FAIL"]:
        causes = "<p>没有单一原因能解释至少一半的失败,请逐项处理。</p>\n"
    return (
        f'<section id="leader"><h2>一页概要</h2>\n<p class="gate {result["gate"]}">门禁:{gate}{part}</p>\n'
        f"{_table(('判定', '数目', '含义'), rows)}{causes}</section>\n"
    )


def _vendor(result: dict[str, Any]) -> str:
    failed = [case for case in result["cases"] if case["verdict"] == "FAIL"]
    shown = "".join(_failure(case, result["seed"]) for case in failed) or "<p>没有失败的用例。</p>\n"
    unjudged = [case for case in result["cases"] if case["verdict"] in UNJUDGED]
    rows = (
        (case["id"], _verdict(case["verdict"]), escape(case["reason"]["zh"] if case["reason"] else ""))
        for case in unjudged
    )
    rest = f"<h3>没有判定的用例(不算通过)</h3>{_table(('用例', '判定', '原因'), rows)}" if unjudged else ""
    return f'<section id="vendor"><h2>供应商:要修什么</h2>\n{shown}{rest}</section>\n'


def _failure(case: dict[str, Any], seed: int) -> str:
    head = (
        f'<h3><span class="FAIL">✗ {case["id"]}</span> {LEVELS[case["severity"]]} <small>{escape(case["source"])}</small></h3>'
        f"<p>要求:{escape(case['requirement_zh'])}</p>\n"
    )
    return head + "".join(_finding(found, case["id"], seed) for found in case["findings"])


def _finding(found: dict[str, Any], id_: str, seed: int) -> str:
    lines = [f"<strong>{found['code']}</strong> {escape(found['message'])}"]
    if found["place"]:
        lines.append(f"位置 <code>{escape(found['place'])}</code>")
    if found["expected"] or found["received"]:
        lines.append(f"期望 <code>{escape(found['expected'])}</code> 实际 <code>{escape(found['received'])}</code>")
    if found["examples"]:
        lines.append(f"例 <code>{escape(' '.join(found['examples']))}</code>")
    lines.append(f"修复 {escape(found['hint'])}")
    lines.append(
        f"说明 <code>gateway conformance explain {found['code']}</code> "
        f"复现 <code>gateway conformance run --sut sut.toml --only {id_} --seed {seed}</code>"
    )
    return f'<div class="finding">{"<br>".join(lines)}</div>\n'


def _center(result: dict[str, Any]) -> str:
    parts = []
    for code, (zh, _en) in registry.families().items():
        cases = [case for case in result["cases"] if case["id"].startswith(f"{code}-")]
        rows = (
            (
                case["id"],
                LEVELS[case["severity"]],
                "是" if case["gates"] else "否",
                _verdict(case["verdict"]),
                str(case["examined"]),
                escape(case["requirement_zh"]),
            )
            for case in cases
        )
        if cases:
            parts.append(f"<h3>{code} {zh}</h3>{_table(('用例', '级别', '计入门禁', '判定', '检查数', '要求'), rows)}")
    return f'<section id="center"><h2>中心:逐项结果</h2>\n{"".join(parts)}</section>\n'
