# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping``: try a mapping on one row, step by step; run the examples that stand beside mappings."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway import i18n, resources
from gateway.cli.exits import ExitCode
from gateway.cli.mapping_coverage import coverage
from gateway.cli.mapping_diff import diff
from gateway.cli.mapping_excel import from_excel, to_excel
from gateway.cli.mapping_versions import activate, approve, history, plan, rollback
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_findings, print_table, say, spoken
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.mapping.interpret import Step
    from gateway.mapping.reading import Fault
    from gateway.model.record import Refused, Row
    from gateway.pack import Pack
    from gateway.ports import Mapped

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(help="试用、检验映射,比较新旧,查看覆盖,与数据对照表互转,两人提出、批准后启用")
def command() -> None:
    """Hold the commands."""


for _each in (coverage, diff, to_excel, from_excel, plan, approve, activate, history, rollback):
    command.add_command(_each)


@command.command("try", help="用一行源数据试用映射 FILE,逐步显示每个元素怎样得来(号码按空台账从 1 起)")
@click.argument("file", type=_FILE)
@click.option("--row", "row_text", metavar="JSON", help="源数据行,JSON 对象")
@click.option("--row-file", type=_FILE, metavar="F", help="含一个 JSON 对象的文件")
@click.option("--row-id", default="1", show_default=True, help="行号")
@click.option("--source", default="try", show_default=True, help="数据源名")
@click.option("--reveal", is_flag=True, help="显示个人信息(默认遮盖)")
@json_option
def try_(
    file: Path, row_text: str | None, row_file: Path | None, row_id: str, source: str, reveal: bool, as_json: bool
) -> int:
    """Map one row and show every step."""
    from gateway.mapping.compile import compile_mapping
    from gateway.mapping.examples import allocate
    from gateway.mapping.interpret import Interpreter
    from gateway.mapping.load import load_mapping

    if (row_text is None) == (row_file is None):
        raise click.UsageError(_("请用 --row 或 --row-file 之一给出源数据行"))
    row = _row(row_text or (row_file.read_text(encoding="utf-8-sig") if row_file else ""), row_id)
    pack = pack_of(file)
    mapping = load_mapping(file, pack, shown=str(file))
    numbers = allocate(compile_mapping(mapping, pack, source).wants(row))
    mapped, steps = Interpreter(mapping, pack, source).explain(row, numbers)
    shown = [_shown(step, pack, reveal) for step in steps]
    if as_json:
        emit_json(_as_json(mapped, shown, pack, reveal))
    else:
        _print_steps(mapped, shown, pack, reveal)
    return ExitCode.FINDINGS if mapped.refused else ExitCode.OK


@command.command("test", help="运行例子文件 *.examples.yaml;不写路径则检验随网关发行的全部映射")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@json_option
def test(paths: tuple[Path, ...], as_json: bool) -> int:
    """Load every mapping found and run every example; exit 1 on any failure, or with nothing to test."""
    from gateway.mapping.reading import MappingFaults

    found = _mappings(paths or (resources.find("mappings"),))
    ran, failed = 0, 0
    faults: list[Fault] = []
    for file in found:
        try:
            outcomes = _examples(file)
        except MappingFaults as wrong:
            faults += wrong.faults
            failed += 1
            continue
        ran += len(outcomes)
        failed += sum(1 for outcome in outcomes if outcome.faults)
        faults += [fault for outcome in outcomes for fault in outcome.faults]
    products, plain = _products(found)
    for fault in faults:
        say(fault.spoken(i18n.language()))
    if not ran:
        say(_("没有可运行的例子"))
    report = {"products": products, "mapping_only": plain, "examples": ran, "failed": failed}
    if as_json:
        emit_json(report)
    else:
        text = _("产品 {products} 个(只用映射 {mapping_only} 个),例子 {examples} 个,失败 {failed} 个")
        click.echo(text.format(**report))
    return ExitCode.FINDINGS if failed or not ran else ExitCode.OK


def _row(text: str, row_id: str) -> "Row":
    from gateway.model.record import Row

    try:
        values = json.loads(text, parse_float=str)  # a fraction travels as it is written, never as a binary float
    except ValueError as wrong:
        raise click.UsageError(_("源数据行不是 JSON:{wrong}").format(wrong=wrong)) from None
    if not isinstance(values, dict):
        raise click.UsageError(_("源数据行应是一个 JSON 对象"))
    cells = {
        name: json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell
        for name, cell in values.items()
    }  # detail rows stand in a cell as JSON, as the source gives them
    return Row(row_id, cells, text.encode(), b"")


