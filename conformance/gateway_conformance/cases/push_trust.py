# SPDX-License-Identifier: Apache-2.0
"""SEC, ROB-08, CON-07 and CON-08 for profile P: whom the client believes, and what it survives."""

import ssl

from gateway.documents import safexml
from gateway.errors import TrustError
from gateway.trust.signing import Verifier
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.push import accepted, added, calls_with, came, client, missing, rule, tasks
from gateway_conformance.cases.security import PARTY, can_offer
from gateway_conformance.standin import reading
from gateway_conformance.standin.credentials import Face
from gateway_conformance.standin.log import Call
from gateway_conformance.subjects.wire import EXCHANGE
from gateway_conformance.verdict import Inconclusive


def _speaks_to(bench: Bench, face: Face) -> bool | None:
    """Show a wrong face while there is something to send; returns whether the client sent anything, None: it never tried."""
    subject = client(bench)
    with subject.undisturbed():
        subject.server.present(face)
        try:
            hands, said = len(subject.log.handshakes), len(subject.log.first_bytes)
            bench.drive("records.add", count=1)
            subject.resume()
            tried = subject.wait(lambda: any(each == face for each, _done in subject.log.handshakes[hands:]))
            subject.log.wait(lambda: face in subject.log.first_bytes[said:], 0.3)
            return face in subject.log.first_bytes[said:] if tried else None
        finally:
            subject.server.present(Face.RIGHT)


@case("SEC-01", "P")
def modern_tls(bench: Bench) -> None:
    """The client speaks TLS 1.2 or later only: a server that offers nothing newer than 1.1 gets nothing."""
    subject = client(bench)
    if not all(can_offer(version) for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)):
        raise Inconclusive("本机 OpenSSL 不能发起 TLS 1.0/1.1", "this machine's OpenSSL cannot offer TLS 1.0 and 1.1")
    bench.capture  # noqa: B018 - that it speaks to a modern server comes first
    bench.examined()
    hands = len(subject.log.handshakes)
    spoke = _speaks_to(bench, Face.OLD_TLS)
    if spoke is None:
        raise Inconclusive("客户端没有尝试连接", "the client did not try")
    if spoke or (Face.OLD_TLS, True) in subject.log.handshakes[hands:]:
        bench.fail("a", "接受了过时的 TLS 1.0/1.1", "accepts the outdated TLS 1.0 or 1.1")


@case("SEC-09", "P")
def verifies_the_server(bench: Bench) -> None:
    """To a server with a wrong name, a self-signed or an expired certificate not one byte is sent."""
    for letter, face, zh in (
        ("a", Face.WRONG_NAME, "名称不符的证书"),
        ("b", Face.SELF_SIGNED, "自签名证书"),
        ("c", Face.EXPIRED, "过期证书"),
    ):
        spoke = _speaks_to(bench, face)
        if spoke is None:
            raise Inconclusive("客户端没有尝试连接", "the client did not try")
        bench.examined()
        if spoke:
            bench.fail(
                letter,
                f"对{zh}仍发送了数据",
                f"data was sent to a server with a {face.value} certificate",
                place=face.value,
            )


