# SPDX-License-Identifier: Apache-2.0
"""``gateway ledger``: retention and legal hold from the command line."""

from pathlib import Path

import pytest

from tests.cli.people import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "site")
    site.found()
    return site


def test_holds_are_placed_and_lifted_by_who_may_and_audited(site: Site) -> None:
    place = ("ledger", "hold", "add", "case", "X-1", "--reason", "诉讼")
    assert site.run(*place, by="wang").exit_code == 5  # an operator may not
    assert site.run(*place, "--dry-run", by="sec").exit_code == 0
    assert site.json("ledger", "hold", "list") == []
    assert site.run(*place, by="sec").exit_code == 0
    (held,) = site.json("ledger", "hold", "list")
    assert (held["kind"], held["subject"], held["placed_by"], held["lifted_at"]) == ("case", "X-1", "sec", None)
    assert site.run("ledger", "hold", "lift", "9", "--reason", "结案", by="sec").exit_code == 2
    assert site.run("ledger", "hold", "lift", "1", "--reason", "结案", by="sec").exit_code == 0
    assert site.json("ledger", "hold", "list")[0]["lifted_by"] == "sec"
    assert [each["outcome"] for each in site.json("audit", "list", "--on", "X-1")] == ["done", "refused"]


def test_pruning_needs_a_reason_a_role_and_a_sane_age(site: Site) -> None:
    prune = ("ledger", "prune", "--reason", "到期")
    assert site.run(*prune, "--older-than", "10y", by="wang").exit_code == 5
    for age in ("10", "x", "7d", "-1y"):
        assert site.run(*prune, "--older-than", age, by="sys").exit_code == 2, age
    assert site.json(*prune, "--older-than", "10y", "--dry-run", by="sys")["segments"] == 0
    assert not any(
        each["action"] == "ledger.prune" and each["outcome"] == "done" for each in site.json("audit", "list")
    )
    assert site.run(*prune, "--older-than", "10y", by="sys").exit_code == 0
    assert site.json("audit", "list", "--limit", "1")[0]["detail"]["older_than_days"] == 3660
