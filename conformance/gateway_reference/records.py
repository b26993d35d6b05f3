# SPDX-License-Identifier: Apache-2.0
"""What one record of a package says of itself, and the checks that need no storage."""

from dataclasses import dataclass

from lxml import etree

from gateway_reference import wire
from gateway_reference.pack import Pack
from gateway_reference.parties import Peer
from gateway_reference.wire import Refusal, name

_ID, _KEY, _VERSION, _DIGEST = name("recordId"), name("key"), name("version"), name("contentDigest")
_HEAD = {
    name(local): local
    for local in (
        "caseNo",
        "itemCode",
        "orgCode",
        "sequence",
        "version",
        "operation",
        "occurredAt",
        "targetType",
        "targetKey",
    )
}


@dataclass(slots=True)
class Arrived:
    """One record as it arrived; ``refusal`` is set when it cannot be stored whatever is held already."""

    record_id: str
    key: str
    version: int
    digest: str
    type: str = ""
    case: str = ""
    item: str = ""
    org: str = ""
    operation: str = ""
    day: str = ""
    withdraws: bool = False
    refusal: Refusal | None = None


def arrived(record: etree._Element, pack: Pack, sender: Peer, *, schema_checked: bool) -> Arrived:
    """Read one ``Record`` and check digest, identity, schema, key and organisation (1002, 1005, 2007).

    ``schema_checked`` tells that the whole message was found valid, payloads included.
    """
    own_id, key, version, digest, payload = record
    result = Arrived(own_id.text or "", key.text or "", wire.number(version.text), digest.text or "")
    result.case = lane(result.key)
    try:
        _judge(result, payload, pack, sender, schema_checked=schema_checked)
    except Refusal as refusal:
        result.refusal = refusal
    return result


def lane(key: str) -> str:
    """Return what a record keeps its order in: case number or own code, the second part of its key."""
    return key.split(":")[1] if ":" in key else key


def _judge(result: Arrived, payload: etree._Element, pack: Pack, sender: Peer, *, schema_checked: bool) -> None:
    if wire.digest(wire.canonical(payload)) != result.digest:
        raise Refusal("1005", "内容摘要不符 / contentDigest does not fit the payload", path="contentDigest")
    result.type = pack.types.get(str(payload.tag), "")
    if not result.type:
        raise Refusal("1002", "未知的记录类型 / unknown record type", path=etree.QName(payload).localname)
    if wire.record_id(result.type, result.key, result.version, result.digest) != result.record_id:
        raise Refusal("1005", "recordId 不符 / recordId does not fit type, key, version and digest", path="recordId")
    if not schema_checked:
        fault = pack.fault(payload)
        if fault is not None:
            raise Refusal("1002", f"不符合模式 / against the schema: {fault.message}", path=fault.path)
    _read_head(result, payload)
    if not sender.may_send_for(result.org):
        raise Refusal("2007", "不是该发送方的机构 / not this sender's organisation", path="orgCode")


def _read_head(result: Arrived, payload: etree._Element) -> None:
    head = {_HEAD[child.tag]: (child.text or "").strip() for child in payload if child.tag in _HEAD}
    result.item, result.org = head.get("itemCode", ""), head.get("orgCode", "")
    result.operation, result.day = head.get("operation", ""), head.get("occurredAt", "")[:10]
    result.withdraws = "targetKey" in head
    if result.withdraws:
        expected = head["targetKey"]
        if not expected.startswith(head.get("targetType", "") + ":"):
            raise Refusal("1002", "目标类型与主键不符 / targetType does not fit targetKey", path="targetType")
    elif "caseNo" in head:
        expected = f"{result.type}:{head['caseNo']}:{head.get('sequence', '')}"
    else:
        expected = f"{result.type}:{(payload[0].text or '').strip()}"
    if expected != result.key:
        raise Refusal("1002", "主键与内容不符 / key does not fit the payload", path="key")
    if wire.number(head.get("version")) != result.version:
        raise Refusal("1002", "版本与内容不符 / version does not fit the payload", path="version")
