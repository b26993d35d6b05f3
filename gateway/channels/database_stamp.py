# SPDX-License-Identifier: Apache-2.0
"""The stamp (时间戳) of a row: one sortable text for every way in which vendors write a moment (ledger.md B14)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ClauseElement, ColumnElement, literal

from gateway.clock import BEIJING

# Stamps up to here are fillers (0001, 1900-01-01, 0000-00-00) of systems that could not leave the column empty.
FILLER = datetime(1901, 1, 1)  # noqa: DTZ001 # columns without zone hold local time

_DIRECTIVES = {"Y": (4, "year"), "m": (2, "month"), "d": (2, "day"), "H": (2, "hour"), "M": (2, "minute"),
               "S": (2, "second"), "f": (6, "microsecond")}  # fmt: skip


class Now(NamedTuple):
    """The source's own clock: as its columns without zone show it, and as an instant."""

    local: datetime
    instant: datetime


class Stamp(Protocol):
    """One way to write a stamp."""

    def text(self, cell: object) -> str | None:
        """Return the sortable text of a cell, or None when it holds no usable stamp."""

    def place(self, cell: object) -> str:
        """Return the text by which a position finds a cell again, real date or not; raises ValueError."""

    def bound(self, text: str) -> object:
        """Return what the text of a stamp or position is compared as in SQL."""

    def moment(self, text: str) -> datetime:
        """Return the moment of a stamp's text; raises ValueError."""

    def write(self, moment: datetime) -> str:
        """Return the text of a moment."""

    def now(self, now: Now) -> str:
        """Return the text of the source's clock."""

    def usable(self, column: ColumnElement[object]) -> list[ColumnElement[bool]]:
        """Return conditions that hold for well-formed stamps only."""


def moved(stamp: Stamp, text: str, by: timedelta) -> str:
    """Return the text of a stamp moved ``by`` a span; raises ValueError when ``text`` is no stamp."""
    return stamp.write(stamp.moment(text) + by)


@dataclass(frozen=True, slots=True)
class NativeStamp:
    """A date, timestamp or timestamp with zone of the database; the text is ISO 8601 with microseconds."""

    aware: bool = False
    binding: Callable[[datetime], object] | None = None
    """How the database is given a moment, where its driver would lose some of it."""

    def text(self, cell: object) -> str | None:
        """Return ISO text; what a driver could not turn into a date (``infinity``, zero dates) is no stamp."""
        if isinstance(cell, datetime):
            return self.write(cell)
        if isinstance(cell, date):
            return self.write(datetime.combine(cell, time()))
        return None

    def place(self, cell: object) -> str:
        """Return the text; a date that exists only in MySQL (02-30) stands for itself."""
        return self.text(cell) or str(cell)

    def bound(self, text: str) -> object:
        """Return the datetime, or the text itself where there is no such date."""
        try:
            moment = self.moment(text)
        except ValueError:
            return text
        return moment if self.binding is None else self.binding(moment)

    def moment(self, text: str) -> datetime:
        """Return the datetime."""
        return datetime.fromisoformat(text)

    def write(self, moment: datetime) -> str:
        """Return ISO 8601 with microseconds, in +08:00 where the column knows its zone, so that texts sort."""
        if self.aware:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).astimezone(BEIJING)
        return moment.isoformat(timespec="microseconds")

    def now(self, now: Now) -> str:
        """Return the clock in the column's own terms."""
        return self.write(now.instant if self.aware else now.local)

    def usable(self, column: ColumnElement[object]) -> list[ColumnElement[bool]]:
        """Fillers are not usable."""
        return [column > _given(self.bound(self.write(FILLER)))]


