# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that spoils connections on purpose: latency, cut, black hole, lost answers, slow ends, few bytes.

It knows nothing of what passes (TLS included). ``Proxy`` runs in a thread of its own with an own event loop; what it
does may be changed at any moment and holds for connections that are open as well. Everything random comes from a seed.

    with Proxy("127.0.0.1", 8443, seed=7) as proxy:
        proxy.behave(Faults(latency=0.2))
        connect_to("127.0.0.1", proxy.port)
"""

import asyncio
import random
import socket
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Faults:
    """What the proxy does; the default is nothing.

    ``latency`` and ``jitter`` are seconds for each piece. ``down`` accepts nobody. ``black_hole`` swallows every byte
    and keeps connections open. ``lose_answers`` is the chance, asked anew for each answer, that it never comes: the request
    has passed, the other side has carried it out, the connection is reset. ``cut`` is the same for requests: it is cut
    after a random number of their bytes. ``answer_bytes`` lets so many bytes of each answer through, then cuts.
    ``rate`` is bytes a second towards the client. ``slow_close`` are seconds between the end of one side and of the
    other.
    """

    latency: float = 0.0
    jitter: float = 0.0
    down: bool = False
    black_hole: bool = False
    lose_answers: float = 0.0
    cut: float = 0.0
    answer_bytes: int | None = None
    rate: float | None = None
    slow_close: float = 0.0


class Proxy:
    """One listening port in front of one address; ``struck`` counts what was done to whom."""

    def __init__(self, host: str, port: int, seed: int = 0) -> None:
        self._there = (host, port)
        self._chance = random.Random(seed)
        self._faults = Faults()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{port}", daemon=True)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listening = threading.Event()
        self._server: asyncio.Server | None = None
        self.struck: Counter[str] = Counter()
        self.port = 0

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        """Cut everything and stop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def faults(self) -> Faults:
        return self._faults

    def behave(self, faults: Faults | None = None, **changes: Any) -> None:
        """Do this from now on; without anything: behave well."""
        self._faults = replace(faults or Faults(), **changes)
        if self._faults.down or self._faults.black_hole:
            self.cut_all()

    def move(self, port: int) -> None:
        """Lead to another port, for a system that has come back elsewhere."""
        self._there = (self._there[0], port)

    def cut_all(self) -> None:
        """Reset every connection that is open."""
        asyncio.run_coroutine_threadsafe(self._cut_everything(), self._loop).result(10)

    async def _cut_everything(self) -> None:
        self._cut_all()

    def _cut_all(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        self._server.close()
        self._cut_all()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._faults.down:
                self.struck["down"] += 1
                _reset(writer)
                return
            await self._join(reader, writer)
        except (OSError, asyncio.CancelledError, ConnectionError):
            _reset(writer)
        finally:
            self._open.discard(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        self._open.add(there_writer)
        exchange = _Exchange()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._requests(reader, there_writer, exchange))
                both.create_task(self._answers(there_reader, writer, exchange))
        except* (OSError, ConnectionError):
            pass
        finally:
            self._open.discard(there_writer)
            for each in (writer, there_writer):
                _reset(each)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, exchange: "_Exchange"
    ) -> None:
        while piece := await reader.read(_PIECE):
            if exchange.answering:
                exchange.next_request()
            faults = await self._held_up()
            if faults.black_hole:
                self.struck["black-hole"] += 1
                continue
            if exchange.first_piece and exchange.past_handshake and faults.cut and self._chance.random() < faults.cut:
                self.struck["cut"] += 1
                writer.write(piece[: self._chance.randrange(len(piece))])
                await writer.drain()
                raise ConnectionResetError
            exchange.first_piece = False
            writer.write(piece)
            await writer.drain()
        await asyncio.sleep(self._faults.slow_close)
        with suppress(OSError):
            writer.write_eof()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, exchange: "_Exchange") -> None:
        while piece := await reader.read(_PIECE):
            fresh = not exchange.answering
            exchange.answering = True
            faults = await self._held_up()
            if faults.black_hole:
                self.struck["black-hole"] += 1
                continue
            if (
                fresh
                and exchange.past_handshake
                and faults.lose_answers
                and self._chance.random() < faults.lose_answers
            ):
                self.struck["lost-answer"] += 1
                raise ConnectionResetError
            if faults.answer_bytes is not None and exchange.past_handshake:
                self.struck["few-bytes"] += 1
                writer.write(piece[: faults.answer_bytes])
                await writer.drain()
                raise ConnectionResetError
            await self._dripped(writer, piece, faults)
        await asyncio.sleep(self._faults.slow_close)
        if self._faults.slow_close:
            self.struck["slow-close"] += 1
        with suppress(OSError):
            writer.write_eof()

    async def _dripped(self, writer: asyncio.StreamWriter, piece: bytes, faults: Faults) -> None:
        if faults.rate is None:
            writer.write(piece)
            await writer.drain()
            return
        self.struck["drip"] += 1
        size = max(1, int(faults.rate / 10))
        for start in range(0, len(piece), size):
            writer.write(piece[start : start + size])
            await writer.drain()
            await asyncio.sleep(0.1)

    async def _held_up(self) -> Faults:
        faults = self._faults
        if faults.latency or faults.jitter:
            self.struck["latency"] += 1
            await asyncio.sleep(faults.latency + faults.jitter * self._chance.random())
        return self._faults


@dataclass(slots=True)
class _Exchange:
    """Whose turn it is on one connection.

    The handshake takes the first turn, the session tickets that a TLS 1.3 server sends unasked may take the second:
    only from then on a piece towards the client is surely the answer to a call.
    """

    turns: int = 0
    answering: bool = False
    first_piece: bool = True

    @property
    def past_handshake(self) -> bool:
        return self.turns >= 2

    def next_request(self) -> None:
        self.turns += 1
        self.answering = False
        self.first_piece = True


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a reset does: no orderly end, nothing that is still under way arrives."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()
