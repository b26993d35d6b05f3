# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 with deadlines: a client that is slow with its header, its body or its reading is cut off (R12).

uvicorn has none of these, nor does it show the peer's certificate: it stands in the scope as the TLS extension of ASGI.
"""

import asyncio
import ssl
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HANDSHAKE_SECONDS: Final = 10.0
FAREWELL_SECONDS: Final = 2.0
HEADER_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0
WRITE_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 65
"""Idle connections are held for at least 60 s (docs/reference/wire.md)."""


class DeadlineProtocol(H11Protocol):
    """One connection; every phase of a request has its deadline."""

    header_seconds = HEADER_SECONDS
    body_seconds = BODY_SECONDS
    write_seconds = WRITE_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadlines: dict[str, asyncio.TimerHandle] = {}
        self._served = self.app
        self.app = self._with_peer
        self._chain: list[str] = []

    def connection_made(self, transport: Any) -> None:
        """Remember who is there, and wait for the first header."""
        super().connection_made(transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        peer = tls.getpeercert(binary_form=True) if tls is not None else None
        self._chain = [] if peer is None else [ssl.DER_cert_to_PEM_cert(peer)]
        self._arm("header", self.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget every deadline."""
        for name in list(self._deadlines):
            self._disarm(name)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and see which phase the request is in now."""
        if self.conn.their_state is h11.IDLE and "header" not in self._deadlines:
            self._arm("header", self.header_seconds)
        super().data_received(data)
        state = self.conn.their_state
        if state is not h11.IDLE:
            self._disarm("header")
        if state is h11.SEND_BODY:
            if "body" not in self._deadlines:
                self._arm("body", self.body_seconds)
        else:
            self._disarm("body")

    def on_response_complete(self) -> None:
        """Answered: the body that is still to come is nobody's any more."""
        self._disarm("body")
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read: it gets a while to do so."""
        self._arm("write", self.write_seconds)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has read."""
        self._disarm("write")
        super().resume_writing()

    def _arm(self, name: str, seconds: float) -> None:
        self._disarm(name)
        self._deadlines[name] = self.loop.call_later(seconds, self._cut)

    def _disarm(self, name: str) -> None:
        timer = self._deadlines.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def _with_peer(self, scope: Any, receive: Any, send: Any) -> None:
        extensions = scope.setdefault("extensions", {})
        extensions["tls"] = {"client_cert_chain": self._chain}
        await self._served(scope, receive, send)


class DeadlineLoop(asyncio.SelectorEventLoop):
    """An event loop whose TLS servers give up on a handshake or a farewell that does not end (asyncio: 60 and 30 s)."""

    handshake_seconds = HANDSHAKE_SECONDS

    async def create_server(self, *args: Any, **kwargs: Any) -> Any:
        """Create a server as always, with the deadline."""
        if kwargs.get("ssl") is not None:
            kwargs.setdefault("ssl_handshake_timeout", self.handshake_seconds)
            kwargs.setdefault("ssl_shutdown_timeout", FAREWELL_SECONDS)
        return await super().create_server(*args, **kwargs)