def pack_of(file: Path) -> "Pack":
    """Return the pack that a mapping names; the default one where it names none that is there (the loader says so)."""
    from gateway.errors import ConfigurationError
    from gateway.mapping.load import standard_of
    from gateway.pack import load_pack

    name = standard_of(file)
    try:
        return load_pack(name) if name else load_pack()
    except ConfigurationError:
        return load_pack()


def _mappings(paths: Sequence[Path]) -> list[Path]:
    """Return mapping files below ``paths``; an example file stands for the mapping that it names."""
    from gateway.mapping.examples import SUFFIX, read_examples

    found: dict[Path, None] = {}
    for path in paths:
        for file in sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            mapping = read_examples(file, str(file))[0] if file.name.endswith(SUFFIX) else file
            if mapping.is_file() and (not path.is_dir() or _is_mapping(mapping)):
                found[mapping] = None
    return list(found)


def _is_mapping(file: Path) -> bool:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return any(line.startswith("mapping:") for line in lines)


def _examples(file: Path) -> list[Any]:
    """Load one mapping and run the examples beside it that name it."""
    from gateway.documents.schema import Schema
    from gateway.mapping.examples import SUFFIX, read_examples, run_examples
    from gateway.mapping.load import load_mapping

    pack = pack_of(file)
    load_mapping(file, pack, shown=str(file))
    schema = Schema(pack.schema_path, pack.root)
    outcomes: list[Any] = []
    for example in sorted(file.parent.glob(f"*{SUFFIX}")):
        if read_examples(example, str(example))[0].resolve() == file.resolve():
            outcomes += run_examples(
                example, pack, lambda documents: [checked.findings for checked in schema.check(documents)], str(example)
            )
    return outcomes


def _products(files: Sequence[Path]) -> tuple[int, int]:
    """Count products (a folder each) and those among them that need no adapter of their own."""
    from gateway.mapping.load import adapter_of

    folders: dict[Path, bool] = {}
    for file in files:
        folder = file.resolve().parent
        folders[folder] = folders.get(folder, True) and adapter_of(file) is None
    return len(folders), sum(folders.values())


def _shown(step: "Step", pack: "Pack", reveal: bool) -> dict[str, Any]:
    """Return a step ready to be shown, personal data masked unless ``reveal``."""
    from gateway.trust.masking import mask

    element = pack.shape(step.type).find(step.path)
    personal = element.personal if element else None

    def cover(text: str | None) -> str | None:
        return text if text is None or reveal else mask(text, personal)

    return {
        "record": step.record,
        "type": step.type,
        "path": step.path,
        "label": spoken(element.label) if element else "",
        "column": step.origin,
        "steps": [{"step": name, "value": cover(text)} for name, text in step.stages],
        "value": cover(step.text),
        "finding": step.finding.code if step.finding else None,
    }


def _as_json(mapped: "Mapped", shown: list[dict[str, Any]], pack: "Pack", reveal: bool) -> dict[str, Any]:
    records = [
        {"type": draft.type, "key": draft.key, "case_no": draft.case_no, "occurred_at": draft.occurred_at,
         "elements": _elements(draft.type, draft.document(), pack, reveal), "order_token": draft.order_token}
        for draft in mapped.drafts
    ]  # fmt: skip
    refused = [
        {"type": one.type, "key": one.key, "findings": [
            {"code": f.code, "column": f.path, "message": spoken(f.message), "hint": spoken(f.hint)} for f in one.findings]}
        for one in mapped.refused
    ]  # fmt: skip
    return {"steps": shown, "records": records, "refused": refused}


def _elements(code: str, document: bytes, pack: "Pack", reveal: bool) -> dict[str, str]:
    import re

    from gateway.mapping.examples import elements_of
    from gateway.trust.masking import mask

    shape = pack.shape(code)
    covered = {}
    for path, text in elements_of(document).items():
        element = shape.find(re.sub(r"\[\d+\]", "", path))
        covered[path] = text if reveal else mask(text, element.personal if element else None)
    return covered


def _print_steps(mapped: "Mapped", shown: list[dict[str, Any]], pack: "Pack", reveal: bool) -> None:
    columns = (_("记录"), _("元素"), _("名称"), _("源列"), _("各步"), _("结果"))
    print_table(columns, _lines(shown))
    for draft in mapped.drafts:
        click.echo(f"{draft.type} {draft.key}")
    for one in mapped.refused:
        _print_refused(one)


def _lines(shown: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for step in shown:
        stages = " → ".join(f"{one['step']}: {'∅' if one['value'] is None else one['value']}" for one in step["steps"])
        outcome = step["finding"] or ("∅" if step["value"] is None else step["value"])
        yield f"{step['type']} {step['record']}", step["path"], step["label"], step["column"], stages, outcome


def _print_refused(refused: "Refused") -> None:
    print_findings(refused.findings, refused.type or "")
