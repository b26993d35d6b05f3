# SPDX-License-Identifier: Apache-2.0
"""The requirement registry is whole and refers only to what it holds."""

import json
import re

from click.testing import CliRunner

from gateway_conformance import registry
from gateway_conformance.case import implemented
from gateway_conformance.command import command
from gateway_conformance.registry.coverage import coverage


def test_every_requirement_of_the_edition_is_there() -> None:
    rows = registry.requirements().values()
    assert len(rows) == 136
    assert sum(row.status == "in-force" for row in rows) == 116
    assert {row.family for row in rows} == set(registry.families())


def test_prerequisites_exist_are_asked_of_every_such_profile_and_never_circle() -> None:
    known = registry.requirements()
    for row in known.values():
        for needed in row.prerequisites:
            assert set(known[needed].profiles) & set(row.profiles), (row.id, needed)
            assert row.id not in known[needed].prerequisites


def test_mutants_name_cases_that_exist_and_are_in_force() -> None:
    known = registry.requirements()
    assert len(registry.twins()) >= 22
    for mutant in registry.mutants().values():
        assert known[mutant.killer].status == "in-force"
        assert all(other in known for other in mutant.may_also_fail)


def test_house_rules_gate_only_in_the_families_that_gate_as_shipped() -> None:
    known = registry.requirements()
    assert all(known[id_].gates for id_ in ("CON-02", "FLW-01", "PUB-02"))
    assert not any(known[id_].gates for id_ in ("CLK-02", "ROB-02")), "house rules outside the shipped families report"
    assert not known["SCH-05"].gates, "a major never gates"


def test_coverage_gives_a_reason_for_everything_that_is_not_tested() -> None:
    found = coverage()
    for row in found["rows"]:
        assert sorted(row["tested_in"] + row["not_tested_in"]) == sorted(row["profiles"])
        assert bool(row["not_tested_in"]) == (row["not_tested_reason"] is not None)


def test_list_and_coverage_speak_json() -> None:
    listed = CliRunner().invoke(command, ["list", "--profile", "S", "--family", "inc", "--json"])
    assert {row["id"][:3] for row in json.loads(listed.output)} == {"INC"}
    told = json.loads(CliRunner().invoke(command, ["coverage", "--json"]).output)
    assert told["requirements"] == 136
    assert told["tested"] == len(implemented())


def test_every_requirement_and_mutant_speaks_chinese() -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    for each in registry.requirements().values():
        assert chinese.search(each.requirement_zh), each.id
        assert all((each.steps_zh, each.passes_zh)), each.id
    for mutant in registry.mutants().values():
        assert chinese.search(mutant.defect_zh), mutant.id
