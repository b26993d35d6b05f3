# SPDX-License-Identifier: Apache-2.0
"""The listening side of a reference system: TLS with client certificates, one thread a connection, absolute deadlines."""

import io
import socket
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from gateway_reference.faults import Script
from gateway_reference.pack import Pack
from gateway_reference.parties import System
from gateway_reference.receiving import Receiver
from gateway_reference.service import Service
from gateway_reference.store import Store

PATH = "/exchange"
HANDSHAKE_SECONDS = 15.0
CONNECTIONS = 256


class Gone(Exception):
    """The connection is to be cut without an answer."""


class Deadline(io.RawIOBase):
    """Reads from a socket until an absolute deadline: a slow sender cannot stretch it byte by byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what has come; raises TimeoutError once the deadline has passed."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface; one thread a connection, TLS handshake in that thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        handler: type[BaseHTTPRequestHandler],
        *,
        system: System,
        pack: Pack,
        storage: Store,
        operations: Service,
        receiver: Receiver,
        script: Script,
        host: str = "127.0.0.1",
    ) -> None:
        self.system, self.pack, self.storage = system, pack, storage
        self.operations, self.receiver, self.script = operations, receiver, script
        self.stopping = threading.Event()
        self._idle = threading.Condition()
        self._busy = 0
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        self.tls = self.context()
        super().__init__((host, port), handler)

    def context(self) -> ssl.SSLContext:
        """Return what the server presents itself with: its certificate, and whom it asks for one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.system.server_certificate, self.system.server_key)
        context.load_verify_locations(self.system.client_ca)
        return context

    @property
    def url(self) -> str:
        """The address of the exchange endpoint."""
        host = str(self.server_address[0])
        return f"https://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}{PATH}"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Count a request as being worked on."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def drain(self, seconds: float) -> bool:
        """Wait until every request at hand is answered; returns whether that came true in time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, seconds)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread, or close it at once when there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands, then serve; a failed handshake is nobody's error but the caller's."""
        try:
            self.storage.count("connections")
            request.settimeout(HANDSHAKE_SECONDS)
            secured = self.shake_hands(request)
            if secured is None:
                self.storage.count("handshakes.failed")
                return
            self.storage.count("handshakes")
            super().process_request_thread(secured, client_address)
        finally:
            self.storage.release()
            self._places.release()

    def shake_hands(self, request: socket.socket) -> ssl.SSLSocket | None:
        """Return the secured connection, or None where the handshake failed and the connection is closed."""
        secured: ssl.SSLSocket | None = None
        try:
            secured = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            secured.do_handshake()
        except OSError:
            (secured or request).close()
            return None
        return secured

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about connections that broke; tell everything else on stderr."""
        if not isinstance(sys.exc_info()[1], (OSError, Gone)):
            traceback.print_exc()
