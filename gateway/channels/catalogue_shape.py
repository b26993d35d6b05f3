# SPDX-License-Identifier: Apache-2.0
"""Columns of views and tables as the database's own catalogue shows them: names and types (the go-live lock, the suite)."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import CompileError, NoSuchTableError
from sqlalchemy.types import Enum, Float, NullType, Numeric, String, TypeEngine

from gateway.semantics.interface import Interface, of_relations


def relations_interface(connection: Connection, relations: Iterable[str]) -> Interface:
    """Return the interface of tables or views (``schema.name`` or ``name``); one that is not there has no columns.

    Suite and gateway both call this, so that what was attested and what is compared are read in the same way.
    """
    return of_relations({each: columns_of(connection, each) for each in relations})


class CatalogueColumn(NamedTuple):
    """A column as the catalogue has it."""

    name: str
    type: TypeEngine[Any]
    nullable: bool


def columns_of(connection: Connection, relation: str) -> list[tuple[str, str]]:
    """Return name and type of each column of a table or view, in the order of the catalogue; none where it is missing."""
    schema, _, name = relation.rpartition(".")
    try:
        found = catalogue_columns(connection, name, schema or None)
    except NoSuchTableError:
        return []
    return [(column.name, _type(connection, column.type)) for column in found]


def catalogue_columns(connection: Connection, name: str, schema: str | None) -> list[CatalogueColumn]:
    """Return the columns of a table or view; raises NoSuchTableError.

    MySQL and MariaDB are asked through information_schema: SQLAlchemy reads the definition of a view, for which an account
    that may only SELECT has no right.
    """
    if connection.dialect.name in {"mysql", "mariadb"}:
        return _from_information_schema(connection, name, schema)
    return [
        CatalogueColumn(str(each["name"]), each["type"], bool(each.get("nullable", True)))
        for each in inspect(connection).get_columns(name, schema=schema)
    ]


_COLUMNS: Final = text(
    "SELECT column_name AS n, data_type AS t, character_maximum_length AS l, numeric_precision AS p, numeric_scale AS s,"
    " is_nullable AS o FROM information_schema.columns WHERE table_schema = COALESCE(:schema, DATABASE())"
    " AND table_name = :name ORDER BY ordinal_position"
)


def _from_information_schema(connection: Connection, name: str, schema: str | None) -> list[CatalogueColumn]:
    rows = connection.execute(_COLUMNS, {"schema": schema, "name": name}).mappings().all()
    if not rows:
        raise NoSuchTableError(name)
    known: dict[str, type[TypeEngine[Any]]] = connection.dialect.ischema_names  # type: ignore[attr-defined]
    return [
        CatalogueColumn(str(row["n"]), _made(known.get(str(row["t"]).lower()), row), str(row["o"]).upper() == "YES")
        for row in rows
    ]


def _made(kind: Any, row: Any) -> TypeEngine[Any]:
    """Return a type of information_schema with its length or digits."""
    if kind is None:
        return NullType()
    if issubclass(kind, Enum):
        return String(int(row["l"]))
    if issubclass(kind, String) and kind.__name__ in {"VARCHAR", "CHAR"}:
        return kind(int(row["l"]))  # type: ignore[no-any-return]
    if issubclass(kind, Numeric) and not issubclass(kind, Float):
        return kind(int(row["p"]), int(row["s"]))  # type: ignore[no-any-return]
    return kind()  # type: ignore[no-any-return]


def _type(connection: Connection, type_: object) -> str:
    try:
        return str(type_.compile(dialect=connection.dialect))  # type: ignore[attr-defined]
    except (CompileError, AttributeError):  # a type that SQLAlchemy has no name for, or a column without one
        return type(type_).__name__
