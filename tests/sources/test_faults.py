# SPDX-License-Identifier: Apache-2.0
"""Sources that are gone, changed or broken: named findings and errors, and every other row flows."""

import sqlite3
from collections.abc import Callable

import pytest

from gateway.channels.database_findings import SOURCE_FINDINGS
from gateway.errors import ConfigurationError, Disposition, SourceError
from gateway.testing.mariadb import mariadb
from tests.sources.conftest import Department, read_all

Make = Callable[[str], Department]


def codes(department: Department, **options: object) -> list[str]:
    return [finding.code for finding in department.source(**options).check()]


def test_a_sound_source_has_no_findings(department: Department) -> None:
    department.table([(1, "a", "2020-01-01 00:00:05"), (2, "b", None)])
    assert codes(department) == []


def test_missing_columns_are_named(department: Department) -> None:
    department.table([(1, "a", None)])
    findings = department.source(columns=["MC", "QXL", "NOPE"]).check()
    assert [(f.code, f.path) for f in findings] == [("SRC-003", "QXL"), ("SRC-003", "NOPE")]
    assert all(f.message.zh and f.hint.en for f in findings)
    with pytest.raises(SourceError) as caught:
        department.source(columns=["QXL"]).window(None)
    assert "QXL" in str(caught.value)
    assert caught.value.disposition is Disposition.RETRY


def test_a_column_that_goes_away_stops_the_next_run_and_its_return_mends_it(department: Department) -> None:
    department.table([(1, "a", "2020-01-01 00:00:05")])
    q = "`" if department.backend == "mariadb" else '"'
    source = department.source(columns=["MC"])
    assert len(source.read(source.window(None), None, 5).rows) == 1
    department.run(f"ALTER TABLE {q}BJ{q} RENAME COLUMN {q}MC{q} TO {q}XX{q}")
    with pytest.raises(SourceError):
        source.window(None)
    department.run(f"ALTER TABLE {q}BJ{q} RENAME COLUMN {q}XX{q} TO {q}MC{q}")
    assert len(source.read(source.window(None), None, 5).rows) == 1


def test_a_column_that_goes_away_inside_a_run_is_a_source_error(department: Department) -> None:
    department.table([(i, "a", "2020-01-01 00:00:05") for i in range(4)])
    q = "`" if department.backend == "mariadb" else '"'
    source = department.source()
    window = source.window(None)
    page = source.read(window, None, 2)
    department.run(f"ALTER TABLE {q}BJ{q} RENAME COLUMN {q}MC{q} TO {q}XX{q}")
    with pytest.raises(SourceError):
        source.read(window, page.after, 2)


def test_a_missing_table_is_named(department: Department) -> None:
    department.table([])
    assert codes(department, table="NOT_THERE") == ["SRC-002"]
    with pytest.raises(SourceError):
        department.source(table="NOT_THERE").window(None)


def test_row_ids_that_are_not_unique_are_refused_at_check(department: Department) -> None:
    department.table([(1, "a", None), (1, "b", None), (2, "c", None)])
    assert codes(department) == ["SRC-004"]
    assert codes(department, row_id=["ID", "MC"]) == []


def test_row_ids_that_are_not_unique_stop_the_run_rather_than_lose_rows(department: Department) -> None:
    department.table([(1, "a", "2020-01-01 00:00:05"), (1, "b", "2020-01-01 00:00:05"), (2, "c", None)])
    source = department.source()
    with pytest.raises(SourceError, match="SRC-004"):
        source.read(source.window(None), None, 5)


def test_rows_without_a_row_id_are_told(department: Department) -> None:
    department.table([(1, "a", "2020-01-01 00:00:05")])
    q = "`" if department.backend == "mariadb" else '"'
    department.run(f"INSERT INTO {q}BJ{q} ({q}MC{q}) VALUES ('orphan')")
    assert codes(department) == ["SRC-005"]
    source = department.source()
    rows, unreadable, _ = read_all(source, source.window(None))
    assert [row.row_id for row in rows] == ["1"]
    assert [one.finding.code for one in unreadable] == ["SRC-005"]


