# SPDX-License-Identifier: Apache-2.0
"""Backup and restore (ledger.md T5, promises.md R17), on both databases and from one to the other."""

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import select

from gateway.errors import RefusedByGate
from gateway.ledger import ahead, backup, health
from gateway.ledger.acts import Told, control_destination
from gateway.ledger.ahead import Found
from gateway.ledger.backup import NotABackup
from gateway.ledger.claims import claim
from gateway.ledger.store import open_ledger
from gateway.ledger.tables import delivery, destination, lane, metadata, record_key, site, source
from gateway.model.package import KeyRow
from gateway.semantics.health import Allowed, Control
from gateway.testing.clock import FakeIds

IGNORED = {"site", "source", "source_run", "destination", "package", "worker", "stream"}


@pytest.fixture
def filled(desk, make):
    feed = desk.feed()
    for number in range(5):
        feed.row(f"{number}", f"raw{number}", make.draft("LA", f"k{number}", f"t{number}"))
    feed.row("bad", "bad", refused=(make.refused(),))
    with desk.ledger.begin() as connection:
        connection.execute(delivery.update().where(delivery.c.record_id < 4).values(state="settled"))
        connection.execute(lane.delete().where(lane.c.name.in_(["LA:k0:1", "LA:k1:1", "LA:k2:1"])))
    return feed


@pytest.fixture
def saved(desk, filled, tmp_path):
    target = tmp_path / "backup.db"
    with desk.ledger.reading() as connection:
        backup.back_up(connection, target, desk.ledger.now())
    return target


def restored(desk, saved, url):
    other = open_ledger(url, desk.clock, FakeIds(500), desk.ledger.types)
    with other.begin() as connection:
        backup.restore(connection, saved, desk.ledger.now())
    return other


def contents(ledger):
    with ledger.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in metadata.sorted_tables
            if table.name not in IGNORED
        }


def test_r17_a_restored_ledger_holds_all_that_the_backup_held_and_nothing_moves(desk, saved, tmp_path):
    with restored(desk, saved, f"sqlite:///{tmp_path}/new.db") as other:
        assert contents(other) == contents(desk.ledger)
        assert other.documents([1, 2]) == desk.ledger.documents([1, 2])
        with other.begin() as connection:
            assert connection.execute(select(destination.c.state).distinct()).scalars().all() == ["held"]
            assert connection.execute(select(site.c.value).where(site.c.name == "incarnation")).scalar() == "2"
            assert connection.execute(select(source.c.epoch)).scalar() == 1001
            route = desk.ledger.routes[0]
            assert health.admission(connection, route, other.now()).allowed is Allowed.NOTHING
            with pytest.raises(RefusedByGate):
                control_destination(connection, "m", Control.OPEN, Told("somebody", "in a hurry", other.now()))
            assert backup.restored_from(connection)["made_at"] == desk.ledger.now()
            assert backup.release(connection, "m")
            assert health.admission(connection, route, other.now()).allowed is Allowed.ALL
            assert not backup.release(connection, "m")
            claimed = claim(connection, route, 1, other.ids, other.now(), frozenset())
            assert [each.key for each in claimed.records] == ["LA:k3:1", "LA:k4:1"]


def test_t5_who_pulled_before_the_restore_is_fenced(desk, filled, saved, tmp_path, make):
    with restored(desk, saved, f"sqlite:///{tmp_path}/new.db") as other:
        lease = other.start_run("s1", filled.lease.kind, filled.lease.level, desk.clock.now())
        assert lease.epoch > 1000


def test_a_backup_goes_into_the_other_database_with_its_numbers(desk, saved, postgresql, make):
    with restored(desk, saved, postgresql.database()) as other:
        assert contents(other) == contents(desk.ledger)
        lease = other.start_run("s1", "state", "L1", desk.clock.now())
        assert lease.run_id == 2