def doubted(bench: Bench, **options: object) -> Call | None:
    """Answer a package by a wrong receipt; returns what the client did next of it, None: it took that for an answer."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule(times=1, keys=[key], **options))  # type: ignore[arg-type]
        first = came(bench, key, after)[0]
        if not subject.wait(lambda: first.fault and first.answered is not None):
            raise Inconclusive("没有机会给出错误回执", "there was no chance to give a wrong receipt")
        return _next(bench, first, key) or (first if _alarmed(bench, key) else None)


def _alarmed(bench: Bench, key: str) -> bool:
    """Tell whether a person has been told of a record: then its wrong receipt was not taken for one."""
    try:
        return key in tasks(bench)
    except Inconclusive:
        return False


def _next(bench: Bench, first: Call, key: str) -> Call | None:
    subject = client(bench)
    if first.package is None:
        return None
    package = first.package

    def followed() -> list[Call]:
        return [*subject.log.queries(package, after=first.number), *calls_with(bench, key, first.number)]

    subject.wait(followed)
    return min(followed(), key=lambda call: call.number, default=None)


@case("SEC-04", "P")
def receipts_of_others(bench: Bench) -> None:
    """A receipt that another unit, an expired or a revoked certificate has signed is no receipt: the client asks again."""
    for letter, kind in (("a", "expired"), ("b", "revoked"), ("c", "other-unit")):
        bench.examined()
        if doubted(bench, action="wrong-receipt", variant="foreign", signer=f"receipts-{kind}") is None:
            bench.fail(
                letter,
                f"{kind} 凭据签名的回执被接受",
                f"a receipt signed with the {kind} certificate was taken",
                place=kind,
            )


@case("SEC-05", "P")
def signatures_cover(bench: Bench) -> None:
    """Packages verify with the registered certificate and cover their body; altered receipts are not believed."""
    subject = client(bench)
    bench.capture  # noqa: B018 - the packages come with it
    verifier = Verifier({PARTY: [subject.server.party.signing.read_bytes()]})
    for call in subject.log.submissions():
        if call.package is None or not call.package.records or call.mended:
            continue
        bench.examined()
        if not _signed(bench, call, verifier):
            break
    for letter, variant, part in (("c", "altered", "正文"), ("d", "redated", "时间戳"), ("e", "unsigned", "签名值")):
        bench.examined()
        if doubted(bench, action="wrong-receipt", variant=variant) is None:
            bench.fail(
                letter, f"改动回执的{part}后仍被接受", f"a receipt with altered {variant} was taken", place=variant
            )


def _signed(bench: Bench, call: Call, verifier: Verifier) -> bool:
    package = reading.child(safexml.parse(call.body), "Package", deep=True)
    parts = {} if package is None else {reading.local(child): child for child in package}
    if call.package is None or not {"Head", "Body", "Signature"} <= set(parts):
        bench.fail("a", "数据包没有签名", "a package without Head, Body or signature", received=sorted(parts))
        return False
    try:
        verifier.verify(parts["Head"], parts["Signature"], PARTY)
    except TrustError as error:
        bench.fail("a", f"数据包签名不成立:{error}", f"the signature of a package does not hold: {error}")
        return False
    if call.package.computed_body_digest != parts["Head"].findtext(f"{{{EXCHANGE}}}bodyDigest"):
        bench.fail(
            "f", "bodyDigest 与正文不符,签名没有覆盖正文", "bodyDigest is not that of the Body: the signature does not cover it"
        )  # fmt: skip
        return False
    return True


@case("SEC-06", "P")
def receipts_of_other_packages(bench: Bench) -> None:
    """A well-signed receipt of another package, or of other records, settles nothing."""
    for letter, variant in (("a", "other-package"), ("b", "other-records")):
        bench.examined()
        if doubted(bench, action="wrong-receipt", variant=variant) is None:
            bench.fail(
                letter,
                "重放的、别的包的回执被当作本包回执",
                f"a receipt of {variant} was taken for the package's",
                place=variant,
            )


@case("ROB-08", "P")
def hostile_receipts(bench: Bench) -> None:
    """Answers that are none do not end the client: it asks again or sends again, and goes on with what comes next."""
    subject = client(bench)
    kinds = (
        ("a", {"action": "malformed", "variant": "bad-xml"}), ("b", {"action": "malformed", "variant": "doctype"}),
        ("c", {"action": "malformed", "variant": "large"}), ("d", {"action": "wrong-receipt", "variant": "other-package"}),
        ("e", {"action": "html", "when": "after"}), ("f", {"action": "half-answer"}),
    )  # fmt: skip
    for letter, answer in kinds:
        bench.examined()
        name = str(answer.get("variant") or answer["action"])
        if doubted(bench, **answer) is None:
            bench.fail(
                letter,
                f"坏回执({name})之后不再查询也不再重发",
                f"after a bad receipt ({name}) nothing is asked or sent again",
                place=name,
            )
    with subject.undisturbed() as after:
        key = added(bench)[0]
        if not accepted(bench, [key], after):
            bench.fail("g", "坏回执致停发", "bad receipts have stopped the sender", examples=[key])


@case("CON-07", "P")
def sessions_apart(bench: Bench) -> None:
    """Packages on their way at the same time do not disturb each other: each record comes once, whole, and is settled."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            first = added(bench, 3)
            subject.script(rule("delay", first, seconds=0.6, times=1))
        slow = came(bench, first[0], after)[0]
        subject.wait(lambda: slow.fault or slow.answered)
        subject.log.wait(lambda: slow.answered, 0.25)
        second = added(bench, 3)
        keys = [*first, *second]
        if not accepted(bench, keys, after):
            lost = missing(bench, keys, after)
            bench.fail("a", f"并行时丢 {len(lost)} 条", f"{len(lost)} records were lost", examples=lost)
        subject.idle(60)
        sent = [
            (record.key, call.package)
            for call in subject.log.submissions(after=after)
            if call.package
            for record in call.package.records
        ]
        for key in keys:
            bench.examined()
            packages = {package.package_id for held, package in sent if held == key}
            if len(packages) > 1:
                bench.fail("b", "并行时同一记录进了两个数据包", "a record went out in two packages", examples=[key])
                return
    mixed = [call for call in _side_by_side(subject.log.submissions()) if call.package and not _of_one_piece(call)]
    if mixed and mixed[0].package:
        bench.fail(
            "c", "并行时数据包的头与正文不是一个包的", "Head and Body are of two packages", examples=mixed[0].package.keys
        )  # fmt: skip


def _side_by_side(calls: list[Call]) -> list[Call]:
    """Return the calls that were on their way while another was."""
    return [
        call
        for call in calls
        if any(
            other is not call and other.at < (call.answered or call.at) and call.at < (other.answered or other.at)
            for other in calls
        )
    ]


def _of_one_piece(call: Call) -> bool:
    package = call.package
    return call.mended or package is None or package.computed_body_digest == package.head.get("bodyDigest")


@case("CON-08", "P")
def goes_on_after_a_cut(bench: Bench) -> None:
    """Connections cut three times in the middle of an answer leave no lock and no half batch."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            keys = added(bench, 3)
            subject.script(rule("drop-before-store", keys, times=2), rule("half-answer", keys, times=1))
        came(bench, keys[0], after)
        bench.examined(3)
        if not accepted(bench, keys, after):
            lost = missing(bench, keys, after)
            bench.fail("b", f"断开后丢 {len(lost)} 条", f"{len(lost)} records are lost after the cut", examples=lost)
        subject.idle(60)  # the client comes to terms with the last cut
        later = added(bench)[0]
        if not accepted(bench, [later], after):
            bench.fail("a", "断开后不再发送", "nothing is sent after the cut", examples=[later])
