# SPDX-License-Identifier: Apache-2.0
"""CON and CLK-01 for profile S, CON-07 for those that are pulled from: reachable, self-described, answering in time, whole after a cut."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gateway_conformance.bench import Bench
from gateway_conformance.capture import keys
from gateway_conformance.case import case
from gateway_conformance.cases.service import Pulled, pulled, service
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.subjects.wire import envelope, told

OPERATIONS = ("Ping", "GetVersion", "GetRecords", "GetKeys", "GetCounts", "PutReceipt", "PutNotice")
SUPPORTED = ("1.0",)
SLOWEST = 30.0
LEAST = 2.0  # below this the bench itself would be measured, however fast the clock
OFFSET = 5.0


@case("CON-01", "S")
def reachable(bench: Bench) -> None:
    """The declared address takes a connection at the first or second try."""
    subject = service(bench)
    why: str | None = None
    for attempt in range(3):
        bench.examined()
        why = subject.reachable()
        if why is None:
            if attempt == 2:
                bench.fail("b", "第三次才连上", "only the third try connected")
            return
        bench.clock.wait(0.2)
    host, port = subject.address
    bench.fail("a", f"连接不上:{host}:{port},{why}", f"cannot be reached: {host}:{port}, {why}", place=subject.url)


@case("CON-02", "S")
def as_described(bench: Bench) -> None:
    """The WSDL offers the operations of the contract and those declared; the organisation is the declared one."""
    subject = service(bench)
    named = re.compile(r"<(?:[\w.-]+:)?operation\b[^>]*?\sname\s*=\s*[\"']([^\"']+)")
    offered = {name for reply in subject.contract().values() for name in named.findall(reply.text)}
    declared = bench.description.table("abilities").get("operations") or OPERATIONS
    for operation in dict.fromkeys([*OPERATIONS, *declared]):
        bench.examined()
        if operation not in offered:
            bench.fail(
                "a", f"声明与实际不符:声明有操作 {operation},WSDL 中没有", f"{operation} is declared, the WSDL has none"
            )
    answer = subject.answer("GetVersion")
    organisations = [element.text for element in answer if str(element.tag).endswith("}orgCode")]
    if bench.description.text("system", "dept") not in organisations:
        bench.fail(
            "b",
            "声明的单位代码与系统所答不符",
            "the declared organisation is not the one that answers",
            received=organisations,
        )


@case("CON-03", "S")
def self_contained(bench: Bench) -> None:
    """WSDL and schemas import nothing from outside."""
    subject = service(bench)
    for target, reply in subject.contract().items():
        bench.examined()
        if reply.status != 200:
            bench.fail("b", f"引用的文件取不到:{target}", f"a referenced file cannot be had: {target}")
        for place in subject.references(target, reply):
            if not subject.own(place):
                at = urlsplit(place)
                bench.fail(
                    "a",
                    f"WSDL 引用了外部地址 {at.scheme}://{at.netloc}",
                    f"imports from outside: {at.netloc}",
                    place=target,
                )


@case("CON-04", "S")
def version_supported(bench: Bench) -> None:
    """A version of the standard that this suite supports is announced."""
    answer = service(bench).answer("GetVersion")
    announced = [element.text or "" for element in answer if str(element.tag).endswith("}standardVersion")]
    one_supported(bench, announced)


def one_supported(bench: Bench, announced: list[str]) -> None:
    """Hold that a version among those announced is one that this suite supports."""
    bench.examined(len(announced))
    if not set(announced) & set(SUPPORTED):
        bench.fail(
            "a", f"接口版本 {announced},本套件支持 {SUPPORTED}", "no supported version is announced", received=announced
        )


@case("CON-06", "S")
def answers_in_time(bench: Bench) -> None:
    """The smallest and the largest legal window are answered within 30 s, or refused as busy."""
    subject = service(bench)
    for size in (1, subject.page_size):
        bench.examined()
        try:
            reply = subject.call("GetRecords", f"<size>{size}</size>")
        except Unanswered as silence:
            bench.fail("b", f"没有应答:{silence.reason.zh}", f"no answer: {silence.reason.en}")
            return
        fault = reply.fault()
        if reply.seconds > max(bench.clock.bound(SLOWEST), LEAST) and not (fault and fault[0] == "4001"):
            bench.fail("a", f"请求超时 {reply.seconds:.0f} 秒无应答", f"no answer for {reply.seconds:.0f} s")


@case("CON-07", "S", "V")
def sessions_apart(bench: Bench) -> None:
    """Two interleaved sessions each get what they get alone."""
    subject = pulled(bench)
    counted = Counter(record.type for record in bench.capture.records)
    types = sorted(counted, key=lambda type_: (-counted[type_], type_))[:2]  # the most frequent: several pages each
    if len(types) < 2:
        return
    alone = [keys(subject.pull(types=[type_], size=7)) for type_ in types]
    together = _interleaved(subject, types)
    for type_, one, both in zip(types, alone, together, strict=True):
        bench.examined(len(both))
        strange = sorted(set(both) - set(one))
        if sorted(one) != sorted(both):
            bench.fail("a", "并行时结果与单独时不同", f"{type_} differs when two sessions run", examples=strange)


def _interleaved(subject: Pulled, types: list[str]) -> list[list[str]]:
    """Page through one type a session, page by page in turn, each session on a connection of its own."""
    connections = [subject.connect() for _type in types]
    found: list[list[str]] = [[] for _type in types]
    cursors: list[str | None] = [None for _type in types]
    going = set(range(len(types)))
    try:
        while going:
            for at in sorted(going):
                page = subject.page(types=[types[at]], size=3, cursor=cursors[at], connection=connections[at])
                found[at] += keys(page.records)
                cursors[at] = page.cursor
                if not page.more:
                    going.discard(at)
    finally:
        for connection in connections:
            connection.close()
    return found


@case("CON-08", "S")
def whole_after_a_cut(bench: Bench) -> None:
    """A connection cut in the middle leaves no lock and no half result."""
    subject = service(bench)

    def cut() -> None:
        connection = subject.connect()
        with contextlib.suppress(OSError):
            body = envelope("GetRecords", "<size>20</size>")
            connection.putrequest("POST", urlsplit(subject.url).path)
            connection.putheader("Content-Type", "text/xml; charset=utf-8")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[: len(body) // 2])
        connection.close()

    same_after_cuts(bench, lambda: len(subject.page(size=20).records), cut)


def same_after_cuts(bench: Bench, read: Callable[[], int], cut: Callable[[], None]) -> None:
    """Hold that as many records are read after three cuts as before."""
    before = read()
    for _attempt in range(3):
        cut()
    bench.clock.wait(1)
    bench.examined(3)
    try:
        after = read()
    except Unanswered as fault:
        bench.fail("a", f"断开后仍失败:{fault.reason.zh}", f"still fails after the cut: {fault.reason.en}")
        return
    if before != after:
        bench.fail("b", "断开后结果与之前不同", "the result differs after the cut")


@case("CLK-01", "S")
def clock_agrees(bench: Bench) -> None:
    """The service's clock is within 5 s of the bench's."""
    subject = service(bench)
    begun = bench.clock.now()
    reply = subject.call("Ping")
    middle = begun + (bench.clock.now() - begun) / 2
    said = [(told(subject.expect("Ping", reply), "serverTime"), datetime.fromisoformat)]
    if "date" in reply.headers:
        said.append((reply.headers["date"], parsedate_to_datetime))
    for text, read in said:
        bench.examined()
        try:
            offset = (read(text) - middle).total_seconds()
        except (ValueError, TypeError):  # no time at all, or one without its zone
            bench.fail("a", f"不是带时区的时刻:{text}", f"not a moment with its zone: {text}", received=text)
            return
        if abs(offset) > OFFSET + 1:  # the Date header has whole seconds
            bench.fail(
                "a",
                f"时钟偏差 {offset:.0f} 秒",
                f"the clock is off by {offset:.0f} s",
                expected="≤ 5 s",
                received=f"{offset:.0f} s",
            )
            return
