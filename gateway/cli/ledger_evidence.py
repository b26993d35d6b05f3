# SPDX-License-Identifier: Apache-2.0
"""``gateway ledger head|verify``: whether the ledger still holds what was written into it (ledger.md B29)."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.clock import moment
from gateway.config import Configuration, load
from gateway.errors import ConfigurationError
from gateway.i18n import _
from gateway.ledger.evidence import exported
from gateway.ledger.evidence_check import Checked, Fault, check, expected, steady
from gateway.parts import read_ledger, write_ledger
from gateway.trust.detached import holds, signer

_SHOWN = 20
_HEX = re.compile(r"[0-9a-f]{64}")


@click.command(
    help="""导出存证链的链头(编号、时间、哈希、本网关签名),供离机保存:此后对链头以前内容的任何改动都能发现。
    先把尚未封存的内容封存。--out 写成文件,可交给 gateway ledger verify --head。"""
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="写到文件")
@directory_option
@json_option
def head(out: Path | None, directory: Path, as_json: bool) -> int:
    """Export the head."""
    configuration = load(directory)
    with write_ledger(configuration) as ledger:
        ledger.evidence.sign = _signer(configuration)
        ledger.seal()
        with ledger.reading() as connection:
            found = exported(connection)
    if found is None:
        say(_("台账还是空的,没有链头"))
        return ExitCode.FINDINGS
    told = {**found, "at": moment(found["at"]).isoformat(timespec="seconds")}
    if out is not None:
        out.write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        emit_json(told)
    else:
        print_table([_("编号"), _("时间"), _("链头")], [(told["no"], told["at"], told["head"])])
    return ExitCode.OK


@click.command(
    help="""核验台账:逐行对照存证链,指出被改动(altered)、被删除(removed)、被调换(moved)、被插入(inserted)的记录、内容段、
    拒绝、发送包、往来和收件,以及存证链自身的断裂和不符的签名。按保存期限清理的内容不算。可在网关运行时执行。
    --head 给出以前导出的链头(文件或哈希):能重算整条链的人也改不动链头以前的内容。不符时退出码 1。"""
)
@click.option("--head", "exported_head", metavar="FILE|HEX", help="以前导出的链头")
@directory_option
@json_option
def verify(exported_head: str | None, directory: Path, as_json: bool) -> int:
    """Verify the ledger."""
    configuration = load(directory)
    wanted = None if exported_head is None else _head(exported_head)
    with read_ledger(configuration) as ledger, ledger.reading() as connection, progress(_("核验")) as bar:
        steady(connection)
        bar.expect(expected(connection))
        checked = check(connection, _signatures(configuration), wanted, bar.advance)
    if as_json:
        emit_json(_plain(checked))
    else:
        _tell(checked)
    return ExitCode.FINDINGS if checked.faults else ExitCode.OK


def _head(told: str) -> str:
    """Return the head that ``--head`` names: 64 hexadecimal digits, or a file that ``gateway ledger head`` has written."""
    try:
        named = told if _HEX.fullmatch(told) else json.loads(Path(told).read_text(encoding="utf-8"))["head"]
    except (OSError, ValueError, KeyError, TypeError):
        named = ""
    if not isinstance(named, str) or not _HEX.fullmatch(named):
        raise click.BadParameter(_("--head 写成 64 位十六进制哈希,或 gateway ledger head --out 写出的文件"))
    return named


def _signer(configuration: Configuration) -> Callable[[bytes], str]:
    try:
        return signer(configuration.site.trust.key.reveal_bytes())
    except ValueError as fault:
        raise ConfigurationError(f"trust.key: {fault}") from fault


def _signatures(configuration: Configuration) -> Callable[[bytes, str], bool]:
    certificate = configuration.site.trust.certificate.read_bytes()
    try:
        holds(certificate, b"", "")
    except ValueError as fault:
        raise ConfigurationError(f"trust.certificate: {fault}") from fault
    return lambda signed, signature: holds(certificate, signed, signature)


def _plain(checked: Checked) -> dict[str, Any]:
    first = checked.first
    return {
        "ok": not checked.faults, **asdict(checked), "first": None if first is None else asdict(first),
    }  # fmt: skip


def _tell(checked: Checked) -> None:
    if not checked.faults:
        say(
            _("台账完整:{rows} 行、{seals} 次封存全部相符({pruned} 行已按保存期限清理),链头 {head}").format(
                rows=checked.rows, seals=checked.seals, pruned=checked.pruned, head=checked.head
            )
        )
        if checked.unsealed:
            say(_("另有 {n} 个事务尚未封存,网关运行时会自动封存").format(n=checked.unsealed))
        return
    if not checked.met:
        say(_("存证链不再经过导出的链头:链头以前的内容被改动过"))
    shown = [_row(each) for each in checked.faults[:_SHOWN]]
    print_table([_("不符"), _("表"), _("编号"), _("内容原属")], shown)
    say(_("共 {n} 处不符").format(n=len(checked.faults)))


def _row(fault: Fault) -> tuple[str, str, int, int | str]:
    return fault.what, fault.table, fault.number, "" if fault.came_from is None else fault.came_from
