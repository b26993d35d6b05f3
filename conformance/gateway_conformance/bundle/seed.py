# SPDX-License-Identifier: Apache-2.0
"""Seed data: whole lives of made-up cases as rows of the exchange tables, in SQL for the databases that vendors run, and CSV."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import DateTime, MetaData, Table
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
from sqlalchemy.engine import Dialect

from gateway.clock import BEIJING
from gateway.dictionary import tables
from gateway.dictionary.layout import Column, Layout, layouts
from gateway.documents import safexml
from gateway.documents.safexml import Element
from gateway.pack import Pack
from gateway_reference.department import life

Database: TypeAlias = Literal["mysql", "postgresql", "oracle", "sqlserver", "dameng"]
DATABASES: Final[dict[Database, str]] = {
    "mysql": "MySQL 8 / MariaDB 10.6+", "postgresql": "PostgreSQL 12+(人大金仓同)", "oracle": "Oracle 12c+",
    "sqlserver": "SQL Server 2016+", "dameng": "达梦 DM8",
}  # fmt: skip
_TRIED: Final = frozenset({"mysql", "postgresql"})
_CASES: Final = 3
_OPEN: Final[dict[Database, tuple[str, ...]]] = {
    "mysql": ("SET NAMES utf8mb4;",), "postgresql": ("SET client_encoding = 'UTF8';", "BEGIN;"), "oracle": ("SET DEFINE OFF",),
    "sqlserver": ("SET NOCOUNT ON;",), "dameng": (),
}  # fmt: skip
_CLOSE: Final[dict[Database, tuple[str, ...]]] = {
    "mysql": (), "postgresql": ("COMMIT;",), "oracle": ("COMMIT;",), "sqlserver": (), "dameng": ("COMMIT;",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeedRow:
    """One row of an exchange table: values by column name, as Python has them."""

    table: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seed:
    """The seed data of a pack: the approved list, and some whole cases of each category of power."""

    pack: Pack
    codes: tuple[str, ...]
    rows: tuple[SeedRow, ...]

    def sql(self, database: Database) -> str:
        """Return a script that makes the exchange tables and fills them."""
        dialect = _dialect(database)
        made = tables.metadata(self.pack, self.codes)
        if database == "dameng":
            _with_times(made)
        product: tables.Product = "oracle" if database == "dameng" else database
        lines = [f"{each};" for each in tables.statements(made, product)]
        known = {table.name: table for table in made.sorted_tables}
        lines += [f"{_insert(known[row.table], row.values, dialect)};" for row in self.rows]
        return "\n".join([*self._head(database), *_OPEN[database], *lines, *_CLOSE[database], ""])

    def _head(self, database: Database) -> list[str]:
        tried = "" if database in _TRIED else " · 未在真实服务器上验证 not verified on a real server"
        return [
            f"-- 一致性测试种子数据 seed data of the conformance suite · {DATABASES[database]}{tried}",
            f"-- {self.pack.name} {self.pack.digest[:12]} · {len(self.rows)} 行 rows · 全部为虚构 all made up · UTF-8 · 时间为北京时间 +08:00",
        ]

    def csv_files(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of a CSV file for each table: Chinese headings, UTF-8 with a byte order mark."""
        for code in self.codes:
            for each in layouts(self.pack, code):
                rows = [row.values for row in self.rows if row.table == each.name]
                if rows:
                    yield f"{each.name}.csv", _csv(each, rows)


def seed(pack: Pack, number: int = 1) -> Seed:
    """Return the seed data of a pack; the same number gives the same data."""
    root = pack.schema_path.parents[1]
    documents = [(pack.by_element[_name(each)].code, each) for each in safexml.parse(life.catalogue(root).encode())]
    lives = life.Lives(root, {element: kind.code for element, kind in pack.by_element.items()}, number)
    for _ in range(_CASES):
        for category in life.FLOWS:
            documents += [(row.type, safexml.parse(row.document.encode())) for row in lives.case(category)]
    shown = {code: layouts(pack, code) for code in dict.fromkeys(code for code, _document in documents)}
    rows = [row for code, document in documents for row in _rows(shown[code], document)]
    return Seed(pack, tuple(shown), tuple(rows))


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _rows(shown: Sequence[Layout], document: Element) -> Iterator[SeedRow]:
    """Yield the rows that a record makes: its own, then one for each group that stands several times."""
    main, *parts = shown
    held = _values(main.columns, document, "")
    yield SeedRow(main.name, held)
    key = {column.name: held[column.name] for column in main.key}
    for part in parts:
        for numbers, element in _repeated(document, part.path.split("/")):
            lines = dict(zip(part.lines, numbers[-len(part.lines) :], strict=True))
            yield SeedRow(part.name, {**key, **lines, **_values(part.columns, element, part.path)})


def _values(columns: Sequence[Column], element: Element, above: str) -> dict[str, Any]:
    found = {}
    for column in columns:
        path = column.described.element.path
        below = "" if path == above else path.removeprefix(f"{above}/") if above else path
        at = element.find("/".join(f"{{*}}{step}" for step in below.split("/"))) if below else element
        if at is not None and at.text:
            found[column.name] = _value(column.described.element.kind, at.text)
    return found


def _repeated(
    element: Element, steps: list[str], numbers: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Element]]:
    for number, child in enumerate(element.findall(f"{{*}}{steps[0]}"), 1):
        if len(steps) == 1:
            yield (*numbers, number), child
        else:
            yield from _repeated(child, steps[1:], (*numbers, number))


def _value(kind: str, text: str) -> Any:
    match kind:
        case "date":
            return date.fromisoformat(text)
        case "dateTime":
            moment = datetime.fromisoformat(text)
            return (moment.astimezone(BEIJING) if moment.tzinfo else moment).replace(tzinfo=None)
        case "boolean":
            return int(text in ("true", "1"))
        case "integer":
            return int(text)
        case "decimal":
            return Decimal(text)
        case _:
            return text


# -- SQL ---------------------------------------------------------------------------------------------------------


def _dialect(database: Database) -> Dialect:
    match database:
        case "mysql":
            return mysql.dialect(paramstyle="named")
        case "postgresql":
            return postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        case "sqlserver":
            return mssql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        case _:
            return oracle.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def _insert(table: Table, values: dict[str, Any], dialect: Dialect) -> str:
    text = str(table.insert().values(values).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return re.sub(r"^INSERT INTO (\S+) \(", r"INSERT INTO \1 (", text)


def _with_times(made: MetaData) -> None:
    """Let moments keep their time: the DATE of DM8 holds none unless the database is in its Oracle mode."""
    for table in made.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, DateTime):
                column.type = oracle.TIMESTAMP()


def _csv(of: Layout, rows: Sequence[dict[str, Any]]) -> bytes:
    names = {} if of.parent is None else {column.name: column.header for column in of.key}
    names |= {line: "行号" if at == 0 else f"行号{at + 1}" for at, line in enumerate(of.lines)}
    names |= {column.name: column.header for column in of.columns}
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(names.values())
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return held.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return "" if value is None else str(value)
