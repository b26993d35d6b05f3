# SPDX-License-Identifier: Apache-2.0
"""Check characters of Chinese identifiers: plain arithmetic on text, no lists and no dates."""

from functools import lru_cache
from operator import mul

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {character: value for value, character in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORG_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
_RESIDENT_CHECKS = "10X98765432"
_DIGITS = frozenset("0123456789")


def uscc_check_character(first17: str) -> str:
    """Return the 18th character of a unified social credit code (统一社会信用代码, GB 32100-2015).

    >>> uscc_check_character("91350100M000100Y4")
    '3'
    """
    total = sum(map(mul, _USCC_WEIGHTS, map(_USCC_VALUES.__getitem__, first17)))
    return _USCC_ALPHABET[-total % 31]


def organisation_check_character(first8: str) -> str:
    """Return the 9th character of an organisation code (组织机构代码, GB 11714).

    >>> organisation_check_character("D2143569")
    'X'
    """
    rest = -sum(map(mul, _ORG_WEIGHTS, map(_ORG_VALUES.__getitem__, first8))) % 11
    return "X" if rest == 10 else str(rest)


def resident_check_digit(first17: str) -> str:
    """Return the 18th character of a resident identity number (公民身份号码, GB 11643, ISO 7064 MOD 11-2).

    >>> resident_check_digit("11010519491231002")
    'X'
    """
    return _RESIDENT_CHECKS[sum(map(mul, _RESIDENT_WEIGHTS, map(int, first17))) % 11]


def is_uscc_form(text: str) -> bool:
    """Tell whether ``text`` has the form of a unified social credit code."""
    return len(text) == 18 and text[2:8].isascii() and text[2:8].isdigit() and set(text) <= _USCC_VALUES.keys()


def is_organisation_form(text: str) -> bool:
    """Tell whether ``text`` has the form of an organisation code without hyphen."""
    return len(text) == 9 and set(text) <= _ORG_VALUES.keys() and (text[8] in _DIGITS or text[8] == "X")


def is_resident_form(text: str) -> bool:
    """Tell whether ``text`` is 17 digits and a digit or a capital X."""
    return len(text) == 18 and text.isascii() and text[:17].isdigit() and (text[17].isdigit() or text[17] == "X")


@lru_cache(maxsize=4096)
def organisation_fault(text: str) -> tuple[str, str] | None:
    """Return finding code and expected character for a wrong 9- or 18-character organisation code, else None."""
    if len(text) == 18:
        return uscc_fault(text)
    if not is_organisation_form(text):
        return "IDN-004", ""
    expected = organisation_check_character(text[:8])
    return None if text[8] == expected else ("IDN-005", expected)


def uscc_fault(text: str) -> tuple[str, str] | None:
    """Return finding code and expected character for a wrong unified social credit code, else None."""
    if not is_uscc_form(text):
        return "IDN-001", ""
    expected = uscc_check_character(text[:17])
    if text[17] != expected:
        return "IDN-002", expected
    expected = organisation_check_character(text[8:16])
    return None if text[16] == expected else ("IDN-003", expected)