def test_future_and_unusable_stamps_are_warned_of(department: Department) -> None:
    department.table([(1, "a", "2099-01-01 00:00:00"), (2, "b", "1900-01-01 00:00:00")])
    findings = department.source().check()
    assert [f.code for f in findings] == ["SRC-009", "SRC-010"]
    assert not any(f.refuses for f in findings)


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_text_stamp_without_a_format_is_refused(departments: Make, backend: str) -> None:
    department = departments(backend)
    department.table([(1, "a", None)])
    assert codes(department, stamp={"column": "MC"}) == ["SRC-008"]


@pytest.mark.parametrize("backend", ["postgresql", "mariadb"])
def test_a_format_on_a_date_time_column_is_told_or_harmless(departments: Make, backend: str) -> None:
    department = departments(backend)
    department.table([(1, "a", "2020-01-01 00:00:05")])
    found = codes(department, stamp={"column": "GXSJ", "format": "%Y%m%d"})
    assert found == ["SRC-008" if backend == "postgresql" else "SRC-009"]


def test_a_sqlite_stamp_needs_a_format(departments: Make) -> None:
    department = departments("sqlite")
    department.table([(1, "a", None)])
    assert codes(department, stamp={"column": "GXSJ"}) == ["SRC-008"]


def test_text_stamps_of_a_declared_format_sort_and_odd_ones_are_read_last(department: Department) -> None:
    department.table([(1, "20200103120000", None), (2, "20200101120000", None), (3, "2020-1-1", None), (4, "", None),
                      (5, "20209999999999", None), (6, "00010101000000", None), (7, None, None)])  # fmt: skip
    source = department.source(stamp={"column": "MC", "format": "%Y%m%d%H%M%S"})
    rows, _, _ = read_all(source, source.window(None), 2)
    assert [r.row_id for r in rows] == ["2", "1", "5", "3", "4", "6", "7"]
    assert [r.stamp for r in rows] == ["20200101120000", "20200103120000"] + [None] * 5
    floor = source.next_floor(source.window(None), "20200103120000")
    rows, _, _ = read_all(source, source.window(floor), 2)
    assert [r.row_id for r in rows] == ["1", "5", "3", "4", "6", "7"]


def test_number_and_epoch_stamps(department: Department) -> None:
    q = "`" if department.backend == "mariadb" else '"'
    department.run(
        f"CREATE TABLE {q}SJ{q} ({q}ID{q} VARCHAR(10) PRIMARY KEY, {q}D{q} BIGINT, {q}E{q} BIGINT)",
        f"INSERT INTO {q}SJ{q} VALUES ('a', 20200101000000, 1577836800000), ('b', 20190101000000, 1546300800000), "
        "('c', NULL, NULL), ('d', 99991231000000, 0)",
    )
    for stamp, first in (({"column": "D", "format": "%Y%m%d%H%M%S", "number": True}, "20190101000000"),
                         ({"column": "E", "format": "epoch-ms"}, "00000001546300800000")):  # fmt: skip
        source = department.source(table="SJ", stamp=stamp)
        window = source.window(None)
        rows, _, _ = read_all(source, window, 1)
        assert [r.row_id for r in rows] == ["b", "a", "c", "d"]
        assert rows[0].stamp == first
        floor = source.next_floor(window, rows[1].stamp)
        rows, _, _ = read_all(source, source.window(floor), 10)
        assert [r.row_id for r in rows] == ["a", "c", "d"]


def test_lost_characters_and_nul_stay_as_they_are(departments: Make) -> None:
    department = departments("sqlite")
    department.table([(1, "某\ufffd公司", "2020-01-01 00:00:05"), (2, "a\0b", None)])
    source = department.source()
    rows, unreadable, _ = read_all(source, source.window(None))
    assert [r.values["MC"] for r in rows] == ["某\ufffd公司", "a\0b"]
    assert unreadable == []


def test_an_undecodable_cell_refuses_its_row_alone_sqlite(departments: Make) -> None:
    department = departments("sqlite")
    department.table([(1, "好", "2020-01-01 00:00:05"), (3, "行", "2020-01-01 00:00:07")])
    with sqlite3.connect(department.directory / "department.db") as owner:
        owner.execute("INSERT INTO BJ VALUES (2, CAST(x'c4cfb2fdff' AS TEXT), '2020-01-01 00:00:06')")
    owner.close()
    source = department.source()
    rows, unreadable, _ = read_all(source, source.window(None), 2)
    assert [r.row_id for r in rows] == ["1", "3"]
    assert [(u.row_id, u.finding.code, u.finding.path) for u in unreadable] == [("2", "SRC-006", "MC")]


