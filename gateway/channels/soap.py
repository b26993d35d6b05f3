# SPDX-License-Identifier: Apache-2.0
"""A destination that speaks PowerExchange over SOAP 1.1 and TLS (市级平台、监察系统)."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.channels.https import HttpAnswer, HttpsChannel
from gateway.documents import soap, statement
from gateway.documents.package import render_package
from gateway.documents.receipt import read_query_answer, read_submit_answer
from gateway.errors import BadGateway, ChannelError, TrustError, Unreachable
from gateway.model.package import (
    KeyRow,
    Keys,
    PackageHead,
    PackedRecord,
    Receipt,
    ReceiptStatus,
    Refusal,
    Statement,
    Submission,
)
from gateway.trust.signing import Signer, Verifier

if TYPE_CHECKING:
    from lxml import etree

_SPEAKS_XML = frozenset({"text/xml", "application/soap+xml", "application/xml"})
_KEYS_PER_PAGE = 5000


class PowerExchange:
    """One destination behind one HTTPS channel; an instance belongs to one thread."""

    def __init__(self, name: str, receiver: str, channel: HttpsChannel, signer: Signer, verifier: Verifier) -> None:
        self.name = name
        self._receiver = receiver
        self._channel = channel
        self._signer = signer
        self._verifier = verifier

    @property
    def handshakes(self) -> int:
        """How many TLS connections were made so far."""
        return self._channel.handshakes

    def close(self) -> None:
        """Close the kept-alive connection."""
        self._channel.close()

    def cut(self) -> None:
        """End the exchange under way as unanswered, and refuse every later one; any thread may call this."""
        self._channel.cut()

    def ping(self) -> datetime:
        """Return the other side's clock; raises ChannelError."""
        return statement.read_ping(self._ask("Ping"))

    def submit(self, head: PackageHead, records: Sequence[PackedRecord], documents: Sequence[bytes]) -> Submission:
        """Send one signed package; an answer that is not a whole, true receipt of it leaves the outcome unknown."""
        package = render_package(head, records, documents, self._signer.sign)
        try:
            answer = self._call("SubmitPackage", package)
        except Unreachable as error:
            return Submission(sent=False, detail=str(error.detail))
        except ChannelError as error:
            return Submission(detail=f"{error.code} {error.detail}")
        try:
            said = _opened(answer, "SubmitPackageResponse")
            if isinstance(said, soap.ExchangeFault):
                return Submission(refusal=Refusal(said.code, said.message, said.retry_after), evidence=answer.body)
            receipt = self._read(read_submit_answer(said), head.package_id)
        except (BadGateway, TrustError) as error:
            return Submission(detail=f"{error.code} {error.detail}", evidence=answer.body)
        return Submission(receipt=receipt, evidence=answer.body)

    def query_receipt(self, package_id: str) -> Receipt | ReceiptStatus:
        """Ask what became of a package; raises ChannelError when there is no usable answer."""
        said = read_query_answer(self._ask("QueryReceipt", statement.ask_receipt(package_id)))
        if isinstance(said, ReceiptStatus):
            return said
        try:
            return self._read(said, package_id)
        except TrustError as error:
            raise BadGateway(error.detail) from error

    def statement(self, day: str) -> Statement:
        """Fetch the DailyStatement of a day; raises ChannelError."""
        read = statement.read_statement(self._ask("GetStatement", statement.ask_statement(day)))
        if read.day != day:
            raise BadGateway(f"asked for the statement of {day}, got {read.day}")
        return read

    def keys(self, day: str) -> Keys:
        """Fetch every key held for a day, page by page; raises ChannelError."""
        rows: list[KeyRow] = []
        cursor: str | None = None
        through: int | None = None
        while True:
            page = statement.read_keys(self._ask("GetKeys", statement.ask_keys(day, cursor, _KEYS_PER_PAGE)))
            through = page.through_receipt_no if through is None else min(through, page.through_receipt_no)
            rows.extend(page.rows)
            if page.cursor is None or page.cursor == cursor:
                return Keys(through, tuple(rows))
            cursor = page.cursor

    def _read(self, element: "etree._Element", package_id: str) -> Receipt:
        """Read a receipt and make sure that it is the receiver's own word on this package (promises.md R10)."""
        receipt = self._verifier.receipt(element, self._receiver)
        if receipt.package_id != package_id:
            raise BadGateway(f"the receipt is for package {receipt.package_id}")
        return receipt

    def _ask(self, operation: str, content: bytes = b"") -> "etree._Element":
        said = _opened(self._call(operation, content), f"{operation}Response")
        if isinstance(said, soap.ExchangeFault):
            raise BadGateway(f"{operation}: {said.code} {said.message}")
        return said

    def _call(self, operation: str, content: bytes) -> HttpAnswer:
        version = soap.SoapVersion.V11
        return self._channel.post(soap.request(operation, content, version), version.headers(operation))


def _opened(answer: HttpAnswer, response: str) -> "etree._Element | soap.ExchangeFault":
    """Take the answer out of its envelope: a response comes with 200 only, a fault with 4xx or 5xx as well."""
    if answer.content_type not in _SPEAKS_XML:
        raise BadGateway(f"HTTP {answer.status}: {answer.content_type or 'no content type'}")
    said = soap.answer(answer.body, response)
    if answer.status != 200 and not isinstance(said, soap.ExchangeFault):
        raise BadGateway(f"HTTP {answer.status} with a response")
    return said
