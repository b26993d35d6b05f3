# SPDX-License-Identifier: Apache-2.0
"""ROB for profile S: broken and hostile requests get a SOAP fault, harm nothing and tell nothing."""

import http.client
import re
import socket
import threading

from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.service import service
from gateway_conformance.subjects.soap import SoapSubject
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.subjects.wire import NS, SOAP11, Reply, envelope, escape
from gateway_conformance.verdict import Inconclusive

TRACE = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|\bat [\w$.]+\([\w.]+\.(java|cs):\d+\)|\bat System\.|java\.\w+\.\w+Exception"
    r"|org\.\w+\.|SQLException|ORA-\d{5}|SQLSTATE|sqlite3\.|psycopg|\bSELECT\b.{1,80}\bFROM\b|System\.Data\.", re.IGNORECASE | re.DOTALL,
)  # fmt: skip
SQL = re.compile(
    r"SQLException|ORA-\d{5}|SQLSTATE|sqlite3\.|psycopg|System\.Data\.|syntax error (at|near)", re.IGNORECASE
)
BROKEN = (
    b"", b"not xml at all", b"<a><b></a>", envelope("Ping").replace(b"</soap:Body>", b""),
    envelope("NoSuchOperation"), envelope("Ping").replace(b"soap:Body", b"soap:Corpus"),
    envelope("Ping").replace(NS.encode(), b"urn:somebody:else"), envelope("Ping")[:60] + b"\x00\xff\xfe" + envelope("Ping")[60:],
)  # fmt: skip
CANARIES = ("' OR '1'='1", "x'--", "1; SELECT 1", "') OR ('1'='1")
BOMB_SECONDS = 5.0
LEAST_WAIT = 1.0  # a fetch takes its time, however fast the clock
ROWS = re.compile(rb"<(?:[\w.-]+:)?(?:Record|row)[\s/>]")


def _send(bench: Bench, subject: SoapSubject, body: bytes, action: str = "") -> Reply:
    """Send hostile bytes on a connection of their own: a system may close it afterwards; raises Unanswered."""
    if bench.description.text("system", "environment") != "test":
        raise Inconclusive("恶意输入只发给标为 test 的系统", "hostile input goes to systems marked as test only")
    connection: http.client.HTTPConnection | None = None
    try:
        connection = subject.connect()
        return subject.post(body, action, connection=connection)
    except (OSError, http.client.HTTPException) as error:
        why = type(error).__name__
        raise Unanswered(f"没有得到应答:{why}", f"it was not answered: {why}") from error
    finally:
        if connection is not None:
            connection.close()


def _told(reply: Reply) -> str | None:
    found = TRACE.search(reply.text)
    return found.group(0)[:60] if found else None


@case("ROB-01", "S")
def broken_requests(bench: Bench) -> None:
    """Eight broken requests get a SOAP fault without class names or SQL."""
    subject = service(bench)
    for number, body in enumerate(BROKEN, 1):
        bench.examined()
        try:
            reply = _send(bench, subject, body)
        except Unanswered as silence:
            bench.fail(
                "c",
                f"第 {number} 个坏请求{silence.reason.zh}",
                f"broken request {number}: {silence.reason.en}",
                place=str(number),
            )
            continue
        told = _told(reply)
        if told:
            bench.fail("a", f"返回了堆栈:{told}", f"a stack trace or SQL was given: {told}", place=str(number))
            return
        if reply.fault() is None:
            bench.fail(
                "b",
                f"第 {number} 个坏请求得到 HTTP {reply.status},不是 SOAP Fault",
                f"broken request {number} got no SOAP fault",
                place=str(number),
            )


class _Canary:
    """A listener at the bench's own address as the system sees it; ``called`` tells that somebody connected."""

    def __init__(self, subject: SoapSubject) -> None:
        family, host = subject.seen_from()
        self.called, self._stop = threading.Event(), threading.Event()
        self._socket = socket.create_server((host, 0), family=family)
        self._socket.settimeout(0.1)
        port = self._socket.getsockname()[1]
        self.url = f"http://[{host}]:{port}/x" if family == socket.AF_INET6 else f"http://{host}:{port}/x"
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        while not (self._stop.is_set() or self.called.is_set()):
            try:
                connection, _address = self._socket.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.called.set()
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._listener.join(2)
        self._socket.close()


