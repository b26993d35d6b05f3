# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: SOAP at /exchange, REST at /exchange/v1, health beside them."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.documents.render import NAMESPACE, element
from gateway.documents.safexml import Element
from gateway.documents.soap import ExchangeFault, SoapVersion, render_fault, unwrap_root, wrap
from gateway.errors import BadGateway
from gateway.exchange.json_form import JsonForm
from gateway.exchange.limits import Limits
from gateway.exchange.office import BUSY_SECONDS, Office
from gateway.exchange.published import Published
from gateway.exchange.turns import Turns
from gateway.flow.receive import CallRefused, Sender
from gateway.model.finding import Finding

log = structlog.get_logger()

T = TypeVar("T")

PATH: Final = "/exchange"
REST: Final = "/exchange/v1"
MOST_BYTES: Final = 8 * 1024 * 1024
_REQUEST: Final = MOST_BYTES + 64 * 1024
_CAPS = safexml.Limits(size=2 * _REQUEST, elements=500_000, attributes=20_000)
_QUEUE: Final = 64
_GETS: Final = {
    "/ping": ("Ping", ()),
    "/version": ("GetVersion", ()),
    "/receipts": ("QueryReceipt", ("packageId", "recordId")),
    "/statements": ("GetStatement", ("day", "org")),
    "/keys": ("GetKeys", ("day", "org", "cursor", "size")),
    "/notices": ("FetchNotices", ("since", "cursor", "size")),
}
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_POSTS: Final = {"/packages": "SubmitPackage", "/notices/acknowledgements": "AckNotices"}


@dataclass(frozen=True)
class Callers:
    """Who may call: senders by the SHA-256 of their client certificate and by their code, with their limits.

    ``signed_only`` allows SubmitPackage without a client certificate: the signed Head alone then tells the sender.
    """

    by_certificate: Mapping[str, Sender]
    by_code: Mapping[str, Sender]
    limits: Mapping[str, Limits]
    strangers: Limits
    signed_only: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A workbook given back with what was found on its cells, and the account of it."""

    workbook: bytes
    account: Mapping[str, object]


Workbooks = Callable[[bytes, Sender, bool], Marked]
"""Takes a workbook of a department without a system, as a draft or not; raises CallRefused."""


@dataclass
class Desk:
    """Everything that the faces share; ``closed`` tells the fault of a maintenance, or None."""

    office: Office
    callers: Callers
    turns: Turns
    published: Published
    json: JsonForm
    code_of: Callable[[Finding], str]
    closed: Callable[[], ExchangeFault | None]
    ready: Callable[[], Mapping[str, object]]
    waiting: Callable[[], int]
    workbooks: Workbooks | None = None


def application(desk: Desk) -> Starlette:
    """Return the application of a desk."""
    rest = _Rest(desk)
    soap = _Soap(desk)
    routes = [
        Route("/healthz", _alive),
        Route("/readyz", _Ready(desk)),
        Route(PATH, soap.describe, methods=["GET"]),
        Route(PATH, soap.call, methods=["POST"]),
        Route(f"{REST}/openapi.json", rest.describe, methods=["GET"]),
        *([Route(f"{REST}/workbooks", rest.take, methods=["POST"])] if desk.workbooks is not None else []),
        *(Route(f"{REST}{path}", rest.call, methods=["GET"]) for path in (*_GETS,)),
        *(Route(f"{REST}{path}", rest.call, methods=["POST"]) for path in _POSTS),
    ]
    return Starlette(routes=routes)


async def _alive(_request: Request) -> Response:
    return JSONResponse({"alive": True})


class _Ready:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        found = await run_in_threadpool(self._desk.ready)
        response = JSONResponse(dict(found), status_code=200 if found["ready"] else 503)
        await response(scope, receive, send)  # type: ignore[arg-type]


class _Face:
    """What both faces do alike: who calls, how large, in which turn."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _caller(self, request: Request) -> Sender | None:
        """Return the sender of the client certificate; raises CallRefused 3001 for an unknown one."""
        chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or []
        if not chain:
            if not self._desk.callers.signed_only:
                raise CallRefused("3001", "须出示客户端证书 / a client certificate is required")
            return None
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(chain[0])).hexdigest()
        sender = self._desk.callers.by_certificate.get(fingerprint)
        if sender is None:
            log.warning("intake-stranger", fingerprint=fingerprint, peer=_peer(request))
            raise CallRefused("3001", "客户端证书未登记 / this client certificate is not registered")
        return sender

    def _limits(self, sender: Sender | None) -> Limits:
        callers = self._desk.callers
        return callers.strangers if sender is None else callers.limits[sender.name]

    def _require_open(self) -> None:
        fault = self._desk.closed()
        if fault is not None:
            raise CallRefused(fault.code, fault.message, fault.retry_after)
        if self._desk.waiting() >= _QUEUE:
            raise CallRefused("4001", "繁忙 / busy", BUSY_SECONDS)

    async def _body(self, request: Request) -> bytes:
        """Read the body; its length is declared and capped, and it is not compressed."""
        declared = request.headers.get("content-length", "")
        if not (declared.isascii() and declared.isdigit()) or "transfer-encoding" in request.headers:
            raise CallRefused("1001", "须给出 Content-Length / Content-Length is required")
        if int(declared) > _REQUEST:
            raise CallRefused("1006", "数据包超过 8 MB / the package is larger than 8 MB")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise CallRefused("1001", "不接受压缩 / compressed bodies are not accepted")
        if not _utf8(request):
            raise CallRefused("1003", "编码须为 UTF-8 / the encoding must be UTF-8")
        body = await request.body()
        if len(body) > _REQUEST:
            raise CallRefused("1006", "数据包超过 8 MB / the package is larger than 8 MB")
        return body

    def _parse(self, data: bytes) -> Element:
        try:
            return safexml.parse(data, _CAPS)
        except RefusedDocument as refused:
            found = refused.finding
            raise CallRefused(self._desk.code_of(found), f"{found.message.zh} / {found.message.en}") from None

    def _perform(self, operation: str, element: Element, sender: Sender | None, peer: str) -> bytes:
        if sender is None:
            sender = self._signed(operation, element)
        return self._desk.office.perform(operation, element, sender, peer)

    def _signed(self, operation: str, element: Element) -> Sender:
        """Return the sender that a package names: its signature is checked before anything else is done with it."""
        if operation != "SubmitPackage":
            raise CallRefused("3001", "此操作须出示客户端证书 / this operation needs a client certificate")
        code = element.findtext(f"{{{NAMESPACE}}}Package/{{{NAMESPACE}}}Head/{{{NAMESPACE}}}senderCode") or ""
        sender = self._desk.callers.by_code.get(code)
        if sender is None:
            raise CallRefused("3001", "发送方未登记 / this sender is not registered")
        return sender

    async def _in_turn(self, name: str, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._desk.turns.submit(name, work))


