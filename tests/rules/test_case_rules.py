# SPDX-License-Identifier: Apache-2.0
"""Case rules are pure: the same in any order of arrival, silent without context, apart for each record."""

import itertools
import json
import random
from functools import cache
from typing import Any

import pytest

from gateway.documents import safexml
from gateway.legal import LegalClock
from gateway.model.record_type import Role
from gateway.pack import load_pack
from gateway.rules import CaseRecord, CaseRules, Context, RecordedCatalogue, Rules, Sender
from tests.rules.workshop import build

PACK = load_pack()
LIVES = sorted(path.name for path in (PACK.root / "samples" / "valid").glob("full-life-*.xml"))
CLOCK = LegalClock(PACK)


@cache
def _rules() -> CaseRules:
    return CaseRules(PACK)


@cache
def _record_rules() -> Rules:
    return Rules(PACK)


def _records(base: str, *edits: str) -> list[CaseRecord]:
    root = safexml.parse(build(PACK, base, edits, "x"))
    return [_record(each) for each in root if not callable(each.tag)]


def _record(element: Any) -> CaseRecord:
    kind = PACK.by_element[str(element.tag).rpartition("}")[2]]

    def text(role: Role) -> str | None:
        path = kind.roles.get(role)
        return element.findtext("/".join(f"{{{PACK.namespace}}}{step}" for step in path.split("/"))) if path else None

    sequence = int(text(Role.SEQUENCE) or 0)
    key = str(text(Role.TARGET_KEY)) if kind.withdraws else kind.key(text(Role.CASE), sequence, text(Role.OWN_CODE))
    version, occurred = int(text(Role.VERSION) or 1), str(text(Role.OCCURRED_AT))
    facts = _rules().table.take(kind.code, element)
    return CaseRecord(kind.code, key, version, sequence, occurred, kind.withdraws, facts)


def _context(records: list[CaseRecord], **changes: Any) -> Context:
    given: dict[str, Any] = {
        "catalogue": RecordedCatalogue.of(_rules().table, records), "sender": Sender("11360100MA0000015H"), "clock": CLOCK,
        "level": "L2",
    }  # fmt: skip
    return Context(**(given | changes))


def _codes(history: list[CaseRecord], new: list[CaseRecord], context: Context) -> dict[str, list[str]]:
    found = _rules().check(history, new, context)
    return {key: [finding.code for finding in findings] for (key, _version), findings in found.items()}


@pytest.mark.parametrize("life", LIVES)
def test_a_whole_life_is_clean_however_it_arrives(life: str) -> None:
    records = _records(life)
    context = _context(records)
    chance = random.Random(20100640)
    for _ in range(5):
        chance.shuffle(records)
        assert _codes([], records, context) == {}
    master = [each for each in records if each.type.startswith("QL_")]
    case = sorted(
        (each for each in records if each not in master),
        key=lambda each: (PACK.types[each.type].rank, each.occurred_at),
    )
    for number, each in enumerate(case):
        assert _codes([*master, *case[:number]], [each], context) == {} or number == 0


@pytest.mark.parametrize("edits", [("-CF_GZ", "-CF_TZ"), ("+CF_JD 30",), ("CF_ZX/principalPaid=2000.00", "-GG_BG")])
def test_the_answer_does_not_depend_on_the_order(edits: tuple[str, ...]) -> None:
    records = _records("full-life-penalty.xml", *edits)
    context = _context(records)
    answers = set()
    chance = random.Random(7)
    for _ in range(8):
        chance.shuffle(records)
        answers.add(json.dumps(_codes([], records, context), sort_keys=True))
    assert len(answers) == 1
    assert answers != {"{}"}


def test_whichever_decision_comes_second_is_refused() -> None:
    records = _records("full-life-permit.xml", "+XK_JD 30")
    decisions = [each for each in records if each.type == "XK_JD"]
    rest = [each for each in records if each.type not in ("XK_JD", "XK_SD", "XK_SF", "XK_BG")]
    context = _context(records)
    for first, second in itertools.permutations(decisions):
        assert _codes([*rest, first], [second], context) == {second.key: ["CAS-003"]}


def test_a_withdrawn_record_stands_no_more() -> None:
    records = _records("withdrawn-decision.xml")
    context = _context(records)
    assert _codes([], records, context) == {}
    again = _records("full-life-permit.xml", "only XK_JD", "XK_JD/sequence=40")
    assert _codes(records, again, context) == {}
    (withdrawal,) = (each for each in records if each.withdrawn)
    assert list(_codes(records, [withdrawal], context).values()) in ([], [["CAS-028"]])


def test_a_correction_is_judged_in_the_place_of_what_it_corrects() -> None:
    records = _records("full-life-penalty.xml")
    context = _context(records)
    late = _records("full-life-penalty.xml", "only CF_LA", "CF_LA/version=2", "CF_LA/operation=U",
                    "CF_LA/filedAt=2022-05-07T09:00:00+08:00")  # fmt: skip
    found = _codes(records, late, context)
    assert list(found) == [late[0].key]
    assert set(found[late[0].key]) == {"CAS-007"}


def test_rules_of_the_process_are_silent_at_l1() -> None:
    records = _records("full-life-penalty.xml", "only CF_JD CF_ZX", "CF_ZX/principalPaid=5000.00")
    assert _codes([], records, _context(records, catalogue=None, level="L1")) == {}
    assert set(_codes([], records, _context(records, catalogue=None))) == {each.key for each in records}


@pytest.mark.parametrize("part", ["catalogue", "sender", "clock", "level"])
def test_what_lacks_its_context_is_named_and_not_found(part: str) -> None:
    records = _records(
        "full-life-permit.xml", "XK_HJ#2/stepCode=S9", "XK_SL/dueDate=2022-03-17", "XK_SL/deemed=true", "XK_YQ/days=11"
    )
    whole = _context(records)
    assert _rules().not_evaluated(whole) == ()
    lacking = _context(records, **{part: None})
    silent = set(_rules().not_evaluated(lacking))
    assert silent
    found = {code for codes in _codes([], records, lacking).values() for code in codes}
    assert found
    assert found.isdisjoint(silent)


def test_facts_are_json_and_small() -> None:
    for life in LIVES:
        for record in _records(life):
            told = json.dumps(record.facts, ensure_ascii=False)
            assert json.loads(told) == record.facts
            assert len(told.encode()) < 1200, record.type


def test_the_two_ways_to_facts_agree() -> None:
    for path in sorted((PACK.root / "samples" / "valid").glob("??_??.xml")):
        element = safexml.parse(path.read_bytes())
        ((_found, values),) = _record_rules().examine(path.stem, [element])
        whole, kept = _rules().table.take(path.stem, element), _record_rules().facts_in(path.stem, values)
        assert _record_rules().table.of_values(path.stem, values) == whole
        assert kept.items() <= whole.items()
        assert _record_rules().facts(path.stem, element) == _rules().table.take(path.stem, element)
