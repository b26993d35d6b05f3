# SPDX-License-Identifier: Apache-2.0
"""A receiver for the bench: an HTTPS server in a process of its own that verifies packages and signs receipts.

It asks for client certificates, keeps connections alive, verifies the Head's signature, bodyDigest and the digest of
one payload per package, keeps what it holds in memory and is idempotent by packageId. It stands for another machine
but takes its time from the same cores: payloads of packages as the gateway writes them are skipped over, not parsed.
It counts handshakes, connections and requests. A line on standard input (``reset`` or ``counts``) is answered by one line of JSON.

Run it as ``python -m gateway.bench.receiver KEYS NAME``; the first line it prints holds its address.
"""

import argparse
import hashlib
import json
import re
import ssl
import sys
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.bench.rows import CENTRE, RECEIVERS
from gateway.clock import SystemClock
from gateway.documents import safexml, soap
from gateway.documents.package import instant
from gateway.documents.render import NAMESPACE
from gateway.errors import BadGateway, TrustError
from gateway.trust.signing import Signer, Verifier

PATH: Final = "/exchange"
_NS: Final = f"{{{NAMESPACE}}}"


@dataclass(slots=True)
class Counts:
    """What came in since the last reset; ``held`` is the sum of all contentDigests modulo 2^256, in hex."""

    connections: int = 0
    handshakes: int = 0
    requests: int = 0
    packages: int = 0
    records: int = 0
    held: str = "0"
    faults: list[str] = field(default_factory=list)


class Desk:
    """Takes packages and answers with receipts; safe between threads."""

    def __init__(self, name: str, signer: Signer, verifier: Verifier) -> None:
        self.code = RECEIVERS[name].code
        self.counts = Counts()
        self._signer = signer
        self._verifier = verifier
        self._clock = SystemClock()
        self._lock = threading.Lock()
        self._receipts: dict[str, bytes] = {}
        self._number = 0

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self.counts = Counts()
            self._receipts.clear()
            self._number = 0

    def note(self, *names: str) -> None:
        """Count one more of each of ``names``."""
        with self._lock:
            for name in names:
                setattr(self.counts, name, getattr(self.counts, name) + 1)

    def blame(self, fault: str) -> None:
        """Remember what went wrong."""
        with self._lock:
            self.counts.faults.append(fault)

    def answer(self, body: bytes) -> bytes:
        """Return the envelope that answers a request. Raises BadGateway and TrustError for what is not acceptable."""
        skimmed = skim(body)
        if skimmed is not None:
            return self._submitted(skimmed)
        _version, said = soap.unwrap(body)
        if said.tag == f"{_NS}SubmitPackage":
            return self._submitted(_read(said[0]))
        if said.tag == f"{_NS}QueryReceipt":
            known = self._receipts.get(said.findtext(f"{_NS}packageId") or "", b"<status>never-received</status>")
            return soap.wrap(b'<QueryReceiptResponse xmlns="%b">%b</QueryReceiptResponse>' % (_SPACE, known))
        if said.tag == f"{_NS}Ping":
            now = instant(self._clock.now()).encode()
            return soap.wrap(b'<PingResponse xmlns="%b"><serverTime>%b</serverTime></PingResponse>' % (_SPACE, now))
        raise BadGateway(f"{said.tag}: not offered by the bench")

    def _submitted(self, package: "Submitted") -> bytes:
        content = self._take(package)
        return soap.wrap(b'<SubmitPackageResponse xmlns="%b">%b</SubmitPackageResponse>' % (_SPACE, content))

    def _take(self, package: "Submitted") -> bytes:
        head, records = package.head, package.records
        package_id = head.findtext(f"{_NS}packageId") or ""
        known = self._receipts.get(package_id)
        if known is not None:
            return known
        if (head.findtext(f"{_NS}senderCode"), head.findtext(f"{_NS}receiverCode")) != (CENTRE.code, self.code):
            raise BadGateway("not for us, or from somebody else")
        self._verifier.verify(head, package.signature, CENTRE.code)
        _require_digests(package)
        with self._lock:
            self._number += 1
            number = self._number
            self.counts.packages += 1
            self.counts.records += len(records)
            total = int(self.counts.held, 16) + sum(int(digest, 16) for *_, digest in records)
            self.counts.held = f"{total % (1 << 256):x}"
        receipt = self._receipt(package_id, number, [record[0] for record in records])
        self._receipts[package_id] = receipt
        return receipt

    def _receipt(self, package_id: str, number: int, record_ids: list[str]) -> bytes:
        body = "".join([f"<Result><recordId>{each}</recordId><code>0000</code></Result>" for each in record_ids])
        results = f'<Results xmlns="{NAMESPACE}">{body}</Results>'.encode()
        head = (
            f'<Head xmlns="{NAMESPACE}" Id="r-{number}"><packageId>{package_id}</packageId><receiver>{self.code}</receiver>'
            f"<receivedAt>{instant(self._clock.now())}</receivedAt><receiptNo>{number}</receiptNo>"
            f"<incarnation>1</incarnation><code>0000</code><recordCount>{len(record_ids)}</recordCount>"
            f"<resultDigest>{hashlib.sha256(results).hexdigest()}</resultDigest></Head>"
        ).encode()
        return b'<Receipt xmlns="%b">%b%b%b</Receipt>' % (_SPACE, head, results, self._signer.sign(head))


