# SPDX-License-Identifier: Apache-2.0
"""A department's interface over HTTP that gives rows of JSON in every way of paging, with faults on demand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Fault = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes] | None]


class Interface(ThreadingHTTPServer):
    """Holds ``rows`` in their order; ``style`` is the way of paging, ``fault`` may change an answer."""

    daemon_threads = True

    def __init__(self, style: str, rows: list[dict[str, Any]]) -> None:
        self.style, self.rows = style, rows
        self.fault: Fault = lambda _path, _query, _body: None
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/cases"

    def answer(self, query: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        rows = [row for row in self.rows if row.get("updated", "") >= query.get("since", "")]
        size = int(query.get("size", "1000"))
        headers: dict[str, str] = {}
        start = {
            "page": lambda: (int(query.get("page", "1")) - 1) * size,
            "offset": lambda: int(query.get("offset", "0")),
            "cursor": lambda: int(query.get("cursor", "0")),
            "link": lambda: int(query.get("from", "0")),
            "header": lambda: int(query.get("from", "0")),
            "none": lambda: 0,
        }[self.style]()
        part = rows[start : start + size] if self.style != "none" else rows
        behind = start + len(part)
        held: dict[str, Any] = {"code": 0, "data": {"list": part, "total": len(rows)}}
        if behind < len(rows) and self.style == "cursor":
            held["next"] = behind
        if behind < len(rows) and self.style in ("link", "header"):
            there = f"/api/cases?from={behind}&size={size}"
            if self.style == "link":
                held["links"] = {"next": there}
            else:
                headers["Link"] = f'<{there}>; rel="next"'
        return json.dumps(held, ensure_ascii=False).encode(), headers


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Interface

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        body, headers = self.server.answer(query)
        changed = self.server.fault(target.path, query, body)
        status = 200
        if changed is not None:
            status, more, body = changed
            headers |= more
        self.send_response(status)
        for name, text in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(style: str, rows: list[dict[str, Any]]) -> Iterator[Interface]:
    server = Interface(style, rows)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
