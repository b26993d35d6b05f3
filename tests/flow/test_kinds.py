# SPDX-License-Identifier: Apache-2.0
"""R3: receivers that reject duplicates or know nothing; what nobody can know is parked as 结果未知, exactly that."""

from collections.abc import Iterator

import pytest

from gateway.semantics.outcomes import UNKNOWN_OUTCOME, UNPROVEN
from tests.flow.town import Town, town

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    kinds = {"municipal": "duplicate-rejecting", "supervision": "naive"}
    with town(tmp_path_factory.mktemp("kinds"), kinds=kinds) as made:
        made.run()
        yield made


@pytest.fixture(autouse=True)
def behave(place: Town) -> Iterator[None]:
    yield
    for name in place.systems:
        place.script(name)


def test_dropped_answers_park_exactly_the_ambiguous_at_a_naive_system(place: Town) -> None:
    keys = place.apply(12)
    before = place.systems["supervision"].dump()
    place.script(
        "supervision", {"operation": SUBMIT, "match": {"every": 3}, "action": "drop-after-store"},
        {"operation": SUBMIT, "match": {"nth": [5, 10]}, "action": "drop-before-store"},
    )  # fmt: skip
    place.run(patience=60)
    dump = place.systems["supervision"].dump()
    dropped = dump["faults"][len(before["faults"]):]  # fmt: skip
    assert {fault["action"] for fault in dropped} == {"drop-after-store", "drop-before-store"}
    unknown = {
        key for (key, _version), (state, code, _message) in place.deliveries("supervision").items()
        if state == "parked" and code == UNKNOWN_OUTCOME
    }  # fmt: skip
    packages = dict(
        place.ledger(
            "SELECT p.package_id, r.key FROM package p JOIN delivery d ON d.package_no = p.no"
            " JOIN record r ON r.id = d.record_id"
        )
    )
    assert unknown == {packages[fault["package_id"]] for fault in dropped}
    assert dump["duplicates"] == 0
    assert [place.held("supervision").get(key, 0) for key in keys if key not in unknown] == [1] * (12 - len(unknown))
    assert len(dump["records"]) == dump["packages"] == 12 - 2, (
        "one record a package; only what was dropped unseen is absent"
    )


def test_dropped_answers_at_a_duplicate_rejecting_system_are_found_by_asking(place: Town) -> None:
    keys = place.apply(4)
    place.script("municipal", {"operation": SUBMIT, "action": "drop-after-store", "times": 1})
    place.run()
    assert place.states("municipal", keys) == ["settled"] * 4
    assert [place.held("municipal")[key] for key in keys] == [1] * 4


def test_where_asking_does_not_help_the_same_package_goes_again_and_its_duplicate_is_proof(place: Town) -> None:
    keys = place.apply(3)
    place.script(
        "municipal", {"operation": SUBMIT, "action": "drop-after-store", "times": 1},
        {"operation": "QueryReceipt", "action": "status", "status": "not-retained"},
    )  # fmt: skip
    place.run()
    assert place.states("municipal", keys) == ["settled"] * 3
    assert [place.held("municipal")[key] for key in keys] == [1] * 3


def test_a_correction_to_a_system_that_knows_keys_only_is_parked_as_unproven(place: Town) -> None:
    (key,) = place.apply(1)
    place.run()
    place.change(key, NR="改后的申请")
    place.run()
    state, code, _message = place.deliveries("municipal")[key, 2]
    assert (state, code) == ("parked", UNPROVEN)
    assert place.states("supervision", [key], 2) == ["settled"], "a naive system takes the correction"
    assert place.held("supervision")[key] == 2


def test_what_was_never_sent_is_not_called_unknown_after_a_restart(place: Town) -> None:
    """A refused connection is no ambiguity: neither a stop nor a start may turn it into one."""
    keys = place.apply(2)
    place.systems["supervision"].kill()
    place.run(patience=0.2)
    assert place.states("supervision", keys) == ["packed", "ready"]
    place.run(patience=0.2)
    place.systems["supervision"].start()
    place.run(patience=20)
    assert place.states("supervision", keys) == ["settled"] * 2
    assert [place.held("supervision")[key] for key in keys] == [1, 1]


def test_a_case_behind_an_unknown_outcome_waits_and_no_other(place: Town) -> None:
    one, other = place.apply(2)
    place.script("supervision", {"operation": SUBMIT, "match": {"key": one}, "action": "drop-after-store"})
    place.run()
    place.script("supervision")
    assert place.states("supervision", [other]) == ["settled"]
    assert place.deliveries("supervision")[one, 1][:2] == ("parked", UNKNOWN_OUTCOME)
    place.change(other, NR="改后的申请")
    place.run()
    assert place.states("supervision", [other], 2) == ["settled"]
