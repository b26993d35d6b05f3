# SPDX-License-Identifier: Apache-2.0
"""Steps of ``records explain``: raw column, mapping step, value, checks, findings; masked unless asked for."""

import json
from typing import Any

import pytest

from gateway.cli.record_steps import StepTeller, label_of
from gateway.cli.record_story import print_story
from gateway.mapping.findings import finding
from gateway.mapping.interpret import Step
from gateway.model.finding import Finding, Stage
from gateway.model.record import row_of
from gateway.model.words import Words
from gateway.pack import load_pack

PACK = load_pack()
WORDS = Words("不对", "wrong")
NAME = Step("decision", "CF_JD", "party/name", "XM", (("source", " 王示例 "), ("clean", "王示例")), "王示例")
KIND = Step("decision", "CF_JD", "kinds", "ZL", (("source", "罚款"), ("clean", "罚款"), ("codes", "CF02")), "CF02")
WRONG = Step("decision", "CF_JD", "decidedAt", "RQ", (("source", "昨天"),), None, finding("MAP-002", "RQ", "昨天"))


def teller(*findings: Finding, unmasked: bool = False) -> StepTeller:
    return StepTeller(PACK, findings, {"王示例": "王**"}, unmasked=unmasked)


def test_a_step_with_label_checks_and_masks() -> None:
    told = teller().tell(NAME)
    element = PACK.shape("CF_JD").by_path["party/name"]
    assert (told["label"], told["pinyin"], told["column"]) == (element.label, element.pinyin, "XM")
    assert told["value"] == "王**"
    assert "示例" not in json.dumps(told["steps"], ensure_ascii=False)
    assert teller(unmasked=True).tell(NAME)["value"] == "王示例"


def test_an_element_with_a_code_list_names_it() -> None:
    assert teller().tell(KIND)["checks"][-1] == "PenaltyKind"
    assert [each["value"] for each in teller().tell(KIND)["steps"]] == ["罚款", "罚款", "CF02"]


def test_findings_stand_at_their_element() -> None:
    schema = Finding("XSD-010", Stage.VALIDATE, "penaltyDecision/party/name", WORDS, WORDS)
    numbered = Finding("COD-001", Stage.VALIDATE, "penaltyDecision/kinds[2]", WORDS, WORDS)
    column = Finding("MAP-004", Stage.TRANSLATE, "ZL", WORDS, WORDS)
    told = [teller(schema, numbered, column).tell(step)["findings"] for step in (NAME, KIND, WRONG)]
    assert told == [["XSD-010"], ["COD-001", "MAP-004"], ["MAP-002"]]


def test_rows_and_labels() -> None:
    row = row_of("7", '{"XM":"王","N":5,"K":null}'.encode())
    assert row is not None
    assert dict(row.values) == {"XM": "王", "N": 5, "K": None}
    assert row_of("7", b"no json") is None
    assert row_of("7", b"[1]") is None
    assert label_of(PACK, None, "a") is None
    assert label_of(PACK, "CF_JD", "basis[2]/lawName") == PACK.shape("CF_JD").by_path["basis/lawName"].label


def test_tables_speak_chinese_first(capsys: pytest.CaptureFixture[str]) -> None:
    story: dict[str, Any] = {
        "id": "#1", "key": "CF_JD:c:1", "record_id": "x", "mapping": "1", "mapping_now": "2", "raw": {"XM": "王**"},
        "steps": [teller().tell(step) for step in (NAME, KIND, WRONG)],
        "document": [{"path": "caseNo", "label": Words("办件编号", "case"), "value": "c"}], "findings": [],
    }  # fmt: skip
    print_story(story)
    lines = capsys.readouterr().out.splitlines()
    assert "记录标识\tx" in lines
    assert "名称\t元素\t源列\t步骤\t值\t检查\t结果" in lines
    [kind] = [line for line in lines if "\tkinds\t" in line]
    assert kind.split("\t")[3:] == ["原值 罚款 → 对照 CF02", "CF02", "Code PenaltyKind", "通过"]
    assert any(line.endswith("MAP-002") for line in lines)
    assert "办件编号\tcaseNo\tc" in lines
