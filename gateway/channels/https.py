# SPDX-License-Identifier: Apache-2.0
"""One HTTP endpoint, as a rule over TLS: kept-alive connections with client certificate, a deadline for the whole call, capped answers.

``requests`` limits only the wait for each read; a peer that drips a byte now and then would hold a call for ever
(promises.md R10). A watchdog shuts the socket down when the whole call has taken too long.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from gateway.errors import BadGateway, TimedOut, Unreachable

ANSWER_CAP = 8 * 1024 * 1024
_PIECE = 64 * 1024
_ENDED = "the channel was told to end"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call, whom to trust, with which client certificate if any, and how long to wait (seconds)."""

    url: str
    authority: Path | None
    certificate: Path | None
    key: Path | None
    connect: float = 5.0
    total: float = 60.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, content type (lower case, without parameters), body and headers (names in lower case) of an answer."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class _Sockets:
    """The sockets opened by one session: the last one for the watchdog, their number for the bench.

    ``connecting`` is true from the first attempt to connect until TLS is up: a call that fails then has sent nothing.
    ``cut`` is set for good by whoever wants the channel to end.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.connecting = False
        self.cut = False
        self.current: socket.socket | None = None


class HttpsChannel:
    """Calls one endpoint; one instance belongs to one thread."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._sockets = _Sockets()
        self._session = self._open()

    @property
    def handshakes(self) -> int:
        """How many TLS connections were made so far."""
        return self._sockets.opened

    def close(self) -> None:
        """Close the kept-alive connection."""
        self._session.close()

    def cut(self) -> None:
        """End the call under way as unanswered, and refuse every later one; any thread may call this."""
        self._sockets.cut = True
        self._cut()

    def post(self, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Post ``body`` and return the whole answer.

        Raises Unreachable when not one byte can have reached the other side, TimedOut when there was no whole answer
        (the outcome is unknown), BadGateway when the answer is larger than allowed, compressed or a redirect.
        """
        return self._exchange("POST", self._endpoint.url, headers, body)

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Get ``url`` of this endpoint's host and return the whole answer; raises as ``post`` does."""
        return self._exchange("GET", url, headers, None)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HttpAnswer:
        self._sockets.connecting = False
        if self._sockets.cut:
            raise Unreachable(_ENDED)
        try:
            with self._deadline():
                return self._read(self._session.request(method, url, data=body, headers=dict(headers), stream=True,
                    allow_redirects=False, timeout=(self._endpoint.connect, self._endpoint.total)))  # fmt: skip
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            if self._sockets.connecting:
                raise Unreachable(_told(fault)) from fault
            raise TimedOut(_told(fault)) from fault

    def _read(self, response: requests.Response) -> HttpAnswer:
        with response:
            if response.is_redirect or response.headers.get("Content-Encoding", "identity") != "identity":
                raise BadGateway(f"HTTP {response.status_code}: redirected or compressed")
            pieces: list[bytes] = []
            size = 0
            for piece in response.iter_content(_PIECE):
                size += len(piece)
                if size > ANSWER_CAP:
                    raise BadGateway(f"the answer is larger than {ANSWER_CAP} bytes")
                pieces.append(piece)
            body = b"".join(pieces)
            _require_whole(response, len(body))
            content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpAnswer(response.status_code, content_type, body, headers)

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        watchdog = threading.Timer(self._endpoint.total, self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        current = self._sockets.current
        if current is None:
            return
        try:
            current.shutdown(socket.SHUT_RDWR)
        except OSError:  # it was closed in the same moment: the call has ended by itself
            return

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers.update({"User-Agent": "power-exchange-gateway", "Accept-Encoding": "identity"})
        endpoint = self._endpoint
        if endpoint.authority is not None:
            session.verify = str(endpoint.authority)
        if endpoint.certificate is not None and endpoint.key is not None:
            session.cert = (str(endpoint.certificate), str(endpoint.key))
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(self._sockets))
        return session


class _Adapter(HTTPAdapter):
    """Hands out connections that leave their socket with the watchdog."""

    def __init__(self, sockets: _Sockets) -> None:
        self._sockets = sockets
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        sockets = self._sockets

        class Watched:
            def connect(self) -> None:
                sockets.connecting = True
                super().connect()  # type: ignore[misc]
                sockets.opened += 1
                sockets.current = self.sock  # type: ignore[attr-defined]
                if sockets.cut:  # by another thread, which saw no socket yet
                    raise OSError(_ENDED)
                sockets.connecting = False

        secure: Any = type("Connection", (Watched, HTTPSConnection), {})
        plain: Any = type("Connection", (Watched, HTTPConnection), {})
        self.poolmanager.pool_classes_by_scheme = {
            "https": type("Pool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
            "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        }


def _require_whole(response: requests.Response, size: int) -> None:
    """Take nothing for an answer whose end can't be told from a cut: the length is declared, or the last chunk came."""
    declared = response.headers.get("Content-Length")
    if declared is None and response.headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise TimedOut("the answer declares no length")
    if declared is not None and declared != str(size):
        raise TimedOut(f"{size} of {declared} bytes came")


def _told(fault: BaseException) -> str:
    """Return the fault in one line without addresses of objects."""
    return f"{type(fault).__name__}: {str(fault).partition('object at')[0][:200]}"
