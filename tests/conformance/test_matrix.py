# SPDX-License-Identifier: Apache-2.0
"""The kill matrix in short: every mutant against the case that must find it, and its prerequisites; some mutants and twins with more.

`make matrix` runs every mutant and twin against every case and rewrites docs/reference/conformance-matrix.json.
"""

import json
import os
import random
from collections.abc import Collection
from pathlib import Path

import pytest

from gateway_conformance import registry
from gateway_conformance.case import BUILT
from gateway_conformance.matrix import Choice, dictionary, entries, figures, matrix, mutants_tried
from gateway_reference.department import mutants, pushing_twins, running

pytestmark = pytest.mark.service
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance-matrix.json"
JOBS = 4
"""Departments at once: most of a run is waiting."""
SLOW = frozenset({"H031", "H305", "M054"})
"""Mutants that are found by waiting; the full matrix runs them."""
SOME = 10
"""Mutants of a profile that are tried with other cases too."""


def _able(profile: str) -> list[str]:
    """Return the mutants that a profile tries."""
    return sorted({id_ for id_, of in mutants_tried(mutants.load()).values() if of == profile} - SLOW)


def _tried(profile: str, chosen: Collection[str], others: int, seed: int = 1) -> None:
    """Hold that each mutant is killed by its named case, and that nothing fails that may not."""
    found = matrix(
        Choice(
            quick=True, seed=seed, only=frozenset(chosen), twins=False, others=others, profiles=(profile,), jobs=JOBS
        )
    )
    survived = [
        name
        for name, each in found["per_mutant"].items()
        if registry.mutants()[name.partition(":")[0]].killer not in each["killed_by"]
    ]
    assert len(found["per_mutant"]) == len(chosen)
    assert not survived, f"GATEWAY_MATRIX_SEED={seed}"
    assert not found["unexpected"], f"a case failed that has nothing to do with the defect; GATEWAY_MATRIX_SEED={seed}"


@pytest.mark.parametrize("profile", BUILT)
def test_named_case_kills_its_mutant(profile: str) -> None:
    _tried(profile, _able(profile), others=0)


@pytest.mark.parametrize("profile", BUILT)
def test_nothing_else_fails_with_a_mutant(profile: str) -> None:
    """Some mutants with 20 other cases each; ``GATEWAY_MATRIX_SEED`` draws others, and other departments."""
    seed = int(os.environ.get("GATEWAY_MATRIX_SEED", "1"))
    print(f"GATEWAY_MATRIX_SEED={seed}")
    _tried(profile, random.Random(f"{seed}:{profile}").sample(_able(profile), SOME), others=20, seed=seed)


@pytest.mark.parametrize(("id_", "profile"), [("T01", "S"), ("T04", "S"), ("T22", "S"), ("T31", "P"), ("T39", "F")])
def test_good_twin_passes_everything(id_: str, profile: str) -> None:
    found = matrix(Choice(only=frozenset({id_}), profiles=(profile,)))
    assert {name: each["failed"] for name, each in found["per_twin"].items()} == {id_: []}
    assert found["mutants"] == 0


def test_every_mutant_and_twin_is_in_the_registry() -> None:
    assert set(mutants.load()) <= set(registry.mutants())
    assert set(pushing_twins.load()) <= set(registry.twins())


def test_committed_matrix_is_of_this_registry_and_kills_everything() -> None:
    held = json.loads(PAGE.read_text("utf-8"))
    assert set(held["per_mutant"]) == set(mutants_tried(mutants.load()))
    assert set(held["per_twin"]) == set(entries(pushing_twins.load()))
    assert held["twins"] == len(held["per_twin"])
    assert held["mutants"] == held["killed"] == held["killed_by_named"]
    assert held["twins_failed"] == 0
    assert held["reference_failed"] == []
    assert held["unexpected_failures"] == 0


def test_figures_tell_a_survivor_and_an_unexpected_failure() -> None:
    found = figures(
        {
            "M042": {"profile": "S", "killed_by": ["INC-01", "COD-01"], "codes": ["E-INC-01a"]},
            "M043": {"profile": "S", "killed_by": [], "codes": []},
        },
        {"T01": {"profile": "S", "failed": ["VOL-01"]}},
    )
    assert (found["mutants"], found["killed"], found["killed_by_named"], found["unexpected_failures"]) == (2, 1, 1, 1)
    assert (found["twins"], found["twins_failed"]) == (1, 1)
    assert dictionary(found) == {"M042": {"profile": "S", "cases": ["INC-01", "COD-01"], "codes": ["E-INC-01a"]}}


def test_a_mutant_file_gives_a_department_the_defect_it_defines(tmp_path: Path) -> None:
    from gateway_conformance import runner, sut

    file = tmp_path / "mine.py"
    file.write_text("class Mine:\n    def since(self, row, since):\n        return row.changed > since\n", "utf-8")
    started = running.build(running.Settings("S", tmp_path / "d", mutant_file=file))
    try:
        result = runner.run(sut.load(tmp_path / "d" / "sut.toml"), runner.Options(1, 600.0, only=frozenset({"INC-01"})))
    finally:
        started.close()
    assert {each["id"]: each["verdict"] for each in result["cases"]}["INC-01"] == "FAIL"


def test_a_mutant_file_must_define_one_class(tmp_path: Path) -> None:
    file = tmp_path / "none.py"
    file.write_text("x = 1\n", "utf-8")
    with pytest.raises(running.Unknown):
        running.build(running.Settings("S", tmp_path / "d", mutant_file=file))
