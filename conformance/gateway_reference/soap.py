# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.1 and 1.2 envelopes, document/literal, and faults that carry ExchangeFault; REST as XML without an envelope."""

from dataclasses import dataclass
from enum import Enum

from lxml import etree

from gateway_reference import wire
from gateway_reference.wire import NAMESPACE, Refusal, escape


class Version(Enum):
    """A SOAP version: envelope namespace and content type."""

    V11 = ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml; charset=utf-8")
    V12 = ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml; charset=utf-8")
    REST = ("", "application/xml; charset=utf-8")

    @property
    def namespace(self) -> str:
        """The envelope's namespace."""
        return self.value[0]

    @property
    def content_type(self) -> str:
        """The Content-Type of an answer."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its SOAP version, the operation's name and its element."""

    version: Version
    operation: str
    element: etree._Element


def guess_version(content_type: str) -> Version:
    """Return the version a Content-Type speaks of; needed to answer what could not be parsed."""
    return Version.V12 if content_type.lower().startswith("application/soap+xml") else Version.V11


def read(data: bytes) -> Request:
    """Read an envelope; raises Refusal 1001, 1002 or 1003."""
    root = wire.parse(data)
    version = next((v for v in Version if root.tag == f"{{{v.namespace}}}Envelope"), None)
    if version is None:
        raise Refusal("1002", "不是 SOAP 信封 / not a SOAP envelope")
    for header in root.iterfind(f"{{{version.namespace}}}Header/*"):
        if header.get(f"{{{version.namespace}}}mustUnderstand") in {"1", "true"}:
            raise Refusal("1002", "不认识的必须理解的头 / a header that must be understood is not known")
    bodies = root.findall(f"{{{version.namespace}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Refusal("1002", "信封须有且只有一个操作 / the Body must hold exactly one operation")
    element = bodies[0][0]
    named = etree.QName(element)
    if named.namespace != NAMESPACE:
        raise Refusal("1002", "未知的操作 / unknown operation")
    return Request(version, named.localname, element)


def require_action(request: Request, action: str) -> None:
    """Check the SOAPAction (or action parameter) when one was sent; raises Refusal 1002 when it names another."""
    action = action.strip().strip('"')
    if action and action != f"{NAMESPACE}/{request.operation}":
        raise Refusal("1002", "SOAPAction 与操作不符 / SOAPAction names another operation")


def answer(version: Version, content: bytes) -> bytes:
    """Wrap a response element; REST gives it as it is."""
    if version is Version.REST:
        return b'<?xml version="1.0" encoding="UTF-8"?>' + content
    return (
        b'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="%b"><soap:Body>%b</soap:Body></soap:Envelope>'
        % (version.namespace.encode(), content)
    )


def fault(version: Version, refusal: Refusal) -> tuple[int, bytes]:
    """Return HTTP status and envelope of a refusal; 1xxx-3xxx are the sender's fault, 4xxx and 5xxx the receiver's."""
    again = "" if refusal.retry_after is None else f"<retryAfter>{refusal.retry_after}</retryAfter>"
    detail = (
        f'<ExchangeFault xmlns="{NAMESPACE}"><code>{refusal.code}</code>'
        f"<message>{escape(refusal.message)}</message>{again}</ExchangeFault>"
    )
    senders = refusal.code[0] in "123"
    if version is Version.REST:
        status = 503 if not senders else 403 if refusal.code[0] == "3" else 400
        return status, answer(version, detail.encode())
    reason = escape(f"{refusal.code} {refusal.message}")
    if version is Version.V11:
        kind = "Client" if senders else "Server"
        content = (
            f"<soap:Fault><faultcode>soap:{kind}</faultcode><faultstring>{reason}</faultstring>"
            f"<detail>{detail}</detail></soap:Fault>"
        )
        return 500, answer(version, content.encode())
    kind = "Sender" if senders else "Receiver"
    content = (
        f"<soap:Fault><soap:Code><soap:Value>soap:{kind}</soap:Value></soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="zh">{reason}</soap:Text></soap:Reason>'
        f"<soap:Detail>{detail}</soap:Detail></soap:Fault>"
    )
    return (400 if senders else 500), answer(version, content.encode())
