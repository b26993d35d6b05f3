# SPDX-License-Identifier: Apache-2.0
"""Profile S: a client of the DepartmentData service that keeps raw bytes, and can speak wrongly where a case wants it."""

import contextlib
import hashlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from gateway.documents import safexml
from gateway.documents.contract_form import MOST_FILES, references, service_interface, target_of
from gateway.documents.safexml import Element
from gateway.semantics.interface import Interface
from gateway_conformance.capture import Capture, CapturedRecord, Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import Evidence
from gateway_conformance.subjects.subject import Counted, Unanswered
from gateway_conformance.subjects.tail import Tail
from gateway_conformance.subjects.wire import EXCHANGE, NS, Reply, counted, envelope, escape, told
from gateway_conformance.sut import Credential, Description
from gateway_conformance.verdict import OverBudget

SECONDS: Final = 30.0
PAGE: Final = 500
MOST_MESSAGES: Final = 20
REQUESTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of GetRecords."""

    records: list[CapturedRecord]
    cursor: str | None
    more: bool
    reply: Reply


class SoapSubject:
    """The service as sut.toml describes it."""

    def __init__(self, description: Description, clock: ScaledClock, judge: Judge, *_unused: object) -> None:
        self.description = description
        self.evidence = Evidence()
        self._clock, self._judge = clock, judge
        self.url = description.text("soap", "url")
        self._parts = urlsplit(self.url)
        self._left = int(description.table("limits").get("requests", REQUESTS))
        self._connection: http.client.HTTPConnection | None = None
        self._capture: Capture | None = None
        self._contract: dict[str, Reply] | None = None
        self._sweep: list[bytes] | None = None
        self._driven = False
        self._tail = Tail(self)
        self.held, self.catch_up, self.changes = self._tail.held, self._tail.catch_up, self._tail.changes
        self.page_size = int(description.table("abilities").get("page_size_max", PAGE))

    # connections ------------------------------------------------------------------------------------------------

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the service."""
        return self._parts.hostname or "", self._parts.port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether the address is https."""
        return self._parts.scheme == "https"

    @property
    def authority(self) -> Path | None:
        """The CA file that the server's certificate must be signed by."""
        return self.description.file("soap", "ca")

    def context(self, credential: Credential | None = None) -> ssl.SSLContext:
        """Return a client context that verifies the server, with ``credential`` as the caller's certificate."""
        context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        if credential is not None:
            context.load_cert_chain(credential.certificate, credential.key)
        return context

    @property
    def credential(self) -> Credential | None:
        """The bench's own certificate."""
        return self.description.credential("soap", "client")

    def connect(self, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
        """Open a connection of its own."""
        host, port = self.address
        if not self.secure:
            return http.client.HTTPConnection(host, port, timeout=SECONDS)
        return http.client.HTTPSConnection(
            host, port, timeout=SECONDS, context=context or self.context(self.credential)
        )

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise OverBudget("请求数已用完([limits] requests)", "the request budget of [limits] requests is spent")

    def get(self, target: str) -> Reply:
        """Fetch a document from the service's own host, such as ``/path?wsdl``; raises Unanswered."""
        self._spend()
        connection: http.client.HTTPConnection | None = None
        try:
            connection = self.connect()
            begun = time.monotonic()
            connection.request("GET", target)
            return self._took("GET " + target, begun, b"", connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"取不到 {target}:{error}", f"{target} cannot be had: {error}") from error
        finally:
            if connection is not None:
                connection.close()

    def contract(self) -> dict[str, Reply]:
        """Return WSDL and schemas by target (path and query), as far as they lie on the service's own host.

        Fetched once a run; raises Unanswered where a file is not answered, or where there are more than MOST_FILES.
        """
        if self._contract is None:
            first = urljoin(self.url, self.description.text("soap", "wsdl") or "?wsdl")
            if not self.own(first):
                raise Unanswered(
                    "声明的 WSDL 不在服务自己的主机上", "the declared WSDL is not on the service's own host"
                )
            todo, found = [target_of(first)], dict[str, Reply]()
            while todo:
                target = todo.pop()
                if target in found:
                    continue
                if len(found) >= MOST_FILES:
                    raise Unanswered(
                        f"WSDL 引用了超过 {MOST_FILES} 个文件", f"the WSDL refers to over {MOST_FILES} files"
                    )
                found[target] = self.get(target)
                todo += [target_of(place) for place in self.references(target, found[target]) if self.own(place)]
            self._contract = found
        return self._contract

    def references(self, target: str, reply: Reply) -> list[str]:
        """Return the absolute addresses of what a file of the contract imports or includes."""
        if reply.status != 200:
            return []
        return references(urljoin(self.url, target), reply.body)

    def own(self, url: str) -> bool:
        """Tell whether an address lies on the service's own host and port; a port that is not written is the service's."""
        at = urlsplit(url)
        host, port = self.address
        return at.hostname == host and (at.port or (443 if self.secure else 80)) == port

    def post(
        self, body: bytes, action: str = "", *, headers: dict[str, str] | None = None,
        connection: http.client.HTTPConnection | None = None, path: str | None = None,
    ) -> Reply:  # fmt: skip
        """Send bytes as they are and return whatever comes back; raises OSError or HTTPException."""
        self._spend()
        sent = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NS}/{action}"' if action else '""'}
        used = connection or self._connection or self.connect()
        if connection is None:
            self._connection = used
        begun = time.monotonic()
        try:
            used.request("POST", path or self._parts.path, body, {**sent, **(headers or {})})
            return self._took(action or "POST", begun, body, used.getresponse())
        except (OSError, http.client.HTTPException):
            used.close()
            if connection is None:
                self._connection = None
            raise

    def abandon(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        """Send a request and go away when its answer begins."""
        self._spend()
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        try:
            connection.request("POST", self._parts.path, body, headers)
            connection.sock.recv(64)
        finally:
            connection.close()

    def _took(self, what: str, begun: float, sent: bytes, response: http.client.HTTPResponse) -> Reply:
        body = response.read()
        self.evidence.add(what, response.status, sent, body)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, body, time.monotonic() - begun)

    # operations -------------------------------------------------------------------------------------------------

    def call(self, operation: str, inner: str = "", *, connection: http.client.HTTPConnection | None = None) -> Reply:
        """Call an operation; raises Unanswered where the transport fails, once tried again on a fresh connection."""
        body = envelope(operation, inner)
        for attempt in (1, 2):
            try:
                return self.post(body, operation, connection=connection)
            except (OSError, http.client.HTTPException) as error:
                if attempt == 2 or connection is not None:
                    raise Unanswered(
                        f"{operation} 没有应答:{error}", f"{operation} was not answered: {error}"
                    ) from error
        raise AssertionError

    def answer(self, operation: str, inner: str = "") -> Element:
        """Call an operation and return its response element; raises Unanswered for a fault or anything else."""
        return self.expect(operation, self.call(operation, inner))

    def expect(self, operation: str, reply: Reply) -> Element:
        """Return the response element of a reply; raises Unanswered."""
        element = reply.content()
        if element is None or element.tag != f"{{{NS}}}{operation}Response":
            fault = reply.fault()
            why = f"{fault[0]} {fault[1]}".strip()[:200] if fault else f"HTTP {reply.status}"
            raise Unanswered(f"{operation} 未按接口应答:{why}", f"{operation} was not answered by the contract: {why}")
        return element

    def page(
        self, *, types: Sequence[str] = (), since: str | None = None, cursor: str | None = None, size: int | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Page:  # fmt: skip
        """Ask for one page of records; raises Unanswered."""
        inner = "".join(f"<types>{type_}</types>" for type_ in types)
        inner += f"<since>{since}</since>" if since else ""
        inner += f"<cursor>{escape(cursor)}</cursor>" if cursor else ""
        inner += f"<size>{size}</size>" if size is not None else ""
        reply = self.call("GetRecords", inner, connection=connection)
        element = self.expect("GetRecords", reply)
        found = [self._record(each) for each in element.iterfind(f".//{{{EXCHANGE}}}Record")]
        more = (element.findtext(f"{{{NS}}}more") or "").strip() in {"true", "1"}
        return Page(found, element.findtext(f"{{{NS}}}nextCursor"), more, reply)

    def pages(self, limit: int = 100_000, **asked: Any) -> list[Page]:
        """Page through to the end, or to ``limit`` pages; raises Unanswered, also when pages never end."""
        asked.setdefault("size", self.page_size)
        pages = [self.page(**asked)]
        while pages[-1].more and len(pages) < limit:
            if not pages[-1].cursor:
                raise Unanswered("more=true 却没有 nextCursor", "more is true without nextCursor")
            pages.append(self.page(**{**asked, "cursor": pages[-1].cursor}))
        return pages

    def pull(self, **asked: Any) -> list[CapturedRecord]:
        """Return the records of all pages."""
        return [record for page in self.pages(**asked) for record in page.records]

    def _record(self, element: Element) -> CapturedRecord:
        if len(element) < 2:
            raise Unanswered("GetRecords 给出的 Record 没有内容", "GetRecords gave a Record without a payload")
        parts = {str(child.tag).rpartition("}")[2]: (child.text or "").strip() for child in list(element)[:4]}
        payload = element[-1]
        document = safexml.canonical(payload)
        version = parts.get("version", "0")
        return CapturedRecord(
            parts.get("key", ""), int(version) if version.isdecimal() else 0, parts.get("contentDigest", ""),
            parts.get("recordId", ""), document, hashlib.sha256(document).hexdigest(), self._judge.type_of(document),
        )  # fmt: skip

    def counts(self, day: str) -> list[Counted]:
        """Return what GetCounts says of a day; raises Unanswered."""
        found = []
        for row in self.answer("GetCounts", f"<day>{day}</day>"):
            told = {str(child.tag).rpartition("}")[2]: (child.text or "").strip() for child in row}
            numbers = counted(told.get("count"), "count"), counted(told.get("distinctKeys"), "distinctKeys")
            found.append(Counted(told.get("type", ""), told.get("itemCode", ""), *numbers))
        return found

    def key_list(self, day: str) -> list[str]:
        """Return the keys that GetKeys has of a day; raises Unanswered."""
        return [row.findtext(f"{{{NS}}}key") or "" for row in self.answer("GetKeys", f"<day>{day}</day>")]

    def abandon_page(self, types: Sequence[str]) -> None:
        """Ask for a full page and go away when its answer begins."""
        asked = "".join(f"<types>{type_}</types>" for type_ in types) + f"<size>{self.page_size}</size>"
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.abandon(self.connect(), envelope("GetRecords", asked))

    def sweep(self) -> list[bytes]:
        """Return raw answers of the service, page by page as far as they can be read; asked for once a run."""
        if self._sweep is None:
            found, size = list[bytes](), f"<size>{self.page_size}</size>"
            inner = size
            for _page in range(MOST_MESSAGES):
                reply = self.call("GetRecords", inner)
                found.append(reply.body)
                cursor = re.search(rb"<(?:[\w.-]+:)?nextCursor[^>]*>([^<]+)<", reply.body)
                if cursor is None or not re.search(rb"<(?:[\w.-]+:)?more[^>]*>\s*(?:true|1)", reply.body):
                    break
                inner = f"<cursor>{cursor.group(1).decode('utf-8', 'replace')}</cursor>{size}"
            self._sweep = [*found, self.call("Ping").body, self.call("GetVersion").body]
        return self._sweep

    def current(self) -> Sequence[CapturedRecord]:
        """Return all that the service gives now."""
        return self.pull()

    def capture(self) -> Capture:
        """Return the first full pull of the run."""
        if self._capture is None:
            pages = self.pages()
            self._capture = Capture(
                [record for page in pages for record in page.records], [page.reply.body for page in pages], self._judge,
                self.description.text("system", "dept"), self._clock.now().isoformat(timespec="seconds"),
            )  # fmt: skip
        return self._capture

    def before_driving(self) -> None:
        """Take the capture before the first stimulus of the run; that it cannot be had is told to those who ask for it."""
        if not self._driven:
            self._driven = True
            with contextlib.suppress(Unanswered, OverBudget):
                self.capture()

    def give_notice(self, notice: str) -> bool:
        """Give a notice; returns whether it was accepted; raises Unanswered."""
        return told(self.answer("PutNotice", notice), "accepted") in {"true", "1"}

    def driven(self, keys: Sequence[str]) -> None:
        """Hear which keys the system touched: they are there for the asking."""

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records that came later, to be judged like the capture."""
        now = self._clock.now().isoformat(timespec="seconds")
        return Capture(records, (), self._judge, self.description.text("system", "dept"), now)

    def seen_from(self) -> tuple[socket.AddressFamily, str]:
        """Return address family and own address of a connection to the service: where it could reach the bench."""
        try:
            with socket.create_connection(self.address, timeout=SECONDS) as probe:
                return socket.AddressFamily(probe.family), probe.getsockname()[0]
        except OSError as error:
            raise Unanswered(f"连接不上:{error}", f"cannot be reached: {error}") from error

    def reachable(self) -> str | None:
        """Open a bare connection; returns why it cannot be opened, or None."""
        try:
            with socket.create_connection(self.address, timeout=5):
                return None
        except OSError as error:
            return error.strerror or str(error)

    def interface(self) -> Interface | None:
        """Return WSDL and schemas without addresses, and the certificate that signs, as the gateway compares them; None where unread."""
        signing = self.description.file("soap", "signing_cert")
        try:
            certificates = {"signing": ssl.PEM_cert_to_DER_cert(signing.read_text("ascii"))} if signing else {}
            files = self.contract()
        except (OSError, ValueError, http.client.HTTPException, Unanswered, OverBudget):
            return None
        if any(reply.status != 200 for reply in files.values()):
            return None
        version = self.description.text("standard", "version")
        return service_interface({target: reply.body for target, reply in files.items()}, certificates, version)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
