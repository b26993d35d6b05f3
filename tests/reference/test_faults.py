# SPDX-License-Identifier: Apache-2.0
"""Scripted faults: each strikes where it says, is logged, and what was stored stays true."""

import http.client
import json
import threading
import uuid
from typing import Any

import pytest
import xmlsec

from gateway_reference.faults import Script
from tests.reference.client import NS, Reply, file_case
from tests.reference.conftest import Running

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"
BROKEN = (http.client.HTTPException, ConnectionError, OSError)


def ids(reply: Reply) -> list[str]:
    return [node.text or "" for node in reply.receipt.iterfind(f"{{{NS}}}Results/{{{NS}}}Result/{{{NS}}}recordId")]


def test_refuse_named_records_blocks_their_cases(platform: Running) -> None:
    platform.script(
        {"operation": SUBMIT, "match": {"key": "00000002:1$"}, "action": "refuse", "code": "2002", "times": 1}
    )
    records = [file_case(1), file_case(2), file_case(2, sequence=2)]
    reply = platform.sender.submit(records)
    assert reply.codes == ["0000", "2002", "2003"]
    assert platform.sender.submit(records).codes == ["0001", "0000", "0000"]  # times: 1
    assert [(fault["action"], fault["detail"]) for fault in platform.held()["faults"]] == [("refuse", records[1].key)]


def test_refuse_the_package_whole_by_receipt(platform: Running) -> None:
    platform.script({"operation": SUBMIT, "match": {"nth": [1]}, "action": "refuse", "code": "4001", "retryAfter": 7})
    package_id = str(uuid.uuid4())
    reply = platform.sender.submit([file_case(1)], package_id=package_id)
    assert (reply.first("code"), reply.codes, reply.first("retryAfter")) == ("4001", [], "7")
    platform.sender.require_genuine(reply.receipt)
    assert platform.sender.query(package_id=package_id).first("status") == "never-received"
    assert platform.sender.submit([file_case(1)], package_id=package_id).codes == ["0000"]


@pytest.mark.parametrize("soap12", [False, True])
def test_fault_carries_code_and_retry_after(platform: Running, soap12: bool) -> None:
    platform.script({"operation": SUBMIT, "action": "fault", "code": "4002", "retryAfter": 30, "times": 1})
    reply = platform.sender.submit([file_case(1)], soap12=soap12)
    assert (reply.status, reply.fault, reply.first("retryAfter")) == (500, "4002", "30")
    assert platform.sender.submit([file_case(1)], soap12=soap12).codes == ["0000"]


def test_http_503_and_html(platform: Running) -> None:
    platform.script(
        {"operation": "*", "match": {"nth": [1]}, "action": "http-503", "retryAfter": 3},
        {"operation": "*", "match": {"nth": [2]}, "action": "html"},
        {"operation": "*", "match": {"nth": [3]}, "action": "html", "when": "after"},
    )
    reply = platform.sender.submit([file_case(1)])
    assert (reply.status, reply.headers["retry-after"]) == (503, "3")
    reply = platform.sender.submit([file_case(1)])
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert platform.held()["records"] == []
    platform.sender.submit([file_case(1)])
    assert len(platform.held()["records"]) == 1


@pytest.mark.parametrize(
    ("action", "stored"),
    [("drop-before-store", 0), ("drop-after-store", 1), ("half-answer", 1), ("close", 0)],
)
def test_no_answer_leaves_the_truth_in_the_storage(platform: Running, action: str, stored: int) -> None:
    platform.script({"operation": SUBMIT, "match": {"every": 1}, "action": action, "times": 1})
    package_id = str(uuid.uuid4())
    with pytest.raises(BROKEN):
        platform.sender.submit([file_case(1)], package_id=package_id)
    assert len(platform.held()["records"]) == stored
    asked = platform.sender.query(package_id=package_id)
    if stored:
        assert asked.receipt_no == 1
    else:
        assert asked.first("status") == "never-received"
    assert platform.sender.submit([file_case(1)], package_id=package_id).codes == ["0000"]
    held = platform.held()
    assert [fault["action"] for fault in held["faults"]] == [action]
    assert held["faults"][0]["package_id"] == package_id
    assert len(held["records"]) == 1


