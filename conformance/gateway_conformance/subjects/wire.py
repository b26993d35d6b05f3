# SPDX-License-Identifier: Apache-2.0
"""Requests and answers of the DepartmentData service as texts and elements: what is sent, and how an answer is read."""

from dataclasses import dataclass
from typing import Final

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.documents.safexml import Element
from gateway_conformance.subjects.subject import Unanswered

NS: Final = "urn:jx:department-data:1.0"
EXCHANGE: Final = "urn:jx:power-exchange:1.0"
SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: HTTP status, headers, body, seconds it took; ``date`` is the Date header."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    def content(self) -> Element | None:
        """Return the element inside the SOAP Body; None where there is none or the answer is no XML."""
        try:
            root = safexml.parse(self.body)
        except RefusedDocument:
            return None
        body = next((child for child in root if str(child.tag).endswith("}Body")), None)
        return body[0] if body is not None and len(body) else None

    def fault(self) -> tuple[str, str] | None:
        """Return the code and text of a SOAP fault (code empty where it carries no ExchangeFault); None for none."""
        element = self.content()
        if element is None or not str(element.tag).endswith("}Fault"):
            return None
        code = element.findtext(f".//{{{EXCHANGE}}}ExchangeFault/{{{EXCHANGE}}}code") or ""
        return code, " ".join(str(text).strip() for text in element.itertext() if str(text).strip())


def envelope(operation: str, inner: str = "") -> bytes:
    """Return a SOAP 1.1 request."""
    content = f'<{operation} xmlns="{NS}">{inner}</{operation}>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="{SOAP11}">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


def told(element: Element, name: str) -> str:
    """Return the text of a child of an answer by its local name; raises Unanswered where there is none."""
    for child in element:
        if str(child.tag).rpartition("}")[2] == name:
            return (child.text or "").strip()
    answer = str(element.tag).rpartition("}")[2]
    raise Unanswered(f"{answer} 没有 {name}", f"{answer} has no {name}")


def counted(text: str | None, name: str) -> int:
    """Return a count that an answer gives, absent 0; raises Unanswered where it is no number."""
    try:
        return int((text or "0").strip() or 0)
    except ValueError as error:
        raise Unanswered(f"{name} 不是数:{text}", f"{name} is no number: {text}") from error


def escape(value: str) -> str:
    """Return text as it stands between tags."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
