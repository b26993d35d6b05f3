# SPDX-License-Identifier: Apache-2.0
"""The worked example of docs/reference/wire.md is computed again, and a reference system takes it."""

import hashlib
import re
from pathlib import Path

import pytest
from lxml import etree

from tests.reference.client import RECORD_NAMESPACE, Sent
from tests.reference.conftest import Running

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "wire.md"


@pytest.mark.service
def test_the_worked_example(platform: Running) -> None:
    page = PAGE.read_text("utf-8")
    found = re.search(r"^<organization .*</organization>$", page, re.MULTILINE)
    assert found is not None
    payload = found[0].encode()
    assert payload == etree.tostring(etree.fromstring(payload), method="c14n", exclusive=True)
    assert f"{len(payload)} bytes" in page
    record = Sent("QL_JG", "QL_JG:990000017", 1, payload)
    line = f"{record.record_id}|{record.key}|{record.version}|{record.digest}\n"
    term = hashlib.sha256(f"{record.key}|{record.version}|{record.digest}".encode()).hexdigest()
    for value in (record.digest, record.record_id, hashlib.sha256(line.encode()).hexdigest(), term):
        assert f"`{value}`" in page
    assert str(RECORD_NAMESPACE) in page
    assert platform.sender.submit([record]).codes == ["0000"]


def test_every_return_code_and_operation_is_explained(platform: Running) -> None:
    page = PAGE.read_text("utf-8")
    sources = "".join(path.read_text("utf-8") for path in sorted(Path(PAGE.parents[2], "conformance").rglob("*.py")))
    given = set(re.findall(r'(?<!replace\()"([0-5]\d{3})"', sources))
    assert {"0000", "1005", "5000"} <= given
    assert not {code for code in given if f"`{code}`" not in page}
    for operation in platform.server.operations._operations:
        assert f"`{operation}`" in page
