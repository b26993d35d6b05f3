# SPDX-License-Identifier: Apache-2.0
"""Dates, numbers and truth values as the interpreter reads them: letter by letter, apart from the compiled readers."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Context, Decimal, InvalidOperation

from gateway.clock import BEIJING
from gateway.mapping import interpret_written
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Value

_EXACT = Context(prec=400)


def convert(value: Value, text: str) -> str:
    """Read ``text`` as the kind of ``value``; raises Faulty."""
    codes = {"date": "MAP-002", "dateTime": "MAP-002", "decimal": "MAP-003", "integer": "MAP-003", "boolean": "MAP-013"}
    outcome = {
        "date": lambda: _date(value, text),
        "dateTime": lambda: _date_time(value, text),
        "decimal": lambda: decimal(value, text),
        "integer": lambda: integer(text),
        "boolean": lambda: boolean(text),
    }[value.kind]()
    if outcome is None:
        wanted = " ".join(value.formats) if value.kind in ("date", "dateTime") else ""
        raise Faulty(finding(codes[value.kind], value.origin, text, value.where, wanted))
    return outcome


def boolean(text: str) -> str | None:
    """Read a truth value."""
    if text in ("1", "true"):
        return "true"
    return "false" if text in ("0", "false") else None


def integer(text: str) -> str | None:
    """Read a whole number."""
    if not re.fullmatch(r"[+-]?[0-9]+(\.0+)?", text):
        return None
    return str(int(Decimal(text)))


def decimal(value: Value, text: str) -> str | None:
    """Read an amount in the unit of ``value``, as yuan."""
    if value.written:
        return interpret_written.amount(value, text)
    if value.thousands and value.thousands in text:
        mark = re.escape(value.thousands)
        if not re.fullmatch(rf"[+-]*[^{mark}.+-][^{mark}.]{{0,2}}({mark}[^{mark}.]{{3}})+(\.[^{mark}]*)?", text):
            return None
        text = text.replace(value.thousands, "")
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)", text):
        return None
    return scaled(text, value.scale, value.fraction_digits)


def scaled(text: str, scale: int, fraction_digits: int | None) -> str | None:
    """Return a plain number times ten to the ``scale`` without idle zeros, None with too many digits."""
    try:
        exact = _EXACT.normalize(_EXACT.scaleb(_EXACT.create_decimal(text), scale))
    except InvalidOperation:
        return None
    exponent = exact.as_tuple().exponent
    if fraction_digits is not None and isinstance(exponent, int) and -exponent > fraction_digits:
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
    if pattern in ("chinese", "minguo", "excel-serial"):
        return interpret_written.moment(pattern, text)
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
        elif letter in "yMdHhmsSXa":
            end = index
            while end < len(pattern) and pattern[end] == letter:
                end += 1
            found.append((pattern[index:end], ""))
            index = end
        else:
            found.append(("", letter))
            index += 1
    return found


def _scanned(tokens: list[tuple[str, str]], text: str) -> Iterator[dict[str, str]]:
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
        if run == "a":
            right: object = part in ("上午", "下午", "AM", "PM", "am", "pm")
        else:
            right = (
                (part == "Z" or re.fullmatch("[+-][0-9]{2}:[0-9]{2}", part))
                if run[0] == "X"
                else re.fullmatch("[0-9]+", part)
            )
        if len(part) == size and right:
            for others in _scanned(rest, text[size:]):
                yield {run[0]: part, **others}


def _sizes(run: str, text: str) -> tuple[int, ...]:
    if run == "a":
        return (2,)
    if run[0] == "X":
        return (1,) if text.startswith("Z") else (6,)
    if run[0] == "S":
        return tuple(range(len(run), 0, -1))
    return (len(run),) if len(run) > 1 else (2, 1)


def _assembled(parts: dict[str, str]) -> tuple[datetime, str, bool] | None:
    try:
        hour, minute, second = (int(parts.get(letter, "0")) for letter in "Hms")
        if "h" in parts:
            hour = int(parts["h"])
            if not 1 <= hour <= 12:
                return None
            hour = (0 if hour == 12 else hour) + (12 if parts["a"] in ("下午", "PM", "pm") else 0)
        year = int(parts["y"])
        if len(parts["y"]) == 2:
            year += 1900 if year >= 50 else 2000
        moment = datetime(year, int(parts["M"]), int(parts["d"]), hour, minute, second, tzinfo=BEIJING)
        offset = parts.get("X")
        if offset:
            hours, minutes = (0, 0) if offset == "Z" else (int(offset[1:3]), int(offset[4:6]))
            if hours > 23 or minutes > 59:
                return None
            away = timedelta(hours=hours, minutes=minutes) * (-1 if offset.startswith("-") else 1)
            moment = moment - away + timedelta(hours=8)
    except (ValueError, OverflowError):
        return None
    return moment, parts.get("S", "").rstrip("0"), "H" in parts or "h" in parts


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
