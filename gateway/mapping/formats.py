# SPDX-License-Identifier: Apache-2.0
"""Date and time formats in the letters that Java developers know, read as +08:00 (ledger.md B23)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from gateway.clock import BEIJING

SPECIAL: Final = ("iso", "epoch-seconds", "epoch-millis", "chinese", "minguo", "excel-serial")

_TOKEN = re.compile(r"'((?:[^']|'')*)'|(yyyy|yy|MM?|dd?|HH?|hh?|mm?|ss?|S+|XXX|a)|(.)", re.DOTALL)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_WHOLE = re.compile(r"-?\d+", re.ASCII)
_GROUPS: Final = {
    "yyyy": ("y", r"\d{4}"), "MM": ("M", r"\d\d"), "M": ("M", r"\d\d?"), "dd": ("d", r"\d\d"), "d": ("d", r"\d\d?"),
    "HH": ("H", r"\d\d"), "H": ("H", r"\d\d?"), "mm": ("m", r"\d\d"), "m": ("m", r"\d\d?"), "ss": ("s", r"\d\d"),
    "s": ("s", r"\d\d?"), "XXX": ("X", r"Z|[+-]\d\d:\d\d"), "yy": ("y", r"\d\d"), "hh": ("h", r"\d\d"), "h": ("h", r"\d\d?"),
    "a": ("a", "上午|下午|AM|PM|am|pm"),
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
    if pattern in ("iso", "chinese", "minguo"):
        return frozenset("yMd")
    if pattern in SPECIAL:
        return frozenset("yMdHms")
    return frozenset("H" if letter == "h" else letter for letter in _regex(pattern).groupindex)


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
    named = _BY_NAME.get(pattern)
    if named is not None:
        return named
    regex = _regex(pattern)

    def parse(text: str) -> Moment | None:
        match = regex.fullmatch(text)
        if match is None:
            return None
        part = match.groupdict()
        hour = part.get("H")
        if "h" in part:
            if not 1 <= int(part["h"]) <= 12:
                return None
            hour = str(int(part["h"]) % 12 + (12 if part["a"] in ("下午", "PM", "pm") else 0))
        year = part["y"] if len(part["y"]) == 4 else f"{'19' if part['y'] >= '50' else '20'}{part['y']}"
        return _moment(year, part["M"], part["d"], hour, part.get("m"), part.get("s"), part.get("S"), part.get("X"))

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
    if ("h" in seen) != ("a" in seen) or {"h", "H"} <= seen:
        raise BadFormat("h a")
    if seen & {"m", "s", "S", "X"} and not seen & {"H", "h"}:
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


# -- dates as people write them

_NUMERALS: Final = {
    letter: at
    for at, letters_ in enumerate(("〇零○Ｏ", "一元", "二", "三", "四", "五", "六", "七", "八", "九"))
    for letter in letters_
}
_CHINESE = re.compile(r"([〇零○Ｏ一二三四五六七八九]{4}|[0-9]{4})年([^年月日]{1,3})月([^年月日]{1,3})[日号]")
_MINGUO = re.compile(
    r"(?:中华民国|中華民國|民国|民國)?([0-9]{1,3}|[元一二三四五六七八九十百〇零]{1,5})年([^年月日]{1,3})月([^年月日]{1,3})日"
)
_MINGUO_SHORT = re.compile(
    r"(?:民国|民國)?([0-9]{1,3})([./-])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{3})([0-9]{2})([0-9]{2})"
)
_SERIAL = re.compile(r"([0-9]{2,7})(?:\.([0-9]+))?")


def _numeral(text: str) -> int | None:
    """Return a whole number below 1000 in Chinese numerals or digits: 二十一, 廿一, 一〇, 一百, 12."""
    if text.isascii():
        return int(text) if text.isdigit() else None
    text = text.replace("廿", "二十").replace("卅", "三十")
    if "百" not in text and "十" not in text:
        digits = [_NUMERALS.get(letter) for letter in text]
        return None if None in digits else int("".join(map(str, digits)))
    total, digit = 0, None
    for letter in text:
        if letter in "十百":
            if letter == "百" and digit is None:
                return None
            total += (1 if digit is None else digit) * (10 if letter == "十" else 100)
            digit = None
        elif letter in _NUMERALS:
            digit = _NUMERALS[letter]
        else:
            return None
    return total + (digit or 0)


def _day(year: int | None, month: int | None, day: int | None) -> Moment | None:
    try:
        return (
            None if year is None or month is None or day is None else Moment(date(year, month, day).isoformat(), None)
        )
    except ValueError:
        return None


def _chinese(text: str) -> Moment | None:
    match = _CHINESE.fullmatch(text)
    if match is None:
        return None
    return _day(_numeral(match[1]), _numeral(match[2]), _numeral(match[3]))


def _minguo(text: str) -> Moment | None:
    match = _MINGUO.fullmatch(text)
    if match is None:
        match = _MINGUO_SHORT.fullmatch(text)
        if match is None:
            return None
        parts = (match[1], match[3], match[4]) if match[1] else (match[5], match[6], match[7])
        return _day(int(parts[0]) + 1911, int(parts[1]), int(parts[2]))
    year = _numeral(match[1])
    return _day(None if year is None else year + 1911, _numeral(match[2]), _numeral(match[3]))


def _excel_serial(text: str) -> Moment | None:
    """Read the day number of Excel's 1900 calendar; numbers below 61 are refused, as that calendar errs there."""
    match = _SERIAL.fullmatch(text)
    if match is None or not 61 <= int(match[1]) <= 2_958_465:
        return None
    day = datetime(1899, 12, 30) + timedelta(days=int(match[1]))  # noqa: DTZ001 # a day of the sheet, at +08:00 as all
    if match[2] is None or not match[2].strip("0"):
        return Moment(day.date().isoformat(), None)
    digits = match[2][:12].ljust(12, "0")
    # a time of the sheet is a binary fraction of the day: the nearest second is what was meant
    try:
        whole = (day + timedelta(seconds=(int(digits) * 86_400 + 5 * 10**11) // 10**12)).isoformat()
    except OverflowError:
        return None
    return Moment(whole[:10], whole[11:19])


_BY_NAME: Final[Mapping[str, Parse]] = MappingProxyType(
    {
        "iso": _iso,
        "epoch-seconds": partial(_epoch, per_second=1),
        "epoch-millis": partial(_epoch, per_second=1000),
        "chinese": _chinese,
        "minguo": _minguo,
        "excel-serial": _excel_serial,
    }
)
