# SPDX-License-Identifier: Apache-2.0
"""SOAP 1.1 and 1.2 envelopes, document/literal; a fault carries an ExchangeFault (standard.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from gateway.documents import safexml
from gateway.documents.contract import CODE, COUNT, Children
from gateway.documents.faults import RefusedDocument
from gateway.documents.render import NAMESPACE, element, optional
from gateway.errors import BadGateway

ANSWER = safexml.Limits(size=16 * 1024 * 1024, elements=500_000, attributes=10_000, text=100_000)
"""Caps of an answer: a key page or a receipt of 500 records is far below."""


class SoapVersion(Enum):
    """A SOAP version; the value is the envelope's namespace."""

    V11 = "http://schemas.xmlsoap.org/soap/envelope/"
    V12 = "http://www.w3.org/2003/05/soap-envelope"

    def headers(self, operation: str, namespace: str = NAMESPACE) -> Mapping[str, str]:
        """Return the HTTP headers of a request for ``operation`` of the service with this namespace."""
        action = f"{namespace}/{operation}"
        if self is SoapVersion.V11:
            return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"'}


@dataclass(frozen=True, slots=True)
class ExchangeFault:
    """A refusal before any receipt can be given; ``retry_after`` in seconds."""

    code: str
    message: str
    retry_after: int | None = None


def wrap(content: bytes, version: SoapVersion = SoapVersion.V11) -> bytes:
    """Return ``content`` (one element, UTF-8, its namespace declared) in an envelope."""
    return _wrapped(version, content)


def request(
    operation: str, content: bytes = b"", version: SoapVersion = SoapVersion.V11, namespace: str = NAMESPACE
) -> bytes:
    """Return the envelope of a request whose element ``operation`` holds ``content``."""
    name = operation.encode()
    return _wrapped(version, b'<%b xmlns="%b">' % (name, namespace.encode()), content, b"</%b>" % name)


def _wrapped(version: SoapVersion, *pieces: bytes) -> bytes:
    """Put pieces into an envelope, copying them once: a package is large."""
    opening = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="%b"><soap:Body>' % version.value.encode()
    )
    return b"".join((opening, *pieces, b"</soap:Body></soap:Envelope>"))


def unwrap(data: bytes) -> tuple[SoapVersion, "etree._Element"]:
    """Return the version of an envelope and the one element in its Body.

    Raises BadGateway when the bytes are no envelope (an HTML page, half an answer) or hold more than the contract says.
    """
    try:
        root = safexml.parse(data, ANSWER)
    except RefusedDocument as refused:
        raise BadGateway(f"{refused.finding.message.zh} / {refused.finding.message.en}") from None
    return unwrap_root(root)


def unwrap_root(root: "etree._Element") -> tuple[SoapVersion, "etree._Element"]:
    """Return the version of a parsed envelope and the one element in its Body; raises BadGateway."""
    version = next((each for each in SoapVersion if root.tag == f"{{{each.value}}}Envelope"), None)
    if version is None:
        raise BadGateway("不是 SOAP 信封 / not a SOAP envelope")
    parts = Children(root, frozenset({f"{{{version.value}}}encodingStyle"}))  # SOAP::Lite writes it, though literal
    for header in root.findall(f"{{{version.value}}}Header"):
        _refuse_mandatory(parts.foreign(header.tag), version)
    body = parts.foreign(f"{{{version.value}}}Body")
    parts.end()
    if len(body) != 1 or not isinstance(body[0].tag, str):
        raise BadGateway("信封须有且只有一个内容 / the Body must hold exactly one element")
    return version, body[0]


def answer(data: bytes, response: str, namespace: str = NAMESPACE) -> "etree._Element | ExchangeFault":
    """Return the element ``response`` of an answer, or the fault in its place; raises BadGateway for anything else."""
    version, content = unwrap(data)
    if content.tag == f"{{{namespace}}}{response}":
        return content
    if content.tag == f"{{{version.value}}}Fault":
        return _fault(content)
    raise BadGateway(f"应答不是 {response} / the answer is not {response}")


def render_fault(fault: ExchangeFault, version: SoapVersion = SoapVersion.V11) -> bytes:
    """Return the envelope of a fault: codes 1xxx to 3xxx are the sender's fault, others the receiver's."""
    detail = (
        f'<ExchangeFault xmlns="{NAMESPACE}">{element("code", fault.code)}{element("message", fault.message)}'
        f"{optional('retryAfter', fault.retry_after)}</ExchangeFault>"
    )
    senders = fault.code[:1] in "123"
    if version is SoapVersion.V11:
        kind = "Client" if senders else "Server"
        content = (
            f"<soap:Fault><faultcode>soap:{kind}</faultcode>{element('faultstring', fault.code)}"
            f"<detail>{detail}</detail></soap:Fault>"
        )
    else:
        kind = "Sender" if senders else "Receiver"
        content = (
            f"<soap:Fault><soap:Code><soap:Value>soap:{kind}</soap:Value></soap:Code><soap:Reason>"
            f'<soap:Text xml:lang="zh">{fault.code}</soap:Text></soap:Reason><soap:Detail>{detail}</soap:Detail></soap:Fault>'
        )
    return wrap(content.encode(), version)


def _fault(fault: "etree._Element") -> ExchangeFault:
    details = list(fault.iter(f"{{{NAMESPACE}}}ExchangeFault"))
    if len(details) != 1:
        raise BadGateway("SOAP Fault 中没有 ExchangeFault / the fault holds no ExchangeFault")
    parts = Children(details[0])
    code, message = parts.text("code", CODE), parts.text("message")
    again = parts.text_if("retryAfter", COUNT)
    parts.end()
    return ExchangeFault(code, message, None if again is None else int(again))


def _refuse_mandatory(header: "etree._Element", version: SoapVersion) -> None:
    for block in header:
        if block.get(f"{{{version.value}}}mustUnderstand", "0") in ("1", "true"):
            raise BadGateway("应答带有必须理解的未知头 / the answer has a header that must be understood")
