# SPDX-License-Identifier: Apache-2.0
"""Masks of personal data (个人信息), by the class that the pack gives an element; numbers hidden in free text as well.

No digit of an identity number is ever shown (standard.md §3, publication); the other masks leave just enough for a
clerk to recognise the record.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Personal(StrEnum):
    """Classes of personal data, as the pack's dictionary names them."""

    NAME = "name"
    ID_NUMBER = "id-number"
    PHONE = "phone"
    ADDRESS = "address"
    ACCOUNT = "account"
    TEXT = "text"


_ID18 = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_ID15 = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{14}(?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_CARD = re.compile(r"(?<!\d)[1-9]\d{15,18}(?!\d)")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_ADDRESS_SHOWN: Final = 6  # characters: about province and city


def mask(value: str, personal: str | None) -> str:
    """Return ``value`` as it may be shown, given the class of its element; no class is read as free text."""
    return _MASKS[Personal(personal)](value) if personal in set(Personal) else mask_text(value)


def mask_text(text: str) -> str:
    """Return free text with identity numbers, mobile numbers and bank cards hidden; the rest stays readable."""
    text = _ID18.sub(lambda m: _stars(m.group()) if _is_id18(m.group()) else m.group(), text)
    text = _ID15.sub(lambda m: _stars(m.group()) if _is_date(m.group()[8:12]) else m.group(), text)
    text = _CARD.sub(lambda m: mask_account(m.group()) if _is_card(m.group()) else m.group(), text)
    return _MOBILE.sub(lambda m: mask_phone(m.group()), text)


def mask_name(name: str) -> str:
    """Return the first character and a star for each other one, at most three (``张**``)."""
    return name[:1] + "*" * min(3, max(1, len(name) - 1)) if name else ""


def mask_id_number(number: str) -> str:
    """Return stars only, as many as there are characters."""
    return _stars(number)


def mask_phone(phone: str) -> str:
    """Return the last two characters behind stars."""
    return _all_but(phone, 2)


def mask_address(address: str) -> str:
    """Return the first six characters and three stars."""
    return address[:_ADDRESS_SHOWN] + "***" if len(address) > _ADDRESS_SHOWN else mask_name(address)


def mask_account(account: str) -> str:
    """Return the last four characters behind stars."""
    return _all_but(account, 4)


_MASKS: Final[dict[Personal, Callable[[str], str]]] = {
    Personal.NAME: mask_name,
    Personal.ID_NUMBER: mask_id_number,
    Personal.PHONE: mask_phone,
    Personal.ADDRESS: mask_address,
    Personal.ACCOUNT: mask_account,
    Personal.TEXT: mask_text,
}


def _stars(text: str) -> str:
    return "*" * len(text)


def _all_but(text: str, shown: int) -> str:
    """Hide all but the last characters; a text that short is hidden whole."""
    return _stars(text) if len(text) <= 2 * shown else _stars(text[:-shown]) + text[-shown:]


def _is_id18(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return _CHECKS[total % 11] == number[17].upper()


def _is_date(month_and_day: str) -> bool:
    return 1 <= int(month_and_day[:2]) <= 12 and 1 <= int(month_and_day[2:]) <= 31


def _is_card(number: str) -> bool:
    """Tell whether the check digit of a bank card number holds (Luhn)."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [d if at % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for at, d in enumerate(digits)]
    return sum(doubled) % 10 == 0
