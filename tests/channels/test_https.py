# SPDX-License-Identifier: Apache-2.0
"""Partial, wrong and slow answers are never taken for success, and no call lasts longer than it may (promises.md R10)."""

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gateway.channels.https import ANSWER_CAP, Endpoint, HttpsChannel
from gateway.clock import SystemClock
from gateway.errors import BadGateway, TimedOut, Unreachable

pytestmark = pytest.mark.service

BODY = b"<answer/>"


def answer(body: bytes = BODY, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {size}\r\n{headers}\r\n"
    return head.encode() + body


def says(data: bytes, *, close: bool = False) -> Callable[[ssl.SSLSocket], None]:
    def play(peer: ssl.SSLSocket) -> None:
        peer.sendall(data)
        if close:
            peer.unwrap()
            peer.close()

    return play


def post(line: Any) -> Any:
    return line.channel.post(b"<request/>", {"Content-Type": "text/xml"})


def test_a_whole_answer_comes_with_status_and_type(connect: Any) -> None:
    got = post(connect(says(answer())))
    assert (got.status, got.content_type, got.body) == (200, "text/xml", BODY)


def test_one_handshake_serves_many_calls(connect: Any) -> None:
    line = connect(*[says(answer())] * 5)
    for _ in range(5):
        post(line)
    assert line.channel.handshakes == 1
    assert len(line.server.requests) == 5


def test_a_kept_alive_connection_that_the_server_closed_is_made_anew(connect: Any) -> None:
    line = connect(says(answer(headers="Connection: close\r\n"), close=True), says(answer()))
    post(line)
    assert post(line).body == BODY
    assert line.channel.handshakes == 2


@pytest.mark.parametrize("cut", range(0, len(answer()), 7))
def test_an_answer_cut_anywhere_is_an_unknown_outcome(connect: Any, cut: int) -> None:
    with pytest.raises(TimedOut):
        post(connect(says(answer()[:cut], close=True)))


def test_a_body_shorter_than_declared_is_an_unknown_outcome(connect: Any) -> None:
    with pytest.raises(TimedOut):
        post(connect(says(answer(length=len(BODY) + 5), close=True)))


def test_silence_ends_at_the_deadline_of_the_whole_call(connect: Any) -> None:
    with pytest.raises(TimedOut):
        post(connect(says(b""), total=0.3))


def test_a_dripping_answer_ends_at_the_deadline_though_every_read_brings_a_byte(connect: Any) -> None:
    stop = threading.Event()

    def drip(peer: ssl.SSLSocket) -> None:
        for byte in answer(headers="X: " + "y" * 500 + "\r\n"):
            if stop.wait(0.05):
                return
            peer.sendall(bytes([byte]))

    line = connect(drip, total=0.6)
    clock = SystemClock()
    begun = clock.monotonic()
    with pytest.raises(TimedOut):
        post(line)
    stop.set()
    assert clock.monotonic() - begun < 5.0


@pytest.mark.parametrize(
    "data",
    [
        answer(status="302 Found", headers="Location: https://127.0.0.1:1/elsewhere\r\n"),
        answer(headers="Content-Encoding: gzip\r\n"),
        answer(length=ANSWER_CAP + 1, body=b"x" * (ANSWER_CAP + 1)),
    ],
    ids=["redirect", "compressed", "too large"],
)
def test_answers_outside_the_contract_are_bad_gateways(connect: Any, data: bytes) -> None:
    with pytest.raises(BadGateway):
        post(connect(says(data, close=True)))


def test_nobody_listening_has_certainly_sent_nothing(pki: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    channel = HttpsChannel(Endpoint(f"https://127.0.0.1:{port}/", pki.ca, *pki.client, connect=1.0, total=2.0))
    with pytest.raises(Unreachable):
        channel.post(b"", {})
    channel.close()


def test_a_server_we_do_not_trust_has_certainly_been_sent_nothing(connect: Any, pki: Any) -> None:
    line = connect(says(answer()))
    stranger = HttpsChannel(
        Endpoint(f"https://localhost.invalid:{line.server.port}/", pki.ca, *pki.client, connect=1.0, total=2.0)
    )
    with pytest.raises(Unreachable):
        stranger.post(b"", {})
    stranger.close()
    wrong_name = HttpsChannel(
        Endpoint(f"https://localhost:{line.server.port}/", pki.ca, *pki.client, connect=1.0, total=2.0)
    )
    with pytest.raises(Unreachable):
        wrong_name.post(b"", {})
    wrong_name.close()
    assert line.server.requests == []
