# SPDX-License-Identifier: Apache-2.0
"""The go-live lock in the ledger: what is held back, in which order it goes, and what automatic steps leave behind."""

from datetime import timedelta

import pytest

from gateway.ledger import golive, golive_acts
from gateway.ledger.audit import acts
from gateway.ledger.golive import Item, Lock
from gateway.ledger.golive_acts import NotYet, Proof, Told
from gateway.ledger.golive_tables import go_live_record
from gateway.ledger.retention import Terms, prune_segments
from gateway.ledger.tables import segment
from gateway.model.record import Level
from gateway.semantics.golive import Looked, Stage, Standing, looked_at
from gateway.semantics.interface import Change, Interface

DAY = timedelta(days=1) // timedelta(microseconds=1)
SHOWN = Interface("view", {"column:v.a": "TEXT"})


@pytest.fixture
def locked(desk):
    desk.ledger.lock = Lock()
    return desk


def stand(desk, stage, *, name="s1", item="item", days=100, override=0, flagged=False):
    now = desk.ledger.now()
    standing = Standing(stage, now + days * DAY, override and now + override * DAY, flagged)
    with desk.ledger.begin() as connection:
        golive.put(connection, Item(name, item, standing, now, "wang", "验收", "d", SHOWN))


def release(desk, name="s1", item=None, **more):
    with desk.ledger.begin() as connection:
        return golive.release(connection, desk.ledger.lock, desk.ledger.routes, name, item, desk.ledger.now(), **more)


def test_without_the_lock_nothing_is_held(desk, make):
    desk.feed().row("r1", "a", make.draft("JD", "c1", "A"))
    assert desk.queued() == ["JD:c1:1 v1"]
    assert desk.rows(go_live_record, "record_id") == []


@pytest.mark.parametrize("stage", [each for each in Stage if each is not Stage.LIVE])
def test_what_is_not_live_is_accepted_and_held_and_goes_in_the_packs_order_once_it_is(locked, make, stage):
    if stage is not Stage.DRAFT:
        stand(locked, stage)
    feed = locked.feed(level=Level.L3)
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    figures = feed.row("r1", "a", make.draft("LA", "c1", "A"))
    assert figures.accepted == 1
    assert locked.queued() == []
    with locked.ledger.reading() as connection:
        (held,) = golive.held(connection)
    assert (held["source"], held["item"], held["records"], held["stage"]) == ("s1", "item", 2, stage)
    assert release(locked) == golive.Release(0, 2, None), "it may not go yet"
    stand(locked, Stage.LIVE)
    assert release(locked).released == 2
    assert locked.queued() == ["LA:c1:1 v1", "GZ:c1:1 v1"]
    assert release(locked).released == 0


def test_a_lane_in_which_something_is_held_takes_nothing_else_until_it_is_released(locked, make):
    feed = locked.feed(level=Level.L3)
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    stand(locked, Stage.LIVE)
    feed.row("r2", "b", make.draft("GZ", "c1", "B"))
    feed.row("r3", "c", make.draft("LA", "c2", "C"))
    assert locked.queued() == ["LA:c2:1 v1"]
    assert release(locked).released == 2
    assert locked.queued() == ["LA:c1:1 v1", "GZ:c1:1 v1", "LA:c2:1 v1"]


def test_items_and_sources_are_apart_and_an_attachment_has_the_item_of_its_case(locked, make):
    stand(locked, Stage.LIVE, item="item")
    stand(locked, Stage.TRIAL, item="other")
    feed = locked.feed()
    feed.row("r1", "a", make.draft("JD", "c1", "A"))
    feed.row("r2", "b", make.draft("JD", "c2", "B")._replace(item_code="other"))
    feed.row("r3", "c", make.draft("JD", "c2", "C", sequence=2)._replace(item_code=None))
    feed.row("r4", "d", make.draft("SX", None, "D", code="x")._replace(item_code=None))
    locked.feed("s2").row("q1", "e", make.draft("JD", "c9", "E"))
    assert sorted(locked.queued()) == ["JD:c1:1 v1", "SX:x v1"], "what has no item goes where any of its source may"
    assert sorted(locked.rows(go_live_record, "source", "item")) == [("s1", "other"), ("s1", "other"), ("s2", "item")]
    assert release(locked, "s1", "item").released == 0


