# SPDX-License-Identifier: Apache-2.0
"""The bench of the validation stage: exactly what it spoils is found, and a stage that finds nothing makes it void."""

from pathlib import Path

import pytest

from gateway.bench.failure import BenchFailure
from gateway.bench.report import validation_report
from gateway.bench.validation import EVERY, measure_validation, spoiled
from gateway.clock import SystemClock
from gateway.documents.schema import Checked
from gateway.flow.validate import PackValidator


def test_ratios_to_the_bare_library(tmp_path: Path) -> None:
    told = validation_report(measure_validation(600, 2, tmp_path, SystemClock(), 3), 600)["validation"]
    assert set(told) == {"clean_over_bare", "bad_over_bare", "cpu_us_per_record"}
    assert told["clean_over_bare"]["min"] > 0.5
    assert set(told["cpu_us_per_record"]) == {"bare", "clean", "bad"}


def test_one_document_in_a_hundred_is_spoiled_in_four_ways() -> None:
    clean = [[b"<r><day>2022-01-01</day><name>%d</name></r>" % number for number in range(8 * EVERY)]]
    (bad,) = spoiled(clean)
    differing = [(a, b) for a, b in zip(clean[0], bad, strict=True) if a != b]
    assert len(differing) == 8
    assert {len(b) - len(a) for a, b in differing} == {0, 2, -len(b"<day>2022-01-01</day>"), 5000 - len(b"2022-01-01")}
    with pytest.raises(BenchFailure):
        spoiled([[b"<r/>"] * EVERY])


def test_a_stage_that_finds_nothing_makes_the_run_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PackValidator, "check_schema", lambda _self, documents: [Checked(None)] * len(documents))
    with pytest.raises(BenchFailure):
        measure_validation(600, 1, tmp_path, SystemClock(), 3)
