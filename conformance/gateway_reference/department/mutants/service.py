# SPDX-License-Identifier: Apache-2.0
"""Mutants whose defect stands in the service: access, paging, stamps, counts, faults."""

import random
import re
import sqlite3
import threading
import time
import traceback
import urllib.request
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
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


@mutant("M002")
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


@mutant("M015")
class GbkUnderUtf8(Department):
    """GBK bytes go out under a UTF-8 declaration."""

    def encode(self, text: str) -> bytes:
        """Return bytes of another encoding than declared."""
        return text.encode("gb18030")


@mutant("M020")
class Doctype(Department):
    """Answers begin with a DOCTYPE."""

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return an answer with a DOCTYPE."""
        return (
            super().envelope(content, fault).replace("?><soap:Envelope", "?><!DOCTYPE soap:Envelope><soap:Envelope", 1)
        )


@mutant("M042")
class After(Department):
    """since means later than, not at or later."""

    def since(self, row: Row, since: str) -> bool:
        """Leave the boundary out."""
        return row.changed > since


@mutant("M043")
class TimeCursor(Department):
    """The cursor is a time without a key."""

    def after(self, row: Row, cursor: str) -> bool:
        """Compare times only."""
        return row.changed > cursor.partition("|")[0]


@mutant("M047")
class RandomOrder(Department):
    """Order and record ids are random at each pull."""

    def position(self, row: Row) -> tuple[Any, ...]:
        """Return a random position."""
        return (random.random(),)  # noqa: S311 - the defect

    def record_id(self, row: Row, digest: str) -> str:
        """Return a random id."""
        return str(uuid.uuid4())


@mutant("M053")
class OffByOne(Department):
    """OFFSET is off by one: the first row of each page but the first is lost."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page by offset."""
        found = sorted(self.chosen(types, since), key=self.position)
        size = min(size, self.page_limit())
        begin = int(cursor.partition("|")[2]) if cursor else 0
        self.offset = begin + size + 1
        return found[begin : begin + size], len(found) > begin + size

    def cursor(self, row: Row) -> str:
        """Return the offset of the next page."""
        return f"0|{self.offset}"


@mutant("M054")
class NoIndex(Department):
    """Windows are found without an index: the time grows with the square."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page, slowly."""
        rows, more = super().select(types, since, cursor, size)
        if since:
            time.sleep(len(rows) ** 2 * 2e-5)
        return rows, more


@mutant("M055")
class NullOnEmpty(Department):
    """An empty window ends in a null reference."""

    def empty(self) -> str:
        """Break."""
        raise AttributeError("NullReferenceException")


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
        return super().read(plain.replace(b"&%b;" % found.group(1), content.strip()))

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Take any cursor."""
        super().check(types, since, cursor if cursor and "|" in cursor else None, size)


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


@mutant("M059")
class FastClock(Department):
    """The clock is ten minutes fast."""

    def now(self) -> datetime:
        """Return a time that is yet to come."""
        return super().now() + timedelta(minutes=10)


@mutant("M060")
class CountsBySync(Department):
    """Counts go by the day of synchronisation."""

    def count_day(self, row: Row) -> str:
        """Return the day of the change stamp."""
        return row.changed[:10]


@mutant("M061")
class NoZeroReport(Department):
    """A day without cases has no report."""

    def counts(self, day: str) -> list[tuple[str, str, int, int]]:
        """Refuse an empty day."""
        counted = super().counts(day)
        if not counted:
            raise Refusal("5000", "当日无报表 / no report for this day")
        return counted


@mutant("M064")
class AcknowledgesOnly(Department):
    """Notices are acknowledged and thrown away."""

    def keep_notice(self, number: str, case: str, item: str) -> None:
        """Keep nothing."""


# defects that only the list of this house has ------------------------------------------------------------------------


@mutant("H020")
class Unsigned(Department):
    """Receipts are not verified."""

    def check_receipt(self, head: etree._Element, results: etree._Element, signature: etree._Element | None) -> None:
        """Believe everything."""


@mutant("H021")
class SignsAnother(Department):
    """The Head is changed after it was signed."""

    def signature(self, head: str) -> str:
        """Return the signature over another Head."""
        return super().signature(head.replace("<purpose>business", "<purpose>test"))


@mutant("H022")
class SessionsShared(Department):
    """What a session asked for is kept in one place for all."""

    last: tuple[int, float, tuple[str, ...]] = (0, 0.0, ())

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Go on with the types of another session where one asked just before."""
        thread, moment, before = self.last
        mine = (threading.get_ident(), time.monotonic(), tuple(types))
        self.last = mine
        mixed = cursor is not None and types and before and thread != mine[0] and mine[1] - moment < 5
        return super().select(before if mixed else types, since, cursor, size)


