# SPDX-License-Identifier: Apache-2.0
"""The stand-in's HTTPS server: SOAP and REST, faces right and wrong, a gate that holds packages back, everything noted."""

import contextlib
import hashlib
import socket
import ssl
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from gateway.errors import BadGateway
from gateway.exchange.json_form import JsonForm
from gateway_conformance.capture import Judge
from gateway_conformance.evidence import Evidence
from gateway_conformance.standin import reading
from gateway_conformance.standin.credentials import Credentials, Face
from gateway_conformance.standin.intake import BenchReceiver, BenchScript, BenchService, acknowledged
from gateway_conformance.standin.log import Call, Log
from gateway_reference import pack as packs
from gateway_reference import soap, wire
from gateway_reference.faults import Fault
from gateway_reference.listening import PATH, Gone, Server
from gateway_reference.parties import Peer, System
from gateway_reference.receiving import Kind
from gateway_reference.server import Handler
from gateway_reference.signing import Signer
from gateway_reference.store import Store
from gateway_reference.wire import NAMESPACE, Refusal, escape

REST: Final = f"{PATH}/v1"
GETS: Final = {
    "/ping": ("Ping", ()), "/version": ("GetVersion", ()), "/receipts": ("QueryReceipt", ("packageId", "recordId")),
    "/statements": ("GetStatement", ("day", "org")), "/keys": ("GetKeys", ("day", "org", "cursor", "size")),
    "/notices": ("FetchNotices", ("since", "cursor", "size")),
}  # fmt: skip
POSTS: Final = {"/packages": "SubmitPackage", "/notices/acknowledgements": "AckNotices"}
HELD_SECONDS: Final = 20.0
_PARTIAL_CHAIN: Final = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: a pinned certificate is trusted, whoever issued it
_NO_CHECK_TIME: Final = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: the dates of a client's certificate are SEC-02's matter


@dataclass(frozen=True)
class Party:
    """Who pushes, and who the stand-in is to it: codes, registered certificates, address to listen at."""

    sender: str
    receiver: str
    client: Path
    signing: Path
    client_ca: Path | None
    host: str
    port: int
    credentials: Credentials


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def open_server(party: Party, place: Path, judge: Judge, evidence: Evidence) -> "BenchServer":
    """Listen; raises OSError where the address is taken, ValueError where a certificate cannot be read."""
    credentials, log = party.credentials, Log()
    client = _certificate(party.client).public_bytes(Encoding.DER)
    peer = Peer(
        party.sender, party.sender, frozenset({hashlib.sha256(client).hexdigest()}), _certificate(party.signing),
        frozenset({"*"}),
    )  # fmt: skip
    key = load_pem_private_key(credentials.key("receipts").read_bytes(), None)
    system = System(
        party.receiver, "测试台 / bench", credentials.certificate(Face.RIGHT), credentials.key(Face.RIGHT),
        party.client_ca or party.client, key, _certificate(credentials.certificate("receipts")), {party.sender: peer},
    )  # fmt: skip
    pack, storage = packs.Pack(packs.find()), Store(place)
    receiver = BenchReceiver(log, system, pack, storage, kind=Kind.IDEMPOTENT, strict_catalogue=False)
    operations = BenchService(receiver, receiver.take, system, pack, storage, receiver, Kind.IDEMPOTENT)
    server = BenchServer(
        party.port, BenchHandler, system=system, pack=pack, storage=storage, operations=operations, receiver=receiver,
        script=BenchScript(), host=party.host,
    )  # fmt: skip
    server.begin(party, judge, evidence, log)
    return server


