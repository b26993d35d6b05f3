# SPDX-License-Identifier: Apache-2.0
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from gateway.bench.rows import PENALTIES, PERMITS, make_source


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_the_same_seed_gives_the_same_rows(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_source(tmp_path / name, 50, seed)
    assert dump(tmp_path / "a") == dump(tmp_path / "b") != dump(tmp_path / "c")


def test_an_old_database_is_replaced(tmp_path: Path) -> None:
    make_source(tmp_path / "a", 50, 1)
    make_source(tmp_path / "a", 50, 1)
    with closing(sqlite3.connect(tmp_path / "a")) as connection:
        assert connection.execute(f'SELECT count(*) FROM "{PERMITS}"').fetchone() == (25,)


def test_one_row_is_one_stage_of_a_case_and_cases_interleave(tmp_path: Path) -> None:
    make_source(tmp_path / "a", 401, 1)
    with closing(sqlite3.connect(tmp_path / "a")) as connection:
        stages = [stage for (stage,) in connection.execute(f'SELECT "HJ" FROM "{PENALTIES}"')]
        cases = [case for (case,) in connection.execute(f'SELECT "AJH" FROM "{PENALTIES}" ORDER BY "GXSJ"')]
        disordered = connection.execute(
            f'SELECT count(*) FROM "{PERMITS}" a JOIN "{PERMITS}" b ON a."BJBH" = b."BJBH"'
            ' WHERE a."XH" < b."XH" AND a."GXSJ" >= b."GXSJ"'
        ).fetchone()
    assert Counter(stages) == {"LA": 51, "GZ": 50, "JD": 50, "ZX": 50}, "the last case is cut off"
    assert disordered == (0,), "a case's stages follow each other"
    assert len({*cases[:8]}) > 2, "cases live side by side"
