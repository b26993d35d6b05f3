# SPDX-License-Identifier: Apache-2.0
"""The service of one process runs on the schedule ledger as cluster mode does (ledger.md B24, promises.md R7)."""

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.flow.collect import Handling
from gateway.ledger import firings
from gateway.ledger.firings import Firing
from gateway.ledger.tables import schedule_run, source, source_run
from gateway.model.finding import Finding
from gateway.model.record import Level, SourceKind
from gateway.ports import Page, Position, Window
from gateway.schedule.service import Service
from gateway.schedule.workplace import SourcePart, Workplace

HOUR = 3600


@dataclass
class Quiet:
    """A source that shows nothing and counts how often it is read."""

    name: str = "s1"
    kind: SourceKind = SourceKind.STATE
    reads: list[float] = field(default_factory=list)
    clock: Any = None

    def check(self) -> tuple[Finding, ...]:
        return ()

    def window(self, floor: str | None) -> Window:
        return Window(floor, "9")

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        self.reads.append(self.clock.now())
        return Page((), Position(None, None), False)

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        return highest

    def estimate(self, window: Window) -> int | None:
        return 0

    def close(self) -> None:
        pass


class AtOnce(Executor):
    """Does everything in the caller's thread."""

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        work(*given, **named)
        return Future()


class Nothing:
    """A mapper and a validator that have nothing to do."""

    version = "m"
    asks = False

    def check(self, documents: Any, *_how: Any) -> list[Any]:
        assert not documents
        return []


@pytest.fixture
def quiet(desk: Any) -> Quiet:
    return Quiet(clock=desk.clock)


def service_of(desk: Any, quiet: Quiet, cron: str | None = "0 * * * *") -> Service:
    handling = Handling(Nothing(), Nothing(), Level.L1, None, "p", "a")  # type: ignore[arg-type]
    part = SourcePart("s1", lambda: quiet, handling, cron)
    place = Workplace(
        desk.ledger, (part,), (), None, desk.clock, desk.ledger.ids, sweep_at="0 0 29 2 *",  # type: ignore[arg-type]
    )  # fmt: skip
    made = Service(place)
    made._pulls = made._works = AtOnce()  # type: ignore[assignment]
    return made


@pytest.fixture
def service(desk: Any, quiet: Quiet) -> Service:
    return service_of(desk, quiet)


def rows(desk: Any) -> list[tuple[int, str]]:
    return [tuple(row) for row in desk.rows(schedule_run, "due_at", "state", schedule="pull:s1")]  # type: ignore[misc]


def looked(service: Service, desk: Any, hours: float) -> None:
    """Let the service look at the clock every twenty minutes for so many hours."""
    for _ in range(int(hours * 3)):
        desk.clock.advance(1200)
        service._look()


def test_b24_every_tick_fires_once_and_its_row_tells_how_it_ended(desk: Any, quiet: Quiet, service: Service) -> None:
    service._catch_up()
    looked(service, desk, 5)
    assert len(quiet.reads) == 5
    assert [state for _due, state in rows(desk)] == ["skipped", *["done"] * 5], (
        "the tick before it was first seen is not made up for"
    )
    assert {state for (state,) in desk.rows(source_run, "state")} == {"done"}


def test_b24_r7_no_jump_of_the_clock_silences_doubles_or_loses_a_tick(
    desk: Any, quiet: Quiet, service: Service
) -> None:
    """An hour back fires nothing twice; a year ahead and back silences nobody for the year."""
    service._catch_up()
    looked(service, desk, 2)
    desk.clock.jump(-HOUR)
    looked(service, desk, 1)
    assert len(quiet.reads) == 2, "these ticks have fired"
    looked(service, desk, 1)
    assert len(quiet.reads) == 3
    desk.clock.jump(365 * 24 * HOUR)
    looked(service, desk, 1)
    desk.clock.jump(-365 * 24 * HOUR)
    before = len(quiet.reads)
    looked(service, desk, 48)
    assert len(quiet.reads) == before + 49, "48 hours, and the tick that passed while the clock was ahead"


def test_b24_missed_ticks_are_told_and_made_up_for_once(desk: Any, quiet: Quiet, service: Service) -> None:
    service._catch_up()
    looked(service, desk, 1)
    desk.clock.advance(5 * HOUR)  # nobody runs
    again = service_of(desk, quiet)
    with capture_logs() as told:
        again._catch_up()
    assert [(each["event"], each["schedule"], each["missed"]) for each in told] == [("firings-missed", "pull:s1", 4)]
    (firing,) = again._missed.values()
    again._carry_out(firing)
    assert len(quiet.reads) == 2
    again._catch_up()
    assert len(rows(desk)) == 3, "one row for all that were missed"


def test_b24_what_a_process_now_gone_had_begun_is_done_again(desk: Any, quiet: Quiet, service: Service) -> None:
    service._catch_up()
    desk.clock.advance(HOUR)
    (tick,) = [each for each in _ticks(service) if each.schedule == "pull:s1"]
    assert service._is_fired(tick)
    with desk.ledger.begin() as connection:
        (gone,) = desk.ledger.membership.enlist(connection, ["dead"], desk.ledger.now())
        assert firings.begin(connection, tick, gone, desk.ledger.now())
    desk.declare_gone(gone)
    again = service_of(desk, quiet)
    again._catch_up()
    again._carry_out(again._missed["pull:s1"])
    assert rows(desk)[-1] == (tick.due_at, "done")
    assert len(quiet.reads) == 1


def _ticks(service: Service) -> list[Firing]:
    from gateway.schedule.firing import ticks

    return list(ticks(service._place))


def test_a_paused_source_and_one_under_way_say_why_they_did_not_run(desk: Any, quiet: Quiet, service: Service) -> None:
    service._catch_up()
    looked(service, desk, 1)
    with desk.ledger.begin() as connection:
        connection.execute(source.update().values(paused=True))
    looked(service, desk, 1)
    with desk.ledger.begin() as connection:
        connection.execute(source.update().values(paused=False))
    with service._pulling["s1"]:
        looked(service, desk, 1)
    assert desk.rows(schedule_run, "state", "detail", schedule="pull:s1")[2:] == [
        ("skipped", "paused"), ("skipped", "overlap"),
    ]  # fmt: skip
    with desk.ledger.reading() as connection:
        assert firings.latest(connection)["pull:s1"].detail == "overlap"