class BenchServer(Server):
    """Listens where the system under test sends to."""

    party: Party
    log: Log
    judge: Judge
    evidence: Evidence

    def begin(self, party: Party, judge: Judge, evidence: Evidence, log: Log) -> None:
        """Take up the work in a thread of its own."""
        self.party, self.judge, self.evidence, self.log = party, judge, evidence, log
        self.forms = JsonForm(self.pack.root / "openapi" / "power-exchange.json")
        self.gate = threading.Event()
        self.gate.set()
        self._open: set[ssl.SSLSocket] = set()
        self._faces: dict[int, Face] = {}
        self._context: ssl.SSLContext
        self.present(Face.RIGHT)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def bench_script(self) -> BenchScript:
        """The rules of the cases."""
        return cast(BenchScript, self.script)

    def present(self, face: Face) -> None:
        """Show this face to every connection that comes from now on, and cut those that are open."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        name = Face.RIGHT if face is Face.OLD_TLS else face
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if face is Face.OLD_TLS:
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # to offer what is outdated is the purpose
                context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        credentials = self.party.credentials
        context.load_cert_chain(credentials.certificate(name), credentials.key(name))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.party.client_ca or self.party.client)
        context.load_verify_locations(self.party.client)
        context.verify_flags |= _PARTIAL_CHAIN | _NO_CHECK_TIME
        self._faces[id(context)] = face
        self._context = context
        self.tls = context
        self.hang_up()

    def context(self) -> ssl.SSLContext:
        """Return a context for the time before ``present``: nothing is accepted yet."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def hang_up(self) -> None:
        """Cut every connection that is open."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    connection, socket.SHUT_RDWR
                )  # SSLSocket's own would let its thread read ciphertext

    def face(self, connection: Any) -> Face:
        """Return the face that a connection was shown."""
        return self._faces.get(id(connection.context), Face.RIGHT)

    def shake_hands(self, request: socket.socket) -> ssl.SSLSocket | None:
        """Shake hands and note how it ended."""
        face = self._faces.get(id(self.tls), Face.RIGHT)
        secured = super().shake_hands(request)
        self.log.shaken(face, done=secured is not None)
        if secured is not None:
            self._open.add(secured)
        return secured

    def shutdown_request(self, request: Any) -> None:
        """Let go of a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def close(self) -> None:
        """Stop listening and let go of everything."""
        self.stopping.set()
        self.gate.set()
        self.hang_up()
        self.shutdown()
        self.drain(5)
        self.server_close()
        self.storage.close()


@dataclass(slots=True)
class _Answer:
    call: Call | None = None
    as_json: bool = False
    sent: bytes = field(default=b"")


