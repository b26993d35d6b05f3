# SPDX-License-Identifier: Apache-2.0
"""A source without stamps, from its trial in the shadow to a withdrawal that both systems hold (ledger.md T4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos import site
from tests.cli.people import Site
from tests.flow.town import Town, town


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("gone")) as made:
        yield made


@pytest.fixture(scope="module")
def people(place: Town) -> Site:
    made = Site(place.folder)
    made.found()
    return made


def declare(place: Town, *more: str, shadow: bool = False) -> None:
    options = [f"url: sqlite:///{place.database}", "table: application", "row_id: [BH]", "mode: snapshot", *more]
    site.write_source(place.folder, "applications", "applications.yaml", options)
    path = place.folder / "sources.d" / "applications.yaml"
    if shadow:
        path.write_text(path.read_text(encoding="utf-8") + "shadow: true\n", encoding="utf-8")


def run(place: Town) -> Any:
    return place.run(patience=4)


def test_shadow_then_live_then_gone_then_withdrawn(place: Town, people: Site) -> None:
    declare(place, shadow=True)
    keys = place.apply(3)
    bad = place.apply(1, LX="8")
    report = people.json("source", "shadow", "applications")
    assert report["records"] == {"XK_SQ": {"accepted": 3}}
    assert report["outcomes"] == {"refused": 1}
    assert report["causes"][0]["code"].startswith("COD-")
    assert report["run"]["rows"] == 4
    assert people.json("source", "shadow", "applications")["run"]["rereads"] == 4
    assert people.run("source", "shadow", "applications").exit_code == 1, "findings"
    refused = people.run("sync", "applications")
    assert "shadow" in refused.output
    assert refused.exit_code != 0
    assert run(place).figures.rows == 0
    assert place.ledger("SELECT count(*) FROM record") == [(0,)]
    assert place.held("municipal") == {}

    declare(place)
    place.change(bad[0], LX="2")
    assert run(place).figures.accepted == 4
    with place.writing() as connection:
        connection.execute("DELETE FROM application WHERE BH = ?", (keys[0].split(":")[1],))
    run(place)
    assert people.json("source", "proposed")["proposed"] == []
    run(place)
    (found,) = people.json("source", "proposed", "applications")["proposed"]
    assert (found["key"], found["code"]) == (keys[0], "LDG-020")

    row = found["row_id"]
    assert (
        people.run("source", "withdraw", "applications", row, "--reason", "误录", "--dry-run", by="wang").exit_code == 0
    )
    asked = people.run("source", "withdraw", "applications", row, "--reason", "部门确认误录", by="wang")
    assert asked.exit_code == 8 or "gateway approvals approve" in asked.output
    number = people.json("approvals", "list", by="li")
    wanted = next(each["id"] for each in _proposals(number) if each["action"] == "source.withdraw")
    assert people.run("approvals", "approve", str(wanted), "--reason", "同意", by="wang").exit_code != 0
    approved = people.run("approvals", "approve", str(wanted), "--reason", "同意", by="li")
    assert approved.exit_code == 0, approved.output
    assert people.json("source", "proposed")["proposed"] == []
    run(place)
    for name in ("municipal", "supervision"):
        assert place.held(name)[keys[0]] == 2, name
        assert place.deliveries(name)[keys[0], 2][0] == "settled"
    assert place.ledger("SELECT type, version FROM record WHERE key = ? ORDER BY version", keys[0]) == [
        ("XK_SQ", 1),
        ("GG_CH", 2),
    ]
    assert run(place).figures.accepted == 0


def _proposals(told: Any) -> list[dict[str, Any]]:
    return told if isinstance(told, list) else next(iter(told.values()))


def test_dismiss_and_release(place: Town, people: Site) -> None:
    keys = place.apply(2)
    run(place)
    with place.writing() as connection:
        connection.execute("DELETE FROM application WHERE BH = ?", (keys[0].split(":")[1],))
    run(place)
    run(place)
    row = keys[0].split(":")[1]
    nobody = people.run("source", "dismiss", "applications", "nothing", "--reason", "x", by="wang")
    assert nobody.exit_code == 2
    assert people.run("source", "dismiss", "applications", row, "--reason", "视图缺行", by="wang").exit_code == 0
    assert people.json("source", "proposed")["proposed"] == []
    place.apply(30)
    run(place)
    with place.writing() as connection:
        connection.execute("DELETE FROM application")
    run(place)
    assert place.ledger("SELECT code FROM source_hold WHERE allowed IS NULL") == [("SRC-020",)]
    assert place.ledger("SELECT count(*) FROM row_absence WHERE state = 'suspect'") == [(0,)]
    plain = people.run(
        "source", "release", "applications", "--reason", "已核实", "--gone", "40", "--dry-run", by="wang"
    )
    assert plain.exit_code == 0, plain.output
    done = people.run("source", "release", "applications", "--reason", "已核实", "--gone", "40", by="wang")
    assert done.exit_code == 0, done.output
    run(place)
    run(place)
    assert len(people.json("source", "proposed")["proposed"]) > 30
    again = people.run("source", "release", "applications", "--reason", "已核实", by="wang")
    assert again.exit_code == 2, "it is not held any more"
