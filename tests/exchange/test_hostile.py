# SPDX-License-Identifier: Apache-2.0
"""S2: every hostile document of the corpus through both faces: a refusal of class 1, never a crash, nothing stored."""

from pathlib import Path

import pytest

from tests.exchange.town import Town
from tests.reference.client import NS

CASES = sorted((Path(__file__).parents[1] / "hostile" / "cases").glob("*.xml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_s2_hostile_documents_are_refused(shared: Town, path: Path) -> None:
    sender = shared.sender()
    data = path.read_bytes()
    before = shared.one("SELECT count(*) FROM record")
    soap = sender.request("POST", "/exchange", data, {"Content-Type": "text/xml"})
    assert (soap.fault or "")[:1] == "1", (path.name, soap.status, soap.body[:300])
    rest = sender.request("POST", "/exchange/v1/packages", data, {"Content-Type": "application/xml"})
    assert rest.status == 400, (path.name, rest.body[:300])
    inside = b'<SubmitPackage xmlns="%b"><Package><Head/><Body><Record>%b</Record></Body></Package></SubmitPackage>'
    reply = sender.post(inside % (NS.encode(), data))
    assert (reply.fault or "")[:1] == "1", (path.name, reply.body[:300])
    assert shared.one("SELECT count(*) FROM record") == before
