# SPDX-License-Identifier: Apache-2.0
"""What may be shown of personal data: made-up people, valid check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.trust.masking import Personal, mask, mask_text

ID18, ID15, CARD = "360102199001010018", "360102900101001", "6222020000000000000"


@pytest.mark.parametrize(
    ("value", "personal", "shown"),
    [
        ("张三", "name", "张*"),
        ("张三丰", "name", "张**"),
        ("南昌示例商贸有限公司", "name", "南***"),
        ("张", "name", "张*"),
        ("", "name", ""),
        (ID18, "id-number", "*" * 18),
        ("0791-00000001", "phone", "***********01"),
        ("13800000000", "phone", "*********00"),
        ("110", "phone", "***"),
        ("南昌市西湖区示例路2号", "address", "南昌市西湖区***"),
        ("西湖区", "address", "西**"),
        (CARD, "account", "*" * 15 + "0000"),
        ("某某不服", "text", "某某不服"),
        (f"当事人{ID18}电话13800000000", None, f"当事人{'*' * 18}电话*********00"),
        (f"当事人{ID18}", "nonsense", f"当事人{'*' * 18}"),
    ],
)
def test_masks_by_class(value: str, personal: str | None, shown: str) -> None:
    assert mask(value, personal) == shown


def test_free_text_hides_numbers_that_pass_their_check_only() -> None:
    assert mask_text(f"身份证{ID18}。") == f"身份证{'*' * 18}。"
    assert mask_text(f"旧证{ID15}号") == f"旧证{'*' * 15}号"
    assert mask_text(f"卡{CARD}") == f"卡{'*' * 15}0000"
    assert mask_text("案号360102199001010019不变") == "案号360102199001010019不变"
    assert mask_text("金额123456789012345.00") == "金额123456789012345.00"
    assert mask_text("MA0000015-2022-CF-00000001") == "MA0000015-2022-CF-00000001"


def test_lower_case_check_character() -> None:
    number = next(n for n in (f"36010219900101{serial:03}x" for serial in range(1000)) if "*" in mask_text(n))
    assert mask_text(f"证{number}") == "证" + "*" * 18


@given(
    st.text(st.characters(exclude_characters="*"), max_size=40),
    st.sampled_from([p.value for p in Personal if p is not Personal.TEXT]),
)
def test_a_mask_never_shows_a_whole_value(value: str, personal: str) -> None:
    """What stands masked already, such as ``张*``, may come out as it went in: no star is among the letters here."""
    assert mask(value, personal) != value or not value


@given(st.text(alphabet="0123456789Xx张,", max_size=60))
def test_a_valid_number_never_survives_in_text(text: str) -> None:
    assert ID18 not in mask_text(f"{text},{ID18},{text}")
