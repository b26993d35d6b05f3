# SPDX-License-Identifier: Apache-2.0
"""A tiny bench: counts and keys, never seconds."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.app import cores_to_spare
from gateway.bench.contest import NAIVE_RECORDS

pytestmark = pytest.mark.service

RECORDS = 3000


def bench(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "bench", "--workdir", str(directory), *options],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = bench(tmp_path_factory.mktemp("bench"), "--records", str(RECORDS), "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_keys_of_the_issue(told: dict[str, Any]) -> None:
    product = told["product"]
    assert {
        "records_per_second", "cpu_us_per_record", "commits_per_500", "handshakes", "peak_rss_mb", "stages",
    } <= set(product)  # fmt: skip
    assert {"collect", "translate", "schema", "rules", "ledger", "deliver.municipal"} <= set(product["stages"])
    assert sorted(told["references"]) == ["ceiling", "naive", "tree"]
    for name, reference in told["references"].items():
        for ratio in ("ratio", "ratio_with_rules"):
            assert sorted(reference[ratio]) == ["max", "median", "min"], name
    assert told["references"]["ceiling"]["over_bare_validate"] > 1
    assert told["settings"] == {"records": RECORDS, "rounds": 1, "seed": 1, "workers": cores_to_spare()}
    assert told["machine"]["fdatasync_us"] > 0
    assert {"python", "lxml", "libxml2", "sqlite"} <= set(told["versions"])


def test_commits_requests_and_handshakes_are_counted(told: dict[str, Any]) -> None:
    product, references = told["product"], told["references"]
    assert product["commits_per_500"] <= 5
    assert references["ceiling"]["commits_per_500"] <= 2
    assert references["naive"]["commits_per_500"] == 3 * 500
    for figures in (product, *references.values()):
        assert figures["handshakes"] == 2, "one per destination"
    assert references["naive"]["requests"] == 2 * NAIVE_RECORDS
    assert references["ceiling"]["requests"] == 2 * RECORDS / 500
    assert product["requests"] <= 2 * (RECORDS / 500 + 2), "packages are full, but for the last of a source"


def test_records_are_told_for_whoever_ran(told: dict[str, Any]) -> None:
    assert told["product"]["records"] == told["references"]["tree"]["records"] == RECORDS
    assert told["references"]["naive"]["records"] == NAIVE_RECORDS


def test_memory_is_compared_between_two_sizes(tmp_path: Path) -> None:
    done = bench(tmp_path, "--memory", "--records", "1000", "--json")
    assert done.returncode == 0, done.stderr
    memory = json.loads(done.stdout)["memory"]
    assert list(memory["peak_rss_mb"]) == ["100", "1000"]
    assert memory["growth"] > -0.5


def test_a_table_for_people_and_progress_on_standard_error(tmp_path: Path) -> None:
    done = bench(tmp_path, "--records", "200", "--rounds", "1", "--reference", "ceiling")
    assert done.returncode == 0, done.stderr
    assert "ceiling" in done.stdout
    assert "1/1 product" in done.stderr
    assert not [each for each in tmp_path.iterdir() if each.suffix == "" and each.name.startswith("product")]


def test_an_unknown_reference_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    done = bench(tmp_path, "--reference", "floor")
    assert done.returncode == 2
    assert "floor" in done.stderr
    assert "ceiling, tree, naive" in done.stderr
