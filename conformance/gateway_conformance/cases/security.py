# SPDX-License-Identifier: Apache-2.0
"""SEC for profile S: transport, credentials, signatures, secrets."""

import hashlib
import http.client
import re
import socket
import ssl
import uuid
import warnings

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.documents import safexml
from gateway.errors import TrustError
from gateway.trust.masking import mask_text
from gateway.trust.signing import Signer, Verifier
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.connection import OPERATIONS
from gateway_conformance.cases.service import service
from gateway_conformance.clock import ScaledClock
from gateway_conformance.subjects.soap import SoapSubject
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.subjects.wire import EXCHANGE, NS, envelope
from gateway_conformance.verdict import Inconclusive

PARTY = "department"
INNER = {"GetKeys": "<day>2022-03-01</day>", "GetCounts": "<day>2022-03-01</day>", "GetRecords": "<size>5</size>"}


def _old_context(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # offering what is outdated is the purpose
        context.minimum_version = context.maximum_version = version
    return context


def can_offer(version: ssl.TLSVersion) -> bool:
    """Tell whether this bench's OpenSSL can speak a version: a ClientHello must come out."""
    try:
        context = _old_context(version)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            return bool(outgoing.read())
    except (ssl.SSLError, ValueError, OSError):
        return False
    return False


@case("SEC-01", "S")
def modern_tls(bench: Bench) -> None:
    """TLS 1.0 and 1.1 are refused, 1.2 or 1.3 accepted."""
    subject = service(bench)
    if not subject.secure:
        bench.examined()
        bench.fail("b", "服务没有使用 TLS", "the service does not use TLS")
        return
    old = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
    if not all(can_offer(version) for version in old):
        raise Inconclusive("本机 OpenSSL 不能发起 TLS 1.0/1.1", "this machine's OpenSSL cannot offer TLS 1.0 and 1.1")
    for version in (*old, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        bench.examined()
        taken = _handshakes(subject, version)
        if taken and version in old:
            bench.fail("a", f"接受了过时的 {version.name}", f"accepts the outdated {version.name}")


def _handshakes(subject: SoapSubject, version: ssl.TLSVersion) -> bool:
    try:
        with (
            socket.create_connection(subject.address, timeout=10) as plain,
            _old_context(version).wrap_socket(plain, server_hostname=subject.address[0]) as secured,
        ):
            return secured.version() is not None
    except OSError:
        return False


@case("SEC-02", "S")
def server_certificate(bench: Bench) -> None:
    """The server's certificate: chain and name verify, 30 days left, a key that is long enough."""
    subject = service(bench)
    bench.examined()
    try:
        with (
            socket.create_connection(subject.address, timeout=10) as plain,
            subject.context(subject.credential).wrap_socket(plain, server_hostname=subject.address[0]) as secured,
        ):
            der = secured.getpeercert(binary_form=True) or b""
    except ssl.SSLCertVerificationError as error:
        bench.fail("a", f"证书问题:{error.verify_message}", f"the certificate does not verify: {error.verify_message}")
        return
    except OSError as error:
        raise Inconclusive(f"无法完成 TLS 握手:{error}", f"no handshake: {error}") from error
    certificate = x509.load_der_x509_certificate(der)
    left = (certificate.not_valid_after_utc - bench.clock.now()).days
    if left < 30:
        bench.fail("b", f"证书问题:剩余有效期 {left} 天,不足 30 天", f"only {left} days are left")
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        bench.fail("c", f"证书问题:RSA {key.key_size} 位", f"an RSA key of {key.key_size} bits")
    elif not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        bench.fail("c", "证书问题:密钥算法不在允许之列", "the key is neither RSA nor EC")


def _ask(subject: SoapSubject, context: ssl.SSLContext, operation: str) -> tuple[str, bool]:
    """Return how an operation is refused (text) and whether anything was given away."""
    connection = subject.connect(context)
    try:
        reply = subject.post(envelope(operation, INNER.get(operation, "")), operation, connection=connection)
    except (OSError, http.client.HTTPException):
        return "refused", False
    finally:
        connection.close()
    fault = reply.fault()
    return (f"{fault[0]} {fault[1]}" if fault else f"HTTP {reply.status}"), reply.status < 400 and fault is None


@case("SEC-03", "S")
def nothing_without_credentials(bench: Bench) -> None:
    """No operation gives anything to an anonymous caller."""
    subject = service(bench)
    for operation in OPERATIONS[1:5]:
        bench.examined()
        if _ask(subject, subject.context(), operation)[1]:
            bench.fail(
                "a", f"未认证也应答了 {operation}", f"{operation} was answered without credentials", place=operation
            )


@case("SEC-04", "S")
def bad_credentials(bench: Bench) -> None:
    """Expired, revoked and foreign certificates are refused, all in the same way; the bench's own still works."""
    subject = service(bench)
    texts = {}
    for kind in ("expired", "revoked", "other_unit"):
        credential = bench.description.credential("soap", kind)
        if credential is None:
            raise Inconclusive(f"sut.toml 没有给出 {kind}_cert", f"sut.toml gives no {kind}_cert")
        bench.examined()
        text, given = _ask(subject, subject.context(credential), "GetVersion")
        texts[kind] = text
        if given:
            bench.fail("a", f"{kind} 凭据被接受", f"the {kind} certificate was accepted", place=kind)
    if not bench.failures and len(set(texts.values())) > 1:
        bench.fail(
            "b", "对不同坏凭据的答复不同,可被用来探测", "bad credentials are told apart by the answer", received=texts
        )
    subject.answer("Ping")


@case("SEC-05", "S")
def signatures_cover(bench: Bench) -> None:
    """Packages verify with the department's certificate; an altered receipt is refused, an honest one is taken."""
    subject = service(bench)
    certificate = bench.description.file("soap", "signing_cert")
    key, own = (bench.description.file("soap", name) for name in ("receipts_key", "receipts_cert"))
    if certificate is None or key is None or own is None:
        raise Inconclusive("sut.toml 没有给出签名证书", "sut.toml gives no signing certificates")
    page = subject.page(size=5)
    package = safexml.parse(page.reply.body).find(f".//{{{EXCHANGE}}}Package")
    if package is None or not page.records:
        raise Inconclusive("没有数据包可验", "there is no package to verify")
    _verify_package(bench, package, certificate.read_bytes())
    for letter, part, altered in (("c", "正文", "results"), ("d", "时间戳", "receivedAt")):
        bench.examined()
        receipt = _receipt(page.records[0].record_id, Signer(key.read_bytes(), own.read_bytes()), bench.clock)
        if altered == "results":
            receipt = receipt.replace("<code>0000</code></Result>", "<code>0001</code></Result>")
        else:
            receipt = re.sub(r"(<receivedAt>\d{4}-)\d\d", r"\g<1>09", receipt)
        if subject.call("PutReceipt", receipt).fault() is None:
            bench.fail(letter, f"改动{part}后签名仍通过", f"a receipt with altered {altered} was taken", place=altered)
    honest = _receipt(page.records[0].record_id, Signer(key.read_bytes(), own.read_bytes()), bench.clock)
    fault = subject.call("PutReceipt", honest).fault()
    if fault is not None:
        bench.fail("e", f"正确的回执被拒:{fault[0]}", f"an honest receipt was refused: {fault[0]}")


def _verify_package(bench: Bench, package: safexml.Element, certificate: bytes) -> None:
    """Head signed by the department, bodyDigest over what the Body lists; whether contents fit is IDM-05's matter."""
    bench.examined()
    parts = {str(child.tag).rpartition("}")[2]: child for child in package}
    if not {"Head", "Body", "Signature"} <= set(parts):
        bench.fail("a", "数据包没有签名", "a package without Head, Body or signature", received=sorted(parts))
        return
    head, body, signature = parts["Head"], parts["Body"], parts["Signature"]
    verifier = Verifier({PARTY: [certificate]})
    try:
        verifier.verify(head, signature, PARTY)
    except TrustError as error:
        bench.fail("a", f"数据包签名不成立:{error}", f"the signature of a package does not hold: {error}")
        return
    lines = "".join("|".join((part.text or "").strip() for part in list(record)[:4]) + "\n" for record in body)
    if hashlib.sha256(lines.encode()).hexdigest() != head.findtext(f"{{{EXCHANGE}}}bodyDigest"):
        bench.fail(
            "f",
            "bodyDigest 与正文不符,签名没有覆盖正文",
            "bodyDigest is not that of the Body: the signature does not cover it",
        )
    altered = safexml.parse(safexml.canonical(head).replace(b"recordCount>", b"recordCount>1", 1))
    try:
        verifier.verify(altered, signature, PARTY)
    except TrustError:
        return
    bench.fail("b", "改动报文头后签名仍通过", "the signature holds over an altered Head")


def _receipt(record_id: str, signer: Signer, clock: ScaledClock) -> str:
    results = (
        f'<Results xmlns="{EXCHANGE}"><Result><recordId>{record_id}</recordId><code>0000</code></Result></Results>'
    )
    now = clock.now().isoformat(timespec="seconds")
    head = (
        f'<Head xmlns="{EXCHANGE}" Id="r-1"><packageId>{uuid.uuid5(uuid.NAMESPACE_URL, record_id + now)}</packageId>'
        f"<receiver>113601009900000258</receiver><receivedAt>{now}</receivedAt><receiptNo>1</receiptNo>"
        f"<incarnation>1</incarnation><code>0000</code><recordCount>1</recordCount>"
        f"<resultDigest>{hashlib.sha256(results.encode()).hexdigest()}</resultDigest></Head>"
    ).encode()
    return f'<Receipt xmlns="{EXCHANGE}">{head.decode()}{results}{signer.sign(head).decode()}</Receipt>'


@case("SEC-06", "S")
def replay_refused(bench: Bench) -> None:
    """A replayed request is refused, an honest retry with a fresh nonce accepted; only where the system declares it."""
    bench.need_ability("replay_protection")
    subject = service(bench)

    def send(nonce: str) -> bool:
        header = f'<soap:Header><Request xmlns="{NS}"><nonce>{nonce}</nonce></Request></soap:Header><soap:Body>'
        body = envelope("Ping").replace(b"<soap:Body>", header.encode(), 1)
        try:
            return subject.post(body, "Ping").fault() is None
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"Ping 没有应答:{error}", f"Ping was not answered: {error}") from error

    first, second = (str(uuid.UUID(int=bench.chance.getrandbits(128), version=4)) for _ in range(2))
    bench.examined(3)
    taken = [send(first), send(first), send(second)]
    if taken[1]:
        bench.fail("a", "重放请求被当作新请求", "a replayed request was taken as a new one")
    if not taken[0] or not taken[2]:
        bench.fail("b", "诚实的请求被当作重放", "an honest request was refused as a replay")


def _no_secrets(bench: Bench, places: list[str]) -> None:
    for place in places:
        bench.examined()
        if re.search(r"(?i)(password|passwd|pwd|secret|token)=|//[^/@]+:[^/@]+@", place):
            bench.fail("a", "地址中出现口令", "a secret stands in an address", place=place.partition("?")[0])


@case("SEC-10", "S")
def no_secrets_in_the_open(bench: Bench) -> None:
    """No secret or identity number in addresses or fault texts."""
    subject = service(bench)
    places = [bench.description.text("soap", "url"), bench.description.text("soap", "wsdl")]
    _no_secrets(bench, places)
    attribute = re.compile(r"(?i)\b(?:schema)?location\s*=\s*[\"']([^\"']+)")
    for reply in subject.contract().values():
        _no_secrets(bench, attribute.findall(reply.text))
    number = "360111198505050023"
    for operation, inner in (("GetRecords", f"<cursor>{number}</cursor>"), ("GetKeys", f"<day>{number}</day>")):
        bench.examined()
        fault = subject.call(operation, inner).fault()
        if fault and mask_text(fault[1]) != fault[1]:
            bench.fail("b", "错误文本中出现证件号码", "a fault text shows an identity number", place=operation)
