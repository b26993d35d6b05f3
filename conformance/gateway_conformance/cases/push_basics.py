# SPDX-License-Identifier: Apache-2.0
"""CON, SEC-02, SEC-10, SCH-03, SCH-06, CLK-01, IDM-05, IDM-06, VOL-06 and REC for profile P: what the client sends and
says of itself."""

import re
from collections import Counter, defaultdict
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.trust.masking import mask_text
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.connection import OFFSET, SUPPORTED
from gateway_conformance.cases.push import accepted, added, came, client, sender
from gateway_conformance.standin.server import GETS, POSTS
from gateway_conformance.subjects.arrivals import REAL_TIME
from gateway_conformance.subjects.wire import EXCHANGE
from gateway_conformance.verdict import Inconclusive

OPERATIONS = (*(name for name, _parameters in GETS.values()), *POSTS.values())
FORMS = ("soap11", "soap12", "rest-xml", "rest-json")
DAYS = 7
SECRET = re.compile(r"(?i)(password|passwd|pwd|secret|token|apikey|api_key)=|//[^/@]+:[^/@]+@")
NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")


@case("CON-01", "P")
def reaches_the_bench(bench: Bench) -> None:
    """The client reaches the bench at the declared address and is let in."""
    subject = client(bench)
    bench.examined()
    if not subject.wait(lambda: any(call.package or call.operation for call in subject.log.calls)):
        hands, closed = subject.log.handshakes, "" if subject.log.handshakes else "没有任何连接 / no connection at all"
        failed = sum(not done for _face, done in hands)
        why = closed or f"握手 {len(hands)} 次,失败 {failed} 次 / {len(hands)} handshakes, {failed} failed"
        bench.fail(
            "a", f"系统没有连到测试台 {subject.server.url}:{why}", f"the system did not reach the bench: {why}",
            place=subject.server.url,
        )  # fmt: skip
    elif any(call.status == 403 or "3001" in call.unreadable for call in subject.log.calls):
        bench.fail("b", "客户端证书不是登记的那张", "the client's certificate is not the registered one")


@case("CON-02", "P")
def as_declared(bench: Bench) -> None:
    """Who sends, to whom, in which form: as declared; every call is one of the contract."""
    subject, party = client(bench), client(bench).server.party
    for operation in bench.description.table("abilities").get("operations") or ():
        bench.examined()
        if operation not in OPERATIONS:
            bench.fail(
                "a",
                f"声明与实际不符:声明有操作 {operation},接口中没有",
                f"{operation} is declared, the contract has none",
            )
    bench.examined(len(bench.capture.records))
    for name, expected in (("senderCode", party.sender), ("receiverCode", party.receiver)):
        told = {call.package.head.get(name, "") for call in subject.log.submissions() if call.package}
        if told - {expected}:
            bench.fail(
                "b", f"{name} 与声明不符", f"{name} is not the declared one", place=name, expected=expected,
                received=sorted(told),
            )  # fmt: skip
    declared = bench.description.declares("form")
    used = {call.form for call in subject.log.submissions()}
    if declared in FORMS and used - {declared}:
        bench.fail(
            "c", f"声明以 {declared} 报送,实际用了 {sorted(used)}", "sent in another form than declared", received=used
        )
    for call in list(subject.log.calls):
        if call.package is not None and call.unreadable:
            bench.fail("d", f"请求不合接口规范:{call.unreadable}", f"a call is not of the contract: {call.unreadable}")
            return


@case("CON-03", "P")
def refers_to_nothing_outside(bench: Bench) -> None:
    """No message, and no WSDL that the client was made from, refers to a schema on another host."""
    subject = client(bench)
    own = urlsplit(subject.server.url).netloc
    texts = [("数据包 / package", body) for body in bench.capture.messages]
    wsdl = bench.description.file("push", "wsdl")
    if wsdl is not None:
        texts.append(("[push] wsdl", wsdl.read_bytes()))
    for place, body in texts:
        bench.examined()
        hints = re.findall(rb"schemaLocation\s*=\s*[\"']([^\"']+)", body) + re.findall(
            rb"<!ENTITY[^>]*\"([^\"]+)\"", body
        )
        for address in (word for hint in hints for word in hint.decode("utf-8", "replace").split()):
            at = urlsplit(address)
            if (
                at.scheme in {"http", "https", "ftp"}
                and at.netloc != own
                and address.endswith((".xsd", ".wsdl", ".dtd"))
            ):
                bench.fail("a", f"引用了外部地址 {at.scheme}://{at.netloc}", f"refers to {at.netloc}", place=place)
                return


@case("CON-04", "P", "F")
def announces_its_version(bench: Bench) -> None:
    """Every Head names a version of the standard that this suite supports."""
    subject = sender(bench)
    bench.examined(len(bench.capture.messages))
    told = {call.package.head.get("standardVersion", "") for call in subject.log.submissions() if call.package}
    if told - set(SUPPORTED):
        bench.fail(
            "a", f"接口版本 {sorted(told)},本套件支持 {SUPPORTED}", "a version that is not supported", received=sorted(told)
        )  # fmt: skip


