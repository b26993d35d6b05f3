# SPDX-License-Identifier: Apache-2.0
"""Two packs live side by side: the day of the event decides."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.pack import Pack, load_packs

BOTH = """
[[packs]]
name = "jiangxi-1.1"
valid_from = 2027-01-01

[[packs]]
name = "jiangxi-1.0"
valid_to = 2026-12-31
"""


@pytest.fixture
def schemas(pack: Pack, tmp_path: Path) -> Path:
    """Return a folder with the shipped pack and a second edition that lets remarks be 800 characters long."""
    for name in ("jiangxi-1.0", "jiangxi-1.1"):
        shutil.copytree(pack.root, tmp_path / name, ignore=shutil.ignore_patterns("samples"))
    changed = tmp_path / "jiangxi-1.1" / "xsd" / "common.xsd"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace('name="remark" type="Text500"', 'name="remark" type="Text1000"'), encoding="utf-8")
    about = tmp_path / "jiangxi-1.1" / "pack.toml"
    about.write_text(
        about.read_text(encoding="utf-8").replace('"jiangxi-1.0"', '"jiangxi-1.1"').replace('"1.0"', '"1.1"'),
        encoding="utf-8",
    )
    return tmp_path


def test_what_ships_covers_every_day(pack: Pack) -> None:
    packs = load_packs()
    assert [packs.select(day) for day in (date.min, date(2010, 1, 1), date.max)] == [pack] * 3
    assert (len(packs), packs.newest, list(packs)) == (1, pack, [pack])


def test_the_day_of_the_event_selects(schemas: Path) -> None:
    (schemas / "packs.toml").write_text(BOTH, encoding="utf-8")
    packs = load_packs(schemas)
    days = (date(1996, 10, 1), date(2026, 12, 31), date(2027, 1, 1), date(2030, 1, 1))
    assert [packs.select(day).version for day in days] == ["1.0", "1.0", "1.1", "1.1"]
    lengths = [pack.shape("CF_JD").by_path["remark"].max_length for pack in packs]
    assert lengths == [500, 1000]
    assert packs.newest.name == "jiangxi-1.1"
    assert len({pack.digest for pack in packs}) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'packs'"),
        ("packs = []", "no pack"),
        ("packs = [{ version = 1 }]", "'name'"),
        ("packs = [", "packs.toml"),
        ('[[packs]]\nname = "a"\nvalid_from = 2020-01-01', "first pack must have no valid_from"),
        ('[[packs]]\nname = "a"\nvalid_to = 2020-01-01', "last pack must have no valid_to"),
        (BOTH.replace("2026-12-31", "2026-12-30"), "jiangxi-1.1 must begin the day after jiangxi-1.0 ends"),
        (BOTH.replace("2026-12-31", "2027-01-01"), "must begin the day after"),
        ('[[packs]]\nname = "a"\nvalid_from = "2020-01-01"', "valid_from must be a day without quotes"),
        ('[[packs]]\nname = "a"\nvalid_to = 2020-01-01T00:00:00', "valid_to must be a day without quotes"),
        ('[[packs]]\nname = "a"\n[[packs]]\nname = "b"', "must begin the day after"),
    ],
)
def test_a_set_that_does_not_cover_every_day_once_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "packs.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        load_packs(tmp_path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"packs\.toml"):
        load_packs(tmp_path)


def test_a_pack_that_is_not_there_is_said_when_needed(tmp_path: Path) -> None:
    (tmp_path / "packs.toml").write_text('[[packs]]\nname = "lost-1.0"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"lost-1\.0: no such folder"):
        load_packs(tmp_path).select(date(2022, 3, 2))
