# SPDX-License-Identifier: Apache-2.0
"""``gateway doctor``: lamps in words for environment, ledger, certificates, sources and destinations."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.cli.checkup import Lamp

_GRAVEST_FIRST = (ExitCode.CONFIGURATION, ExitCode.UNREACHABLE, ExitCode.FINDINGS)


@click.command(
    help="体检:环境、磁盘、台账、标准包、证书、数据源、目的地。退出码:0 正常 · 1 有故障 · 3 配置 · 4 对方不可达。"
)
@directory_option
@json_option
def command(directory: Path, as_json: bool) -> ExitCode:
    """Light every lamp and end with the gravest exit code among the bad ones."""
    from gateway.cli.checkup import STATE_WORDS, State

    lamps = list(_lamps(directory))
    bad = {lamp.exit_code for lamp in lamps if lamp.state is State.BAD}
    code = next((grave for grave in _GRAVEST_FIRST if grave in bad), ExitCode.OK)
    if as_json:
        shown = [{"name": each.name, "label": each.label, "state": each.state, "detail": each.detail} for each in lamps]
        emit_json({"ok": code is ExitCode.OK, "lamps": shown})
        return code
    rows = [(spoken(STATE_WORDS[lamp.state]), spoken(lamp.label), spoken(lamp.detail)) for lamp in lamps]
    print_table((_("状态"), _("项目"), _("说明")), rows)
    say(_("全部正常") if code is ExitCode.OK else _("有 {count} 项故障").format(count=_bad_count(lamps)))
    return code


def _bad_count(lamps: "list[Lamp]") -> int:
    from gateway.cli.checkup import State

    return sum(lamp.state is State.BAD for lamp in lamps)


def _lamps(directory: Path) -> "Iterator[Lamp]":
    from gateway.channels.built_in import OPTIONS
    from gateway.cli import checkup, checkup_golive
    from gateway.clock import SystemClock
    from gateway.config import examine
    from gateway.config.loading import SITE_FILE
    from gateway.model.words import Words

    clock = SystemClock()
    yield from checkup.environment(clock)
    label = Words("配置", "configuration")
    if not (directory / SITE_FILE).exists():
        told = Words(
            "当前目录没有 gateway.yaml;用 -C 指定配置目录,或先运行 gateway init",
            "no gateway.yaml here; name the directory with -C, or run gateway init first",
        )
        yield checkup.Lamp("configuration", label, checkup.State.SKIPPED, told)
        return
    configuration, faults = examine(directory, OPTIONS)
    if faults:
        zh, en = (";".join(fault.spoken(language) for fault in faults) for language in ("zh", "en"))
        told = Words(zh, en)
        yield checkup.Lamp("configuration", label, checkup.State.BAD, told, ExitCode.CONFIGURATION)
    else:
        yield checkup.Lamp("configuration", label, checkup.State.GOOD, Words("正确", "right"))
    if configuration is None:
        return
    yield from checkup.installation(configuration, clock)
    yield from checkup.certificates(configuration, clock)
    yield from checkup_golive.lamps(configuration)
    yield from checkup.sources(configuration, clock)
    yield from checkup.destinations(configuration, clock)
