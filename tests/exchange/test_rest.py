# SPDX-License-Identifier: Apache-2.0
"""The REST face: the operations by the paths and schemas of the pack's OpenAPI document, in XML and in JSON."""

import json
import uuid
from typing import Any

import jsonschema
from lxml import etree

from gateway.pack import load_pack
from tests.exchange.town import Town
from tests.reference.client import NS, Reply, Sender, Sent, file_case

DOCUMENT = json.loads((load_pack("jiangxi-1.0").root / "openapi" / "power-exchange.json").read_text("utf-8"))


def call(sender: Sender, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return sender.request(method, f"/exchange/v1{path}", body, named)


def of_contract(reply: Reply, name: str) -> Any:
    """Return a JSON answer that the OpenAPI schema ``name`` finds valid."""
    value = json.loads(reply.body)
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema.validate(value, schema)
    return value


def as_json(sender: Sender, records: list[Sent], **changes: Any) -> bytes:
    """Return the JSON body of a submission whose package is signed like any other."""
    package = etree.fromstring(sender.package(records, **changes))
    head, _body, signature = package
    told: dict[str, Any] = {"Id": head.get("Id")}
    for child in head:
        name = etree.QName(child).localname
        told[name] = int(child.text or 0) if name in ("recordCount", "packageSeq") else child.text
    body = {
        "Record": [
            {
                "recordId": each.record_id, "key": each.key, "version": each.version, "contentDigest": each.digest,
                "payload": each.payload.decode(),
            }
            for each in records
        ]
    }  # fmt: skip
    whole = {"Head": told, "Body": body, "Signature": etree.tostring(signature).decode()}
    return json.dumps({"Package": whole}, ensure_ascii=False).encode()


def test_a_package_in_json_is_the_same_package(shared: Town) -> None:
    """Same packageId again over SOAP: the same receipt number, though it first came as JSON."""
    sender = shared.sender()
    package_id = str(uuid.uuid4())
    body = as_json(sender, [file_case(1)], package_id=package_id)
    reply = call(sender, "POST", "/packages", body, Content_Type="application/json")
    told = of_contract(reply, "SubmitPackageResponse")
    assert [each["code"] for each in told["Receipt"]["Results"]["Result"]] == ["0000"]
    assert sender.submit([file_case(1)], package_id=package_id).receipt_no == told["Receipt"]["Head"]["receiptNo"]
    sender.require_genuine(sender.query(package_id=package_id).receipt)
    asked = call(sender, "GET", f"/receipts?packageId={package_id}", Accept="application/json")
    assert of_contract(asked, "QueryReceiptResponse") == told


def test_a_package_in_xml(shared: Town) -> None:
    sender = shared.sender()
    body = b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), sender.package([file_case(2)]))
    reply = call(sender, "POST", "/packages", body, Content_Type="application/xml")
    assert (reply.status, reply.codes) == (200, ["0000"])
    sender.require_genuine(reply.receipt)


def test_the_reading_operations(shared: Town) -> None:
    sender = shared.sender()
    sender.submit([file_case(3)])
    json_ = {"Accept": "application/json"}
    of_contract(call(sender, "GET", "/ping", **json_), "PingResponse")
    assert of_contract(call(sender, "GET", "/version", **json_), "GetVersionResponse")["standardVersion"] == ["1.0"]
    told = of_contract(call(sender, "GET", "/statements?day=2020-06-01", **json_), "GetStatementResponse")
    assert told["DailyStatement"]["line"][0]["count"] >= 1
    keys = of_contract(call(sender, "GET", "/keys?day=2020-06-01&size=1", **json_), "GetKeysResponse")
    assert len(keys["row"]) == 1
    of_contract(call(sender, "GET", "/notices", **json_), "FetchNoticesResponse")
    body = json.dumps({"recordId": [str(uuid.uuid4())]}).encode()
    told = of_contract(
        call(sender, "POST", "/notices/acknowledgements", body, Content_Type="application/json"), "AckNoticesResponse"
    )
    assert told == {"acknowledged": 0}


def test_faults_are_a_status_with_a_code_in_two_languages(shared: Town) -> None:
    sender = shared.sender()
    told = call(sender, "GET", "/statements?day=x", Accept="application/json")
    fault = of_contract(told, "ExchangeFault")
    assert (told.status, fault["code"]) == (400, "1002")
    assert " / " in fault["message"]
    assert call(sender, "GET", "/keys?colour=red").status == 400
    assert call(sender, "POST", "/packages", b"{", Content_Type="application/json").status == 400
    assert call(sender, "POST", "/packages", b"[]", Content_Type="application/json").status == 400
    assert call(sender, "POST", "/packages", b"<x/>", Content_Type="application/xml").status == 400
    assert call(sender, "POST", "/packages", b"x", Content_Type="text/plain").status == 400
    deep = b"[" * 100_000
    assert call(sender, "POST", "/packages", deep, Content_Type="application/json").status == 400
    wrong = call(
        sender, "POST", "/packages", as_json(sender, [file_case(4)], senderCode="990000099"),
        Content_Type="application/json",
    )  # fmt: skip
    assert (wrong.status, json.loads(wrong.body)["code"]) == (403, "3002")


def test_the_description_is_served(shared: Town) -> None:
    assert json.loads(call(shared.sender(), "GET", "/openapi.json").body) == DOCUMENT
