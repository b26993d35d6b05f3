# SPDX-License-Identifier: Apache-2.0
"""R6, R10, R3: a destination that is down, slow or answers nonsense costs time, never records, and never the others."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.ledger.settlement import LONGEST_WISH
from gateway.semantics.outcomes import UNKNOWN_OUTCOME
from tests.flow.town import Town, town

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("outages")) as made:
        made.run()
        yield made


@pytest.fixture(autouse=True)
def behave(place: Town) -> Iterator[None]:
    yield
    for name in place.systems:
        place.script(name)


def test_a_destination_that_is_down_slows_nobody_and_drains_when_back(place: Town) -> None:
    keys = place.apply(30)
    place.systems["supervision"].kill()
    summary = place.run(patience=0.5)
    assert place.states("municipal", keys) == ["settled"] * 30
    assert summary.destinations["supervision"].pending == 30
    assert summary.destinations["supervision"].unknown == 0, "a refused connection leaves nothing in doubt"
    place.systems["supervision"].start()
    again = place.run()
    assert place.states("supervision", keys) == ["settled"] * 30
    assert again.figures.collected == 0
    assert place.held("supervision").keys() >= set(keys)
    assert place.systems["supervision"].dump()["duplicates"] == 0


STRIKES: list[tuple[str, dict[str, Any]]] = [
    ("503", {"action": "http-503"}),
    ("503 after storing", {"action": "http-503", "when": "after"}),
    ("beyond the deadline", {"action": "delay", "seconds": 3, "when": "after"}),
    ("dropped before storing", {"action": "drop-before-store"}),
    ("dropped after storing", {"action": "drop-after-store"}),
    ("half an answer", {"action": "half-answer"}),
    ("a login page", {"action": "html"}),
    ("a login page after storing", {"action": "html", "when": "after"}),
    ("connection reset", {"action": "close"}),
    ("receipt of other records", {"action": "wrong-receipt", "variant": "other-records"}),
    ("receipt of another package", {"action": "wrong-receipt", "variant": "other-package"}),
    ("receipt without a record", {"action": "wrong-receipt", "variant": "missing"}),
    ("receipt with a record twice", {"action": "wrong-receipt", "variant": "repeated"}),
    ("altered receipt", {"action": "wrong-receipt", "variant": "altered"}),
    ("receipt with a false signature", {"action": "wrong-receipt", "variant": "unsigned"}),
]


@pytest.mark.parametrize("strike", [rule for _name, rule in STRIKES], ids=[name for name, _rule in STRIKES])
def test_no_nonsense_is_taken_for_success_and_nothing_is_twice(place: Town, strike: dict[str, Any]) -> None:
    asked = len(place.attempts("municipal"))
    struck = len(place.faults("municipal"))
    keys = place.apply(3)
    place.script("municipal", {"operation": SUBMIT, "times": 1, **strike})
    summary = place.run()
    assert place.faults("municipal")[struck:] == [strike["action"]]
    exchanges = place.attempts("municipal")[asked:]
    assert exchanges[0][:2] == ("submit", "unknown"), "one exchange gave no usable answer"
    assert exchanges[1][0] == "query", "it asks before it sends again"
    assert place.states("municipal", keys) == place.states("supervision", keys) == ["settled"] * 3
    assert (summary.destinations["municipal"].accepted, summary.destinations["municipal"].unknown) == (3, 0)
    assert [place.held("municipal")[key] for key in keys] == [1, 1, 1]
    if exchanges[1][1] == "settled":
        assert [kind for kind, *_ in exchanges] == ["submit", "query"], "nothing was sent twice"


def test_busy_is_waited_for_as_long_as_asked_and_asks_nothing(place: Town) -> None:
    keys = place.apply(3)
    asked = len(place.attempts("municipal"))
    place.script("municipal", {"operation": SUBMIT, "action": "fault", "code": "4001", "retryAfter": 2, "times": 1})
    place.run()
    exchanges = place.attempts("municipal")[asked:]
    assert [(kind, outcome, code) for kind, outcome, code, _ in exchanges] == [
        ("submit", "retry", "4001"), ("submit", "settled", "0000"),
    ]  # fmt: skip
    assert place.states("municipal", keys) == ["settled"] * 3


def test_a_receipt_that_refuses_the_package_for_now_is_waited_for_too(place: Town) -> None:
    keys = place.apply(2)
    place.script("municipal", {"operation": SUBMIT, "action": "refuse", "code": "4002", "retryAfter": 2, "times": 1})
    place.run()
    assert place.states("municipal", keys) == ["settled"] * 2
    refused, sent = place.ledger("SELECT at FROM attempt WHERE code IN ('4002', '0000') ORDER BY id DESC LIMIT 2")[::-1]
    assert sent[0] - refused[0] >= 2_000_000


def test_a_destination_that_wants_to_be_left_alone_for_years_is_asked_again(place: Town) -> None:
    keys = place.apply(1)
    wish = {"action": "fault", "code": "4002", "retryAfter": 999_999_999_999_999_999, "times": 1}
    place.script("municipal", {"operation": SUBMIT, **wish})
    assert place.run(patience=0.5).failures == {}
    (rest,) = place.ledger("SELECT not_before FROM destination WHERE name = 'municipal'")[0]
    (now,) = place.ledger("SELECT max(at) FROM attempt WHERE code = '4002'")[0]
    assert rest - now == LONGEST_WISH * 1_000_000
    place.run()
    assert place.states("municipal", keys) == ["settled"], "whoever starts the gateway anew wants to know now"


def test_many_questions_put_nothing_off(place: Town) -> None:
    """The pause before a resend must not grow with the questions asked, nor outlive the process that began it."""
    keys = place.apply(1)
    place.script(
        "municipal", {"operation": SUBMIT, "action": "drop-before-store", "times": 1},
        {"operation": "QueryReceipt", "action": "status", "status": "in-progress", "times": 7},
    )  # fmt: skip
    for _ in range(8):
        place.run(patience=0)
    place.run(patience=4)
    assert place.states("municipal", keys) == ["settled"]
    assert place.held("municipal")[keys[0]] == 1


def test_a_package_that_stays_unknown_holds_only_its_own_cases(place: Town) -> None:
    lost = place.apply(2)
    place.script(
        "municipal",
        {"operation": SUBMIT, "action": "drop-after-store", "times": 1},
        {"operation": "QueryReceipt", "action": "status", "status": "in-progress"},
    )
    place.run(patience=1.5)
    assert place.states("municipal", lost) == ["packed"] * 2
    others = place.apply(2)
    summary = place.run(patience=1.5)
    assert place.states("municipal", others) == ["settled"] * 2
    assert summary.destinations["municipal"].accepted == 2
    place.script("municipal")
    place.run()
    assert place.states("municipal", lost) == ["settled"] * 2


def test_an_answer_that_comes_byte_by_byte_ends_at_the_deadline(place: Town) -> None:
    keys = place.apply(1)
    place.script("municipal", {"operation": SUBMIT, "action": "hang", "seconds": 30, "when": "after", "times": 1})
    place.run()
    assert place.states("municipal", keys) == ["settled"]


def test_in_the_end_both_hold_everything_once(place: Town) -> None:
    for name, system in place.systems.items():
        dump = system.dump()
        assert dump["duplicates"] == 0, name
        settled = {key for (key, _version), (state, *_rest) in place.deliveries(name).items() if state == "settled"}
        assert {record["key"] for record in dump["records"]} == settled
        assert len(settled) == place.cases
        assert not [code for _state, code, _message in place.deliveries(name).values() if code == UNKNOWN_OUTCOME]
    assert place.run(reconcile=True).differences == []
