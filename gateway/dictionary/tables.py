# SPDX-License-Identifier: Apache-2.0
"""Exchange tables (交换视图、前置库表) of a record type as DDL for the databases that departments run.

One table for each layout, named by pinyin codes, never quoted: every database may fold them as it likes. The table of
the record carries the flag columns of the classic front-end protocol (前置机协议).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, SetColumnComment, SetTableComment
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeEngine

from gateway.dictionary import layout
from gateway.dictionary.described import NEEDS
from gateway.dictionary.layout import Layout, layouts
from gateway.pack import Pack

Product: TypeAlias = Literal["mysql", "postgresql", "oracle", "sqlserver"]
PRODUCTS: tuple[Product, ...] = ("mysql", "postgresql", "oracle", "sqlserver")
FLAGS = ("TBBZ", "TBSJ", "SBYY")
_LONG = 500  # characters; beyond it rows outgrow what MySQL and Oracle allow in one
_HUGE = 16_000
_DATETIME2 = mssql.DATETIME2(precision=3)  # type: ignore[no-untyped-call]


def metadata(pack: Pack, codes: Iterable[str]) -> MetaData:
    """Return the tables of the record types ``codes``; raises KeyError for a type the pack lacks."""
    made = MetaData()
    for code in codes:
        for each in layouts(pack, code):
            _table(each, made)
    return made


def statements(tables: MetaData, product: Product) -> Iterator[str]:
    """Yield the statements that make the tables, their comments and indexes, without closing mark."""
    dialect = _dialect(product)
    for table in tables.sorted_tables:
        yield _compiled(CreateTable(table), dialect)
        if not dialect.inline_comments:
            yield _compiled(SetTableComment(table), dialect)
            yield from (_compiled(SetColumnComment(column), dialect) for column in table.columns)
        yield from (_compiled(CreateIndex(index), dialect) for index in table.indexes)


def script(pack: Pack, code: str, product: Product) -> str:
    """Return the DDL script of one record type."""
    head = (
        f"-- {code} {pack.types[code].label.zh} · {pack.title.zh}({pack.edition_words.zh})\n"
        f"-- {pack.name} {pack.digest[:12]} · {product}"
        f"{'' if product in ('mysql', 'postgresql') else ' · 未在真实服务器上验证 not verified on a real server'}\n"
        "-- 时间均为北京时间 times are +08:00\n"
    )
    return head + "".join(f"\n{each};\n" for each in statements(metadata(pack, [code]), product))


def _table(of: Layout, into: MetaData) -> None:
    columns: list[Column[Any]] = []
    if of.parent is not None:
        columns += [
            Column(_name(key.name), _type(key), nullable=False, comment=f"所属记录的{key.header}") for key in of.key
        ]
        columns += [Column(_name(line), Integer, nullable=False, comment="行号,从 1 起") for line in of.lines]
    for each in of.columns:
        kind = _type(each)
        columns.append(Column(_name(each.name), kind, nullable=not each.required, comment=_comment(each)))
    key = [key.name for key in of.key] + list(of.lines)
    limits: list[Any] = [PrimaryKeyConstraint(*key, name=_name(f"PK_{of.name}"))]
    if of.parent is None:
        columns += _flags()
        limits += [CheckConstraint("TBBZ IN ('0', '1', '2')", name=_name(f"CK_{of.name}_TBBZ"))]
        limits += [Index(_name(f"IX_{of.name}_TBBZ"), "TBBZ")]
    else:
        above = [f"{of.parent}.{name}" for name in key[:-1]]
        limits.append(ForeignKeyConstraint(key[:-1], above, name=_name(f"FK_{of.name}"), ondelete="CASCADE"))
    Table(_name(of.name), into, *columns, *limits, comment=of.title, mysql_charset="utf8mb4")


def _flags() -> list[Column[Any]]:
    return [
        Column(_name("TBBZ"), String(1), nullable=False, server_default=text("'0'"),
               comment="同步标志:0 待取,1 已取,2 失败;网关回写"),
        Column(_name("TBSJ"), _moment(), comment="同步时间;网关回写"),
        Column(_name("SBYY"), String(500).with_variant(mssql.NVARCHAR(500), "mssql"), comment="失败原因;网关回写"),
    ]  # fmt: skip


def _comment(column: layout.Column) -> str:
    field = column.described.field
    parts = [f"{column.header}:{field.meaning.zh}", NEEDS[field.needs["L3"]].zh]
    if column.described.codes:
        parts.append(f"代码表 {column.described.codes.name}")
    if column.described.element.kind == "boolean":
        parts.append("1 是,0 否")
    return ";".join(parts)


def _type(column: layout.Column) -> TypeEngine[Any]:
    element, length = column.described.element, column.described.field.length
    match element.kind:
        case "date":
            return Date()
        case "dateTime":
            return _moment()
        case "boolean":
            return SmallInteger()
        case "integer":
            return BigInteger()
        case "decimal":
            digits, _, decimals = length.partition(",")
            return Numeric(int(digits), int(decimals))
        case _:
            return _text(int(length))


def _moment() -> TypeEngine[Any]:
    exact = mysql.DATETIME(fsp=3)
    return DateTime().with_variant(exact, "mysql").with_variant(_DATETIME2, "mssql")


def _text(length: int) -> TypeEngine[Any]:
    if length > _LONG:
        large: TypeEngine[Any] = mysql.LONGTEXT() if length > _HUGE else mysql.TEXT()
        return (
            Text().with_variant(large, "mysql").with_variant(oracle.CLOB(), "oracle")
            .with_variant(mssql.NVARCHAR(), "mssql")
            .with_variant(Text() if length > _HUGE else postgresql.VARCHAR(length), "postgresql")
        )  # fmt: skip
    return String(length).with_variant(mssql.NVARCHAR(length), "mssql")


def _name(name: str) -> quoted_name:
    return quoted_name(name, quote=False)


def _dialect(product: Product) -> Dialect:
    match product:
        case "mysql":
            return mysql.dialect(paramstyle="named")
        case "postgresql":
            return postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        case "oracle":
            return oracle.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        case "sqlserver":
            dialect = mssql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
            dialect.default_schema_name = "dbo"  # its comments name the schema; there is no connection to ask
            return dialect


def _compiled(element: DDLElement, dialect: Dialect) -> str:
    lines = str(element.compile(dialect=dialect)).strip().splitlines()
    return "\n".join(line.rstrip().replace("\t", "  ") for line in lines)
