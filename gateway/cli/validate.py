# SPDX-License-Identifier: Apache-2.0
"""``gateway validate``: packages, records, record files and folders against the standard; every fault with its place."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import click

from gateway import __version__, i18n
from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import Progress, emit_json, progress, say, spoken
from gateway.documents.explain import Explainer
from gateway.documents.faults import Doc, RefusedDocument, doc_finding
from gateway.documents.record_file import RECORD_FILE_CAP
from gateway.flow.inspect import Inspector, Placed
from gateway.i18n import _
from gateway.model.finding import Finding, Severity
from gateway.pack import Pack, load_pack
from gateway.trust.masking import mask, mask_text

_SUFFIXES: Final = frozenset({".xml", ".records"})
_SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class _Found:
    """A finding, where it is, and its offending value as it may be shown."""

    file: str
    placed: Placed
    shown: str | None

    @property
    def finding(self) -> Finding:
        return self.placed.finding

    @property
    def severity(self) -> str:
        return "error" if self.finding.severity is Severity.ERROR else "warning"

    @property
    def message(self) -> str:
        return mask_text(spoken(self.finding.message))

    def row(self) -> dict[str, Any]:
        """Return the finding as ``--json`` gives it."""
        finding = self.finding
        return {
            "file": self.file,
            "record": self.placed.record,
            "type": self.placed.type,
            "rule": finding.code,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "severity": self.severity,
            "message": self.message,
            "hint": spoken(finding.hint),
        }


@click.command(
    help="按省级标准校验文件:数据包、单条记录、记录文件(Records 或一行一条)和文件夹。指出每个问题的位置和改法。",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--type", "type_code", metavar="T", help="只接受这一记录类型(如 CF_JD)")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="输出格式(默认 text)"
)
@click.option(
    "--fail-on", type=click.Choice(["error", "warning"]), default="error", help="出现何种问题时退出码为 1(默认 error)"
)
@click.option("--explain", is_flag=True, help="对不符合 XSD 的单条记录文件,附上第二个校验器的说明(英文)")
@json_option
def command(
    files: tuple[Path, ...], type_code: str | None, form: str, fail_on: str, explain: bool, as_json: bool
) -> int:
    """Validate files and print what is wrong with them."""
    pack = load_pack()
    if type_code is not None and type_code not in pack.types:
        raise click.BadParameter(_("没有这种记录类型:{type}").format(type=type_code), param_hint="--type")
    form = "json" if as_json else form
    inspector = Inspector(pack)
    tally: Counter[str] = Counter()
    kept: list[_Found] = []
    with progress(_("校验")) as bar:
        for found in _all(inspector, files, type_code, bar):
            tally[found.severity] += 1
            if form == "text":
                _print(found)
            else:
                kept.append(found)
    if form == "json":
        emit_json([found.row() for found in kept])
    elif form == "sarif":
        click.echo(json.dumps(_sarif(kept), ensure_ascii=False, indent=1))
    else:
        if explain:
            _explain(pack, files)
        _summarise(inspector.records, tally)
    wrong = tally["error"] + (tally["warning"] if fail_on == "warning" else 0)
    return ExitCode.FINDINGS if wrong else ExitCode.OK


def _all(inspector: Inspector, files: tuple[Path, ...], type_code: str | None, bar: Progress) -> Iterator[_Found]:
    for path in (each for given in files for each in _expand(given)):
        read = _read(path)
        places = (
            [Placed("", "", read)] if isinstance(read, Finding) else inspector.inspect(read, type_code, bar.advance)
        )
        for placed in places:
            value = placed.finding.value
            shown = None if value is None else mask(value, inspector.personal(placed.finding.path))
            yield _Found(str(path), placed, shown)


def _expand(path: Path) -> Iterator[Path]:
    """Yield a file as it is, a folder as the record files below it."""
    if path.is_dir():
        yield from sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
    else:
        yield path


def _read(path: Path) -> bytes | Finding:
    try:
        if path.stat().st_size > RECORD_FILE_CAP:
            return doc_finding(Doc.TOO_LARGE, str(RECORD_FILE_CAP))
        return path.read_bytes()
    except OSError as fault:
        return doc_finding(Doc.UNREADABLE, fault.strerror or type(fault).__name__)


def _print(found: _Found) -> None:
    finding = found.finding
    where = ":".join(str(part) for part in (found.file, finding.line, finding.column) if part is not None)
    level = _("错误") if finding.refuses else _("警告")
    click.echo(f"{where}: {level} {finding.code} {found.message}")
    about = " · ".join(part for part in (found.placed.type, found.placed.record, finding.path) if part)
    if about:
        click.echo(_("    位置:{about}").format(about=about))
    if found.shown:
        click.echo(_("    内容:{value}").format(value=found.shown))
    click.echo(_("    建议:{hint}").format(hint=spoken(finding.hint)))


def _summarise(records: int, tally: Counter[str]) -> None:
    say(
        _("共检查 {records} 条记录:{errors} 个错误,{warnings} 个警告").format(
            records=records, errors=tally["error"], warnings=tally["warning"]
        )
    )


def _explain(pack: Pack, files: tuple[Path, ...]) -> None:
    explainer = Explainer(pack.schema_path)
    for path in (each for given in files for each in _expand(given)):
        read = _read(path)
        if isinstance(read, Finding):
            continue
        try:
            explained = explainer.explain(read)
        except RefusedDocument:  # its finding has been printed already
            continue
        for each in explained:
            click.echo(mask_text(f"{path}: {each.path}: {each.reason} {' | '.join(each.expected)}".rstrip()))


def _sarif(found: list[_Found]) -> dict[str, Any]:
    """Return findings in the form that code-review tools read (SARIF 2.1.0)."""
    rules = {each.finding.code: each.finding for each in found}
    return {
        "$schema": _SARIF,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "gateway validate",
                        "version": __version__,
                        "language": _language(),
                        "rules": [
                            {"id": code, "help": {"text": spoken(finding.hint)}}
                            for code, finding in sorted(rules.items())
                        ],
                    }
                },
                "results": [_result(each) for each in found],
            }
        ],
    }


def _result(found: _Found) -> dict[str, Any]:
    region = {"startLine": found.finding.line or 1}
    if found.finding.column:
        region["startColumn"] = found.finding.column
    return {
        "ruleId": found.finding.code,
        "level": found.severity,
        "message": {"text": found.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": Path(found.file).as_posix()}, "region": region},
                "logicalLocations": [{"fullyQualifiedName": found.finding.path, "name": found.placed.record}],
            }
        ],
    }


@cache
def _language() -> str:
    return "en" if i18n.language() == "en" else "zh-CN"
