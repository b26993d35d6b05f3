# SPDX-License-Identifier: Apache-2.0
"""The operations of PowerExchange over what a system holds (standard.md §4); each answers with its response element."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from gateway_reference import wire
from gateway_reference.pack import Pack
from gateway_reference.parties import Peer, System
from gateway_reference.receiving import Forced, Kind, Receiver
from gateway_reference.store import Store
from gateway_reference.wire import NAMESPACE, STATEMENT_MODULUS, Refusal, escape, name, text

PAGE_LIMIT = 1000


class Service:
    """One system's operations; every method may be called from many threads."""

    def __init__(self, system: System, pack: Pack, storage: Store, receiver: Receiver, kind: Kind) -> None:
        self._system = system
        self._pack = pack
        self._store = storage
        self._receiver = receiver
        self._kind = kind
        self._operations: dict[str, Callable[[etree._Element, Peer], bytes]] = {
            "Ping": self._ping,
            "GetVersion": self._version,
            "QueryReceipt": self._query,
            "GetStatement": self._statement,
            "GetKeys": self._keys,
            "FetchNotices": self._fetch,
            "AckNotices": self._acknowledge,
        }

    def perform(self, operation: str, element: etree._Element, caller: Peer, forced: Forced | None = None) -> bytes:
        """Carry out an operation; raises Refusal."""
        if operation == "SubmitPackage":
            if len(element) != 1 or element[0].tag != name("Package"):
                raise Refusal("1002", "须有且只有一个 Package / exactly one Package")
            return response(operation, self._receiver.take(element[0], caller, forced).receipt)
        known = self._operations.get(operation)
        if known is None:
            raise Refusal("1002", "未知的操作 / unknown operation")
        self._pack.require_message(element)
        return response(operation, known(element, caller))

    def _ping(self, _element: etree._Element, _caller: Peer) -> bytes:
        return _leaf("serverTime", wire.now())

    def _version(self, _element: etree._Element, _caller: Peer) -> bytes:
        return b"".join(
            [
                _leaf("standardVersion", self._pack.version),
                _leaf("codeListVersion", self._pack.code_list_version),
                _leaf("receiver", self._system.code),
                _leaf("serverTime", wire.now()),
            ]
        )

    def _query(self, element: etree._Element, caller: Peer) -> bytes:
        if self._kind is Kind.NAIVE:
            return _leaf("status", "unsupported")
        package_id = text(element, "packageId")
        if package_id and self._receiver.in_progress(package_id):
            return _leaf("status", "in-progress")
        known = (
            self._store.known(package_id, caller.code)
            if package_id
            else self._store.receipt_of_record(text(element, "recordId"), caller.code)
        )
        if known is None:
            return _leaf("status", "never-received")
        return known.receipt if known.receipt is not None else _leaf("status", "not-retained")

    def _statement(self, element: etree._Element, caller: Peer) -> bytes:
        day = text(element, "day")
        through, rows = self._store.heads(caller.code, day=day, org=text(element, "org") or None)
        lines: dict[tuple[str, str, str], tuple[int, set[str], int]] = {}
        for _received, type_, key, version, _operation, digest, _receipt_no, org, item in rows:
            count, keys, total = lines.get((org, type_, item), (0, set(), 0))
            keys.add(key)
            lines[org, type_, item] = (count + 1, keys, total + wire.statement_term(key, version, digest))
        parts = [_leaf("day", day), _leaf("throughReceiptNo", through), _leaf("incarnation", self._store.incarnation)]
        for (org, type_, item), (count, keys, total) in sorted(lines.items()):
            parts += [
                b"<line>",
                _leaf("orgCode", org),
                _leaf("type", type_),
                _leaf("itemCode", item) if item else b"",
                _leaf("count", count),
                _leaf("distinctKeys", len(keys)),
                _leaf("digest", f"{total % STATEMENT_MODULUS:064x}"),
                b"</line>",
            ]
        return b"<DailyStatement>%b</DailyStatement>" % b"".join(parts)

    def _keys(self, element: etree._Element, caller: Peer) -> bytes:
        if self._kind is Kind.NAIVE:
            raise Refusal("3002", "本系统不提供主键清单 / this system gives no keys")
        size = _size(element)
        through, rows = self._store.heads(
            caller.code,
            day=text(element, "day") or None,
            org=text(element, "org") or None,
            after=_cursor(element),
            limit=size + 1,
        )
        parts = [_leaf("throughReceiptNo", through)]
        for _received, type_, key, version, operation, digest, receipt_no, _org, _item in rows[:size]:
            parts += [
                b"<row>",
                _leaf("type", type_),
                _leaf("key", key),
                _leaf("version", version),
                _leaf("operation", operation),
                _leaf("contentDigest", digest),
                _leaf("receiptNo", receipt_no),
                b"</row>",
            ]
        if len(rows) > size:
            parts.append(_leaf("nextCursor", rows[size - 1][0]))
        return b"".join(parts)

    def _fetch(self, element: etree._Element, caller: Peer) -> bytes:
        size = _size(element)
        rows = self._store.notices(caller.code, _cursor(element), text(element, "since"), size + 1)
        parts = [
            b"<Record>%b%b%b%b%b</Record>"
            % (
                _leaf("recordId", record_id),
                _leaf("key", key),
                _leaf("version", version),
                _leaf("contentDigest", digest),
                payload,
            )
            for _number, record_id, key, version, digest, payload in rows[:size]
        ]
        if len(rows) > size:
            parts.append(_leaf("nextCursor", rows[size - 1][0]))
        return b"".join(parts)

    def _acknowledge(self, element: etree._Element, caller: Peer) -> bytes:
        ids = [(child.text or "").strip() for child in element]
        return _leaf("acknowledged", self._store.acknowledge(caller.code, ids, wire.now()))


def response(operation: str, content: bytes) -> bytes:
    """Return the response element of an operation."""
    tag = f"{operation}Response".encode()
    return b'<%b xmlns="%b">%b</%b>' % (tag, NAMESPACE.encode(), content, tag)


def status(value: str) -> bytes:
    """Return a QueryReceiptResponse that holds a status."""
    return response("QueryReceipt", _leaf("status", value))


def _leaf(tag: str, value: Any) -> bytes:
    return f"<{tag}>{escape(str(value))}</{tag}>".encode()


def _size(element: etree._Element) -> int:
    return min(wire.number(text(element, "size") or str(PAGE_LIMIT)), PAGE_LIMIT)


def _cursor(element: etree._Element) -> int:
    cursor = text(element, "cursor") or "0"
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Refusal("1002", "游标无效 / the cursor is not one of ours", path="cursor")
    return int(cursor)
