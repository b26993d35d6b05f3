# SPDX-License-Identifier: Apache-2.0
"""``gateway validate``: packages, records, record files, tables, folders against the standard; every fault with its place."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import progress, say
from gateway.cli.report import Found, report
from gateway.documents.explain import Explainer
from gateway.documents.faults import RefusedDocument
from gateway.documents.record_stream import RecordFile
from gateway.documents.safexml import DEFAULT
from gateway.flow.inspect import Inspector
from gateway.flow.inspect_tables import TableInspector
from gateway.grids.csv_file import ENCODINGS
from gateway.i18n import _
from gateway.model.finding import Finding
from gateway.pack import Pack, PackSet, load_packs, pack_named
from gateway.tabular.reading import SUFFIXES, TableFile, Tables
from gateway.trust.masking import mask, mask_text

_SUFFIXES: Final = frozenset({".xml", ".records"}) | SUFFIXES


@click.command(
    help="按省级标准校验文件:数据包、单条记录、记录文件(Records 或一行一条)、模板形式的 Excel 和 CSV、文件夹。指出每个问题的位置和改法。",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--type", "type_code", metavar="T", help="只接受这一记录类型(如 CF_JD)")
@click.option(
    "--encoding", type=click.Choice(ENCODINGS), default="utf-8", help="CSV 文件的编码(默认 utf-8);XML 以其声明为准"
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="输出格式(默认 text)"
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="warning",
    help="退出码为 1 的起点:默认有任何问题(含警告)即为 1,error 只看错误",
)
@click.option("--pack", "named", metavar="DIR|NAME", help="只用这个标准包(默认按事件日期选用现行的标准包)")
@click.option("--explain", is_flag=True, help="对不符合 XSD 的单条记录文件,附上第二个校验器的说明(英文)")
@json_option
def command(
    files: tuple[Path, ...], type_code: str | None, encoding: str, form: str, fail_on: str, named: str | None,
    explain: bool, as_json: bool,
) -> int:  # fmt: skip
    """Validate files and print what is wrong with them."""
    packs = load_packs() if named is None else PackSet.of(pack_named(named))
    pack = packs.newest
    if type_code is not None and type_code not in pack.types:
        raise click.BadParameter(_("没有这种记录类型:{type}").format(type=type_code), param_hint="--type")
    form = "json" if as_json else form
    inspector = Inspector(packs)
    tally: Counter[str] = Counter()
    with progress(_("校验")) as bar, report(form) as out:
        tables = Tables(pack)
        table_inspector = TableInspector(inspector, tables)
        for path in (each for given in files for each in _expand(given)):
            if path.suffix.lower() not in SUFFIXES:
                inspected = inspector.inspect_file(RecordFile(path), type_code, bar.advance)
            elif tables.is_part(path):  # read with its main file
                continue
            else:
                inspected = table_inspector.inspect_file(TableFile(path, type_code, encoding), bar.advance)
            for placed in inspected:
                found = Found(placed.file or str(path), placed, _shown(inspector, placed.finding))
                tally[found.severity] += 1
                out.add(found)
    if form == "text":
        if explain:
            _explain(pack, files)
        _summarise(inspector.records, tally)
        if inspector.not_evaluated:
            say(_("缺少上下文、未评估的规则:{codes}").format(codes=" ".join(inspector.not_evaluated)))
    wrong = tally["error"] + (tally["warning"] if fail_on == "warning" else 0)
    return ExitCode.FINDINGS if wrong else ExitCode.OK


def _shown(inspector: Inspector, finding: Finding) -> str | None:
    return None if finding.value is None else mask(finding.value, inspector.personal(finding.path))


def _expand(path: Path) -> Iterator[Path]:
    """Yield a file as it is, a folder as the record files below it."""
    if path.is_dir():
        yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
    else:
        yield path


def _summarise(records: int, tally: Counter[str]) -> None:
    say(
        _("共检查 {records} 条记录:{errors} 个错误,{warnings} 个警告").format(
            records=records, errors=tally["error"], warnings=tally["warning"]
        )
    )


def _explain(pack: Pack, files: tuple[Path, ...]) -> None:
    explainer = Explainer(pack.schema_path)
    for path in (each for given in files for each in _expand(given)):
        if not path.is_file() or path.stat().st_size > DEFAULT.size:
            continue
        try:
            explained = explainer.explain(path.read_bytes())
        except RefusedDocument:  # its finding has been printed already
            continue
        for each in explained:
            click.echo(mask_text(f"{path}: {each.path}: {each.reason} {' | '.join(each.expected)}".rstrip()))
