# SPDX-License-Identifier: Apache-2.0
"""What the mapping makes of all 8,772 rows, counted against the rows themselves."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.model.record import Draft, Observation
from tests.real import loader
from tests.real.sets import PENALTIES
from tests.real.whole import fields, observe, rows_of

TOO_LONG = 760
"""The one row whose facility has an address of 254 characters; the standard's limit is 200. Its act was revoked later."""


@pytest.fixture(scope="module")
def lines(penalties: Path) -> dict[str, dict[str, Any]]:
    """Return the lines of the file by line number: what the rows must say, read without the loader."""
    text = (penalties / loader.PENALTIES).read_text(encoding="utf-8")
    return {str(number): json.loads(line) for number, line in enumerate(text.splitlines(), 1)}


@pytest.fixture(scope="module")
def observations(penalties: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observation]:
    """Return what every row became, by row id."""
    database = tmp_path_factory.mktemp("real") / "department.sqlite"
    loader.load(database, penalties)
    return {each.row.row_id: each for each in observe(rows_of(database, SystemClock(), PENALTIES), PENALTIES)}


def of_type(observations: dict[str, Observation], type_: str) -> dict[str, list[Draft]]:
    """Return the drafts of one type by row id, rows without one left out."""
    found = {row: [draft for draft in each.drafts if draft.type == type_] for row, each in observations.items()}
    return {row: drafts for row, drafts in found.items() if drafts}


def rows_where(lines: dict[str, dict[str, Any]], column: str, *values: str) -> set[str]:
    """Return the rows whose column holds one of ``values``; without values, those where it holds anything."""
    return {row for row, line in lines.items() if (line[column] in values if values else line[column])}


def test_every_row_is_a_decision_or_refused_for_the_one_true_reason(observations: dict[str, Observation]) -> None:
    decided = of_type(observations, "CF_JD")
    assert len(observations) == 8772
    assert observations.keys() - decided.keys() == {str(TOO_LONG)}
    assert all(len(drafts) == 1 for drafts in decided.values())
    reasons = {
        (each.row.row_id, refused.type): [(finding.code, finding.path) for finding in refused.findings]
        for each in observations.values()
        for refused in each.refused
    }
    assert reasons == {
        (str(TOO_LONG), "CF_JD"): [("XSD-010", "penaltyDecision/party/address")],
        (str(TOO_LONG), "GG_BG"): [("MAP-090", "GG_BG")],
    }


