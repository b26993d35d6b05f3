# SPDX-License-Identifier: Apache-2.0
"""Three-way reconciliation, run as its user would: source, ledger and destinations, named key by key (ledger.md B14, B26)."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import shell
from tests.flow.town import Town, now, town

pytestmark = pytest.mark.service

OLD = "2025-01-01 08:00:00"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("three-way")) as made:
        made.apply(6)
        made.run()
        yield made


def told(place: Town, *command: str, codes: tuple[int, ...] = (0,)) -> Any:
    """Run a command in this process; return the JSON it prints."""
    done = CliRunner().invoke(shell, [*command, "-C", str(place.folder), "--json"])
    assert done.exit_code in codes, (done.exit_code, done.output, done.exception)
    return json.loads(done.stdout)


def reconciled(place: Town, *options: str, codes: tuple[int, ...] = (0, 1)) -> dict[str, Any]:
    found: dict[str, Any] = told(place, "reconcile", *options, codes=codes)
    return found


def run(*command: str) -> int:
    """Run a command in this process; return its exit code."""
    return CliRunner().invoke(shell, list(command)).exit_code


def named(found: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    return {
        (each["source"] or each["destination"], each["kind"], each["key"], each["state"])
        for each in found["differences"]
    }


def doctored(place: Town, name: str, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place.systems[name].directory / "system.sqlite", timeout=10)) as there, there:
        assert there.execute(statement, values).rowcount == 1


def backdated(place: Town) -> None:
    """Let every difference that no pull will read have been seen an hour ago."""
    with closing(sqlite3.connect(place.folder / "var/ledger.db", timeout=10)) as ledger, ledger:
        ledger.execute(
            "UPDATE source_difference SET first_seen_at = first_seen_at - 3600000000 WHERE state <> 'in-flight'"
        )


def test_parties_that_agree_differ_in_nothing_and_the_figures_of_all_three_are_shown(place: Town) -> None:
    found = reconciled(place, "--all", codes=(0,))
    assert found["differences"] == []
    assert found["counted"] == 0
    assert all(each["agrees"] for each in found["lines"])
    (first, *_others) = found["lines"]
    assert {"day", "org_code", "type", "item_code", "ledger", "sources", "destinations"} <= set(first)
    assert first["sources"]["applications"]["source"] == first["sources"]["applications"]["ledger"]
    assert first["destinations"]["municipal"]["held"] == first["destinations"]["municipal"]["settled"]
    assert sum(each["sources"]["applications"]["source"]["count"] for each in found["lines"]) == 6
    assert found["destinations"]["supervision"]["through_receipt_no"] > 0


def test_rows_that_no_pull_reads_are_late_and_count_when_seen_again_and_a_sweep_brings_them(place: Town) -> None:
    """B14: what is committed later than the overlap is found by the key sweep; B26: it counts once seen again."""
    (late,) = place.apply(1, GXSJ=OLD)
    assert place.run().figures.accepted == 0, "no pull reads it"
    assert named(reconciled(place, codes=(0,))) == {("applications", "late", late, "suspected")}
    backdated(place)
    found = reconciled(place, codes=(1,))
    assert named(found) == {("applications", "late", late, "confirmed")}
    (difference,) = found["differences"]
    assert difference["row_id"] == late.split(":")[1]
    assert (difference["day"], difference["type"]) == ("2025-09-08", "XK_SQ")
    (line,) = found["lines"]
    assert line["sources"]["applications"]["source"]["count"] == line["sources"]["applications"]["ledger"]["count"] + 1
    swept = told(place, "sync", "applications", "--sweep")
    assert (swept["accepted"], swept["duplicates"]) == (1, 0)
    assert reconciled(place, codes=(0,))["differences"] == []


def test_what_changed_or_went_without_a_new_stamp_is_named_and_new_rows_are_in_flight(place: Town) -> None:
    altered, gone = place.apply(2)
    place.run()
    with place.writing() as there:
        there.execute('UPDATE application SET "NR" = \'改了\', "GXSJ" = ? WHERE "BH" = ?', (OLD, altered.split(":")[1]))
        there.execute('DELETE FROM application WHERE "BH" = ?', (gone.split(":")[1],))
    (fresh,) = place.apply(1)
    found = named(reconciled(place, codes=(0,)))
    assert found == {
        ("applications", "altered", altered, "suspected"), ("applications", "extra", gone, "suspected"),
        ("applications", "missing", fresh, "in-flight"),
    }  # fmt: skip
    backdated(place)
    found = named(reconciled(place, "--source", "applications", codes=(1,)))
    assert ("applications", "extra", gone, "confirmed") in found
    assert ("applications", "altered", altered, "confirmed") in found
    assert ("applications", "missing", fresh, "in-flight") in found, "no pull has passed it by yet"
    told(place, "sync", "applications", "--sweep")
    assert named(reconciled(place, codes=(1,))) == {("applications", "extra", gone, "confirmed")}


def test_one_command_makes_the_plan_that_mends_what_a_destination_lacks(place: Town) -> None:
    """R16, B26: every difference made there is found, named and planned for."""
    removed, altered = place.apply(2)
    place.run()
    doctored(place, "municipal", "DELETE FROM record WHERE key = ?", removed)
    doctored(place, "municipal", "UPDATE record SET digest = ? WHERE key = ?", "0" * 64, altered)
    options = ("--destination", "municipal", "--plan", "--reason", "对账差异")
    found = reconciled(place, *options, codes=(1,))
    assert named(found) == {
        ("municipal", "missing", removed, "confirmed"),
        ("municipal", "altered", altered, "confirmed"),
    }
    assert {each["item_code"] for each in found["differences"]} != {""}
    (plan,) = found["plans"]
    assert (plan["destination"], plan["to_send"]) == ("municipal", 2)
    shown = told(place, "replay", "show", str(plan["id"]))
    assert shown["to_send"] == 2
    assert run("reconcile", "-C", str(place.folder), "--plan") == 2
    doctored(place, "municipal", "DELETE FROM record WHERE key = ?", altered)  # so that the later tests begin clean


def test_a_day_that_moved_since_it_was_stated_is_marked(place: Town) -> None:
    """B26: days never close; a late record states its day anew, and that is marked."""
    reconciled(place, "--destination", "supervision", codes=(0,))
    place.apply(1, SJ="2025-09-02 10:00:00")
    place.run()
    found = reconciled(place, "--destination", "supervision", codes=(0,))
    assert found["destinations"]["supervision"]["restated"] == ["2025-09-02"]
    assert (
        reconciled(place, "--destination", "supervision", codes=(0,))["destinations"]["supervision"]["restated"] == []
    )


def test_a_dry_run_keeps_nothing_and_strangers_are_refused(place: Town) -> None:
    before = place.ledger("SELECT * FROM reconciled_day ORDER BY destination_id, day")
    place.apply(1, GXSJ=now())
    place.run()
    reconciled(place, "--dry-run")
    assert place.ledger("SELECT * FROM reconciled_day ORDER BY destination_id, day") == before
    assert run("reconcile", "-C", str(place.folder), "--source", "nobody") == 2
    assert run("reconcile", "-C", str(place.folder), "--day", "yesterday") == 2


def test_b26_what_a_destination_lost_with_its_restore_shows_at_once(tmp_path: Path) -> None:
    """It goes on from a backup in a new incarnation: its receipt numbers begin anew there, below those of what it lost."""
    with town(tmp_path) as place:
        kept = place.apply(2)
        place.run()
        platform = place.systems["municipal"]
        platform.stop()
        files = sorted(platform.directory.glob("system.sqlite*"))
        backup = {each: each.read_bytes() for each in files}
        platform.start()
        place.connect("municipal")
        lost = place.apply(3)
        place.run()
        platform.stop()
        for each in platform.directory.glob("system.sqlite*"):
            each.unlink()
        for path, data in backup.items():
            path.write_bytes(data)
        doctored(place, "municipal", "UPDATE meta SET value = '2' WHERE name = 'incarnation'")
        platform.start()
        place.connect("municipal")
        assert sorted(place.held("municipal")) == sorted(kept)
        found = reconciled(place)
        missing = {(where, key) for where, kind, key, _state in named(found) if kind == "missing"}
        assert missing == {("municipal", key) for key in lost}
