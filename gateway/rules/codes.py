# SPDX-License-Identifier: Apache-2.0
"""Checks of values against code lists and regions, by the day that decides."""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import CodeList, Entry
from gateway.rules.plan import Field, Run, Values
from gateway.rules.texts import Rule

_OPEN = Words("不限", "open")


class Coded(NamedTuple):
    """A field whose values are codes of a list, in force on the day at ``day_path``."""

    field: Field
    codes: CodeList
    day_path: str


def code_check(coded: Sequence[Coded], rules: dict[str, Rule]) -> Run:
    """Return the check that the values of some fields of a record type are in their lists and in force on their days."""
    windows = [
        {code: tuple((row.valid_from, row.valid_to) for row in rows) for code, rows in each.codes.rows.items()}
        for each in coded
    ]
    alone = [
        (each.field.key, held, each.day_path, each)
        for each, held in zip(coded, windows, strict=True)
        if not each.field.group and each.field.element.max == 1
    ]
    in_lines = [each for each in coded if each.field.group or each.field.element.max != 1]

    def check(values: Values, found: list[Finding]) -> None:
        get = values.get
        for key, held, day_path, each in alone:
            text = get(key)
            if text is None:
                continue
            day = (get(day_path) or "")[:10]
            for start, end in held.get(text, ()):
                if start <= day <= end:
                    break
            else:
                _report_code(each, text, 0, values, rules, found)
        for each in in_lines:
            for text, number in each.field.each(values):
                _report_code(each, text, number, values, rules, found)

    return check


def _report_code(
    coded: Coded, text: str, number: int, values: Values, rules: dict[str, Rule], found: list[Finding]
) -> None:
    field, codes, day_path = coded
    rows = codes.rows.get(text)
    if rows is None:
        found.append(field.report(rules["COD-001"], values, number, {"list": codes.title, "name": codes.name}))
        return
    day = (values.get(day_path) or "")[:10]
    if day and not any(row.valid_from <= day <= row.valid_to for row in rows):
        fills = _period(rows) | {"name": codes.name, "date": day}
        found.append(field.report(rules["COD-002"], values, number, fills))


def region_check(field: Field, regions: CodeList, day_path: str, rules: dict[str, Rule]) -> Run:
    """Return the check of a region code: in force on the day, or an old code inside its change window (a warning)."""
    rows = regions.rows

    def check(values: Values, found: list[Finding]) -> None:
        text = values.get(field.key)
        if text is None:
            return
        entries = rows.get(text)
        if entries is None:
            found.append(field.report(rules["COD-003"], values))
            return
        day = (values.get(day_path) or "")[:10]
        for entry in entries:
            if entry.valid_from <= day <= entry.valid_to:
                return
        if not day:
            return
        last = entries[-1]
        until = last.extra.get("warn_to", "")
        warned = last.valid_to < day <= until
        fills: dict[str, Words | str] = {
            **_period(entries), "date": day, "until": until,
            "label": Words(last.label.zh, last.label.en or last.label.zh),
            "successor": _successor(last, regions),
        }  # fmt: skip
        rule = rules["COD-005"] if warned else rules["COD-004"]
        found.append(field.report(rule, values, 0, fills))

    return check


def _period(entries: tuple[Entry, ...]) -> dict[str, Words | str]:
    """Return the first and last day of a code over all its rows."""
    start, end = entries[0].valid_from, entries[-1].valid_to
    return {"from": _OPEN if start.startswith("0000") else start, "to": _OPEN if end.startswith("9999") else end}


def _successor(entry: Entry, regions: CodeList) -> Words:
    code = entry.extra.get("successor")
    if code is None:
        return Words("", "")
    rows = regions.rows.get(code)
    name = rows[-1].label.zh if rows else ""
    return Words(f"({code} {name})", f"({code} {name})")