@case("SEC-02", "P")
def client_certificate(bench: Bench) -> None:
    """The client's certificates, of the connection and of the signature: 30 days left, a key that is long enough."""
    subject = client(bench)
    shown = {call.certificate for call in subject.log.calls if call.certificate}
    if not shown:
        raise Inconclusive("没有收到任何请求", "no request came")
    certificates = [x509.load_der_x509_certificate(der) for der in sorted(shown)]
    certificates.append(x509.load_pem_x509_certificate(subject.server.party.signing.read_bytes()))
    for certificate in certificates:
        bench.examined()
        left = (certificate.not_valid_after_utc - bench.clock.now()).days
        if left < 30:
            bench.fail("b", f"证书问题:剩余有效期 {left} 天,不足 30 天", f"only {left} days are left")
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
            bench.fail("c", f"证书问题:RSA {key.key_size} 位", f"an RSA key of {key.key_size} bits")
        elif not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            bench.fail("c", "证书问题:密钥算法不在允许之列", "the key is neither RSA nor EC")


@case("SEC-10", "P")
def nothing_secret_in_addresses(bench: Bench) -> None:
    """No secret and no identity number in request targets or headers."""
    subject = client(bench)
    subject.wait(lambda: subject.log.calls)
    for call in list(subject.log.calls):
        bench.examined()
        headers = " ".join(
            f"{name}={value}" for name, value in call.headers.items() if name in {"soapaction", "referer", "cookie"}
        )
        for place in (call.target, headers):
            if SECRET.search(place):
                bench.fail("a", "地址中出现口令", "a secret stands in an address", place=call.target.partition("?")[0])
                return
            if NUMBER.search(place) and mask_text(place) != place:
                bench.fail("b", "地址中出现证件号码", "an identity number stands in an address", place=call.operation)
                return


@case("SCH-03", "P")
def encoded_as_declared(bench: Bench) -> None:
    """Bodies are in the encoding that XML declaration and Content-Type declare; the contract takes UTF-8 only."""
    bench.capture  # noqa: B018 - the messages come with it
    for call in [call for call in list(client(bench).log.calls) if call.body]:
        bench.examined()
        header = re.search(r"charset=\"?([\w-]+)", call.headers.get("content-type", ""))
        inside = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w-]+)", call.body)
        names = [(header.group(1) if header else "").lower(), (inside.group(1).decode() if inside else "").lower()]
        declared = names[1] or names[0] or "utf-8"
        try:
            call.body.decode(declared)
        except (UnicodeError, LookupError):
            bench.fail("a", f"声明 {declared},实际不是", "the declared encoding is not the real one", received=declared)
            return
        if all(names) and names[0] != names[1]:
            bench.fail("b", f"HTTP 头声明 {names[0]},XML 声明 {names[1]}", "HTTP header and XML declaration differ")
            return
        if declared not in {"utf-8", "us-ascii"}:
            bench.fail("c", f"接口只收 UTF-8,报文声明 {declared}", f"UTF-8 only, the message is {declared}")
            return


@case("SCH-06", "P", "F")
def in_its_namespace(bench: Bench) -> None:
    """Packages and payloads stand in the namespace of this version."""
    for message in bench.capture.messages:
        bench.examined()
        found = {
            name.decode("utf-8", "replace")
            for tag in re.findall(rb"<[^!?/][^>]*>", message)
            for name in re.findall(rb"\sxmlns(?::[\w.-]+)?\s*=\s*[\"']([^\"']*)[\"']", tag)
        }
        wrong = sorted(name for name in found if name.startswith("urn:jx:") and name != EXCHANGE)
        if wrong or EXCHANGE not in found:
            bench.fail(
                "a", f"命名空间 {(wrong or ['无'])[0]},应为 {EXCHANGE}", "another namespace", expected=EXCHANGE, received=wrong
            )  # fmt: skip
            return