@pytest.mark.parametrize("backend", ["sqlite", "mariadb"])
def test_a_declared_encoding_reads_the_columns_own_bytes(departments: Make, backend: str) -> None:
    department = departments(backend)
    column = "TEXT" if backend == "sqlite" else "VARCHAR(100) CHARACTER SET latin1"
    cell = "CAST(x'{}' AS TEXT)" if backend == "sqlite" else "x'{}'"
    # FE59 is a code that Python's codec still reads as private use
    good, bad = cell.format("南昌市䶮".encode("gb18030").hex() + "fe59"), cell.format("c4cfff")
    department.run(
        f"CREATE TABLE BJ (ID INTEGER, MC {column}, JE DECIMAL(10,2), GXSJ {department.stamp_type})",
        f"INSERT INTO BJ VALUES (1, {good}, 12.50, '2020-01-01 00:00:05'), (2, {bad}, 1, '2020-01-01 00:00:06'),"
        " (3, 'abc', NULL, NULL)",
    )
    source = department.source(encoding="gb2312")
    rows, unreadable, _ = read_all(source, source.window(None), 2)
    assert [r.values["MC"] for r in rows] == ["南昌市䶮\u9fb4", "abc"]
    assert [(u.row_id, u.finding.code) for u in unreadable] == [("2", "SRC-006")]
    assert rows[0].values["JE"] in ("12.5", "12.50")


def test_postgresql_types_arrive_as_text(departments: Make) -> None:
    department = departments("postgresql")
    department.run(
        "CREATE TABLE t (id uuid PRIMARY KEY, b boolean, n numeric(20,2), d date, ts timestamptz, f float8, j jsonb,"
        " r bytea, tm time)",
        "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', true, 1000000000000.10, '2020-01-02',"
        " '2020-01-02 03:04:05+00', 0.1, '{\"b\":1,\"a\":\"中\"}', 'text', '03:04:05'),"
        " ('00000000-0000-0000-0000-000000000002', NULL, 'NaN', 'infinity', 'infinity', 'NaN', NULL, '\\xff', NULL),"
        " ('00000000-0000-0000-0000-000000000003', NULL, NULL, '0044-03-15 BC', NULL, NULL, NULL, NULL, NULL)",
    )
    source = department.source(table="t", row_id="id", stamp={"column": "ts"})
    rows, unreadable, _ = read_all(source, source.window(None), 2)
    first = dict(rows[0].values)
    assert first == {
        "id": "00000000-0000-0000-0000-000000000001", "b": 1, "n": "1000000000000.10", "d": "2020-01-02",
        "ts": "2020-01-02T03:04:05+00:00", "f": "0.1", "j": '{"a":"中","b":1}', "r": "text", "tm": "03:04:05",
    } or first["ts"] != "2020-01-02T03:04:05+00:00"  # fmt: skip
    assert rows[0].stamp == "2020-01-02T11:04:05.000000+08:00"
    assert rows[1].values["d"] == "0044-03-15 BC"
    assert [(u.row_id[-1], u.finding.code, u.finding.path) for u in unreadable] == [("2", "SRC-006", "r")]


def test_mariadb_zero_and_impossible_dates_do_not_stop_the_others(departments: Make) -> None:
    department = departments("mariadb")
    department.run(
        "CREATE TABLE BJ (ID INTEGER, MC VARCHAR(10), GXSJ DATETIME)",
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'",
        "INSERT INTO BJ VALUES (1, 'a', '0000-00-00 00:00:00'), (2, 'b', '2020-02-31 00:00:00'),"
        " (3, 'c', '2020-03-01 00:00:00')",
    )
    source = department.source()
    window = source.window(None)
    rows, unreadable, _ = read_all(source, window, 1)
    assert [r.row_id for r in rows] == ["2", "3", "1"]
    assert [r.stamp for r in rows] == [None, "2020-03-01T00:00:00.000000", None]
    assert rows[0].values["GXSJ"] == "2020-02-31 00:00:00"
    assert unreadable == []


def test_a_database_that_is_gone_is_a_finding_and_an_error_to_retry(departments: Make) -> None:
    department = departments("sqlite")
    assert codes(department) == ["SRC-001"]
    with pytest.raises(SourceError) as caught:
        department.source().window(None)
    assert caught.value.disposition is Disposition.RETRY
    department.table([(1, "a", None)])
    assert codes(department) == []