@case("ROB-02", "S")
def external_entities(bench: Bench) -> None:
    """An external entity that points at the bench is not fetched, a file not read."""
    subject = service(bench)
    canary, silence = _Canary(subject), None
    try:
        for target in (canary.url, "file:///etc/hostname"):
            bench.examined()
            body = (
                f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]><soap:Envelope xmlns:soap="{SOAP11}">'
                f'<soap:Body><GetRecords xmlns="{NS}"><cursor>&x;</cursor></GetRecords></soap:Body></soap:Envelope>'
            ).encode()
            try:
                reply = _send(bench, subject, body, "GetRecords")
            except Unanswered as said:
                silence = said  # the entity may have been fetched all the same
                continue
            if target.startswith("file") and reply.fault() is None:
                bench.fail("b", "含外部实体的请求被受理", "a request with an external entity was carried out")
        if canary.called.wait(max(bench.clock.bound(10), LEAST_WAIT)):
            bench.fail("a", "触发了外部实体访问", "the external entity was fetched")
    finally:
        canary.close()
    if silence is not None:
        raise silence


@case("ROB-03", "S")
def entity_bomb(bench: Bench) -> None:
    """A small entity bomb is refused within 5 s and the service goes on."""
    subject = service(bench)
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 6))
    body = (
        f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "0123456789">{levels}]><soap:Envelope xmlns:soap="{SOAP11}">'
        f'<soap:Body><GetRecords xmlns="{NS}"><cursor>&e5;</cursor></GetRecords></soap:Body></soap:Envelope>'
    ).encode()
    bench.examined()
    try:
        reply = _send(bench, subject, body, "GetRecords")
    except Unanswered as silence:
        bench.fail("a", f"实体膨胀的请求{silence.reason.zh}", f"an entity bomb: {silence.reason.en}")
        raise
    if reply.seconds > BOMB_SECONDS:
        bench.fail("a", f"实体膨胀后 {reply.seconds:.0f} 秒无响应", f"{reply.seconds:.0f} s after an entity bomb")
    if reply.fault() is None:
        bench.fail("b", "含实体定义的请求被受理", "a request with entity definitions was carried out")
    subject.answer("Ping")


@case("ROB-04", "S")
def no_concatenated_sql(bench: Bench) -> None:
    """Quotes and comments in parameters are literals: a fault, or what a literal that matches nothing gives."""
    subject = service(bench)
    for operation, element in (
        ("GetRecords", "cursor"),
        ("GetRecords", "types"),
        ("GetKeys", "day"),
        ("GetCounts", "day"),
        ("GetRecords", "since"),
    ):
        for canary in CANARIES:
            bench.examined()
            reply = _send(bench, subject, envelope(operation, f"<{element}>{escape(canary)}</{element}>"), operation)
            told = SQL.search(reply.text)
            if told:
                bench.fail(
                    "b",
                    f"疑似 SQL 注入:参数 {element},报错 {told.group(0)[:40]}",
                    f"a database error shows: {element}",
                    place=element,
                )
                return
            if reply.fault() is None and ROWS.search(reply.body):
                bench.fail("a", f"疑似 SQL 注入:参数 {element}", f"a canary in {element} gave rows", place=element)
                return


@case("ROB-05", "S")
def wrong_parameters(bench: Bench) -> None:
    """Over-long and wrongly typed parameters are refused as the caller's fault."""
    subject = service(bench)
    asked = (
        ("GetRecords", "<size>-5</size>"), ("GetRecords", "<size>many</size>"), ("GetCounts", "<day>2026-02-30</day>"),
        ("GetRecords", "<since>2026-02-30T00:00:00+08:00</since>"), ("GetRecords", f"<cursor>{'9' * 1_000_000}</cursor>"),
    )  # fmt: skip
    for operation, inner in asked:
        bench.examined()
        fault = _send(bench, subject, envelope(operation, inner), operation).fault()
        if fault is None:
            bench.fail(
                "a", f"{operation} 接受了不合法的参数 {inner[:40]}", f"{operation} took {inner[:40]}", place=operation
            )
        elif fault[0].startswith("5") or "Server" in fault[1].partition(" ")[0]:
            bench.fail(
                "b",
                f"{operation} 越界报内部错误 {fault[0]}",
                f"{operation}: an internal fault for a wrong parameter",
                place=operation,
            )
