# SPDX-License-Identifier: Apache-2.0
"""Profile S: a client of the DepartmentData service that keeps raw bytes, and can speak wrongly where a case wants it."""

import hashlib
import http.client
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.documents.safexml import Element
from gateway_conformance.capture import Capture, CapturedRecord, Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import Evidence
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.sut import Credential, Description
from gateway_conformance.verdict import OverBudget

NS: Final = "urn:jx:department-data:1.0"
EXCHANGE: Final = "urn:jx:power-exchange:1.0"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SECONDS: Final = 30.0
PAGE: Final = 500
MOST_FILES: Final = 100
_SCHEMA: Final = re.compile(r"schemaLocation=\"([^\"]+)\"")
REQUESTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: HTTP status, headers, body, seconds it took; ``date`` is the Date header."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    def content(self) -> Element | None:
        """Return the element inside the SOAP Body; None where there is none or the answer is no XML."""
        try:
            root = safexml.parse(self.body)
        except RefusedDocument:
            return None
        body = next((child for child in root if str(child.tag).endswith("}Body")), None)
        return body[0] if body is not None and len(body) else None

    def fault(self) -> tuple[str, str] | None:
        """Return the code and text of a SOAP fault (code empty where it carries no ExchangeFault); None for none."""
        element = self.content()
        if element is None or not str(element.tag).endswith("}Fault"):
            return None
        code = element.findtext(f".//{{{EXCHANGE}}}ExchangeFault/{{{EXCHANGE}}}code") or ""
        return code, " ".join(str(text).strip() for text in element.itertext() if str(text).strip())


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of GetRecords."""

    records: list[CapturedRecord]
    cursor: str | None
    more: bool
    reply: Reply


@dataclass(slots=True)
class Tail:
    """How far the changes have been read, and the last version of every key read so far."""

    cursor: str | None = None
    time: str | None = None
    held: dict[str, CapturedRecord] = field(default_factory=dict)


class SoapSubject:
    """The service as sut.toml describes it."""

    def __init__(self, description: Description, clock: ScaledClock, judge: Judge) -> None:
        self.description = description
        self.evidence = Evidence()
        self._clock, self._judge = clock, judge
        self.url = description.text("soap", "url")
        self._parts = urlsplit(self.url)
        self._left = int(description.table("limits").get("requests", REQUESTS))
        self._connection: http.client.HTTPConnection | None = None
        self._capture: Capture | None = None
        self.tail = Tail()
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
        """Fetch a document from the service's own address, such as ``?wsdl``."""
        self._spend()
        connection = self.connect()
        try:
            begun = time.monotonic()
            connection.request("GET", target)
            return self._took("GET " + target, begun, b"", connection.getresponse())
        finally:
            connection.close()

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
        parts = {str(child.tag).rpartition("}")[2]: (child.text or "").strip() for child in list(element)[:4]}
        payload = element[-1]
        document = safexml.canonical(payload)
        version = parts.get("version", "0")
        return CapturedRecord(
            parts.get("key", ""), int(version) if version.isdecimal() else 0, parts.get("contentDigest", ""),
            parts.get("recordId", ""), document, hashlib.sha256(document).hexdigest(), self._judge.type_of(document),
        )  # fmt: skip

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

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records that came later, to be judged like the capture."""
        now = self._clock.now().isoformat(timespec="seconds")
        return Capture(records, (), self._judge, self.description.text("system", "dept"), now)

    def reachable(self) -> str | None:
        """Open a bare connection; returns why it cannot be opened, or None."""
        try:
            with socket.create_connection(self.address, timeout=5):
                return None
        except OSError as error:
            return error.strerror or str(error)

    def fingerprint(self) -> str | None:
        """Return SHA-256, hex, over WSDL and schemas without addresses and over the certificate that signs; None where unread."""
        path = urlsplit(self.description.text("soap", "wsdl") or f"{self.url}?wsdl")
        todo, seen = [f"{path.path}?{path.query}"], dict[str, str]()
        while todo:
            target = todo.pop()
            if target in seen or len(seen) > MOST_FILES:
                continue
            try:
                text = self.get(target).text
            except (OSError, http.client.HTTPException):
                return None
            todo += [
                f"{at.path}?{at.query}"
                for at in map(urlsplit, _SCHEMA.findall(text))
                if at.netloc in {"", self._parts.netloc}
            ]
            seen[target.partition("?")[2]] = re.sub(r"https?://[^/\"]+", "", text)
        signing = self.description.file("soap", "signing_cert")
        whole = hashlib.sha256(signing.read_bytes() if signing else b"")
        for target, text in sorted(seen.items()):
            whole.update(f"{target}\0{text}\0".encode())
        return whole.hexdigest()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()


def envelope(operation: str, inner: str = "") -> bytes:
    """Return a SOAP 1.1 request."""
    content = f'<{operation} xmlns="{NS}">{inner}</{operation}>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP11}">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


def escape(value: str) -> str:
    """Return text as it stands between tags."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
