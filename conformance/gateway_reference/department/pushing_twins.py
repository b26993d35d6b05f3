# SPDX-License-Identifier: Apache-2.0
"""Good twins that push: other forms, sizes and waits than the reference system's, all of them right."""

import re
import time
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from gateway_reference import wire
from gateway_reference.department.life import Row
from gateway_reference.department.pushing import DONE, REFUSED, WAITS, Parcel, Pushing
from gateway_reference.department.twins import Tables, twin
from gateway_reference.wire import NAMESPACE

PATHS = {"SubmitPackage": "/packages", "AckNotices": "/notices/acknowledgements"}
GETS = {"QueryReceipt": "/receipts", "FetchNotices": "/notices"}


@twin("T08", "PF")
class ReceiptsInBatch(Pushing):
    """Receipts are handled in a batch job every minute."""

    def handle(self, parcel: Parcel, receipt: etree._Element) -> None:
        """Wait for the job."""
        self.wait(60)
        super().handle(parcel, receipt)


@twin("T11", "P")
class Slow(Pushing):
    """Every call takes its time, inside the limits."""

    def call(self, operation: str, content: str, *, keep: bool = False) -> etree._Element:
        """Think."""
        time.sleep(0.03)
        return super().call(operation, content, keep=keep)


@twin("T31", "P")
class Rest(Pushing):
    """Packages go out by REST, as XML."""

    def target(self, operation: str) -> tuple[str, str]:
        """Return method and path of the REST face."""
        if operation in PATHS:
            return "POST", f"/exchange/v1{PATHS[operation]}"
        return "GET", f"/exchange/v1{GETS[operation]}{self.asked}"

    asked = ""

    def call(self, operation: str, content: str, *, keep: bool = False) -> etree._Element:
        """Put what a reading operation asks for into its query."""
        if operation not in GETS:
            return super().call(operation, content, keep=keep)
        with self.lock:
            told = dict(re.findall(r"<(\w+)>([^<]*)<", content))
            self.asked = f"?{urlencode(told)}" if told else ""
            return super().call(operation, content, keep=keep)

    def request_headers(self, operation: str) -> dict[str, str]:
        """Return the headers of a REST request."""
        return {"Content-Type": "application/xml; charset=utf-8", "Accept": "application/xml"}

    def request_body(self, operation: str, content: str) -> bytes:
        """Return the operation without an envelope; nothing for what only reads."""
        if operation in GETS:
            return b""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><{operation} xmlns="{NAMESPACE}">{content}</{operation}>'.encode()
        )

    def descriptor(self, told: Tables) -> Tables:
        """Declare the form."""
        told["abilities"]["form"] = "rest-xml"
        return told


@twin("T32", "P")
class Soap12(Pushing):
    """Packages go out by SOAP 1.2."""

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return an envelope of SOAP 1.2."""
        return (
            super()
            .envelope(content, fault)
            .replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
        )

    def request_headers(self, operation: str) -> dict[str, str]:
        """Return the headers of SOAP 1.2: the action is a parameter."""
        return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{NAMESPACE}/{operation}"'}

    def descriptor(self, told: Tables) -> Tables:
        """Declare the form."""
        told["abilities"]["form"] = "soap12"
        return told


@twin("T33", "P")
class OneByOne(Pushing):
    """One sender, one record a package."""

    def senders(self) -> int:
        """Return one."""
        return 1

    def batch_size(self) -> int:
        """Return one."""
        return 1


@twin("T34", "PF")
class LargePackages(Pushing):
    """Packages of up to 500 records."""

    def batch_size(self) -> int:
        """Return the greatest size."""
        return 500


@twin("T35", "P")
class LongWaits(Pushing):
    """The first wait is a minute, each is twice the one before, at most an hour."""

    def backoff(self, attempt: int) -> float:
        """Return the wait."""
        return min(60.0 * 2.0 ** max(attempt - 1, 0), 3600.0)


@twin("T36", "P")
class NewPackageVoided(Pushing):
    """What was asked for in time and never received goes out in a new package; the old one is voided."""

    def resend(self, parcel: Parcel) -> None:
        """Give the package up and let its records go anew."""
        with self.lock:
            self.flying.remove(parcel)
            self.voided.append(parcel.id)
            self.moved.notify_all()


@twin("T37", "PF")
class UnknownParked(Pushing):
    """A code that is not known stands as a task; the record is not tried again by itself."""

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Park what is unknown."""
        if code in DONE | WAITS | REFUSED:
            super().settle(parcel, row, code, held)
        else:
            self.refuse(row, code)


@twin("T38", "P")
class AsksByRecord(Pushing):
    """Receipts are asked for by the recordId of the first record."""

    def question(self, parcel: Parcel) -> str:
        """Return the first recordId."""
        return f"<recordId>{next(iter(parcel.keys))}</recordId>"

    def of_parcel(self, parcel: Parcel, receipt: etree._Element) -> bool:
        """Believe a receipt that names all records of the package: it may have been stored by another."""
        named = {wire.text(result, "recordId") for result in receipt[1]}
        return super().of_parcel(parcel, receipt) or (parcel.unknown and set(parcel.keys) <= named)


def load() -> dict[str, Any]:
    """Return every twin, those that push, drop files or show views and those with further cases among them."""
    from gateway_reference.department.twins import TWINS

    for module in ("further_twins", "dropping_twins", "viewing_twins"):
        import_module(f"gateway_reference.department.{module}")
    return TWINS