def test_half_answer_can_be_cut_anywhere(platform: Running) -> None:
    platform.script({"operation": "Ping", "action": "half-answer", "bytes": 5, "times": 1})
    with pytest.raises(http.client.IncompleteRead) as caught:
        platform.sender.call("Ping")
    assert caught.value.partial == b"<?xml"


@pytest.mark.parametrize("variant", ["other-records", "other-package", "missing", "repeated", "altered", "unsigned"])
def test_wrong_receipts(platform: Running, variant: str) -> None:
    platform.script({"operation": SUBMIT, "action": "wrong-receipt", "variant": variant, "times": 1})
    records, package_id = [file_case(1), file_case(2)], str(uuid.uuid4())
    reply = platform.sender.submit(records, package_id=package_id)
    right = [record.record_id for record in records]
    if variant in {"altered", "unsigned"}:
        with pytest.raises((AssertionError, xmlsec.Error)):
            platform.sender.require_genuine(reply.receipt)
    else:
        platform.sender.require_genuine(reply.receipt)
    expected: dict[str, Any] = {"missing": right[:1], "repeated": [right[0], right[0]]}
    if variant == "other-records":
        assert not set(ids(reply)) & set(right)
    else:
        assert ids(reply) == expected.get(variant, right)
    assert (reply.first("packageId") == package_id) is (variant != "other-package")
    asked = platform.sender.query(package_id=package_id)
    assert ids(asked) == right
    platform.sender.require_genuine(asked.receipt)


def test_hang_and_delay_end_when_told(platform: Running) -> None:
    platform.script(
        {"operation": "Ping", "action": "hang", "times": 1}, {"operation": SUBMIT, "action": "delay", "seconds": 60}
    )
    answers: list[Any] = []

    def ping() -> None:
        try:
            answers.append(platform.sender.call("Ping"))
        except BROKEN as error:
            answers.append(error)

    waiting = threading.Thread(target=ping)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()
    platform.server.stopping.set()
    waiting.join(10)
    assert isinstance(answers[0], BROKEN)
    assert platform.sender.submit([file_case(1)]).codes == ["0000"]  # the delay ends as the server is stopping


def test_query_can_be_made_to_say_anything(platform: Running) -> None:
    platform.script({"operation": "QueryReceipt", "action": "status", "status": "not-retained", "times": 1})
    assert platform.sender.query(package_id=str(uuid.uuid4())).first("status") == "not-retained"
    assert platform.sender.query(package_id=str(uuid.uuid4())).first("status") == "never-received"


def test_matches_are_deterministic_and_reread(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "faults.json"

    def strikes(rule: dict[str, Any], count: int) -> list[bool]:
        path.write_text(json.dumps({"faults": [rule]}), "utf-8")
        script = Script(tmp_path)
        return [script.strike("Ping", []) is not None for _ in range(count)]

    assert strikes({"match": {"every": 3}, "action": "html"}, 6) == [False, False, True] * 2
    assert strikes({"match": {"nth": [2, 3]}, "action": "html", "times": 1}, 4) == [False, True, False, False]
    seeded = {"match": {"probability": 0.5, "seed": 7}, "action": "html"}
    assert strikes(seeded, 50) == strikes(seeded, 50)
    assert 5 < sum(strikes(seeded, 50)) < 45
    assert not any(strikes({"operation": "GetKeys", "action": "html"}, 3))
    path.write_text('[{"action": "html"}]', "utf-8")
    script = Script(tmp_path)
    assert script.strike("Ping", []) is not None
    path.write_text('[{"action": "no-such-thing"}]', "utf-8")
    assert script.strike("Ping", []) is not None  # the old rules stay
    assert "faults.json" in capsys.readouterr().err
    path.unlink()
    assert script.strike("Ping", []) is None
