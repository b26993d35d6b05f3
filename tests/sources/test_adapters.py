# SPDX-License-Identifier: Apache-2.0
"""Vendor adapters, the door they come in by, and what the SDK promises them."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.channels.database_tools import DatabaseTools
from gateway.demo.city import make_city
from gateway.errors import ConfigurationError
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings, Reshaped, RowRefused, Words, row
from gateway.testing.clock import FakeClock
from gateway_adapters import bright_window, law_desk
from tests.sources.conftest import Department, read_all


def settings(directory: Path, **options: object) -> AdapterSettings:
    return AdapterSettings("test", SourceKind.STATE, options, directory)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("city") / "departments"
    make_city(directory, 3)
    return directory


def test_the_vendors_are_registered() -> None:
    found = {entry.name: entry.load() for entry in entry_points(group="gateway.adapters")}
    assert found["bright-window"] is bright_window.open_source
    assert found["law-desk"] is law_desk.open_source


def test_bright_window_knows_its_views(city: Path) -> None:
    tools = DatabaseTools(FakeClock())
    for view, columns in (("applications", 32), ("steps", 18), ("decisions", 28)):
        source = bright_window.open_source(settings(city, url="sqlite:///health.db", view=view), tools)
        assert source.check() == ()
        page = source.read(source.window(None), None, 10)
        assert len(page.rows) == 10
        assert len(page.rows[0].values) == columns
        source.close()
    with pytest.raises(ConfigurationError, match=r"options\.view"):
        bright_window.open_source(settings(city, url="sqlite:///health.db", view="other"), tools)
    with pytest.raises(ConfigurationError, match="speed"):
        bright_window.open_source(settings(city, url="sqlite:///health.db", view="steps", speed=9), tools)


def test_law_desk_takes_forms_apart_and_refuses_broken_ones(city: Path) -> None:
    source = law_desk.open_source(settings(city, url="sqlite:///market.db"), DatabaseTools(FakeClock()))
    assert source.check() == ()
    rows, unreadable, _ = read_all(source, source.window(None), 500)  # type: ignore[arg-type]
    source.close()
    assert {one.finding.code for one in unreadable} == {"SRC-011"}
    assert all(one.finding.path == "BDNR" for one in unreadable)
    filing = next(r for r in rows if r.values["LCDM"] == "LA")
    assert filing.values["F_CFCX"] == "普通程序"
    assert filing.values["F_JASJ"] is None
    assert "CFCX:=普通程序" in str(filing.values["BDNR"])
    assert filing.digest == row(filing.row_id, filing.values).digest


@pytest.mark.parametrize(
    ("form", "expected"),
    [(None, {}), ("", {}), ("PZR:=张三", {"F_PZR": "张三"}), ("PZR:=;;CFCX:=a:=b", {"F_PZR": "", "F_CFCX": "a:=b"}),
     ("XYZ:=1", {"F_XYZ": "1"})],
)  # fmt: skip
def test_forms(form: str | None, expected: dict[str, str]) -> None:
    unpacked = law_desk.unpack({"BDNR": form})
    assert {k: v for k, v in unpacked.items() if v is not None and k != "BDNR"} == expected


@pytest.mark.parametrize("form", ["PZR", "PZR:=a;;CFCX", "PZR:=a;;PZR:=b", ";;"])
def test_broken_forms(form: str) -> None:
    with pytest.raises(RowRefused):
        law_desk.unpack({"BDNR": form})


def test_vendor_code_that_fails_stops_no_other_row(tmp_path: Path) -> None:
    department = Department("sqlite", f"sqlite:///{tmp_path / 'department.db'}", tmp_path)
    department.table(
        [(1, "a", "2020-01-01 00:00:01"), (2, None, "2020-01-01 00:00:02"), (3, "c", "2020-01-01 00:00:03")]
    )

    def shout(values):  # type: ignore[no-untyped-def]
        return {**values, "MC": values["MC"].upper()}

    source = Reshaped(department.source(), shout)
    page = source.read(source.window(None), None, 10)
    department.close()
    assert [r.values["MC"] for r in page.rows] == ["A", "C"]
    assert [(u.row_id, u.finding.code) for u in page.unreadable] == [("2", "SRC-011")]
    assert "AttributeError" in page.unreadable[0].finding.message.zh


def test_a_refusal_says_what_the_vendor_said() -> None:
    refusal = RowRefused("XX", Words("缺少", "missing"), Words("补上", "add it"))
    assert (str(refusal), refusal.column, refusal.hint.en) == ("缺少", "XX", "add it")


def test_one_statement_a_page(tmp_path: Path) -> None:
    department = Department("sqlite", f"sqlite:///{tmp_path / 'department.db'}", tmp_path)
    department.table([(i, "x", "2020-01-01 00:00:01") for i in range(100)])
    source = department.source()
    window = source.window(None)
    asked: list[str] = []
    sa.event.listen(source._opened.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    page = source.read(window, None, 20)
    page = source.read(window, page.after, 20)
    department.close()
    assert len(asked) == 2
    assert page.more


def test_a_stamp_written_another_way_than_before_reads_all_once_more(tmp_path: Path) -> None:
    department = Department("sqlite", f"sqlite:///{tmp_path / 'department.db'}", tmp_path)
    department.table([(1, "x", "2020-01-01 00:00:01")])
    source = department.source()
    assert source.window("20200101").floor is None
    department.close()
