# SPDX-License-Identifier: Apache-2.0
"""The local page as a server on 127.0.0.1: who does not come from this very page can start nothing."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import click
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway_conformance import engine
from gateway_conformance import sut as descriptions
from gateway_conformance.case import BUILT
from gateway_conformance.handbook import entry
from gateway_conformance.serving import pages
from gateway_conformance.serving.workshop import Request as Asked
from gateway_conformance.serving.workshop import Run, Workshop

HOST: Final = "127.0.0.1"
FIRST: Final = BUILT
"""Profiles whose reference system can be started from the page."""
_MOST: Final = 10_000
_STRICT: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_REPORT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_SEE: Final = 303


class _Refused(Exception):
    """A form that cannot be taken; the text goes back to the page."""


class Site:
    """The routes over one workshop."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._token = secrets.token_urlsafe(24)

    def app(self) -> Starlette:
        """Return the application; other host names than this machine's own are refused (DNS rebinding)."""
        routes = [
            Route("/", self._index),
            Route("/style.css", self._style),
            Route("/explain", self._explain),
            Route("/reference", self._reference, methods=["POST"]),
            Route("/runs", self._begin, methods=["POST"]),
            Route("/runs/{number}", self._run),
            Route("/runs/{number}/{act:str}", self._act, methods=["GET", "POST"]),
        ]
        return Starlette(
            routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])]
        )

    def _shown(self, body: str, status: int = 200) -> Response:
        headers = {"Content-Security-Policy": _STRICT, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(body, status, headers)

    def _index(self, _request: Request, fault: str = "", status: int = 200) -> Response:
        shop = self._workshop
        references = {profile: shop.reference(profile) for profile in FIRST}
        return self._shown(pages.index(shop.systems(), shop.runs(), references, self._token, fault), status)

    def _style(self, _request: Request) -> Response:
        text = resources.files("gateway_conformance.reports").joinpath("report.css").read_text("utf-8")
        return Response(text, media_type="text/css")

    def _explain(self, request: Request) -> Response:
        code = request.query_params.get("code", "")[:20]
        found = entry(code)
        return self._shown(pages.missing(code), 404) if found is None else self._shown(pages.handbook(found))

    async def _form(self, request: Request) -> dict[str, str]:
        body = await request.body() if int(request.headers.get("content-length", _MOST + 1)) <= _MOST else b""
        held = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if not secrets.compare_digest(held.get("token", ""), self._token):
            raise _Refused("页面已过期,请从本页重新提交")
        return held

    async def _reference(self, request: Request) -> Response:
        try:
            held = await self._form(request)
        except _Refused as refused:
            return self._index(request, str(refused), 403)
        profile = held.get("profile", "")
        if profile not in FIRST:
            return self._index(request, f"没有接口形态 {profile} 的参考系统", 400)
        self._workshop.begin_reference(profile)
        return RedirectResponse("/", _SEE)

    async def _begin(self, request: Request) -> Response:
        try:
            held = await self._form(request)
        except _Refused as refused:
            return self._index(request, str(refused), 403)
        try:
            number = self._workshop.begin(_asked(held))
        except ValueError as wrong:
            return self._index(request, f"不能运行:{wrong}", 400)
        return RedirectResponse(f"/runs/{number}", _SEE)

    def _run(self, request: Request) -> Response:
        try:
            run = self._workshop.run(request.path_params["number"])
        except KeyError:
            return self._shown(pages.missing(request.path_params["number"]), 404)
        return self._shown(pages.run(run, self._total(run), self._token))

    async def _act(self, request: Request) -> Response:
        number, act = request.path_params["number"], request.path_params["act"]
        try:
            if request.method == "GET":
                return self._report(number, act)
            await self._form(request)
            {"stop": self._workshop.stop, "again": self._workshop.again}[act](number)
        except KeyError:
            return self._shown(pages.missing(f"{number}/{act}"), 404)
        except _Refused as refused:
            return self._index(request, str(refused), 403)
        return RedirectResponse(f"/runs/{number}", _SEE)

    def _report(self, number: str, name: str) -> Response:
        path = self._workshop.report(number, name)
        headers = {"Content-Security-Policy": _REPORT, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        shown = None if name == "report.html" else f"{number}-{name}"
        return FileResponse(path, filename=shown, headers=headers)

    def _total(self, run: Run) -> int:
        """Return how many cases the run has; 0 where its description cannot be read."""
        try:
            profile = run.request.profile or descriptions.load(self._workshop.folder / run.request.sut).profiles[0]
        except (descriptions.BadDescription, OSError):
            return 0
        chosen = frozenset(
            each.id
            for each in engine.expected(profile)
            for wanted in run.request.only
            if each.id == wanted or each.id.startswith(f"{wanted}-")
        )
        return len(engine.expected(profile, chosen if run.request.only else None))


def _asked(held: dict[str, str]) -> Asked:
    """Return what a form asks for; raises ValueError."""
    profile = held.get("profile", "")
    if profile not in pages.PROFILES:
        raise ValueError(profile)
    only = tuple(each.upper() for each in held.get("only", "").split())
    if any(not each.replace("-", "").isalnum() for each in only):
        raise ValueError(" ".join(only))
    seed, scale = int(held.get("seed", "1") or 1), float(held.get("scale", "1") or 1)
    if seed < 0 or not 1 <= scale <= 100_000:
        raise ValueError(f"{seed} {scale}")
    return Asked(held.get("sut", ""), profile, only, seed, scale)


@contextmanager
def listen(folder: Path, port: int) -> Iterator[int]:
    """Serve the page of a folder for as long as the block lasts; yields the port. Raises ClickException where it is taken."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.bind((HOST, port))
    except OSError as fault:
        held.close()
        raise click.ClickException(
            f"{HOST}:{port}: {fault.strerror};用 --port 0 任选 / --port 0 takes a free one"
        ) from fault
    workshop = Workshop(folder)
    config = uvicorn.Config(
        Site(workshop).app(), lifespan="off", log_config=None, access_log=False, server_header=False, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, name="conformance-page", daemon=True)
    held.listen()
    thread.start()
    try:
        yield int(held.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()
        held.close()
        workshop.close()
