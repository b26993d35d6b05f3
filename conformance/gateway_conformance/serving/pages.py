# SPDX-License-Identifier: Apache-2.0
"""The local page as HTML: no script, nothing from outside, every word of a system escaped."""

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from gateway_conformance.serving.workshop import Run, reference_of

STATES: Final = {"running": "正在运行", "done": "已完成", "cut": "已中断"}
NAMES: Final = {
    "report.html": "报告(网页)", "result.json": "result.json", "junit.xml": "JUnit", "cases.csv": "逐项结果(CSV)",
    "evidence.zip": "证据包",
}  # fmt: skip
PROFILES: Final = {"": "按 sut.toml", "V": "V 视图", "F": "F 文件", "S": "S SOAP", "P": "P 推送"}


def index(
    systems: list[str], runs: list[Run], references: Mapping[str, str], token: str, fault: str = ""
) -> str:  # fmt: skip
    """Return the first page: systems, a form to run, the reference systems (state by profile), all runs."""
    warned = f'<p class="note">{escape(fault)}</p>' if fault else ""
    refresh = 2 if "starting" in references.values() or any(each.state == "running" for each in runs) else 0
    return _page(
        "一致性测试",
        f"<h1>一致性测试 · 本地</h1>{warned}"
        "<p>全程离线。把 <code>sut.toml</code> 放在本目录或其下一级目录(<code>gateway conformance init</code> 写出)。</p>"
        f"{_references(references, token)}{_form(systems, token)}{_runs(runs)}{_explain()}",
        refresh,
    )


def _references(states: Mapping[str, str], token: str) -> str:
    options = "".join(
        f'<option value="{profile}">{escape(PROFILES[profile])}</option>'
        for profile, state in states.items()
        if state == "off"
    )
    shown = "".join(
        f"<li>{escape(PROFILES[profile])}:{'正在启动……' if state == 'starting' else '已启动'} "
        f"<code>{reference_of(profile)}/sut.toml</code></li>"
        for profile, state in states.items()
        if state != "off"
    )
    start = (
        f'<form method="post" action="/reference">{_token(token)}<label>接口形态 <select name="profile">{options}</select></label> '
        "<button>启动参考系统</button></form>"
    )
    return (
        f"<h2>参考系统:第一次先对它跑一遍</h2>{f'<ul>{shown}</ul>' if shown else ''}{start if options else ''}"
        "<p>启动后在下面选它的 <code>sut.toml</code>,时钟倍数写 600。</p>"
    )


def _form(systems: list[str], token: str) -> str:
    if not systems:
        return "<h2>运行</h2><p>还没有 sut.toml。</p>"
    options = "".join(f'<option value="{escape(each)}">{escape(each)}</option>' for each in systems)
    profiles = "".join(f'<option value="{code}">{name}</option>' for code, name in PROFILES.items())
    return (
        f'<h2>运行</h2><form method="post" action="/runs">{_token(token)}'
        f'<label>系统 <select name="sut">{options}</select></label> '
        f'<label>接口形态 <select name="profile">{profiles}</select></label> '
        '<label>只运行 <input name="only" size="16" placeholder="INC SCH-04"></label> '
        '<label>种子 <input name="seed" size="4" value="1" inputmode="numeric"></label> '
        '<label>时钟倍数 <input name="scale" size="5" value="1" inputmode="decimal"></label> <button>开始</button></form>'
        "<p>时钟倍数只对接受 <code>clock</code> 动作的系统有效。<code>prompt</code> 触发须有人操作,请在命令行运行。</p>"
    )


def _runs(runs: list[Run]) -> str:
    if not runs:
        return ""
    rows = "".join(
        f'<tr><td><a href="/runs/{each.number}">{each.number}</a></td><td>{escape(each.request.sut)}</td>'
        f"<td>{escape(' '.join(each.request.only))}</td><td>{STATES[each.state]}</td><td>{_gate(each)}</td>"
        f"<td>{_counted(each)}</td></tr>"
        for each in runs
    )
    return f"<h2>各次运行</h2><table><tr><th>编号</th><th>系统</th><th>只运行</th><th>状态</th><th>门禁</th><th>判定</th></tr>{rows}</table>"


