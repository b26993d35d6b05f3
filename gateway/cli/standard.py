# SPDX-License-Identifier: Apache-2.0
"""``gateway standard``: what the standard pack holds: record types, their elements, code lists, rules."""

from pathlib import Path
from typing import Any

import click

from gateway.channels.database_findings import SOURCE_FINDINGS
from gateway.channels.files.findings import FILE_FINDINGS
from gateway.cli import standard_diff, standard_export, standard_rehearse, standard_show
from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.documents.faults import FAULTS
from gateway.documents.messages import KINDS
from gateway.flow.translate import FINDINGS as FLOW_FINDINGS
from gateway.grids.faults import FAULTS as TABLE_FAULTS
from gateway.i18n import _
from gateway.ledger.findings import FINDINGS as LEDGER_FINDINGS
from gateway.mapping.findings import FINDINGS
from gateway.model.finding import Severity
from gateway.model.record_type import RecordType
from gateway.pack import CodeList, Element, Entry, Pack, load_pack
from gateway.rules import Rule, Rules
from gateway.semantics.names import FINDINGS as NAME_FINDINGS


@click.group(name="standard", help="查看标准包:记录类型、元素、代码表、规则。")
def command() -> None:
    """Show the standard pack."""


for _part in (standard_show, standard_diff, standard_export, standard_rehearse):
    command.add_command(_part.command)


@command.command(name="list", help="列出标准包的内容:记录类型(默认)、某类型的元素、某代码表、规则、全部问题代码。")
@click.option("--type", "type_code", metavar="CODE", help="列出一个记录类型的全部元素")
@click.option("--codes", "list_name", metavar="NAME", help="列出一个代码表的全部代码")
@click.option("--rules", "with_rules", is_flag=True, help="列出标准包的规则、依据、有效期和样例(--json)")
@click.option(
    "--findings",
    "with_findings",
    is_flag=True,
    help="列出全部问题代码:规则以及解析、结构、映射、数据源、文件、台账的问题",
)
@json_option
def list_(
    type_code: str | None, list_name: str | None, with_rules: bool, with_findings: bool, as_json: bool
) -> ExitCode:
    """List record types, the elements of one, the codes of a list, or every finding code with its sentence."""
    pack = load_pack()
    if as_json and with_findings:
        emit_json([_finding_data(rule) for rule in all_rules(pack)])
        return ExitCode.OK
    if as_json:
        emit_json(_as_data(pack, type_code, list_name, with_rules))
        return ExitCode.OK
    say(f"{spoken(pack.title)} {pack.edition}")
    if type_code:
        _print_elements(pack, _known(pack, type_code))
    elif list_name:
        _print_codes(_known_list(pack, list_name))
    elif with_findings:
        _print_rules(all_rules(pack))
    elif with_rules:
        _print_rules(sorted(Rules(pack).catalogue.values(), key=lambda rule: rule.code))
    else:
        _print_types(pack)
    return ExitCode.OK


def _known(pack: Pack, code: str) -> str:
    if code not in pack.types:
        raise click.BadParameter(_("没有记录类型 {code}").format(code=code), param_hint="--type")
    return code


def _known_list(pack: Pack, name: str) -> CodeList:
    if name not in pack.code_lists:
        raise click.BadParameter(_("没有代码表 {name}").format(name=name), param_hint="--codes")
    return pack.code_lists[name]


def _print_types(pack: Pack) -> None:
    print_table(
        (_("代码"), _("元素"), _("名称"), _("前置记录")),
        [(kind.code, kind.element, spoken(kind.label), " ".join(kind.predecessors)) for kind in pack.types.values()],
    )


def _print_elements(pack: Pack, code: str) -> None:
    print_table(
        (_("元素"), _("拼音代码"), _("名称"), _("类型"), _("次数"), _("L2/L3 约束")),
        [
            (element.path, element.pinyin, spoken(element.label), _kind(element), _occurs(element), element.need)
            for element in pack.shape(code).walk()
        ],
    )


def _print_codes(codes: CodeList) -> None:
    print_table(
        (_("代码"), _("名称"), _("有效期起"), _("有效期止"), _("来源")),
        [
            (row.code, spoken(row.label) or row.label.zh, _shown(row.valid_from), _shown(row.valid_to), row.source)
            for rows in codes.rows.values()
            for row in rows
        ],
    )


def _print_rules(rules: list[Rule]) -> None:
    print_table(
        (_("代码"), _("级别"), _("说明"), _("建议"), _("依据")),
        [(rule.code, rule.severity.value, spoken(rule.message), spoken(rule.hint), rule.clause) for rule in rules],
    )


