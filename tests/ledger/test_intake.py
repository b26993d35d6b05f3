# SPDX-License-Identifier: Apache-2.0
"""One chunk, one transaction: fence, numbers, refusals, counting, crashes (B2, B5, B8, B15), over both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from gateway.errors import Fenced, LedgerError
from gateway.ledger import findings, intake, runs
from gateway.ledger.numbers import NumbersTaken
from gateway.ledger.tables import allocation, metadata, record, refusal, source, source_run, versions
from gateway.model.finding import Severity
from tests.ledger.conftest import seen


def count(desk):
    with desk.ledger.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_b05_second_puller_is_fenced(desk, make):
    first, second = desk.feed(), desk.feed()
    assert second.lease.epoch == first.lease.epoch + 1
    before = count(desk)
    with pytest.raises(Fenced):
        first.row("r1", "a", make.draft("LA", "c1", "A"))
    assert count(desk) == before
    assert second.row("r1", "a", make.draft("LA", "c1", "A")).accepted == 1


def test_b05_a_cursor_that_is_not_the_stored_one_is_fenced(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.lease.cursor = "elsewhere"
    with pytest.raises(Fenced):
        feed.row("r2", "b", make.draft("LA", "c2", "B"))
    assert desk.versions("LA:c2:1") == []


def test_b05_the_next_run_starts_where_the_last_chunk_stood(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    assert desk.feed().lease.cursor == feed.lease.cursor != ""


def test_t1_and_b05_lost_epoch_writes_nothing_and_invents_no_version(desk, make):
    old, new = desk.feed(), desk.feed()
    new.row("r1", "a", make.draft("LA", "c1", "A"))
    new.row("r1", "b", make.draft("LA", "c1", "B"))
    with pytest.raises(Fenced):
        old.row("r1", "a", make.draft("LA", "c1", "A"))
    assert len(desk.versions("LA:c1:1")) == 2


def test_b15_a_run_left_open_counts_a_death_and_a_good_chunk_forgets_it(desk, make):
    assert desk.feed().lease.deaths == 0
    second = desk.feed()
    third = desk.feed()
    assert (second.lease.deaths, third.lease.deaths) == (1, 2)
    assert [state for (state,) in desk.rows(source_run, "state")] == ["dead", "dead", "open"]
    third.row("r1", "a", make.draft("LA", "c1", "A"))
    third.end()
    assert desk.feed().lease.deaths == 0


def test_end_of_a_run_that_was_taken_over_is_fenced(desk):
    first = desk.feed()
    desk.feed()
    with pytest.raises(Fenced):
        first.end()


@pytest.mark.parametrize("at", ["enqueue", "runs.add_figures", "refusals.write", "insert_rows"])
def test_crash_before_the_commit_leaves_nothing(desk, make, monkeypatch, at):
    feed = desk.feed()
    before = count(desk)

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    owner, _, name = at.rpartition(".")
    monkeypatch.setattr(getattr(intake, owner) if owner else intake, name, crash)
    rows = (make.seen("r1", "a", make.draft("LA", "c1", "A")), make.seen("r2", "b", refused=(make.refused(),)))
    request = make.request("n", "s", "x")
    with pytest.raises(Crash):
        feed.show(*rows, numbers=desk.ledger.numbers([request]))
    monkeypatch.undo()
    assert count(desk) == before
    assert feed.lease.cursor == ""
    figures = feed.show(*rows, numbers=desk.ledger.numbers([request]))
    assert (figures.accepted, figures.refused) == (1, 1)


def test_one_chunk_is_one_commit(desk, make):
    feed = desk.feed()
    before = desk.ledger.commits
    feed.show(*(make.seen(f"r{n}", f"raw{n}", make.draft("LA", f"c{n}", f"{n}")) for n in range(500)))
    assert desk.ledger.commits == before + 1
    assert len(desk.queued()) == 500


def test_b08_numbers_are_dense_per_scope_and_kept_for_ever(desk, make):
    first = [make.request("case", "2026", f"row{n}") for n in range(3)]
    feed = desk.feed()
    numbers = desk.ledger.numbers(first)
    assert list(numbers.values()) == [1, 2, 3]
    assert desk.rows(allocation, "number") == []
    feed.show(numbers=numbers)
    more = [make.request("case", "2026", "row9"), first[1], make.request("case", "2027", "row1")]
    assert list(desk.ledger.numbers(more).values()) == [4, 2, 1]


def test_b08_a_proposal_is_the_same_until_it_is_written(desk, make):
    request = make.request("case", "2026", "row1")
    assert desk.ledger.numbers([request]) == desk.ledger.numbers([request]) == {request: 1}
    other = make.request("case", "2026", "row2")
    assert desk.ledger.numbers([other]) == {other: 2}


def test_b08_numbers_known_before_may_come_with_the_chunk_again(desk, make):
    request = make.request("case", "2026", "row1")
    feed = desk.feed()
    for _ in range(2):
        feed.show(numbers=desk.ledger.numbers([request]))
    assert desk.rows(allocation, "subject", "number") == [("row1", 1)]


def test_b08_a_number_taken_by_another_process_is_never_given_twice(desk, make):
    mine, theirs = make.request("case", "2026", "mine"), make.request("case", "2026", "theirs")
    other = desk.reopen()
    feed, foreign = desk.feed("s1"), other.feed("s2")
    numbers = desk.ledger.numbers([mine])
    foreign.show(numbers=other.ledger.numbers([theirs]))
    with pytest.raises(NumbersTaken):
        feed.show(make.seen("r1", "a", make.draft("LA", "c1", "A")), numbers=numbers)
    assert desk.versions("LA:c1:1") == []
    assert desk.ledger.numbers([mine, theirs]) == {mine: 2, theirs: 1}
    feed.show(numbers=desk.ledger.numbers([mine]))
    other.ledger.close()


def test_refusal_keeps_row_document_and_findings(desk, make):
    feed = desk.feed()
    refused = make.refused(
        make.broken(), make.broken("COD-002"), type="JD", key="JD:c1:1", case_no="c1", document=b"<d/>"
    )
    assert feed.row("r1", "原始", refused=(refused,)).refused == 1
    ((found, code, doc, at, size, raw, raw_at, raw_size),) = desk.rows(
        refusal, "findings", "code", "segment_id", "offset", "length", "raw_segment_id", "raw_offset", "raw_length"
    )
    assert code == "XSD-001"
    assert findings.from_json(found) == refused.findings
    assert desk.ledger.payloads([(doc, at, size), (raw, raw_at, raw_size)]) == [b"<d/>", "原始".encode()]


def test_refusal_is_superseded_when_the_row_does_better(desk, make):
    feed = desk.feed()
    feed.row("r1", "bad", refused=(make.refused(),))
    feed.row("r2", "bad", refused=(make.refused(),))
    feed.row("r1", "good", make.draft("LA", "c1", "A"))
    assert desk.rows(refusal, "row_id", "superseded") == [("r1", True), ("r2", False)]


def test_b02_refused_row_is_not_tried_again_until_it_changes(desk, make):
    feed = desk.feed()
    feed.row("r1", "bad", refused=(make.refused(),))
    assert feed.row("r1", "bad", refused=(make.refused(),)).collected == 0
    assert len(desk.outcomes()) == 1


def test_row_that_yields_nothing_counts_once_as_refused(desk, make):
    feed = desk.feed()
    assert feed.row("r1", "a").refused == 1
    assert desk.outcomes() == [("refused", "LDG-007", None)]


def test_a_row_that_the_mapping_leaves_out_is_no_fault_and_its_record_is_proposed_for_withdrawal(desk, make):
    feed = desk.feed()
    assert feed.show(seen("r1", "a", ignored=True)).refused == 0
    assert desk.outcomes() == []
    feed.row("r2", "good", make.draft("LA", "c1", "A"))
    feed.show(seen("r2", "draft again", ignored=True))
    assert [(outcome, code) for outcome, code, _key in desk.outcomes()] == [("proposed", "LDG-006")]


def test_b15_unreadable_row_is_recorded_by_its_key_and_once(desk, make):
    feed = desk.feed()
    figures = feed.show(unreadable=(make.unreadable("r7"),))
    assert (figures.rows, figures.refused) == (1, 1)
    assert desk.rows(refusal, "row_id", "code") == [("r7", "SRC-009")]
    again = feed.show(unreadable=(make.unreadable("r7"),))
    assert (again.rereads, again.collected) == (1, 0)
    assert feed.row("r7", "readable now", make.draft("LA", "c1", "A")).accepted == 1
    assert desk.rows(refusal, "superseded") == [(True,)]


def test_state_secret_is_not_stored_in_any_form(desk, make, url):
    feed = desk.feed()
    secret = make.refused(
        replace(make.broken("SEC-001"), value="绝密内容"), key="JD:c1:1", document="绝密内容".encode()
    )
    feed.row("r1", "绝密内容", make.draft("LA", "c1", "A"), refused=(secret,))
    places = desk.rows(refusal, "segment_id", "raw_segment_id", "raw_offset", "raw_length")
    assert places[0][0] is None
    assert desk.ledger.payloads([places[0][1:]]) == [b'{"withheld":true}']
    raw = desk.rows(record, "raw_segment_id", "raw_offset", "raw_length")
    assert desk.ledger.payloads(raw) == [b'{"withheld":true}']
    assert "绝密" not in desk.rows(refusal, "findings")[0][0]


def test_raw_row_of_several_records_is_stored_once(desk, make):
    feed = desk.feed()
    feed.row("r1", "原始", make.draft("LA", "c1", "A"), make.draft("GZ", "c1", "B"))
    places = set(desk.rows(record, "raw_segment_id", "raw_offset", "raw_length"))
    assert len(places) == 1
    assert desk.ledger.payloads(places) == ["原始".encode()]


def test_every_figure_adds_up_and_a_second_pass_shows_zeros(desk, make):
    def rows():
        return (
            make.seen("r1", "1", make.draft("LA", "c1", "A", token="2")),
            make.seen("r2", "2", make.draft("LA", "c1", "A", token="2")),
            make.seen("r3", "3", make.draft("LA", "c1", "B", token="1")),
            make.seen("r4", "4", make.draft("LA", "c1", "C", token="2")),
            make.seen("r5", "5", refused=(make.refused(), make.refused())),
        )

    feed = desk.feed()
    feed.show(*rows(), rows=7, rereads=2)
    feed.lease.note_rereads(3)
    figures = feed.end()
    assert figures == runs.Figures(rows=10, rereads=5, accepted=1, refused=2, duplicates=1, conflicts=1, stale=1)
    assert figures.collected == 6
    stored = desk.rows(source_run, "rows", "rereads", "collected", "accepted", "refused", "state")
    assert stored == [(10, 5, 6, 1, 2, "done")]
    second = desk.feed()
    second.show(*rows())
    assert second.end().collected == 0


def test_warnings_stay_with_the_records_of_their_row(desk, make):
    warning = replace(make.broken("IDN-009"), severity=Severity.WARNING)
    feed = desk.feed()
    feed.show(make.seen("r1", "a", make.draft("LA", "c1", "A"), warnings=(warning,)))
    ((stored,),) = desk.rows(record, "warnings")
    assert findings.from_json(stored) == (warning,)


def test_versions_of_pack_mapping_and_adapter_are_kept_once(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r2", "b", make.draft("LA", "c2", "B"))
    assert desk.rows(versions, "pack", "mapping", "adapter") == [("p1", "m1", "a1")]


def test_documents_come_in_the_order_asked_for(desk, make):
    feed = desk.feed()
    for n in range(12):
        feed.row(f"r{n}", f"raw{n}", make.draft("LA", f"c{n}", f"text {n}"))
    wanted = [7, 1, 12, 1]
    assert [d.split(b"<t>")[1][:-8] for d in desk.ledger.documents(wanted)] == [
        b"text 6",
        b"text 0",
        b"text 11",
        b"text 0",
    ]
    with pytest.raises(LedgerError):
        desk.ledger.documents([99])


def test_source_keeps_its_kind_level_and_limit(desk):
    desk.feed("s1")
    assert desk.rows(source, "name", "kind", "level", "waiting_limit") == [("s1", "state", "L1", 86_400_000_000)]


def test_threads_of_several_sources_commit_side_by_side(desk, make):
    feeds = [desk.feed(f"s{n}") for n in range(4)]

    def pull(place, feed):
        for step in range(5):
            case = f"{place}-{step}"
            feed.row(case, case, make.draft("LA", case, case), make.draft("GZ", case, case))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pull, range(4), feeds))
    assert len(desk.rows(record, "id")) == 40
