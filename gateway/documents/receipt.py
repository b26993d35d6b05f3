# SPDX-License-Identifier: Apache-2.0
"""Receipts (回执) as bytes: read strictly, rendered in canonical form (standard.md §4)."""

import hashlib
import re

from lxml import etree

from gateway.documents.contract import CODE, COUNT, INSTANT, PARTY, SHA256, UUID, Children, moment
from gateway.documents.package import SIGNATURE, Sign
from gateway.documents.render import NAMESPACE, element, optional
from gateway.errors import BadGateway
from gateway.model.package import Held, Receipt, ReceiptStatus, RecordResult

_RESULT = rf"<Result><recordId>({UUID.pattern})</recordId><code>({CODE.pattern})</code></Result>"
_PLAIN_RESULT = re.compile(_RESULT.encode())
# An unprefixed Results has the standard's namespace as its default, so its unprefixed children have it too.
_PLAIN_RESULTS = re.compile(rf'<Results(?: xmlns(?::\w+)?="[^"]*")*>(?:{_RESULT})*</Results>'.encode())


def read_receipt(receipt: "etree._Element") -> Receipt:
    """Read a ``Receipt`` element.

    Raises BadGateway where it is not exactly of the contract or its count is not that of its results. Whether it can
    be believed, only ``gateway.trust.signing.Verifier`` can tell.
    """
    if receipt.tag != f"{{{NAMESPACE}}}Receipt":
        raise BadGateway("不是 Receipt / not a Receipt")
    parts = Children(receipt)
    head, results = Children(parts.element("Head"), frozenset({"Id"})), parts.element("Results")
    parts.foreign(SIGNATURE)
    parts.end()
    package_id, receiver = head.text("packageId", UUID), head.text("receiver", PARTY)
    received_at = head.text("receivedAt", INSTANT)
    moment(received_at)  # a thirteenth month is no time, though it has the form of one
    receipt_no, incarnation = head.number("receiptNo"), head.number("incarnation")
    code, message = head.text("code", CODE), head.text_if("message") or ""
    retry_after = head.text_if("retryAfter", COUNT)
    count = head.number("recordCount")
    head.text("resultDigest", SHA256)
    head.end()
    if count != len(results):
        raise BadGateway("recordCount 与 Results 不符 / does not fit Results")
    read = _read_results(results)
    wait = None if retry_after is None else int(retry_after)
    return Receipt(package_id, receiver, received_at, receipt_no, incarnation, code, message, read, wait)


def read_query_answer(response: "etree._Element") -> "etree._Element | ReceiptStatus":
    """Return the Receipt element in a ``QueryReceiptResponse``, or the status in its place; raises BadGateway."""
    parts = Children(response)
    receipt = parts.element_if("Receipt")
    if receipt is not None:
        parts.end()
        return receipt
    status = parts.text("status")
    parts.end()
    if status == ReceiptStatus.FOUND or status not in set(ReceiptStatus):
        raise BadGateway("status: 不符合接口规范 / not of the contract")
    return ReceiptStatus(status)


def read_submit_answer(response: "etree._Element") -> "etree._Element":
    """Return the Receipt element in a ``SubmitPackageResponse``; raises BadGateway."""
    parts = Children(response)
    receipt = parts.element("Receipt")
    parts.end()
    return receipt


def render_receipt(receipt: Receipt, sign: Sign, retry_after: int | None = None) -> bytes:
    """Return a signed ``Receipt`` without an XML declaration, ready to stand in an envelope."""
    body = "".join(map(_result, receipt.results))
    results = f'<Results xmlns="{NAMESPACE}">{body}</Results>'.encode()
    head = (
        f'<Head xmlns="{NAMESPACE}" Id="r-{receipt.receiver}-{receipt.incarnation}-{receipt.receipt_no}">'
        f"{element('packageId', receipt.package_id)}{element('receiver', receipt.receiver)}"
        f"{element('receivedAt', receipt.received_at)}{element('receiptNo', receipt.receipt_no)}"
        f"{element('incarnation', receipt.incarnation)}{element('code', receipt.code)}"
        f"{optional('message', receipt.message or None)}{optional('retryAfter', retry_after)}"
        f"{element('recordCount', len(receipt.results))}{element('resultDigest', hashlib.sha256(results).hexdigest())}"
        "</Head>"
    ).encode()
    return b'<Receipt xmlns="%b">%b%b%b</Receipt>' % (NAMESPACE.encode(), head, results, sign(head))


def _read_results(results: "etree._Element") -> tuple[RecordResult, ...]:
    """Read all results: where none says more than its code, as in nearly every receipt, in one go over their bytes.

    Child by child, a receipt of 500 records costs as much as its package does.
    """
    data = etree.tostring(results, with_tail=False)
    if _PLAIN_RESULTS.fullmatch(data):
        return tuple([RecordResult(each.decode(), code.decode()) for each, code in _PLAIN_RESULT.findall(data)])
    rest = Children(results)
    return tuple(_read_result(rest.element("Result")) for _ in range(len(results)))


def _read_result(result: "etree._Element") -> RecordResult:
    parts = Children(result)
    record_id, code = parts.text("recordId", UUID), parts.text("code", CODE)
    message, path, held = parts.text_if("message") or "", parts.text_if("path"), parts.element_if("held")
    parts.end()
    return RecordResult(record_id, code, message, path, None if held is None else _read_held(held))


def _read_held(held: "etree._Element") -> Held:
    parts = Children(held)
    version, digest = parts.number("version"), parts.text("contentDigest", SHA256)
    at, number = parts.text_if("originalReceivedAt", INSTANT), parts.text_if("receiptNo", COUNT)
    parts.end()
    return Held(version, digest, at, None if number is None else int(number))


def _result(result: RecordResult) -> str:
    held = result.held
    proof = (
        ""
        if held is None
        else f"<held>{element('version', held.version)}{element('contentDigest', held.content_digest)}"
        f"{optional('originalReceivedAt', held.original_received_at)}{optional('receiptNo', held.receipt_no)}</held>"
    )
    return (
        f"<Result>{element('recordId', result.record_id)}{element('code', result.code)}"
        f"{optional('message', result.message or None)}{optional('path', result.path)}{proof}</Result>"
    )