class _Soap(_Face):
    async def describe(self, request: Request) -> Response:
        """Give the WSDL and the schemas it includes."""
        url = str(request.url.replace(query="", scheme="https"))
        query = {key.lower(): value for key, value in request.query_params.items()}
        document = None
        if "wsdl" in query:
            document = self._desk.published.wsdl(url)
        elif "xsd" in query:
            document = self._desk.published.schema(query["xsd"], url)
        if document is None:
            return Response("没有此页 / not found\n", 404, media_type="text/plain")
        return Response(document, media_type="text/xml")

    async def call(self, request: Request) -> Response:
        """Carry out one operation and answer with its response or a SOAP fault."""
        soap12 = "application/soap+xml" in request.headers.get("content-type", "")
        version = SoapVersion.V12 if soap12 else SoapVersion.V11
        try:
            sender = self._caller(request)
            self._require_open()
            with self._limits(sender).taken():
                body = await self._body(request)
                action = _action(request)
                name = sender.name if sender is not None else ""
                answer = await self._in_turn(name, lambda: self._answer(body, version, action, sender, _peer(request)))
        except CallRefused as refused:
            return _soap_fault(refused.fault, version)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as fault:
            log.exception("intake-failed", error=str(fault))
            return _soap_fault(_INTERNAL, version)
        return Response(answer, media_type=_media(version))

    def _answer(self, body: bytes, version: SoapVersion, action: str, sender: Sender | None, peer: str) -> bytes:
        root = self._parse(body)
        try:
            found, request = unwrap_root(root)
        except BadGateway as fault:
            raise CallRefused("1002", fault.detail) from None
        if found is not version:
            raise CallRefused("1002", "信封与 Content-Type 不符 / the envelope is of another SOAP version")
        namespace, _, operation = str(request.tag).removeprefix("{").rpartition("}")
        if namespace != NAMESPACE:
            raise CallRefused("1002", "未知的操作 / unknown operation")
        if action and action != f"{NAMESPACE}/{operation}":
            raise CallRefused("1002", "SOAPAction 与内容不符 / the action is not the operation")
        return wrap(self._perform(operation, request, sender, peer), version)


