# SPDX-License-Identifier: Apache-2.0
"""How a pushing department speaks to the gateway: TLS, SOAP 1.1, faults; what may have arrived and what cannot have."""

import http.client
import ssl
import threading
from pathlib import Path
from typing import Final

from lxml import etree

from gateway_reference import wire
from gateway_reference.department.keys import Keys
from gateway_reference.department.system import Department
from gateway_reference.wire import NAMESPACE, Refusal, name

SECONDS: Final = 30.0
PATH: Final = "/exchange"


class Unreachable(Exception):
    """Nothing was sent: no connection, or the gateway could not prove who it is."""


class Unsure(Exception):
    """It was sent and not answered by the contract: it may have arrived."""


class Sending(Department):
    """The calls of a client; ``ring`` holds its own files, ``bench_files`` the directory of what it trusts."""

    ring: Keys
    bench_files: Path
    port: int
    stopped: bool = False

    def hang_up(self) -> None:
        """Close the connections that were kept open; nothing is sent any more."""
        for connection in self._kept().values():
            connection.close()
        self._kept().clear()

    def _kept(self) -> dict[int, http.client.HTTPSConnection]:
        """Return the open connections, one a thread."""
        kept: dict[int, http.client.HTTPSConnection] = self.__dict__.setdefault("connections_kept", {})
        return kept

    def endpoint(self) -> tuple[str, int]:
        """Return host and port of the gateway."""
        return "127.0.0.1", self.port

    def tls(self) -> ssl.SSLContext:
        """Return the client's TLS settings: the gateway's authority and name are verified."""
        context = ssl.create_default_context(cafile=str(self.bench_files / "ca.pem"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.client_certificate(), self.client_certificate().with_suffix(".key"))
        return context

    def client_certificate(self) -> Path:
        """Return the file of the client's certificate."""
        return self.ring.file("client")

    def target(self, operation: str) -> tuple[str, str]:
        """Return method and request target of an operation."""
        del operation
        return "POST", PATH

    def request_headers(self, operation: str) -> dict[str, str]:
        """Return the headers of a request."""
        return {**self.headers(), "SOAPAction": f'"{NAMESPACE}/{operation}"'}

    def request_body(self, operation: str, content: str) -> bytes:
        """Return the body of a request."""
        return self.encode(self.envelope(f'<{operation} xmlns="{NAMESPACE}">{content}</{operation}>'))

    def call(self, operation: str, content: str, *, keep: bool = False) -> etree._Element:
        """Call an operation and return its response element; raises Unreachable, Unsure or Refusal.

        ``keep`` goes on with an open connection, for what may be repeated without harm.
        """
        method, target = self.target(operation)
        body = self.request_body(operation, content)
        headers = self.request_headers(operation)
        for attempt in (1, 2):
            connection, fresh = self._connection(keep=keep)
            try:
                connection.request(method, target, body or None, headers)
                with connection.getresponse() as response:
                    answer = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._let_go(connection)
                if fresh or attempt == 2:
                    raise Unsure(str(error)) from error
                continue
            except BaseException:
                self._let_go(connection)
                raise
            if not keep or self.stopped:
                self._let_go(connection)
            return self.understood(operation, response.status, answer)
        raise Unsure(operation)

    def understood(self, operation: str, status: int, answer: bytes) -> etree._Element:
        """Return the response element in an answer; raises Refusal for a fault, Unsure for anything else."""
        try:
            root = wire.parse(answer)
        except Refusal as error:
            raise Unsure(f"HTTP {status}") from error
        fault = next(root.iter(name("ExchangeFault")), None)
        if fault is not None:
            again = fault.findtext(name("retryAfter"))
            raise Refusal(fault.findtext(name("code")) or "5000", "", retry_after=int(again) if again else None)
        found = next(root.iter(name(f"{operation}Response")), None)
        if status != 200 or found is None:
            raise Unsure(f"HTTP {status}")
        return found

    def _connection(self, *, keep: bool) -> tuple[http.client.HTTPSConnection, bool]:
        held = self._kept().get(threading.get_ident())
        if keep and held is not None:
            return held, False
        host, port = self.endpoint()
        try:
            connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=self.tls())
            connection.connect()
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(str(error)) from error
        if keep:
            self._kept()[threading.get_ident()] = connection
        return connection, True

    def _let_go(self, connection: http.client.HTTPSConnection) -> None:
        connection.close()
        if self._kept().get(threading.get_ident()) is connection:
            del self._kept()[threading.get_ident()]
