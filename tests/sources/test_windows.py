# SPDX-License-Identifier: Apache-2.0
"""Windows, order and positions of the database source, the same on every database (ledger.md B14)."""

from datetime import timedelta

from gateway.model.record import SourceKind
from gateway.ports import Position, Window
from tests.sources.conftest import Department, read_all


def ids(rows: list) -> list[str]:  # type: ignore[type-arg]
    return [row.row_id for row in rows]


def now_text(department: Department, minutes: float) -> str:
    """Return a stamp some minutes from the source's own now, as the table stores it."""
    now = department.now()
    return f"{now + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def test_b14_rows_come_in_stamp_then_id_order_whatever_the_page_size(department: Department) -> None:
    department.table([(9, "甲", "2020-01-01 00:00:05"), (2, "乙", "2020-01-01 00:00:01"), (10, "丙", "2020-01-01 00:00:05"),
                      (1, "丁", "2020-01-01 00:00:05")])  # fmt: skip
    source = department.source()
    window = source.window(None)
    for size in (1, 2, 3, 100):
        rows, unreadable, _ = read_all(source, window, size)
        assert ids(rows) == ["2", "1", "9", "10"]
        assert unreadable == []
    assert rows[0].values["MC"] == "乙"


def test_b14_equal_stamps_are_neither_lost_nor_read_twice(department: Department) -> None:
    department.table([(i, f"n{i}", "2020-01-01 00:00:05") for i in range(50)])
    source = department.source()
    rows, _, _ = read_all(source, source.window(None), 7)
    assert ids(rows) == [str(i) for i in range(50)]


def test_b14_null_filler_and_future_stamps_come_last_and_never_move_the_floor(department: Department) -> None:
    filler = "1900-01-01 00:00:00"
    department.table([(1, "a", "2099-01-01 00:00:00"), (2, "b", "2020-01-01 00:00:00"), (3, "c", None), (4, "d", filler),
                      (5, "e", "2021-01-01 00:00:00")])  # fmt: skip
    source = department.source()
    window = source.window(None)
    rows, _, _ = read_all(source, window, 2)
    assert ids(rows) == ["2", "5", "1", "3", "4"]
    usable = [row.stamp for row in rows if row.stamp and row.stamp <= window.until]
    floor = source.next_floor(window, max(usable))
    assert floor is not None
    assert floor.startswith("2021-01-01")
    # A row stamped after the floor is still seen, and so are those without a usable stamp.
    department.add([(6, "f", "2021-06-01 00:00:00")])
    rows, _, _ = read_all(source, source.window(floor), 2)
    assert ids(rows) == ["5", "6", "1", "3", "4"]


def test_b14_only_the_overlap_is_read_again(department: Department) -> None:
    department.table([(1, "a", now_text(department, -90)), (2, "b", now_text(department, -20)), (3, "c", now_text(department, -1))])  # fmt: skip
    source = department.source()
    first = source.window(None)
    rows, _, _ = read_all(source, first)
    assert ids(rows) == ["1", "2", "3"]
    floor = source.next_floor(first, max(row.stamp or "" for row in rows))
    second = source.window(floor)
    rows, _, _ = read_all(source, second)
    assert ids(rows) == ["2", "3"]
    assert source.next_floor(second, None) == floor, "a run without rows must not creep back by the overlap"


def test_b14_next_floor_is_never_later_than_until(department: Department) -> None:
    department.table([(1, "a", "2020-01-01 00:00:00")])
    source = department.source()
    window = source.window(None)
    assert source.next_floor(window, "2099-01-01T00:00:00.000000") == window.until
    assert source.next_floor(window, None) is None


def test_b14_until_is_the_sources_own_clock(department: Department) -> None:
    department.table([(1, "a", None)])
    early = now_text(department, -5)
    until = department.source().window(None).until.replace("T", " ")
    assert early < until < now_text(department, 5)


def test_a_pull_resumes_from_a_position_in_another_process(department: Department) -> None:
    department.table([(i, f"n{i}", "2020-01-01 00:00:05" if i < 6 else None) for i in range(10)])
    source = department.source()
    window = source.window(None)
    after: Position | None = None
    seen: list[str] = []
    while True:
        page = department.source().read(window, after, 4)  # a new object each time: nothing is remembered
        seen += ids(list(page.rows))
        after = Position(page.after.stamp, page.after.row_id, page.after.undated)
        if not page.more:
            break
    assert seen == [str(i) for i in range(10)]


def test_rows_that_arrive_while_reading_are_left_to_the_next_run_or_read_once(department: Department) -> None:
    department.table([(i, "x", "2020-01-01 00:00:05") for i in range(6)])
    source = department.source()
    window = source.window(None)
    page = source.read(window, None, 4)
    department.add([(100, "late", "2020-01-01 00:00:05"), (101, "later", now_text(department, 60))])
    after: Position | None = page.after
    rest: list[str] = []
    while after is not None:
        following = source.read(window, after, 4)
        rest += ids(list(following.rows))
        after = following.after if following.more else None
    assert rest == ["4", "5", "100", "101"]


