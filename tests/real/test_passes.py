# SPDX-License-Identifier: Apache-2.0
"""Both passes over each whole set, judged from outside: rows, the ledger's own list and what both systems hold."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from tests.real import __main__ as command
from tests.real import evidence, site, systems
from tests.real.conftest import folder
from tests.real.passes import Pass, run
from tests.real.sets import CATALOGUE, DATA, LEVIES, PENALTIES, SETS, RealSet
from tests.real.verdict import complaints
from tests.real.whole import MAPPINGS, observe, rows_of

pytestmark = pytest.mark.service


@dataclass(frozen=True)
class Finished:
    """A finished run over a set: its directory and both passes."""

    chosen: RealSet
    directory: Path
    passes: list[Pass]

    def held(self, system: str) -> list[dict[str, object]]:
        """Return the records that a system holds."""
        records: list[dict[str, object]] = systems.dump(self.directory / "city" / system)["records"]
        return records


@pytest.fixture(scope="module", params=SETS, ids=lambda chosen: chosen.name)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    folder(request.param)
    directory = tmp_path_factory.mktemp("gateway-real")
    yield Finished(request.param, directory, list(run(directory, DATA, request.param)))
    shutil.rmtree(directory)


def test_every_promise_holds(finished: Finished) -> None:
    assert complaints(finished.chosen, finished.passes, finished.directory) == []


@pytest.mark.parametrize("system", systems.ROLES)
def test_each_system_holds_what_was_accepted_and_nothing_else(finished: Finished, system: str) -> None:
    accepted = evidence.accepted(finished.directory)
    held = finished.held(system)
    assert {(each["key"], each["version"]): each["digest"] for each in held} == accepted
    assert len(held) == len(accepted)


@pytest.mark.parametrize("system", systems.ROLES)
def test_versions_of_a_key_arrive_in_order_and_mistakes_end_withdrawn(finished: Finished, system: str) -> None:
    arrived: dict[str, list[tuple[object, object]]] = {}
    for each in finished.held(system):
        arrived.setdefault(str(each["key"]), []).append((each["version"], each["type"]))
    for key, versions in arrived.items():
        assert [version for version, _ in versions] == list(range(1, len(versions) + 1)), key
    withdrawn = {key for key, versions in arrived.items() if versions[-1][1] == "GG_CH"}
    expected = {"CF_JD", "CF_ZG"} if finished.chosen is PENALTIES else set()
    assert {key.partition(":")[0] for key in withdrawn} == expected
    assert all(kind != "GG_CH" for versions in arrived.values() for _, kind in versions[:-1])


def test_figures_are_those_of_a_count_made_without_the_ledger(finished: Finished) -> None:
    """One content a key at a time, in the order of update and row: what says nothing new is a duplicate."""
    rows = rows_of(finished.directory / site.DEPARTMENT, SystemClock(), finished.chosen)
    observations = observe(rows, finished.chosen)
    held: dict[tuple[str, bool], bytes] = {}
    new = duplicates = 0
    for seen in sorted(observations, key=lambda each: (each.row.stamp or "", int(each.row.row_id))):
        for draft in seen.drafts:
            place = (draft.key, draft.withdraws is not None)
            if held.get(place) == draft.identity:
                duplicates += 1
            else:
                new += 1
                held[place] = draft.identity
    line = finished.passes[0].line
    assert (line["accepted"], line["duplicates"]) == (new, duplicates)
    assert line["refused"] == sum(len(each.refused) for each in observations)


def test_the_second_pass_reads_every_row_again_and_does_nothing(finished: Finished) -> None:
    second = finished.passes[1].line
    assert second["rows"] == finished.chosen.rows
    assert [second[name] for name in ("collected", "accepted", "refused", "duplicates", "conflicts", "stale")] == [
        0
    ] * 6
    assert all(set(figures.values()) == {0} for figures in second["destinations"].values())


def test_the_lines_have_the_same_keys_and_name_their_set(finished: Finished) -> None:
    for number, each in enumerate(finished.passes, 1):
        assert list(each.line) == [
            "set", "pass", "rows", "collected", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting",
            "destinations", "reconciliation",
        ]  # fmt: skip
        assert (each.line["set"], each.line["pass"]) == (finished.chosen.name, number)


@pytest.mark.parametrize("finished", [CATALOGUE], indirect=True, ids=[CATALOGUE.name])
def test_what_a_system_holds_otherwise_is_complained_of(finished: Finished, tmp_path: Path) -> None:
    """The verdict looks at the systems' own storage: with our list changed it must speak up."""
    copy = tmp_path / "run"
    shutil.copytree(finished.directory, copy)
    with closing(sqlite3.connect(copy / evidence.LEDGER)) as ledger, ledger:
        ledger.execute("UPDATE record SET content_digest = zeroblob(32) WHERE id = (SELECT min(id) FROM record)")
        ledger.execute("DELETE FROM record WHERE id = (SELECT max(id) FROM record)")
    assert complaints(finished.chosen, finished.passes, copy) == [
        f"{system}: {fault}"
        for system in systems.ROLES
        for fault in ("was never sent: 1 records", "has with other content: 1 records")
    ]


@pytest.mark.parametrize("finished", [CATALOGUE], indirect=True, ids=[CATALOGUE.name])
def test_a_reason_that_nobody_looked_at_is_complained_of(finished: Finished) -> None:
    chosen = replace(finished.chosen, reasons={"MAP-004 TASKTYPE": 348, "MAP-007 DEPTCODE": 883})
    assert complaints(chosen, finished.passes, finished.directory) == [
        f"pass {number}: MAP-007 DEPTCODE: given 884 times, true 883 times" for number in (1, 2)
    ]


def test_absent_data_are_said_and_fail_in_ci_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(tmp_path / "nowhere"), "--dir", str(tmp_path / "run")]
    monkeypatch.delenv("CI", raising=False)
    assert command.main(arguments) == 0
    monkeypatch.setenv("CI", "true")
    assert command.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert all(f"{each.name}: the data are absent" in said.err for each in SETS)
    assert not (tmp_path / "run").exists()


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / LEVIES.folder).mkdir()
    (tmp_path / LEVIES.folder / LEVIES.files[0]).touch()
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("mine", encoding="utf-8")
    assert command.main(["--data", str(tmp_path), "--dir", str(theirs), "--set", "levies"]) == 2
    assert (theirs / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_an_empty_directory_and_one_of_ours_are_made_anew(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    assert command.emptied(directory)
    (directory / "left-over").touch()
    assert command.emptied(directory)
    assert [path.name for path in directory.iterdir()] == [command.MARK]


def test_invented_items_are_those_of_the_bureaus(tmp_path: Path) -> None:
    assert site.catalogue(tmp_path / "catalogue.sqlite", PENALTIES) == 23
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        organisations = {row[0] for row in connection.execute("SELECT ORGCODE FROM item")}
    bureaus = (MAPPINGS / "environment-penalties" / "bureaus.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert organisations == {line.partition(",")[2] for line in bureaus}
