# SPDX-License-Identifier: Apache-2.0
"""``gateway backfill`` run as its user would, over a real table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import shell
from tests.flow.town import Town, town

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("backfill")) as made:
        for month in range(1, 7):
            made.apply(4, GXSJ=f"2024-{month:02d}-10 08:00:00")
        yield made


def told(place: Town, *command: str, codes: tuple[int, ...] = (0,)) -> Any:
    done = CliRunner().invoke(shell, ["backfill", *command, "-C", str(place.folder)])
    assert done.exit_code in codes, (done.exit_code, done.output, done.exception)
    return json.loads(done.stdout) if "--json" in command else done.output


def test_a_dry_run_cuts_and_counts_and_leaves_nothing(place: Town) -> None:
    planned = told(
        place, "plan", "applications", "--slice", "31d", "--to", "2024-06-01", "--reason", "历史", "--dry-run", "--json"
    )
    assert [each["expected"] for each in planned["slices"]] == [8, 8, 4, 4, 0], "a shared bound counts twice"
    assert planned["slices"][0]["from"] == "2024-01-10 08:00:00"
    assert planned["slices"][-1]["to"] == "2024-06-01 00:00:00"
    assert not Path(place.folder, "var/ledger.db").exists() or told(place, "list", "--json") == []


def test_a_history_is_planned_run_to_its_end_and_shown(place: Town) -> None:
    reason = ("--reason", "接入前的历史")
    planned = told(
        place, "plan", "applications", "--slice", "31d", "--to", "2024-06-01", "--rate", "1000", *reason, "--json"
    )
    number = str(planned["id"])
    assert planned["state"] == "planned"
    assert "GW-742" in told(place, "plan", "applications", *reason, codes=(5,))
    assert "done" in told(place, "run", number, *reason)
    shown = told(place, "show", number, "--json")
    assert (shown["state"], shown["accepted"], shown["slices_done"]) == ("done", 20, shown["slices_total"])
    assert place.run().figures.accepted == 4, "the pulls go on from the end of the range"
    assert sum(state == "settled" for state, *_ in place.deliveries("municipal").values()) == 24
    assert [each["state"] for each in told(place, "list", "--json")] == ["done"]


def test_what_makes_no_sense_is_refused(place: Town) -> None:
    reason = ("--reason", "历史")
    assert "时间戳" in told(place, "plan", "applications", "--from", "早先", *reason, codes=(2,))
    assert "nobody" in told(place, "plan", "nobody", *reason, codes=(3,))
    told(place, "show", "99", codes=(2,))
    told(place, "pause", "1", *reason, codes=(5,))
