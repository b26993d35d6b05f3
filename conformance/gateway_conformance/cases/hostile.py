# SPDX-License-Identifier: Apache-2.0
"""ROB for profile S: broken and hostile requests get a SOAP fault, harm nothing and tell nothing."""

import http.client
import re
import socket
import threading
import time

from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.service import service
from gateway_conformance.subjects.soap import NS, SOAP11, Reply, SoapSubject, envelope, escape
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


def _send(bench: Bench, subject: SoapSubject, body: bytes, action: str = "") -> Reply:
    if bench.description.text("system", "environment") != "test":
        raise Inconclusive("恶意输入只发给标为 test 的系统", "hostile input goes to systems marked as test only")
    return subject.post(body, action)


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
        except (OSError, http.client.HTTPException) as error:
            bench.fail(
                "c",
                f"第 {number} 个坏请求没有得到应答:{type(error).__name__}",
                f"broken request {number} was not answered",
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


@case("ROB-02", "S")
def external_entities(bench: Bench) -> None:
    """An external entity that points at the bench is not fetched, a file not read."""
    subject, called = service(bench), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.1)

        def listen() -> None:
            until = time.monotonic() + bench.clock.bound(10) + 1
            while time.monotonic() < until and not called.is_set():
                try:
                    connection, _address = canary.accept()
                except TimeoutError:
                    continue
                except OSError:
                    return
                called.set()
                connection.close()

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        for target in (f"http://127.0.0.1:{canary.getsockname()[1]}/x", "file:///etc/hostname"):
            bench.examined()
            body = (
                f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]><soap:Envelope xmlns:soap="{SOAP11}">'
                f'<soap:Body><GetRecords xmlns="{NS}"><cursor>&x;</cursor></GetRecords></soap:Body></soap:Envelope>'
            ).encode()
            reply = _send(bench, subject, body, "GetRecords")
            if target.startswith("file") and reply.fault() is None:
                bench.fail("b", "含外部实体的请求被受理", "a request with an external entity was carried out")
        called.wait(bench.clock.bound(10))
        if called.is_set():
            bench.fail("a", "触发了外部实体访问", "the external entity was fetched")
        called.set()
        listener.join(2)


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
    reply = _send(bench, subject, body, "GetRecords")
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
            if reply.fault() is None and (b"<Record>" in reply.body or b"<row" in reply.body):
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