def all_rules(pack: Pack) -> list[Rule]:
    """Return every finding code there is: the pack's rules and the faults of source, mapping, parser and schema."""
    rules = list(Rules(pack).catalogue.values())
    for table in (SOURCE_FINDINGS, FILE_FINDINGS, FINDINGS, NAME_FINDINGS, FLOW_FINDINGS, LEDGER_FINDINGS):
        rules += [Rule(code, *words, "", Severity.ERROR) for code, words in table.items()]
    rules += [Rule(code.value, fault.message, fault.hint, "", fault.severity) for code, fault in FAULTS.items()]
    rules += [Rule(code.value, *words, "", Severity.ERROR) for code, words in TABLE_FAULTS.items()]
    rules += [Rule(kind.code, kind.message, kind.hint, "", Severity.ERROR) for kind in KINDS]
    return sorted(rules, key=lambda rule: rule.code)


def _kind(element: Element) -> str:
    length = f"({element.max_length})" if element.max_length else ""
    return f"{element.kind}{length}"


def _occurs(element: Element) -> str:
    return f"{element.min}..{'n' if element.max is None else element.max}"


def _shown(day: str) -> str:
    return "" if day.startswith(("0000", "9999")) else day


def _as_data(
    pack: Pack, type_code: str | None, list_name: str | None, with_rules: bool
) -> dict[str, Any] | list[dict[str, Any]]:
    """Return what ``--json`` prints: a list of types or rules with their samples, or one type or list with its head."""
    if with_rules:
        return [_rule_data(pack, rule) for rule in sorted(Rules(pack).catalogue.values(), key=lambda rule: rule.code)]
    if not type_code and not list_name:
        valid = {path: path.read_bytes() for path in sorted((pack.root / "samples" / "valid").glob("*.xml"))}
        return [_type_data(kind, valid) for kind in pack.types.values()]
    about: dict[str, Any] = {
        "pack": pack.name,
        "version": pack.version,
        "edition": pack.edition,
        "namespace": pack.namespace,
        "code_list_version": pack.code_list_version,
        "digest": pack.digest,
    }
    if type_code:
        elements = pack.shape(_known(pack, type_code)).walk()
        return about | {"type": type_code, "elements": [_element_data(element) for element in elements]}
    rows = [row for rows in _known_list(pack, str(list_name)).rows.values() for row in rows]
    return about | {"list": list_name, "codes": [_code_data(row) for row in rows]}


def _type_data(kind: RecordType, valid: dict[Path, bytes]) -> dict[str, Any]:
    """Return a record type and the valid samples that hold a record of it, its own ones first."""
    opening = f"<{kind.element}".encode()
    holding = [path for path, text in valid.items() if opening + b" " in text or opening + b">" in text]
    holding.sort(key=lambda path: not path.name.startswith(kind.code))
    return {
        "code": kind.code, "element": kind.element, "label": kind.label, "category": kind.category,
        "rank": kind.rank, "lane": kind.lane, "predecessors": kind.predecessors,
        "valid": [str(path) for path in holding],
    }  # fmt: skip


def _rule_data(pack: Pack, rule: Rule) -> dict[str, Any]:
    """Return a rule of the pack, its dates, and the samples that break and just keep it."""
    return {
        "code": rule.code, "severity": rule.severity, "scope": rule.scope, "clause": rule.clause,
        "valid_from": rule.valid_from, "valid_to": rule.valid_to, "decides": rule.decides,
        "levels": sorted(rule.levels), "needs": rule.needs, "message": rule.message, "hint": rule.hint,
        "invalid": _samples(pack, "invalid", rule), "near_miss": _samples(pack, "near-miss", rule),
    }  # fmt: skip


def _finding_data(rule: Rule) -> dict[str, Any]:
    """Return what any stage may find: its code, severity and sentences; ``clause`` is empty for what is no rule."""
    return {
        "code": rule.code, "severity": rule.severity, "clause": rule.clause, "message": rule.message, "hint": rule.hint,
    }  # fmt: skip


def _samples(pack: Pack, folder: str, rule: Rule) -> list[str]:
    return [str(path) for path in sorted((pack.root / "samples" / folder).glob(f"{rule.code}-*.xml"))]


def _code_data(row: Entry) -> dict[str, Any]:
    return {
        "code": row.code, "label": row.label, "valid_from": _shown(row.valid_from) or None,
        "valid_to": _shown(row.valid_to) or None, "source": row.source, **row.extra,
    }  # fmt: skip


def _element_data(element: Element) -> dict[str, Any]:
    return {
        "path": element.path, "pinyin": element.pinyin, "label": element.label, "kind": element.kind,
        "min": element.min, "max": element.max, "max_length": element.max_length, "need": element.need,
        "personal": element.personal, "values": element.values,
    }  # fmt: skip
