# SPDX-License-Identifier: Apache-2.0
"""The intake as a running server: a socket, a thread with its loop, and everything behind it; started and stopped whole."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette

from gateway.errors import ConfigurationError
from gateway.exchange.protocol import IDLE_SECONDS, DeadlineLoop, DeadlineProtocol

log = structlog.get_logger()

_MOST_CONNECTIONS = 2000
_STOP_SECONDS = 20
_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen and with which keys; ``required`` refuses the handshake without a client certificate."""

    host: str
    port: int
    certificate: Path
    key: Path
    client_authority: Path
    required: bool


class Server:
    """An HTTPS server in a thread of its own."""

    def __init__(self, listening: Listening, app: Callable[[], Starlette]) -> None:
        """Bind the address; raises ConfigurationError where that or the keys can't be had."""
        self._socket = _bound(listening)
        config = uvicorn.Config(
            app(), http=DeadlineProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
            server_header=False, timeout_keep_alive=IDLE_SECONDS, limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_STOP_SECONDS, h11_max_incomplete_event_size=32 * 1024,
        )  # fmt: skip
        config.load()
        config.ssl = _tls(listening)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="intake-http", daemon=True)
        self._stopping = False
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()
        log.info("intake-listening", host=self.address[0], port=self.address[1])

    def stop(self) -> None:
        """Take no more connections, finish the calls under way, then end."""
        self._stopping = True
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._socket.close()

    @property
    def broken(self) -> bool:
        """Whether the thread that serves has ended by itself."""
        return not self._stopping and self._thread.ident is not None and not self._thread.is_alive()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=DeadlineLoop) as runner:  # it also ends handshakes that are under way
            runner.run(self._server.serve(sockets=[self._socket]))


def _bound(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((listening.host, listening.port))
        made.listen(_BACKLOG)  # so that nobody is refused while the loop comes up
    except OSError as fault:
        made.close()
        raise ConfigurationError(
            f"gateway.yaml: intake.listen {listening.host}:{listening.port}: {fault.strerror} / can't listen there"
        ) from fault
    return made


def _tls(listening: Listening) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(listening.certificate, listening.key)
        context.load_verify_locations(listening.client_authority)
    except (OSError, ssl.SSLError) as fault:
        raise ConfigurationError(f"gateway.yaml: intake: 证书或私钥无法读取 / {fault}") from fault
    context.verify_mode = ssl.CERT_REQUIRED if listening.required else ssl.CERT_OPTIONAL
    return context
