# SPDX-License-Identifier: Apache-2.0
"""Check characters agree with python-stdnum where it is right, and catch every slip of one character."""

import doctest
import string

from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from gateway.rules import identifiers
from gateway.rules.identifiers import (
    is_resident_form,
    organisation_check_character,
    organisation_fault,
    resident_check_digit,
    uscc_check_character,
    uscc_fault,
)

USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
DIGITS = st.text("0123456789", min_size=17, max_size=17)
ORGANISATION = st.text(USCC, min_size=8, max_size=8)


@st.composite
def codes(draw: st.DrawFn) -> str:
    """Draw a unified social credit code that holds, its inner organisation code too."""
    inner = draw(ORGANISATION)
    prefix = draw(st.text("123459Y", min_size=1, max_size=1)) + draw(st.text(USCC, min_size=1, max_size=1))
    first17 = prefix + draw(st.text("0123456789", min_size=6, max_size=6)) + inner + organisation_check_character(inner)
    return first17 + uscc_check_character(first17)


def test_doctests() -> None:
    assert doctest.testmod(identifiers).failed == 0


@given(st.text(USCC, min_size=17, max_size=17))
def test_uscc_agrees_with_stdnum(first17: str) -> None:
    assert uscc_check_character(first17) == uscc.calc_check_digit(first17 + "0")


@given(DIGITS)
def test_resident_digit_agrees_with_iso_7064(first17: str) -> None:
    assert resident_check_digit(first17) == mod_11_2.calc_check_digit(first17)


@given(codes())
def test_codes_that_hold_pass(code: str) -> None:
    assert uscc_fault(code) is None
    assert organisation_fault(code) is None
    assert organisation_fault(code[8:17]) is None


@given(codes(), st.integers(0, 17), st.sampled_from(USCC))
def test_every_slip_of_one_character_is_caught(code: str, place: int, other: str) -> None:
    slipped = code[:place] + other + code[place + 1 :]
    assert (uscc_fault(slipped) is None) == (slipped == code)


@given(ORGANISATION, st.sampled_from("0123456789"))
def test_the_expected_character_mends_the_code(first8: str, digit: str) -> None:
    fault = organisation_fault(first8 + digit)
    expected = organisation_check_character(first8)
    assert fault == (None if digit == expected else ("IDN-005", expected))
    assert organisation_fault(first8 + expected) is None


@given(DIGITS, st.integers(0, 16), st.sampled_from("0123456789"))
def test_every_slip_of_one_digit_is_caught(first17: str, place: int, other: str) -> None:
    slipped = first17[:place] + other + first17[place + 1 :]
    assert (resident_check_digit(slipped) == resident_check_digit(first17)) == (slipped == first17)


@given(st.text(string.printable + "张O〇\N{FULLWIDTH DIGIT ONE}", max_size=20))
def test_no_text_breaks_the_checks(text: str) -> None:
    organisation_fault(text)
    uscc_fault(text)
    assert not is_resident_form(text) or len(text) == 18
