# SPDX-License-Identifier: Apache-2.0
"""The pack's samples: valid and near-miss ones are clean, invalid ones break exactly the rule they are named after.

They are judged as ``gateway validate`` judges any file: history, catalogue, sender and time from the file itself.
"""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.documents import safexml
from gateway.flow.inspect import Inspector
from gateway.model.finding import Finding, Severity
from gateway.model.record import record_id
from gateway.pack import Pack, load_pack
from gateway.rules import Rule, Rules

if TYPE_CHECKING:
    from lxml.etree import _Element

SAMPLES = load_pack().root / "samples"


def _named(folder: str) -> list[str]:
    return sorted(path.name for path in (SAMPLES / folder).glob("*.xml"))


@cache
def _rules() -> dict[str, Rule]:
    return Rules(load_pack()).catalogue


@cache
def _inspector() -> Inspector:
    return Inspector(load_pack())


def _records(pack: Pack, path: Path) -> list["_Element"]:
    root = safexml.parse(path.read_bytes())
    return list(root) if root.tag == f"{{{pack.namespace}}}Records" else [root]


def _findings(folder: str, name: str) -> list[Finding]:
    return [placed.finding for placed in _inspector().inspect((SAMPLES / folder / name).read_bytes())]


@pytest.mark.parametrize("name", _named("valid"))
def test_valid_samples_are_clean(name: str) -> None:
    assert _findings("valid", name) == []


@pytest.mark.parametrize("name", _named("near-miss"))
def test_near_misses_are_clean(name: str) -> None:
    assert _findings("near-miss", name) == []


@pytest.mark.parametrize("name", _named("invalid"))
def test_invalid_samples_break_their_rule_and_no_other(name: str) -> None:
    (finding,) = _findings("invalid", name)
    assert finding.code == name[:7]
    assert finding.line is not None
    assert finding.line > 1
    assert not re.search(r"\{\w*[a-z_]\w*\}", "".join((*finding.message, *finding.hint))), "a slot was left unfilled"


def test_every_record_type_has_a_valid_sample(pack: Pack) -> None:
    assert {f"{code}.xml" for code in pack.types} <= set(_named("valid"))


def test_every_rule_has_both_samples(pack: Pack) -> None:
    for code in _rules():
        assert any(name.startswith(code) for name in _named("invalid")), code
        assert any(name.startswith(code) for name in _named("near-miss")), code


def test_no_message_shows_a_number_of_a_person() -> None:
    for name in _named("invalid"):
        for finding in _findings("invalid", name):
            if finding.path.endswith("idNo"):
                assert finding.value
                assert finding.value not in "".join((*finding.message, *finding.hint)), name


def test_rule_codes_have_the_house_form() -> None:
    for code, rule in _rules().items():
        assert re.fullmatch(r"[A-Z]{3}-\d{3}", code)
        assert rule.severity in (Severity.ERROR, Severity.WARNING)
        assert rule.clause
        assert rule.message.en.isascii() or "“" in rule.message.en


def test_statement_and_receipt_hold_the_digests_of_what_they_speak_of(pack: Pack) -> None:
    """standard.md §4 and §6: digest of the statement line, digest of the results, recordId."""
    space = {"p": pack.namespace}
    records = {
        record.tag.partition("}")[2]: record
        for record in _records(pack, SAMPLES / "valid" / "full-life-statements.xml")
    }
    accepted = records["permitAcceptance"]
    case = accepted.findtext("p:caseNo", namespaces=space)
    key = f"XK_SL:{case}:{accepted.findtext('p:sequence', namespaces=space)}"
    content = safexml.canonical(accepted)
    digest = hashlib.sha256(content).hexdigest()
    line = hashlib.sha256(f"{key}|1|{digest}".encode()).hexdigest()
    assert records["dailyStatementRecord"].findtext("p:statement/p:line/p:digest", namespaces=space) == line
    receipt = records["receiptRecord"].find("p:receipt", namespaces=space)
    assert receipt is not None
    results = receipt.find("p:Results", namespaces=space)
    assert results is not None
    told = receipt.findtext("p:Head/p:resultDigest", namespaces=space)
    assert told == hashlib.sha256(safexml.canonical(results)).hexdigest()
    named = record_id("XK_SL", key, 1, bytes.fromhex(digest))
    assert results.findtext("p:Result/p:recordId", namespaces=space) == named


def test_the_schema_kinds_that_vendors_meet_have_both_samples() -> None:
    """Rules have theirs by a test above; these are of the XML itself and of the schema."""
    shown = {name[:7] for name in _named("invalid") if name.startswith(("DOC", "XSD"))}
    assert len(shown) > 20
    assert shown == {name[:7] for name in _named("near-miss") if name.startswith(("DOC", "XSD"))}
