# SPDX-License-Identifier: Apache-2.0
"""Checks of a number against the kind of document it is said to be (standard.md §1, person and organisation)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import CodeList
from gateway.rules.identifiers import is_resident_form, organisation_fault, resident_check_digit, uscc_fault
from gateway.rules.plan import Field, Run, Values
from gateway.rules.texts import Rule

_FIFTEEN = re.compile(r"[0-9]{15}")
_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")
_OLDEST = "1850-01-01"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a number: finding code and what its sentence needs."""

    code: str
    expected: str = ""
    start: str = ""
    until: str = ""


NumberCheck = Callable[[str, str], Fault | None]
"""Looks at a number on a day."""


class NumberRules:
    """The checks by kind of document, from the ``[identity]`` table of ``checks.toml``."""

    def __init__(self, table: Mapping[str, Any], places: CodeList) -> None:
        """Compile; raises ConfigurationError for a check that does not exist."""
        self._places = frozenset(places.rows)
        self._fifteen_to: str = table["fifteen_digits_to"]
        self._foreigners_from: str = table["foreigners_18_digits_from"]
        self.by_kind: dict[str, NumberCheck] = {kind: self._compile(rule) for kind, rule in table["rules"].items()}

    def _compile(self, rule: Mapping[str, Any]) -> NumberCheck:
        match rule["check"]:
            case "resident":
                return self.resident
            case "residence-permit":
                prefixes = tuple(rule["prefixes"])
                return lambda text, day: self.residence_permit(text, day, prefixes)
            case "foreigner":
                return self.foreigner
            case "uscc":
                return lambda text, day: _organisation(uscc_fault(text))
            case "organisation-code":
                return lambda text, day: (
                    _organisation(organisation_fault(text)) if len(text) != 18 else Fault("IDN-004")
                )
            case "form":
                pattern = re.compile(rule["pattern"])
                return lambda text, day: None if pattern.fullmatch(text) else Fault("IDN-006")
            case other:
                raise ConfigurationError(f"checks.toml: identity: no check {other!r}")

    def resident(self, text: str, day: str) -> Fault | None:
        """Check a resident identity number: 18 digits, or 15 up to the end of 2012 (a warning)."""
        if len(text) == 15 and _FIFTEEN.fullmatch(text):
            return self._fifteen(text, day)
        return _eighteen(text, day) or (None if text[:6] in self._places else Fault("IDN-009"))

    def residence_permit(self, text: str, day: str, prefixes: tuple[str, ...]) -> Fault | None:
        """Check a residence permit of Hong Kong, Macao or Taiwan residents: same form, own first six digits."""
        if is_resident_form(text) and not text.startswith(prefixes):
            return Fault("IDN-012", expected="、".join(prefixes))
        return _eighteen(text, day)

    def foreigner(self, text: str, day: str) -> Fault | None:
        """Check a foreigner's permanent residence card: 3 letters and 12 digits, or 18 digits beginning with 9."""
        if len(text) == 15:
            return None if _FOREIGNER.fullmatch(text) else Fault("IDN-006")
        if not text.startswith("9"):
            return Fault("IDN-006")
        if day and day < self._foreigners_from:
            return Fault("IDN-013", start=self._foreigners_from)
        return _eighteen(text, day)

    def _fifteen(self, text: str, day: str) -> Fault | None:
        if not _is_day(f"19{text[6:12]}"):
            return Fault("IDN-008")
        return Fault("IDN-011" if day > self._fifteen_to else "IDN-010", until=self._fifteen_to)


def identity_check(kind: Field, number: Field, day_path: str, numbers: NumberRules, rules: dict[str, Rule]) -> Run:
    """Return the check of a number against the kind of document beside it; an absent one is not this check's business."""
    by_kind = numbers.by_kind
    kind_key, number_key = kind.key, number.key

    def check(values: Values, found: list[Finding]) -> None:
        stated, text = values.get(kind_key), values.get(number_key)
        if text is None or stated not in by_kind:
            return
        day = (values.get(day_path) or "")[:10]
        fault = by_kind[stated](text, day)
        if fault is not None:
            fills: dict[str, Words | str] = {
                "value": "", "expected": fault.expected, "date": day, "until": fault.until, "from": fault.start,
            }  # fmt: skip
            found.append(number.report(rules[fault.code], values, 0, fills))

    return check


def organisation_check(field: Field, rules: dict[str, Rule]) -> Run:
    """Return the check of an organisation's code."""

    def check(values: Values, found: list[Finding]) -> None:
        for text, number in field.each(values):
            fault = organisation_fault(text)
            if fault is not None:
                found.append(field.report(rules[fault[0]], values, number, {"expected": fault[1]}))

    return check


def _organisation(fault: tuple[str, str] | None) -> Fault | None:
    return None if fault is None else Fault(fault[0], expected=fault[1])


def _eighteen(text: str, day: str) -> Fault | None:
    """Check form, birth date and check digit of 18 characters; the first six are the caller's business."""
    if not is_resident_form(text):
        return Fault("IDN-006")
    if text[17] != resident_check_digit(text[:17]):
        return Fault("IDN-007")
    born = f"{text[6:10]}-{text[10:12]}-{text[12:14]}"
    if not _is_day(text[6:14]) or born < _OLDEST or (day and born > day):
        return Fault("IDN-008")
    return None


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True