_SPACE: Final = NAMESPACE.encode()


class Submitted(NamedTuple):
    """A package: its records are recordId, key, version and contentDigest; of the payloads only the first is looked at."""

    head: safexml.Element
    signature: safexml.Element
    records: list[tuple[str, ...]]
    payload: safexml.Element


def _read(package: safexml.Element) -> Submitted:
    head, body, signature = package
    return Submitted(head, signature, [tuple([str(each[at].text) for at in range(4)]) for each in body], body[0][4])


_BEGIN: Final = b"<Body>\n"
_END: Final = b"</Record>\n"
_CLOSING: Final = b"</Body>"
_RECORD: Final = re.compile(
    rb"<Record><recordId>([^<]+)</recordId><key>([^<&]+)</key><version>(\d+)</version>"
    rb"<contentDigest>([0-9a-f]{64})</contentDigest>"
)


def skim(body: bytes) -> Submitted | None:
    """Return a package that is written as the gateway and most references write it, or None: then it must be parsed.

    Whatever this overlooks makes bodyDigest or recordCount wrong, and the package is refused.
    """
    begin, end = body.find(_BEGIN) + len(_BEGIN), body.rfind(_CLOSING)
    if not len(_BEGIN) <= begin < end or not body.endswith(_END, begin, end):
        return None
    pieces = body[begin : end - len(_END)].split(_END)
    found = [_RECORD.match(each) for each in pieces]
    first = found[0]
    if first is None or None in found:
        return None
    kept = (body[:begin], b"<Record>", pieces[0][first.end() :], b"</Record>", body[end:])
    _version, said = soap.unwrap(b"".join(kept))
    head, inside, signature = said[0]
    records = [tuple([part.decode() for part in each.groups()]) for each in found if each]
    return Submitted(head, signature, records, inside[0][0])


def _require_digests(package: Submitted) -> None:
    """Make sure that bodyDigest and recordCount fit, and that the first payload has the digest it claims."""
    head, records = package.head, package.records
    lines = "".join([f"{'|'.join(record)}\n" for record in records])
    if hashlib.sha256(lines.encode()).hexdigest() != head.findtext(f"{_NS}bodyDigest"):
        raise TrustError("bodyDigest does not fit")
    if head.findtext(f"{_NS}recordCount") != str(len(records)):
        raise BadGateway("recordCount does not fit")
    if hashlib.sha256(safexml.canonical(package.payload)).hexdigest() != records[0][3]:
        raise TrustError("contentDigest does not fit")


class _Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Server"

    def setup(self) -> None:
        """Shake hands in the connection's own thread."""
        self.server.desk.note("connections")
        self.request.do_handshake()
        self.server.desk.note("handshakes")
        super().setup()

    def do_POST(self) -> None:
        """Answer one SOAP request."""
        desk = self.server.desk
        desk.note("requests")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            status, answer = 200, desk.answer(body)
        except (BadGateway, TrustError) as fault:
            desk.blame(str(fault.detail))
            status, answer = 500, soap.render_fault(soap.ExchangeFault("1001", str(fault.detail)))
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name is the library's
        """Say nothing: standard error belongs to real trouble."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, desk: Desk, context: ssl.SSLContext) -> None:
        self.desk = desk
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Count a connection that broke as a fault; a client that went away is none."""
        fault = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if not isinstance(fault, ConnectionError | ssl.SSLEOFError):
            self.desk.blame(f"{type(fault).__name__}: {fault}")


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("keys", type=Path)
    parser.add_argument("name", choices=sorted(RECEIVERS))
    chosen = parser.parse_args()
    keys, name = chosen.keys, chosen.name
    desk = Desk(
        name,
        Signer((keys / f"{name}-sign.key").read_bytes(), (keys / f"{name}-sign.pem").read_bytes()),
        Verifier({CENTRE.code: [(keys / "gateway-sign.pem").read_bytes()]}),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(keys / f"{name}-tls.pem", keys / f"{name}-tls.key")
    context.load_verify_locations(keys / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = _Server(desk, context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _tell({"url": f"https://127.0.0.1:{server.server_address[1]}{PATH}"})
    for line in sys.stdin:
        if line.strip() == "reset":
            desk.reset()
        _tell(asdict(desk.counts))


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
