# SPDX-License-Identifier: Apache-2.0
"""Date and time columns of the databases: how their type is told from a driver's word, and how one is compared exactly.

A position must find the row that it stands on again. Oracle's driver binds a datetime as DATE, without its fraction, and
SQL Server's writes three digits of it and reads six of seven: such a stamp would lie beyond itself for ever, and its rows be
read again and again. There the stamp is read, compared and sorted in microseconds on both sides.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import TIMESTAMP, BindParameter, Cast, ColumnElement, bindparam, cast, literal
from sqlalchemy.dialects import mssql, oracle

# Type codes of drivers that mean a date or a moment: PostgreSQL's object ids, PyMySQL's field types, pymssql's DATETIME.
_CODES: Final[dict[str, frozenset[object]]] = {
    "postgresql": frozenset({1082, 1114, 1184}),
    "kingbase": frozenset({1082, 1114, 1184}),
    "mysql": frozenset({7, 10, 12}),
    "mariadb": frozenset({7, 10, 12}),
    "mssql": frozenset({4}),
}
# Names of types where the driver describes a column by an object of its own.
_NAMES: Final[dict[str, frozenset[str]]] = {
    "oracle": frozenset({"DB_TYPE_DATE", "DB_TYPE_TIMESTAMP"}),
    "dm": frozenset({"DATE", "DATETIME", "TIMESTAMP", "DATE_TYPE", "TIMESTAMP_TYPE"}),
}
_WITH_ZONE: Final = 1184
_TIMESTAMP: Final = "DB_TYPE_TIMESTAMP"
_MICROSECONDS: Final = 6
_DATETIME2: Final = mssql.DATETIME2(_MICROSECONDS)  # type: ignore[no-untyped-call]


def is_moment(dialect: str, code: object) -> bool:
    """Tell whether a driver's type code is that of a date or moment."""
    return code in _CODES.get(dialect, ()) or _name(code) in _NAMES.get(dialect, ())


def is_aware(dialect: str, code: object) -> bool:
    """Tell whether a column knows its zone and its driver gives it."""
    return dialect in ("postgresql", "kingbase") and code == _WITH_ZONE


def exactly(dialect: str, column: ColumnElement[Any], digits: object) -> ColumnElement[Any]:
    """Return a column of moments as it is read, compared and sorted, to the microsecond that a datetime holds.

    ``digits`` are those of the second's fraction as the driver describes them, None where it does not say.
    """
    if dialect == "mssql":
        return cast(column, _DATETIME2)
    if dialect == "oracle" and isinstance(digits, int) and digits > _MICROSECONDS:
        return cast(column, oracle.TIMESTAMP())  # six digits
    return column


def bound(dialect: str, code: object, moment: datetime) -> BindParameter[Any] | Cast[Any] | datetime:
    """Return a moment as ``exactly`` is compared with it."""
    if dialect == "mssql":
        return cast(literal(moment.isoformat(timespec="microseconds")), _DATETIME2)
    if dialect == "dm":
        return cast(literal(moment.isoformat(sep=" ", timespec="microseconds")), TIMESTAMP())
    if dialect == "oracle" and _name(code) == _TIMESTAMP:
        return bindparam(None, moment, type_=TIMESTAMP())
    return moment


def _name(code: object) -> str:
    return str(getattr(code, "name", "") or getattr(code, "__name__", ""))
