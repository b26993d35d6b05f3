# SPDX-License-Identifier: Apache-2.0
"""Checks of values against code lists and regions, by the day that decides."""

from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import CodeList, Entry
from gateway.rules.plan import Field, Run, Values
from gateway.rules.texts import Rule

_OPEN = Words("不限", "open")


def code_check(field: Field, codes: CodeList, day_path: str, rules: dict[str, Rule]) -> Run:
    """Return the check that a value is in ``codes`` and in force on the day at ``day_path``."""
    windows = {code: tuple((row.valid_from, row.valid_to) for row in rows) for code, rows in codes.rows.items()}
    unknown, not_in_force = rules["COD-001"], rules["COD-002"]
    key, single = field.key, not field.group and field.element.max == 1

    def judge(text: str, number: int, values: Values, found: list[Finding]) -> None:
        periods = windows.get(text)
        if periods is None:
            found.append(field.report(unknown, values, number, {"list": codes.title, "name": codes.name}))
            return
        day = (values.get(day_path) or "")[:10]
        for start, end in periods:
            if start <= day <= end:
                return
        if day:
            fills = _period(codes.rows[text]) | {"name": codes.name, "date": day}
            found.append(field.report(not_in_force, values, number, fills))

    def check_one(values: Values, found: list[Finding]) -> None:
        text = values.get(key)
        if text is not None:
            judge(text, 0, values, found)

    def check_many(values: Values, found: list[Finding]) -> None:
        for text, number in field.each(values):
            judge(text, number, values, found)

    return check_one if single else check_many


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
