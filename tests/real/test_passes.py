# SPDX-License-Identifier: Apache-2.0
"""Both passes over the whole set, judged from outside: rows, the ledger's own list and what both systems hold."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from tests.real import __main__ as command
from tests.real import loader, site, systems
from tests.real.passes import Pass, run
from tests.real.verdict import complaints
from tests.real.whole import FOLDER, observe, rows_of

pytestmark = pytest.mark.service


@dataclass(frozen=True)
class Finished:
    """A finished run: its directory and both passes."""

    directory: Path
    passes: list[Pass]


@pytest.fixture(scope="module")
def finished(penalties: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    directory = tmp_path_factory.mktemp("gateway-real")
    yield Finished(directory, list(run(directory, penalties)))
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def accepted(finished: Finished) -> dict[tuple[str, int], str]:
    """Return digest by key and version of all that the ledger accepted, the items included."""
    with closing(sqlite3.connect(finished.directory / "site" / "ledger.db")) as ledger:
        rows = ledger.execute("SELECT key, version, content_digest, state FROM record").fetchall()
    assert {state for *_, state in rows} == {"accepted"}
    return {(key, version): digest.hex() for key, version, digest, _ in rows}


def test_every_promise_holds(finished: Finished) -> None:
    assert complaints(finished.passes, finished.directory) == []


@pytest.mark.parametrize("system", systems.ROLES)
def test_each_system_holds_what_was_accepted_and_nothing_else(
    finished: Finished, accepted: dict[tuple[str, int], str], system: str
) -> None:
    held = systems.dump(finished.directory / "city" / system)["records"]
    assert {(each["key"], each["version"]): each["digest"] for each in held} == accepted
    assert len(held) == len(accepted)


@pytest.mark.parametrize("system", systems.ROLES)
def test_versions_of_a_key_arrive_in_order_and_mistakes_end_withdrawn(finished: Finished, system: str) -> None:
    arrived: dict[str, list[tuple[int, str]]] = {}
    for each in systems.dump(finished.directory / "city" / system)["records"]:
        arrived.setdefault(each["key"], []).append((each["version"], each["type"]))
    for key, versions in arrived.items():
        assert [version for version, _ in versions] == list(range(1, len(versions) + 1)), key
    withdrawn = {key for key, versions in arrived.items() if versions[-1][1] == "GG_CH"}
    assert {key.partition(":")[0] for key in withdrawn} == {"CF_JD", "CF_ZG"}
    assert all(kind != "GG_CH" for versions in arrived.values() for _, kind in versions[:-1])


def test_figures_are_those_of_a_count_made_without_the_ledger(finished: Finished) -> None:
    """One content a key at a time, in the order of update and row: what says nothing new is a duplicate."""
    observations = observe(rows_of(finished.directory / "department.sqlite", SystemClock()))
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
    assert second["rows"] == 8772
    assert [second[name] for name in ("collected", "accepted", "refused", "duplicates", "conflicts", "stale")] == [
        0
    ] * 6
    assert all(set(figures.values()) == {0} for figures in second["destinations"].values())


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
    assert "absent" in said.err
    assert not (tmp_path / "run").exists()


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    for name in (loader.PENALTIES, loader.FACILITIES):
        (tmp_path / name).touch()
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("mine", encoding="utf-8")
    assert command.main(["--data", str(tmp_path), "--dir", str(theirs)]) == 2
    assert (theirs / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_an_empty_directory_and_one_of_ours_are_made_anew(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    assert command.emptied(directory)
    (directory / "left-over").touch()
    assert command.emptied(directory)
    assert [path.name for path in directory.iterdir()] == [command.MARK]


def test_invented_items_are_those_of_the_bureaus(tmp_path: Path) -> None:
    assert site.catalogue(tmp_path / "catalogue.sqlite") == 23
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        organisations = {row[0] for row in connection.execute("SELECT ORGCODE FROM item")}
    codes = {line.partition(",")[2] for line in (FOLDER / "bureaus.csv").read_text(encoding="utf-8").splitlines()[1:]}
    assert organisations == codes