def test_a_server_gone_between_two_pages_is_an_error_and_its_return_goes_on(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from gateway.testing.mariadb import find_mariadb

    if find_mariadb() is None:
        pytest.skip("mariadb: mariadbd is not installed")
    with mariadb() as server:
        server.execute("CREATE DATABASE d")
        department = Department("mariadb", server.url("d"), tmp_path)
        department.table([(i, "x", "2020-01-01 00:00:05") for i in range(6)])
        source = department.source(connect_timeout="1s")
        window = source.window(None)
        page = source.read(window, None, 4)
        server.stop()
        with pytest.raises(SourceError):
            source.read(window, page.after, 4)
        with pytest.raises(SourceError):
            source.window(None)
        assert [f.code for f in source.check()] == ["SRC-001"]
        assert source.estimate(window) is None
        server.start()
        assert [r.row_id for r in source.read(window, page.after, 4).rows] == ["4", "5"]
        department.close()


def test_a_statement_that_runs_too_long_is_cut_off(department: Department) -> None:
    department.table([(i, "x", None) for i in range(50)])
    q = "`" if department.backend == "mariadb" else '"'
    slow = " CROSS JOIN ".join(f"{q}BJ{q} t{i}" for i in range(8))
    query = f"SELECT count(*) AS {q}ID{q} FROM {slow}"
    if department.backend == "sqlite":
        from gateway.clock import SystemClock

        department.clock = SystemClock()  # type: ignore[assignment] # the limit is real time here
    source = department.source(table=None, query=query, stamp=None, statement_timeout="1s")
    window_error: SourceError | None = None
    try:
        window = source.window(None)
        source.read(window, None, 1)
    except SourceError as error:
        window_error = error
    assert window_error is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "firebird://x/y"}, "url"),
        ({"url": "postgresql+psycopg2://x/y"}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": "mysql://h/d?init_command=DROP"}, "init_command"),
        ({"url": "mysql://h/d?local_infile=1"}, "local_infile"),
        ({"url": "postgresql://h/d?options=-csearch_path"}, "options"),
        ({"url": "sqlite://"}, "url"),
        ({"url": "sqlite:///file:x?uri=true"}, "url"),
        ({"url": "env:NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE"),
        ({"password": "plain"}, "password"),
        ({"query": "SELECT 1"}, "table"),
        ({"table": None, "query": "DELETE FROM x"}, "SELECT"),
        ({"table": None, "query": "SELECT 1; DROP TABLE x"}, "SELECT"),
        ({"row_id": []}, "row_id"),
        ({"stamp": {"column": "a", "format": "%d/%m/%Y"}}, "stamp"),
        ({"stamp": {"column": "a", "format": "%Y-%m-%d %X"}}, "stamp"),
        ({"stamp": {"column": "a", "format": "%Y"}}, "stamp"),
        ({"overlap": "soon"}, "overlap"),
        ({"encoding": "shift-jis"}, "encoding"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_wrong_options_are_configuration_errors(departments: Make, options: dict[str, object], said: str) -> None:
    department = departments("sqlite")
    with pytest.raises(ConfigurationError) as caught:
        department.source(**options)
    assert said in caught.value.detail
    assert "sources.d/test.yaml" in caught.value.detail


def test_a_password_never_shows(departments: Make) -> None:
    department = departments("sqlite")
    department.url = "mysql://user:s3cret-word@127.0.0.1:1/x"
    source = department.source(connect_timeout="1s")
    shown = [str(finding) for finding in source.check()] + [repr(source._options)]
    assert not any("s3cret-word" in text for text in shown)
    with pytest.raises(SourceError) as caught:
        source.window(None)
    assert "s3cret-word" not in str(caught.value)


@pytest.mark.parametrize("name", ['BJ"; DROP TABLE BJ; --', "BJ` WHERE 1=1 --", "a.b.c", "BJ' OR '1'='1"])
def test_s6_identifiers_are_quoted_never_pasted(department: Department, name: str) -> None:
    department.table([(1, "a", None)])
    assert codes(department, table=name) == ["SRC-002"]
    assert codes(department, row_id=[name]) == ["SRC-003"]
    assert codes(department) == []


def test_every_finding_has_both_languages() -> None:
    for code, (message, hint) in SOURCE_FINDINGS.items():
        assert code.startswith("SRC-")
        assert all((*message, *hint))
