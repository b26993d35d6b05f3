# SPDX-License-Identifier: Apache-2.0
"""R12: slow and idle clients over raw sockets; good clients do not notice them."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateway.exchange.protocol import DeadlineLoop, DeadlineProtocol
from tests.exchange.town import Town
from tests.reference.client import file_case

SHORT = 0.6
PATIENCE = 8.0


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("header_seconds", "body_seconds", "write_seconds"):
        monkeypatch.setattr(DeadlineProtocol, name, SHORT)
    monkeypatch.setattr(DeadlineLoop, "handshake_seconds", SHORT)


@pytest.fixture
def connect(town: Town) -> Iterator[Callable[[], ssl.SSLSocket]]:
    """Open TLS connections of the sender by ``connect()``; all are closed afterwards."""
    with ExitStack() as stack:

        def opened() -> ssl.SSLSocket:
            assert town.intake is not None
            context = town.sender().context
            plain = socket.create_connection(town.intake.address, timeout=PATIENCE)
            secured = stack.enter_context(context.wrap_socket(plain, server_hostname="127.0.0.1"))
            secured.settimeout(PATIENCE)
            return secured

        yield opened


def closed(connection: socket.socket) -> bool:
    """Wait until the other side ends the connection; False when it does not in time."""
    try:
        while connection.recv(65536):
            continue
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_r12_a_client_that_never_shakes_hands_is_cut_off(town: Town) -> None:
    assert town.intake is not None
    with socket.create_connection(town.intake.address, timeout=PATIENCE) as silent:
        assert closed(silent)


def test_r12_a_client_without_a_header_is_cut_off(connect: Callable[[], ssl.SSLSocket]) -> None:
    assert closed(connect())


def test_r12_a_header_that_drips_is_cut_off(connect: Callable[[], ssl.SSLSocket]) -> None:
    """Each byte in time, the whole not: the deadline is for the header, not for the pause."""
    assert _drips(connect(), b"POST /exchange HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 100)


def test_r12_a_body_that_drips_is_cut_off(connect: Callable[[], ssl.SSLSocket]) -> None:
    connection = connect()
    connection.sendall(b"POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n")
    assert _drips(connection, b"<" * 100)


def test_r12_the_second_request_of_a_connection_has_its_deadline_too(connect: Callable[[], ssl.SSLSocket]) -> None:
    connection = connect()
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in connection.recv(65536)
    assert _drips(connection, b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 100)


def test_r12_a_client_that_does_not_read_is_cut_off(connect: Callable[[], ssl.SSLSocket]) -> None:
    """Answers of some size are asked for and never read."""
    connection = connect()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ask = b"GET /exchange/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.settimeout(0.2)
    cut = False
    for _ in range(int(PATIENCE / 0.02)):
        try:
            connection.sendall(ask)
        except TimeoutError:
            continue
        except OSError:
            cut = True
            break
        time.sleep(0.02)
    assert cut


def test_r12_good_clients_are_not_harmed(town: Town, connect: Callable[[], ssl.SSLSocket]) -> None:
    """Sixty slow connections: every good call is answered, none refused."""
    slow = [connect() for _ in range(60)]
    for connection in slow:
        connection.sendall(b"POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Le")
    sender = town.sender()
    assert [sender.submit([file_case(number)]).codes for number in range(10)] == [["0000"]] * 10
    assert all(closed(connection) for connection in slow)


def _drips(connection: ssl.SSLSocket, data: bytes) -> bool:
    connection.settimeout(PATIENCE)
    for at in range(len(data)):
        try:
            connection.sendall(data[at : at + 1])
        except OSError:
            return True
        time.sleep(0.05)
    return False