def test_a_source_without_stamps_is_read_whole_each_time(department: Department) -> None:
    department.table([(i, "x", None) for i in (3, 1, 2)])
    source = department.source(stamp=None)
    window = source.window(None)
    for _ in range(2):
        rows, _, pages = read_all(source, window, 2)
        assert ids(rows) == ["1", "2", "3"]
        assert [page.more for page in pages] == [True, False]
        assert all(row.stamp is None for row in rows)
    assert source.next_floor(window, None) is None


def test_composite_row_ids_keep_their_order_and_are_escaped(department: Department) -> None:
    department.table([(1, "b", None), (1, "a|1", None), (2, "a", None), (1, "a", None)])
    source = department.source(row_id=["ID", "MC"], stamp=None)
    for size in (1, 2, 10):
        rows, _, _ = read_all(source, source.window(None), size)
        assert sorted(ids(rows)) == ["1|a", "1|a\\|1", "1|b", "2|a"]
        assert len(set(ids(rows))) == 4


def test_a_fixed_query_with_a_join_colons_and_percents(department: Department) -> None:
    q = "`" if department.backend == "mariadb" else '"'
    department.table([(1, "甲:x", "2020-01-01 00:00:05"), (2, "100%", "2020-01-01 00:00:06")])
    query = (
        f"SELECT a.{q}ID{q} AS {q}ID{q}, a.{q}MC{q} AS {q}NAME{q}, b.{q}GXSJ{q} AS {q}GXSJ{q}, '12:30 :x %' AS {q}K{q} "
        f"FROM {q}BJ{q} a JOIN {q}BJ{q} b ON a.{q}ID{q} = b.{q}ID{q}"
    )
    source = department.source(table=None, query=query)
    assert source.check() == ()
    rows, _, _ = read_all(source, source.window(None), 1)
    assert [row.values["NAME"] for row in rows] == ["甲:x", "100%"]
    assert rows[0].values["K"] == "12:30 :x %"


def test_estimate_counts_the_window(department: Department) -> None:
    department.table([(i, "x", "2020-01-01 00:00:05") for i in range(5)] + [(9, "x", None)])
    source = department.source()
    assert source.estimate(source.window(None)) == 6
    assert source.estimate(Window(source.window(None).until, source.window(None).until)) == 1
    assert source.kind is SourceKind.STATE


def test_declared_columns_are_the_only_ones_read(department: Department) -> None:
    department.table([(1, "x", None)])
    source = department.source(columns=["MC"])
    rows, _, _ = read_all(source, source.window(None))
    assert set(rows[0].values) == {"ID", "MC", "GXSJ"}


def test_raw_is_canonical_and_its_digest_tells_a_change(department: Department) -> None:
    import hashlib
    import json

    department.table([(1, '引"号', "2020-01-01 00:00:05"), (2, "b", None)])
    source = department.source()
    rows, _, _ = read_all(source, source.window(None))
    for row in rows:
        text = row.raw.decode()
        assert json.loads(text) == dict(row.values)
        assert text == json.dumps(dict(row.values), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        assert row.digest == hashlib.sha256(row.raw).digest()
    again, _, _ = read_all(department.source(), source.window(None))
    assert [r.digest for r in again] == [r.digest for r in rows]


def test_the_source_can_not_write(department: Department) -> None:
    import pytest
    from sqlalchemy.exc import DBAPIError

    department.table([(1, "x", None)])
    q = "`" if department.backend == "mariadb" else '"'
    source = department.source()
    with pytest.raises(DBAPIError), source._opened.engine.connect() as connection:
        connection.exec_driver_sql(f"DELETE FROM {q}BJ{q}")
    rows, _, _ = read_all(source, source.window(None))
    assert len(rows) == 1


def test_text_row_ids_follow_the_databases_own_order(department: Department) -> None:
    q = "`" if department.backend == "mariadb" else '"'
    ids_there = ["a", "B", "A1", "b2", "南昌", "é", "_x", "a b", "a%", "10", "9", "''", "a\\b"]
    department.run(f"CREATE TABLE {q}WJ{q} ({q}ID{q} VARCHAR(20) PRIMARY KEY, {q}S{q} VARCHAR(20))")
    department.run(many=(f"INSERT INTO {q}WJ{q} VALUES (:id, '20200101')", [{"id": name} for name in ids_there]))
    source = department.source(table="WJ", stamp={"column": "S", "format": "%Y%m%d"})
    assert source.check() == ()
    for size in (1, 2, 100):
        rows, _, _ = read_all(source, source.window(None), size)
        assert sorted(ids(rows)) == sorted(ids_there)
