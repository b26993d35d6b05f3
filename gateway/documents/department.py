# SPDX-License-Identifier: Apache-2.0
"""The operations of DepartmentData as messages: what a department system is asked, and what it answers (standard.md §4)."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from lxml import etree

from gateway.documents.contract import COUNT, INSTANT, SHA256, TEXT, Children, moment
from gateway.documents.render import NAMESPACE, element, optional
from gateway.errors import BadGateway, SourceError

DEPARTMENT: Final = "urn:jx:department-data:1.0"
NOTICES: Final = frozenset({"alert", "instruction"})
"""Elements that PutNotice takes."""

_TRUE: Final = {"true": True, "1": True, "false": False, "0": False}
_TAIL: Final = 4096
_CURSOR = re.compile(rb"<(?:[\w.-]+:)?nextCursor>([^<&]{1,2000})</")
_MORE = re.compile(rb"<(?:[\w.-]+:)?more>\s*(true|1|false|0)\s*</")


class Standing(NamedTuple):
    """What GetVersion tells of a department system."""

    standard_versions: tuple[str, ...]
    code_list_versions: tuple[str, ...]
    organisations: tuple[str, ...]
    system: str
    server_time: datetime


class RecordsPage(NamedTuple):
    """One answer of GetRecords: its package (None where the window is empty), where to go on, and whether there is more."""

    package: "etree._Element | None"
    cursor: str | None
    more: bool


class UnreadablePage(SourceError):
    """One page can't be read, though the service answers; ``beyond`` is where the next page starts, if that is known."""

    def __init__(self, fault: SourceError, beyond: RecordsPage | None) -> None:
        super().__init__(fault.detail, fault.hint)
        self.beyond = beyond


class DepartmentKey(NamedTuple):
    """A key that a department says it holds; ``digest`` is the contentDigest, hex."""

    type: str
    key: str
    version: int
    operation: str
    digest: str


class DepartmentCount(NamedTuple):
    """How many records and keys of a type and item a department says it holds of a day."""

    type: str
    item_code: str
    records: int
    distinct: int


def ask_records(types: Iterable[str], since: str | None, cursor: str | None, size: int) -> bytes:
    """Return the content of GetRecords; ``since`` is an Instant and included, ``size`` the records wanted at most."""
    parts = [element("types", each) for each in types]
    return "".join([*parts, optional("since", since), optional("cursor", cursor), element("size", size)]).encode()


def ask_day(day: str, cursor: str | None = None, size: int | None = None) -> bytes:
    """Return the content of GetKeys or GetCounts."""
    return "".join([element("day", day), optional("cursor", cursor), optional("size", size)]).encode()


def read_version(response: "etree._Element") -> Standing:
    """Read a GetVersionResponse; raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    versions, lists, organisations = (
        tuple(_several(parts, name)) for name in ("standardVersion", "codeListVersion", "orgCode")
    )
    system = parts.text_if("system") or ""
    time = moment(parts.text("serverTime", INSTANT))
    parts.end()
    return Standing(versions, lists, organisations, system, time)


def read_ping(response: "etree._Element") -> datetime:
    """Read a PingResponse: the department's clock; raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    time = moment(parts.text("serverTime", INSTANT))
    parts.end()
    return time


def read_records(response: "etree._Element") -> RecordsPage:
    """Read a GetRecordsResponse; says nothing yet about the package in it. Raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    package = parts.foreign_if(f"{{{NAMESPACE}}}Package")
    cursor = parts.text_if("nextCursor") or None
    more = _truth(parts.text("more"))
    parts.end()
    if more and cursor is None:
        raise BadGateway("GetRecordsResponse/nextCursor: more=true 时必须给出 / is needed where more is true")
    return RecordsPage(package, cursor, more)


def where_next(answer: bytes) -> RecordsPage | None:
    """Return where to go on after an answer of GetRecords that can't be read whole, if its end still says so."""
    tail = answer[-_TAIL:]
    cursor, more = _CURSOR.search(tail), _MORE.search(tail)
    if cursor is None or more is None:
        return None
    try:
        return RecordsPage(None, cursor[1].decode(), _TRUE[more[1].decode()])
    except UnicodeDecodeError:
        return None


def read_keys(response: "etree._Element") -> tuple[list[DepartmentKey], str | None]:
    """Read a GetKeysResponse: its rows and the cursor of the next page; raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    rows = []
    while (row := parts.element_if("row")) is not None:
        cells = Children(row, namespace=DEPARTMENT)
        rows.append(
            DepartmentKey(
                cells.text("type"), cells.text("key"), cells.number("version"), cells.text("operation"),
                cells.text("contentDigest", SHA256),
            )
        )  # fmt: skip
        cells.end()
    cursor = parts.text_if("nextCursor") or None
    parts.end()
    return rows, cursor


def read_counts(response: "etree._Element") -> list[DepartmentCount]:
    """Read a GetCountsResponse; raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    rows = []
    while (row := parts.element_if("row")) is not None:
        cells = Children(row, namespace=DEPARTMENT)
        rows.append(
            DepartmentCount(
                cells.text("type"), cells.text_if("itemCode") or "", int(cells.text("count", COUNT)),
                int(cells.text("distinctKeys", COUNT)),
            )
        )  # fmt: skip
        cells.end()
    parts.end()
    return rows


def read_accepted(response: "etree._Element") -> bool:
    """Read the answer to PutReceipt or PutNotice; raises BadGateway."""
    parts = Children(response, namespace=DEPARTMENT)
    accepted = _truth(parts.text("accepted"))
    parts.end()
    return accepted


def _several(parts: Children, name: str) -> Iterable[str]:
    yield parts.text(name, TEXT)
    while (more := parts.text_if(name, TEXT)) is not None:
        yield more


def _truth(text: str) -> bool:
    try:
        return _TRUE[text.strip()]
    except KeyError:
        raise BadGateway("true / false: 不符合接口规范 / not of the contract") from None
