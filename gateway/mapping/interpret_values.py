# SPDX-License-Identifier: Apache-2.0
"""Values by plain interpretation: the oracle of the compiled mapping, written apart from it, and the ground of explain.

Nothing here is fast. What a step does is stated a second time, so that a slip on one side shows as a difference.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from gateway.clock import BEIJING
from gateway.mapping.conditions import decide
from gateway.mapping.findings import Faulty, finding
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
    Value,
)
from gateway.model.finding import Finding
from gateway.model.record import Draft, Refused, Row

_EXACT = Context(prec=400)


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
    spoken_of: list[str] = field(default_factory=list)
    number: Any = None  # name -> text, for the record in hand
    trace: list[tuple[str, str | None]] | None = None

    def note(self, step: str, text: str | None) -> None:
        """Remember a step for explain."""
        if self.trace is not None:
            self.trace.append((step, text))


def cell_text(state: State, column: Column) -> str | None:
    """Return the clean text of a cell; raises Faulty (MAP-001)."""
    raw = state.row.values.get(column.name) if column.optional else state.row.values[column.name]
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise Faulty(finding("MAP-001", column.name, value=repr(raw)))
    state.note("source", str(raw))
    letters = "".join(_narrow(letter) for letter in str(raw)) if column.half_width else str(raw)
    spaced = re.sub("[\t\n\x0b\x0c\r\x85\u2028\u2029]+", " ", letters)
    text = unicodedata.normalize("NFC", spaced).strip()
    result = None if text in column.nulls else text
    state.note("clean", result)
    return result


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
        text = _boolean(value.default) if value.kind == "boolean" else value.default
        state.note("default", text)
    return text


def _through_steps(value: Value, text: str | None, state: State) -> str | None:
    if text is not None and value.nulls and text in value.nulls:
        text = None
        state.note("null", None)
    if text is not None and value.extract:
        text = _extract(value, value.extract, text)
        state.note("extract", text)
    if text is not None and value.lookup:
        text = _look_up(value, value.lookup, text, state)
        state.note("codes", text)
    if text is not None and value.kind != value.given and value.kind != "text":
        text = _convert(value, text)
        state.note(value.kind, text)
    return text


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
    return decide(cel.compile(condition.text), condition, {"rec": rec, "val": val})


def _typed(text: str | None, kind: Kind, name: str, condition: Condition) -> str | int | None:
    if text is None or kind not in ("integer", "boolean"):
        return text
    if kind == "boolean":
        return text == "true"
    number = _integer(text)
    if number is None:
        raise Faulty(finding("MAP-003", name, text, condition.text))
    return int(number)


def _convert(value: Value, text: str) -> str:
    codes = {"date": "MAP-002", "dateTime": "MAP-002", "decimal": "MAP-003", "integer": "MAP-003", "boolean": "MAP-013"}
    outcome = {
        "date": lambda: _date(value, text),
        "dateTime": lambda: _date_time(value, text),
        "decimal": lambda: _decimal(value, text),
        "integer": lambda: _integer(text),
        "boolean": lambda: _boolean(text),
    }[value.kind]()
    if outcome is None:
        wanted = " ".join(value.formats) if value.kind in ("date", "dateTime") else ""
        raise Faulty(finding(codes[value.kind], value.origin, text, value.where, wanted))
    return outcome


def _boolean(text: str) -> str | None:
    if text in ("1", "true"):
        return "true"
    return "false" if text in ("0", "false") else None


def _integer(text: str) -> str | None:
    if not re.fullmatch(r"[+-]?[0-9]+(\.0+)?", text):
        return None
    return str(int(Decimal(text)))


def _decimal(value: Value, text: str) -> str | None:
    if value.thousands and value.thousands in text:
        mark = re.escape(value.thousands)
        if not re.fullmatch(rf"[+-]*[^{mark}.+-][^{mark}.]{{0,2}}({mark}[^{mark}.]{{3}})+(\.[^{mark}]*)?", text):
            return None
        text = text.replace(value.thousands, "")
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)", text):
        return None
    try:
        exact = _EXACT.normalize(_EXACT.scaleb(_EXACT.create_decimal(text), value.scale))
    except InvalidOperation:
        return None
    exponent = exact.as_tuple().exponent
    if value.fraction_digits is not None and isinstance(exponent, int) and -exponent > value.fraction_digits:
        return None
    written = format(exact, "f")
    return "0" if exact == 0 else written


def _date(value: Value, text: str) -> str | None:
    if value.given == "dateTime":
        return text.partition("T")[0]
    for pattern in value.formats:
        found = scan(pattern, text)
        if found is not None:
            return found[0].strftime("%Y-%m-%d").rjust(10, "0")
    return None


def _date_time(value: Value, text: str) -> str | None:
    if value.given == "date":
        return f"{text}T{value.date_only_at}+08:00"
    for pattern in value.formats:
        found = scan(pattern, text)
        if found is None:
            continue
        moment, fraction, has_time = found
        if not has_time and value.date_only_at is None:
            return None
        day = moment.strftime("%Y-%m-%d").rjust(10, "0")
        if not has_time:
            return f"{day}T{value.date_only_at}+08:00"
        return f"{day}T{moment:%H:%M:%S}{'.' + fraction if fraction else ''}+08:00"
    return None


def scan(pattern: str, text: str) -> tuple[datetime, str, bool] | None:
    """Read ``text`` letter by letter along ``pattern``: the moment at +08:00, its fraction, whether it has a time."""
    if pattern.startswith("epoch-"):
        return _scan_epoch(pattern, text)
    if pattern == "iso":
        shapes = ["yyyy-MM-dd"]
        for between in "T ":
            for time in ("HH:mm", "HH:mm:ss", "HH:mm:ss.SSSSSSSSS"):
                shapes += [f"yyyy-MM-dd'{between}'{time}", f"yyyy-MM-dd'{between}'{time}XXX"]
        return next((found for shape in shapes if (found := scan(shape, text)) is not None), None)
    for parts in _scanned(_letters(pattern), text):
        return _assembled(parts)
    return None


def _letters(pattern: str) -> list[tuple[str, str]]:
    """Split a pattern into (letter run, "") and ("", literal)."""
    found: list[tuple[str, str]] = []
    index = 0
    while index < len(pattern):
        letter = pattern[index]
        if letter == "'":
            end = pattern.index("'", index + 1)
            while pattern[end : end + 2] == "''":
                end = pattern.index("'", end + 2)
            found.append(("", pattern[index + 1 : end].replace("''", "'")))
            index = end + 1
        elif letter in "yMdHmsSX":
            end = index
            while end < len(pattern) and pattern[end] == letter:
                end += 1
            found.append((pattern[index:end], ""))
            index = end
        else:
            found.append(("", letter))
            index += 1
    return found


def _scanned(tokens: list[tuple[str, str]], text: str) -> "Any":
    """Yield every way to read all of ``text``, the longest numbers first."""
    if not tokens:
        if not text:
            yield {}
        return
    (run, literal), rest = tokens[0], tokens[1:]
    if not run:
        if text.startswith(literal):
            yield from _scanned(rest, text[len(literal) :])
        return
    for size in _sizes(run, text):
        part = text[:size]
        right = (
            (part == "Z" or re.fullmatch("[+-][0-9]{2}:[0-9]{2}", part))
            if run[0] == "X"
            else re.fullmatch("[0-9]+", part)
        )
        if len(part) == size and right:
            for others in _scanned(rest, text[size:]):
                yield {run[0]: part, **others}


def _sizes(run: str, text: str) -> tuple[int, ...]:
    if run[0] == "X":
        return (1,) if text.startswith("Z") else (6,)
    if run[0] == "S":
        return tuple(range(len(run), 0, -1))
    return (len(run),) if len(run) > 1 else (2, 1)


def _assembled(parts: dict[str, str]) -> tuple[datetime, str, bool] | None:
    try:
        hour, minute, second = (int(parts.get(letter, "0")) for letter in "Hms")
        moment = datetime(int(parts["y"]), int(parts["M"]), int(parts["d"]), hour, minute, second, tzinfo=BEIJING)
        offset = parts.get("X")
        if offset:
            hours, minutes = (0, 0) if offset == "Z" else (int(offset[1:3]), int(offset[4:6]))
            if hours > 23 or minutes > 59:
                return None
            away = timedelta(hours=hours, minutes=minutes) * (-1 if offset.startswith("-") else 1)
            moment = moment - away + timedelta(hours=8)
    except (ValueError, OverflowError):
        return None
    return moment, parts.get("S", "").rstrip("0"), "H" in parts


def _scan_epoch(pattern: str, text: str) -> tuple[datetime, str, bool] | None:
    if not re.fullmatch("-?[0-9]+", text):
        return None
    try:
        number = Decimal(int(text)) / (1000 if pattern == "epoch-millis" else 1)
        whole = int(number // 1) if number >= 0 or number == int(number) else int(number // 1) - 1
        moment = datetime(1970, 1, 1, 8, tzinfo=BEIJING) + timedelta(seconds=whole)
    except (ValueError, OverflowError, InvalidOperation):
        return None
    fraction = f"{int(text) - whole * 1000:03d}".rstrip("0") if pattern == "epoch-millis" else ""
    return moment, fraction, True
