# SPDX-License-Identifier: Apache-2.0
"""``gateway standard export``: tables, templates, pages and data made from the dictionary."""

from pathlib import Path
from typing import cast

import click

from gateway.cli.exits import ExitCode
from gateway.cli.output import say
from gateway.cli.standard_show import known_type
from gateway.dictionary.formats import FORMATS, Format
from gateway.errors import ConfigurationError
from gateway.i18n import _
from gateway.pack import load_pack


@click.command(name="export", help="由数据字典生成建表语句、CSV 和 Excel 填报模板、字典页或 JSON。")
@click.option("--format", "to", type=click.Choice(FORMATS), required=True, help="格式")
@click.option(
    "--out", "folder", metavar="DIR", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="写入的目录,没有则新建;同名文件被覆盖",
)  # fmt: skip
@click.option("--type", "types", metavar="CODE", multiple=True, help="只生成这些记录类型(可多次;默认全部)")
def command(to: str, folder: Path, types: tuple[str, ...]) -> ExitCode:
    """Write the files of some or all record types."""
    from gateway.clock import SystemClock
    from gateway.dictionary.export import export

    pack = load_pack()
    codes = [known_type(pack, code, "--type") for code in types] or list(pack.types)
    try:
        written = export(pack, codes, cast("Format", to), folder, SystemClock().now().date())
    except OSError as fault:
        raise ConfigurationError(str(fault)) from fault
    for path in written:
        click.echo(path)
    say(_("已写入 {n} 个文件").format(n=len(written)))
    return ExitCode.OK
