# SPDX-License-Identifier: Apache-2.0
"""The recordId is UUIDv5 as the library computes it (standard.md §4)."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.record import RECORD_NAMESPACE, record_id

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(_TEXT, _TEXT, st.integers(1, 10**6), st.binary(min_size=32, max_size=32))
def test_record_id_is_uuid5(type_: str, key: str, version: int, digest: bytes) -> None:
    name = f"{type_}|{key}|{version}|{digest.hex()}"
    assert record_id(type_, key, version, digest) == str(uuid.uuid5(RECORD_NAMESPACE, name))
