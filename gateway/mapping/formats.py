# SPDX-License-Identifier: Apache-2.0
"""Date and time formats in the letters that Java developers know, read as +08:00 (ledger.md B23)."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from gateway.clock import BEIJING

SPECIAL: Final = ("iso", "epoch-seconds", "epoch-millis")

_TOKEN = re.compile(r"'((?:[^']|'')*)'|(yyyy|MM?|dd?|HH?|mm?|ss?|S+|XXX)|(.)", re.DOTALL)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_GROUPS: Final = {
    "yyyy": ("y", r"\d{4}"), "MM": ("M", r"\d\d"), "M": ("M", r"\d\d?"), "dd": ("d", r"\d\d"), "d": ("d", r"\d\d?"),
    "HH": ("H", r"\d\d"), "H": ("H", r"\d\d?"), "mm": ("m", r"\d\d"), "m": ("m", r"\d\d?"), "ss": ("s", r"\d\d"),
    "s": ("s", r"\d\d?"), "XXX": ("X", r"Z|[+-]\d\d:\d\d"),
}  # fmt: skip


class Moment(NamedTuple):
    """A point in time as the standard writes it: ISO date, and ISO time without offset or None for a bare date."""

    day: str
    time: str | None


Parse: TypeAlias = Callable[[str], Moment | None]


class BadFormat(ValueError):
    """A format that can't be understood; the text says which part."""


def letters(pattern: str) -> frozenset[str]:
    """Return the parts that ``pattern`` has, of ``y M d H m s S X``; raises BadFormat."""
    if pattern == "iso":
        return frozenset("yMd")
    if pattern in SPECIAL:
        return frozenset("yMdHms")
    return frozenset(_regex(pattern).groupindex)


def parser(patterns: tuple[str, ...]) -> Parse:
    """Return a function that tries ``patterns`` in turn; None where none fits or the day does not exist."""
    attempts = [_single(pattern) for pattern in patterns]
    if len(attempts) == 1:
        return attempts[0]

    def parse(text: str) -> Moment | None:
        for attempt in attempts:
            found = attempt(text)
            if found is not None:
                return found
        return None

    return parse


def _single(pattern: str) -> Parse:
    match pattern:
        case "iso":
            return _iso
        case "epoch-seconds":
            return lambda text: _epoch(text, 1)
        case "epoch-millis":
            return lambda text: _epoch(text, 1000)
        case _:
            pass
    regex = _regex(pattern)

    def parse(text: str) -> Moment | None:
        match = regex.fullmatch(text)
        if match is None:
            return None
        part = match.groupdict()
        return _moment(
            part["y"], part["M"], part["d"], part.get("H"), part.get("m"), part.get("s"), part.get("S"), part.get("X")
        )

    return parse


def _regex(pattern: str) -> re.Pattern[str]:
    """Turn a pattern into a regular expression with one named group per letter."""
    seen: set[str] = set()
    out: list[str] = []
    for quoted, letter, other in _TOKEN.findall(pattern):
        if letter:
            name, digits = ("S", rf"\d{{1,{len(letter)}}}") if letter[0] == "S" else _GROUPS[letter]
            if name in seen:
                raise BadFormat(letter)
            seen.add(name)
            out.append(f"(?P<{name}>{digits})")
        elif other:
            if other.isascii() and other.isalpha() and other != "T":
                raise BadFormat(other)
            out.append(re.escape(other))
        else:
            out.append(re.escape(quoted.replace("''", "'")))
    _check(seen)
    return re.compile("".join(out), re.ASCII)


def _check(seen: set[str]) -> None:
    if not {"y", "M", "d"} <= seen:
        raise BadFormat("yyyy M d")
    if seen & {"m", "s", "S", "X"} and "H" not in seen:
        raise BadFormat("H")
    if ("s" in seen and "m" not in seen) or ("S" in seen and "s" not in seen):
        raise BadFormat("m s")


def _iso(text: str) -> Moment | None:
    match = _ISO.fullmatch(text)
    return None if match is None else _moment(*match.groups())


def _moment(
    y: str,
    month: str,
    d: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    part: str | None,
    offset: str | None,
) -> Moment | None:
    try:
        if hour is None:
            return Moment(date(int(y), int(month), int(d)).isoformat(), None)
        whole = datetime(int(y), int(month), int(d), int(hour), int(minute or 0), int(second or 0))  # noqa: DTZ001
        if offset:  # without one it is +08:00, and no zone need be carried along
            whole = datetime.fromisoformat(whole.isoformat() + offset.replace("Z", "+00:00")).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None
    fraction = (part or "").rstrip("0")
    text = whole.isoformat()  # a third of the cost of formatting day and time each by itself
    return Moment(text[:10], text[11:19] + (f".{fraction}" if fraction else ""))


def _epoch(text: str, per_second: int) -> Moment | None:
    if _WHOLE.fullmatch(text) is None:
        return None
    seconds, rest = divmod(int(text), per_second)
    try:
        whole = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None
    fraction = f"{rest:03d}".rstrip("0") if per_second == 1000 else ""
    return Moment(whole.date().isoformat(), whole.strftime("%H:%M:%S") + (f".{fraction}" if fraction else ""))
