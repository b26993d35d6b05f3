# SPDX-License-Identifier: Apache-2.0
"""The HTTPS server of a reference system: client certificates, deadlines, keep-alive, and faults struck on the socket."""

import hashlib
import io
import socket
import struct
import time
import traceback
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gateway_reference import receipts, service, soap, wire
from gateway_reference.faults import Action, Fault
from gateway_reference.listening import PATH, Deadline, Gone, Server
from gateway_reference.parties import Peer
from gateway_reference.receiving import BYTE_LIMIT, Forced
from gateway_reference.signing import Signer
from gateway_reference.wire import Refusal, name

IDLE_SECONDS = 120.0
HEAD_SECONDS = 15.0
BODY_SECONDS = 60.0
WRITE_SECONDS = 30.0
REQUEST_LIMIT = BYTE_LIMIT + 64 * 1024


class Answered(Exception):
    """A fault has sent an answer of its own."""


class Handler(BaseHTTPRequestHandler):
    """One connection: requests one after the other until the caller leaves or a deadline passes."""

    protocol_version = "HTTP/1.1"
    server_version = "PowerExchangeReference"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        """Put the deadline reader under the request parser and pin the caller."""
        super().setup()
        self._raw = Deadline(self.connection)
        self._reader = io.BufferedReader(self._raw, 65536)
        self.rfile = self._reader
        self.certificate = self.connection.getpeercert(binary_form=True) or b""
        self._caller = self.server.system.caller(hashlib.sha256(self.certificate).hexdigest())

    def handle_one_request(self) -> None:
        """Wait for a request, then give it a deadline of its own."""
        try:
            self._raw.until = time.monotonic() + IDLE_SECONDS
            self.close_connection = True
            if not self._reader.peek(1):
                return
            self.spoken()
            self._raw.until = time.monotonic() + HEAD_SECONDS
            super().handle_one_request()
        except (Gone, OSError):
            self.close_connection = True

    def spoken(self) -> None:
        """Hear that the caller has sent something; raises Gone to cut it off unread."""

    def knows(self, path: str) -> bool:
        """Tell whether requests may go to a path."""
        return path == PATH

    def signer(self, _fault: Fault) -> Signer:
        """Return what a wrong receipt is signed with."""
        return self.server.receiver.signer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: what happened stands in the storage."""

    def do_GET(self) -> None:
        """Give the WSDL and the schemas it includes."""
        self.server.storage.count("requests", "requests.GET")
        target = urlsplit(self.path)
        query = parse_qs(target.query, keep_blank_values=True)
        document: bytes | None = None
        if target.path == PATH and "wsdl" in {key.lower() for key in query}:
            document = self.server.pack.wsdl(self.server.url)
        elif target.path == PATH and "xsd" in query:
            document = self.server.pack.schema(query["xsd"][0], self.server.url)
        if document is None:
            self.send(404, "text/plain; charset=utf-8", "没有此页 / not found\n".encode())
        else:
            self.send(200, "text/xml; charset=utf-8", document)

    def do_POST(self) -> None:
        """Carry out one operation and answer with its response or a SOAP fault."""
        self.server.storage.count("requests")
        with self.server.working():
            self.post()

    def post(self) -> None:
        """Carry out one operation and answer it."""
        version = soap.guess_version(self.headers.get("Content-Type", ""))
        try:
            body = self.body()
            self.require_caller()
            request = self.read_request(body)
            version = request.version
            soap.require_action(request, self._action())
            status, answer = 200, self.perform(request)
        except Refusal as refusal:
            status, answer = soap.fault(version, refusal)
        except Answered:
            return
        except (Gone, OSError):
            raise
        except Exception:  # noqa: BLE001 - the fence of the server: whatever breaks inside is 5000 to the caller
            traceback.print_exc()
            status, answer = soap.fault(version, Refusal("5000", "内部错误 / internal error"))
        self.reply(status, version.content_type, answer)

    def read_request(self, body: bytes) -> soap.Request:
        """Return the request that a body is; raises Refusal."""
        return soap.read(body)

    def reply(self, status: int, content_type: str, answer: bytes) -> None:
        """Send an answer whole."""
        self.send(status, content_type, answer)

    def _action(self) -> str:
        action = self.headers.get("SOAPAction") or self.headers.get_param("action", header="Content-Type") or ""
        return action if isinstance(action, str) else ""

    def body(self) -> bytes:
        """Read the body of a request; raises Refusal, or Gone where the caller left in the middle."""
        if not self.knows(urlsplit(self.path).path):
            self.close_connection = True
            raise Refusal("1002", "没有此地址 / no such address")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise Refusal("1001", "须给出 Content-Length / Content-Length is required")
        if int(length) > REQUEST_LIMIT:
            self.close_connection = True
            self._drain(int(length))
            raise Refusal("1006", "数据包超过 8 MB / the package is larger than 8 MB")
        charset = self.headers.get_content_charset("utf-8")
        self._raw.until = time.monotonic() + BODY_SECONDS
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Gone
        if charset not in {"utf-8", "us-ascii"}:
            raise Refusal("1003", "编码须为 UTF-8 / the encoding must be UTF-8")
        if self.headers.get("Content-Encoding", "identity") != "identity":
            raise Refusal("1001", "不接受压缩 / compressed bodies are not accepted")
        return body

    def _drain(self, length: int) -> None:
        """Read some of what is too large, so that the caller sees the answer instead of a reset."""
        self._raw.until = time.monotonic() + HEAD_SECONDS
        left = min(length, 4 * REQUEST_LIMIT)
        while left > 0 and (part := self.rfile.read(min(left, 65536))):
            left -= len(part)

    def require_caller(self) -> Peer:
        """Return who calls; raises Refusal 3001 for a certificate that is not registered."""
        if self._caller is None:
            raise Refusal("3001", "客户端证书未登记 / this client certificate is not registered")
        return self._caller

    def perform(self, request: soap.Request) -> bytes:
        """Apply the script around an operation and return the envelope; raises Refusal, Gone or Answered."""
        caller = self.require_caller()
        self.server.storage.count(f"requests.{request.operation}")
        keys = [key.text or "" for key in request.element.iterfind(f".//{name('Record')}/{name('key')}")]
        fault = self.server.script.strike(request.operation, keys)
        forced = None
        if fault is not None:
            self.struck(fault, request)
            if not fault.after:
                substitute = self._before(fault, request)
                if substitute is not None:
                    return soap.answer(request.version, substitute)
            forced = _forced(fault, request)
        content = self.server.operations.perform(request.operation, request.element, caller, forced)
        if fault is not None and fault.after:
            return self._after(fault, request, content)
        return soap.answer(request.version, content)

    def struck(self, fault: Fault, request: soap.Request) -> None:
        """Write a fault down before it strikes."""
        package_id = request.element.findtext(f".//{name('packageId')}")
        self.server.storage.log_fault(
            wire.now(), fault.rule, request.operation, fault.action, package_id, " ".join(fault.keys[:20])
        )

    def _before(self, fault: Fault, request: soap.Request) -> bytes | None:
        """Strike before the request is carried out; returns a substitute response, or None to go on."""
        if fault.action is Action.DELAY:
            self.server.stopping.wait(fault.seconds)
        elif fault.action is Action.HANG:
            self.server.stopping.wait(fault.seconds)
            raise Gone
        elif fault.action is Action.DROP_BEFORE_STORE:
            raise Gone
        elif fault.action is Action.CLOSE:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Gone
        elif fault.action is Action.STATUS and request.operation == "QueryReceipt":
            return service.status(str(fault.options.get("status", "in-progress")))
        elif fault.action is Action.FAULT:
            raise Refusal(
                str(fault.options.get("code", "4001")),
                "按脚本出错 / fault by script",
                retry_after=fault.options.get("retryAfter"),
            )
        elif fault.action in {Action.HTML, Action.HTTP_503}:
            self._send_foreign(fault)
            raise Answered
        return None

    def _after(self, fault: Fault, request: soap.Request, content: bytes) -> bytes:
        """Strike when everything is stored: the caller must find out by asking."""
        if fault.action is Action.WRONG_RECEIPT and request.operation in {"SubmitPackage", "QueryReceipt"}:
            start, end = content.find(b"<Receipt "), content.rfind(b"</Receipt>") + len(b"</Receipt>")
            if start >= 0:
                variant = receipts.Variant(fault.options.get("variant", receipts.Variant.OTHER_RECORDS))
                given = receipts.wrong(self.signer(fault), content[start:end], variant)
                content = content[:start] + given + content[end:]
        elif fault.action is Action.DROP_AFTER_STORE:
            raise Gone
        elif fault.action in {Action.DELAY, Action.HANG}:
            self.server.stopping.wait(fault.seconds)
        elif fault.action in {Action.HTML, Action.HTTP_503}:
            self._send_foreign(fault)
            raise Answered
        answer = soap.answer(request.version, content)
        if fault.action is Action.MALFORMED:
            return receipts.malformed(answer, str(fault.options.get("variant", "bad-xml")))
        if fault.action is Action.HALF_ANSWER:
            self.send(200, request.version.content_type, answer, cut=int(fault.options.get("bytes", len(answer) // 2)))
            raise Gone
        return answer

    def _send_foreign(self, fault: Fault) -> None:
        if fault.action is Action.HTML:
            page = "<!DOCTYPE html><html><head><title>登录</title></head><body><form>统一身份认证</form></body></html>"
            self.send(int(fault.options.get("status", 200)), "text/html; charset=utf-8", page.encode())
        else:
            again = {"Retry-After": str(fault.options["retryAfter"])} if "retryAfter" in fault.options else {}
            self.send(503, "text/plain; charset=utf-8", "服务不可用 / service unavailable\n".encode(), again)

    def send(
        self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        """Write head and body in one go (two writes cost a delayed ACK); ``cut`` sends only so many body bytes."""
        self.connection.settimeout(WRITE_SECONDS)
        if self.server.stopping.is_set():
            self.close_connection = True
        self.log_request(status)
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        buffered: list[bytes] = vars(self).pop("_headers_buffer")
        head = b"".join(buffered) + b"\r\n"
        self.wfile.write(head + body[:cut])


def _forced(fault: Fault, request: soap.Request) -> Forced | None:
    """Return what a ``refuse`` rule forces: the records its pattern found, or the package whole."""
    if fault.action is not Action.REFUSE or request.operation != "SubmitPackage":
        return None
    code = str(fault.options.get("code", "2001"))
    if not fault.keys:
        return Forced({}, code, fault.options.get("retryAfter"))
    wanted, codes = set(fault.keys), dict(fault.options.get("codes", {}))
    records = {
        record.findtext(name("recordId"), ""): str(codes.get(record.findtext(name("key")), code))
        for record in request.element.iterfind(f".//{name('Record')}")
        if record.findtext(name("key")) in wanted
    }
    return Forced(records)
