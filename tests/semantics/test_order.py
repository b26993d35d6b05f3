# SPDX-License-Identifier: Apache-2.0
"""Lanes of records that name another one (ledger.md B9, B13)."""

import pytest

from gateway.model.record import Level
from gateway.model.record_type import case_in
from gateway.pack import load_pack
from gateway.semantics.order import lane_name

CASE = "MA0000015-2022-CF-00000001"


@pytest.mark.parametrize(
    ("key", "case"),
    [(f"CF_JD:{CASE}:7", CASE), ("QL_SX:XK-MA0000015-0001", None), ("GG_FJ:FJ1", None), ("", None)],
)
def test_a_key_tells_the_case_it_names(key: str, case: str | None) -> None:
    assert case_in(key) == case


@pytest.mark.parametrize("code", ["GG_FJ", "GK_XX"])
def test_b13_a_record_goes_in_the_lane_of_the_one_it_names(code: str) -> None:
    kind = load_pack().types[code]
    key = kind.key(None, None, "A1")
    assert key == f"{code}:A1"
    assert lane_name(kind, key, CASE, Level.L2) == CASE
    assert lane_name(kind, key, CASE, Level.L1) == key
    assert lane_name(kind, key, None, Level.L3) == key


def test_master_data_keeps_its_own_lane_and_a_case_record_its_case() -> None:
    types = load_pack().types
    assert lane_name(types["QL_SX"], "QL_SX:X", CASE, Level.L2) == "QL_SX:X"
    assert lane_name(types["CF_JD"], f"CF_JD:{CASE}:7", CASE, Level.L2) == CASE
