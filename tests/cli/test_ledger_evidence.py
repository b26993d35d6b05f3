# SPDX-License-Identifier: Apache-2.0
"""B29: ``gateway ledger head`` and ``verify`` from the command line."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.ledger.segments import write_segment
from gateway.ledger.store import open_ledger
from gateway.testing.clock import FakeClock, FakeIds
from gateway.trust.certificates import make_authority
from tests.cli.people import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path / "site")
    site.found()
    pair = make_authority("test city", SystemClock().now()).issue("gateway", "gateway", client=True)
    (site.folder / "signing.key").write_bytes(pair.key)
    (site.folder / "signing.pem").write_bytes(pair.certificate)
    return site


def database(site: Site) -> Path:
    return site.folder / "var" / "ledger.db"


def write(site: Site) -> None:
    opened = open_ledger(f"sqlite:///{database(site)}", FakeClock(), FakeIds(), {}, exclusive=False)
    with opened as ledger, ledger.begin() as connection:
        write_segment(connection, "raw", b"one", ledger.now())
        write_segment(connection, "raw", b"two", ledger.now())


def test_an_empty_ledger_has_no_head_and_nothing_wrong(site: Site) -> None:
    assert site.run("ledger", "head").exit_code == 1
    assert site.json("ledger", "verify")["ok"] is True


def test_an_altered_segment_is_named_and_the_exported_head_still_met(site: Site, tmp_path: Path) -> None:
    write(site)
    kept = tmp_path / "head.json"
    head = site.json("ledger", "head", "--out", str(kept))
    assert json.loads(kept.read_text(encoding="utf-8")) == head
    assert site.run("ledger", "verify", "--head", str(kept)).exit_code == 0
    with closing(sqlite3.connect(database(site))) as connection, connection:
        connection.execute("UPDATE segment SET payload = x'00' WHERE id = 2")
    found = site.run("ledger", "verify", "--head", head["head"], "--json")
    assert found.exit_code == 1
    told = json.loads(found.stdout)
    assert (told["ok"], told["met"]) == (False, True)
    assert told["first"] == {"what": "altered", "table": "segment", "number": 2, "came_from": None}


def test_a_key_that_is_none_is_a_fault_of_the_configuration(site: Site) -> None:
    (site.folder / "signing.key").write_text("-", encoding="utf-8")
    (site.folder / "signing.key").chmod(0o600)
    assert site.run("ledger", "head").exit_code == 3
    (site.folder / "signing.pem").write_text("-", encoding="utf-8")
    assert site.run("ledger", "verify").exit_code == 3


def test_a_head_that_is_none_is_refused_and_one_that_is_not_ours_is_missed(site: Site) -> None:
    write(site)
    assert site.run("ledger", "verify", "--head", "abc").exit_code == 2
    found = site.run("ledger", "verify", "--head", "0" * 63 + "1", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["faults"][0]["table"] == "exported-head"
