# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI page says the same as WSDL and XSD, as xmlschema sees them; nothing more and nothing less."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.pack import Pack
from tools import openapi

FILE = Path("openapi") / "power-exchange.json"
OPEN = {"payload", "Signature"}
"""What the XSD leaves open; in JSON it is XML text."""


@pytest.fixture(scope="module")
def page(pack: Pack) -> Any:
    return json.loads((pack.root / FILE).read_text(encoding="utf-8"))


def test_the_page_is_current(pack: Pack, tmp_path: Path) -> None:
    assert openapi.page(pack) == (pack.root / FILE).read_text(encoding="utf-8")
    assert openapi.main(["--check"]) == 0


def test_the_operations_are_those_of_the_wsdl(pack: Pack, page: Any) -> None:
    wsdl = pack.wsdl_path.read_text(encoding="utf-8")
    operations = set(re.findall(r'<wsdl:operation name="(\w+)"', wsdl))
    told = {one["operationId"] for methods in page["paths"].values() for one in methods.values()}
    assert told == operations == set(openapi.ROUTES)


def test_every_reference_leads_somewhere(page: Any) -> None:
    schemas = page["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(page)))
    assert named <= schemas.keys()
    roots = {"ExchangeFault", *(f"{name}Response" for name in openapi.ROUTES), *openapi.ROUTES}
    assert schemas.keys() == named | (roots & schemas.keys())


def test_arguments_and_bodies_are_the_fields_of_the_request(page: Any, seen: Any) -> None:
    for methods in page["paths"].values():
        for method, one in methods.items():
            name = one["operationId"]
            fields = [child.local_name for child in seen.elements[name].type.content.iter_elements()]
            if method == "get":
                assert [each["name"] for each in one.get("parameters", [])] == fields, name
            else:
                assert one["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{name}")
            answer = one["responses"]["200"]["content"]["application/xml"]["schema"]["$ref"]
            assert answer.endswith(f"/{name}Response")


def test_every_object_has_the_fields_of_its_type(page: Any, seen: Any) -> None:
    compared = 0
    for name, schema in page["components"]["schemas"].items():
        if schema["type"] != "object":
            assert name in seen.types
            continue
        declared = seen.types[name] if name in seen.types else seen.elements[name].type
        children = [child for child in declared.content.iter_elements() if child.name is not None]
        names = list(declared.attributes) + [child.local_name for child in children]
        assert [field for field in schema["properties"] if field not in OPEN] == names, name
        for child in children:
            field = schema["properties"][child.local_name]
            many = child.max_occurs is None or child.max_occurs > 1
            assert (field.get("type") == "array") == many, (name, child.local_name)
            must = child.local_name in schema.get("required", [])
            assert must == (child.min_occurs > 0 and "oneOf" not in schema), (name, child.local_name)
            compared += 1
    assert compared > 60


def test_a_sample_of_the_page_fits_the_text_patterns(page: Any) -> None:
    pattern = page["components"]["schemas"]["PartyCode"]["pattern"]
    assert re.match(pattern, "11360100MA0000015H")
    assert not re.match(pattern, "11360100MA0000015H-1")
