# SPDX-License-Identifier: Apache-2.0
"""What a vendor is told about a wrong structure: the missing, misplaced, repeated or unknown element by its name."""

import re
from collections.abc import Callable
from functools import cache

import pytest

from gateway.documents.safexml import canonical, parse
from gateway.documents.schema import Schema
from gateway.flow.validate import PackValidator
from gateway.model.finding import Finding
from gateway.pack import load_pack
from gateway.rules import Rules

PACK = load_pack()
SAMPLE = re.sub(r">\s+<", "><", canonical(parse((PACK.root / "samples" / "valid" / "CF_LA.xml").read_bytes())).decode())
Change = Callable[[str], str]


@cache
def validator() -> PackValidator:
    return PackValidator(PACK, Schema(PACK.schema_path), Rules(PACK))


def told(text: str) -> list[tuple[str, str]]:
    return [(each.code, each.path) for each in findings(text)]


def findings(text: str) -> tuple[Finding, ...]:
    [(_, found)] = validator().check_file([text.encode()])
    [(in_chunk, _facts), _clean] = validator().check([text.encode(), SAMPLE.encode()])
    assert [(f.code, f.path) for f in in_chunk] == [(f.code, f.path) for f in found]
    return found


def without(name: str, text: str = SAMPLE) -> str:
    changed, times = re.subn(rf"<{name}>.*?</{name}>", "", text)
    assert times
    return changed


def test_the_sample_itself_is_clean() -> None:
    assert told(SAMPLE) == []


def test_a_missing_element_is_named_with_label_and_pinyin() -> None:
    [finding] = findings(without("filedAt"))
    assert (finding.code, finding.path) == ("XSD-002", "penaltyFiling/filedAt")
    element = PACK.shape("CF_LA").by_path["filedAt"]
    assert f"缺少必填项「{element.label.zh}(filedAt {element.pinyin})」" in finding.message.zh
    assert "filedAt" in finding.message.en
    field = PACK.dictionary.field(element)
    assert field is not None
    assert finding.hint.zh == f"补上这一项:{field.hint.zh}(例如 {field.example})"


def test_one_missing_deeper() -> None:
    path = re.search(r"<party>(.*?)</party>", SAMPLE)
    assert path is not None
    assert told(
        SAMPLE.replace(path.group(1), path.group(1).replace("<name>", "<nom>").replace("</name>", "</nom>"))
    ) == [
        ("XSD-002", "penaltyFiling/party/name"),
        ("XSD-001", "penaltyFiling/party/nom"),
    ]


def test_several_missing_at_once_and_what_is_wrong_behind_them() -> None:
    text = without("sequence", without("itemCode")).replace("<filedAt>", "<filedAt>x")
    assert told(text) == [
        ("XSD-002", "penaltyFiling/itemCode"),
        ("XSD-002", "penaltyFiling/sequence"),
        ("XSD-005", "penaltyFiling/filedAt"),
    ]


def test_order_repetition_and_strangers() -> None:
    code = re.search(r"<orgCode>.*?</orgCode>", SAMPLE)
    assert code is not None
    swapped = without("orgCode").replace("<sequence>", f"{code.group()}<sequence>")
    region = re.search(r"<regionCode>.*?</regionCode>", SAMPLE)
    assert region is not None
    assert told(swapped) == [("XSD-035", "penaltyFiling/orgCode")]
    assert "应放在「" in findings(swapped)[0].message.zh
    assert told(SAMPLE.replace(code.group(), code.group() * 2)) == [("XSD-036", "penaltyFiling/orgCode[2]")]
    assert told(SAMPLE.replace(code.group(), f"{code.group()}<orgcode>1</orgcode>")) == [
        ("XSD-001", "penaltyFiling/orgcode")
    ]


def test_an_element_marked_nil_is_not_asked_for_its_children() -> None:
    nil = '<legalReview xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"></legalReview>'
    sample = (PACK.root / "samples" / "valid" / "CF_JD.xml").read_bytes()
    text = re.sub(r">\s+<", "><", canonical(parse(sample)).decode())
    broken = without("documentNo", re.sub(r"<legalReview>.*?</legalReview>", nil, text))
    assert told(broken) == [("XSD-002", "penaltyDecision/documentNo")]


def test_nothing_is_said_of_a_value() -> None:
    for each in findings(without("filedAt").replace("</party>", "<idNo>360102199001010018</idNo></party>")):
        assert "360102199001010018" not in each.message.zh + each.message.en + each.hint.zh


@pytest.mark.parametrize("letter", ["\ue000", "\U000f0000", "&#xe816;"])
def test_private_use_characters_are_a_warning_with_their_place(letter: str) -> None:
    text = re.sub(r"(<party>.*?<name>)", rf"\g<1>{letter}", SAMPLE)
    [finding] = findings(text)
    assert (finding.code, finding.path, finding.refuses) == ("DOC-024", "penaltyFiling/party/name", False)
    assert "U+" in finding.message.zh


def test_prefixes_of_the_sender_s_own_change_nothing() -> None:
    prefixed = re.sub(r"<(/?)(?=\w)", r"<\1p:", SAMPLE).replace("xmlns=", "xmlns:p=")
    assert told(prefixed) == []
    assert told(prefixed.replace("<p:sequence>", "<p:sequence>x")) == [("XSD-005", "penaltyFiling/sequence")]
    assert told(re.sub(r"<p:filedAt>.*?</p:filedAt>", "", prefixed)) == [("XSD-002", "penaltyFiling/filedAt")]
    nested = SAMPLE.replace("</penaltyFiling>", '<q:x xmlns:q="urn:q"><q:y></q:y></q:x></penaltyFiling>')
    assert told(nested) == [("XSD-001", "penaltyFiling/x")]