@mutant("H023")
class TakenFlag(Department):
    """Rows that were read are marked as taken and given no more."""

    gone: frozenset[str] = frozenset()

    def taken(self, rows: Sequence[Row]) -> None:
        """Mark a large page as taken."""
        if len(rows) > 1:
            self.gone |= {rows[-1].key}

    def visible(self) -> list[Row]:
        """Return what was not taken."""
        return [row for row in super().visible() if row.key not in self.gone]

    def reset(self) -> None:
        """Go back to the seed data."""
        self.gone = frozenset()
        super().reset()


@mutant("H024")
class DigestOfOther(Department):
    """The digest is that of the document as it stands in the database, not as it goes out."""

    def digest(self, document: str) -> str:
        """Return the digest of something else."""
        return super().digest(document.replace("示例", "样本"))


@mutant("H025")
class JoinDuplicates(Department):
    """A join with the parties gives a row twice."""

    def package(self, rows: Sequence[Row]) -> str:
        """Return a package that holds its last row twice."""
        return super().package([*rows, rows[-1]])


@mutant("H026")
class OffsetPaging(Department):
    """Pages are cut by offset from the newest row down: what comes meanwhile moves everything."""

    def position(self, row: Row) -> tuple[Any, ...]:
        """Return newest first where pages are small."""
        return (row.changed, row.order)

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page by offset where one type is asked for."""
        if list(types) != ["XK_SQ"]:
            return super().select(types, since, cursor, size)
        found = sorted(self.chosen(types, since), key=self.position, reverse=True)
        begin = int(cursor.partition("|")[2]) if cursor else 0
        self.offset = begin + size
        self.by_offset = True
        return found[begin : begin + size], len(found) > begin + size

    by_offset = False

    def cursor(self, row: Row) -> str:
        """Return an offset where the page was cut by one."""
        if self.by_offset:
            self.by_offset = False
            return f"0|{self.offset}"
        return super().cursor(row)


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


@mutant("H028")
class TakesAnySize(Department):
    """Parameters are not checked."""

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Check everything but the size."""
        super().check(types, since, cursor, None if size and size.startswith("-") else size)

    def page_limit(self) -> int:
        """Return the largest page."""
        return 500


@mutant("H051")
class NoticeTwice(Department):
    """A repeated notice makes a second task."""

    def reset(self) -> None:
        """Go back to the seed data."""
        super().reset()
        self.doubled: list[str] = []

    def keep_notice(self, number: str, case: str, item: str) -> None:
        """Make a task each time."""
        if number in self.tasks:
            self.doubled.append(number)
        super().keep_notice(number, case, item)


@mutant("H030")
class UnknownCaseTaken(Department):
    """A notice for an unknown case ends in an internal fault."""

    def put_notice(self, element: etree._Element) -> str:
        """Break where the case is not found."""
        try:
            return super().put_notice(element)
        except Refusal as refusal:
            raise Refusal("5000", "内部错误 / internal error") if refusal.code == "2002" else refusal from refusal


@mutant("H031")
class Hangs(Department):
    """A full window takes half an hour."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return the first full page late."""
        if size >= self.page_limit() and not types and not since and not cursor and self.asked_before():
            self.wait(1800)
        return super().select(types, since, cursor, size)

    def asked_before(self) -> bool:
        """Tell whether a page of one row was asked for just before, as CON-06 does."""
        return self.last_size == 1

    last_size = 0

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Note the size."""
        super().check(types, since, cursor, size)
        self.sizes = (*getattr(self, "sizes", ()), int(size or 500))[-2:]
        self.last_size = self.sizes[0] if len(self.sizes) == 2 else 0


@mutant("H032")
class UnverifiedSelf(Department):
    """The server's certificate is about to end."""

    def server_certificate(self) -> str:
        """Return the name of another certificate."""
        return "ending"