class TextStamp:
    """A text or number whose declared strftime format has fixed width and falls from year to second.

    Raises ValueError when the format would not sort as text: an unknown directive, or one out of order.
    """

    def __init__(self, pattern: str, number: bool = False) -> None:
        self._format = pattern
        self._number = number
        expression, like, rest = "", "", pattern
        wanted = iter("YmdHMSf")
        while rest:
            if rest[0] != "%":
                expression, like, rest = expression + re.escape(rest[0]), like + rest[0], rest[1:]
                continue
            directive = rest[1:2]
            if directive not in _DIRECTIVES or directive != next(wanted, None):
                raise ValueError(pattern)
            width, name = _DIRECTIVES[directive]
            expression += rf"(?P<{name}>[0-9]{{{width}}})"
            like += "_" * width
            rest = rest[2:]
        if "(?P<day>" not in expression or (number and not re.fullmatch(r"_+", like)):
            raise ValueError(pattern)
        self._shape = re.compile(expression)
        self._like = like

    def text(self, cell: object) -> str | None:
        """Return the cell itself when it is a real date of the format."""
        said = str(cell) if self._number and isinstance(cell, int) else cell
        if not isinstance(said, str):
            return None
        try:
            self.moment(said)
        except ValueError:
            return None
        return said

    def place(self, cell: object) -> str:
        """Return the cell itself."""
        return str(cell)

    def bound(self, text: str) -> object:
        """Return the text, or the number where the column is one."""
        return int(text) if self._number else text

    def moment(self, text: str) -> datetime:
        """Return the datetime; raises ValueError."""
        match = self._shape.fullmatch(text)
        if not match:
            raise ValueError(text)
        return datetime(*map(int, match.groups()))  # type: ignore[arg-type] # noqa: DTZ001 # local time

    def write(self, moment: datetime) -> str:
        """Return the moment in the declared format."""
        return f"{moment:{self._format}}".rjust(len(self._like), "0")

    def now(self, now: Now) -> str:
        """Return the local clock in the declared format."""
        return self.write(now.local)

    def usable(self, column: ColumnElement[object]) -> list[ColumnElement[bool]]:
        """Text must have the format's width and signs; fillers are not usable."""
        fitting = [] if self._number else [column.like(literal(self._like))]
        return [*fitting, column > literal(self.bound(self.write(FILLER)))]


@dataclass(frozen=True, slots=True)
class EpochStamp:
    """A number of seconds or milliseconds since 1970 UTC; the text is zero-filled to 20 digits."""

    per_second: int = 1

    def text(self, cell: object) -> str | None:
        """Return the zero-filled number."""
        return f"{cell:020d}" if isinstance(cell, int) and cell > 0 else None

    def place(self, cell: object) -> str:
        """Return the zero-filled number; raises ValueError for fractions, which a position can't find again."""
        if not isinstance(cell, int):
            raise ValueError(type(cell).__name__)  # noqa: TRY004 # one kind of fault for a stamp that is none
        return f"{cell:020d}"

    def bound(self, text: str) -> object:
        """Return the number."""
        return int(text)

    def moment(self, text: str) -> datetime:
        """Return the instant; raises ValueError."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text) / self.per_second)

    def write(self, moment: datetime) -> str:
        """Return the zero-filled number of an instant."""
        return f"{max(0, int(moment.timestamp() * self.per_second)):020d}"

    def now(self, now: Now) -> str:
        """Return the clock as a number."""
        return self.write(now.instant)

    def usable(self, column: ColumnElement[object]) -> list[ColumnElement[bool]]:
        """Zero and less are fillers."""
        return [column > literal(0)]


def _given(value: object) -> Any:
    return value if isinstance(value, ClauseElement) else literal(value)


def declared_stamp(pattern: str | None, number: bool = False) -> Stamp:
    """Return the stamp of a declared format: none (native), ``epoch``, ``epoch-ms`` or a strftime pattern.

    Raises ValueError when a pattern would not sort as text.
    """
    if pattern is None:
        return NativeStamp()
    if pattern in ("epoch", "epoch-ms"):
        return EpochStamp(1000 if pattern == "epoch-ms" else 1)
    return TextStamp(pattern, number)


__all__ = ["FILLER", "EpochStamp", "NativeStamp", "Now", "Stamp", "TextStamp", "declared_stamp", "moved"]
