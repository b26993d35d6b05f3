# SPDX-License-Identifier: Apache-2.0
"""Good twins that show views: other names, types and spellings than the reference system's, all of them right."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gateway_reference.department.exchange import Table, tables
from gateway_reference.department.life import Row
from gateway_reference.department.twins import twin
from gateway_reference.department.viewing import Viewed
from gateway_reference.wire import BEIJING

Tables = dict[str, dict[str, Any]]


@twin("T05", "V")
class ZoneWritten(Viewed):
    """Times are written with their zone, +08:00, where the rule would have local time without one."""

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return the columns, times with their zone."""
        return [
            (name, sa.DateTime(timezone=True) if isinstance(kind, sa.DateTime) else kind)
            for name, kind in super().view_columns(table)
        ]

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows, each time with its zone."""
        return [
            (
                name,
                {
                    column: value.replace(tzinfo=BEIJING) if isinstance(value, datetime) else value
                    for column, value in values.items()
                },
            )
            for name, values in super().view_rows(row)
        ]


@twin("T45", "V")
class MoreColumns(Viewed):
    """Every view has columns of the vendor's own behind those of the dictionary."""

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return the columns and two more."""
        return [*super().view_columns(table), ("NBLSH", sa.BigInteger()), ("BZ_NB", sa.String(2000))]

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows with something in them."""
        return [(name, {**values, "NBLSH": 1, "BZ_NB": "内部"}) for name, values in super().view_rows(row)]


@twin("T46", "V")
class OwnNames(Viewed):
    """The time of change stands in a column of another name, and is declared so."""

    def stamp_column(self) -> str:
        """Return its name."""
        return "GXSJ"

    def descriptor(self, told: Tables) -> Tables:
        """Declare the name."""
        told["view"]["stamp"] = self.stamp_column()
        return told


@twin("T47", "V")
class WholeSeconds(Viewed):
    """The time of change has whole seconds; many rows have the same."""

    def shown_stamp(self, row: Row) -> datetime | None:
        """Return the second."""
        shown = super().shown_stamp(row)
        return None if shown is None else shown.replace(microsecond=0)


@twin("T48", "V")
class EmptyTexts(Viewed):
    """What is not there is an empty text, as a table without NULLs has it."""

    def view_rows(self, row: Row) -> list[tuple[str, dict[str, Any]]]:
        """Return the rows, empty texts in them."""
        blank = {
            table.name: {name: "" for name, kind in self.view_columns(table) if isinstance(kind, sa.String)}
            for table in tables()[row.type]
        }
        return [(name, {**blank[name], **values}) for name, values in super().view_rows(row)]


@twin("T49", "V")
class Wider(Viewed):
    """Columns of texts have room for twice as much."""

    def view_columns(self, table: Table) -> list[tuple[str, Any]]:
        """Return the columns, wider."""
        return [
            (name, sa.String(kind.length * 2) if isinstance(kind, sa.String) and kind.length else kind)
            for name, kind in super().view_columns(table)
        ]
