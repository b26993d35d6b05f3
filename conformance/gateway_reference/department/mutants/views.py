# SPDX-License-Identifier: Apache-2.0
"""Mutants of departments that show views: rights of the account, columns, stamps, what a view leaves out."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gateway_reference.department.exchange import Table
from gateway_reference.department.life import Row
from gateway_reference.department.mutants import mutant
from gateway_reference.department.viewing import STAMP, Viewed
from gateway_reference.wire import Refusal

Tables = dict[str, dict[str, Any]]
RARE = "GG_FY"
"""A record type of which a department has few."""


class Computed(Viewed):
    """A base: what is shown of one type is a real view over a table, whose columns may be computed at each reading."""

    over = RARE

    def computed(self, name: str) -> str:
        """Return the SQL of a column of the view."""
        return name

    def after_load(self, connection: sa.Connection) -> None:
        """Put the view in the place of its table, once; rows go through it into the table."""
        super().after_load(connection)
        if sa.inspect(connection).has_table(f"T_{self.over}"):
            return
        names = [column.name for column in self.metadata.tables[self.over].columns]
        shown = ", ".join(f"{self.computed(name)} AS {name}" for name in names)
        given = ", ".join(f"NEW.{name}" for name in names)
        delete = f"DELETE FROM T_{self.over} WHERE BJBH = OLD.BJBH AND XH = OLD.XH"  # noqa: S608
        for statement in (
            f"ALTER TABLE {self.over} RENAME TO T_{self.over}",
            f"CREATE VIEW {self.over} AS SELECT {shown} FROM T_{self.over} t",  # noqa: S608 - names of its own
            f"CREATE TRIGGER {self.over}_I INSTEAD OF INSERT ON {self.over} BEGIN INSERT INTO T_{self.over} VALUES ({given}); END",  # noqa: S608
            f"CREATE TRIGGER {self.over}_D INSTEAD OF DELETE ON {self.over} BEGIN {delete}; END",
        ):
            connection.execute(sa.text(statement))


@mutant("M001", "V")
class OtherDatabase(Viewed):
    """The views stand in another database than declared."""

    def descriptor(self, told: Tables) -> Tables:
        """Declare a database that is not there."""
        told["view"]["url"] = told["view"]["url"].replace("exchange.sqlite", "exchange-2.sqlite")
        return told


@mutant("M002", "V")
class DeclaresMore(Viewed):
    """A view is declared that does not exist."""

    def descriptor(self, told: Tables) -> Tables:
        """Declare the view of the power items."""
        told["view"]["types"].append("QL_SX")
        return told


@mutant("M004", "V")
class VersionAhead(Viewed):
    """A version is announced that nobody knows."""

    def standard_version(self) -> str:
        """Return 9.9."""
        return "9.9"


@mutant("M007", "V")
class ForEverybody(Viewed):
    """The file of the database can be read by every account of the machine."""

    def file_mode(self) -> int:
        """Return rights for all."""
        return 0o644


@mutant("M010", "V")
class MayUpdate(Viewed):
    """The account of the gateway may write."""

    def descriptor(self, told: Tables) -> Tables:
        """Declare an account that is not read-only."""
        told["view"]["url"] = told["view"]["url"].replace("mode=ro", "mode=rw")
        return told


@mutant("M012", "V")
class PasswordInAddress(Viewed):
    """The password stands in the address of the database."""

    def descriptor(self, told: Tables) -> Tables:
        """Declare an address with a password."""
        told["view"]["url"] += "&password=12345678"
        return told


@mutant("M021", "V")
class TextForDate(Viewed):
    """A date is shown as text."""

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return the columns, every date of the decisions as text of ten characters."""
        columns = super().view_columns(table)
        if table.name != "XK_JD":
            return columns
        return [(name, sa.String(10) if isinstance(kind, sa.Date) else kind) for name, kind in columns]


@mutant("M042", "V")
class StampBefore(Viewed):
    """The view shows the time of change a second too early: whoever asks from that time on gets nothing."""

    def shown_stamp(self, row: Row) -> datetime | None:
        """Return the second before."""
        shown = super().shown_stamp(row)
        return None if shown is None else shown - timedelta(seconds=1)


@mutant("M043", "V")
class TwentyOfAMoment(Viewed):
    """The view ranks the rows of a moment and shows the first twenty."""

    def visible(self) -> list[Row]:
        """Return the rows without those behind the twentieth of their moment."""
        count: Counter[tuple[str, str]] = Counter()
        found = []
        for row in super().visible():
            count[row.type, row.changed] += 1
            if count[row.type, row.changed] <= 20:
                found.append(row)
        return found


@mutant("M047", "V")
class ReadingTime(Computed):
    """The remark of some records is made up anew at each reading."""

    def computed(self, name: str) -> str:
        """Return a random remark."""
        return "'第' || abs(random()) || '次读取'" if name == "BZ" else name


