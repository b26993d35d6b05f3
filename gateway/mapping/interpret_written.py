# SPDX-License-Identifier: Apache-2.0
"""Dates and amounts as people write them, read by taking texts apart: the oracle of formats.py and written.py."""

from datetime import datetime, timedelta
from fractions import Fraction

from gateway.clock import BEIJING
from gateway.mapping.amounts import UNITS
from gateway.mapping.model import Value

_DIGITS: dict[str, int] = dict(
    zip(
        "零〇壹一贰二两叁三肆四伍五陆六柒七捌八玖九",
        (0, 0, 1, 1, 2, 2, 2, *(n for n in range(3, 10) for _ in "ab")),
        strict=True,
    )
)
_CALENDAR: dict[str, int] = dict(
    zip("〇零○Ｏ一元二三四五六七八九", (0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)


def amount(value: Value, text: str) -> str | None:
    """Read an amount as people write it, in yuan."""
    from gateway.mapping.interpret_forms import scaled

    text = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text if c not in " \u3000")
    for end in ("整", "正"):
        text = text[:-1] if text.endswith(end) else text
    for start in ("人民币", "RMB", "CNY"):
        if text.startswith(start):
            text = text[len(start) :]
            break
    text = text.lstrip(":")
    if text[:1] in ("¥", "￥") and text:
        text = text[1:]
    figures = text.rstrip("厘分角元圆块百千万亿")
    if figures and all(c in "0123456789.,+-" for c in figures):
        unit = {"": "", "圆": "元", "块": "元"}.get(text[len(figures) :], text[len(figures) :])
        unit = {"百": "百元", "千": "千元", "万": "万元", "亿": "亿元"}.get(unit, unit)
        if unit and unit not in UNITS:
            return None
        plain = _plain(figures)
        return None if plain is None else scaled(plain, UNITS[unit] if unit else value.scale, value.fraction_digits)
    return _in_words(text, value)


def _plain(figures: str) -> str | None:
    sign = figures[:1] if figures[:1] in "+-" else ""
    whole, point, rest = figures[len(sign) :].partition(".")
    groups = whole.split(",")
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        return None
    digits = "".join(groups)
    if not all(c in "0123456789" for c in digits + rest) or (point and not rest) or not digits + rest:
        return None
    return f"{sign}{digits or '0'}{point}{rest}"


def _in_words(text: str, value: Value) -> str | None:
    from gateway.mapping.interpret_forms import scaled

    yuan = next((c for c in text if c in "元圆块"), "")
    whole, _, small = text.partition(yuan) if yuan else (text, "", "")
    if not yuan and whole[-1:] in ("角", "分"):
        whole, small = "", text
    cents = _cents(small)
    number = _number(whole) if whole else None
    if cents is None or (whole and number is None) or (yuan and not whole):
        return None
    if not yuan and not small:
        return None if number is None else scaled(str(number), value.scale, value.fraction_digits)
    return scaled(str((number or 0) * 100 + cents), -2, value.fraction_digits)


def _cents(text: str) -> int | None:
    total = 0
    for unit, size in (("角", 10), ("分", 1)):
        if unit in text:
            before, text = text.split(unit, 1)
            before = before[1:] if len(before) == 2 and before[0] == "零" else before
            if len(before) != 1 or before not in _DIGITS or before == "〇":
                return None
            total += _DIGITS[before] * size
    return None if text else total


def _number(text: str) -> int | None:
    """Read a whole number in Chinese numerals by splitting at its greatest unit."""
    if text in ("零", "〇"):
        return 0
    text = text.replace("〇", "零")
    return None if text.startswith("零") else _split(text, 12)


_UNITS = ((8, "亿"), (4, "万"), (3, "仟千"), (2, "佰百"), (1, "拾十"))


def _split(text: str, below: int) -> int | None:
    """Read a number less than ten to the ``below``; one 零 may stand before it."""
    text = text[1:] if text.startswith("零") else text
    for power, letters in _UNITS:
        at = next((i for i, c in enumerate(text) if c in letters), None)
        if at is None:
            continue
        if power >= below:
            return None
        left, right = text[:at], text[at + 1 :]
        if power >= 4:
            count = _split(left, 4) if left and (power == 4 or not left.startswith("零")) else None
        else:
            count = 1 if power == 1 and not left else _digit(left)
        if count is None:
            return None
        if not right:
            return count * int(10**power)
        if power > 1 and len(right) == 1:
            return None  # 三千五: 3500 or 3005
        rest = _split(right, power) if power > 1 or not right.startswith("零") else None
        return None if rest is None else count * int(10**power) + rest
    return _digit(text)


def _digit(text: str) -> int | None:
    digit = _DIGITS.get(text) if len(text) == 1 else None
    return digit or None


# -- dates


def moment(pattern: str, text: str) -> tuple[datetime, str, bool] | None:
    """Read a date of one of the named formats."""
    if pattern == "excel-serial":
        return _serial(text)
    parts = _calendar_parts(text, pattern == "minguo")
    if parts is None:
        return None
    year, month, day = parts
    try:
        return datetime(year + (1911 if pattern == "minguo" else 0), month, day, tzinfo=BEIJING), "", False
    except (ValueError, OverflowError):
        return None


def _calendar_parts(text: str, minguo: bool) -> tuple[int, int, int] | None:
    if minguo:
        for start in ("中华民国", "中華民國", "民国", "民國"):
            if text.startswith(start):
                bare, long = text[len(start) :], start[0] == "中"
                return _calendar_parts_of(bare, minguo=True, short=not long, digits=False)
    return _calendar_parts_of(text, minguo=minguo, short=minguo, digits=minguo)


def _calendar_parts_of(text: str, *, minguo: bool, short: bool, digits: bool) -> tuple[int, int, int] | None:
    if "年" in text:
        year, _, rest = text.partition("年")
        month, _, rest = rest.partition("月")
        day, end = rest[:-1], rest[-1:]
        if end not in (("日",) if minguo else ("日", "号")) or any(c in "年月日" for c in month + day):
            return None
        if not 1 <= len(month) <= 3 or not 1 <= len(day) <= 3 or not _is_year(year, minguo):
            return None
        found = _count(year), _count(month), _count(day)
        return None if None in found else found  # type: ignore[return-value]
    for mark in "./-":
        parts = text.split(mark)
        if short and len(parts) == 3 and all(_ascii(part) for part in parts):
            sizes = [len(part) for part in parts]
            return tuple(map(int, parts)) if sizes[0] <= 3 and max(sizes[1:]) <= 2 else None  # type: ignore[return-value]
    if short and len(text) == 7 and _ascii(text) and digits:
        return int(text[:3]), int(text[3:5]), int(text[5:])
    return None


def _is_year(year: str, minguo: bool) -> bool:
    if minguo:
        return (_ascii(year) and len(year) <= 3) or (
            1 <= len(year) <= 5 and all(c in "元一二三四五六七八九十百〇零" for c in year)
        )
    return len(year) == 4 and (_ascii(year) or all(c in "〇零○Ｏ一二三四五六七八九" for c in year))


def _ascii(text: str) -> bool:
    return bool(text) and all(c in "0123456789" for c in text)


def _count(text: str) -> int | None:
    if _ascii(text):
        return int(text)
    text = text.replace("廿", "二十").replace("卅", "三十")
    if not any(c in "十百" for c in text):
        if not text or any(c not in _CALENDAR for c in text):
            return None
        return int("".join(str(_CALENDAR[c]) for c in text))
    total, held = 0, None
    for c in text:
        if c == "十":
            total, held = total + 10 * (1 if held is None else held), None
        elif c == "百":
            if held is None:
                return None
            total, held = total + 100 * held, None
        elif c in _CALENDAR:
            held = _CALENDAR[c]
        else:
            return None
    return total + (held or 0)


def _serial(text: str) -> tuple[datetime, str, bool] | None:
    whole, point, part = text.partition(".")
    if not _ascii(whole) or not 2 <= len(whole) <= 7 or (point and not _ascii(part)) or not 61 <= int(whole) <= 2958465:
        return None
    day = datetime(1899, 12, 30, tzinfo=BEIJING) + timedelta(days=int(whole))
    if not part.strip("0"):
        return day, "", False
    seconds = Fraction(int(part[:12]), 10 ** len(part[:12])) * 86_400 + Fraction(1, 2)
    try:
        return day + timedelta(seconds=int(seconds)), "", True
    except OverflowError:
        return None
