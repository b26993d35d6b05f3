# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping to-excel`` and ``from-excel``: the workbook (数据对照表) that vendors and departments fill in."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.exits import ExitCode
from gateway.cli.output import say
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.mapping.model import Mapping
    from gateway.pack import Pack

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)
_FORCE = click.option("--force", is_flag=True, help="覆盖已有的文件")


@click.command("to-excel", help="把映射 FILE 写成数据对照表(Excel),逐个元素列出名称、必填级别、来源和备注")
@click.argument("file", type=_FILE)
@click.option("--out", type=_OUT, metavar="F", help="写入的文件(默认与映射同名,后缀 .xlsx)")
@_FORCE
def to_excel(file: Path, out: Path | None, *, force: bool) -> int:
    """Write the workbook of a mapping that loads."""
    from gateway.mapping.load import load_mapping
    from gateway.mapping.outline import outline_of
    from gateway.mapping.reading import Faults, read
    from gateway.mapping.workbook import to_workbook

    pack = _pack(file)
    load_mapping(file, pack, shown=str(file))
    outline = outline_of(read(file, Faults(), str(file)), file.read_text(encoding="utf-8-sig"))
    for line in outline.left:
        say(_("{file}:{line}: 这条注释不属于任何一项,未写入对照表").format(file=file, line=line))
    return _write(out or file.with_suffix(".xlsx"), to_workbook(outline, pack), force=force)


@click.command("from-excel", help="由数据对照表 FILE 得到映射文件;每处错误都指明单元格")
@click.argument("file", type=_FILE)
@click.option("--out", type=_OUT, metavar="F", help="写入的文件(默认与工作簿同名,后缀 .yaml)")
@click.option("--dry-run", is_flag=True, help="只检查,不写文件")
@_FORCE
def from_excel(file: Path, out: Path | None, *, dry_run: bool, force: bool) -> int:
    """Write the mapping that a workbook holds, when it loads."""
    from gateway.mapping.outline import write
    from gateway.mapping.workbook import from_workbook

    text, places = write(from_workbook(file.read_bytes(), str(file)))
    target = out or file.with_suffix(".yaml")
    mapping = _checked(text, places, file, target)
    counts = {"records": len(mapping.records), "columns": len(mapping.used)}
    say(_("映射可用:记录 {records} 种,用到源列 {columns} 个").format(**counts))
    return ExitCode.OK if dry_run else _write(target, text.encode(), force=force)


def _checked(text: str, places: list[str], book: Path, target: Path) -> "Mapping":
    """Load a text as if it stood at ``target``; faults name the cells of the workbook."""
    from gateway.mapping.load import load_mapping
    from gateway.mapping.reading import Fault, MappingFaults

    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / target.name
        trial.write_text(text, encoding="utf-8")
        try:
            return load_mapping(trial, _pack(trial), (target.parent,))
        except MappingFaults as wrong:
            named = tuple(
                Fault(f"{book}[{places[fault.line - 1]}]", 1, fault.column, fault.words)
                if fault.file == str(trial) and places[fault.line - 1]
                else fault
                for fault in wrong.faults
            )
            raise MappingFaults(named) from None


def _pack(file: Path) -> "Pack":
    from gateway.cli.mapping import pack_of

    return pack_of(file)


def _write(target: Path, content: bytes, *, force: bool) -> int:
    if target.exists() and not force:
        raise click.UsageError(_("{target} 已存在:换一个 --out,或用 --force 覆盖").format(target=target))
    target.write_bytes(content)
    click.echo(target)
    return ExitCode.OK
