# SPDX-License-Identifier: Apache-2.0
"""Replay on real systems (promises.md R14): twice, at the same time, during an outage, and nobody holds anything twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.people import Site
from tests.flow.town import Town, town

MANY = 40


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("replay")) as made:
        yield made


@pytest.fixture(scope="module")
def site(place: Town) -> Site:
    site = Site(Path(place.folder))
    site.found()
    return site


def test_r14_replayed_twice_at_once_during_an_outage_nobody_holds_anything_twice(place: Town, site: Site) -> None:
    keys = place.apply(MANY)
    place.run()
    assert all(place.held(name) == dict.fromkeys(keys, 1) for name in place.systems)
    plans = [
        site.json("replay", "plan", "--include", "delivered", "--reason", "核对", by=name) for name in ("wang", "li")
    ]
    assert [each["to_send"] for each in plans] == [2 * MANY] * 2
    assert plans[0]["digest"] == plans[1]["digest"]
    place.systems["municipal"].stop()
    for each, proposer, approver in zip(plans, ("wang", "li"), ("li", "wang"), strict=True):
        run = ("replay", "run", str(each["id"]), "--confirm", str(each["to_send"]), "--reason", "核对", "--no-wait")
        proposed = site.run(*run, by=proposer)
        assert proposed.exit_code == 5
        number = next(p["id"] for p in site.json("approvals", "list") if p["subject"] == f"plan:{each['id']}")
        same = site.run("approvals", "approve", str(number), "--reason", "同意", by=proposer)
        assert (same.exit_code, "GW-713" in same.output) == (5, True)
        assert site.run("approvals", "approve", str(number), "--reason", "同意", by=approver).exit_code == 0
    place.run(patience=1.0)
    shown = [site.json("replay", "show", str(each["id"])) for each in plans]
    assert shown[0]["state"] == "running"
    assert shown[1]["by"]["skipped"]["on-the-way"] >= MANY  # the first plan has them under way
    assert shown[0]["by"]["state"] == {"queued": MANY, "done": MANY}
    place.systems["municipal"].start()
    place.connect("municipal")
    place.run()
    shown = [site.json("replay", "show", str(each["id"])) for each in plans]
    assert [each["state"] for each in shown] == ["done", "done"], shown
    assert all(place.held(name) == dict.fromkeys(keys, 1) for name in place.systems)
    assert {state for name in place.systems for state, _, _ in place.deliveries(name).values()} == {"settled"}
    asked = site.json("audit", "list", "--on", f"plan:{plans[0]['id']}")
    assert {each["actor"] for each in asked} == {"wang", "li"}
    assert all(each["reason"] for each in asked)


def test_what_was_parked_goes_after_a_plan_ran_here(place: Town, site: Site) -> None:
    keys = place.apply(3)
    match = {"key": "|".join(keys)}
    place.script("municipal", {"operation": "SubmitPackage", "match": match, "action": "refuse", "code": "2005"})
    place.run()
    place.script("municipal")
    (group,) = site.json("failures")
    assert (group["where"], group["code"], group["count"]) == ("municipal", "2005", 3)
    name = group["fingerprint"]
    assert site.run("failures", "assign", name, "nobody", "--reason", "试", by="wang").exit_code == 2
    assert site.run("failures", "assign", name, "li", "--reason", "请核对", by="wang").exit_code == 0
    assert site.run("failures", "park", name, "--reason", "对方周五修", by="li").exit_code == 0
    assert site.run("failures").exit_code == 0  # put aside: nothing left to show
    shown = site.json("failures", "show", name)
    assert (shown["state"], shown["assignee"], len(shown["samples"])) == ("aside", "li", 1)
    refused = site.run("failures", "withdraw", name, "--reason", "作废", by="wang")
    assert refused.exit_code == 5
    number = site.json("approvals", "list")[0]["id"]
    assert site.run("approvals", "reject", str(number), "--reason", "不作废", by="li").exit_code == 0
    parked = site.json("replay", "plan", "--fingerprint", name, "--reason", "对方已修复", by="wang")
    assert parked["by"]["cause"] == {"2005": 3}
    number = str(parked["id"])
    run = ("replay", "run", number, "--reason", "补发")
    assert site.run(*run, "--confirm", "99", by="wang").exit_code == 5
    assert site.run(*run, "--confirm", "3", "--dry-run", by="wang").exit_code == 0
    done = site.run(*run, "--confirm", "3", by="wang")
    assert done.exit_code == 0, done.output
    assert [place.held("municipal")[key] for key in keys] == [1, 1, 1]
    assert site.json("replay", "show", number)["by"]["outcome"] == {"delivered": 3}
    assert site.run("replay", "pause", number, "--reason", "试", by="wang").exit_code == 5


def test_wrong_filters_are_usage_errors_and_nothing_to_do_is_a_refusal(site: Site) -> None:
    plan = ("replay", "plan", "--reason", "试")
    assert site.run(*plan, "--destination", "nowhere", by="wang").exit_code == 2
    assert site.run(*plan, "--from", "2026-13-01", by="wang").exit_code == 2
    nothing = site.run(*plan, "--case", "none", by="wang")
    assert (nothing.exit_code, "GW-721" in nothing.output) == (5, True)
    before = site.json("replay", "list")
    assert site.run(*plan, "--include", "delivered", "--dry-run", by="wang").exit_code == 0
    assert site.json("replay", "list") == before
    assert site.run("replay", "show", "999").exit_code == 2


def test_single_parked_deliveries_are_sent_again_or_skipped(place: Town, site: Site) -> None:
    first, second = place.apply(2)
    match = {"key": f"{first}|{second}"}
    place.script("municipal", {"operation": "SubmitPackage", "match": match, "action": "refuse", "code": "2005"})
    place.run()
    place.script("municipal")
    at = ("--destination", "municipal", "--reason", "已核对")
    assert site.run("failures", "retry", "XK_SQ:none:1", *at, by="wang").exit_code == 2
    assert site.run("failures", "retry", first, *at, "--dry-run", by="wang").exit_code == 0
    assert place.states("municipal", [first, second]) == ["parked", "parked"]
    assert site.run("failures", "retry", first, *at, by="wang").exit_code == 0
    assert site.run("failures", "skip", second, *at, by="wang").exit_code == 0
    assert place.states("municipal", [first, second]) == ["ready", "skipped"]
    place.run()
    assert place.states("municipal", [first, second]) == ["settled", "skipped"]
    assert site.run("failures").exit_code == 0
    assert [each["action"] for each in site.json("audit", "list", "--limit", "2")] == [
        "failures.skip",
        "failures.retry",
    ]


def test_a_record_whose_payload_was_pruned_is_still_shown_with_its_receipts(place: Town, site: Site) -> None:
    (key,) = place.apply(1)
    place.run()
    with closing(sqlite3.connect(place.folder / "var" / "ledger.db")) as connection, connection:
        connection.execute("DELETE FROM segment WHERE id IN (SELECT segment_id FROM record WHERE key = ?)", (key,))
        connection.execute("DELETE FROM segment WHERE id IN (SELECT raw_segment_id FROM record WHERE key = ?)", (key,))
    for command in ("show", "explain"):
        (story,) = site.json("records", command, key)
        assert (story["pruned"], story["document"]) == (True, [])
        assert story["destinations"]["municipal"]["receipt_no"] > 0
    assert site.run("records", "show", key).exit_code == 0
    told = site.json("records", "trace", key.split(":")[1])
    assert (told["pruned"], told["parties"]) == (1, [])
    plan = site.json(
        "replay",
        "plan",
        "--case",
        key.split(":")[1],
        "--mode",
        "raw",
        "--state",
        "accepted",
        "--reason",
        "试",
        by="wang",
    )
    number = str(plan["id"])
    assert site.run("replay", "run", number, "--confirm", "1", "--reason", "试", by="wang").exit_code == 0
    assert site.json("replay", "show", number)["by"]["skipped"] == {"pruned": 1}
