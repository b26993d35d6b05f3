# SPDX-License-Identifier: Apache-2.0
"""The pages say what the code does: every seam, every verb, every script, every verdict."""

import re
from pathlib import Path

from gateway_conformance import registry
from gateway_conformance.case import BUILT
from gateway_conformance.verdict import OPEN, Verdict
from gateway_reference.department import seams
from gateway_reference.department.driving import Driver

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"


def test_page_of_seams_is_that_of_the_classes() -> None:
    assert (PAGES / "conformance-seams.md").read_text("utf-8") == seams.page(), (
        "python -m gateway_reference.department.seams"
    )


def test_hook_page_names_every_verb_and_script() -> None:
    text = (PAGES / "conformance.md").read_text("utf-8")
    verbs = {
        verb
        for row in registry.requirements().values()
        if row.status == "in-force"
        for profile in set(BUILT) & set(row.profiles)
        for verb in row.verbs_in(profile)
    }
    listed = set(re.findall(r"^\| `([a-z.]+)` \|", text, re.MULTILINE))
    assert verbs <= listed
    scripts = {name.removeprefix("script_").upper() for name in vars(Driver) if name.startswith("script_")}
    assert scripts == set(re.findall(r"^\| ([A-M]) \|", text, re.MULTILINE))


def test_verdict_table_is_that_of_the_engine() -> None:
    text = (PAGES / "conformance.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([A-Z_/]+)` \|.*\| (open|closed) \|$", text, re.MULTILINE))
    assert told == {verdict.value: "open" if verdict in OPEN else "closed" for verdict in Verdict}
