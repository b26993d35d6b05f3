# SPDX-License-Identifier: Apache-2.0
"""Mutants whose defect stands in the service: paging, stamps, counts, notices, answers."""

import random
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from gateway_reference.department.life import Row
from gateway_reference.department.mutants import mutant
from gateway_reference.department.system import Department
from gateway_reference.wire import Refusal

Tables = dict[str, dict[str, Any]]


@mutant("M015", "SPF")
class GbkUnderUtf8(Department):
    """GBK bytes go out under a UTF-8 declaration."""

    def encode(self, text: str) -> bytes:
        """Return bytes of another encoding than declared."""
        return text.encode("gb18030")


@mutant("M020", "SP")
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


@mutant("M059", "SPF")
class FastClock(Department):
    """The clock is ten minutes fast."""

    def now(self) -> datetime:
        """Return a time that is yet to come."""
        return super().now() + timedelta(minutes=10)


@mutant("M060", "SPF")
class CountsBySync(Department):
    """Counts go by the day of synchronisation."""

    def count_day(self, row: Row) -> str:
        """Return the day of the change stamp."""
        return row.changed[:10]


@mutant("M061", "SPF")
class NoZeroReport(Department):
    """A day without cases has no report."""

    def counts(self, day: str) -> list[tuple[str, str, int, int]]:
        """Refuse an empty day."""
        counted = super().counts(day)
        if not counted:
            raise Refusal("5000", "当日无报表 / no report for this day")
        return counted


@mutant("M064", "SP")
class AcknowledgesOnly(Department):
    """Notices are acknowledged and thrown away."""

    def keep_notice(self, number: str, case: str, item: str) -> None:
        """Keep nothing."""


# defects that only the list of this house has ------------------------------------------------------------------------


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


@mutant("H024", "SPF")
class DigestOfOther(Department):
    """The digest is that of the document as it stands in the database, not as it goes out."""

    def digest(self, document: str) -> str:
        """Return the digest of something else."""
        return super().digest(document.replace("示例", "样本"))


@mutant("H025", "SPF")
class JoinDuplicates(Department):
    """A join with the parties gives a row twice."""

    def package(self, rows: Sequence[Row]) -> str:
        """Return a package that holds its last row twice."""
        return super().package([*rows, rows[-1]])


@mutant("H026")
class OffsetPaging(Department):
    """Pages are cut by offset from the newest row down: what comes meanwhile moves everything."""

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


@mutant("H052")
class ClosedBothEnds(Department):
    """Pages of a full pull are closed at both ends: the last row of one is the first of the next."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page that begins with the last row of the one before, where everything is asked for."""
        if cursor is None or types or since or size < 2:
            return super().select(types, since, cursor, size)
        rows, more = super().select(types, since, cursor, size - 1)
        last = [row for row in self.visible() if self.cursor(row) == cursor]
        return [*last, *rows], more


@mutant("H028")
class TakesAnySize(Department):
    """Parameters are not checked."""

    def check(self, types: Sequence[str], since: str | None, cursor: str | None, size: str | None) -> None:
        """Check everything but the size."""
        super().check(types, since, cursor, None if size and size.startswith("-") else size)


@mutant("H051", "SP")
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