@mutant("M053", "V")
class TwoSpellings(Viewed):
    """What was there first has a T in its time of change, later rows a blank, in a column of texts: pages cut there do not add up."""

    taken_over = 2
    first: tuple[str, ...] = ()

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows, the first enquiries spelt otherwise."""
        held = super().view_rows(row)
        stamp = held[0][1][STAMP]
        if row.type == "CF_DC" and stamp is not None:
            self.first = tuple(dict.fromkeys((*self.first, row.key)))[: self.taken_over]
            if row.key in self.first:
                held[0][1][STAMP] = stamp.isoformat("T", "microseconds")
        return held


@mutant("M054", "V")
class NoIndex(Computed):
    """For each row the view looks through all of its moment: the time grows with the square."""

    over = "XK_SQ"

    def computed(self, name: str) -> str:
        """Return a remark that costs a look at every row of the moment."""
        if name != "BZ":
            return name
        others = "SELECT count(*) FROM T_XK_SQ o WHERE o.CHG_TIME = t.CHG_TIME AND length(hex(randomblob(4000))) > 0"
        return f"CASE WHEN ({others}) >= 0 THEN t.BZ END"


@mutant("M055", "V")
class EndOfTime(Viewed):
    """What was never changed shows the end of time as its time of change: a window of the future is not empty."""

    def shown_stamp(self, row: Row) -> datetime | None:
        """Return the year 9999 for the rare."""
        return datetime.fromisoformat("9999-12-31T00:00:00") if row.type == RARE else super().shown_stamp(row)


@mutant("M059", "V")
class FastClock(Viewed):
    """The clock of the database is ten minutes fast."""

    def now(self) -> datetime:
        """Return a time that is yet to come."""
        return super().now() + timedelta(minutes=10)


@mutant("M060", "V")
class CountsBySync(Viewed):
    """Counts go by the day of synchronisation."""

    def count_day(self, row: Row) -> str:
        """Return the day of the change stamp."""
        return row.changed[:10]


@mutant("M061", "V")
class NoZeroReport(Viewed):
    """A day without cases has no report."""

    def counts(self, day: str) -> list[tuple[str, str, int, int]]:
        """Refuse an empty day."""
        counted = super().counts(day)
        if not counted:
            raise Refusal("5000", "当日无报表 / no report for this day")
        return counted


# defects that only the list of this house has ------------------------------------------------------------------------


@mutant("H023", "V")
class FixedNumber(Viewed):
    """The view shows a fixed number of records: what comes pushes out the oldest of every type."""

    first: int | None = None

    def visible(self) -> list[Row]:
        """Return the newest."""
        rows = super().visible()
        self.first = len(rows) if self.first is None else self.first
        beyond = max(0, len(rows) - self.first)
        seen: Counter[str] = Counter()
        found = []
        for row in sorted(rows, key=lambda each: (each.changed, each.key)):
            seen[row.type] += 1
            if seen[row.type] > beyond:
                found.append(row)
        return found

    def reset(self) -> None:
        """Go back to the seed data."""
        self.first = None
        super().reset()


@mutant("H025", "V")
class JoinDuplicates(Viewed):
    """A join with the parties shows some applications twice."""

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows, the main one twice."""
        held = super().view_rows(row)
        return [held[0], *held] if row.type == "XK_SL" else held


class Moving(Viewed):
    """A base: each load moves the time of change of the applications that were there before."""

    by = "0 seconds"

    def publish(self, anew: bool = False) -> None:
        """Move them, then bring the views up to date."""
        if not anew:
            moved = f"strftime('%Y-%m-%d %H:%M:%f', CHG_TIME, '+{self.by}') || '000'"
            with self.lock, self._engine.begin() as connection:
                connection.execute(sa.text(f"UPDATE XK_SQ SET CHG_TIME = {moved}"))  # noqa: S608 - the defect
        super().publish(anew)


@mutant("H026", "V")
class MovesAll(Moving):
    """Each load moves what was there on a little: whoever pages sees it again."""

    by = "0.5 seconds"


@mutant("H031", "V")
class SlowView(Computed):
    """A full window of one view takes seconds for each row."""

    def computed(self, name: str) -> str:
        """Return a remark that is long in coming."""
        if name != "BZ":
            return name
        long = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 8000000) SELECT max(x) FROM c"
        return f"CASE WHEN ({long}) > t.XH THEN t.BZ END"


@mutant("H070", "V")
class SeesMore(Viewed):
    """The account sees a table of the department's own beside the exchange views."""

    def views(self) -> list[str]:
        """Return the statements of the views, and one that shows the officials."""
        return [*super().views(), "CREATE VIEW T_USER AS SELECT 'admin' AS USERNAME, 'secret' AS PASSWD"]


@mutant("H071", "V")
class ColumnLeftOut(Viewed):
    """A column that the dictionary asks for is missing."""

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return the columns of the applications without their channel."""
        return [each for each in super().view_columns(table) if table.name != "XK_SQ" or each[0] != "SQFS"]


@mutant("H072", "V")
class MovesWindows(Moving):
    """Each load moves what was there on by minutes: it falls into windows that it does not belong to."""

    by = "200 seconds"
