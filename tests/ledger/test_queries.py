# SPDX-License-Identifier: Apache-2.0
"""Looking things up: ``gateway records`` and the questions under it, over both databases."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from gateway.cli import masked, records
from gateway.ledger import queries
from gateway.ledger.queries import Wanted
from gateway.ledger.store import open_ledger
from gateway.ledger.tables import delivery
from gateway.model.record import record_id
from gateway.pack import load_pack


@pytest.fixture
def filled(desk, make):
    feed = desk.feed("许可")
    for n in range(5):
        feed.row(f"r{n}", json.dumps({"XM": "张三丰", "H": n}), make.draft("LA", f"c{n}", f"A{n}"))
    feed.row("r0", "changed", make.draft("LA", "c0", "B"))
    feed.row("r9", json.dumps({"XM": "李四"}), refused=(make.refused(type="JD", key="JD:c9:1", case_no="c9"),))
    desk.feed("处罚").row("x0", "other", make.draft("LA", "c0", "C"))
    with desk.ledger.begin() as connection:
        connection.execute(update(delivery).where(delivery.c.record_id == 1).values(state="settled", receipt_no=7))
    return desk


@pytest.fixture
def run(filled, monkeypatch):
    """The command line over the filled ledger; the configuration is played."""
    monkeypatch.setattr(
        records, "load", lambda _: SimpleNamespace(site=SimpleNamespace(pack="jiangxi-1.0"), sources=())
    )

    def read_ledger(_configuration):
        return open_ledger(filled.url, filled.clock, filled.ledger.ids, {}, read_only=True)

    monkeypatch.setattr(records, "read_ledger", read_ledger)
    return lambda *arguments: CliRunner().invoke(records.command, list(arguments), standalone_mode=False)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["c0 1", "c1 1", "c2 1", "c3 1", "c4 1", "c0 2"]),
        (Wanted(case_no="c0"), ["c0 1", "c0 2"]),
        (Wanted(key="LA:c3:1"), ["c3 1"]),
        (Wanted(source="处罚"), []),
        (Wanted(source="许可", state="accepted", type="LA", case_no="c1"), ["c1 1"]),
        (Wanted(state="waiting"), []),
    ],
)
def test_records_match_every_condition(filled, monkeypatch, wanted, expected):
    monkeypatch.setattr(queries, "_PAGE", 2)
    with filled.ledger.reading() as connection:
        found = list(queries.records(connection, wanted))
    assert [f"{each.case_no} {each.version}" for each in found] == expected


def test_limit_ends_the_list(filled, monkeypatch):
    monkeypatch.setattr(queries, "_PAGE", 2)
    with filled.ledger.reading() as connection:
        assert len(list(queries.records(connection, Wanted(), limit=3))) == 3
        assert len(list(queries.refused(connection, Wanted(), limit=1))) == 1


def test_superseded_refusals_are_left_out_unless_asked_for(filled, make):
    filled.feed("许可").row("r9", "mended", make.draft("JD", "c9", "good"))
    with filled.ledger.reading() as connection:
        assert [each.outcome for each in queries.refused(connection, Wanted())] == ["conflict"]
        assert len(list(queries.refused(connection, Wanted(), superseded=True))) == 2


def test_list_gives_every_record_with_its_receipts(filled, run):
    listed = json.loads(run("list", "--json").stdout)
    assert len(listed) == 6
    first = listed[0]
    assert first["content_digest"] == hashlib.sha256(filled.ledger.documents([1])[0]).hexdigest()
    assert first["record_id"] == record_id("LA", "LA:c0:1", 1, bytes.fromhex(first["content_digest"]))
    assert (first["type"], first["key"], first["version"], first["state"]) == ("LA", "LA:c0:1", 1, "accepted")
    assert (first["source"], first["row_id"], first["case_no"]) == ("许可", "r0", "c0")
    assert {name: each["receipt_no"] for name, each in first["destinations"].items()} == {"m": 7, "j": 7}


def test_list_of_nothing_is_an_empty_array(run):
    assert json.loads(run("list", "--case", "none", "--json").stdout) == []


def test_list_of_refusals(run):
    (refused,) = json.loads(run("list", "--state", "refused", "--json").stdout)
    assert (refused["code"], refused["key"], refused["source"], refused["row_id"]) == (
        "XSD-001",
        "JD:c9:1",
        "许可",
        "r9",
    )
    (conflict,) = json.loads(run("list", "--state", "conflict", "--json").stdout)
    assert conflict["code"] == "LDG-002"


def test_list_for_people_has_one_line_a_record(run):
    lines = run("list").stdout.splitlines()
    assert len(lines) == 7
    assert "m:settled" in lines[1]


def test_explain_tells_row_mapping_findings_and_hides_personal_data(run):
    told = run("explain", "JD:c9:1", "--json")
    (story,) = json.loads(told.stdout)
    assert story["raw"] == {"XM": "李*"}
    assert story["findings"][0]["code"] == "XSD-001"
    assert story["findings"][0]["value"] == "张*"
    assert json.loads(run("explain", story["id"], "--json").stdout) == [story]
    (open_story,) = json.loads(run("explain", "JD:c9:1", "--json", "--unmasked").stdout)
    assert open_story["raw"] == {"XM": "李四"}


def test_explain_of_a_key_holds_all_versions_and_what_was_refused_under_it(run):
    stories = json.loads(run("explain", "LA:c0:1", "--json").stdout)
    assert [each.get("version", each["state"]) for each in stories] == [1, 2, "conflict"]
    assert stories[0]["mapping"] == "m1"
    assert run("explain", "LA:c0:1").stdout.count("LA:c0:1") >= 3


def test_show_leaves_out_the_raw_row(run):
    (first, *_) = json.loads(run("show", "LA:c1:1", "--json").stdout)
    assert "raw" not in first
    assert [each["path"] for each in first["document"]] == ["v", "o", "t"]


def test_unknown_key_is_exit_code_1(run):
    assert run("show", "LA:none:1").return_value == 1
    assert run("explain", "#999").return_value == 1


def test_personal_elements_hide_their_values_in_the_raw_row_too():
    pack = load_pack()
    document = (
        f'<penaltyDecision xmlns="{pack.namespace}"><party><name>南昌样本商行</name><idNo>91360100MA0000000X</idNo>'
        "</party></penaltyDecision>"
    ).encode()
    hidden = masked.personal_values(pack, "CF_JD", document)
    assert hidden.keys() == {"南昌样本商行", "91360100MA0000000X"}
    row = masked.raw_row('{"BZ":"处罚南昌样本商行","N":5,"K":null}'.encode(), hidden, unmasked=False)
    assert row["N"] == 5
    assert row["K"] is None
    assert "南昌样本商行" not in row["BZ"]


def test_row_that_is_no_object_is_shown_as_it_is():
    assert masked.raw_row(b"\xff plain", {}, unmasked=True) == {"": "\ufffd plain"}
    assert masked.fields(load_pack(), None, b"<broken", unmasked=True) == []
