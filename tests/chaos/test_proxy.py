# SPDX-License-Identifier: Apache-2.0
"""The fault proxy does what its faults say, and nothing when it has none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import Faults, Proxy

pytestmark = pytest.mark.service


class Echo:
    """Answers each line with the line; counts those it has carried out."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError), peer, peer.makefile("rwb") as stream:
            for line in stream:
                self.heard.append(line)
                stream.write(line * 20)
                stream.flush()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.listener.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", echo.port, seed=3) as made:
        yield made


def talk(proxy: Proxy, calls: int) -> list[bytes]:
    """Say so many lines over one connection and return what came back; an end or a fault is the last."""
    said: list[bytes] = []
    try:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=2) as line:
            for _ in range(calls):
                line.sendall(b"hello\n")
                said.append(_answer(line))
                if not said[-1]:
                    break
    except OSError as fault:
        said.append(type(fault).__name__.encode())
    return said


def _answer(line: socket.socket) -> bytes:
    whole = piece = line.recv(65536)
    while piece and len(whole) < len(WHOLE):
        piece = line.recv(65536)
        whole += piece
    return whole


WHOLE = b"hello\n" * 20


def test_without_faults_everything_passes(proxy: Proxy) -> None:
    assert talk(proxy, 5) == [WHOLE] * 5
    assert not proxy.struck


def test_a_lost_answer_belongs_to_a_call_that_was_carried_out(proxy: Proxy, echo: Echo) -> None:
    proxy.behave(Faults(lose_answers=1.0))
    said = talk(proxy, 5)
    assert said[:2] == [WHOLE, WHOLE], "the first two turns may be a handshake"
    assert said[2:] in ([b"ConnectionResetError"], [b""])
    assert len(echo.heard) == 3
    assert proxy.struck["lost-answer"] == 1


def test_a_cut_request_never_arrives_whole(proxy: Proxy, echo: Echo) -> None:
    proxy.behave(Faults(cut=1.0))
    assert len(talk(proxy, 5)) == 3
    assert len(echo.heard) == 2
    assert proxy.struck["cut"] == 1


def test_few_bytes_of_an_answer(proxy: Proxy) -> None:
    proxy.behave(Faults(answer_bytes=7))
    assert talk(proxy, 5)[2] in (WHOLE[:7], b"ConnectionResetError")
    assert proxy.struck["few-bytes"] == 1


def test_down_and_black_hole_and_back(proxy: Proxy, echo: Echo) -> None:
    proxy.behave(Faults(down=True))
    assert talk(proxy, 1) in ([b"ConnectionResetError"], [b""])
    proxy.behave(Faults(black_hole=True))
    assert talk(proxy, 1) == [b"TimeoutError"]
    assert not echo.heard
    proxy.behave()
    assert talk(proxy, 3) == [WHOLE] * 3


def test_a_dripping_answer_arrives_in_pieces(proxy: Proxy) -> None:
    proxy.behave(Faults(rate=600))
    assert talk(proxy, 1) == [WHOLE]
    assert proxy.struck["drip"] == 1
