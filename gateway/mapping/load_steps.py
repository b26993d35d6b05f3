# SPDX-License-Identifier: Apache-2.0
"""Read and check the steps of a value: extraction, units, defaults, constants, date formats."""

import re
from dataclasses import replace
from typing import Final, Literal, cast

from gateway.mapping import formats
from gateway.mapping.amounts import BOOLEANS, UNITS, integer
from gateway.mapping.load_scope import Target
from gateway.mapping.model import Column, Constant, Extract, Kind, Touch, Value
from gateway.mapping.reading import Node


def read_extract(keys: dict[str, Node]) -> Extract | None:
    """Read the extract step."""
    if "extract" not in keys:
        if "no_match" in keys:
            keys["no_match"].fault("no_match 要和 extract 一起写", "no_match goes with extract")
        return None
    node = keys["extract"]
    pattern = node.text()
    try:
        re.compile(pattern)
    except re.error as fault:
        node.fault(f"正则有误:{fault}", f"bad regular expression: {fault}", (fault.pos or 0) + int(node.quoted))
    no_match = keys["no_match"].one_of(("absent", "keep")) if "no_match" in keys else "refuse"
    return Extract(pattern, cast(Literal["refuse", "absent", "keep"], no_match or "refuse"))


def read_touch(keys: dict[str, Node]) -> Touch | None:
    """Read the small mends of a text."""
    if not {"remove", "replace", "case", "pad"} & set(keys):
        return None
    remove = keys["remove"].texts() if "remove" in keys else ()
    if "remove" in keys and ("" in remove or not remove):
        keys["remove"].fault('写要去掉的字,如 remove: [" ", "-"]', 'name what to take out, such as remove: [" ", "-"]')
    pairs = [(old.value, new.value) for old, new in keys["replace"].items()] if "replace" in keys else []
    if any(not old or not isinstance(new, str) for old, new in pairs):
        keys["replace"].fault('写成 replace: {"旧": "新"}', 'write replace: {"old": "new"}')
        pairs = []
    case = keys["case"].one_of(("upper", "lower")) if "case" in keys else ""
    pad = keys["pad"].value if "pad" in keys else 0
    if isinstance(pad, bool) or not isinstance(pad, int) or ("pad" in keys and not 1 <= pad <= 40):
        keys["pad"].fault("pad 写补零后的位数,如 pad: 4", "pad is a number of digits, such as pad: 4")
        pad = 0
    return Touch(remove, tuple(pairs), cast(Literal["", "upper", "lower"], case), pad)


MASKS: Final = ("name", "id-number", "phone", "address", "account", "text")


def read_mask(keys: dict[str, Node], value: Value, target: Target) -> Value:
    """Read the mask, which must hide nothing that the standard needs whole."""
    if "mask" not in keys:
        return value
    node = keys["mask"]
    form = node.one_of(MASKS)
    if value.kind != "text":
        node.fault("mask 只用于文本", "mask is for texts")
    if target.no_mask:
        node.fault(
            f"{target.where} 不能遮盖:{target.no_mask[0]}", f"{target.where} can't be masked: {target.no_mask[1]}"
        )
    return replace(value, mask=form)


def read_amount(node: Node, keys: dict[str, Node], value: Value, column: Column | None) -> Value:
    """Read the unit and thousands mark of a decimal."""
    unit = keys["unit"].text() if "unit" in keys else (column.unit if column else None)
    thousands = keys["thousands"].text() if "thousands" in keys else None
    written = "written" in keys and keys["written"].flag()
    if written and value.kind not in ("decimal",):
        keys["written"].fault("written 只用于金额", "written is for amounts")
    if written and thousands is not None:
        keys["thousands"].fault("written 自己认千分位,不要再写 thousands", "written reads thousands marks itself")
    if "thousands" in keys and thousands not in (",", "，", " ", "'"):
        keys["thousands"].fault('千分位只能是 ","', 'the thousands mark is ","')
    if value.kind != "decimal" or value.given != "text":
        if "unit" in keys:
            keys["unit"].fault("unit 只用于小数", "unit is for decimals")
        return replace(value, thousands=thousands)
    if unit is None:
        node.fault(
            f'{value.where} 是小数,请写源的单位 unit: 元(万元…;不是钱写 "1")',
            f'{value.where} is a decimal: name the source\'s unit, unit: 元 (万元 …; "1" if no money)',
        )
        return value
    if unit not in UNITS:
        keys.get("unit", node).fault(
            f"单位 {unit} 不可用;可用:{' '.join(UNITS)}", f"unknown unit {unit}; there are: {' '.join(UNITS)}"
        )
        return value
    return replace(value, scale=UNITS[unit], thousands=thousands, written=written)


def read_default(keys: dict[str, Node], value: Value, target: Target) -> Value:
    """Read the default, which must be allowed and fit."""
    if "default" not in keys:
        return value
    node = keys["default"]
    text = node.text()
    if target.no_constant or value.kind in ("date", "dateTime", "decimal"):
        zh, en = target.no_constant or ("日期和金额没有默认值", "dates and amounts have no default")
        node.fault(f"{target.where} 不能有默认值:{zh}", f"{target.where} can't have a default: {en}")
    elif not _fits(text, value.kind):
        node.fault(f"{text} 不是 {value.kind}", f"{text} is no {value.kind}")
    return replace(value, default=text)


def check_constant(node: Node, keys: dict[str, Node], value: Value) -> None:
    """Fault a constant that does not fit its target."""
    if isinstance(value.source, Constant) and value.given == "text" and not (value.extract or value.lookup):
        place = keys.get("const", keys.get("text", node))
        if value.kind in ("date", "dateTime", "decimal"):
            place.fault("日期和金额不能是常量", "dates and amounts can't be constant")
        elif not _fits(value.source.text, value.kind):
            place.fault(f"{value.source.text} 不是 {value.kind}", f"{value.source.text} is no {value.kind}")


def _fits(text: str, kind: Kind) -> bool:
    if kind == "integer":
        return integer(text) == text
    return text in BOOLEANS if kind == "boolean" else bool(text)


def check_format(node: Node, pattern: str, value: Value, at: str | None) -> None:
    """Fault a date format that is wrong or lacks the time that is wanted."""
    try:
        parts = formats.letters(pattern)
    except formats.BadFormat as fault:
        node.fault(
            f"日期格式 {pattern} 有误({fault});例:yyyy-MM-dd HH:mm:ss",
            f"bad date format {pattern} ({fault}); such as yyyy-MM-dd HH:mm:ss",
        )
        return
    if value.kind == "dateTime" and "H" not in parts and at is None and pattern != "iso":
        node.fault(
            f'格式 {pattern} 没有时间而 {value.where} 要时间:请写 date_only_at: "00:00:00"',
            f'{pattern} has no time but {value.where} wants one: add date_only_at: "00:00:00"',
        )
