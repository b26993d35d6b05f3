# SPDX-License-Identifier: Apache-2.0
import pytest

from gateway.bench.contest import PLAIN, Run
from gateway.bench.report import memory_report, report


def run(
    name: str, records: int, seconds: float, *, rules: float = 0.0, bare: float | None = None, rss: float = 90.0
) -> Run:
    """A run whose CPU time is half its wall time; ``rules`` in microseconds per record."""
    return Run(
        name=name, records=records, seconds=seconds, cpu_seconds=seconds / 2, commits=8, handshakes=2, requests=4,
        peak_rss_mb=rss, held=("a", "a"), stages={"rules": rules} if name == "product" else {}, bare_us=bare,
    )  # fmt: skip


def both(seconds: float, plain: float | None = None) -> dict[str, Run]:
    """The product with and without rules."""
    return {"product": run("product", 1000, seconds), PLAIN: run("product", 1000, plain or seconds)}


def test_ratios_compare_runs_of_one_round_only() -> None:
    rounds = [
        both(1.0) | {"ceiling": run("ceiling", 1000, 0.5, bare=100.0)},
        both(3.0) | {"ceiling": run("ceiling", 1000, 1.8, bare=300.0)},
        both(2.0) | {"ceiling": run("ceiling", 1000, 1.4, bare=280.0)},
    ]
    ceiling = report(rounds)["references"]["ceiling"]
    assert ceiling["ratio_with_rules"] == {"median": 0.6, "min": 0.5, "max": 0.7}
    assert ceiling["ratio"] == ceiling["ratio_with_rules"], "no rules, no difference"
    assert ceiling["over_bare_validate"] == 5.0
    assert ceiling["over_bare_validate_spread"] == {"median": 5.0, "min": 5.0, "max": 6.0}


def test_the_first_ratio_is_that_of_the_runs_without_rules() -> None:
    rounds = [both(1.0, 0.8) | {"tree": run("tree", 1000, 0.4)}]
    tree = report(rounds)["references"]["tree"]
    assert tree["ratio"]["median"] == pytest.approx(0.5)
    assert tree["ratio_with_rules"]["median"] == pytest.approx(0.4)
    assert "over_bare_validate" not in tree


def test_the_products_figures() -> None:
    rounds = [{"product": run("product", 1000, seconds, rules=50.0)} for seconds in (1.0, 2.0, 4.0)]
    told = report(rounds)
    assert told["references"] == {}
    assert told["product"] == {
        "records": 1000, "records_per_second": 500.0, "cpu_us_per_record": 1000.0, "commits_per_500": 4.0,
        "handshakes": 2, "requests": 4, "peak_rss_mb": 90.0, "stages": {"rules": 50.0},
    }  # fmt: skip


def test_a_reference_over_fewer_records_is_compared_by_its_rate() -> None:
    rounds = [both(1.0) | {"naive": run("naive", 10, 0.4)}]
    assert report(rounds)["references"]["naive"]["ratio"]["median"] == pytest.approx(40.0)


def test_memory_grows_by_so_much() -> None:
    told = memory_report({100: run("product", 100, 1.0, rss=100.0), 1000: run("product", 1000, 9.0, rss=104.0)})
    assert told == {"memory": {"peak_rss_mb": {"100": 100.0, "1000": 104.0}, "growth": 0.04}}
