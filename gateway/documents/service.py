# SPDX-License-Identifier: Apache-2.0
"""The operations of PowerExchange as messages: what is asked, and the elements that answer (standard.md §4)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from lxml import etree

from gateway.documents.contract import DAY, INSTANT, PARTY, UUID, Children, leaf
from gateway.documents.package import instant
from gateway.documents.render import NAMESPACE, element, optional
from gateway.errors import BadGateway
from gateway.model.package import KeyRow, PackedRecord, ReceiptStatus, Statement

OPERATIONS = (
    "Ping", "GetVersion", "SubmitPackage", "QueryReceipt", "GetStatement", "GetKeys", "FetchNotices", "AckNotices",
)  # fmt: skip
"""The contract in the order of the WSDL."""

MOST_IN_A_PAGE = 1000


class ReceiptQuestion(NamedTuple):
    """QueryReceipt: exactly one of both."""

    package_id: str | None
    record_id: str | None


class KeysQuestion(NamedTuple):
    """GetKeys; ``after`` is where the last page ended."""

    day: str | None
    org: str | None
    after: int
    size: int


class NoticesQuestion(NamedTuple):
    """FetchNotices; ``since`` as the wire writes it."""

    since: str | None
    after: int
    size: int


def read_nothing(request: "etree._Element") -> None:
    """Make sure that a request holds nothing; raises BadGateway."""
    Children(request).end()


def read_submission(request: "etree._Element") -> "etree._Element":
    """Return the Package element; raises BadGateway."""
    parts = Children(request)
    package = parts.element("Package")
    parts.end()
    return package


def read_receipt_question(request: "etree._Element") -> ReceiptQuestion:
    """Read QueryReceipt; raises BadGateway."""
    parts = Children(request)
    package_id = parts.text_if("packageId", UUID)
    record_id = None if package_id else parts.text("recordId", UUID)
    parts.end()
    return ReceiptQuestion(package_id, record_id)


def read_statement_question(request: "etree._Element") -> tuple[str, str | None]:
    """Read GetStatement: day and organisation; raises BadGateway."""
    parts = Children(request)
    day, org = parts.text("day", DAY), parts.text_if("org", PARTY)
    parts.end()
    return day, org


def read_keys_question(request: "etree._Element") -> KeysQuestion:
    """Read GetKeys; raises BadGateway."""
    parts = Children(request)
    day, org = parts.text_if("day", DAY), parts.text_if("org", PARTY)
    after, size = _page(parts)
    return KeysQuestion(day, org, after, size)


def read_notices_question(request: "etree._Element") -> NoticesQuestion:
    """Read FetchNotices; raises BadGateway."""
    parts = Children(request)
    since = parts.text_if("since", INSTANT)
    after, size = _page(parts)
    return NoticesQuestion(since, after, size)


def read_acknowledgement(request: "etree._Element") -> tuple[str, ...]:
    """Read AckNotices: the recordIds; raises BadGateway."""
    if not len(request):
        raise BadGateway("AckNotices/recordId: 不符合接口规范 / not of the contract")
    parts = Children(request)
    found = tuple(leaf(parts.element("recordId"), UUID) for _ in range(len(request)))
    parts.end()
    return found


def _page(parts: Children) -> tuple[int, int]:
    cursor, size = parts.text_if("cursor") or "0", parts.text_if("size") or str(MOST_IN_A_PAGE)
    parts.end()
    for each in (cursor, size):
        if not (each.isascii() and each.isdigit() and len(each) <= 18):
            raise BadGateway("cursor / size: 不符合接口规范 / not of the contract")
    if int(size) < 1:
        raise BadGateway("size: 不符合接口规范 / not of the contract")
    return int(cursor), min(int(size), MOST_IN_A_PAGE)


def response(operation: str, content: bytes) -> bytes:
    """Return the response element of an operation."""
    name = f"{operation}Response".encode()
    return b'<%b xmlns="%b">%b</%b>' % (name, NAMESPACE.encode(), content, name)


def pong(now: datetime) -> bytes:
    """Return the content of a PingResponse."""
    return element("serverTime", instant(now)).encode()


def version(standard: Iterable[str], code_lists: Iterable[str], receiver: str, now: datetime) -> bytes:
    """Return the content of a GetVersionResponse."""
    parts = [element("standardVersion", each) for each in standard]
    parts += [element("codeListVersion", each) for each in code_lists]
    return "".join([*parts, element("receiver", receiver), element("serverTime", instant(now))]).encode()


def status(value: ReceiptStatus) -> bytes:
    """Return the content of a QueryReceiptResponse without a receipt."""
    return element("status", value.value).encode()


def statement(found: Statement) -> bytes:
    """Return the content of a GetStatementResponse."""
    lines = "".join(
        f"<line>{element('orgCode', line.org_code)}{element('type', line.type)}"
        f"{optional('itemCode', line.item_code or None)}{element('count', line.count)}"
        f"{element('distinctKeys', line.distinct_keys)}{element('digest', line.digest)}</line>"
        for line in found.lines
    )
    return (
        f"<DailyStatement>{element('day', found.day)}{element('throughReceiptNo', found.through_receipt_no)}"
        f"{element('incarnation', found.incarnation)}{lines}</DailyStatement>"
    ).encode()


def keys(through: int, rows: Iterable[KeyRow], cursor: str | None) -> bytes:
    """Return the content of a GetKeysResponse."""
    parts = [element("throughReceiptNo", through)]
    parts += [
        f"<row>{element('type', row.type)}{element('key', row.key)}{element('version', row.version)}"
        f"{element('operation', row.operation)}{element('contentDigest', row.content_digest)}"
        f"{element('receiptNo', row.receipt_no)}</row>"
        for row in rows
    ]
    return "".join([*parts, optional("nextCursor", cursor)]).encode()


def notices(records: Iterable[tuple[PackedRecord, bytes]], cursor: str | None) -> bytes:
    """Return the content of a FetchNoticesResponse: records with their documents."""
    parts = [
        b"<Record>%b%b</Record>"
        % (
            (
                f"{element('recordId', each.record_id)}{element('key', each.key)}{element('version', each.version)}"
                f"{element('contentDigest', each.content_digest.hex())}"
            ).encode(),
            document,
        )
        for each, document in records
    ]
    return b"".join([*parts, optional("nextCursor", cursor).encode()])


def acknowledged(count: int) -> bytes:
    """Return the content of an AckNoticesResponse."""
    return element("acknowledged", count).encode()
