# SPDX-License-Identifier: Apache-2.0
"""Values by plain interpretation: the oracle of the compiled mapping, written apart from it, and the ground of explain.

Nothing here is fast. What a step does is stated a second time, so that a slip on one side shows as a difference.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from gateway.mapping.conditions import decide
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.interpret_forms import boolean, convert, integer
from gateway.mapping.interpret_packed import part_of
from gateway.mapping.model import (
    Column,
    Concat,
    Condition,
    Constant,
    Extract,
    First,
    FromColumn,
    FromItem,
    FromNamed,
    FromNumber,
    KeyOf,
    Kind,
    Lookup,
    Mapping,
    RowId,
    Touch,
    Value,
)
from gateway.model.finding import Finding
from gateway.model.record import Draft, Refused, Row, Scalar
from gateway.trust.masking import mask


class Blamed(Exception):
    """A record speaks of a refused one."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("blamed")
        self.findings = findings


@dataclass
class State:
    """What is known of one row."""

    mapping: Mapping
    row: Row
    made: dict[str, Draft | Refused | None] = field(default_factory=dict)
    item: dict[str, str | None] = field(default_factory=dict)
    item_key: list[str] = field(default_factory=list)
    spoken_of: list[str] = field(default_factory=list)
    number: Any = None  # name -> text, for the record in hand
    trace: list[tuple[str, str | None]] | None = None

    def note(self, step: str, text: str | None) -> None:
        """Remember a step for explain."""
        if self.trace is not None:
            self.trace.append((step, text))


def cell_text(state: State, column: Column) -> str | None:
    """Return the clean text of a cell; raises Faulty (MAP-001)."""
    if column.part:
        raw = _unpacked(state, column.part)
    else:
        raw = state.row.values.get(column.name) if column.optional else state.row.values[column.name]
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise Faulty(finding("MAP-001", column.name, value=repr(raw)))
    state.note("source", str(raw))
    text = tidied(str(raw), narrow=column.half_width)
    result = None if text in column.nulls else text
    state.note("clean", result)
    return result


def tidied(raw: str, *, narrow: bool) -> str:
    """Return a text on one line, in NFC, half-width where asked for."""
    letters = "".join(_narrow(letter) for letter in raw) if narrow else raw
    spaced = re.sub("[\t\n\x0b\x0c\r\x85\u2028\u2029]+", " ", letters)
    return unicodedata.normalize("NFC", spaced).strip()


def _unpacked(state: State, part: tuple[str, str]) -> Scalar:
    packing = state.mapping.unpack[part[0]]
    raw = state.row.values.get(part[0])
    found = part_of(packing, "" if raw is None else str(raw), part[1])
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, list | dict):
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return found  # type: ignore[return-value]  # JSON knows nothing else: fractions and constants are read as text


def _narrow(letter: str) -> str:
    if letter == "\u3000":
        return " "
    return chr(ord(letter) - 0xFEE0) if "\uff01" <= letter <= "\uff5e" else letter


def evaluate(value: Value, state: State) -> str | None:
    """Return the text of ``value`` for this row; raises Faulty or Blamed."""
    text = None
    if value.when is None or holds(value.when, state):
        text = _through_steps(value, _from_source(value, state), state)
    if text is None and value.default is not None:
        text = boolean(value.default) if value.kind == "boolean" else value.default
        state.note("default", text)
    return text


def _through_steps(value: Value, text: str | None, state: State) -> str | None:
    if text is not None and value.nulls and text in value.nulls:
        text = None
        state.note("null", None)
    if text is not None and value.touch:
        text = _mend(value.touch, text)
        state.note("mend", text)
    if text is not None and value.extract:
        text = _extract(value, value.extract, text)
        state.note("extract", text)
    if text is not None and value.lookup:
        text = _look_up(value, value.lookup, text, state)
        state.note("codes", text)
    if text is not None and value.kind != value.given and value.kind != "text":
        text = convert(value, text)
        state.note(value.kind, text)
    if text is not None and value.plausible:
        _believe(value, text, state)
    if text is not None and value.mask:
        text = mask(text, value.mask)
        state.note("mask", text)
    if text is None and value.needed:
        raise Faulty(finding("MAP-016", value.origin, where=value.where))
    return text


def _mend(touch: Touch, text: str) -> str | None:
    for gone in touch.remove:
        text = "".join(text.split(gone))
    for old, new in touch.replace:
        text = new.join(text.split(old))
    text = {"": text, "upper": text.upper(), "lower": text.lower()}[touch.case].strip()
    return "0" * (touch.pad - len(text)) + text if text else None


