# SPDX-License-Identifier: Apache-2.0
"""The flag protocol, snapshots and change tables, the same on every database (ledger.md B1, B17, T4)."""

import re
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.channels.database_options import parse_options
from gateway.channels.database_tools import DatabaseTools
from gateway.errors import ConfigurationError, SourceError, SourceHeld
from gateway.flow.absence import MASS_DELETE, Listing
from gateway.ledger.findings import GONE
from gateway.model.record import SourceKind
from gateway.ports import Source
from gateway.sdk import AdapterSettings, Reshaped
from tests.sources.conftest import Department
from tests.sources.keeping import Keeping, identity_of

FLAG_COLUMNS = ("TBBZ VARCHAR(2)", "TBSJ VARCHAR(30)", "SBYY VARCHAR(200)")


class Bureau:
    """A department's database, the ledger that follows it, and the owner's hand."""

    def __init__(self, department: Department) -> None:
        self.department = department
        self.keeping = Keeping(department.directory, department.clock)
        self._q = "`" if department.backend == "mariadb" else '"'

    def sql(self, text: str) -> str:
        """Quote the names in capitals."""
        return re.sub(r"\b[A-Z]{2,4}\b(?=[^']*(?:'[^']*'[^']*)*$)", self._quoted, text)

    def _quoted(self, found: Any) -> str:
        word = found.group()
        return (
            f"{self._q}{word}{self._q}"
            if word in {"AJ", "BG", "ID", "MC", "TBBZ", "TBSJ", "SBYY", "XH", "RQ"}
            else word
        )

    def run(self, *statements: str) -> None:
        self.department.run(*(self.sql(each) for each in statements))

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.department.url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.exec_driver_sql(self.sql(statement))]
        engine.dispose()
        return rows

    def source(self, kind: SourceKind = SourceKind.STATE, **options: Any) -> Source:
        given = {"url": self.department.url, "table": "AJ", "row_id": ["ID"], "statement_timeout": "2s", **options}
        settings = AdapterSettings("test", kind, given, self.department.directory)
        return DatabaseTools(self.department.clock).database(settings)

    def pull(self, chunk: int = 3, sweep: bool = False, **options: Any) -> Any:
        return self.keeping.pull(self.source(**options), chunk, sweep=sweep).figures

    def check(self, **options: Any) -> list[str]:
        with closing(self.source(**options)) as source:
            return [each.code for each in source.check()]

    def flagged(self, *rows: tuple[int, str], flag: str = "'0'") -> None:
        """Make the table with flag columns."""
        self.run(f"CREATE TABLE AJ (ID INTEGER PRIMARY KEY, MC VARCHAR(100), {', '.join(FLAG_COLUMNS)})")
        self.add(*rows, flag=flag)

    def add(self, *rows: tuple[int, str], flag: str = "'0'") -> None:
        self.run(*(f"INSERT INTO AJ (ID, MC, TBBZ) VALUES ({i}, '{text}', {flag})" for i, text in rows))

    def plain(self, *rows: tuple[int, str]) -> None:
        self.run("CREATE TABLE AJ (ID INTEGER PRIMARY KEY, MC VARCHAR(100), RQ VARCHAR(20))")
        self.run(*(f"INSERT INTO AJ (ID, MC) VALUES ({i}, '{text}')" for i, text in rows))

    def proposed(self) -> list[str]:
        return sorted(row for outcome, code, row, _ in self.keeping.refusals() if (outcome, code) == ("proposed", GONE))


@pytest.fixture
def bureau(department: Department) -> Any:
    made = Bureau(department)
    yield made
    made.keeping.ledger.close()


# -- flag ----------------------------------------------------------------------------------------------------------