@case("CLK-01", "P", "F")
def clock_agrees(bench: Bench) -> None:
    """createdAt of a package made now is within 5 s of the bench's clock."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        before = bench.clock.now()
        key = added(bench)[0]
        call = came(bench, key, after)[0]
        now = bench.clock.now()
        bench.examined()
        told = call.package.head.get("createdAt", "") if call.package else ""
        try:
            made = datetime.fromisoformat(told)
            early, late = (before - made).total_seconds(), (made - now).total_seconds()
        except (ValueError, TypeError):  # no time at all, or one without its zone
            bench.fail("a", f"不是带时区的时刻:{told}", f"not a moment with its zone: {told}", received=told)
            return
        offset = late if late > OFFSET else -early if early > OFFSET else 0
        if offset:
            bench.fail(
                "a", f"时钟偏差 {offset:.0f} 秒", f"the clock is off by {offset:.0f} s", expected="≤ 5 s",
                received=f"{offset:.0f} s",
            )  # fmt: skip


@case("IDM-05", "P", "F")
def one_id_one_content(bench: Bench) -> None:
    """No key and version, no recordId, no packageId carries two contents; declared digests are those of the content."""
    subject = sender(bench)
    with subject.undisturbed():
        subject.catch_up()
        bench.drive("record.touch", part="main")
        subject.current()
    contents, ids = defaultdict[tuple[str, int], set[str]](set), defaultdict[str, set[str]](set)
    packages = defaultdict[str, set[str]](set)
    for call in subject.log.submissions():
        if call.package is None:
            continue
        packages[call.package.package_id].add(call.package.computed_body_digest)
        for record in call.package.records:
            bench.examined()
            contents[record.key, record.version].add(record.computed_digest)
            ids[record.record_id].add(f"{record.key}|{record.version}|{record.computed_digest}")
            if record.digest != record.computed_digest and not call.mended:
                bench.fail(
                    "b", "contentDigest 与内容不符", "contentDigest is not that of the content", examples=[record.key]
                )  # fmt: skip
                return
    twice = [(name, len(found)) for name, found in contents.items() if len(found) > 1]
    if twice:
        (key, version), number = twice[0]
        bench.fail(
            "a", f"{key} 第 {version} 版有 {number} 种内容", f"{key} version {version} has {number} contents", examples=[key]
        )  # fmt: skip
    elif any(len(found) > 1 for found in ids.values()):
        bench.fail("c", "同一 recordId 有两种内容", "one recordId carries two contents")
    again = [name for name, found in packages.items() if len(found) > 1]
    if again:
        bench.fail("d", "同一 packageId 有两种内容", "one packageId carries two contents", examples=again)


@case("IDM-06", "P", "F")
def no_duplicates_in_a_package(bench: Bench) -> None:
    """No record stands twice in one package."""
    bench.capture  # noqa: B018 - the packages come with it
    for call in sender(bench).log.submissions():
        held = [(record.key, record.version) for record in call.package.records] if call.package else []
        bench.examined(len(held))
        twice = [key for (key, _version), count in Counter(held).items() if count > 1]
        if twice:
            bench.fail(
                "a", f"批内重复 {len(twice)} 条", f"{len(twice)} records stand twice in a package", examples=twice
            )
            return


@case("VOL-06", "P", "F")
def nothing_to_send(bench: Bench) -> None:
    """With nothing to send no empty package goes out, and sending goes on afterwards."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        bench.examined()
        subject.idle(REAL_TIME)
        empty = [
            call
            for call in subject.log.calls[after:]
            if call.operation == "SubmitPackage" and not (call.package and call.package.records)
        ]
        if empty:
            bench.fail("a", f"没有数据也发出 {len(empty)} 个空数据包", f"{len(empty)} packages without a record")
        key = added(bench)[0]
        if not accepted(bench, [key], after):
            bench.fail("b", "空闲之后不再发送", "nothing is sent after an idle time", examples=[key])


@case("REC-01", "P", "F")
def counts_agree(bench: Bench) -> None:
    """Daily counts of the business tables by item and record type equal what came, on days of the capture."""
    subject = sender(bench)
    subject.settle()
    subject.current()
    now = list(subject.log.sent.values())
    days = sorted({record.day for record in bench.capture.records if record.day})
    for day in sorted(bench.chance.sample(days, min(DAYS, len(days)))):
        told = bench.drive("counts.list", day=day).told.get("rows") or []
        ours = Counter(
            (record.type, record.text("itemCode") or "")
            for record in now
            if record.day == day and record.type != "GG_CH"
        )
        theirs = Counter[tuple[str, str]]()
        for row in told:
            if isinstance(row, dict) and row.get("type") != "GG_CH":
                theirs[str(row.get("type", "")), str(row.get("itemCode") or "")] += int(
                    row.get("distinctKeys") or row.get("count") or 0
                )
        bench.examined(sum(ours.values()))
        wrong = sorted(name for name in {*ours, *theirs} if ours[name] != theirs[name])
        if wrong:
            type_, item = wrong[0]
            bench.fail("a", f"{day} {type_} {item}:对方 {theirs[wrong[0]]} 我方 {ours[wrong[0]]}",
                       f"{day} {type_} {item}: they count {theirs[wrong[0]]}, we {ours[wrong[0]]}", place=day)  # fmt: skip
            return


@case("REC-03", "P", "F")
def zero_day(bench: Bench) -> None:
    """A day without cases has a count of its own, which says zero."""
    days = sorted({record.day for record in bench.capture.records if record.day})
    if not days:
        raise Inconclusive("没有收到记录", "no record came")
    bench.drive("counts.list", day=days[0])  # a system that cannot count at all is inconclusive
    for day in ("2000-02-01", "2000-02-05"):
        bench.examined()
        try:
            answer = bench.drive("counts.list", day=day)
        except Inconclusive as refused:
            bench.fail(
                "a", f"{day} 无零报告:{refused.reason.zh}", f"no zero report for {day}: {refused.reason.en}", place=day
            )
            return
        if any(int(row.get("count") or 0) for row in answer.told.get("rows") or () if isinstance(row, dict)):
            bench.fail("b", f"{day} 没有办件,却报了数", f"{day} has no cases but counts", place=day)
