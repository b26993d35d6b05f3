# SPDX-License-Identifier: Apache-2.0
"""Several records of one row, references, repeated elements, numbers, order and identity."""

from collections.abc import Callable

from gateway.mapping.examples import elements_of
from gateway.mapping.model import Mapping
from gateway.model.record import Row, Slot
from gateway.pack import Pack
from tests.mapping.conftest import CASE, ROW, SOURCE, Bench, mapping_text

Make = Callable[..., Bench]
Load = Callable[[str], Mapping]

FAMILY = """\
mapping: 1
title: {zh: 试验}
standard: jiangxi-1.0
formats: {date: [yyyy-MM-dd], dateTime: ["yyyy-MM-dd HH:mm:ss"]}
columns: {AJ: , T: , A: , B: , D: , U: {volatile: true, optional: true}, X: {optional: true}}
values:
  bureau: {const: 91360000000000000X}
  day: {from: D, as: date}
numbers:
  case: {form: "{bureau:org9}-{day:year}-CF-{n:8}", subject: [A, B]}
  seq: {sequence: true}
version_order: {by: [{from: T, as: dateTime}], row_id: true}
records:
  - name: act
    type: CF_ZG
    fields: &head
      caseNo: {number: case}
      itemCode: {const: CF-12345678X-0001}
      itemVersion: {const: "1"}
      orgCode: {value: bureau}
      regionCode: {const: "360102"}
      sequence: {number: seq}
      occurredAt: T
      remark: X
      content: U
  - name: remedy
    type: GG_FY
    when: 'rec["X"] != null'
    fields:
      caseNo: {number: case}
      itemCode: {const: CF-12345678X-0001}
      itemVersion: {const: "1"}
      orgCode: {value: bureau}
      regionCode: {const: "360102"}
      sequence: {number: seq}
      occurredAt: T
      actKey: {key_of: act}
  - name: undo
    type: GG_CH
    when: 'rec["X"] == "错"'
    withdraws: act
    fields: {orgCode: {value: bureau}, occurredAt: T, reason: X}
"""


def family(load: Load, pack: Pack, text: str = FAMILY) -> Bench:
    return Bench(load(text), pack)


def test_one_row_into_several_records(load: Load, pack: Pack) -> None:
    made = family(load, pack)
    assert [draft.type for draft in made.map(B="乙").drafts] == ["CF_ZG"]
    drafts = made.map(B="乙", X="错").drafts
    assert [draft.type for draft in drafts] == ["CF_ZG", "GG_FY", "GG_CH"]
    act, remedy, undo = drafts
    assert elements_of(remedy.document())["actKey"] == act.key == undo.key == undo.withdraws
    assert remedy.names == undo.names == (act.key,)
    assert act.names == ()
    assert undo.case_no == act.case_no == "000000000-2012-CF-00000001"


ATTACHED = """\
  - name: paper
    type: GG_FJ
    fields:
      attachmentNo: U
      ownerKey: {key_of: act}
      orgCode: {value: bureau}
      occurredAt: T
      name: B
      sha256: {const: "0000000000000000000000000000000000000000000000000000000000000000"}
"""


def test_a_record_that_goes_with_another_has_a_key_of_its_own_and_its_case(load: Load, pack: Pack) -> None:
    act, paper = family(load, pack, FAMILY + ATTACHED).map(U="FJ1", B="乙").drafts
    assert (paper.type, paper.key, paper.withdraws) == ("GG_FJ", "GG_FJ:FJ1", None)
    assert paper.case_no == act.case_no
    assert paper.names == (act.key,)
    nameless = family(load, pack, FAMILY + ATTACHED).map(B="乙")
    assert [(one.type, [found.code for found in one.findings]) for one in nameless.refused] == [("GG_FJ", ["MAP-012"])]


def test_a_withdrawal_leaves_slots_for_versions(load: Load, pack: Pack) -> None:
    undo = family(load, pack).map(B="乙", X="错").drafts[2]
    assert [piece for piece in undo.pieces if isinstance(piece, Slot)] == [
        Slot.TARGET_VERSION,
        Slot.VERSION,
        Slot.OPERATION,
    ]
    elements = elements_of(undo.document(version=3, target_version=2))
    assert (elements["version"], elements["targetVersion"], elements["operation"]) == ("3", "2", "U")
    assert elements["targetType"] == "CF_ZG"


