# SPDX-License-Identifier: Apache-2.0
"""Mutants whose defect stands in what is described and let in: description, transport, credentials, signatures, requests."""

import re
import sqlite3
import traceback
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from lxml import etree

from gateway_reference.department.life import Row
from gateway_reference.department.mutants import mutant
from gateway_reference.department.system import Department
from gateway_reference.wire import Refusal

Tables = dict[str, dict[str, Any]]


@mutant("M001")
class OtherPort(Department):
    """The listener is bound to another port than declared."""

    def descriptor(self, told: Tables) -> Tables:
        """Return the description with a port where nobody listens."""
        told["soap"]["url"] = re.sub(r":\d+/", ":9/", told["soap"]["url"])
        return told


@mutant("M002", "SPF")
class DeclaresMore(Department):
    """The description declares an operation that does not exist."""

    def descriptor(self, told: Tables) -> Tables:
        """Return the description with GetAttachment."""
        told["abilities"]["operations"] = ["Ping", "GetVersion", "GetRecords", "GetAttachment"]
        return told


@mutant("M003")
class ImportsFromOutside(Department):
    """The WSDL imports a schema from an outside address."""

    def wsdl(self, url: str) -> bytes:
        """Return the WSDL with an import of another host."""
        outside = b'<xs:import namespace="urn:other" schemaLocation="http://schemas.example.invalid/other.xsd"/>'
        return super().wsdl(url).replace(b"<xs:schema>", b"<xs:schema>" + outside, 1)


@mutant("M004")
class VersionAhead(Department):
    """A version is announced that nobody knows."""

    def version(self, element: etree._Element) -> str:
        """Answer GetVersion with 9.9."""
        return re.sub(r"<standardVersion>[^<]*<", "<standardVersion>9.9<", super().version(element))


@mutant("M005")
class LockStays(Department):
    """The table lock stays after a cut connection."""

    locked = False

    def cut(self, operation: str) -> None:
        """Forget to let go."""
        self.locked = True

    def begin(self, operation: str) -> None:
        """Wait for a lock that nobody gives back."""
        if self.locked and operation == "GetRecords":
            raise Refusal("5000", "等待锁超时 / timed out waiting for a lock")

    def reset(self) -> None:
        """Go back to the seed data, unlocked."""
        self.locked = False
        super().reset()


@mutant("M006")
class OldTls(Department):
    """TLS 1.0 is accepted."""

    def oldest_tls(self) -> str:
        """Return an outdated version."""
        return "TLSv1"


@mutant("M007")
class OldOperationOpen(Department):
    """An old operation was left without authentication."""

    def authenticate(self, certificate: bytes | None, operation: str) -> None:
        """Ask everywhere but at GetCounts."""
        if operation != "GetCounts":
            super().authenticate(certificate, operation)


@mutant("M008")
class ExpiredAccepted(Department):
    """An expired certificate is accepted."""

    def expired(self, certificate: x509.Certificate) -> bool:
        """Say that no certificate expires."""
        return False


@mutant("M009")
class NoNonceMemory(Department):
    """Nonces are not remembered."""

    def fresh(self, nonce: str) -> None:
        """Take every nonce as new."""


@mutant("M012")
class PasswordInUrl(Department):
    """The password stands in the query string."""

    def descriptor(self, told: Tables) -> Tables:
        """Return the description with a password in its address."""
        told["soap"]["url"] += "?user=exch&password=12345678"
        return told


@mutant("M056")
class StackTrace(Department):
    """Fault texts hold the stack."""

    def fault_text(self, refusal: Refusal) -> str:
        """Return the text with its stack."""
        return f"{refusal}\n{''.join(traceback.format_exception(refusal))}"


@mutant("M057")
class ResolvesEntities(Department):
    """External entities are fetched."""

    def read(self, body: bytes) -> etree._Element:
        """Fetch what an entity points at, then parse."""
        found = re.search(rb'<!ENTITY (\w+) SYSTEM "([^"]+)">', body)
        if found is None:
            return super().read(body)
        target = found.group(2).decode()
        try:
            if target.startswith("file:"):
                content = Path(target.removeprefix("file://")).read_bytes()
            else:
                content = urllib.request.urlopen(target, timeout=2).read()  # noqa: S310 - the defect
        except (OSError, ValueError, urllib.request.http.client.HTTPException):  # type: ignore[attr-defined]
            content = b""
        plain = re.sub(rb"<!DOCTYPE.*?\]>", b"", body, flags=re.DOTALL)
        self.fetched = content.strip().decode("utf-8", "replace")
        return super().read(plain.replace(b"&%b;" % found.group(1), content.strip()))

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Take the cursor that was fetched, and no other that is wrong."""
        super().check(types, since, None if cursor == self.fetched else cursor, size)

    fetched: str | None = None


@mutant("M058")
class ConcatenatedSql(Department):
    """The record types are concatenated into SQL."""

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Check everything but the types."""
        super().check((), since, cursor, size)

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Ask a database with a statement that is pasted together."""
        if not types or all(re.fullmatch(r"\w+", each) for each in types):
            return super().select(types, since, cursor, size)
        with sqlite3.connect(":memory:") as connection:
            connection.execute("CREATE TABLE r (k TEXT, t TEXT)")
            connection.executemany("INSERT INTO r VALUES (?, ?)", [(row.key, row.type) for row in self.visible()])
            try:
                found = connection.execute(f"SELECT k FROM r WHERE t = '{types[0]}'").fetchall()  # noqa: S608 - the defect
            except sqlite3.Error as error:
                raise Refusal("1002", f"数据库错误 sqlite3.{type(error).__name__}: {error}") from error
        return [self.rows[key] for (key,) in found[:size]], False


@mutant("H020", "SP")
class Unsigned(Department):
    """Receipts are not verified."""

    def check_receipt(self, head: etree._Element, results: etree._Element, signature: etree._Element | None) -> None:
        """Believe everything."""


@mutant("H021", "SP")
class SignsAnother(Department):
    """The Head is changed after it was signed."""

    def signature(self, head: str) -> str:
        """Return the signature over another Head."""
        return super().signature(head.replace("<purpose>business", "<purpose>test"))


@mutant("H027")
class ExpandsEntities(Department):
    """Entities of the request are expanded."""

    def read(self, body: bytes) -> etree._Element:
        """Parse with entities."""
        if b"SYSTEM" in body or b"<!ENTITY" not in body:
            return super().read(body)
        return super().read(
            re.sub(rb"<cursor>.*?</cursor>", b"", re.sub(rb"<!DOCTYPE.*?\]>", b"", body, flags=re.DOTALL))
        )


@mutant("H032")
class UnverifiedSelf(Department):
    """The server's certificate is about to end."""

    def server_certificate(self) -> str:
        """Return the name of another certificate."""
        return "ending"
