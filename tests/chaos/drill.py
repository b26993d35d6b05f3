# SPDX-License-Identifier: Apache-2.0
"""The drill: work, kill at a random moment, start again, over and over; then one quiet round and the verdict."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import accounts, site
from tests.chaos.checker import Event, Objection, Receipts, judge
from tests.chaos.departments import Departments
from tests.chaos.systems import STARTED, Service, System, gateway_json, make_keys

FRESH = 300
CORRECTIONS = 20
GOING_ON = 60
EARLY_EVERY = 3  # one random kill in so many strikes while the gateway is still starting
LONGEST_WAIT = 15.0  # seconds in which a package must be on its way, or this day's kill strikes between packages
USUAL_START = 2.5  # seconds an idle machine needs to start a gateway
PLATFORM_EVERY = 4  # one cycle in so many kills a destination as well
TERMS = {
    "municipal": ("case_order: true", "timeouts: {connect: 1, total: 2}", "max_in_flight: 2s"),
    "supervision": ("case_order: false", "records: 120", "timeouts: {connect: 1, total: 2}", "max_in_flight: 2s"),
}
_UNFINISHED = "SELECT 1 FROM package WHERE state IN ('open', 'unknown')"
_DAYS_WORK = "SELECT count(*) FROM record WHERE id > ?"
_ACCEPTED = "SELECT id, key, version, content_digest FROM record WHERE id > ?"

QUIET_ROUNDS = 4


@dataclass
class Tally:
    """What the kills hit: a drill that never hits anything proves nothing."""

    cycles: int = 0
    left_open: int = 0
    platform_kills: int = 0


@dataclass
class Drill:
    """A small city that dies and rises; everything random comes from ``seed``."""

    directory: Path
    seed: int
    tally: Tally = field(default_factory=Tally)
    journal: list[tuple[str, int, str]] = field(default_factory=list)
    _last: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.databases = self.directory / "departments"
        self.folder = self.directory / "site"
        self.ledger = self.folder / "var" / "ledger.db"
        self.departments = Departments(self.databases, self.seed)
        self.keys = make_keys(self.directory / "systems")
        self.systems = {
            "municipal": System("platform", self.directory / "systems" / "municipal", ("--catalogue", "strict")),
            "supervision": System("supervision", self.directory / "systems" / "supervision"),
        }

    def open(self) -> None:
        site.write_gateway(self.folder, self.keys, chunk=200)
        site.permit_sources(self.folder, self.databases)
        site.penalty_source(self.folder, self.databases)
        for name, system in self.systems.items():
            system.start()
            site.write_destination(self.folder, self.keys, name, system.url, TERMS[name])

    def close(self) -> None:
        for system in self.systems.values():
            system.stop()

    def cycle(self) -> None:
        """One day of work, ended by ``kill -9``; the departments write while the gateway comes up and reads.

        Every other kill strikes a package on its way, so that a drill on a slow machine hits as much as on a fast one;
        the others strike at random, some while the gateway is still starting.
        """
        self.tally.cycles += 1
        service = Service(self.folder)
        begun = time.monotonic()
        process = service.spawn()
        try:
            self.departments.cycle(FRESH, CORRECTIONS, GOING_ON)
            if self.tally.cycles % 2:
                service.until(STARTED)
                self._await_package(service)
                service.die_after(self.chance.uniform(0.0, 0.05))
            elif self.chance.randrange(EARLY_EVERY):
                service.until(STARTED)
                # A machine that is busy with other things gets as much work done before the kill as an idle one.
                pace = min(max((time.monotonic() - begun) / USUAL_START, 1.0), 6.0)
                self._kill_in(service, self.chance.uniform(0.2, 1.5) * pace)
            else:
                self._kill_in(service, self.chance.uniform(0.2, 1.5))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        self._write_down()

    def _await_package(self, service: Service) -> None:
        """Wait until the day's work is under way and a package with it; a day without any ends the wait.

        A package that yesterday's kill left open is not the day's: it would have every such kill strike a gateway that
        has only just started, and the whole backlog arrive after the last of them.
        """
        end = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < end:
            service.live(0.01)
            with accounts.reading(self.ledger) as connection:
                (begun,) = connection.execute(_DAYS_WORK, (self._last,)).fetchone()
                if begun >= FRESH and connection.execute(_UNFINISHED).fetchone() is not None:
                    return

    def _kill_in(self, service: Service, seconds: float) -> None:
        """Kill the gateway in so many seconds; in some cycles a destination dies first and comes back."""
        if self.tally.cycles % PLATFORM_EVERY:
            service.die_after(seconds)
            return
        victim = self.systems[self.chance.choice(sorted(self.systems))]
        service.live(seconds / 2)
        victim.kill()
        self.tally.platform_kills += 1
        if self.chance.random() < 0.5:
            victim.start()
            service.die_after(seconds / 2)
        else:
            service.die_after(seconds / 2)
            victim.start()

    def _write_down(self) -> None:
        """Keep what the dead gateway had accepted, outside of its ledger: none of it may be forgotten."""
        if not self.ledger.exists():
            return
        with accounts.reading(self.ledger) as connection:
            accepted = connection.execute(_ACCEPTED, (self._last,)).fetchall()
            open_packages = connection.execute(_UNFINISHED).fetchone()
        self._last = max([self._last, *(number for number, *_rest in accepted)])
        self.journal += [(key, version, digest.hex()) for _number, key, version, digest in accepted]
        self.tally.left_open += open_packages is not None

    def finish(self) -> dict[str, Any]:
        """Quiet rounds to the end, as a circuit that opened before the last kill is probed once a round.

        Returns what the first has taken in, and where everything stands after the last.
        """
        summaries: list[dict[str, Any]] = []
        while len(summaries) < QUIET_ROUNDS:
            summaries.append(gateway_json("run", "-C", self.folder, "--once", timeout=180, codes=(0, 1)))
            if not any(each["pending"] or each["unknown"] for each in summaries[-1]["destinations"].values()):
                break
        first, last = summaries[0], summaries[-1]
        return first | {name: last[name] for name in ("destinations", "reconciliation") if name in last}

    def receipts(self) -> Receipts:
        """Ask the gateway for everything it has accepted and refused."""
        refused = [self._listed("--state", state) for state in accounts.REFUSED]
        return accounts.receipts(self._listed(), [each for some in refused for each in some])

    def _listed(self, *options: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = gateway_json("records", "list", "-C", self.folder, *options)
        return listed

    def verdict(self) -> tuple[list[Objection], list[Event], Receipts, dict[str, dict[str, Any]]]:
        """Read the three accounts and judge them."""
        events, receipts = accounts.events(self.databases), self.receipts()
        dumps = {name: system.dump() for name, system in self.systems.items()}
        return judge(events, receipts, dumps, journal=self.journal), events, receipts, dumps