def test_followers_are_refused_with_the_same_cause(load: Load, pack: Pack) -> None:
    made = family(load, pack, FAMILY.replace("      content: U\n", "      content: {from: U, extract: x}\n"))
    mapped = made.map(B="乙", X="错", U="y")
    assert not mapped.drafts
    assert [(one.type, [found.code for found in one.findings]) for one in mapped.refused] == [
        ("CF_ZG", ["MAP-007"]), ("GG_FY", ["MAP-007"]), ("GG_CH", ["MAP-007"]),
    ]  # fmt: skip


def test_other_records_of_the_row_survive(load: Load, pack: Pack) -> None:
    made = family(load, pack, FAMILY.replace("actKey: {key_of: act}", "actKey: {from: B, extract: '^CF.*'}"))
    mapped = made.map(B="乙", X="x")
    assert [draft.type for draft in mapped.drafts] == ["CF_ZG"]
    assert [one.type for one in mapped.refused] == ["GG_FY"]


def test_reference_to_a_record_that_does_not_come(load: Load, pack: Pack) -> None:
    made = family(load, pack, FAMILY.replace("type: CF_ZG\n", 'type: CF_ZG\n    when: \'rec["B"] == "乙"\'\n'))
    mapped = made.map(B="丙", X="x")
    assert [found.code for one in mapped.refused for found in one.findings] == ["MAP-006"]


def test_a_row_without_records_is_one_refusal(bench: Make) -> None:
    made = bench(record='when: \'rec["A"] == "没有"\'\n')
    assert made.codes() == [("MAP-009", "")]


def test_b8_numbers_are_asked_for_by_subject(load: Load, pack: Pack) -> None:
    made = family(load, pack)
    wanted = made.compiled.wants(Row("7", {**ROW, "B": "乙", "X": "x"}, b"", b""))
    assert [(one.name, one.scope) for one in wanted] == [
        ("form", "000000000-2012-CF-*"),
        ("sequence", f'CF_ZG:000000000-2012-CF-*:["source:{SOURCE}", "甲", "乙"]'),
        ("sequence", f'GG_FY:000000000-2012-CF-*:["source:{SOURCE}", "甲", "乙"]'),
    ]
    assert wanted[0].subject == f'["source:{SOURCE}", "甲", "乙"]'
    assert wanted[1].subject == f'["source:{SOURCE}", "act", "7"]'


def test_b8_numbers_can_be_shared_between_sources(load: Load, pack: Pack) -> None:
    made = family(load, pack, FAMILY.replace("subject: [A, B]", "subject: [A, B], shared: 执法通"))
    assert made.compiled.wants(Row("7", {**ROW, "B": "乙"}, b"", b""))[0].subject == '["shared:执法通", "甲", "乙"]'


def test_b8_a_broken_row_asks_for_nothing_and_says_why(load: Load, pack: Pack) -> None:
    made = family(load, pack)
    assert made.compiled.wants(Row("7", {**ROW, "B": None}, b"", b"")) == ()
    assert made.codes(B=None) == [("MAP-005", "B")]
    assert made.codes(B="乙", D="坏") == [("MAP-002", "D")]


def test_a_number_the_ledger_did_not_give_refuses(load: Load, pack: Pack) -> None:
    made = family(load, pack)
    row = Row("7", {**ROW, "B": "乙"}, b"", b"")
    found = [(found.code, found.path) for one in made.compiled.map(row, {}).refused for found in one.findings]
    assert found == [("MAP-005", "case"), ("MAP-005", "seq")]
    assert made.compiled.map(row, {}) == made.interpreter.map(row, {})


def test_b3_volatile_columns_change_no_identity(load: Load, pack: Pack) -> None:
    made = family(load, pack)
    before, after = made.map(B="乙", U="旧").drafts[0], made.map(B="乙", U="新").drafts[0]
    assert before.identity == after.identity
    assert before.document() != after.document()
    assert made.map(B="乙", U="旧", X="x").drafts[0].identity != before.identity


