# SPDX-License-Identifier: Apache-2.0
"""Amounts as people write them (¥1,234.50元, 1.2万元, 壹万贰仟元整), read exactly; the compiled mapping's reader."""

import re
from typing import Final

from gateway.mapping.amounts import UNITS, decimal, ungrouped
from gateway.mapping.text import half_width

_HEAD = re.compile(r"(?:人民币|RMB|CNY)?[:: ]*[¥￥]?")
_FIGURES = re.compile(r"([+-]?[0-9.,]+)(厘|分|角|百万元|千万元|百元|千元|万元|亿元|[元圆块百千万亿])?")
_SPOKEN = {"圆": "元", "块": "元", "百": "百元", "千": "千元", "万": "万元", "亿": "亿元"}
_DIGITS: Final = {
    letter: at
    for at, letters in enumerate(("零〇", "壹一", "贰二两", "叁三", "肆四", "伍五", "陆六", "柒七", "捌八", "玖九"))
    for letter in letters
}
_ONE = "[壹一贰二两叁三肆四伍五陆六柒七捌八玖九]"
_SECTION = rf"(?:({_ONE})[仟千])?(?:零?({_ONE})[佰百])?(?:零?({_ONE})?[拾十])?(?:零?({_ONE}))?"
_NUMBER = re.compile(rf"(?:(?P<yi>(?=[^亿]){_SECTION})亿)?(?:(?P<wan>零?(?=[^万]){_SECTION})万)?(?P<ge>零?{_SECTION})")
_PARTS: Final = {10**8: "yi", 10**4: "wan", 1: "ge"}
_TEN = re.compile("[拾十]")
_AMBIGUOUS = re.compile(
    rf"[佰百仟千](?:{_ONE}|[拾十])(?:$|[万亿])|[万亿](?:{_ONE}|[拾十])$|[拾十]零|零零|零$|零[万亿]|^零"
)
_WORDS = re.compile(
    r"(?:(?P<whole>[零〇壹一贰二两叁三肆四伍五陆六柒七捌八玖九拾十佰百仟千万亿]+)(?P<yuan>[元圆块])?)?"
    r"(?:零?(?P<jiao>[零壹一贰二两叁三肆四伍五陆六柒七捌八玖九])角)?(?:零?(?P<fen>[零壹一贰二两叁三肆四伍五陆六柒七捌八玖九])分)?"
)


def written_decimal(text: str, scale: int, fraction_digits: int | None) -> str | None:
    """Return the amount in yuan, or None where it can't be read; ``scale`` is the unit where none is written."""
    text = half_width(text).replace(" ", "").removesuffix("整").removesuffix("正")
    head = _HEAD.match(text)
    text = text[head.end() :] if head else text
    figures = _FIGURES.fullmatch(text)
    if figures:
        plain = ungrouped(figures[1], ",")
        unit = figures[2]
        power = scale if unit is None else UNITS[_SPOKEN.get(unit, unit)]
        return None if plain is None else decimal(plain, power, fraction_digits)
    words = _WORDS.fullmatch(text)
    if not text or words is None:
        return None
    small = bool(words["jiao"] or words["fen"])
    count = "" if words["whole"] == "零" and small and not words["yuan"] else words["whole"]  # 零伍分
    whole = _whole(count) if count else 0
    if whole is None or (count and small and not words["yuan"]):
        return None
    if count and not words["yuan"]:
        return decimal(str(whole), scale, fraction_digits)
    cents = whole * 100 + _DIGITS.get(words["jiao"] or "零", 0) * 10 + _DIGITS.get(words["fen"] or "零", 0)
    return decimal(str(cents), -2, fraction_digits)


def _whole(text: str) -> int | None:
    """Return a whole number in Chinese numerals. ``三千五`` is refused: 3500 and 3005 are both meant by it."""
    if text in ("零", "〇"):
        return 0
    text = text.replace("〇", "零")
    match = _NUMBER.fullmatch(text)
    if match is None or _AMBIGUOUS.search(text):
        return None
    total = 0
    for at, size in ((1, 10**8), (6, 10**4), (11, 1)):
        thousands, hundreds, tens, ones = (_DIGITS.get(digit or "零", 0) for digit in match.groups()[at : at + 4])
        begun = match[_PARTS[size]]
        if begun and _TEN.search(begun) and not tens:
            tens = 1
        total += (thousands * 1000 + hundreds * 100 + tens * 10 + ones) * size
    return total
