# SPDX-License-Identifier: Apache-2.0
"""The department's two listeners on the loopback interface: the service over TLS, and the hook over plain HTTP."""

import json
import ssl
import sys
import threading
import traceback
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from gateway_reference import wire
from gateway_reference.department.driving import Driver
from gateway_reference.department.keys import Keys
from gateway_reference.department.system import DEPARTMENT, Department
from gateway_reference.wire import Refusal, escape

PATH: Final = "/department"
REQUEST_LIMIT: Final = 8 * 1024 * 1024 + 64 * 1024
SECONDS: Final = 60.0
_BODY: Final = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
_HEADER: Final = "{http://schemas.xmlsoap.org/soap/envelope/}Header"
_NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: the dates are checked with everything else, in one place


class Service(ThreadingHTTPServer):
    """The DepartmentData endpoint."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, department: Department, keys: Keys, port: int = 0) -> None:
        self.department = department
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        oldest = department.oldest_tls()
        if oldest != "TLSv1_2":
            self.tls.set_ciphers("DEFAULT@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a mutant may accept what is outdated
            self.tls.minimum_version = ssl.TLSVersion[oldest]
        self.tls.verify_mode = ssl.CERT_OPTIONAL
        self.tls.verify_flags |= _NO_CHECK_TIME
        server = keys.file(department.server_certificate())
        self.tls.load_cert_chain(server, server.with_suffix(".key"))
        self.tls.load_verify_locations(keys.authority)
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """The address of the service."""
        return f"https://127.0.0.1:{self.server_address[1]}{PATH}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread; a failed handshake is the caller's matter."""
        request.settimeout(SECONDS)
        try:
            secured = self.tls.wrap_socket(request, server_side=True)
        except OSError:
            return
        try:
            super().finish_request(secured, client_address)
        finally:
            secured.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about connections that broke."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


class Handler(BaseHTTPRequestHandler):
    """One connection to the service."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "DepartmentReference", ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one go: else a delayed ACK costs 40 ms a request
    server: Service

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_GET(self) -> None:
        """Give the WSDL and its schemas."""
        target = urlsplit(self.path)
        query = parse_qs(target.query, keep_blank_values=True)
        content: bytes | None = None
        if target.path == PATH and "wsdl" in {key.lower() for key in query}:
            content = self.server.department.wsdl(self.server.url)
        elif target.path == PATH and "xsd" in query:
            content = self.server.department.pack.schema(query["xsd"][0], self.server.url)
        if content is None:
            self._send(404, b"not found\n", {"Content-Type": "text/plain"})
        else:
            self._send(200, content, {"Content-Type": "text/xml; charset=utf-8"})

    def do_POST(self) -> None:
        """Carry out one operation."""
        department = self.server.department
        operation = ""
        try:
            element = _operation(department, self._body())
            operation = etree.QName(element).localname
            department.authenticate(self.connection.getpeercert(binary_form=True), operation)
            department.begin(operation)
            with department.lock:
                content, status = department.envelope(department.perform(operation, element)), 200
        except Refusal as refusal:
            status, content = 500, _fault(department, refusal)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - the fence: whatever breaks inside is 5000 to the caller
            status, content = 500, _fault(department, Refusal("5000", broken(department, error)))
        self._answer(department, operation, status, content)

    def _body(self) -> bytes:
        """Read a request; raises Refusal, or OSError where the caller went away in the middle."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > REQUEST_LIMIT:
            self.close_connection = True
            raise Refusal("1006", "请求超过 8 MB / the request is larger than 8 MB")
        body = self.rfile.read(length)
        if len(body) < length:
            self.server.department.cut("")
            raise ConnectionResetError
        if urlsplit(self.path).path != PATH:
            raise Refusal("1002", "没有此地址 / no such address")
        return body

    def _answer(self, department: Department, operation: str, status: int, content: str) -> None:
        try:
            self._send(status, department.encode(content), department.headers())
        except OSError:
            department.cut(operation)
            raise
        department.end(operation)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the Date header by the department's own clock."""
        return super().date_time_string(self.server.department.now().timestamp())


def broken(department: Department, error: Exception) -> str:
    """Return what a caller is told of a fault inside."""
    told = getattr(department, "broken", None)
    return told(error) if told else "内部错误 / internal error"


def _operation(department: Department, body: bytes) -> etree._Element:
    root = department.read(body)
    found = root.find(_BODY)
    nonce = root.findtext(f"{_HEADER}/{{{DEPARTMENT}}}Request/{{{DEPARTMENT}}}nonce")
    if nonce:
        department.fresh(nonce.strip())
    if found is None or len(found) != 1:
        raise Refusal("1002", "信封须有且只有一个操作 / the Body must hold exactly one operation")
    if etree.QName(found[0]).namespace != DEPARTMENT:
        raise Refusal("1002", "未知的操作 / unknown operation")
    return found[0]


def _fault(department: Department, refusal: Refusal) -> str:
    kind = "Client" if refusal.code[0] in "123" else "Server"
    again = "" if refusal.retry_after is None else f"<retryAfter>{refusal.retry_after}</retryAfter>"
    return department.envelope(
        f"<soap:Fault><faultcode>soap:{kind}</faultcode><faultstring>{escape(department.fault_text(refusal))}</faultstring>"
        f'<detail><ExchangeFault xmlns="{wire.NAMESPACE}"><code>{refusal.code}</code>'
        f"<message>{escape(department.fault_text(refusal))}</message>{again}</ExchangeFault></detail></soap:Fault>",
        fault=True,
    )


class HookServer(ThreadingHTTPServer):
    """The vendor's hook: POST ``{"verb","args"}``."""

    daemon_threads = True

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        super().__init__(("127.0.0.1", 0), HookHandler)

    @property
    def url(self) -> str:
        """The address of the hook."""
        return f"http://127.0.0.1:{self.server_address[1]}/drive"


class HookHandler(BaseHTTPRequestHandler):
    """One call of the hook."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: HookServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_POST(self) -> None:
        """Carry out a verb."""
        try:
            asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            told = self.server.driver.drive(str(asked["verb"]), dict(asked.get("args") or {}))
        except Exception as error:  # noqa: BLE001 - the suite hears what went wrong
            told = {"ok": False, "keys": [], "error": f"{type(error).__name__}: {error}"}
        body = json.dumps(told, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Running:
    """A department that listens; ``close`` ends both listeners."""

    def __init__(self, department: Department, driver: Driver, keys: Keys, port: int = 0) -> None:
        self.department, self.driver = department, driver
        self.service = Service(department, keys, port)
        self.hook = HookServer(driver)
        self._threads = [
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for each in (self.service, self.hook)
        ]
        for thread in self._threads:
            thread.start()

    def ready(self) -> dict[str, str]:
        """Return the addresses that a ready file tells."""
        return {"url": self.service.url, "wsdl": f"{self.service.url}?wsdl"}

    def close(self) -> None:
        """Stop listening."""
        for server in (self.service, self.hook):
            server.shutdown()
            server.server_close()
