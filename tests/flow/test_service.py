# SPDX-License-Identifier: Apache-2.0
"""R20, R21: the service ends in time when told, and two of them never write one ledger."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.chaos.systems import gateway, gateway_json, serving
from tests.flow.town import TERMS, Town, town

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"
OPEN = "SELECT count(*) FROM package WHERE state IN ('open', 'unknown')"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("service"), terms=(*TERMS, "records: 5")) as made:
        made.run()
        yield made


@pytest.fixture(autouse=True)
def behave(place: Town) -> Iterator[None]:
    yield
    for name in place.systems:
        place.script(name)
        place.connect(name)


def count(place: Town, query: str) -> int:
    number: int = place.ledger(query)[0][0]
    return number


def test_sigterm_under_load_ends_in_time_with_nothing_open(place: Town) -> None:
    keys = place.apply(400)
    place.script("municipal", {"operation": SUBMIT, "action": "delay", "seconds": 0.1})
    with serving(place.folder) as service:
        assert service.process is not None
        service.live(1.5)
        assert service.end(within=15) == 0
    assert "Traceback" not in service.rest()
    assert count(place, OPEN) == 0, "the package under way was finished"
    assert count(place, "SELECT count(*) FROM source_run WHERE state = 'open'") == 0
    states = place.states("municipal", keys)
    assert 0 < states.count("settled") < 400, "it was stopped in the midst of its work"
    assert states.count("settled") == len(place.held("municipal"))
    place.script("municipal")
    place.run()
    assert set(place.states("municipal", keys)) == set(place.states("supervision", keys)) == {"settled"}
    assert place.systems["municipal"].dump()["duplicates"] == 0


def test_sigterm_while_a_destination_hangs_ends_in_time(place: Town) -> None:
    """R21: 30 s. The exchange under way is cut; that its outcome is unknown is written down before the end."""
    place.connect("municipal", "case_order: true", "timeouts: {connect: 1, total: 300}", "max_in_flight: 300s")
    keys = place.apply(2)
    place.script("municipal", {"operation": SUBMIT, "action": "hang", "seconds": 200, "times": 1})
    with serving(place.folder) as service:
        service.live(2)
        assert service.end(within=30) == 0
    assert "Traceback" not in service.rest()
    assert count(place, "SELECT count(*) FROM package WHERE state = 'open' AND not_before = 0") == 0
    assert count(place, "SELECT count(*) FROM package WHERE state = 'unknown'") == 1
    place.connect("municipal")
    place.run()
    assert place.states("municipal", keys) == ["settled"] * 2
    assert [place.held("municipal")[key] for key in keys] == [1, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_ends_at_once(place: Town, number: int) -> None:
    with serving(place.folder) as service:
        assert service.process is not None
        service.live(0.5)
        service.process.send_signal(number)
        assert service.process.wait(10) == 0


def test_a_service_picks_up_what_comes_while_it_runs_and_what_was_left(place: Town) -> None:
    keys = place.apply(3)
    place.systems["municipal"].kill()
    with serving(place.folder) as service:
        service.live(2.5)
        place.systems["municipal"].start()
        service.live(6)
        assert service.end() == 0
    assert place.states("municipal", keys) == place.states("supervision", keys) == ["settled"] * 3


def test_a_second_gateway_on_the_same_ledger_refuses_in_words(place: Town) -> None:
    with serving(place.folder) as service:
        assert service.process is not None
        for arguments in (("run",), ("run", "--once"), ("sync", "applications")):
            done = gateway(*arguments, "-C", place.folder, timeout=60)
            assert done.returncode == 3
            assert "另一个网关进程正在写这个台账" in done.stderr
            assert f"pid={service.process.pid}" in done.stderr
            assert "Traceback" not in done.stderr
        status = gateway_json("status", "-C", place.folder)
        assert [each["name"] for each in status["destinations"]] == ["municipal", "supervision"], "reading is allowed"
        assert service.process.poll() is None
        assert service.end() == 0
    assert place.run().failures == {}, "the lock goes with the process"


def test_a_ledger_whose_holder_was_killed_opens_again(place: Town) -> None:
    with serving(place.folder) as service:
        assert service.process is not None
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait(10)
    keys = place.apply(1)
    place.run()
    assert place.states("municipal", keys) == ["settled"]
