# SPDX-License-Identifier: Apache-2.0
"""``gateway config``: check a configuration directory, print the JSON Schema of its files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gateway import i18n
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, say
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.config import Configuration, Fault


@click.group(help="检查配置,输出配置的 JSON Schema")
def command() -> None:
    """Group the commands about configuration."""


@command.command(help="一次列出全部配置问题(文件:行:列:键:说明);配置正确时退出码为 0,有错为 3。")
@directory_option
@json_option
def check(directory: Path, as_json: bool) -> ExitCode:
    """Check every file, every mapping that a source names, and what the files point at."""
    configuration, faults, beyond = examined(directory)
    wrong = [fault for fault in faults if not fault.waiting]
    waiting = [fault for fault in faults if fault.waiting]
    code = ExitCode.CONFIGURATION if wrong or beyond else ExitCode.OK
    if as_json:
        emit_json(
            {
                "ok": code is ExitCode.OK,
                "sources": len(configuration.sources) if configuration else None,
                "destinations": len(configuration.destinations) if configuration else None,
                "faults": [*wrong, *waiting],
                "mapping_faults": beyond,
            }
        )
        return code
    _print(wrong, beyond, waiting)
    if configuration and code is ExitCode.OK:
        counts = (len(configuration.sources), len(configuration.destinations))
        say(_("配置正确:{0} 个数据源,{1} 个目的地").format(*counts))
    else:
        say(_("共 {count} 处错误").format(count=len(wrong) + len(beyond)))
    return code


class Examined(NamedTuple):
    """A configuration directory with the faults of its files and those of its mappings and routes."""

    configuration: "Configuration | None"
    faults: Sequence["Fault"]
    beyond: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """Every fault as one line, that of things not there yet too."""
        return [*(fault.spoken(i18n.language()) for fault in self.faults), *self.beyond]


def examined(directory: Path) -> Examined:
    """Examine every file, every mapping that a source names, and what the files point at."""
    from gateway.channels.built_in import OPTIONS
    from gateway.config import examine

    configuration, faults = examine(directory, OPTIONS)
    return Examined(configuration, faults, _mapping_faults(configuration) if configuration else ())


def _print(wrong: list["Fault"], beyond: tuple[str, ...], waiting: list["Fault"]) -> None:
    for fault in wrong:
        click.echo(fault.spoken(i18n.language()))
    for line in beyond:
        click.echo(line)
    if waiting:
        say(_("写法正确,但启动前还要准备:"))
        for fault in waiting:
            say(f"  {fault.spoken(i18n.language())}")


def _mapping_faults(configuration: "Configuration") -> tuple[str, ...]:
    """Return the faults of every mapping in use, each file once."""
    from gateway.errors import ConfigurationError
    from gateway.pack import load_pack
    from gateway.parts import compile_source_mapping

    pack = load_pack(configuration.site.pack)
    lines: dict[str, None] = {}
    for source in configuration.sources:
        try:
            compile_source_mapping(configuration, source, pack)
        except ConfigurationError as fault:
            lines.update(dict.fromkeys(line for line in fault.detail.splitlines() if line))
    for destination in configuration.destinations:
        for code in destination.routes.types or ():
            if code not in pack.types:
                told = _("destinations.d/{name}.yaml: routes.types: 标准包中没有记录类型 {code}")
                lines[told.format(name=destination.name, code=code)] = None
    return tuple(lines)


@command.command(help="输出一种配置文件的 JSON Schema,供编辑器提示和检查。")
@click.argument("kind", type=click.Choice(["gateway", "source", "destination"]))
def schema(kind: str) -> None:
    """Print the JSON Schema."""
    from gateway.config import json_schema

    emit_json(json_schema(kind))