class BenchHandler(Handler):
    """One connection of the system under test."""

    server: BenchServer

    def spoken(self) -> None:
        """Note the first byte of a request; over a wrong face nothing is read."""
        face = self.server.face(self.connection)
        self.server.log.spoken(face)
        if face is not Face.RIGHT:
            raise Gone

    def knows(self, path: str) -> bool:
        """Tell whether a path is of the contract."""
        return path == PATH or path.removeprefix(REST) in {**GETS, **POSTS}

    def do_GET(self) -> None:  # noqa: N802 - the base class names it so
        """Carry out a reading operation of REST, or give the contract's files."""
        if urlsplit(self.path).path.removeprefix(REST) in GETS and self.path.startswith(REST):
            with self.server.working():
                self.post()
        else:
            self._answer = _Answer()
            super().do_GET()

    def post(self) -> None:
        """Carry out one operation; whatever becomes of it is noted."""
        self._answer = _Answer()
        try:
            super().post()
        except (Gone, OSError):
            if self._answer.call is not None:
                self._done(0, b"")
            raise

    def body(self) -> bytes:
        """Read a request and note it before anything is made of it."""
        rest = urlsplit(self.path).path.startswith(REST)
        wants = self.headers.get("Accept", "").lower()
        kind = self.headers.get_content_type() if self.headers.get("Content-Type") else ""
        self._answer.as_json = rest and ("json" in wants or (kind == "application/json" and "xml" not in wants))
        body = b"" if self.command == "GET" else super().body()
        form = ("rest-json" if kind == "application/json" else "rest-xml") if rest else (
            "soap12" if kind == "application/soap+xml" else "soap11"
        )  # fmt: skip
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(0, time.monotonic(), "", self.path, form, headers, body)
        call.certificate = self.certificate
        self._answer.call = self.server.log.begin(call)
        return body

    def read_request(self, body: bytes) -> soap.Request:
        """Return the request that a body is, leniently; raises Refusal."""
        call = self._answer.call
        assert call is not None  # noqa: S101 - body() has made it
        try:
            request = self._request(body, call)
        except Refusal as refused:
            call.unreadable = f"{refused.code} {refused.message}"
            raise
        self._note(call, request)
        return request

    def _request(self, body: bytes, call: Call) -> soap.Request:
        at = urlsplit(self.path)
        if not at.path.startswith(REST):
            version = soap.Version.V12 if call.form == "soap12" else soap.Version.V11
            root, call.mended = reading.tree(body)
            told = reading.child(root, "Body")
            found = next((each for each in (() if told is None else told) if reading.local(each)), None)
            if reading.local(root) != "Envelope" or found is None:
                raise Refusal("1002", "不是 SOAP 信封 / not a SOAP envelope")
            return soap.Request(version, reading.local(found), found)
        path = at.path.removeprefix(REST)
        if self.command == "GET":
            operation, names = GETS[path]
            given = dict(parse_qsl(at.query))
            inner = "".join(f"<{name}>{escape(given[name])}</{name}>" for name in names if name in given)
            return soap.Request(
                soap.Version.REST, operation, wire.parse(f'<{operation} xmlns="{NAMESPACE}">{inner}</{operation}>'.encode())
            )  # fmt: skip
        operation = POSTS.get(path, "")
        if call.form == "rest-json":
            try:
                call.body = body = self.server.forms.to_xml(operation, body)
            except BadGateway as error:
                raise Refusal("1001", str(error)) from error
        root, call.mended = reading.tree(body)
        if reading.local(root) != operation:
            raise Refusal("1002", "报文不是该地址的操作 / not the operation of this address")
        return soap.Request(soap.Version.REST, operation, root)

    def _note(self, call: Call, request: soap.Request) -> None:
        log = self.server.log
        with log.changed:
            call.operation = request.operation
            if request.operation == "SubmitPackage":
                call.package = reading.package(request.element, self.server.judge.type_of, call.body)
            elif request.operation == "QueryReceipt":
                call.asked = reading.text(request.element, "packageId") or reading.text(request.element, "recordId")
            elif request.operation == "AckNotices":
                call.acknowledged = tuple(acknowledged(request.element))
            log.changed.notify_all()

    def perform(self, request: soap.Request) -> bytes:
        """Carry out an operation, a package once the gate is open."""
        if self.server.stopping.is_set():
            raise Gone
        if request.operation == "SubmitPackage":
            self.server.gate.wait(HELD_SECONDS)
        cast(BenchReceiver, self.server.receiver).local.call = self._answer.call
        return super().perform(request)

    def struck(self, fault: Fault, request: soap.Request) -> None:
        """Note which fault strikes a call."""
        if self._answer.call is not None:
            self._answer.call.fault = fault.action.value

    def signer(self, fault: Fault) -> Signer:
        """Return the pair that a wrong receipt is signed with."""
        name = str(fault.options.get("signer", "receipts"))
        credentials = self.server.party.credentials
        key = load_pem_private_key(credentials.key(name).read_bytes(), None)
        return Signer(key, _certificate(credentials.certificate(name)))

    def reply(self, status: int, content_type: str, answer: bytes) -> None:
        """Send an answer, as JSON where the caller wants that."""
        if self._answer.as_json:
            with contextlib.suppress(Refusal, KeyError):
                answer = self.server.forms.to_json(wire.parse(answer))
                content_type = "application/json; charset=utf-8"
        super().reply(status, content_type, answer)

    def send(
        self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        """Send, the moment noted before: what a client waits is counted from there."""
        self._done(status, body)
        super().send(status, content_type, body, headers, cut)

    def _done(self, status: int, answer: bytes) -> None:
        call = self._answer.call
        if call is None or call.answered is not None:
            return
        if call.operation != "FetchNotices":
            self.server.evidence.add(call.operation or self.command, status, answer, call.body)
        self.server.log.done(call, status)
