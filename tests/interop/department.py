# SPDX-License-Identifier: Apache-2.0
"""A tiny department system: DepartmentData over plain HTTP, held to the schema in what it takes and what it gives."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree

NS = "urn:jx:department-data:1.0"
EXCHANGE = "urn:jx:power-exchange:1.0"
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
NOW = "2026-01-05T09:00:00+08:00"


def answers(package: str) -> dict[str, str]:
    """Return the content of every response; ``package`` is a signed package."""
    return {
        "Ping": f"<serverTime>{NOW}</serverTime>",
        "GetVersion": "<standardVersion>1.0</standardVersion><codeListVersion>2026.1</codeListVersion>"
        f"<orgCode>11360100MA0000015H</orgCode><system>示例系统 2.1</system><serverTime>{NOW}</serverTime>",
        "GetRecords": f"{package}<nextCursor>c2</nextCursor><more>true</more>",
        "GetKeys": "<row><type>CF_LA</type><key>CF_LA:MA0000015-2022-CF-00000001:1</key><version>1</version>"
        f"<operation>C</operation><contentDigest>{'0' * 64}</contentDigest></row>",
        "GetCounts": "<row><type>CF_LA</type><itemCode>CF-MA0000015-0001</itemCode><count>2</count>"
        "<distinctKeys>1</distinctKeys></row>",
        "PutReceipt": "<accepted>true</accepted>",
        "PutNotice": "<accepted>true</accepted>",
    }


class Handler(BaseHTTPRequestHandler):
    """Answers one operation; the SOAP version is the caller's."""

    server: "Department"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_POST(self) -> None:
        root = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        envelope = etree.QName(root).namespace or ""
        element = root.find(f"{{{envelope}}}Body")[0]  # type: ignore[index]
        whole = etree.fromstring(etree.tostring(element, with_tail=False))
        operation = etree.QName(element).localname
        self.server.took.append((operation, envelope, self.headers.get("SOAPAction") or self.headers["Content-Type"]))
        if self.server.schema.validate(whole):
            content = self.server.answers[operation]
            answer, status = f'<{operation}Response xmlns="{NS}">{content}</{operation}Response>', 200
            self.server.schema.assertValid(etree.fromstring(answer))
        else:
            answer, status = fault(envelope, "1002", str(self.server.schema.error_log.last_error)), 500
        body = f'<s:Envelope xmlns:s="{envelope}"><s:Body>{answer}</s:Body></s:Envelope>'.encode()
        self.send_response(status)
        kind = "application/soap+xml" if envelope == SOAP12 else "text/xml"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Department(ThreadingHTTPServer):
    """The department's server and what it was asked."""

    daemon_threads = True

    def __init__(self, schema: Path, package: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.schema = etree.XMLSchema(etree.parse(str(schema)))
        self.answers = answers(package)
        self.took: list[tuple[str, str, str]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}/department"


def fault(envelope: str, code: str, message: str) -> str:
    """Return a SOAP fault that carries ExchangeFault."""
    told = escape(message[:200])
    detail = f'<ExchangeFault xmlns="{EXCHANGE}"><code>{code}</code><message>{told}</message></ExchangeFault>'
    if envelope == SOAP12:
        return (
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason>"
            f'<s:Text xml:lang="zh">{code}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
        )
    return (
        f"<s:Fault><faultcode>s:Client</faultcode><faultstring>{code}</faultstring><detail>{detail}</detail></s:Fault>"
    )


@contextmanager
def running(schema: Path, package: str) -> Iterator[Department]:
    """Run a department system for a while."""
    server = Department(schema, package)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