def _explain() -> str:
    return (
        '<h2>手册</h2><form method="get" action="/explain"><label>问题编码或用例 '
        '<input name="code" size="12" placeholder="E-INC-03a"></label> <button>查看</button></form>'
    )


def run(each: Run, total: int, token: str) -> str:
    """Return the page of a run: how far it is, what fell, its reports."""
    links = "".join(f'<li><a href="/runs/{each.number}/{name}">{NAMES[name]}</a></li>' for name in each.files)
    acts = ""
    if each.state == "running":
        acts = _button(f"/runs/{each.number}/stop", "停止", token)
    elif each.state == "cut":
        acts = _button(f"/runs/{each.number}/again", "从中断处继续", token)
    rows = "".join(
        f'<tr><td><a href="/explain?code={id_}">{id_}</a></td><td class="{verdict.replace("/", "")}">{escape(verdict)}</td></tr>'
        for id_, verdict in reversed(each.verdicts)
    )
    said = f"<h2>运行信息</h2><pre>{escape(each.said)}</pre>" if each.said else ""
    done = f"{len(each.verdicts)}/{total}" if total else str(len(each.verdicts))
    return _page(
        f"运行 {each.number}",
        f'<p><a href="/">返回</a></p><h1>运行 {each.number} · {escape(each.request.sut)}</h1>'
        f"<p>{STATES[each.state]} · 已判定 {done} · {_counted(each)} {_gate(each)}</p>{acts}"
        f"{f'<h2>报告</h2><ul>{links}</ul>' if links else ''}{said}"
        f"<h2>用例</h2><table><tr><th>用例</th><th>判定</th></tr>{rows}</table>",
        2 if each.state == "running" else 0,
    )


def handbook(entry: dict[str, Any]) -> str:
    """Return a page of the handbook."""
    lines = [("要求", entry["requirement_zh"]), ("怎么测", entry["steps_zh"]), ("通过条件", entry["passes_zh"]), ("报错", entry["error"]),
             ("修复", entry["hint"]), ("触发动作", "; ".join(entry["verbs"])), ("前提", "; ".join(entry["prerequisites"])),
             ("常见缺陷", "; ".join(entry["known_defects"])), ("正例", " ".join(entry["samples"]["good"])),
             ("反例", " ".join(entry["samples"]["bad"]))]  # fmt: skip
    lines += [(note["system"], note["note"]) for note in entry["notes"]]
    rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(str(text))}</td></tr>" for label, text in lines if text)
    return _page(
        entry["id"],
        f'<p><a href="/">返回</a></p><h1>{entry["id"]} · {escape(entry["family"]["zh"])}</h1>'
        f"<p>{entry['severity']} · {escape(entry['source'])}</p><table>{rows}</table>",
    )


def missing(what: str) -> str:
    """Return the page of what is not there."""
    return _page("没有", f'<p><a href="/">返回</a></p><h1>没有 {escape(what)}</h1>')


def _gate(each: Run) -> str:
    if each.result is None:
        return ""
    gate = "open" if each.result["gate"] == "open" else "closed"
    said = "打开" if gate == "open" else "关闭"
    return f'<span class="{gate}">门禁{said}{"(部分用例)" if each.result["partial"] else ""}</span>'


def _counted(each: Run) -> str:
    counts = Counter(verdict for _id, verdict in each.verdicts)
    return " · ".join(f"{escape(verdict)} {number}" for verdict, number in sorted(counts.items()))


def _token(token: str) -> str:
    return f'<input type="hidden" name="token" value="{token}">'


def _button(action: str, label: str, token: str) -> str:
    return f'<form method="post" action="{action}">{_token(token)}<button>{label}</button></form>'


def _page(title: str, body: str, refresh: int = 0) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">{again}<title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body>\n{body}\n</body></html>\n'
    )
