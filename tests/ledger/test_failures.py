# SPDX-License-Identifier: Apache-2.0
"""Failures grouped by cause, followers under their root, and what people do about them (ledger.md B11, T2, "Counting")."""

from typing import Any

import pytest
from sqlalchemy import select

from gateway.ledger import approvals, failures, parked
from gateway.ledger.approvals import NotOpen
from gateway.ledger.audit import Act
from gateway.ledger.claims import claim
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.tables import delivery, lane, record
from gateway.model.finding import Finding, Stage
from gateway.model.package import Receipt, RecordResult
from gateway.model.person import Actor, Role
from gateway.model.record import Level
from gateway.model.words import Words
from gateway.semantics.fingerprint import fingerprint, normalised
from gateway.semantics.outcomes import PackageFacts, judge_receipt

WANG, LI = Actor("wang", Role.OPERATOR, "password"), Actor("li", Role.OPERATOR, "password")
CH = Stage.VALIDATE


def deliver(desk: Any, *answers: tuple[str, str], index: int = 0) -> None:
    """Send one package and answer each record with a code and a message."""
    route = desk.ledger.routes[index]
    with desk.ledger.begin() as connection:
        claimed = claim(connection, route, 1, desk.ledger.ids, desk.ledger.now(), frozenset({"CH"}))
    results = tuple(RecordResult(r.record_id, *a) for r, a in zip(claimed.records, answers, strict=True))
    receipt = Receipt(claimed.package_id, "M", "", 7, 1, "0000", "", results)
    judged = judge_receipt(PackageFacts(claimed.records, claimed.cases, route.terms.behaviour, 1, False), receipt)
    with desk.ledger.begin() as connection:
        settle(connection, route, claimed, Answer("submit", desk.ledger.now(), judged, 7, b"<e/>"), "SX")


def groups(desk: Any) -> list[failures.Group]:
    with desk.ledger.reading() as connection:
        return failures.groups(connection)


def states(desk: Any, index: int = 0) -> dict[str, str]:
    here = desk.ledger.routes[index].destination_id
    with desk.ledger.reading() as connection:
        rows = connection.execute(
            select(record.c.key, delivery.c.state)
            .join(delivery, delivery.c.record_id == record.c.id)
            .where(delivery.c.destination_id == here)
        )
        return dict(tuple(row) for row in rows)


def wrong(code: str, message: str) -> Finding:
    return Finding(code, CH, "a/b", Words(message, message), Words("改", "mend"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("XK_SQ:X-2025-1:1 超出 17 位", "XK_SQ:Y-2025-22:3 超出 9 位"),
        ('编码 "A1" 不在代码表', '编码 "B777" 不在代码表'),
        ("记录 0f0f0f0f-0000-5000-8000-000000000000 重复", "记录 1a0f0f0f-0000-5000-8000-00000000ffff 重复"),
        ("电话 13800000001", "电话  13900000002"),
    ],
)
def test_what_varies_from_record_to_record_is_no_part_of_the_cause(one: str, other: str) -> None:
    assert fingerprint("s", "r", "w", one) == fingerprint("s", "r", "w", other)


def test_stage_rule_place_and_words_tell_causes_apart() -> None:
    made = {
        fingerprint(*each)
        for each in (
            ("s", "r", "w", "m"),
            ("t", "r", "w", "m"),
            ("s", "q", "w", "m"),
            ("s", "r", "v", "m"),
            ("s", "r", "w", "n"),
        )
    }
    assert len(made) == 5
    assert "13800000001" not in normalised("电话 13800000001")


def test_refusals_of_one_cause_are_one_group_with_first_last_count_and_sample(desk, clock, make):
    feed = desk.feed()
    for number in range(3):
        told = make.refused(
            wrong("COD-001", f'编码 "A{number}" 不在代码表'), type="LA", key=f"LA:k{number}:1", case_no=f"k{number}"
        )
        feed.row(f"{number}", f"r{number}", refused=(told,))
        clock.advance(60)
    feed.row("9", "r9", refused=(make.refused(wrong("COD-002", "别的")),))
    first, second = groups(desk)
    assert (first.kind, first.code, first.where, first.count) == ("refused", "COD-001", "s1", 3)
    assert first.last_seen - first.first_seen == 120_000_000
    assert first.samples == ["LA:k0:1", "LA:k2:1"]
    assert (second.code, second.count, second.samples) == ("COD-002", 1, ["#4"])
    feed.row("0", "mended", make.draft("LA", "k0", "x"))
    assert [each.count for each in groups(desk)] == [2, 1]


def test_parked_deliveries_are_grouped_by_destination_code_and_message(desk, make):
    feed = desk.feed()
    for number in range(3):
        feed.row(f"{number}", f"r{number}", make.draft("LA", f"k{number}", "x"))
    deliver(desk, ("1001", "字段 17 过长"), ("1001", "字段 9 过长"), ("2004", "别的"))
    deliver(desk, ("1001", "字段 1 过长"), ("0000", ""), ("0000", ""), index=1)
    found = {(each.where, each.code): each for each in groups(desk)}
    assert {name: each.count for name, each in found.items()} == {("m", "1001"): 2, ("m", "2004"): 1, ("j", "1001"): 1}
    assert found["m", "1001"].kind == "parked"
    assert found["m", "1001"].last_seen == desk.ledger.now()


def test_what_stands_behind_a_parked_record_is_counted_as_blocked_not_as_a_failure(desk, make):
    feed = desk.feed(level=Level.L2)
    feed.row("1", "r1", make.draft("LA", "k", "x"))
    deliver(desk, ("1001", "不行"))
    feed.row("2", "r2", make.draft("GZ", "k", "y"))
    feed.row("3", "r3", make.draft("JD", "k", "z"))
    (group,) = groups(desk)
    assert (group.count, group.blocked) == (1, 2)