def test_sources_that_are_not_under_the_lock_pass(desk, make):
    desk.ledger.lock = Lock(frozenset({"s2"}))
    desk.feed("s1").row("r1", "a", make.draft("JD", "c1", "A"))
    desk.feed("s2").row("r1", "b", make.draft("JD", "c2", "B"))
    assert desk.queued() == ["JD:c1:1 v1"]


def test_corrections_of_what_is_held_are_held_and_go_after_it(locked, make):
    feed = locked.feed()
    feed.row("r1", "a", make.draft("JD", "c1", "A"))
    feed.row("r1", "b", make.draft("JD", "c1", "B"))
    feed.row("r1", "gone", make.withdrawal("JD:c1:1"))
    stand(locked, Stage.LIVE)
    assert release(locked).released == 3
    assert locked.queued() == ["JD:c1:1 v1", "JD:c1:1 v2", "JD:c1:1 v3"]


def test_an_expired_attestation_holds_even_before_anybody_has_looked(locked, make):
    stand(locked, Stage.LIVE, days=1)
    feed = locked.feed()
    feed.row("r1", "a", make.draft("JD", "c1", "A"))
    locked.clock.advance(24 * 3600)
    feed.row("r2", "b", make.draft("JD", "c2", "B"))
    assert locked.queued() == ["JD:c1:1 v1"]


def test_under_an_override_or_the_flag_policy_records_go_and_are_noted(locked, make):
    stand(locked, Stage.SUSPENDED, flagged=True)
    stand(locked, Stage.DRAFT, name="s2", item="*", override=1)
    locked.feed("s1").row("r1", "a", make.draft("JD", "c1", "A"))
    locked.feed("s2").row("r1", "b", make.draft("JD", "c2", "B"))
    assert len(locked.queued()) == 2
    assert sorted(locked.rows(go_live_record, "source", "state")) == [("s1", "flagged"), ("s2", "flagged")]
    locked.clock.advance(24 * 3600)
    locked.feed("s2").row("r2", "c", make.draft("JD", "c3", "C"))
    assert len(locked.queued()) == 2, "the override is over"


def test_release_goes_lane_by_lane_in_steps(locked, make):
    feed = locked.feed()
    feed.show(*(make.seen(f"r{n}", f"raw{n}", make.draft("JD", f"c{n}", "A")) for n in range(5)))
    stand(locked, Stage.LIVE)
    first = release(locked, lanes=3)
    assert (first.released, first.more) == (3, "JD:c2:1")
    assert release(locked, lanes=3, after=first.more) == golive.Release(2, 0, None)
    assert len(locked.queued()) == 5


def test_automatic_steps_are_in_the_audit_and_leave_alone_what_a_person_has_moved(locked):
    stand(locked, Stage.LIVE)
    with locked.ledger.reading() as connection:
        (row,) = golive.items(connection)
    drift = (Change("column:v.a", "TEXT", "INTEGER"),)
    moves = looked_at(row.standing, Looked(drift=drift), locked.ledger.now(), flag=False)
    with locked.ledger.begin() as connection:
        golive.steps(connection, [(row, moves, ["SCH-01"])], locked.ledger.now())
        (after,) = golive.items(connection)
        (act,) = acts(connection)
    assert (after.standing.stage, after.told_by, after.standing.drift) == (Stage.SUSPENDED, "gateway", drift)
    assert (act["action"], act["subject"], act["actor"]) == ("golive.drift", "golive:s1/item", "gateway")
    assert act["detail"]["cases"] == ["SCH-01"]
    assert act["detail"]["changes"] == [["column:v.a", "TEXT", "INTEGER"]]
    with locked.ledger.begin() as connection:
        golive.steps(connection, [(row, moves, [])], locked.ledger.now())
        assert len(acts(connection)) == 1, "it was seen as it no longer is"


