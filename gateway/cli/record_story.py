# SPDX-License-Identifier: Apache-2.0
"""The story of one record or refusal as tables for people, in the order in which it happened."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from gateway.cli.golive_notes import drifted, stage_words
from gateway.cli.output import print_table, spoken
from gateway.cli.record_steps import STAGES
from gateway.i18n import _
from gateway.model.words import Words

_NESTED = frozenset(
    {"raw", "steps", "mapping_now", "document", "findings", "destinations", "attempts", "waits_for", "go_live"}
)


def print_story(story: Mapping[str, Any]) -> None:
    """Print head, raw row, mapping steps, document, findings, deliveries and exchanges."""
    titles = _titles()
    head = [
        (titles.get(name, name), value) for name, value in story.items() if name not in _NESTED and value is not None
    ]
    print_table([_("项目"), _("值")], head, title=f"{story['key'] or ''} {story.get('version', story['id'])}")
    if "raw" in story:
        print_table([_("列"), _("值")], story["raw"].items(), title=_("原始行"))
    if story.get("steps"):
        _print_steps(story)
    columns = [_("名称"), _("元素"), _("值")]
    rows = [[_label(each["label"]), each["path"], each["value"]] for each in story["document"]]
    print_table(columns, rows, title=_("文档"))
    _print_findings(story["findings"])
    if story.get("waits_for"):
        click.echo(_("等待的原因:"))
        _print_findings(story["waits_for"])
    if story.get("go_live"):
        _print_lock(story["go_live"])
    _print_deliveries(story)


def _print_lock(told: Mapping[str, Any]) -> None:
    stage = spoken(stage_words(told["stage"]))
    click.echo(_("上线锁:{message},自 {since},数据源 {source},事项 {item},阶段 {stage}").format(
        message=spoken(told["message"]), stage=stage, **{name: told[name] or "-" for name in ("since", "source", "item")}
    ))  # fmt: skip
    if told["drift"]:
        click.echo(
            _("  接口变化:{what};须重跑的用例:{cases}").format(
                what=drifted(told["drift"]), cases=" ".join(told["cases"])
            )
        )
    if told["hint"] is not None:
        click.echo(_("  建议:{hint}").format(hint=spoken(told["hint"])))


def _print_steps(story: Mapping[str, Any]) -> None:
    changed = story.get("mapping") not in (None, story["mapping_now"])
    title = _("映射步骤(映射在收录后已更改,以下按现在的映射)") if changed else _("映射步骤")
    columns = [_("名称"), _("元素"), _("源列"), _("步骤"), _("值"), _("检查"), _("结果")]
    print_table(columns, [_step_line(each) for each in story["steps"]], title=title)


def _print_findings(findings: Iterable[Mapping[str, Any]]) -> None:
    for found in findings:
        message, hint = (spoken(Words(**found[name])) for name in ("message", "hint"))
        click.echo(_("{code} {path}:{message} 建议:{hint}").format(**dict(found) | {"message": message, "hint": hint}))


def _step_line(told: Mapping[str, Any]) -> list[object]:
    stages = []
    before: object = None
    for stage in told["steps"]:
        if stage["step"] != "clean" or stage["value"] != before:  # cleaning that changed nothing says nothing
            name = STAGES.get(stage["step"])
            stages.append(f"{spoken(name) if name is not None else stage['step']} {stage['value'] or '∅'}")
        before = stage["value"]
    result = " ".join(told["findings"]) if told["findings"] else _("通过") if told["value"] is not None else ""
    return [
        _label(told["label"]), told["path"], told["column"], " → ".join(stages), told["value"] or "",
        " ".join(told["checks"]), result,
    ]  # fmt: skip


def _print_deliveries(story: Mapping[str, Any]) -> None:
    columns = ["destination", "state", "code", "message", "receipt_no", "package_id"]
    heads = [_("目的地"), _("状态"), _("代码"), _("说明"), _("回执号"), _("包")]
    places = [{"destination": name, **each} for name, each in story.get("destinations", {}).items()]
    print_table(heads, ([each[name] for name in columns] for each in places), title=_("投递"))
    if story.get("attempts"):
        tried = ["destination", "at", "kind", "outcome", "code", "detail"]
        heads = [_("目的地"), _("时间"), _("动作"), _("结果"), _("代码"), _("说明")]
        print_table(heads, ([each[name] for name in tried] for each in story["attempts"]), title=_("往来"))


def _label(words: Words | None) -> str:
    return spoken(words) if words is not None else ""


def _titles() -> dict[str, str]:
    return {
        "id": _("编号"),
        "record_id": _("记录标识"),
        "type": _("类型"),
        "key": _("业务主键"),
        "version": _("版本"),
        "content_digest": _("内容摘要"),
        "state": _("状态"),
        "code": _("代码"),
        "stage": _("环节"),
        "case_no": _("办件编号"),
        "org_code": _("机构"),
        "item_code": _("事项"),
        "occurred_at": _("发生时间"),
        "source": _("数据源"),
        "row_id": _("原始行"),
        "run_id": _("采集批次"),
        "accepted_at": _("收录时间"),
        "at": _("时间"),
        "superseded": _("已被后来的结果取代"),
        "pruned": _("内容已按保存期限清理"),
        "pack": _("标准包"),
        "mapping": _("映射版本"),
        "adapter": _("适配器"),
    }
