# SPDX-License-Identifier: Apache-2.0
"""Columns of views and tables as the database's own catalogue shows them: names and types (the go-live lock, the suite)."""

from collections.abc import Iterable

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import CompileError, NoSuchTableError

from gateway.semantics.interface import Interface, of_relations


def relations_interface(connection: Connection, relations: Iterable[str]) -> Interface:
    """Return the interface of tables or views (``schema.name`` or ``name``); one that is not there has no columns.

    Suite and gateway both call this, so that what was attested and what is compared are read in the same way.
    """
    return of_relations({each: columns_of(connection, each) for each in relations})


def columns_of(connection: Connection, relation: str) -> list[tuple[str, str]]:
    """Return name and type of each column of a table or view, in the order of the catalogue; none where it is missing."""
    schema, _, name = relation.rpartition(".")
    try:
        found = inspect(connection).get_columns(name, schema=schema or None)
    except NoSuchTableError:
        return []
    return [(str(column["name"]), _type(connection, column["type"])) for column in found]


def _type(connection: Connection, type_: object) -> str:
    try:
        return str(type_.compile(dialect=connection.dialect))  # type: ignore[attr-defined]
    except (CompileError, AttributeError):  # a type that SQLAlchemy has no name for, or a column without one
        return type(type_).__name__