def proof(acceptance=True, days=180, now=0):
    return Proof("d" * 64, b"{}", "2026-1", acceptance, ("item",), now + days * DAY, SHOWN)


def test_from_draft_to_live_and_what_each_stage_wants(locked):
    ledger = locked.ledger

    def told():
        return Told("wang", "验收", ledger.now())

    with ledger.begin() as connection:
        golive_acts.attest(connection, "s1", proof(acceptance=False), ["item"], told())
        (row,) = golive_acts.chosen_items(connection, "s1", None)
        assert row.standing.stage is Stage.SELF_TESTED
        with pytest.raises(NotYet):
            golive_acts.promote(connection, row, told(), 7)
        (row,) = golive_acts.attest(connection, "s1", proof(now=ledger.now()), ["item"], told())
        assert row.standing.stage is Stage.ATTESTED
        row = golive_acts.promote(connection, row, told(), 7)
        assert row.standing.stage is Stage.TRIAL
    for day in range(8):
        with ledger.begin() as connection:
            (row,) = golive_acts.chosen_items(connection, "s1", "item")
            if day < 7:
                with pytest.raises(NotYet):
                    golive_acts.promote(connection, row, told(), 7)
            today = locked.clock.now().date().isoformat()
            golive.note_source_day(connection, "s1", today, 10, 3 if day == 0 else 0, ledger.now())
        locked.clock.advance(24 * 3600)
    with ledger.begin() as connection:
        (row,) = golive_acts.chosen_items(connection, "s1", "item")
        row = golive_acts.promote(connection, row, told(), 7)
        assert row.standing.stage is Stage.LIVE
        assert row.standing.valid_until
        with pytest.raises(NotYet):
            golive_acts.promote(connection, row, told(), 7)
        row = golive_acts.suspend(connection, row, told())
        with pytest.raises(NotYet):
            golive_acts.suspend(connection, row, told())
        assert golive_acts.resume(connection, row, told()).standing.stage is Stage.LIVE
        (row,) = golive_acts.attest(connection, "s1", proof(now=ledger.now(), days=10), ["item"], told())
        assert row.standing.stage is Stage.LIVE, "a renewal does not stop what is live"
        with pytest.raises(NotYet):
            golive_acts.attest(connection, "s1", proof(acceptance=False), ["item"], told())
        with pytest.raises(NotYet):
            golive_acts.chosen_items(connection, "s1", "nothing")
        with pytest.raises(NotYet):
            golive_acts.end_override(connection, row, told())
    locked.clock.advance(11 * 24 * 3600)
    with ledger.begin() as connection:
        row = golive_acts.suspend(connection, golive_acts.chosen_items(connection, "s1", "item")[0], told())
        with pytest.raises(NotYet):
            golive_acts.resume(connection, row, told())


def test_held_records_are_never_pruned(locked, make):
    locked.feed().row("r1", "a", make.draft("JD", "c1", "A"))
    locked.clock.advance(400 * 24 * 3600)
    numbers = [number for (number,) in locked.rows(segment, "id")]
    terms = Terms(locked.ledger.now() - 100 * DAY, frozenset({"JD"}))
    with locked.ledger.begin() as connection:
        assert prune_segments(connection, numbers, terms, dry_run=False).records == 0
    stand(locked, Stage.LIVE)
    assert release(locked).released == 1


def test_an_older_revocation_list_is_seen(locked):
    with locked.ledger.begin() as connection:
        assert golive.accept_revocations(connection, 3) == 3
        assert golive.accept_revocations(connection, 2) == 3
