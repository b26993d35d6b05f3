# SPDX-License-Identifier: Apache-2.0
"""From observation to version: every row of T1, and B1-B4, B6, B7, over both databases."""

import pytest
from sqlalchemy import delete

from gateway.ledger.tables import refusal, row_memory, segment
from gateway.model.record import SourceKind

EVENT = SourceKind.EVENT
KEY = "LA:c1:1"


def test_t1_same_raw_is_a_reread_and_writes_nothing(desk, make):
    feed = desk.feed()
    feed.row("r1", "raw", make.draft("LA", "c1", "A"))
    again = feed.row("r1", "raw", make.draft("LA", "c1", "A"))
    assert (again.rows, again.rereads, again.collected) == (1, 1, 0)
    assert desk.versions(KEY) == [(1, "accepted", "A")]


def test_t1_new_key_is_version_1(desk, make):
    feed = desk.feed()
    assert feed.row("r1", "raw", make.draft("LA", "c1", "A")).accepted == 1
    assert desk.versions(KEY) == [(1, "accepted", "A")]
    assert desk.queued() == [f"{KEY} v1"]


def test_t1_same_content_is_a_duplicate_and_memory_follows(desk, make):
    feed = desk.feed()
    feed.row("r1", "raw", make.draft("LA", "c1", "A"))
    assert feed.row("r1", "other volatile column", make.draft("LA", "c1", "A")).duplicates == 1
    again = feed.row("r1", "other volatile column", make.draft("LA", "c1", "A"))
    assert (again.rereads, again.collected) == (1, 0)
    assert desk.versions(KEY) == [(1, "accepted", "A")]


@pytest.mark.parametrize("token", [None, "9", "1"])
def test_t1_changed_state_row_is_head_plus_1_whatever_its_token(desk, make, token):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A", token="5"))
    assert feed.row("r1", "b", make.draft("LA", "c1", "B", token=token)).accepted == 1
    assert desk.versions(KEY) == [(1, "accepted", "A"), (2, "accepted", "B")]


def test_t1_and_b03_a_revert_is_a_version_of_its_own(desk, make):
    feed = desk.feed()
    for raw, content in (("a", "A"), ("b", "B"), ("a again", "A")):
        feed.row("r1", raw, make.draft("LA", "c1", content))
    assert [text for _, _, text in desk.versions(KEY)] == ["A", "B", "A"]
    assert desk.queued() == [f"{KEY} v1", f"{KEY} v2", f"{KEY} v3"]


def test_b03_operation_is_c_once_and_u_ever_after(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "b", make.draft("LA", "c1", "B"))
    assert desk.ledger.documents([2, 1]) == [
        b"<r><v>2</v><o>U</o><t>B</t></r>",
        b"<r><v>1</v><o>C</o><t>A</t></r>",
    ]


@pytest.mark.parametrize(("kind", "row"), [(SourceKind.STATE, "r2"), (EVENT, "r1"), (EVENT, "r2")])
@pytest.mark.parametrize(
    ("held", "seen", "figure", "code"),
    [
        ("1", "2", "accepted", None),
        ("2", "1", "stale", "LDG-003"),
        ("1", "1", "conflicts", "LDG-001"),
        (None, None, "conflicts", "LDG-001"),
    ],
    ids=["newer", "older", "equal", "none"],
)
def test_t1_and_b01_several_rows_or_event_source_go_by_token(desk, make, kind, row, held, seen, figure, code):
    feed = desk.feed(kind=kind)
    feed.row("r1", "a", make.draft("LA", "c1", "A", token=held))
    figures = feed.row(row, "b", make.draft("LA", "c1", "B", token=seen))
    assert getattr(figures, figure) == 1
    assert figures.collected == 1
    assert len(desk.versions(KEY)) == (2 if figure == "accepted" else 1)
    assert [found[1] for found in desk.outcomes()] == ([code] if code else [])


