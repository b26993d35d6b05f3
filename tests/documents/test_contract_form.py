# SPDX-License-Identifier: Apache-2.0
"""The interface of a service: what does not matter leaves its fingerprint alone, what matters changes it."""

import pytest

from gateway.documents.contract_form import service_interface

WSDL = b"""<?xml version="1.0"?>
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" name="D" targetNamespace="urn:d"><!-- made by hand -->
  <w:message name="A"/>
  <w:service><w:port location="https://test.example:8443/ws/exchange"/></w:service>
</w:definitions>"""


def digest(body: bytes = WSDL, **more: object) -> str:
    return service_interface({"/ws?wsdl": body, "/ws?xsd=1": b"<s/>"}, **more).digest  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "same",
    [
        WSDL.replace(b"https://test.example:8443", b"http://10.1.2.3"),
        WSDL.replace(b"\n  ", b"").replace(b"<!-- made by hand -->", b""),
        WSDL.replace(b'name="D" targetNamespace="urn:d"', b'targetNamespace="urn:d"   name="D"'),
    ],
)
def test_hosts_white_space_comments_and_order_of_attributes_do_not_count(same: bytes) -> None:
    assert digest(same) == digest()


@pytest.mark.parametrize(
    "other", [WSDL.replace(b'name="A"', b'name="B"'), WSDL.replace(b"/ws/exchange", b"/ws/other"), b"no xml", b""]
)
def test_everything_else_does(other: bytes) -> None:
    assert digest(other) != digest()


def test_parts_are_named_so_that_a_change_can_be_told() -> None:
    attested = service_interface({"/ws?wsdl": WSDL, "/ws?xsd=1": b"<s/>"}, {"signing": b"der"}, "1.0")
    assert sorted(attested.parts) == ["certificate:signing", "schema:/ws?xsd=1", "version:interface", "wsdl:/ws?wsdl"]
    seen = service_interface({"/ws?wsdl": WSDL, "/ws?xsd=1": b"<t/>", "/ws?xsd=2": b"<s/>"}, {"signing": b"new"}, "1.0")
    assert [each.part for each in attested.changes(seen)] == [
        "certificate:signing",
        "schema:/ws?xsd=1",
        "schema:/ws?xsd=2",
    ]
