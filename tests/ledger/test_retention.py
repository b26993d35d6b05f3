# SPDX-License-Identifier: Apache-2.0
"""Retention (ledger.md B22): payloads go, identity stays; open cases and holds stay whole; on both databases."""

import pytest

from gateway.errors import LedgerError
from gateway.ledger import retention
from gateway.ledger.retention import Pruned, Terms
from gateway.ledger.tables import delivery, lane, record, refusal, segment
from gateway.model.record import Level

DAY = 24 * 3600


@pytest.fixture
def prune(desk, clock):
    def run(*, dry_run: bool = False) -> Pruned:
        terms = Terms(desk.ledger.now() - 100 * DAY * 1_000_000, frozenset({"ZX"}))
        with desk.ledger.reading() as connection:
            numbers = retention.candidates(connection, terms.before, 0)
        with desk.ledger.begin() as connection:
            pruned = retention.prune_segments(connection, numbers, terms, dry_run=dry_run)
            pruned += retention.prune_rows(connection, terms, dry_run=dry_run)
        return pruned

    return run


def deliver_all(desk):
    with desk.ledger.begin() as connection:
        connection.execute(delivery.update().values(state="settled", receipt_no=5))
        connection.execute(lane.delete())


def whole_case(feed, make, case):
    for number, kind in enumerate(("LA", "GZ", "JD", "ZX")):
        feed.row(f"{case}{number}", f"raw {case} {kind}", make.draft(kind, case, f"{case} {kind}"))


def test_b22_payloads_go_identity_stays(desk, clock, make, prune):
    feed = desk.feed(level=Level.L2)
    whole_case(feed, make, "old")
    deliver_all(desk)
    before = desk.rows(record, "key", "version", "content_digest", "identity")
    clock.advance(200 * DAY)
    assert prune(dry_run=True).segments == prune(dry_run=True).segments > 0
    pruned = prune()
    assert (pruned.kept_open, pruned.copied) == (0, 0)
    assert desk.rows(segment, "id") == []
    assert desk.rows(record, "key", "version", "content_digest", "identity") == before
    assert desk.head("ZX:old:1").version == 1
    assert desk.rows(delivery, "receipt_no", destination_id=1) == [(5,)] * 4
    with pytest.raises(LedgerError, match="missing"):
        desk.ledger.documents([1])
    assert feed.row("old0", "raw old LA", make.draft("LA", "old", "old LA")).collected == 0  # still a re-read (B2)


def test_b22_an_open_case_is_never_pruned(desk, clock, make, prune):
    feed = desk.feed(level=Level.L2)
    feed.row("1", "raw", make.draft("LA", "open", "x"))  # nothing closes it
    whole_case(feed, make, "parked")
    deliver_all(desk)
    with desk.ledger.begin() as connection:
        connection.execute(delivery.update().where(delivery.c.record_id == 5).values(state="parked"))
    clock.advance(2000 * DAY)
    assert prune().segments == 0
    assert desk.versions("LA:open:1") == [(1, "accepted", "x")]


def test_a_case_with_something_young_stays_whole(desk, clock, make, prune):
    feed = desk.feed(level=Level.L2)
    whole_case(feed, make, "k")
    deliver_all(desk)
    clock.advance(200 * DAY)
    feed.row("k0", "raw corrected", make.draft("LA", "k", "corrected"))
    deliver_all(desk)
    assert prune().segments == 0


def test_results_only_sources_close_as_they_come(desk, clock, make, prune):
    desk.feed(level=Level.L1).row("1", "raw", make.draft("JD", "k", "x"))
    deliver_all(desk)
    clock.advance(200 * DAY)
    assert prune().segments == 2


def test_what_must_stay_of_a_mixed_segment_is_copied(desk, clock, make, prune):
    feed = desk.feed(level=Level.L1)
    feed.show(
        make.seen("1", "first raw", make.draft("LA", "a", "goes")),
        make.seen("2", "second raw", make.draft("LA", "b", "stays")),
        make.seen("3", "third raw", make.draft("LA", "c", "goes too")),
    )
    deliver_all(desk)
    with desk.ledger.begin() as connection:
        assert retention.place(connection, "case", "b", "诉讼", "sec", 1) == 1
        assert retention.place(connection, "case", "b", "再来", "sec", 1) is None
    clock.advance(200 * DAY)
    pruned = prune()
    assert (pruned.segments, pruned.copied, pruned.kept_on_hold) == (2, 2, 2)
    assert desk.text(2) == "stays"
    raw = desk.rows(record, "raw_segment_id", "raw_offset", "raw_length", id=2)
    assert desk.ledger.payloads(raw) == [b"second raw"]
    for gone in (1, 3):
        with pytest.raises(LedgerError):
            desk.ledger.documents([gone])
    assert prune().segments == 0
    with desk.ledger.begin() as connection:
        assert retention.lift(connection, 1, "sec", 2)
        assert not retention.lift(connection, 1, "sec", 2)
    assert prune().segments == 2


@pytest.mark.parametrize(("kind", "subject"), [("key", "LA:a:1"), ("org", "org"), ("source", "s1"), ("case", "a")])
def test_holds_of_every_kind_keep_records(desk, clock, make, prune, kind, subject):
    desk.feed(level=Level.L1).row("1", "raw", make.draft("LA", "a", "x"))
    deliver_all(desk)
    with desk.ledger.begin() as connection:
        retention.place(connection, kind, subject, "诉讼", "sec", 1)
    clock.advance(200 * DAY)
    assert prune().segments == 0


def test_refusals_that_were_replaced_go_those_that_stand_keep_their_row(desk, clock, make, prune):
    feed = desk.feed(level=Level.L1)
    feed.row("1", "bad", refused=(make.refused(type="LA", key="LA:a:1", case_no="a"),))
    feed.row("1", "good", make.draft("LA", "a", "x"))
    feed.row("2", "bad too", refused=(make.refused(),))
    deliver_all(desk)
    clock.advance(200 * DAY)
    assert prune().refusals == 1
    assert desk.rows(refusal, "row_id") == [("2",)]
