# SPDX-License-Identifier: Apache-2.0
"""The department system itself. Every method without a leading underscore is a seam: a mutant overrides exactly those
that its one defect needs (docs/reference/conformance-seams.md)."""

import re
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from lxml import etree

from gateway_reference import wire
from gateway_reference.department import life
from gateway_reference.department.life import Lives, Row
from gateway_reference.pack import Pack
from gateway_reference.receipts import Answer
from gateway_reference.signing import Signer, verify
from gateway_reference.wire import NAMESPACE, Refusal, escape

DEPARTMENT: Final = "urn:jx:department-data:1.0"
PAGE_LIMIT: Final = 500
FIRST_DAY: Final = datetime(2026, 3, 2, 9, 0, tzinfo=wire.BEIJING)


class Department:
    """One department's system: its books, and what it answers. All times are +08:00."""

    def __init__(self, pack: Pack, seed: int, signer: Signer, bench: x509.Certificate, gateway: str) -> None:
        self.pack, self.seed, self.signer, self.bench, self.gateway = pack, seed, signer, bench, gateway
        self.lock = threading.RLock()
        self.stream = str(uuid.UUID(int=seed + 1, version=4))
        self.clients: dict[str, str] = {}
        self.reset()

    # the books ---------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Go back to the seed data."""
        with self.lock:
            self.lives = Lives(self.pack.root, self.pack.types, self.seed)
            self.rows: dict[str, Row] = {}
            self.pending: list[Row] = []
            self.receipts: dict[str, list[str]] = {}
            self.tasks: dict[str, dict[str, str]] = {}
            self.nonces: set[str] = set()
            self.sequence, self.order, self.scale = 0, 0, 1.0
            self.seed_data()

    def seed_data(self) -> None:
        """Fill the books: some cases of each category, an hour apart."""
        for number in range(3):
            for category in life.FLOWS:
                stamp = FIRST_DAY + timedelta(hours=5 * number + list(life.FLOWS).index(category))
                for at, row in enumerate(self.seed_case(category)):
                    self.write(row, stamp + timedelta(seconds=at))

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of one seed case."""
        return self.lives.case(category)

    def write(self, row: Row, stamp: datetime | None = None) -> Row:
        """Put a row into the books with its change stamp."""
        with self.lock:
            self.order += 1
            kept = row.copy(changed=text_of(stamp or self.stamp(row)), order=self.order)
            self.rows[row.key] = kept
            return kept

    def stamp(self, row: Row) -> datetime:
        """Return the change stamp of a row that is being written."""
        return self.now()

    def now(self) -> datetime:
        """Return the system's clock."""
        return datetime.now(wire.BEIJING)

    # reading -----------------------------------------------------------------------------------------------------

    def visible(self) -> list[Row]:
        """Return the rows that the interface shows, whatever is asked."""
        with self.lock:
            return list(self.rows.values())

    def position(self, row: Row) -> tuple[Any, ...]:
        """Return what the rows are sorted by."""
        return (row.changed, row.order)

    def after(self, row: Row, cursor: str) -> bool:
        """Tell whether a row comes after a cursor."""
        stamp, _, order = cursor.partition("|")
        return (row.changed, row.order) > (stamp, int(order or 0))

    def cursor(self, row: Row) -> str:
        """Return the cursor that stands behind a row."""
        return f"{row.changed}|{row.order}"

    def since(self, row: Row, since: str) -> bool:
        """Tell whether a row was changed at or after a time."""
        return row.changed >= since

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page of rows and whether there are more."""
        found = self.chosen(types, since)
        found.sort(key=self.position)
        if cursor:
            found = [row for row in found if self.after(row, cursor)]
        size = min(size, self.page_limit())
        return found[:size], len(found) > size

    def chosen(self, types: Sequence[str], since: str | None) -> list[Row]:
        """Return the rows of some types (none means all) that were changed at or after a time."""
        found = [row for row in self.visible() if not types or row.type in types]
        if since:
            found = [row for row in found if self.since(row, text_of(datetime.fromisoformat(since)))]
        return found

    def page_limit(self) -> int:
        """Return the largest page."""
        return PAGE_LIMIT

    def document(self, row: Row) -> str:
        """Return the payload of a row as it goes out: one element in canonical form."""
        return row.document

    def taken(self, rows: Sequence[Row]) -> None:
        """Hear which rows a page held; a right system does nothing."""

    def count_day(self, row: Row) -> str:
        """Return the day under which a row is counted."""
        return row.day

    def counts(self, day: str) -> list[tuple[str, str, int, int]]:
        """Return type, item, records and keys of a day."""
        counted: dict[tuple[str, str], int] = {}
        for row in self.visible():
            if self.count_day(row) == day:
                counted[row.type, row.item] = counted.get((row.type, row.item), 0) + 1
        return [(type_, item, number, number) for (type_, item), number in sorted(counted.items())]

    def keys(self, day: str) -> list[Row]:
        """Return the rows of a day for the key list."""
        return sorted((row for row in self.visible() if row.day == day), key=lambda row: row.key)

    # messages ----------------------------------------------------------------------------------------------------

    def package(self, rows: Sequence[Row]) -> str:
        """Return the signed package of some rows."""
        records, lines = [], []
        for row in rows:
            document = self.document(row)
            digest = self.digest(document)
            record_id = self.record_id(row, digest)
            lines.append(f"{record_id}|{row.key}|{row.version}|{digest}\n")
            records.append(
                f"<Record><recordId>{record_id}</recordId><key>{escape(row.key)}</key><version>{row.version}</version>"
                f"<contentDigest>{digest}</contentDigest>{document}</Record>"
            )
        head = self.head(len(rows), wire.digest("".join(lines).encode()))
        return f'<Package xmlns="{NAMESPACE}">{head}<Body>{"".join(records)}</Body>{self.signature(head)}</Package>'

    def digest(self, document: str) -> str:
        """Return the contentDigest of a document."""
        return digest_of(document)

    def record_id(self, row: Row, digest: str) -> str:
        """Return the recordId of a row."""
        return wire.record_id(row.type, row.key, row.version, digest)

    def head(self, count: int, body_digest: str) -> str:
        """Return the Head of a package in canonical form."""
        self.sequence += 1
        package = uuid.uuid5(uuid.UUID(self.stream), str(self.sequence))
        return (
            f'<Head xmlns="{NAMESPACE}" Id="h-{self.sequence}"><packageId>{package}</packageId>'
            f"<standardVersion>{self.standard_version()}</standardVersion><senderCode>{life.ORGANISATION}</senderCode>"
            f"<receiverCode>{self.gateway}</receiverCode><createdAt>{self.now().isoformat(timespec='milliseconds')}</createdAt>"
            f"<purpose>business</purpose><recordCount>{count}</recordCount><bodyDigest>{body_digest}</bodyDigest>"
            f"<codeListVersion>{self.pack.code_list_version}</codeListVersion><streamId>{self.stream}</streamId>"
            f"<packageSeq>{self.sequence}</packageSeq></Head>"
        )

    def signature(self, head: str) -> str:
        """Return the signature over a Head."""
        reference = re.search(r'Id="([^"]*)"', head)
        return self.signer.sign(head.encode(), reference.group(1) if reference else "").decode()

    def standard_version(self) -> str:
        """Return the version of the standard that is announced."""
        return self.pack.version

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return an answer as it goes out."""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
            f"<soap:Body>{content}</soap:Body></soap:Envelope>"
        )

    def encode(self, text: str) -> bytes:
        """Return the bytes of an answer."""
        return text.encode()

    def headers(self) -> dict[str, str]:
        """Return the headers of an answer."""
        return {"Content-Type": "text/xml; charset=utf-8"}

    def fault_text(self, refusal: Refusal) -> str:
        """Return the text of a fault."""
        return f"{refusal.code} {refusal.message}"

    def wsdl(self, url: str) -> bytes:
        """Return the WSDL with the service's own address in it."""
        source = (self.pack.root / "wsdl" / "DepartmentData.wsdl").read_text("utf-8")
        source = re.sub(r'(<(?:\w+:)?address\s[^>]*location=")[^"]*(")', rf"\g<1>{url}\g<2>", source)
        return re.sub(
            r'schemaLocation="(?:[^"]*/)?([\w.\-]+\.xsd)"', rf'schemaLocation="{url}?xsd=\g<1>"', source
        ).encode()

    # access ------------------------------------------------------------------------------------------------------

    def oldest_tls(self) -> str:
        """Return the oldest TLS version that is accepted."""
        return "TLSv1_2"

    def authenticate(self, certificate: bytes | None, operation: str) -> None:
        """Refuse a caller that is not registered, or whose certificate is not in its dates; raises Refusal."""
        if certificate is None:
            raise Refusal("3001", "未认证 / not authenticated")
        parsed = x509.load_der_x509_certificate(certificate)
        if wire.digest(certificate) not in self.clients or self.expired(parsed):
            raise Refusal("3001", "未认证 / not authenticated")

    def fresh(self, nonce: str) -> None:
        """Refuse a nonce that was used before; raises Refusal."""
        with self.lock:
            if nonce in self.nonces:
                raise Refusal("3002", "重放的请求 / a replayed request")
            self.nonces.add(nonce)

    def server_certificate(self) -> str:
        """Return the name of the server's certificate."""
        return "server"

    def expired(self, certificate: x509.Certificate) -> bool:
        """Tell whether a certificate is outside its dates."""
        now = self.now()
        return not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc

    def read(self, body: bytes) -> etree._Element:
        """Parse a request; raises Refusal."""
        return wire.parse(body)

    def begin(self, operation: str) -> None:
        """Hear that a request begins."""

    def end(self, operation: str) -> None:
        """Hear that a request was answered whole."""

    def cut(self, operation: str) -> None:
        """Hear that a caller went away in the middle of an answer."""

    # operations --------------------------------------------------------------------------------------------------

    def perform(self, operation: str, element: etree._Element) -> str:
        """Carry out an operation and return its response element; raises Refusal."""
        known = {
            "Ping": self.ping, "GetVersion": self.version, "GetRecords": self.records, "GetKeys": self.key_rows,
            "GetCounts": self.count_rows, "PutReceipt": self.put_receipt, "PutNotice": self.put_notice,
        }  # fmt: skip
        if operation not in known:
            raise Refusal("1002", "未知的操作 / unknown operation")
        content = known[operation](element)
        return f'<{operation}Response xmlns="{DEPARTMENT}">{content}</{operation}Response>'

    def ping(self, _element: etree._Element) -> str:
        """Answer Ping."""
        return f"<serverTime>{self.now().isoformat(timespec='milliseconds')}</serverTime>"

    def version(self, _element: etree._Element) -> str:
        """Answer GetVersion."""
        return (
            f"<standardVersion>{self.standard_version()}</standardVersion>"
            f"<codeListVersion>{self.pack.code_list_version}</codeListVersion><orgCode>{life.ORGANISATION}</orgCode>"
            f"<system>{life.NAME}参考系统</system><serverTime>{self.now().isoformat(timespec='milliseconds')}</serverTime>"
        )

    def records(self, element: etree._Element) -> str:
        """Answer GetRecords."""
        types = [each.text or "" for each in element.iterfind(f"{{{DEPARTMENT}}}types")]
        since, cursor, size = (_leaf(element, name) for name in ("since", "cursor", "size"))
        self.check(types, since, cursor, size)
        rows, more = self.select(types, since, cursor, int(size or self.page_limit()))
        content = self.package(rows) if rows else self.empty()
        self.taken(rows)
        next_cursor = f"<nextCursor>{escape(self.cursor(rows[-1]))}</nextCursor>" if rows else ""
        return f"{content}{next_cursor}<more>{'true' if more else 'false'}</more>"

    def empty(self) -> str:
        """Return what stands for the package of an empty window."""
        return ""

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Refuse parameters that are not of the contract; raises Refusal."""
        if any(not re.fullmatch(r"[A-Z]{2}_[A-Z]{2}", each) for each in types):
            raise Refusal("1002", "types 不符合接口规范 / types are not of the contract")
        if size is not None and not re.fullmatch(r"[1-9]\d{0,8}", size):
            raise Refusal("1002", "size 不符合接口规范 / size is not of the contract")
        if cursor is not None and not re.fullmatch(r"[0-9T:.+\-]{1,40}\|\d{1,12}", cursor):
            raise Refusal("1002", "cursor 不是本系统给出的 / this cursor was not given by this system")
        if since is not None:
            _instant(since)

    def key_rows(self, element: etree._Element) -> str:
        """Answer GetKeys: all rows of the day in one answer."""
        rows = []
        for row in self.keys(self._day(element)):
            digest = self.digest(self.document(row))
            rows.append(
                f"<row><type>{row.type}</type><key>{escape(row.key)}</key><version>{row.version}</version>"
                f"<operation>{row.operation}</operation><contentDigest>{digest}</contentDigest></row>"
            )
        return "".join(rows)

    def count_rows(self, element: etree._Element) -> str:
        """Answer GetCounts."""
        rows = []
        for type_, item, count, distinct in self.counts(self._day(element)):
            coded = f"<itemCode>{item}</itemCode>" if item else ""
            rows.append(
                f"<row><type>{type_}</type>{coded}<count>{count}</count><distinctKeys>{distinct}</distinctKeys></row>"
            )
        return "".join(rows)

    def _day(self, element: etree._Element) -> str:
        day = _leaf(element, "day") or ""
        try:
            return date.fromisoformat(day if len(day) == 10 else "").isoformat()
        except ValueError as error:
            raise Refusal("1002", "day 不符合接口规范 / day is not of the contract") from error

    def put_receipt(self, element: etree._Element) -> str:
        """Answer PutReceipt: verify, then tie every answer to its record."""
        receipt = element.find(wire.name("Receipt"))
        if receipt is None:
            raise Refusal("1002", "须有 Receipt / a Receipt is needed")
        head, results = receipt[0], receipt[1]
        self.check_receipt(head, results, receipt[2] if len(receipt) > 2 else None)
        self.keep_receipt(wire.text(head, "packageId"), [self._answer(each) for each in results])
        return "<accepted>true</accepted>"

    def check_receipt(self, head: etree._Element, results: etree._Element, signature: etree._Element | None) -> None:
        """Refuse a receipt whose signature or digest does not hold; raises Refusal."""
        if signature is None:
            raise Refusal("1005", "回执没有签名 / the receipt is not signed")
        verify(head, signature, self.bench)
        if wire.digest(wire.canonical(results)) != wire.text(head, "resultDigest"):
            raise Refusal("1005", "回执摘要不符 / the digest of the results differs")

    def _answer(self, result: etree._Element) -> Answer:
        return Answer(wire.text(result, "recordId"), wire.text(result, "code"), wire.text(result, "message"))

    def keep_receipt(self, package_id: str, answers: Sequence[Answer]) -> None:
        """Store the answers of a receipt by their record."""
        with self.lock:
            for answer in answers:
                self.receipts.setdefault(answer.record_id, []).append(answer.code)

    def put_notice(self, element: etree._Element) -> str:
        """Answer PutNotice: one task a notice, tied to its case."""
        notice = next(iter(element), None)
        kind = "" if notice is None else etree.QName(notice).localname
        if notice is None or kind not in {"alert", "instruction"}:
            raise Refusal("1002", "须有预警或督办 / an alert or an instruction is needed")
        number = wire.text(notice, "alertNo" if kind == "alert" else "instructionNo")
        case = wire.text(notice, "caseNo")
        if case and all(row.case != case for row in self.visible()):
            raise Refusal("2002", "未知的办件 / unknown case")
        self.keep_notice(number, case, wire.text(notice, "itemCode"))
        return "<accepted>true</accepted>"

    def keep_notice(self, number: str, case: str, item: str) -> None:
        """Make the task of a notice; a repeated notice makes none."""
        with self.lock:
            self.tasks.setdefault(number, {"case": case, "item": item})

    def wait(self, seconds: float) -> None:
        """Let seconds of the standard pass on the clock that suite and system share."""
        time.sleep(seconds / self.scale)


def _leaf(element: etree._Element, name: str) -> str | None:
    found = element.find(f"{{{DEPARTMENT}}}{name}")
    return None if found is None else (found.text or "").strip()


def _instant(text: str) -> datetime:
    """Read an instant of the contract; raises Refusal."""
    moment: datetime | None = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
    if moment is None or moment.utcoffset() != timedelta(hours=8):
        raise Refusal("1002", "时间不符合接口规范 / an instant is not of the contract")
    return moment


def text_of(moment: datetime) -> str:
    """Return a moment so that texts sort as the moments do."""
    return moment.astimezone(wire.BEIJING).isoformat(timespec="microseconds")


_CANONICAL: dict[str, str] = {}


def digest_of(document: str) -> str:
    """Return the contentDigest of a document; what cannot be parsed is digested as it stands."""
    held = _CANONICAL.get(document)
    if held is None:
        try:
            held = wire.digest(wire.canonical(wire.parse(document.encode())))
        except Refusal:
            held = wire.digest(document.encode())
        if len(_CANONICAL) > 50_000:
            _CANONICAL.clear()
        _CANONICAL[document] = held
    return held
