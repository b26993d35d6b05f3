# SPDX-License-Identifier: Apache-2.0
"""``gateway hosted template|upload|list|show``: departments without a system fill in workbooks (代建)."""

import zlib
from pathlib import Path
from typing import Any

import click

from gateway.app import writing_ledger
from gateway.cli.acting import Claim, acting_options, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, dry_run_option, json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.clock import moment
from gateway.config import load
from gateway.errors import RefusedByGate
from gateway.hosted import UPLOAD, Desk, Taken, make_template
from gateway.i18n import _
from gateway.ledger import hosted as accounts
from gateway.model.person import Duty
from gateway.model.words import Words
from gateway.parts import read_ledger, write_ledger

_OUT = click.Path(dir_okay=False, path_type=Path)
_COUNTED = ("records", "accepted", "waiting", "refused", "drafts", "unchanged", "faults")


@click.group(help="代建部门:取填报模板、上传填好的工作簿、查看上传结果")
def command() -> None:
    """Group the commands about hosted departments."""


@command.command(
    help="取一个事项的填报模板(.xlsx):下拉代码、填写说明、隐藏的版本标记。事项在 sources.d 中 adapter: hosted 的数据源里登记。"
)
@click.argument("item")
@click.option("--out", type=_OUT, required=True, metavar="FILE", help="写到哪个文件(.xlsx)")
@click.option("--source", metavar="NAME", help="同一事项由多个数据源填报时,指明哪一个")
@click.option("--force", is_flag=True, help="覆盖已有的文件")
@directory_option
@dry_run_option
def template(item: str, out: Path, source: str | None, force: bool, directory: Path, dry_run: bool) -> None:
    """Write the template of a power item."""
    made = make_template(load(directory), item, source)
    if dry_run:
        say(_("试运行,未写入:{file},{size} 字节").format(file=out, size=len(made)))
        return
    _write(out, made, force=force)
    say(_("已写入 {file}").format(file=out))


@command.command(
    help="""上传填好的工作簿:逐格检查,无误的收录(版本由网关给),结果写回一份工作簿:有问题的单元格着色、加批注,「问题」列写明原因。
    状态为「草稿」的行和 --draft 只检查,不收录、不投递。有问题时退出码为 1。"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=_OUT, metavar="FILE", help="结果工作簿;默认在同一目录,文件名加「-结果」")
@click.option("--draft", is_flag=True, help="整份作草稿:只检查并留存,不收录")
@click.option("--force", is_flag=True, help="覆盖已有的结果文件")
@acting_options
@directory_option
@dry_run_option
@json_option
def upload(
    file: Path, out: Path | None, draft: bool, force: bool, claim: Claim, directory: Path, dry_run: bool, as_json: bool
) -> ExitCode:  # fmt: skip
    """Take a workbook and give it back with what was found."""
    configuration = load(directory)
    out = out or file.with_name(f"{file.stem}-结果{file.suffix}")
    _refuse_existing(out, force=force)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, UPLOAD, file.name)
    taken = Desk(configuration, lambda: writing_ledger(configuration)).take(file, actor, draft=draft, keep=not dry_run)
    _write(out, taken.workbook, force=force)
    if as_json:
        emit_json({**taken.as_json(), "result": out, "dry_run": dry_run})
    else:
        _tell(taken, out)
    return ExitCode.FINDINGS if any(each.refuses for _spot, each in taken.findings) else ExitCode.OK


@command.command("list", help="列出上传过的工作簿,新的在前;只读。")
@click.option("--source", metavar="NAME", help="只列这一数据源")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="最多列出几份")
@directory_option
@json_option
def list_(source: str | None, limit: int, directory: Path, as_json: bool) -> None:
    """List uploads."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = [_shown(each) for each in accounts.uploads(connection, source, limit)]
    if as_json:
        emit_json({"uploads": found})
        return
    heads = [_("编号"), _("时间"), _("数据源"), _("事项"), _("上传人"), _("文件")]
    heads += [_("记录"), _("收录"), _("等待"), _("问题"), _("草稿"), _("未变")]
    names = ["id", "at", "source", "item", "actor", "file", *_COUNTED[:-1]]
    print_table(heads, [[each[name] for name in names] for each in found])


@command.command(help="查看一次上传;--out 取回当时的结果工作簿。只读。")
@click.argument("number", type=int)
@click.option("--out", type=_OUT, metavar="FILE", help="把结果工作簿写到这个文件")
@click.option("--force", is_flag=True, help="覆盖已有的文件")
@directory_option
@json_option
def show(number: int, out: Path | None, force: bool, directory: Path, as_json: bool) -> None:
    """Show one upload."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        held = accounts.upload(connection, number)
    if held is None:
        raise click.UsageError(_("没有这次上传:{number}").format(number=number))
    if out is not None:
        _write(out, zlib.decompress(held["result"]), force=force)
        say(_("已写入 {file}").format(file=out))
    shown = _shown(held)
    if as_json:
        emit_json(shown)
        return
    print_table([_("项目"), _("内容")], [[name, str(shown[name])] for name in shown])


def _shown(held: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in held.items() if name != "result"}
    return told | {"at": moment(told["at"]).isoformat(timespec="seconds"), "draft": bool(told["draft"])}


def _tell(taken: Taken, out: Path) -> None:
    figures = taken.figures
    heads = [_("记录"), _("收录"), _("等待"), _("问题"), _("草稿"), _("未变")]
    print_table(heads, [[figures[name] for name in _COUNTED[:-1]]])
    rows = [(spot.address, each.code, spoken(each.message), spoken(each.hint)) for spot, each in taken.findings]
    print_table([_("单元格"), _("代码"), _("说明"), _("建议")], rows[:50])
    if len(rows) > 50:
        say(_("另有 {count} 处,见结果工作簿").format(count=len(rows) - 50))
    say(_("结果工作簿:{file}").format(file=out))


def _refuse_existing(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        told = Words("换一个文件名,或加 --force 覆盖", "choose another name, or overwrite with --force")
        raise RefusedByGate(_("文件已存在:{file}").format(file=path), told)


def _write(path: Path, data: bytes, *, force: bool) -> None:
    _refuse_existing(path, force=force)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(data)
    draft.replace(path)