def _believe(value: Value, text: str, state: State) -> None:
    """Raise Faulty where a number is outside its range."""
    ends = (value.plausible.low, value.plausible.high) if value.plausible else (None, None)
    low, high = (
        evaluate(state.mapping.values[end.name], State(state.mapping, state.row)) if isinstance(end, FromNamed) else end
        for end in ends
    )

    def inside(number: Fraction) -> bool:
        return (low is None or Fraction(low) <= number) and (high is None or number <= Fraction(high))

    number = Fraction(text)
    if inside(number):
        return
    near = (low is None or Fraction(low) / 10 <= number) and (high is None or number <= Fraction(high) * 10)
    if value.kind == "decimal" and not near and inside(number / 10_000):
        raise Faulty(finding("MAP-015", value.origin, text, value.where, "元"))
    if value.kind == "decimal" and not near and inside(number * 10_000):
        raise Faulty(finding("MAP-015", value.origin, text, value.where, "万元"))
    raise Faulty(finding("MAP-014", value.origin, text, value.where, f"[{low or '-∞'}, {high or '∞'}]"))


def _from_source(value: Value, state: State) -> str | None:
    match value.source:
        case FromColumn(name):
            return cell_text(state, state.mapping.columns[name])
        case FromNamed(name):
            return evaluate(state.mapping.values[name], state)
        case Constant(text):
            state.note("const", text)
            return text
        case Concat(parts, separator):
            texts = [(part, evaluate(part, state)) for part in parts]
            present = [text for _, text in texts if text is not None]
            facts = any(text is not None and not isinstance(part.source, Constant) for part, text in texts)
            joined = separator.join(present) if facts else None
            state.note("concat", joined)
            return joined
        case First(parts):
            return next((found for part in parts if (found := evaluate(part, state)) is not None), None)
        case FromNumber(name):
            number = str(state.number(name))
            state.note("number", number)
            return number
        case KeyOf(record):
            return _key_of(record, state)
        case RowId():
            return state.row.row_id
        case FromItem(name):
            state.note("item", state.item.get(name))
            return state.item.get(name)


def _key_of(record: str, state: State) -> str:
    made = state.made.get(record)
    if made is None:
        raise Faulty(finding("MAP-006", record, wanted=record))
    if isinstance(made, Refused):
        raise Blamed(made.findings)
    state.spoken_of.append(made.key)
    state.note("key_of", made.key)
    return made.key


def _extract(value: Value, extract: Extract, text: str) -> str | None:
    for match in re.finditer(extract.pattern, text):
        found = match.groups()[0] if match.re.groups else match.group()
        return (found or "").strip() or None
    if extract.no_match == "refuse":
        raise Faulty(finding("MAP-007", value.origin, text, value.where))
    return {"keep": text, "absent": None}[extract.no_match]


def _look_up(value: Value, lookup: Lookup, text: str, state: State) -> str | None:
    day = "0000-00-00"
    if lookup.table.dated and lookup.on:
        day = (evaluate(state.mapping.values[lookup.on], state) or "")[:10]
    for row in lookup.table.rows.get(text, ()):
        if not lookup.table.dated or (day and row.valid_from <= day <= row.valid_to):
            return row.code
    if lookup.otherwise == "refuse":
        raise Faulty(finding("MAP-004", value.origin, text, value.where, lookup.table.name))
    return lookup.fallback if lookup.otherwise == "code" else None


def holds(condition: Condition, state: State) -> bool:
    """Tell whether a condition holds; raises Faulty (MAP-011 and what its values raise)."""
    import cel

    quiet = State(state.mapping, state.row)
    columns = {name: cell_text(quiet, state.mapping.columns[name]) for name in condition.columns}
    values = {name: evaluate(state.mapping.values[name], quiet) for name in condition.values}
    rec = {
        name: _typed(text, "integer" if state.mapping.columns[name].integer else "text", name, condition)
        for name, text in columns.items()
    }
    val = {name: _typed(text, state.mapping.values[name].kind, name, condition) for name, text in values.items()}
    item: dict[str, str | int | None] = {name: state.item.get(name) for name in condition.items}
    return decide(cel.compile(condition.text), condition, {"rec": rec, "val": val, "item": item})


def _typed(text: str | None, kind: Kind, name: str, condition: Condition) -> str | int | None:
    if text is None or kind not in ("integer", "boolean"):
        return text
    if kind == "boolean":
        return text == "true"
    number = integer(text)
    if number is None:
        raise Faulty(finding("MAP-003", name, text, condition.text))
    return int(number)
