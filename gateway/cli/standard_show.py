# SPDX-License-Identifier: Apache-2.0
"""``gateway standard show``: the dictionary of one record type."""

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, say, spoken
from gateway.dictionary import Described, describe
from gateway.i18n import _
from gateway.pack import LEVELS, Pack, load_pack


@click.command(name="show", help="查看一个记录类型的数据字典:各级约束、含义、示例、填写提示、代码表。")
@click.argument("type_code", metavar="TYPE")
@json_option
def command(type_code: str, as_json: bool) -> ExitCode:
    """Show the fields of one record type as the dictionary has them."""
    pack = load_pack()
    fields = describe(pack, known_type(pack, type_code))
    kind = pack.types[type_code]
    if as_json:
        emit_json(
            {
                "pack": pack.name, "version": pack.version, "edition": pack.edition, "digest": pack.digest,
                "code": kind.code, "element": kind.element, "label": kind.label,
                "fields": [each.as_data() for each in fields],
            }
        )  # fmt: skip
        return ExitCode.OK
    say(f"{kind.code} {spoken(kind.label)} · {pack.edition}")
    say(_("M 必填,C 条件必填,O 选填;L1 结果级,L2 过程级,L3 实时级"))
    print_table(
        (
            _("元素"), _("拼音代码"), _("名称"), _("类型"), _("次数"), *LEVELS, _("何时必填"), _("含义"), _("示例"),
            _("填写提示"), _("代码表"),
        ),
        [_row(each) for each in fields],
    )  # fmt: skip
    return ExitCode.OK


def known_type(pack: Pack, code: str, hint: str = "TYPE") -> str:
    """Return ``code``; raises click.BadParameter when the pack has no such record type."""
    if code not in pack.types:
        raise click.BadParameter(_("没有记录类型 {code}").format(code=code), param_hint=hint)
    return code


def _row(each: Described) -> tuple[str, ...]:
    field = each.field
    needs = (field.needs[level] for level in LEVELS)
    return (
        each.element.path, field.pinyin, spoken(field.label), spoken(each.kind), each.occurs, *needs,
        spoken(field.when), spoken(field.meaning), field.example, spoken(field.hint),
        each.codes.name if each.codes else " ".join(each.element.values),
    )  # fmt: skip
