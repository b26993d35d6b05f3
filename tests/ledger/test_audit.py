# SPDX-License-Identifier: Apache-2.0
"""Audit and approvals, on both databases."""

import pytest

from gateway.errors import RefusedByGate
from gateway.ledger import approvals, audit, people
from gateway.ledger.approvals import NeedsTwo, NotOpen, SamePerson
from gateway.ledger.audit import Act
from gateway.model.person import Actor, Role

WANG, LI = Actor("wang", Role.OPERATOR, "password"), Actor("li", Role.OPERATOR, "password")
NOBODY = Actor("os:root", None, "account")
done = []
approvals.carries("test.act", approvals.Duty.APPROVE)(
    lambda _c, row, actor, _now: done.append((row.subject, actor.name))
)


@pytest.fixture
def propose(desk):
    def make(actor=WANG, subject="plan:1"):
        with desk.ledger.begin() as connection:
            return approvals.propose(connection, actor, Act("test.act", subject, reason="批量"), {"n": 1}, 5)

    return make


def decide(desk, actor, number, approve=True):
    with desk.ledger.begin() as connection:
        return approvals.decide(connection, actor, number, approve, "同意", 6)


def test_two_people_and_never_the_same(desk, propose):
    done.clear()
    number = propose()
    with pytest.raises(SamePerson):
        decide(desk, WANG, number)
    assert done == []
    decide(desk, LI, number)
    assert done == [("plan:1", "li")]
    with pytest.raises(NotOpen):
        decide(desk, LI, number)


def test_one_open_proposal_a_subject_and_nobody_unnamed_proposes(desk, propose):
    propose()
    with pytest.raises(NotOpen):
        propose(LI)
    with pytest.raises(NeedsTwo):
        propose(NOBODY, "plan:2")
    with pytest.raises(RefusedByGate):
        decide(desk, NOBODY, 1)


def test_who_proposed_may_take_it_back(desk, propose):
    done.clear()
    decide(desk, WANG, propose(), approve=False)
    assert done == []
    with desk.ledger.reading() as connection:
        assert [each["state"] for each in approvals.proposals(connection)] == ["rejected"]


def test_the_chain_holds_and_a_rolled_back_act_leaves_no_gap(desk):
    for n in range(3):
        with desk.ledger.begin() as connection:
            audit.record_act(connection, WANG, Act("a", f"s{n}"), n)

    def lose():
        with desk.ledger.begin() as connection:
            audit.record_act(connection, WANG, Act("a", "lost"), 9)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lose()
    with desk.ledger.begin() as connection:
        audit.record_act(connection, LI, Act("a", "s3", detail={"名": 1}), 10)
    with desk.ledger.reading() as connection:
        found = audit.verify(connection)
        assert (found.rows, found.broken) == (4, None)
        assert [each["subject"] for each in audit.acts(connection, "wang")] == ["s2", "s1", "s0"]
        assert not people.anybody(connection)
