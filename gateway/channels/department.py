# SPDX-License-Identifier: Apache-2.0
"""The department source (部门数据服务): signed packages fetched from a department's ``DepartmentData`` service (SOAP).

Records come in the standard form, with the sender's own versions: they are judged and stored as if they had been
pushed (ledger.md B3). The service is called as the contract of the pack says; no description is fetched from it.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from gateway.channels.department_options import DepartmentOptions
from gateway.channels.https import Endpoint, HttpsChannel
from gateway.channels.service_findings import service_error, service_finding
from gateway.clock import BEIJING
from gateway.documents import department, soap
from gateway.documents.contract_form import contract_files, service_interface, target_of
from gateway.documents.department import (
    DEPARTMENT,
    DepartmentCount,
    DepartmentKey,
    RecordsPage,
    Standing,
    UnreadablePage,
)
from gateway.documents.package import instant
from gateway.documents.safexml import Element
from gateway.errors import BadGateway, ChannelError, SourceError, TimedOut, Unreachable
from gateway.model.finding import Finding
from gateway.model.record import SourceKind
from gateway.ports import Page, Position, Window
from gateway.semantics.interface import Interface

T = TypeVar("T")

_SPEAKS_XML = frozenset({"text/xml", "application/soap+xml", "application/xml"})
_LONGEST_WAIT = 30.0
_KEYS = 1000


class DepartmentSource:
    """One department system that offers ``DepartmentData``; an instance belongs to one thread.

    ``rest`` waits so many seconds between two tries of a call.
    """

    kind = SourceKind.EVENT
    consumes = True
    """Its pages are packages, not rows: what it holds is compared by its key list, not by reading it again."""

    def __init__(
        self, name: str, org: str, options: DepartmentOptions, directory: Path, standard_version: str,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.name = name
        self._org = org
        self._options = options
        self._directory = directory
        self._standard_version = standard_version
        self._rest = rest
        self._quiet = False
        endpoint = Endpoint(
            options.url, directory / options.ca,
            None if options.certificate is None else directory / options.certificate,
            None if options.key is None else directory / options.key,
            options.wait.total_seconds(), options.whole.total_seconds(),
        )  # fmt: skip
        self._channel = HttpsChannel(endpoint)

    @property
    def overlap(self) -> timedelta:
        """How far back each pull reads again."""
        return self._options.overlap

    @property
    def page(self) -> int:
        """The most records that one page may hold."""
        return self._options.page

    @property
    def tells_receipts(self) -> bool:
        """Whether receipts are to be put."""
        return self._options.receipts and not self._quiet

    @property
    def tells_notices(self) -> bool:
        """Whether notices are to be put."""
        return self._options.notices and not self._quiet

    def look(self) -> None:
        """From now on only look: no receipt and no notice is put."""
        self._quiet = True

    def check(self) -> tuple[Finding, ...]:
        """Ask the system who it is and which standard it speaks; every fault is a finding."""
        try:
            self._welcome(self.version())
        except SourceError as fault:
            code = fault.detail.removeprefix(f"{self.name}: ")[:7]
            return (service_finding(code, "url", fault.detail.partition(code)[2].strip()),)
        return ()

    def version(self) -> Standing:
        """Ask GetVersion. Raises SourceError."""
        return self._read("GetVersion", b"", department.read_version)

    def ping(self) -> datetime:
        """Return the department's clock. Raises SourceError."""
        return self._read("Ping", b"", department.read_ping)

    def interface(self) -> Interface | None:
        """Return WSDL and schemas as the service gives them, with the certificates that sign. Raises SourceError."""
        try:
            files = contract_files(f"{self._options.url}?wsdl", self._fetched)
            signing = [self._der(each) for each in self._options.signing_certificates]
        except ValueError as fault:
            raise service_error("SVC-005", self.name, f"WSDL: {fault}") from fault
        roles = {"signing" if number == 0 else f"signing-{number + 1}": der for number, der in enumerate(signing)}
        return service_interface(files, roles, self._standard_version)

    def _fetched(self, address: str) -> bytes:
        try:
            answer = self._channel.get(address, {})
        except ChannelError as fault:
            raise service_error("SVC-001", self.name, fault.detail) from fault
        if answer.status != HTTPStatus.OK:
            raise service_error("SVC-003", self.name, f"HTTP {answer.status}: {target_of(address)}")
        return answer.body

    def _der(self, name: str) -> bytes:
        try:
            return ssl.PEM_cert_to_DER_cert((self._directory / name).read_text("ascii"))
        except OSError as fault:
            raise ValueError(f"{name}: {fault.strerror}") from fault

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run by the department's own clock. Raises SourceError."""
        standing = self.version()
        self._welcome(standing)
        since = None
        if floor is not None:
            since = instant((datetime.fromisoformat(floor) - self._options.overlap).astimezone(BEIJING))
        return Window(since, instant(standing.server_time))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run: the department's clock at the start of this one."""
        return window.until

    def estimate(self, window: Window) -> int | None:
        """Return None: the contract has no count of a window."""
        return None

    def fetch(self, window: Window, after: Position | None, size: int) -> RecordsPage:
        """Ask for the next page of at most ``size`` records.

        Raises SourceError when the service is gone, UnreadablePage when this page alone is at fault.
        """
        cursor = None if after is None else after.row_id
        asked = department.ask_records(self._options.types, window.floor, cursor, size)
        page = self._read("GetRecords", asked, department.read_records)
        if page.more and page.cursor == cursor:
            raise service_error("SVC-008", self.name, "nextCursor")
        return page

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Refuse: what comes from here are packages (``fetch``)."""
        raise SourceError(f"{self.name}: packages, no rows")

    def counts(self, day: str) -> list[DepartmentCount]:
        """Ask GetCounts of a day. Raises SourceError."""
        return self._read("GetCounts", department.ask_day(day), department.read_counts)

    def keys_of(self, day: str) -> Iterator[DepartmentKey]:
        """Ask GetKeys of a day, page by page. Raises SourceError."""
        cursor: str | None = None
        while True:
            rows, following = self._read("GetKeys", department.ask_day(day, cursor, _KEYS), department.read_keys)
            yield from rows
            if following is None:
                return
            if following == cursor:
                raise service_error("SVC-008", self.name, "GetKeys/nextCursor")
            cursor = following

    def put_receipt(self, receipt: bytes) -> None:
        """Tell the department what became of a package; the same receipt may come twice. Raises SourceError."""
        self._put("PutReceipt", receipt)

    def put_notice(self, document: bytes) -> None:
        """Tell the department of an alert or instruction; the same one may come twice. Raises SourceError."""
        self._put("PutNotice", document)

    def close(self) -> None:
        """Close the kept-alive connection."""
        self._channel.close()

    # -- calls ---------------------------------------------------------------------------------------------------

    def _welcome(self, standing: Standing) -> None:
        if self._standard_version not in standing.standard_versions:
            told = f"{'、'.join(standing.standard_versions)[:100]} ≠ {self._standard_version}"
            raise service_error("SVC-007", self.name, told)
        if self._org not in standing.organisations:
            raise service_error("SVC-009", self.name, self._org)

    def _put(self, operation: str, content: bytes) -> None:
        if not self._read(operation, content, department.read_accepted):
            raise service_error("SVC-004", self.name, f"{operation}: accepted=false")

    def _read(self, operation: str, content: bytes, reader: Callable[[Element], T]) -> T:
        """Call an operation, again where that may help, and read its answer. Raises SourceError."""
        tried = 1
        while True:
            try:
                return self._once(operation, content, reader)
            except _Again as again:
                if tried >= self._options.tries:
                    raise again.fault from None
                self._rest(min(again.wait or float(2 ** (tried - 1)), _LONGEST_WAIT))
                tried += 1

    def _once(self, operation: str, content: bytes, reader: Callable[[Element], T]) -> T:
        version = soap.SoapVersion.V11
        request = soap.request(operation, content, version, DEPARTMENT)
        try:
            answer = self._channel.post(request, version.headers(operation, DEPARTMENT))
        except Unreachable as fault:
            raise _Again(service_error("SVC-001", self.name, fault.detail)) from None
        except TimedOut as fault:
            raise _Again(service_error("SVC-002", self.name, fault.detail)) from None
        except ChannelError as fault:
            raise UnreadablePage(service_error("SVC-003", self.name, fault.detail), None) from None
        if answer.content_type not in _SPEAKS_XML:
            told = f"HTTP {answer.status}: {answer.content_type or '-'}"
            raise _Again(service_error("SVC-003", self.name, told))
        return self._opened(operation, answer.body, reader)

    def _opened(self, operation: str, body: bytes, reader: Callable[[Element], T]) -> T:
        try:
            said = soap.answer(body, f"{operation}Response", DEPARTMENT)
            if not isinstance(said, soap.ExchangeFault):
                return reader(said)
        except BadGateway as fault:
            error = service_error("SVC-005", self.name, f"{operation}: {fault.detail}")
            raise UnreadablePage(error, department.where_next(body)) from None
        error = service_error("SVC-004", self.name, f"{operation}: {said.code} {said.message[:200]}")
        if said.code[0] in "45":
            raise _Again(error, None if said.retry_after is None else float(said.retry_after))
        raise error


class _Again(Exception):
    """A call failed in a way that may pass; ``wait`` are the seconds that the other side asked for."""

    def __init__(self, fault: SourceError, wait: float | None = None) -> None:
        super().__init__(fault.detail)
        self.fault = fault
        self.wait = wait
