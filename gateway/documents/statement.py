# SPDX-License-Identifier: Apache-2.0
"""What reconciliation reads: server time, DailyStatement (对账单) and pages of GetKeys (standard.md §4)."""

from datetime import datetime
from typing import NamedTuple

from lxml import etree

from gateway.documents.contract import DAY, INSTANT, PARTY, SHA256, Children, moment
from gateway.documents.render import element, optional
from gateway.model.package import KeyRow, Statement, StatementLine


class KeyPage(NamedTuple):
    """One page of GetKeys; ``cursor`` asks for the next one and is None on the last."""

    through_receipt_no: int
    rows: tuple[KeyRow, ...]
    cursor: str | None


def read_ping(response: "etree._Element") -> datetime:
    """Return the server's clock from a ``PingResponse``; raises BadGateway."""
    parts = Children(response)
    time = moment(parts.text("serverTime", INSTANT))
    parts.end()
    return time


def read_statement(response: "etree._Element") -> Statement:
    """Read the ``DailyStatement`` in a ``GetStatementResponse``; raises BadGateway."""
    outer = Children(response)
    parts = Children(outer.element("DailyStatement"))
    outer.end()
    day, through, incarnation = parts.text("day", DAY), parts.number("throughReceiptNo"), parts.number("incarnation")
    lines: list[StatementLine] = []
    while (line := parts.element_if("line")) is not None:
        lines.append(_read_line(line))
    parts.end()
    return Statement(day, through, incarnation, tuple(lines))


def read_keys(response: "etree._Element") -> KeyPage:
    """Read one page from a ``GetKeysResponse``; raises BadGateway."""
    parts = Children(response)
    through = parts.number("throughReceiptNo")
    rows: list[KeyRow] = []
    while (row := parts.element_if("row")) is not None:
        rows.append(_read_row(row))
    cursor = parts.text_if("nextCursor")
    parts.end()
    return KeyPage(through, tuple(rows), cursor or None)


def ask_statement(day: str, org: str | None = None) -> bytes:
    """Return the content of a ``GetStatement`` request."""
    return f"{element('day', day)}{optional('org', org)}".encode()


def ask_keys(day: str, cursor: str | None = None, size: int | None = None, org: str | None = None) -> bytes:
    """Return the content of a ``GetKeys`` request."""
    wanted = f"{element('day', day)}{optional('org', org)}{optional('cursor', cursor)}{optional('size', size)}"
    return wanted.encode()


def ask_receipt(package_id: str) -> bytes:
    """Return the content of a ``QueryReceipt`` request for a package."""
    return element("packageId", package_id).encode()


def _read_line(line: "etree._Element") -> StatementLine:
    parts = Children(line)
    read = StatementLine(
        org_code=parts.text("orgCode", PARTY),
        type=parts.text("type"),
        item_code=parts.text_if("itemCode") or "",
        count=parts.number("count"),
        distinct_keys=parts.number("distinctKeys"),
        digest=parts.text("digest", SHA256),
    )
    parts.end()
    return read


def _read_row(row: "etree._Element") -> KeyRow:
    parts = Children(row)
    read = KeyRow(
        type=parts.text("type"),
        key=parts.text("key"),
        version=parts.number("version"),
        operation=parts.text("operation"),
        content_digest=parts.text("contentDigest", SHA256),
        receipt_no=parts.number("receiptNo"),
    )
    parts.end()
    return read