def test_b04_a_key_once_seen_on_two_rows_needs_tokens_for_ever(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    assert feed.row("r2", "b", make.draft("LA", "c1", "A")).duplicates == 1
    assert feed.row("r1", "c", make.draft("LA", "c1", "B")).conflicts == 1
    assert desk.head(KEY).several_rows


def test_b04_a_duplicate_with_a_newer_token_moves_the_token(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A", token="1"))
    feed.row("r2", "b", make.draft("LA", "c1", "A", token="5"))
    assert feed.row("r3", "c", make.draft("LA", "c1", "B", token="3")).stale == 1
    assert desk.head(KEY).order_token == "5"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_b04_any_order_of_rows_ends_at_the_newest(desk, make, order):
    feed = desk.feed()
    rows = [make.seen(f"r{n}", f"raw{n}", make.draft("LA", "c1", f"content {n}", token=str(n))) for n in range(3)]
    feed.show(*(rows[n] for n in order))
    assert desk.versions(KEY)[-1][2] == "content 2"


def test_b06_same_content_from_another_source_is_a_duplicate_with_its_origin(desk, make):
    desk.feed("s1").row("r1", "a", make.draft("LA", "c1", "A"))
    other = desk.feed("s2")
    assert other.row("x9", "z", make.draft("LA", "c1", "A")).duplicates == 1
    assert desk.rows(row_memory, "row_id", "keys", source_id=other.lease.source_id) == [("x9", KEY)]
    assert not desk.head(KEY).several_rows


@pytest.mark.parametrize("token", [None, "0", "9"])
def test_t1_and_b06_other_content_from_another_source_is_always_a_conflict(desk, make, token):
    desk.feed("s1").row("r1", "a", make.draft("LA", "c1", "A", token="1"))
    assert desk.feed("s2").row("x9", "z", make.draft("LA", "c1", "B", token=token)).conflicts == 1
    assert desk.outcomes() == [("conflict", "LDG-002", KEY)]
    assert desk.versions(KEY) == [(1, "accepted", "A")]


def test_conflict_keeps_both_contents_as_evidence(desk, make):
    desk.feed("s1").row("r1", "a", make.draft("LA", "c1", "A"))
    desk.feed("s2").row("x9", "其他", make.draft("LA", "c1", "B"))
    ((doc, at, size, raw, raw_at, raw_size),) = desk.rows(
        refusal, "segment_id", "offset", "length", "raw_segment_id", "raw_offset", "raw_length"
    )
    document, row = desk.ledger.payloads([(doc, at, size), (raw, raw_at, raw_size)])
    assert b"<t>B</t>" in document
    assert row.decode() == "其他"


def test_t1_withdrawn_key_seen_newer_is_created_again(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "b", make.withdrawal(KEY))
    assert desk.head(KEY).withdrawn
    feed.row("r1", "c", make.draft("LA", "c1", "A"))
    assert [version for version, _, _ in desk.versions(KEY)] == [1, 2, 3]
    assert not desk.head(KEY).withdrawn


def test_t1_withdrawn_key_seen_older_stays_withdrawn(desk, make):
    feed = desk.feed(kind=EVENT)
    feed.row("e1", "a", make.draft("LA", "c1", "A", token="1"))
    feed.row("e3", "b", make.withdrawal(KEY, token="3"))
    assert feed.row("e2", "c", make.draft("LA", "c1", "A2", token="2")).stale == 1
    assert desk.head(KEY).withdrawn


def test_withdrawal_takes_the_next_version_and_the_lane_of_its_target(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "b", make.withdrawal(KEY, "重复录入"))
    assert desk.ledger.documents([2]) == ["<w><v>2</v><tv>1</tv><t>重复录入</t></w>".encode()]
    with desk.ledger.reading() as connection:
        lanes = connection.exec_driver_sql("SELECT DISTINCT lane, case_no FROM record").fetchall()
    assert [tuple(row) for row in lanes] == [(KEY, "c1")]


def test_row_that_shows_record_and_withdrawal_makes_both_once(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"), make.withdrawal(KEY))
    assert [text for _, _, text in desk.versions(KEY)] == ["A", "错录"]
    again = feed.row("r1", "volatile", make.draft("LA", "c1", "A"), make.withdrawal(KEY))
    assert (again.duplicates, again.accepted) == (2, 0)


def test_row_that_becomes_withdrawn_adds_the_withdrawal_alone(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    figures = feed.row("r1", "b", make.draft("LA", "c1", "A"), make.withdrawal(KEY))
    assert (figures.duplicates, figures.accepted) == (1, 1)


def test_pair_with_changed_content_goes_the_whole_way_again(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"), make.withdrawal(KEY))
    feed.row("r1", "b", make.draft("LA", "c1", "B"), make.withdrawal(KEY))
    assert [text for _, _, text in desk.versions(KEY)] == ["A", "错录", "B", "错录"]


@pytest.mark.parametrize(("token", "figure"), [("0", "stale"), ("1", "conflicts"), ("2", "accepted")])
def test_pair_shares_one_fate_where_tokens_decide(desk, make, token, figure):
    feed = desk.feed(kind=EVENT)
    feed.row("e1", "a", make.draft("LA", "c1", "A", token="1"))
    figures = feed.row("e2", "b", make.draft("LA", "c1", "B", token=token), make.withdrawal(KEY, token=token))
    assert getattr(figures, figure) == 2


def test_b07_refused_withdrawal_reserves_its_version(desk, make):
    feed = desk.feed(kind=EVENT)
    assert feed.row("e2", "w", make.withdrawal(KEY, token="2")).refused == 1
    assert desk.outcomes() == [("refused", "LDG-004", KEY)]
    assert feed.row("e1", "late original", make.draft("LA", "c1", "A", token="1")).stale == 1
    assert feed.row("e3", "filed again", make.draft("LA", "c1", "A", token="3")).accepted == 1
    assert desk.versions(KEY) == [(2, "accepted", "A")]
    assert desk.rows(refusal, "key", outcome="stale") == [(KEY,)]


def test_b07_key_changed_on_a_row_proposes_to_withdraw_the_old_one(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    figures = feed.row("r1", "b", make.draft("LA", "c2", "A"))
    assert (figures.accepted, figures.collected) == (1, 1)
    assert desk.outcomes(superseded=False) == [("proposed", "LDG-006", KEY)]
    assert desk.versions(KEY) == [(1, "accepted", "A")]


def test_b07_proposal_lasts_until_the_key_returns(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "b", make.draft("LA", "c2", "A"))
    feed.row("r1", "c", make.draft("LA", "c2", "B"))
    assert desk.outcomes(superseded=False) == [("proposed", "LDG-006", KEY)]
    feed.row("r1", "d", make.draft("LA", "c1", "A"), make.draft("LA", "c2", "B"))
    assert desk.outcomes(superseded=False) == []


def test_b07_no_proposal_while_another_row_holds_the_key_or_the_row_is_refused(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    feed.row("r1", "broken", refused=(make.refused(),))
    assert desk.outcomes() == [("refused", "XSD-001", None)]
    feed.row("r2", "b", make.draft("LA", "c1", "A"))
    feed.row("r1", "c", make.draft("LA", "c9", "C"))
    assert desk.outcomes(outcome="proposed") == []


def test_row_that_makes_one_key_twice_is_a_conflict_not_a_version(desk, make):
    feed = desk.feed()
    figures = feed.row("r1", "a", make.draft("LA", "c1", "A"), make.draft("LA", "c1", "B"), make.draft("LA", "c1", "A"))
    assert (figures.accepted, figures.conflicts, figures.duplicates) == (1, 1, 1)
    assert desk.outcomes() == [("conflict", "LDG-005", KEY)]


def test_b02_memory_is_permanent_and_per_source(desk, make):
    feed = desk.feed()
    feed.row("r1", "raw", make.draft("LA", "c1", "A"))
    feed.end()
    later = desk.feed()
    assert desk.ledger.remembered(later.lease, ["r1", "r2"]).keys() == {"r1"}
    other = desk.feed("s2")
    assert desk.ledger.remembered(other.lease, ["r1"]) == {}


def test_b02_levy_shape_old_and_new_row_of_a_key_at_once_makes_no_version_when_read_again(desk, make):
    rows = [
        make.seen("old", "o", make.draft("LA", "c1", "before", token="1")),
        make.seen("new", "n", make.draft("LA", "c1", "after", token="2")),
    ]
    feed = desk.feed()
    assert feed.show(*rows).accepted == 2
    for _ in range(3):
        assert feed.show(*rows).collected == 0
    assert len(desk.versions(KEY)) == 2


def test_b22_identity_outlives_segments_and_refusals(desk, make):
    feed = desk.feed()
    feed.row("r1", "a", make.draft("LA", "c1", "A"))
    with desk.ledger.begin() as connection:
        connection.execute(delete(segment))
        connection.execute(delete(refusal))
    assert feed.row("r1", "b", make.draft("LA", "c1", "A")).duplicates == 1
    assert feed.row("r1", "c", make.draft("LA", "c1", "B")).accepted == 1


def test_b16_one_key_several_times_in_a_chunk_folds_in_order(desk, make):
    feed = desk.feed()
    figures = feed.show(
        make.seen("r1", "a", make.draft("LA", "c1", "A")),
        make.seen("r1", "b", make.draft("LA", "c1", "B")),
        make.seen("r1", "b2", make.draft("LA", "c1", "B")),
        make.seen("r1", "a", make.draft("LA", "c1", "A")),
    )
    assert (figures.accepted, figures.duplicates) == (3, 1)
    assert [text for _, _, text in desk.versions(KEY)] == ["A", "B", "A"]
    assert desk.ledger.remembered(feed.lease, ["r1"])["r1"] == make.seen("r1", "a").row.digest
