# SPDX-License-Identifier: Apache-2.0
"""A mapping is put to use by two people: planned with its effect, approved by another, activated, and put back (B21)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.config import load
from gateway.ledger.mappings import UnapprovedMapping
from gateway.schedule.once import RoundOptions
from tests.cli.people import Site
from tests.flow.town import Town, town

pytestmark = pytest.mark.service
ROUND = RoundOptions(patience=0, reconcile=False)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        made.apply(4)
        made.apply(1, LX="9")  # no such kind of applicant: refused
        made.run(patience=0)
        yield made


def mappings_used(place: Town) -> dict[str, str]:
    rows = place.ledger("SELECT r.key, v.mapping FROM record r JOIN versions v ON v.id = r.versions_id")
    return dict(rows)


def draft(
    place: Town, old: str = "applicant/name: XM", new: str = "applicant/name: {concat: [XM, {text: 某}]}"
) -> Path:
    text = (place.folder / "mappings" / "applications.yaml").read_text(encoding="utf-8")
    assert old in text
    path = place.directory / "new.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def plan(site: Site, *words: str, by: str = "wang") -> Any:
    return site.json("mapping", "plan", "applications", *words, "--reason", "名称后加某", by=by)


def test_b21_two_people_put_a_mapping_to_use_and_a_running_gateway_takes_it_up(place: Town) -> None:
    site = Site(place.folder)
    site.found()
    told = plan(site, str(draft(place)))
    assert told["changed_records"] == {"XK_SQ": 4}
    assert told["changed"][0]["records"] == 4
    assert "某" not in json.dumps(told["changed"], ensure_ascii=False), "personal data stay masked"
    assert site.run("mapping", "activate", "applications", "--reason", "启用", by="wang").exit_code == 5, (
        "not approved yet"
    )
    number = str(told["proposal"])
    assert site.run("mapping", "approve", number, "--reason", "自己批", by="wang").exit_code == 5, "not the same person"
    with Gateway.open(load(place.folder), workers=1) as gateway:
        gateway.children.start()
        place.apply(60)
        gateway.run_once(ROUND)
        before = set(mappings_used(place).values())
        assert len(before) == 1
        assert site.run("mapping", "approve", number, "--reason", "看过", by="li").exit_code == 0
        done = site.run("mapping", "activate", "applications", "--reason", "启用", by="wang")
        assert done.exit_code == 0, done.output
        assert "gateway replay plan --source applications" in done.output, "a plan over refused rows is offered"
        (later,) = place.apply(1)
        place.apply(60)
        gateway.run_once(ROUND)
    assert mappings_used(place)[later] == told["digest"], "the version is pinned to each record"
    assert place.ledger("SELECT count(*) FROM record") == [(125,)]
    versions = site.json("mapping", "history", "applications")
    assert [(each["state"], each["planned_by"], each["approved_by"], each["activated_by"]) for each in versions] == [
        ("active", "wang", "li", "wang")
    ]
    assert versions[0]["records"] == 61
    place.run(patience=0)  # what was installed is what is loaded


def test_an_edit_that_nobody_approved_is_refused_and_a_roll_back_mends_it(place: Town) -> None:
    site = Site(place.folder)
    site.found()
    path = place.folder / "gateway.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "mapping_approval: required\n", encoding="utf-8")
    with pytest.raises(UnapprovedMapping, match="applications"):
        place.run()
    first = plan(site)
    assert first["changed_records"] == {}
    for words in (["approve", str(first["proposal"])], ["activate", "applications"]):
        assert site.run("mapping", *words, "--reason", "现行版本", by="li").exit_code == 0
    place.run(patience=0)
    second = plan(site, str(draft(place)))
    for words in (["approve", str(second["proposal"])], ["activate", "applications"]):
        assert site.run("mapping", *words, "--reason", "新版本", by="li").exit_code == 0
    place.run(patience=0)
    mapping = place.folder / "mappings" / "applications.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + "# 顺手改一下\n", encoding="utf-8")
    result = site.run("sync", "applications")
    assert result.exit_code == 5
    assert "GW-771" in result.output
    assert site.run("mapping", "rollback", "applications", "--reason", "换回", "--dry-run", by="wang").exit_code == 0
    assert site.run("mapping", "rollback", "applications", "--reason", "换回", by="wang").exit_code == 0
    place.run(patience=0)
    (late,) = place.apply(1)
    place.run(patience=0)
    assert mappings_used(place)[late] == first["digest"]
    states = {each["digest"]: each["state"] for each in site.json("mapping", "history")}
    assert states == {first["digest"]: "active", second["digest"]: "retired"}


def test_a_plan_can_be_looked_at_rejected_and_not_made_twice(place: Town) -> None:
    site = Site(place.folder)
    assert site.run("mapping", "plan", "applications", str(draft(place)), "--reason", "x").exit_code == 5, (
        "nobody is named"
    )
    site.found()
    new = str(draft(place))
    looked = plan(site, new, "--dry-run")
    assert "proposal" not in looked
    assert not site.json("mapping", "history")
    told = plan(site, new)
    again = site.run("mapping", "plan", "applications", new, "--reason", "再提", by="wang")
    assert again.exit_code == 5
    assert site.run("approvals", "reject", str(told["proposal"]), "--reason", "不好", by="li").exit_code == 0
    assert [each["state"] for each in site.json("mapping", "history")] == ["rejected"]
    assert site.run("mapping", "activate", "applications", "--reason", "启用", by="wang").exit_code == 5
    assert site.run("mapping", "plan", "nowhere", "--reason", "x", by="wang").exit_code == 2