def test_every_deadline_is_a_correction_order_and_nothing_else_is(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    orders = of_type(observations, "CF_ZG")
    assert len(orders) == 3195
    assert orders.keys() == rows_where(lines, "IMPROVEDEADLINE")
    for row, (order,) in orders.items():
        held = fields(order)
        assert held["deadline"] == [lines[row]["IMPROVEDEADLINE"]]
        assert held.get("fulfilled") == (["true"] if lines[row]["INSPECTIONCONDITION"] == "改善完成" else None)
        assert "content" not in held


def test_every_petition_is_a_remedy_in_the_words_of_the_source(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    remedies = {
        row: [fields(draft) for draft in drafts if "kind" in fields(draft)]
        for row, drafts in of_type(observations, "GG_FY").items()
    }
    remedies = {row: held for row, held in remedies.items() if held}
    assert len(remedies) == 531
    assert remedies.keys() == rows_where(lines, "ISPETITION", "是")
    results: Counter[str] = Counter()
    for row, (held,) in remedies.items():
        assert held["authority"] == [lines[row]["PETITIONAGENCY"]]
        assert held["resultText"] == [lines[row]["PETITIONRESULTS"]]
        results[held.get("result", [""])[0]] += 1
    assert results == {
        "驳回": 212 + 56 + 2 + 11 + 1,
        "撤销": 170 + 9 + 48,
        "部分撤销": 7,
        "变更": 2,
        "撤回终止": 3,
        "": 10,
    }


def test_every_revocation_is_a_change_a_withdrawal_or_a_dismissal(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    rescinded = rows_where(lines, "APPEALRESCIND")
    mistakes = rows_where(lines, "APPEALRESCIND", "資料鍵入錯誤")
    dismissed = rows_where(lines, "APPEALRESCIND", "駁回")
    assert (len(rescinded), len(mistakes), len(dismissed)) == (708, 194, 23)
    withdrawals = of_type(observations, "GG_CH")
    assert withdrawals.keys() == mistakes
    for row, drafts in withdrawals.items():
        assert {draft.withdraws for draft in drafts} == {draft.key for draft in observations[row].drafts}
    remedies = of_type(observations, "GG_FY")
    assert {row for row, drafts in remedies.items() if any("kind" not in fields(d) for d in drafts)} == dismissed
    changes = of_type(observations, "GG_BG")
    changed = rescinded - mistakes - dismissed - {str(TOO_LONG)}
    assert all(len(drafts) == 1 for drafts in changes.values())
    assert changes.keys() >= changed
    by_petition = changes.keys() - changed
    assert by_petition <= rows_where(lines, "ISPETITION", "是")
    assert {fields(changes[row][0])["by"][0] for row in by_petition} == {"复议机关"}


def test_a_decision_says_what_the_row_says_and_not_a_word_more(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    head = {
        "caseNo", "itemCode", "itemVersion", "orgCode", "regionCode", "sequence", "version", "operation", "occurredAt"
    }  # fmt: skip
    own = {
        "party", "party/name", "party/idKind", "party/idNo", "documentNo", "basis", "basis/lawName", "basis/article",
        "kinds", "fineAmount", "decidedAt",
    }  # fmt: skip
    for row, (decision,) in of_type(observations, "CF_JD").items():
        line, held = lines[row], fields(decision)
        assert held.keys() - {"party/address"} == head | own
        assert held["party/name"] == [line["FACILITYNAME"]]
        assert held["party/idNo"] == [line["REGISTRATIONNO"]]
        assert held["documentNo"] == [line["DOCUMENTNO"]]
        assert held["fineAmount"] == [str(line["PENALTYMONEY"])]
        assert held["kinds"] == ["CF02"]
        assert held["decidedAt"] == [line["PENALTYDATE"].replace("/", "-") + "T00:00:00+08:00"]
        laws = zip(held["basis/lawName"], held["basis/article"], strict=True)
        assert "，".join(name + article for name, article in laws) == line["TRANSGRESSLAW"]


def test_a_dangling_reference_is_an_absent_address_and_a_lost_character_stays_lost(
    observations: dict[str, Observation],
) -> None:
    decisions = [fields(draft) for (draft,) in of_type(observations, "CF_JD").values()]
    assert sum("party/address" not in held for held in decisions) == 510
    assert sum("?" in held["party/name"][0] for held in decisions) == 48


def test_nothing_hides_in_a_remark_and_every_case_number_is_of_its_bureau(observations: dict[str, Observation]) -> None:
    drafts = [draft for each in observations.values() for draft in each.drafts]
    assert not any(b"<remark>" in draft.document() for draft in drafts)
    cases = {draft.case_no: draft.org_code for draft in drafts if draft.case_no is not None}
    assert len({draft.case_no for (draft,) in of_type(observations, "CF_JD").values()}) == 8629
    assert all(re.fullmatch(rf"{org}-201[12]-CF-\d{{8}}", case) for case, org in cases.items())


def test_rows_that_say_the_same_make_the_same(
    observations: dict[str, Observation], lines: dict[str, dict[str, Any]]
) -> None:
    """115 pairs are identical, 23 differ in the time of update alone: equal keys and equal identities."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for row, line in lines.items():
        rest = tuple(value for name, value in line.items() if name != "UPDATETIME")
        groups.setdefault(rest, []).append(row)
    pairs = [rows for rows in groups.values() if len(rows) == 2]
    assert len(pairs) == 138
    for one, other in pairs:
        made = [[(d.type, d.key, d.identity) for d in observations[row].drafts] for row in (one, other)]
        assert made[0] == made[1]
        assert made[0]


def test_order_tokens_follow_the_time_of_update_then_the_row(observations: dict[str, Observation]) -> None:
    """4741 and 4742 share a key and a time, 1039 was updated after 3846: the newer one must sort last."""
    tokens = {
        row: observations[row].drafts[0].order_token or "" for row in ("4741", "4742", "1039", "3846", "999", "1000")
    }
    assert tokens["4741"] < tokens["4742"]
    assert tokens["3846"] < tokens["1039"]
