# SPDX-License-Identifier: Apache-2.0
"""A TLS server that plays one script per connection, byte by byte, and certificates for both sides."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.channels.https import Endpoint, HttpsChannel
from gateway.clock import SystemClock
from gateway.trust.certificates import KeyPair, make_authority

Script = Callable[[ssl.SSLSocket], None]


@dataclass
class Pki:
    """Certificate files of a throw-away city."""

    ca: Path
    server: tuple[Path, Path]
    client: tuple[Path, Path]


class Server:
    """Plays ``scripts`` in order, one for each request it reads; a script ends its connection by closing the socket."""

    def __init__(self, pki: Pki, scripts: list[Script]) -> None:
        self.requests: list[bytes] = []
        self._scripts = scripts
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pki.server)
        context.load_verify_locations(pki.ca)
        context.verify_mode = ssl.CERT_REQUIRED
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while self._scripts:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as peer:
                self._play(peer)

    def _play(self, peer: ssl.SSLSocket) -> None:
        while self._scripts and peer.fileno() >= 0:
            request = _read_request(peer)
            if request is None:
                return
            self.requests.append(request)
            self._scripts.pop(0)(peer)


def _read_request(peer: ssl.SSLSocket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    authority = make_authority("test city", SystemClock().now())
    (folder / "ca.pem").write_bytes(authority.certificate)

    def write(name: str, issued: KeyPair) -> tuple[Path, Path]:
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(issued.certificate)
        key.write_bytes(issued.key)
        return certificate, key

    server = authority.issue("server", "server", hosts=("127.0.0.1",))
    client = authority.issue("gateway", "gateway", client=True)
    return Pki(folder / "ca.pem", write("server", server), write("client", client))


@dataclass
class Line:
    """A channel and the server at its other end."""

    channel: HttpsChannel
    server: Server


@pytest.fixture
def connect(pki: Pki) -> Iterator[Callable[..., Line]]:
    opened: list[Line] = []

    def make(*scripts: Script, total: float = 5.0) -> Line:
        server = Server(pki, list(scripts))
        url = f"https://127.0.0.1:{server.port}/exchange"
        line = Line(HttpsChannel(Endpoint(url, pki.ca, *pki.client, connect=2.0, total=total)), server)
        opened.append(line)
        return line

    yield make
    for line in opened:
        line.channel.close()
        line.server.close()
