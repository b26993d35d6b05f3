# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping diff``: what a changed mapping would make otherwise of the raw rows that the ledger holds."""

from collections import Counter
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say, spoken
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.flow.mapping_diff import Change, Difference, Side
    from gateway.pack import Pack

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    "diff",
    help="用映射 OLD 和 NEW 各处理一遍台账中数据源的原始行,列出元素的变化和新增的拒绝;只读。有新增拒绝则退出码为 1",
)
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--source", required=True, metavar="名称", help="用哪个数据源的原始行")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="只看这一天起收录的")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="最多看这么多行(默认全部)")
@click.option("--reveal", is_flag=True, help="显示个人信息(默认遮盖)")
@directory_option
@json_option
def diff(
    old: Path, new: Path, source: str, since: datetime | None, limit: int | None, directory: Path, *, reveal: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Compare two mappings over stored rows."""
    from itertools import islice

    from gateway.clock import BEIJING, microseconds
    from gateway.config import load
    from gateway.flow.mapping_diff import Difference, compare
    from gateway.ledger.originals import raw_rows
    from gateway.parts import read_ledger

    pack, before, after = _sides(old, new, source)
    begin = None if since is None else microseconds(datetime.combine(since.date(), time(), BEIJING))
    found = Difference()
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection, progress(_("比较")) as bar:
        rows = islice(raw_rows(connection, source, begin), limit)
        for count in compare(rows, before, after, ledger.numbers, found):
            bar.advance(count)
    if as_json:
        emit_json(as_data(found, pack, reveal=reveal))
    else:
        print_difference(found, pack, reveal=reveal)
    return ExitCode.FINDINGS if found.refused else ExitCode.OK


def _sides(old: Path, new: Path, source: str) -> "tuple[Pack, Side, Side]":
    from gateway.cli.mapping import pack_of
    from gateway.flow.mapping_diff import Side
    from gateway.mapping.compile import compile_mapping
    from gateway.mapping.load import load_mapping
    from gateway.pack import load_packs
    from gateway.parts import judging_packs, validator_for

    packs = [pack_of(old), pack_of(new)]
    validators = [validator_for(judging_packs(pack, load_packs())) for pack in packs]
    sides = [
        Side(compile_mapping(load_mapping(file, pack, shown=str(file)), pack, source), validator)
        for file, pack, validator in zip((old, new), packs, validators, strict=True)
    ]
    return packs[1], sides[0], sides[1]


def print_difference(found: "Difference", pack: "Pack", *, reveal: bool) -> None:
    """Print what two mappings make otherwise."""
    types = sorted(found.same.keys() | found.appeared.keys() | found.vanished.keys() | found.changed_records.keys())
    print_table(
        (_("类型"), _("相同"), _("有变化"), _("新增"), _("不再产生")),
        [
            (each, found.same[each], found.changed_records[each], found.appeared[each], found.vanished[each])
            for each in types
        ],
    )
    if found.changed:
        print_table(
            (_("类型"), _("元素"), _("名称"), _("条数"), _("例如")),
            [
                (
                    type_,
                    path,
                    _label(pack, type_, path),
                    count,
                    _spoken(found.examples[type_, path], pack, type_, path, reveal=reveal),
                )
                for (type_, path), count in found.changed.most_common()
            ],
        )
    for (type_, path), factor, count in found.shifts():
        text = _("数量级变化:{type} {path} 有 {n} 条约为原来的 {factor} 倍,请核对单位(元、万元)")
        say(text.format(type=type_, path=path, n=count, factor=factor))
    for table, title in ((found.refused, _("新增拒绝")), (found.mended, _("不再拒绝"))):
        if table:
            print_table(
                (_("类型"), _("规则"), _("条数"), _("说明")),
                [(*at, count, spoken(found.findings[at].message)) for at, count in table.most_common()],
                title=title,
            )
    text = _("共看 {rows} 行:记录 {changed} 条有变化,新增拒绝 {refused} 条,不再拒绝 {mended} 条")
    say(
        text.format(
            rows=found.rows,
            changed=found.changed_records.total(),
            refused=found.refused.total(),
            mended=found.mended.total(),
        )
    )


def _label(pack: "Pack", type_: str, path: str) -> str:
    element = pack.shape(type_).find(path)
    return spoken(element.label) if element else ""


def _spoken(changes: "list[Change]", pack: "Pack", type_: str, path: str, *, reveal: bool) -> str:
    shown = (_values(change, pack, type_, path, reveal=reveal) for change in changes[:1])
    return " ".join(f"{old if old is not None else '∅'} → {new if new is not None else '∅'}" for old, new in shown)


def _values(change: "Change", pack: "Pack", type_: str, path: str, *, reveal: bool) -> tuple[str | None, str | None]:
    from gateway.trust.masking import mask

    element = pack.shape(type_).find(path)
    personal = element.personal if element else None

    def cover(text: str | None) -> str | None:
        return text if text is None or reveal else mask(text, personal)

    return cover(change.old), cover(change.new)


def as_data(found: "Difference", pack: "Pack", *, reveal: bool) -> dict[str, Any]:
    """Return the difference as JSON, personal data masked unless revealed."""
    return {
        "rows": found.rows,
        "same": dict(found.same),
        "appeared": dict(found.appeared),
        "vanished": dict(found.vanished),
        "changed_records": dict(found.changed_records),
        "changed": [
            {"type": type_, "path": path, "records": count, "examples": [
                {"key": change.key, "old": old, "new": new}
                for change in found.examples[type_, path]
                for old, new in [_values(change, pack, type_, path, reveal=reveal)]
            ]}
            for (type_, path), count in found.changed.most_common()
        ],
        "shifts": [
            {"type": type_, "path": path, "factor": factor, "records": count}
            for (type_, path), factor, count in found.shifts()
        ],
        "newly_refused": _codes(found.refused, found),
        "no_longer_refused": _codes(found.mended, found),
    }  # fmt: skip


def _codes(table: Counter[tuple[str, str]], found: "Difference") -> list[dict[str, Any]]:
    return [
        {"type": type_, "rule": code, "records": count, "message": found.findings[type_, code].message}
        for (type_, code), count in table.most_common()
    ]