class _Rest(_Face):
    async def describe(self, _request: Request) -> Response:
        """Give the OpenAPI document of the pack."""
        return JSONResponse(dict(self._desk.json.document))

    async def call(self, request: Request) -> Response:
        """Carry out the operation of a path; XML or JSON as the caller sends and accepts."""
        as_json = _wants_json(request)
        return await self._guarded(self._called(request, as_json=as_json), as_json=as_json)

    async def _called(self, request: Request, *, as_json: bool) -> Response:
        path = request.url.path.removeprefix(REST)
        sender = self._caller(request)
        self._require_open()
        with self._limits(sender).taken():
            body = await self._body(request) if request.method == "POST" else b""
            name = sender.name if sender is not None else ""
            answer = await self._in_turn(name, lambda: self._answer(request, path, body, sender))
        if as_json:
            return Response(self._desk.json.to_json(safexml.parse(answer, _CAPS)), media_type="application/json")
        return Response(answer, media_type="application/xml")

    async def _guarded(self, answering: Awaitable[Response], *, as_json: bool) -> Response:
        """Return the answer, or the fault that stands for what was raised."""
        try:
            return await answering
        except CallRefused as refused:
            return self._fault(refused.fault, as_json=as_json)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as fault:
            log.exception("intake-failed", error=str(fault))
            return self._fault(_INTERNAL, as_json=as_json)

    async def take(self, request: Request) -> Response:
        """Take a workbook that a clerk has filled in; the answer is the workbook with its marks, or its account in JSON."""
        as_json = "json" in request.headers.get("accept", "")
        return await self._guarded(self._taken(request, as_json=as_json), as_json=as_json)

    async def _taken(self, request: Request, *, as_json: bool) -> Response:
        workbooks, sender = self._desk.workbooks, self._caller(request)
        if workbooks is None or sender is None:
            raise CallRefused("3001", "须出示客户端证书 / a client certificate is required")
        self._require_open()
        with self._limits(sender).taken():
            if request.headers.get("content-type", "") != WORKBOOK:
                raise CallRefused("1003", f"Content-Type 须为 {WORKBOOK} / it must be a workbook")
            draft, body = _is_draft(request), await self._body(request)
            marked = await self._in_turn(sender.name, lambda: workbooks(body, sender, draft))
        if as_json:
            return JSONResponse(dict(marked.account))
        return Response(marked.workbook, media_type=WORKBOOK)

    def _answer(self, request: Request, path: str, body: bytes, sender: Sender | None) -> bytes:
        operation, document = self._asked(request, path, body)
        element_ = self._parse(document)
        if element_.tag != f"{{{NAMESPACE}}}{operation}":
            raise CallRefused("1002", f"内容须为 {operation} / the body must be {operation}")
        return self._perform(operation, element_, sender, _peer(request))

    def _asked(self, request: Request, path: str, body: bytes) -> tuple[str, bytes]:
        """Return operation and request element of a call."""
        if request.method == "GET":
            operation, names = _GETS[path]
            query = request.query_params
            if set(query) - set(names):
                raise CallRefused("1002", "未知的参数 / unknown parameter")
            content = "".join(element(name, query[name]) for name in names if name in query)
            return operation, f'<{operation} xmlns="{NAMESPACE}">{content}</{operation}>'.encode()
        operation = _POSTS[path]
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            try:
                return operation, self._desk.json.to_xml(operation, body)
            except BadGateway as fault:
                raise CallRefused("1002" if body[:1] == b"{" else "1001", fault.detail) from None
        if kind not in ("application/xml", "text/xml"):
            raise CallRefused("1003", "Content-Type 须为 application/xml 或 application/json / XML or JSON only")
        return operation, body

    def _fault(self, fault: ExchangeFault, *, as_json: bool) -> Response:
        status = 403 if fault.code[0] == "3" else 503 if fault.code[0] in "45" else 400
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        again = "" if fault.retry_after is None else element("retryAfter", fault.retry_after)
        document = (
            f'<ExchangeFault xmlns="{NAMESPACE}">{element("code", fault.code)}{element("message", fault.message)}'
            f"{again}</ExchangeFault>"
        ).encode()
        if as_json:
            return Response(self._desk.json.to_json(safexml.parse(document)), status, headers, "application/json")
        return Response(document, status, headers, "application/xml")


_INTERNAL = ExchangeFault("5000", "内部错误 / internal error", 30)


def _soap_fault(fault: ExchangeFault, version: SoapVersion) -> Response:
    client = version is SoapVersion.V12 and fault.code[0] in "123"
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return Response(render_fault(fault, version), 400 if client else 500, headers, _media(version))


def _media(version: SoapVersion) -> str:
    return "text/xml; charset=utf-8" if version is SoapVersion.V11 else "application/soap+xml; charset=utf-8"


def _action(request: Request) -> str:
    header = request.headers.get("soapaction", "").strip().strip('"')
    if header:
        return header
    for part in request.headers.get("content-type", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "action":
            return value.strip().strip('"')
    return ""


def _utf8(request: Request) -> bool:
    for part in request.headers.get("content-type", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "charset":
            return value.strip().strip('"').lower() in ("utf-8", "us-ascii")
    return True


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    if "json" in accept:
        return True
    sent = request.headers.get("content-type", "")
    return "xml" not in accept and sent.startswith("application/json")


def _is_draft(request: Request) -> bool:
    told = request.query_params.get("draft", "false")
    if set(request.query_params) - {"draft"} or told not in ("true", "false"):
        raise CallRefused("1002", "参数只有 draft=true|false / the only parameter is draft=true|false")
    return told == "true"


def _peer(request: Request) -> str:
    return request.client.host if request.client is not None else ""
