# SPDX-License-Identifier: Apache-2.0
"""The restore drill (ledger.md T5, promises.md R17) with the reference systems: hold, compare, adopt, release; nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.people import Site
from tests.flow.town import Town, town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        yield made


def test_r17_restored_books_hold_compare_adopt_and_go_on_without_a_duplicate(place: Town) -> None:
    before = place.apply(6)
    place.run()
    site = Site(Path(place.folder))
    site.found()
    backup = str(Path(place.folder) / "backups" / "one.db")
    assert site.run("ledger", "backup", backup, by="wang").exit_code == 5
    assert site.run("ledger", "backup", backup, by="sys").exit_code == 0
    after = place.apply(3)
    place.change(before[0], NR="备份之后改过")
    place.run()
    assert place.states("municipal", after) == ["settled"] * 3
    held = {name: place.systems[name].dump()["records"] for name in place.systems}

    restore = ("ledger", "restore", backup, "--reason", "磁盘损坏")
    assert site.run(*restore, "--dry-run").exit_code == 0
    assert site.run(*restore, by="sys").exit_code == 5  # not empty
    assert site.run(*restore, "--replace", by=None).exit_code == 0
    place.apply(1)
    place.run(patience=0.5)
    assert {name: place.systems[name].dump()["records"] for name in place.systems} == held  # held: nothing was sent

    compare = ("ledger", "compare", "--reason", "恢复演练")
    told = {each["destination"]: each for each in site.json(*compare, "--dry-run", by="sys")}
    assert told["municipal"]["adopted"] == 0
    told = {each["destination"]: each for each in site.json(*compare, by="sys")}
    for name in place.systems:
        found = {(each["kind"], each["key"]) for each in told[name]["found"]}
        assert ("ahead", before[0]) not in found  # the source was read again meanwhile: its version 2 is in the books
        assert {key for kind, key in found if kind == "lacking"} == set()
    assert site.run("ledger", "release", "municipal", "--reason", "已核对", by="sys").exit_code == 0
    place.run(patience=0.5)
    assert {state for state, _, _ in place.deliveries("municipal").values()} == {"settled"}
    assert "settled" in {state for state, _, _ in place.deliveries("supervision").values()}
    assert site.run("ledger", "release", "supervision", "--reason", "已核对", by="sys").exit_code == 0
    place.run()
    assert site.run("ledger", "release", "supervision", "--reason", "已核对", by="sys").exit_code == 2
    for name in place.systems:
        versions = [(each["key"], each["version"]) for each in place.systems[name].dump()["records"]]
        assert len(versions) == len(set(versions)) == 11
    assert place.run(reconcile=True).differences == []


def test_t5_compared_before_the_source_is_read_again_the_floor_rises_and_lost_records_become_a_plan(
    place: Town,
) -> None:
    before = place.apply(4)
    place.run()
    site = Site(Path(place.folder))
    site.found()
    backup = str(Path(place.folder) / "one.db")
    assert site.run("ledger", "backup", backup, by="sys").exit_code == 0
    after = place.apply(2)
    place.change(before[1], NR="备份之后改过")
    place.run()
    assert site.run("ledger", "restore", backup, "--replace", "--reason", "演练").exit_code == 0
    (municipal, _) = site.json("ledger", "compare", "--reason", "演练", by="sys")
    found = {(each["kind"], each["key"], each["theirs"]) for each in municipal["found"]}
    assert found == {("ahead", before[1], 2), ("ahead", after[0], 1), ("ahead", after[1], 1)}
    assert (municipal["adopted"], municipal["replay_plan"]) == (3, None)
    for name in place.systems:
        assert site.run("ledger", "release", name, "--reason", "已核对", by="sys").exit_code == 0
    place.run()
    for name in place.systems:
        versions = [(each["key"], each["version"]) for each in place.systems[name].dump()["records"]]
        assert len(versions) == len(set(versions))
        highest = {key: max(v for k, v in versions if k == key) for key, _ in versions}
        assert highest[before[1]] == 3  # ours goes on above what it had
        assert [highest[key] for key in after] == [2, 2]
    assert place.run(reconcile=True).differences == []
