# SPDX-License-Identifier: Apache-2.0
"""Formats, amounts and null tokens, each against its meaning and against the interpreter's own reading."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import BEIJING
from gateway.mapping import amounts, formats
from gateway.mapping.interpret_forms import decimal as _decimal
from gateway.mapping.interpret_forms import scan
from gateway.mapping.model import FromColumn, Value
from gateway.mapping.text import clean, null_tokens


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("yyyy/MM/dd", "2012/04/26", ("2012-04-26", None)),
        ("yyyy/MM/dd", "2012/4/26", None),
        ("yyyy/M/d", "2012/4/6", ("2012-04-06", None)),
        ("yyyy年M月d日", "2012年4月26日", ("2012-04-26", None)),
        ("yyyyMMddHHmmss", "20120426091100", ("2012-04-26", "09:11:00")),
        ("yyyy-MM-dd HH:mm:ss.SSS", "2012-04-26 09:11:00.120", ("2012-04-26", "09:11:00.12")),
        ("yyyy-MM-ddTHH:mm:ssXXX", "2012-04-26T23:30:00Z", ("2012-04-27", "07:30:00")),
        ("yyyy-MM-dd'号'", "2012-04-26号", ("2012-04-26", None)),
        ("iso", "2012-04-26T09:11:00+08:00", ("2012-04-26", "09:11:00")),
        ("iso", "2012-04-26", ("2012-04-26", None)),
        ("epoch-millis", "1335402660001", ("2012-04-26", "09:11:00.001")),
        ("epoch-seconds", "-1", ("1970-01-01", "07:59:59")),
        ("yyyy-MM-dd", "2012-02-30", None),
        ("yyyy-MM-dd", "２０１２-04-26", None),  # full-width digits only where half_width asks for it
        ("epoch-seconds", "--1", None),
        ("epoch-seconds", "99999999999999999", None),
    ],
)
def test_dates_are_read_as_plus_eight(pattern: str, text: str, wanted: tuple[str, str | None] | None) -> None:
    assert formats.parser((pattern,))(text) == wanted


def test_alternatives_are_tried_in_turn() -> None:
    parse = formats.parser(("yyyy/MM/dd", "yyyy-MM-dd"))
    assert parse("2012/04/26") == parse("2012-04-26") == ("2012-04-26", None)


@pytest.mark.parametrize(
    "pattern", ["yyyy-MM", "yyyy-mm-dd", "yyyy-MM-dd hh:mm", "yyyy-MM-dd HH:mm:mm", "yyyy-MM-dd ss"]
)
def test_bad_formats_are_refused(pattern: str) -> None:
    with pytest.raises(formats.BadFormat):
        formats.letters(pattern)


_YEARS = (datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001
_PATTERNS = (
    "yyyy/M/d",
    "yyyyMMdd",
    "yyyy-MM-dd HH:mm",
    "yyyyMd H:m:s",
    "yyyy-MM-ddTHH:mm:ss.SSSXXX",
    "iso",
    "epoch-millis",
)


@given(
    st.sampled_from(_PATTERNS),
    st.one_of(
        st.datetimes(*_YEARS).flatmap(
            lambda day: st.sampled_from(
                ["%Y/%-m/%-d", "%Y%m%d", "%Y-%m-%d %H:%M", "%Y%-m%-d %-H:%-M:%-S", "%Y-%m-%dT%H:%M:%S.%f+05:30"]
            ).map(lambda form: day.strftime(form))
        ),
        st.text("0123456789-/: T.Z+", max_size=26),
        st.integers(-(10**15), 10**15).map(str),
    ),
)
def test_both_readers_of_dates_agree(pattern: str, text: str) -> None:
    mine, other = formats.parser((pattern,))(text), scan(pattern, text)
    if other is None:
        assert mine is None
        return
    moment, fraction, has_time = other
    assert mine is not None
    assert mine.day == moment.astimezone(BEIJING).date().isoformat()
    assert mine.time == (f"{moment:%H:%M:%S}" + (f".{fraction}" if fraction else "") if has_time else None)


@pytest.mark.parametrize(
    ("text", "unit", "wanted"),
    [
        ("1.5", "万元", "15000"), ("0.00010", "万元", "1"), ("6000", "元", "6000"), ("150", "分", "1.5"), ("-0.0", "元", "0"),
        (".5", "元", "0.5"), ("007.10", "元", "7.1"), ("+3", "亿元", "300000000"), ("1e5", "元", None), ("1,000", "元", None),
        ("", "元", None), (".", "元", None), ("5.", "元", None), ("0.001", "元", None), ("12345678901234.56", "元", "12345678901234.56"),
    ],
)  # fmt: skip
def test_amounts_are_exact(text: str, unit: str, wanted: str | None) -> None:
    assert amounts.decimal(text, amounts.UNITS[unit], 2) == wanted


def test_thousands_marks_stand_at_thousands() -> None:
    assert amounts.ungrouped("-1,234,567.8", ",") == "-1234567.8"
    assert amounts.ungrouped("12,34", ",") is None
    assert amounts.ungrouped(",123", ",") is None


@given(st.text("0123456789+-.,", max_size=24), st.sampled_from(sorted(amounts.UNITS)), st.sampled_from([None, ","]))
def test_both_readers_of_amounts_agree(text: str, unit: str, thousands: str | None) -> None:
    value = Value(FromColumn("x"), "decimal", scale=amounts.UNITS[unit], thousands=thousands, fraction_digits=2)
    plain = amounts.ungrouped(text, thousands) if thousands else text
    mine = None if plain is None else amounts.decimal(plain, value.scale, 2)
    assert mine == _decimal(value, text)


def test_null_tokens_have_width_case_and_dash_variants() -> None:
    tokens = null_tokens(["-", "null", "无", "N/A"])
    assert {
        "",
        "-",
        "－",
        "—",
        "null",
        "NULL",
        "Null",
        "ｎｕｌｌ",
        "ＮＵＬＬ",
        "无",
        "無",
        "N/A",
        "n/a",
        "Ｎ／Ａ",
    } <= tokens
    assert "无证" not in tokens
    assert null_tokens([]) == {""}


def test_text_is_cleaned() -> None:
    assert clean("　第一行\r\n第二行\t\t末 ") == "第一行 第二行 末"
    assert clean("e\u0301") == "é"
    assert clean("ＡＢ（１）　ｘ", narrow=True) == "AB(1) x"
    assert clean("ＡＢ") == "ＡＢ"
    assert clean("Ａ\u030a", narrow=True) == "Å"
