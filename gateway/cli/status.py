# SPDX-License-Identifier: Apache-2.0
"""``gateway status``: sources, destinations and what is on its way, read without disturbing a running gateway."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.cli.golive_notes import drifted, notes, stage_words
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, spoken
from gateway.cli.shown import with_times
from gateway.cli.waiting import predecessors_missing
from gateway.clock import SystemClock, moment
from gateway.config import Configuration, load
from gateway.i18n import _
from gateway.ledger import firings
from gateway.ledger.destinations import count_differences, figures, known
from gateway.ledger.overview import Reason, record_states, refusal_codes, sources, waiting_reasons
from gateway.ledger.reconciling import source_counts
from gateway.pack import Pack, load_pack
from gateway.parts import read_ledger
from gateway.schedule.firing import named, next_tick


@click.command(help="查看数据源最近一次采集、目的地状态和积压、记录状态、拒绝原因;只读,不影响正在运行的网关。")
@directory_option
@json_option
def command(directory: Path, as_json: bool) -> None:
    """Show the state of a gateway."""
    state = _state(directory)
    if as_json:
        emit_json(state)
        return
    print_table(
        [_("数据源"), _("状态"), _("最近一次"), _("行"), _("接收"), _("拒绝"), _("等待"), _("错误")],
        [
            [
                s["name"],
                s["state"],
                s["ended_at"] or s["started_at"],
                s["rows"],
                s["accepted"],
                s["refused"],
                s["waiting"],
                s["error"],
            ]
            for s in state["sources"]
        ],
        title=_("数据源"),
    )
    print_table(
        [
            _("目的地"),
            _("状态"),
            _("已接收"),
            _("被拒"),
            _("待发"),
            _("结果未知"),
            _("不需要"),
            _("对账差异"),
            _("原因"),
        ],
        [
            [
                d["name"],
                d["state"],
                d["accepted"],
                d["refused"],
                d["pending"],
                d["unknown"],
                d["not_needed"],
                d["differences"],
                d["reason"],
            ]
            for d in state["destinations"]
        ],
        title=_("目的地"),
    )
    print_table(
        [_("计划"), _("应在"), _("状态"), _("补自"), _("说明"), _("下一次")],
        [
            [each["schedule"], each["due_at"], each["state"], each["covers_from"], each["detail"], each["next_at"]]
            for each in state["schedules"]
        ],
        title=_("定时"),
    )
    print_table([_("记录状态"), _("条数")], state["records"].items(), title=_("台账"))
    if state["waiting"]:
        print_table(
            [_("等待原因"), _("条数"), _("其中已停放"), _("最早"), _("例如"), _("说明"), _("建议")],
            [
                [
                    w["code"],
                    w["records"],
                    w["parked"],
                    w["since"],
                    w["example"],
                    spoken(w["message"]),
                    spoken(w["hint"]),
                ]
                for w in state["waiting"]
            ],
            title=_("在等待的记录"),
        )
    if state["go_live"]:
        _print_lock(state["go_live"])
    print_table([_("拒绝代码"), _("条数")], state["refusals"].items(), title=_("未解决的拒绝"))


def _state(directory: Path) -> dict[str, Any]:
    configuration = load(directory)
    pack = load_pack(configuration.site.pack)
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        counted = figures(connection)
        return {
            "sources": [with_times(row) for row in sources(connection)],
            "destinations": [
                {
                    "name": row.name,
                    "state": row.state,
                    "circuit": row.circuit,
                    "reason": row.reason,
                    "failures": row.failures,
                    **asdict(counted[row.name]),
                    "differences": count_differences(connection, row.id),
                }
                for row in known(connection)
            ],
            "schedules": _schedules(configuration, firings.latest(connection)),
            "source_differences": source_counts(connection),
            "records": record_states(connection),
            "waiting": [_waiting(pack, each) for each in waiting_reasons(connection)],
            "go_live": notes(configuration, connection, ledger.now()),
            "refusals": refusal_codes(connection),
        }


def _print_lock(items: list[dict[str, Any]]) -> None:
    heads = [
        _("数据源"),
        _("事项"),
        _("阶段"),
        _("扣留"),
        _("最早"),
        _("证明剩余天数"),
        _("紧急放行至"),
        _("放行人"),
        _("接口变化"),
    ]
    rows = [
        [
            each["source"], each["item"], spoken(stage_words(each["stage"])), each["held"], each["held_since"], each["days_left"],
            each["override_until"], each["override_by"], drifted(each["drift"]),
        ]
        for each in items
    ]  # fmt: skip
    print_table(heads, rows, title=_("上线锁"))


def _waiting(pack: Pack, reason: Reason) -> dict[str, Any]:
    """Return why some records wait, as ``--json`` gives it: the first finding of the one that waits longest."""
    why = (reason.findings or (predecessors_missing(pack, reason.example.partition(":")[0]),))[0]
    return {
        "code": why.code,
        "records": reason.records,
        "parked": reason.parked,
        "since": moment(reason.since).isoformat(timespec="seconds"),
        "example": reason.example,
        "message": why.message,
        "hint": why.hint,
    }


def _schedules(configuration: Configuration, rows: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every schedule with its last firing and its next: why one did not run stands in state and detail."""
    site = configuration.site
    lines = named(
        {each.name: each.schedule for each in configuration.sources if not each.hosted},
        [each.name for each in configuration.destinations if each.statements],
        site.reconciliation.schedule,
        site.reconciliation.sweep,
    )
    now = SystemClock().now()
    return [
        {
            "schedule": name, "line": line, "next_at": next_tick(line, now).isoformat(timespec="seconds"),
            **with_times({
                column: getattr(rows.get(name), column, None)
                for column in ("due_at", "state", "covers_from", "started_at", "ended_at", "detail")
            }),
        }
        for name, line in sorted(lines.items())
    ]  # fmt: skip
