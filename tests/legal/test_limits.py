# SPDX-License-Identifier: Apache-2.0
"""The limits as data: units follow from what 日 means, rows of one limit join, every row of the design pages is there."""

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.legal import LegalClock, Limit, Unit
from gateway.legal.limits import BY_ITEM
from gateway.pack import Pack

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "legal-clock.md"


@pytest.fixture(scope="session")
def limits(clock: LegalClock) -> tuple[Limit, ...]:
    """Return every row."""
    return clock.limits.all


def test_units_follow_from_what_days_mean(clock: LegalClock, limits: tuple[Limit, ...]) -> None:
    """Only laws that say 日; XX and GB say 工作日 where they mean it, the applicant's limit is not the office's."""
    checked = 0
    for limit in limits:
        if limit.law.code in {"XX", "GB", "JC"} or limit.code == "permit.renewal":
            continue
        if limit.term.unit in (Unit.WORKING_DAYS, Unit.DAYS):
            checked += 1
            said = clock.limits.unit_of_days(limit.law.code, limit.term.n, limit.valid_from)
            assert said is limit.term.unit, (limit.code, limit.article)
    assert checked > 25


@pytest.mark.parametrize(
    ("law", "n", "on", "unit"),
    [
        ("CF", 7, "2021-07-14", "D"), ("CF", 7, "2021-07-15", "W"), ("CF", 3, "2021-07-15", "W"),
        ("CF", 15, "2021-07-15", "D"), ("CF", 90, "2021-07-15", "D"), ("CF", 10, "2021-07-15", "D"),
        ("QZ", 10, "2012-01-01", "W"), ("QZ", 30, "2012-01-01", "D"), ("QZ", 10, "2011-12-31", "D"),
        ("XK", 20, "2004-07-01", "W"), ("XK", 30, "2020-01-01", "W"),
        ("FY", 3, "2023-12-31", "D"), ("FY", 3, "2024-01-01", "W"), ("FY", 60, "2024-01-01", "D"),
    ],
)  # fmt: skip
def test_what_days_mean(clock: LegalClock, law: str, n: int, on: str, unit: str) -> None:
    assert clock.limits.unit_of_days(law, n, date.fromisoformat(on)) == unit


def test_rows_of_a_limit_join_without_gap_or_overlap(clock: LegalClock, limits: tuple[Limit, ...]) -> None:
    for code in {limit.code for limit in limits}:
        rows = clock.limits.rows(code)
        assert rows[-1].valid_to is None, code
        assert len({row.decides for row in rows}) == 1, code
        for earlier, later in pairwise(rows):
            assert earlier.valid_to is not None
            assert later.valid_from == earlier.valid_to + timedelta(days=1), code


def test_every_row_names_its_source(limits: tuple[Limit, ...]) -> None:
    for limit in limits:
        assert limit.source in {"[V]", "[K]", "[H]"}, limit.code
        assert limit.article
        assert re.search(r"[\u4e00-\u9fff]", limit.title.zh)
        assert not re.search(r"[\u4e00-\u9fff]", limit.title.en)


def test_deductions_are_codes_of_the_pack(pack: Pack, limits: tuple[Limit, ...]) -> None:
    entries = {entry["code"]: entry for entry in pack.toml("limits.toml")["limits"] if "deductions" in entry}
    assert entries
    for code, entry in entries.items():
        known = pack.code_lists[entry["deductions_of"]]
        assert set(entry["deductions"]) - {BY_ITEM} <= set(known.rows), code


def test_a_permits_clock_deducts_what_the_code_list_says(pack: Pack, clock: LegalClock) -> None:
    limit = clock.limit("permit.decision", date(2020, 1, 1))
    assert limit is not None
    kinds = pack.code_lists["SpecialProcedureKind"]
    for kind in kinds.rows:
        entry = kinds.entry(kind)
        assert entry is not None
        assert limit.deducts(kind) == (entry.extra["deduction"] == "deducted")
        assert limit.deducts(kind, by_item=True)
    seizure = clock.limit("coercion.seizure", date(2020, 1, 1))
    assert seizure is not None
    assert seizure.deducts("检测检验检疫鉴定")
    assert not seizure.deducts("其他", by_item=True)


def test_the_page_lists_every_limit_as_it_is(limits: tuple[Limit, ...]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for limit in limits:
        row = f"| `{limit.code}` | {limit.title.zh} | {limit.term.n} {limit.term.unit} "
        assert any(line.startswith(row) and limit.article in line for line in text.splitlines()), row


def test_the_pages_example_runs() -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    names: dict[str, object] = {}
    exec(compile(found[1], str(PAGE), "exec"), names)
    assert getattr(names["due"], "at", None) == date(2020, 3, 5)
