# SPDX-License-Identifier: Apache-2.0
"""Figures of a contest: medians over the rounds, ratios as median, least and greatest of the rounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from gateway.bench.contest import PLAIN, PRODUCT, Run
from gateway.bench.large import Found
from gateway.bench.validation import Round as Validated

Rounds = Sequence[dict[str, Run]]


def report(rounds: Rounds) -> dict[str, Any]:
    """Return ``product`` and ``references`` as ``gateway bench --json`` prints them."""
    product = [each[PRODUCT] for each in rounds]
    stages = sorted({name for run in product for name in run.stages})
    figures = _figures(product)
    figures["stages"] = {name: round(median(run.stages.get(name, 0.0) for run in product), 1) for name in stages}
    names = [name for name in rounds[0] if name not in (PRODUCT, PLAIN)]
    return {"product": figures, "references": {name: _reference(rounds, name) for name in sorted(names)}}


def memory_report(runs: dict[int, Run]) -> dict[str, Any]:
    """Return peak memory by number of records, and how much the last needs above the first."""
    peaks = {str(size): run.peak_rss_mb for size, run in runs.items()}
    first, *_, last = runs.values()
    return {"memory": {"peak_rss_mb": peaks, "growth": round(last.peak_rss_mb / first.peak_rss_mb - 1, 4)}}


def outage_report(rounds: Sequence[dict[str, Run]]) -> dict[str, Any]:
    """Return what the living destination got beside a dead one, and how fast that one caught up, against normal runs."""

    def over(phase: str) -> dict[str, float]:
        return _spread(each[phase].rate / each["normal"].rate for each in rounds)

    peaks = {phase: max(each[phase].peak_rss_mb for each in rounds) for phase in rounds[0]}
    rates = {phase: round(median(each[phase].rate for each in rounds), 1) for phase in rounds[0]}
    return {
        "outage": {
            "records_per_second": rates,
            "living_over_normal": over("dead"),
            "drain_over_normal": over("drain"),
            "peak_rss_mb": peaks,
        }
    }


def large_report(found: Mapping[str, Found]) -> dict[str, Any]:
    """Return what a search and a plan take, by ledger."""
    return {"large": {name: each.as_json() for name, each in found.items()}}


def cluster_report(rounds: Sequence[Mapping[int, float]]) -> dict[str, Any]:
    """Return the rates of one worker and of two, and their ratio, round by round."""
    rates = {str(workers): round(median(each[workers] for each in rounds), 1) for workers in rounds[0]}
    return {"cluster": {"records_per_second": rates, "two_over_one": _spread(each[2] / each[1] for each in rounds)}}


def validation_report(rounds: Sequence[Validated], records: int) -> dict[str, Any]:
    """Return the figures of the validation stage: ratios to the bare library in the same round, and microseconds a record."""

    def each(figure: Callable[[Validated], float]) -> float:
        return round(median(map(figure, rounds)) / records * 1e6, 1)

    return {
        "validation": {
            "clean_over_bare": _spread(one.clean / one.bare for one in rounds),
            "bad_over_bare": _spread(one.bad / one.bare for one in rounds),
            "cpu_us_per_record": {
                "bare": each(lambda one: one.bare), "clean": each(lambda one: one.clean), "bad": each(lambda one: one.bad),
            },
        }
    }  # fmt: skip


def _figures(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "records": runs[0].records,
        "records_per_second": round(median(run.rate for run in runs), 1),
        "cpu_us_per_record": round(median(run.cpu_us for run in runs), 1),
        "commits_per_500": round(max(run.commits * 500 / run.records for run in runs), 2),
        "handshakes": max(run.handshakes for run in runs),
        "requests": max(run.requests for run in runs),
        "peak_rss_mb": max(run.peak_rss_mb for run in runs),
    }


def _reference(rounds: Rounds, name: str) -> dict[str, Any]:
    runs = [each[name] for each in rounds]

    def over(ours: str, figure: Callable[[Run], float]) -> dict[str, float]:
        return _spread(figure(each[ours]) / figure(each[name]) for each in rounds)

    told = {
        "ratio": over(PLAIN, lambda run: run.rate),
        "ratio_with_rules": over(PRODUCT, lambda run: run.rate),
        "cpu_ratio": over(PRODUCT, lambda run: 1 / run.cpu_us),
        **_figures(runs),
    }
    bare = [run.seconds / run.records * 1e6 / run.bare_us for run in runs if run.bare_us]
    if bare:
        told["over_bare_validate"] = round(median(bare), 2)
        told["over_bare_validate_spread"] = _spread(bare)
    return told


def _spread(values: Iterable[float]) -> dict[str, float]:
    found = list(values)
    return {"median": round(median(found), 3), "min": round(min(found), 3), "max": round(max(found), 3)}
