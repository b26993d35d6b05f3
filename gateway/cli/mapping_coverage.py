# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping coverage``: the fields of the standard that a mapping leaves out, by level."""

from pathlib import Path
from typing import Any

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, spoken
from gateway.i18n import _


@click.command("coverage", help="列出映射 FILE 没有提供的必填和有条件必填的元素,按级别;有必填缺项则退出码为 1")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--level", type=click.Choice(("L1", "L2", "L3")), help="只看一个级别(默认全部)")
@json_option
def coverage(file: Path, level: str | None, *, as_json: bool) -> int:
    """Tell what a mapping does not fill; exit 1 where a mandatory field is among it."""
    from gateway.cli.mapping import pack_of
    from gateway.mapping.coverage import covered, gaps
    from gateway.mapping.load import load_mapping

    pack = pack_of(file)
    mapping = load_mapping(file, pack, shown=str(file))
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for gap in gaps(mapping, pack):
        if level is not None and gap.level != level:
            continue
        at = found.setdefault(
            (gap.record, gap.path, gap.need),
            {"record": gap.record, "type": gap.type, "path": gap.path, "label": spoken(gap.label), "pinyin": gap.pinyin,
             "need": gap.need, "levels": [], "when": spoken(gap.when)},
        )  # fmt: skip
        at["levels"].append(gap.level)
    records = [
        {"record": each.record, "type": each.type, "filled": each.filled, "fields": each.fields}
        for each in covered(mapping, pack)
    ]
    if as_json:
        emit_json({"records": records, "gaps": list(found.values())})
    else:
        print_table(
            (_("记录"), _("类型"), _("已提供"), _("可提供")), ([str(cell) for cell in row.values()] for row in records)
        )
        columns = (_("记录"), _("元素"), _("名称"), _("拼音代码"), _("约束"), _("级别"), _("何时必填"))
        print_table(columns, (_line(gap) for gap in found.values()))
    return ExitCode.FINDINGS if any(gap["need"] == "M" for gap in found.values()) else ExitCode.OK


def _line(gap: dict[str, Any]) -> list[str]:
    return [gap["record"], gap["path"], gap["label"], gap["pinyin"], gap["need"], " ".join(gap["levels"]), gap["when"]]