def test_b3_identity_leaves_out_version_and_operation(bench: Make) -> None:
    draft = bench().map().drafts[0]
    assert draft.document(1) != draft.document(2)
    assert b"".join(piece for piece in draft.pieces if isinstance(piece, bytes)).count(b"<version></version>") == 1


def test_b4_order_token_sorts_by_columns_then_row(load: Load, pack: Pack) -> None:
    made = family(load, pack)

    def token(row_id: str, moment: str | None) -> str:
        return made.map(row_id, B="乙", T=moment).drafts[0].order_token or ""

    tokens = [token("9", "2012-04-26 09:11:00"), token("10", "2012-04-26 09:11:00"), token("1", "2012-04-27 00:00:00")]
    assert tokens == sorted(tokens)
    assert len(set(tokens)) == 3


def test_b4_a_bad_order_column_refuses(load: Load, pack: Pack) -> None:
    assert family(load, pack).codes(B="乙", T="不是时间") == [("MAP-002", "T"), ("MAP-002", "T")]


def test_split_into_groups(bench: Make) -> None:
    made = bench(
        {
            "basis": "{split: A, by: ['，', ';'], fields: {lawName: {item: text, extract: '^(.+?)第'}, article: {item: text, extract: '第.+$'}}}"
        }
    )
    elements = made.elements(A="水法第7条， ;大气法第3条")
    assert {path: text for path, text in elements.items() if path.startswith("basis")} == {
        "basis/lawName": "水法", "basis/article": "第7条", "basis[2]/lawName": "大气法", "basis[2]/article": "第3条",
    }  # fmt: skip
    assert not any(path.startswith("basis") for path in made.elements(A=None))


def test_split_into_named_parts(bench: Make) -> None:
    spec = "{split: A, by: [';'], parts: {by: '|', names: [law, article]}, fields: {lawName: {item: law}, article: {item: article}}}"
    made = bench({"basis": spec})
    elements = made.elements(A="水法|7;大气法")
    assert elements["basis/article"] == "7"
    assert "basis[2]/article" not in elements
    assert made.codes(A="a|b|c") == [("MAP-010", "A")]


def test_numbered_columns(bench: Make) -> None:
    spec = (
        '{columns: {law: "L{n}", article: "M{n}"}, n: [1, 3], fields: {lawName: {item: law}, article: {item: article}}}'
    )
    made = bench({"basis": spec}, columns='AJ, T, A, "L{1..3}", "M{1..3}"')
    elements = made.elements(L1="甲", M1="1", L2=None, M2=None, L3="丙", M3=None)
    assert elements["basis/lawName"] == "甲"
    assert elements["basis[2]/lawName"] == "丙"
    assert "basis[2]/article" not in elements


def test_listed_occurrences(bench: Make) -> None:
    made = bench(
        {
            "basis": """[{fields: {lawName: A, article: B}}, {fields: {lawName: {const: 行政处罚法}, article: {const: 第9条}}, when: 'rec["N"] != null'}]"""
        }
    )
    assert made.elements(B="1")["basis[2]/lawName"] == "行政处罚法"
    assert "basis[2]/lawName" not in made.elements(B="1", N=None)


def test_the_draft_tells_the_ledger_what_it_needs(bench: Make) -> None:
    draft = bench().map().drafts[0]
    assert (draft.key, draft.case_no, draft.org_code, draft.item_code, draft.occurred_at, draft.sequence) == (
        f"GG_BG:{CASE}:1", CASE, "12345678X", "CF-12345678X-0001", "2012-04-26T09:11:00+08:00", 1,
    )  # fmt: skip
    assert draft.withdraws is None


def test_a_withdrawal_may_name_its_target_by_columns(load: Load, pack: Pack) -> None:
    text = mapping_text({}, kind="GG_CH").split("    fields:")[0]
    text += "    fields: {targetType: {const: CF_JD}, targetKey: A, orgCode: {const: 12345678X}, occurredAt: T, reason: {const: 录入错误}}\n"
    made = Bench(load(text), pack)
    draft = made.map(A=f"CF_JD:{CASE}:1").drafts[0]
    assert draft.key == draft.withdraws == f"CF_JD:{CASE}:1"
    assert (draft.case_no, draft.names) == (None, ())
    assert made.codes(A=None) == [("MAP-012", "A")]