def test_b17_new_rows_are_read_and_told_what_became_of_them(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"), (2, "坏"), (3, "丙"))
    bureau.add((4, "丁"), flag="NULL")
    bureau.add((5, "旧"), flag="'1'")
    figures = bureau.pull(2, mode="flag")
    assert (figures.accepted, figures.refused) == (3, 1)
    told = bureau.ask("SELECT ID, TBBZ, TBSJ, SBYY FROM AJ ORDER BY ID")
    assert [(i, flag) for i, flag, _, _ in told] == [(1, "1"), (2, "2"), (3, "1"), (4, "1"), (5, "1")]
    assert told[1][3] == "MAP-001 MC 名称不对(建议:改名称)"
    assert told[0][2] == "2026-03-02 09:00:00"
    assert (told[0][3], told[4][2]) == (None, None)
    assert bureau.pull(2, mode="flag").rows == 0
    assert bureau.keeping.open_notices() == 0


def test_b17_a_row_that_changed_after_it_was_read_is_left_and_read_again(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"), (2, "乙"))
    source: Any = bureau.source(mode="flag")
    tell = source.tell

    def changed_meanwhile(notice: Any) -> None:
        bureau.run("UPDATE AJ SET MC = '改' WHERE ID = 1")
        tell(notice)

    source.tell = changed_meanwhile
    bureau.keeping.pull(source)
    assert bureau.ask("SELECT ID, TBBZ FROM AJ ORDER BY ID") == [(1, "0"), (2, "1")]
    bureau.pull(mode="flag")
    assert bureau.ask("SELECT ID, TBBZ FROM AJ ORDER BY ID") == [(1, "1"), (2, "1")]
    assert bureau.keeping.heads()["SX:1"] == (2, identity_of({"ID": 1, "MC": "改"}))


def test_a_row_mended_and_flagged_again_is_taken(bureau: Bureau) -> None:
    bureau.flagged((1, "坏"))
    bureau.pull(mode="flag")
    bureau.run("UPDATE AJ SET MC = '好', TBBZ = '0' WHERE ID = 1")
    assert bureau.pull(mode="flag").accepted == 1
    assert bureau.ask("SELECT TBBZ, SBYY FROM AJ") == [("1", None)]


def test_rows_are_claimed_where_the_protocol_has_a_word_for_it(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"), (2, "乙"))
    options = {"mode": "flag", "flag": {"claimed": "9"}}
    source: Any = bureau.source(**options)
    page = source.read(source.window(None), None, 10)
    assert bureau.ask("SELECT TBBZ FROM AJ") == [("9",), ("9",)]
    source.close()
    assert len(page.rows) == 2
    bureau.pull(**options)
    assert bureau.ask("SELECT TBBZ FROM AJ") == [("1",), ("1",)], "what a dead puller claimed is taken by the next"


def test_an_unread_row_is_told_too_and_long_reasons_are_cut(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"), (2, "坏"))
    bureau.pull(mode="flag", flag={"reason_length": 10})
    assert bureau.ask("SELECT SBYY FROM AJ ORDER BY ID") == [(None,), ("MAP-001 MC",)]


def test_a_source_that_can_not_be_told_keeps_its_notice_until_it_can(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"))
    source: Any = bureau.source(mode="flag")

    def gone(_notice: Any) -> None:
        raise SourceError("gone")

    source.tell = gone
    with pytest.raises(SourceError):
        bureau.keeping.pull(source)
    assert bureau.keeping.open_notices() == 1
    assert bureau.ask("SELECT TBBZ FROM AJ") == [("0",)]
    bureau.pull(mode="flag")
    assert bureau.ask("SELECT TBBZ FROM AJ") == [("1",)]
    assert bureau.keeping.open_notices() == 0


def test_a_reshaped_flag_source_is_told_by_what_lies_beneath(bureau: Bureau) -> None:
    bureau.flagged((1, "甲"))
    reshaped = Reshaped(bureau.source(mode="flag"), lambda values: {**values, "MC": "改"})
    bureau.keeping.pull(reshaped)
    assert bureau.ask("SELECT TBBZ FROM AJ") == [("1",)]


# -- snapshot (T4) -------------------------------------------------------------------------------------------------


def test_t4_a_row_missing_twice_and_by_look_up_is_proposed_never_withdrawn(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"), (3, "丙"))
    bureau.pull(mode="snapshot")
    bureau.run("DELETE FROM AJ WHERE ID = 2")
    bureau.pull(mode="snapshot")
    assert bureau.proposed() == [], "missing once is a suspicion"
    bureau.pull(mode="snapshot")
    assert bureau.proposed() == ["2"]
    bureau.pull(mode="snapshot")
    assert bureau.proposed() == ["2"], "proposed once"
    assert "SX:2" in bureau.keeping.heads(), "a diff never withdraws by itself"


def test_t4_a_row_that_returns_cancels_the_proposal_without_a_version(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    bureau.pull(mode="snapshot")
    before = bureau.keeping.heads()
    bureau.run("DELETE FROM AJ WHERE ID = 2")
    bureau.pull(mode="snapshot")
    bureau.pull(mode="snapshot")
    assert bureau.proposed() == ["2"]
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '乙')")
    bureau.pull(mode="snapshot")
    assert bureau.proposed() == []
    assert bureau.keeping.heads() == before


def test_t4_a_row_that_the_look_up_finds_is_not_gone(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    bureau.pull(mode="snapshot")
    for _ in range(3):
        source: Any = bureau.source(mode="snapshot")
        source.keys = lambda: iter([["1"]])
        bureau.keeping.pull(source)
    assert bureau.proposed() == []


def test_t4_an_incomplete_listing_concludes_nothing(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    bureau.pull(mode="snapshot")
    bureau.run("DELETE FROM AJ WHERE ID = 2")

    def broken() -> Any:
        yield ["1"]
        raise SourceError("cut off")

    for _ in range(3):
        source: Any = bureau.source(mode="snapshot")
        source.keys = broken
        with pytest.raises(SourceError):
            bureau.keeping.pull(source)
    assert bureau.proposed() == []


def test_t4_rows_that_leave_the_declared_scope_by_age_are_not_deleted(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"), (3, "丙"))
    bureau.run("UPDATE AJ SET RQ = '2026-02-27'", "UPDATE AJ SET RQ = '2025-10-01' WHERE ID = 2")
    scope = {"column": "RQ", "days": 90}
    bureau.pull(mode="snapshot", scope=scope)
    bureau.run("DELETE FROM AJ WHERE ID IN (2, 3)")
    for _ in range(3):
        bureau.pull(mode="snapshot", scope=scope)
    assert bureau.proposed() == ["3"]


def test_t4_too_many_rows_gone_at_once_park_the_source(bureau: Bureau) -> None:
    bureau.plain(*((i, "x") for i in range(60)))
    bureau.pull(100, mode="snapshot")
    bureau.run("DELETE FROM AJ WHERE ID < 21")
    with pytest.raises(SourceHeld):
        bureau.pull(100, mode="snapshot")
    with pytest.raises(SourceHeld):
        bureau.pull(100, mode="snapshot")
    held = bureau.keeping.ledger.held("test")
    assert held is not None
    assert held[0] == MASS_DELETE
    assert held[1] == {"known": 60, "listed": 39, "suspects": 21}
    assert bureau.proposed() == []


def test_t4_twenty_rows_gone_are_within_the_guard(bureau: Bureau) -> None:
    bureau.plain(*((i, "x") for i in range(60)))
    bureau.pull(100, mode="snapshot")
    bureau.run("DELETE FROM AJ WHERE ID < 20")
    bureau.pull(100, mode="snapshot")
    bureau.pull(100, mode="snapshot")
    assert len(bureau.proposed()) == 20


def test_b14_a_sweep_finds_late_and_deleted_rows_of_a_source_read_by_stamp(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    bureau.run("UPDATE AJ SET RQ = '2026-03-01 10:00:00'")
    options = {"stamp": {"column": "RQ", "format": "%Y-%m-%d %H:%M:%S"}}
    bureau.pull(**options)
    bureau.run("INSERT INTO AJ (ID, MC, RQ) VALUES (3, '迟', '2026-02-01 00:00:00')", "DELETE FROM AJ WHERE ID = 2")
    bureau.pull(**options)
    assert "SX:3" not in bureau.keeping.heads()
    bureau.pull(sweep=True, **options)
    bureau.pull(sweep=True, **options)
    assert "SX:3" in bureau.keeping.heads()
    assert bureau.proposed() == ["2"]


def test_a_listing_of_a_million_rows_needs_eight_bytes_a_row() -> None:
    listing = Listing([f"r{n}" for n in range(at, at + 1000)] for at in range(0, 20_000, 1000))
    assert len(listing) == 20_000
    assert all(f"r{n}" in listing for n in range(0, 20_000, 37))
    assert "r20000" not in listing
    assert listing._digests.itemsize == 8


# -- changes -------------------------------------------------------------------------------------------------------

CHANGES = {"mode": "changes", "changes": {"table": "BG", "sequence": "XH", "row_id": ["ID"], "overlap": 10}}


def _change_table(bureau: Bureau) -> None:
    bureau.run("CREATE TABLE BG (XH INTEGER PRIMARY KEY, ID INTEGER)")


def test_a_change_table_says_where_to_look_and_the_row_what_is_true(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    _change_table(bureau)
    bureau.run("INSERT INTO BG (XH, ID) VALUES (5, 1)")
    assert bureau.pull(**CHANGES).accepted == 2, "the first run reads the whole table"
    bureau.run("UPDATE AJ SET MC = '甲2' WHERE ID = 1", "INSERT INTO AJ (ID, MC) VALUES (3, '丙')")
    bureau.run("INSERT INTO BG (XH, ID) VALUES (6, 1), (7, 3), (8, 1), (9, 2)")
    figures = bureau.pull(10, **CHANGES)
    assert (figures.accepted, figures.rows) == (2, 3)
    assert bureau.keeping.heads()["SX:1"][0] == 2
    assert bureau.pull(**CHANGES).accepted == 0


def test_a_late_entry_within_the_overlap_is_seen(bureau: Bureau) -> None:
    bureau.plain((1, "甲"))
    _change_table(bureau)
    bureau.run("INSERT INTO BG (XH, ID) VALUES (5, 1)")
    bureau.pull(**CHANGES)
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '迟')", "INSERT INTO BG (XH, ID) VALUES (4, 2)")
    assert bureau.pull(**CHANGES).accepted == 1


def test_t4_a_changed_row_that_is_not_there_is_proposed_and_returns(bureau: Bureau) -> None:
    bureau.plain((1, "甲"), (2, "乙"))
    _change_table(bureau)
    bureau.pull(**CHANGES)
    bureau.run("DELETE FROM AJ WHERE ID = 2", "INSERT INTO BG (XH, ID) VALUES (1, 2)")
    bureau.pull(**CHANGES)
    assert bureau.proposed() == ["2"]
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '乙')", "INSERT INTO BG (XH, ID) VALUES (2, 2)")
    bureau.pull(**CHANGES)
    assert bureau.proposed() == []
    assert bureau.keeping.heads()["SX:2"][0] == 1


# -- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "flag", "query": "SELECT 1", "table": None},
        {"mode": "flag", "flag": {"new": ["1"], "done": "1"}},
        {"mode": "snapshot", "stamp": {"column": "RQ"}},
        {"mode": "changes"},
        {"mode": "changes", "changes": {"table": "BG", "sequence": "XH", "row_id": ["A", "B"]}},
        {"flag": {}},
        {"mode": "cursor", "changes": {"table": "BG", "sequence": "XH", "row_id": ["A"]}},
    ],
)
def test_options_that_do_not_fit_their_mode_are_refused(options: dict[str, Any]) -> None:
    given = {"url": "sqlite:///a.db", "table": "AJ", "row_id": ["ID"], **options}
    with pytest.raises(ConfigurationError):
        parse_options({name: value for name, value in given.items() if value is not None}, "sources.d/x.yaml")


def test_check_says_that_the_flag_columns_are_missing_or_can_not_be_written(bureau: Bureau) -> None:
    bureau.plain((1, "甲"))
    assert bureau.check(mode="flag") == ["SRC-003"] * 3
    bureau.run("DROP TABLE AJ")
    bureau.flagged((1, "甲"))
    assert bureau.check(mode="flag") == []