@pytest.mark.parametrize("spoil", ["byte", "beside", "schema", "not-empty", "there"])
def test_what_is_no_whole_backup_is_refused(desk, saved, tmp_path, spoil):
    beside = saved.with_name(saved.name + ".json")
    told = json.loads(beside.read_text())
    if spoil == "byte":
        data = bytearray(saved.read_bytes())
        data[-1] ^= 1
        saved.write_bytes(data)
    elif spoil == "beside":
        beside.unlink()
    elif spoil == "schema":
        beside.write_text(json.dumps(told | {"schema": "9999"}))
    if spoil == "there":
        with pytest.raises(NotABackup), desk.ledger.reading() as connection:
            backup.back_up(connection, saved, 1)
        return
    url = desk.url if spoil == "not-empty" else f"sqlite:///{tmp_path}/new.db"
    other = open_ledger(url, desk.clock, FakeIds(), {}, exclusive=False)

    def attempt():
        with other.begin() as connection:
            backup.restore(connection, saved, 1)

    with pytest.raises(NotABackup):
        attempt()
    other.close()


def test_the_backup_is_a_plain_file_that_passes_its_check(saved):
    with closing(sqlite3.connect(saved)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM record").fetchone() == (5,)


def keyed(desk, key, version=1, digest=None):
    number = int(key[4]) + 1
    text = digest or __import__("hashlib").sha256(desk.ledger.documents([number])[0]).hexdigest()
    return key, KeyRow("LA", key, version, "C", text, 9)


def test_t5_each_difference_is_named(desk, filled):
    theirs = dict([
        keyed(desk, "LA:k0:1"),
        keyed(desk, "LA:k1:1", 2, "ab" * 32),
        keyed(desk, "LA:k2:1", 1, "cd" * 32),
        keyed(desk, "LA:k3:1"),
        ("LA:new:1", KeyRow("LA", "LA:new:1", 3, "U", "ef" * 32, 9)),
    ])  # fmt: skip
    del theirs["LA:k0:1"]
    with desk.ledger.reading() as connection:
        found = ahead.compare(connection, 1, theirs, "2026-01-05")
    assert {(each.kind, each.key, each.ours, each.theirs) for each in found} == {
        ("ahead", "LA:k1:1", 1, 2), ("conflict", "LA:k2:1", 1, 1), ("proven", "LA:k3:1", 1, 1),
        ("ahead", "LA:new:1", 0, 3), ("lacking", "LA:k0:1", 1, 0),
    }  # fmt: skip
    with desk.ledger.begin() as connection:
        assert ahead.adopt(connection, found) == 2
        assert ahead.adopt(connection, found) == 0
        assert ahead.settle_proven(connection, 1, found, desk.ledger.now()) == 1
    assert desk.rows(delivery, "state", destination_id=1, record_id=4) == [("settled",)]


def test_t5_the_next_version_of_an_adopted_key_is_theirs_plus_one(desk, filled, make):
    found = [Found("ahead", "LA:k1:1", "LA", 1, 4, None), Found("ahead", "LA:new:1", "LA", 0, 2, None)]
    with desk.ledger.begin() as connection:
        ahead.adopt(connection, found)
    filled.row("1", "changed after the backup", make.draft("LA", "k1", "changed"))
    filled.row("n", "made after the backup", make.draft("LA", "new", "made"))
    assert desk.versions("LA:k1:1") == [(1, "accepted", "t1"), (5, "accepted", "changed")]
    assert desk.versions("LA:new:1") == [(3, "accepted", "made")]
    head = desk.head("LA:new:1")
    assert (head.case_no, head.source_id, head.row_id) == ("new", 1, "n")
    assert filled.row("n", "made after the backup", make.draft("LA", "new", "made")).collected == 0
    again = filled.row("n", "changed again", make.draft("LA", "new", "changed"))
    assert again.accepted == 1
    assert desk.rows(record_key, "source_id", key="LA:new:1") == [(1,)]
