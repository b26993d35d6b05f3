# SPDX-License-Identifier: Apache-2.0
"""``gateway init DIR``: a configuration directory to start from; it passes ``gateway config check``."""

from pathlib import Path

import click

from gateway import resources
from gateway.cli.exits import ExitCode
from gateway.cli.options import dry_run_option, json_option
from gateway.cli.output import emit_json, say
from gateway.errors import RefusedByGate
from gateway.i18n import _
from gateway.model.words import Words

_PRIVATE = ("trust", "secrets")
"""Folders that hold keys: readable by their owner alone."""
_FOLDERS = (*_PRIVATE, "var")


@click.command(help="在 DIR 新建带中文说明的示例配置;目录必须不存在或为空。")
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@dry_run_option
@json_option
def command(directory: Path, dry_run: bool, as_json: bool) -> ExitCode:
    """Write the example configuration into ``directory``."""
    if directory.exists() and any(directory.iterdir()):
        raise RefusedByGate(
            str(directory), Words("换一个空目录,或先移走其中的文件", "choose an empty directory or move its files away")
        )
    example = resources.find("example")
    files = sorted(path.relative_to(example) for path in example.rglob("*") if path.is_file())
    if not dry_run:
        _write(example, files, directory)
    if as_json:
        emit_json({"directory": directory, "files": [path.as_posix() for path in files], "written": not dry_run})
        return ExitCode.OK
    for path in files:
        click.echo(directory / path)
    if dry_run:
        say(_("以上文件将被写入(--dry-run,未写入)"))
        return ExitCode.OK
    say(_("下一步:修改 {directory} 下的文件,放好 trust/ 中的证书,然后运行").format(directory=directory))
    say(f"  gateway config check -C {directory}")
    return ExitCode.OK


def _write(example: Path, files: list[Path], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for folder in _FOLDERS:
        (directory / folder).mkdir(mode=0o700 if folder in _PRIVATE else 0o750)
    for path in files:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((example / path).read_bytes())