def test_a_refusal_and_what_waits_for_it_are_one_cause(desk, clock, make):
    feed = desk.feed(level=Level.L2)
    feed.row("1", "r1", refused=(make.refused(type="LA", key="LA:k:1", case_no="k"),))
    feed.row("2", "r2", make.draft("GZ", "k", "y"))
    (group,) = groups(desk)
    assert (group.count, group.blocked, group.followers) == (1, 1, [])
    clock.advance(4 * 24 * 3600)
    assert len(desk.ledger.park_overdue(clock.now())) == 1
    (group,) = groups(desk)
    (below,) = group.followers
    assert (below.kind, below.code, below.count) == ("waiting", "0002", 1)


def test_a_missing_predecessor_nobody_refused_stands_for_itself(desk, clock, make):
    desk.feed(level=Level.L2).row("2", "r2", make.draft("GZ", "k", "y"))
    assert groups(desk) == []
    clock.advance(4 * 24 * 3600)
    desk.ledger.park_overdue(clock.now())
    (group,) = groups(desk)
    assert (group.kind, group.samples) == ("waiting", ["GZ:k:1"])


def test_a_refusal_that_names_a_refused_record_follows_it(desk, make):
    root = make.refused(wrong("XSD-001", "坏"), type="LA", key="LA:k:1", case_no="k")
    named = make.refused(wrong("MAP-090", "所引用的记录 LA:k:1 被拒绝"), type="GZ", key="GZ:k:1", case_no="k")
    desk.feed().row("1", "r1", refused=(root, named))
    (group,) = groups(desk)
    assert group.code == "XSD-001"
    assert [each.code for each in group.followers] == ["MAP-090"]


def test_an_unknown_outcome_and_a_halted_destination_are_groups(desk, make):
    desk.feed().row("1", "r1", make.draft("LA", "k", "x"))
    with desk.ledger.begin() as connection:
        claim(connection, desk.ledger.routes[0], 1, desk.ledger.ids, desk.ledger.now(), frozenset())
        connection.exec_driver_sql("UPDATE package SET state = 'unknown'")
        connection.exec_driver_sql("UPDATE destination SET state = 'halted', reason = '1005 证书' WHERE id = 2")
    found = {each.kind: each for each in groups(desk)}
    assert (found["unknown"].where, found["unknown"].count) == ("m", 1)
    assert (found["halted"].where, found["halted"].blocked) == ("j", 1)


@pytest.fixture
def stuck(desk, make):
    """A case of two whose first record is parked at the first destination; returns its group."""
    feed = desk.feed(level=Level.L2)
    feed.row("1", "r1", make.draft("LA", "k", "x"))
    deliver(desk, ("1001", "不行"))
    feed.row("2", "r2", make.draft("GZ", "k", "y"))
    return groups(desk)[0]


def members(desk, name):
    with desk.ledger.reading() as connection:
        return failures.members(connection, name)


def test_b11_retry_makes_it_ready_again_before_what_follows(desk, stuck):
    found = members(desk, stuck.fingerprint)
    assert (found.kind, found.where, len(found.record_ids)) == ("parked", "m", 1)
    with desk.ledger.begin() as connection:
        assert parked.retry(connection, found.destination_id, found.record_ids, desk.ledger.now()) == 1
    assert states(desk) == {"LA:k:1": "ready", "GZ:k:1": "ready"}
    assert desk.rows(lane, "state", destination_id=1) == [("ready",)]
    deliver(desk, ("0000", ""), ("0000", ""))
    assert set(states(desk).values()) == {"settled"}


def test_b11_skip_lets_the_rest_of_the_case_go(desk, stuck):
    found = members(desk, stuck.fingerprint)
    with desk.ledger.begin() as connection:
        parked.skip(connection, found.destination_id, found.record_ids, desk.ledger.now())
    assert states(desk) == {"LA:k:1": "skipped", "GZ:k:1": "ready"}
    assert desk.rows(lane, "state", destination_id=1) == [("ready",)]

    def again():
        with desk.ledger.begin() as connection:
            parked.skip(connection, found.destination_id, found.record_ids, desk.ledger.now())

    with pytest.raises(NotOpen):
        again()
    assert members(desk, stuck.fingerprint) is None


def test_b11_withdraw_closes_it_once_a_second_person_approves(desk, stuck):
    found = members(desk, stuck.fingerprint)
    payload = {"destination_id": found.destination_id, "record_ids": list(found.record_ids)}
    with desk.ledger.begin() as connection:
        told = Act(parked.WITHDRAW, "LA:k:1@m", reason="作废")
        number = approvals.propose(connection, WANG, told, payload, desk.ledger.now())
    assert states(desk)["LA:k:1"] == "parked"
    with desk.ledger.begin() as connection:
        approvals.decide(connection, LI, number, True, "同意", desk.ledger.now())
    assert states(desk) == {"LA:k:1": "not-needed", "GZ:k:1": "ready"}


def test_a_group_put_aside_comes_back_when_it_fails_again(desk, clock, make, stuck):
    clock.advance(5)
    with desk.ledger.begin() as connection:
        parked.note(connection, stuck.fingerprint, WANG, desk.ledger.now(), state="aside", reason="对方周五修")
        parked.note(connection, stuck.fingerprint, WANG, desk.ledger.now(), assignee="li", reason="跟进")
    (group,) = groups(desk)
    assert (group.state, group.assignee, group.reason) == ("aside", "li", "跟进")
    clock.advance(5)
    desk.feed("s2").row("7", "r7", make.draft("LA", "other", "x"))
    deliver(desk, ("1001", "不行"))
    (group,) = groups(desk)
    assert (group.state, group.count) == ("again", 2)
