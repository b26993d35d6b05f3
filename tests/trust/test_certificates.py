# SPDX-License-Identifier: Apache-2.0
"""Throw-away certificates really serve TLS both ways, and their end is read as doctor needs it."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.errors import ConfigurationError
from gateway.trust.certificates import KeyPair, expiry, make_authority


def test_expiry_is_that_of_the_first_to_end() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    authority = make_authority("a", now)
    short, long = authority.issue("s", "甲", days=3), authority.issue("l", "甲", days=9)
    assert expiry(long.certificate + short.certificate) == now + timedelta(days=3) - timedelta(minutes=5)
    with pytest.raises(ConfigurationError):
        expiry(b"nonsense")


def test_a_private_key_is_not_shown() -> None:
    pair = make_authority("a", datetime(2026, 1, 1, tzinfo=UTC)).issue("s", "甲")
    assert b"PRIVATE" in pair.key
    assert "PRIVATE" not in repr(pair)
    assert len(pair.fingerprint) == 64


@pytest.mark.service
def test_client_and_server_meet_over_tls(tmp_path: Path) -> None:
    authority = make_authority("a", SystemClock().now())
    server = authority.issue("server", "甲", hosts=["127.0.0.1", "localhost"])
    client = authority.issue("client", "乙", client=True)
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    listening = _context(tmp_path, server, ssl.PROTOCOL_TLS_SERVER)
    listening.verify_mode = ssl.CERT_REQUIRED
    calling = _context(tmp_path, client, ssl.PROTOCOL_TLS_CLIENT)
    with socket.create_server(("127.0.0.1", 0)) as door:
        seen: list[bytes] = []

        def serve() -> None:
            connection, _ = door.accept()
            with listening.wrap_socket(connection, server_side=True) as tls:
                seen.append(tls.getpeercert(binary_form=True) or b"")
                tls.sendall(b"ok")

        thread = threading.Thread(target=serve)
        thread.start()
        with (
            socket.create_connection(door.getsockname()) as raw,
            calling.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        ):
            assert tls.recv(2) == b"ok"
        thread.join()
    assert seen == [ssl.PEM_cert_to_DER_cert(client.certificate.decode())]


def _context(folder: Path, pair: KeyPair, protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.load_verify_locations(folder / "ca.pem")
    (folder / "pair.pem").write_bytes(pair.key + pair.certificate)
    context.load_cert_chain(folder / "pair.pem")
    return context
